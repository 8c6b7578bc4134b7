//! What the values of a JSON record look like, so that a person can be told the line that names
//! a field: `client = "net/peer"`.

use std::fmt;

use serde_json::Value;

use super::address;
use super::time::TimeReader;

const DEPTH_MAX: usize = 5;
const VALUES_MAX: usize = 200;

/// A line for `[fields]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Suggested {
    pub field: &'static str,
    pub path: String,
}

impl fmt::Display for Suggested {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} = \"{}\"", self.field, self.path)
    }
}

/// A field, and whether a value under a name looks like it.
type Look = (&'static str, fn(&str, &Value) -> bool);

/// What people ask of a request, where a value looks like it; the first that does.
pub fn suggested(line: &[u8]) -> Vec<Suggested> {
    let Ok(value) = serde_json::from_slice::<Value>(line) else { return Vec::new() };
    let mut values = Vec::new();
    walk(&value, "", (0, &mut values));
    let looks: [Look; 6] = [
        ("client", |_, value| value.as_str().is_some_and(is_address)),
        ("time", |name, value| is_time(name, value)),
        ("method", |_, value| value.as_str().is_some_and(is_method)),
        ("path", |_, value| value.as_str().is_some_and(is_target)),
        ("status", |name, value| is_status(name, value)),
        ("key", |name, value| is_key(name, value)),
    ];
    let first = |(field, looks): Look| {
        let found = values.iter().find(|(path, value)| looks(name_of(path), value))?;
        Some(Suggested { field, path: found.0.clone() })
    };
    looks.into_iter().filter_map(first).collect()
}

fn walk<'v>(value: &'v Value, path: &str, (depth, out): (usize, &mut Vec<(String, &'v Value)>)) {
    match value {
        Value::Object(object) if depth < DEPTH_MAX => {
            for (name, inner) in object {
                let name = name.replace('~', "~0").replace('/', "~1");
                let path = if path.is_empty() { name } else { format!("{path}/{name}") };
                walk(inner, &path, (depth + 1, out));
            }
        }
        Value::Array(list) => list.iter().take(1).for_each(|it| walk(it, path, (depth + 1, out))),
        Value::Bool(_) | Value::Number(_) | Value::String(_) if out.len() < VALUES_MAX => {
            out.push((path.to_owned(), value));
        }
        Value::Null | Value::Object(_) | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

fn name_of(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

fn is_address(text: &str) -> bool {
    address::address(text.as_bytes()).is_some()
}

/// A number is a time only where its name says so: other numbers may be as large.
fn is_time(name: &str, value: &Value) -> bool {
    let name = name.to_ascii_lowercase();
    let says_so = ["time", "date", "ts", "at", "when", "stamp"].iter().any(|it| name.contains(it));
    let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let is_long = 8 < text.len() && (says_so || (value.is_string() && text.contains([':', '-'])));
    is_long && TimeReader::default().read(text.as_bytes()).is_some()
}

fn is_method(text: &str) -> bool {
    matches!(text, "GET" | "POST" | "PUT" | "PATCH" | "DELETE" | "HEAD" | "OPTIONS")
}

fn is_target(text: &str) -> bool {
    let is_url = text.starts_with("http://") || text.starts_with("https://");
    (text.starts_with('/') || is_url) && !text.contains(' ')
}

fn is_status(name: &str, value: &Value) -> bool {
    let number = value.as_u64().or_else(|| value.as_str()?.parse().ok());
    let is_no_other = !["ms", "time", "size", "byte", "port", "len", "count", "token"]
        .iter()
        .any(|it| name.to_ascii_lowercase().contains(it));
    number.is_some_and(|number| (100..600).contains(&number)) && is_no_other
}

fn is_key(name: &str, value: &Value) -> bool {
    let name = name.to_ascii_lowercase();
    let says_so = ["key", "token", "account", "consumer", "client", "app", "credential", "tenant"]
        .iter()
        .any(|it| name.contains(it));
    let is_other = ["port", "tokens", "agent", "addr"].iter().any(|it| name.contains(it));
    says_so && !is_other && value.as_str().is_some_and(|text| !text.is_empty() && !is_address(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(line: &str, expected: &str) {
        let lines: Vec<String> =
            suggested(line.as_bytes()).iter().map(ToString::to_string).collect();
        assert_eq!(lines.join("; "), expected);
    }

    #[test]
    fn values_tell_what_they_are() {
        check(
            r#"{"when":1795255200,"net":{"peer":"2001:db8::7"},"r":{"verb":"GET","u/rl":"/a?b"},"took_ms":200,"rc":"404","account":"shop"}"#,
            "client = \"net/peer\"; time = \"when\"; method = \"r/verb\"; path = \"r/u~1rl\"; status = \"rc\"; key = \"account\"",
        );
        check(r#"{"total":1795255200,"size":200,"name":"x"}"#, "");
        check("no JSON", "");
    }
}
