//! Patterns of requests as people write them: `GET /v1/orders/*`.

use serde::{Deserialize, Serialize};

/// A method or none, and a path in which `*` at the end stands for any rest, and `*` or
/// `{name}` elsewhere for one piece between two slashes.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(from = "String", into = "String")]
pub struct Pattern {
    method: Option<String>,
    path: String,
}

impl Pattern {
    pub fn covers(&self, method: &str, path: &str) -> bool {
        let fits = |wanted: &String| wanted.eq_ignore_ascii_case(method);
        self.method.as_ref().is_none_or(fits) && covers(self.path.as_bytes(), path.as_bytes())
    }
}

impl From<String> for Pattern {
    fn from(text: String) -> Self {
        let text = text.trim();
        match text.split_once(' ') {
            Some((method, path)) => Self {
                method: Some(method.to_ascii_uppercase()).filter(|method| method != "*"),
                path: path.trim().to_owned(),
            },
            None => Self { method: None, path: text.to_owned() },
        }
    }
}

impl From<Pattern> for String {
    fn from(pattern: Pattern) -> Self {
        match pattern.method {
            Some(method) => format!("{method} {}", pattern.path),
            None => pattern.path,
        }
    }
}

/// One pass, without going back: a stand-in never reaches beyond a slash.
fn covers(mut pattern: &[u8], mut path: &[u8]) -> bool {
    loop {
        match pattern {
            [] => return path.is_empty(),
            [b'*'] => return true,
            [b'{' | b'*', ..] => {
                let behind = |byte: &u8| *byte == b'/';
                let name = pattern.iter().position(behind).unwrap_or(pattern.len());
                let piece = path.iter().position(behind).unwrap_or(path.len());
                if piece == 0 {
                    return false;
                }
                pattern = pattern.get(name..).unwrap_or(&[]);
                path = path.get(piece..).unwrap_or(&[]);
            }
            [wanted, rest @ ..] => {
                let Some((seen, behind)) = path.split_first() else { return false };
                if seen != wanted {
                    return false;
                }
                (pattern, path) = (rest, behind);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(pattern: &str, request: &str, expected: bool) {
        let (method, path) = request.split_once(' ').unwrap();
        let covers = Pattern::from(pattern.to_owned()).covers(method, path);
        assert_eq!(covers, expected, "{pattern} and {request}");
    }

    #[test]
    fn a_pattern_covers_what_it_says() {
        check("/v1/orders", "GET /v1/orders", true);
        check("/v1/orders", "GET /v1/orders/1", false);
        check("/v1/orders/*", "GET /v1/orders/1/items", true);
        check("/v1/orders/*", "GET /v1/orders", false);
        check("/v1/orders*", "GET /v1/orders", true);
        check("/v1/*/items", "GET /v1/7/items", true);
        check("/v1/*/items", "GET /v1//items", false);
        check("/v1/{id}/items", "GET /v1/7/items", true);
        check("/v1/{id}/items", "GET /v1/{id}/items", true);
        check("/v1/{id}", "GET /v1/7/items", false);
        check("get /v1/*", "GET /v1/a", true);
        check("GET /v1/*", "POST /v1/a", false);
        check("* /v1/*", "POST /v1/a", true);
        check("*", "POST /anything", true);
        check("/*", "GET /", true);
        check("", "GET /", false);
    }

    #[test]
    fn a_pattern_is_written_as_it_was_read() {
        for text in ["/v1/*", "GET /v1/orders"] {
            assert_eq!(String::from(Pattern::from(text.to_owned())), text);
        }
    }
}
