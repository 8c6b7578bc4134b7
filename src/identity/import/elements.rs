//! The records of a JSON document, each with the line on which it begins: of an array, of
//! the first array in an object, or line by line. Only their bounds are found here.

/// A record's bytes and its line.
pub(super) type Element<'b> = (u64, &'b [u8]);

/// The records, or the one object that is there. What is broken stays in its record, for
/// the parser to name.
pub(super) fn elements(bytes: &[u8]) -> Vec<Element<'_>> {
    let scan = Scan { bytes, at: 0, line: 1 };
    match bytes.trim_ascii_start() {
        [b'[', ..] => scan.of_array(),
        [b'{', ..] => scan.of_objects(),
        _ => Vec::new(),
    }
}

struct Scan<'b> {
    bytes: &'b [u8],
    at: usize,
    line: u64,
}

/// Names of arrays that hold the records.
const ARRAYS: [&[u8]; 6] =
    [b"data", b"keys", b"items", b"AccessKeyMetadata", b"results", b"credentials"];

impl<'b> Scan<'b> {
    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    fn step(&mut self) {
        self.line += u64::from(self.peek() == Some(b'\n'));
        self.at += 1;
    }

    fn skip_blank(&mut self) {
        while self.peek().is_some_and(|byte| byte.is_ascii_whitespace() || byte == b',') {
            self.step();
        }
    }

    /// Over one value, whatever is in it.
    fn value(&mut self) -> Element<'b> {
        self.skip_blank();
        let (start, line) = (self.at, self.line);
        let mut depth = 0usize;
        while let Some(byte) = self.peek() {
            match byte {
                b'"' => self.text(),
                b'[' | b'{' => {
                    depth += 1;
                    self.step();
                }
                b']' | b'}' | b',' | b'\n' if depth == 0 => break,
                b']' | b'}' => {
                    depth -= 1;
                    self.step();
                    if depth == 0 {
                        break;
                    }
                }
                _ => self.step(),
            }
        }
        (line, self.bytes.get(start..self.at).unwrap_or(&[]))
    }

    fn text(&mut self) {
        self.step();
        while let Some(byte) = self.peek() {
            self.step();
            match byte {
                b'"' => return,
                b'\\' => self.step(),
                _ => (),
            }
        }
    }

    fn of_array(mut self) -> Vec<Element<'b>> {
        self.skip_blank();
        self.step();
        let mut found = Vec::new();
        loop {
            self.skip_blank();
            match self.peek() {
                None | Some(b']') => return found,
                Some(_) => (),
            }
            let before = self.at;
            found.push(self.value());
            if self.at == before {
                return found;
            }
        }
    }

    /// Lines of objects; or one object, with an array of them in it.
    fn of_objects(mut self) -> Vec<Element<'b>> {
        let mut found = Vec::new();
        loop {
            self.skip_blank();
            let before = self.at;
            if before == self.bytes.len() {
                break;
            }
            found.push(self.value());
            if self.at == before {
                break;
            }
        }
        match found.as_slice() {
            [(line, object)] => Self { bytes: object, at: 0, line: *line }.inner(),
            _ => found,
        }
    }

    fn inner(mut self) -> Vec<Element<'b>> {
        let whole = (self.line, self.bytes);
        self.step();
        loop {
            self.skip_blank();
            if self.peek() != Some(b'"') {
                return vec![whole];
            }
            let start = self.at + 1;
            self.text();
            let name = self.bytes.get(start..self.at.saturating_sub(1)).unwrap_or(&[]);
            while self.peek().is_some_and(|byte| byte.is_ascii_whitespace() || byte == b':') {
                self.step();
            }
            if self.peek() == Some(b'[') && ARRAYS.contains(&name) {
                return self.of_array();
            }
            self.value();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: &[(u64, &str)]) {
        let found: Vec<(u64, String)> = elements(text.as_bytes())
            .into_iter()
            .map(|(line, bytes)| (line, String::from_utf8(bytes.to_vec()).unwrap()))
            .collect();
        let expected: Vec<(u64, String)> =
            expected.iter().map(|(line, text)| (*line, (*text).to_owned())).collect();
        assert_eq!(found, expected, "{text}");
    }

    #[test]
    fn records_are_found_with_their_lines() {
        check(
            "[\n{\"a\": \"]}\\\"\"},\n\n{\"b\":[1,{}]}\n]",
            &[(2, "{\"a\": \"]}\\\"\"}"), (4, "{\"b\":[1,{}]}")],
        );
        check("{\"a\":1}\n\n{\"b\":2}\n", &[(1, "{\"a\":1}"), (3, "{\"b\":2}")]);
        check(
            "{\"object\":\"list\",\n\"data\":[\n{\"a\":1},{\"b\":2}]}",
            &[(3, "{\"a\":1}"), (3, "{\"b\":2}")],
        );
        check("{\"a\":[1]}", &[(1, "{\"a\":[1]}")]);
        check("[\"x\", \"y\"]", &[(1, "\"x\""), (1, "\"y\"")]);
        check("[]", &[]);
        check("", &[]);
    }

    #[test]
    fn what_is_broken_ends() {
        for text in ["[", "{", "[{\"a\":", "{\"data\":[", "[}", "{\"a\" \"", "[]]", "{]}", "[\"\\"]
        {
            elements(text.as_bytes());
        }
    }
}
