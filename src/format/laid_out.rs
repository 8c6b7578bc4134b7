//! Records that take several lines of their file: JSON that was laid out for reading, rows of a
//! table with newlines in their cells. They are put together again.

use std::mem;

use super::LINE_BYTES_MAX;

/// Further lines of a row: a quote that is never closed would swallow the file.
const ROW_LINES_MAX: usize = 200;
/// Objects and lists within each other.
const DEPTH_MAX: usize = 64;

/// What of a source may take several lines.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Joins {
    #[default]
    Nothing,
    Json,
    Rows,
}

/// The lines of one record so far.
#[derive(Clone, Debug, Default)]
pub(super) struct LaidOut {
    joins: Joins,
    lines: Vec<Vec<u8>>,
    bytes: usize,
    json: Nesting,
}

/// Whether the bytes are one object or list of JSON, from its first brace to its last.
pub fn is_whole_json(bytes: &[u8]) -> bool {
    let mut nesting = Nesting::default();
    let text = bytes.trim_ascii();
    let is_enclosed = matches!(text, [b'{', .., b'}'] | [b'[', .., b']']);
    is_enclosed && nesting.read(text).is_some() && nesting.open.is_empty()
}

/// What a line is to a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// A record of its own.
    Whole,
    /// It was kept; more is to come.
    Begun,
    /// It was kept, and was the last.
    Done,
    /// What was kept makes no record, and this line none with it: each stands for itself.
    Apart,
}

/// Which objects (true) and lists are open.
#[derive(Clone, Debug, Default)]
struct Nesting {
    open: Vec<bool>,
}

impl LaidOut {
    pub(super) const fn set(&mut self, joins: Joins) {
        self.joins = joins;
    }

    pub(super) const fn is_waiting(&self) -> bool {
        !self.lines.is_empty()
    }

    pub(super) const fn lines(&self) -> usize {
        self.lines.len()
    }

    #[inline]
    pub(super) fn push(&mut self, line: &[u8]) -> Step {
        match self.joins {
            Joins::Nothing => Step::Whole,
            Joins::Json => self.push_json(line),
            Joins::Rows => self.push_row(line),
        }
    }

    /// The record, as one line, with the number of lines that it took.
    pub(super) fn take_joined(&mut self) -> (Vec<u8>, u64) {
        let lines = mem::take(&mut self.lines);
        self.forget();
        (lines.join(b"\n".as_slice()), lines.len() as u64)
    }

    /// The lines, each for itself.
    pub(super) fn take_apart(&mut self) -> Vec<Vec<u8>> {
        let lines = mem::take(&mut self.lines);
        self.forget();
        lines
    }

    fn forget(&mut self) {
        self.bytes = 0;
        self.json.open.clear();
    }

    fn keep(&mut self, line: &[u8]) {
        self.bytes += line.len() + 1;
        self.lines.push(line.to_vec());
    }

    fn push_json(&mut self, line: &[u8]) -> Step {
        let text = line.trim_ascii();
        if !self.is_waiting() {
            // A cut line of JSON Lines ends anywhere; what was laid out, behind one of these.
            let begins = matches!(text, [b'{' | b'[', .., b'{' | b'[' | b','] | b"{")
                && self.json.read(text).is_some()
                && !self.json.open.is_empty();
            if !begins {
                self.forget();
                return Step::Whole;
            }
            self.keep(line);
            return Step::Begun;
        }
        // In an object a name comes next, so this is the next record, and the one before is cut.
        let is_next = text.starts_with(b"{") && self.json.open.last() == Some(&true) && {
            let last = self.lines.last().map_or(b"".as_slice(), |line| line.trim_ascii_end());
            !last.ends_with(b":")
        };
        if is_next || self.json.read(text).is_none() || LINE_BYTES_MAX < self.bytes + line.len() {
            return Step::Apart;
        }
        self.keep(line);
        if self.json.open.is_empty() { Step::Done } else { Step::Begun }
    }

    fn push_row(&mut self, line: &[u8]) -> Step {
        let is_waiting = self.is_waiting();
        let is_open = ends_in_cell(line.strip_suffix(b"\r").unwrap_or(line), is_waiting);
        if !is_waiting && !is_open {
            return Step::Whole;
        }
        if ROW_LINES_MAX <= self.lines.len() || LINE_BYTES_MAX < self.bytes + line.len() {
            return Step::Apart;
        }
        self.keep(line);
        if is_open { Step::Begun } else { Step::Done }
    }
}

impl Nesting {
    /// Goes through a line. `None`: it is no piece of JSON, or ends within a text.
    fn read(&mut self, text: &[u8]) -> Option<()> {
        let mut rest = text;
        while let Some((&byte, behind)) = rest.split_first() {
            rest = behind;
            match byte {
                b'"' => rest = behind_text(rest)?,
                b'{' | b'[' if DEPTH_MAX <= self.open.len() => return None,
                b'{' => self.open.push(true),
                b'[' => self.open.push(false),
                b'}' => self.open.pop().filter(|is_object| *is_object).map(|_| ())?,
                b']' => self.open.pop().filter(|is_object| !*is_object).map(|_| ())?,
                _ => {}
            }
        }
        Some(())
    }
}

/// What stands behind the closing quote.
fn behind_text(text: &[u8]) -> Option<&[u8]> {
    let mut from = 0;
    loop {
        let at = from + memchr::memchr2(b'"', b'\\', text.get(from..)?)?;
        if text.get(at) == Some(&b'"') {
            return text.get(at + 1..);
        }
        from = at + 2;
    }
}

/// Whether the line ends inside a quoted cell, having begun in one or not.
fn ends_in_cell(line: &[u8], mut is_inside: bool) -> bool {
    if memchr::memchr(b'"', line).is_none() {
        return is_inside;
    }
    let is_separator = |byte: u8| matches!(byte, b',' | b';' | b'\t' | b'|');
    let mut from = 0;
    while let Some(at) =
        line.get(from..).and_then(|rest| memchr::memchr(b'"', rest)).map(|at| from + at)
    {
        from = at + 1;
        if is_inside {
            match line.get(at + 1) {
                Some(b'"') => from = at + 2,
                Some(next) if !is_separator(*next) => {}
                Some(_) | None => is_inside = false,
            }
        } else {
            let before = at.checked_sub(1).and_then(|before| line.get(before));
            is_inside = before.is_none_or(|before| is_separator(*before));
        }
    }
    is_inside
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What comes of the lines, `+` between those of one record.
    fn check(joins: Joins, lines: &[&str], expected: &[&str]) {
        let mut laid_out = LaidOut::default();
        laid_out.set(joins);
        let mut records = Vec::new();
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap().replace('\n', "+");
        for line in lines {
            match laid_out.push(line.as_bytes()) {
                Step::Whole => records.push((*line).to_owned()),
                Step::Begun => {}
                Step::Done => records.push(text(laid_out.take_joined().0)),
                Step::Apart => {
                    records.extend(laid_out.take_apart().into_iter().map(text));
                    records.push(format!("then {line}"));
                }
            }
        }
        records
            .extend(laid_out.take_apart().into_iter().map(|line| format!("left {}", text(line))));
        assert_eq!(records, expected);
    }

    #[test]
    fn json_that_was_laid_out_is_one_record() {
        check(
            Joins::Json,
            &[
                "{",
                "  \"a\": {",
                "    \"b\": \"}{\\\"\"",
                "  },",
                "  \"c\": [",
                "    1",
                "  ]",
                "}",
                "{\"d\":1}",
            ],
            &["{+  \"a\": {+    \"b\": \"}{\\\"\"+  },+  \"c\": [+    1+  ]+}", "{\"d\":1}"],
        );
        check(
            Joins::Json,
            &["{ \"a\": [", "{\"b\":1},", "{\"b\":2}", "]}"],
            &["{ \"a\": [+{\"b\":1},+{\"b\":2}+]}"],
        );
        check(Joins::Json, &["  {", "    \"a\": 1", "  },"], &["  {+    \"a\": 1+  },"]);
    }

    #[test]
    fn a_cut_line_does_not_swallow_those_behind_it() {
        let cut = "{\"a\":{";
        check(Joins::Json, &[cut, "{\"a\":1}", "{\"a\":2}"], &[cut, "then {\"a\":1}", "{\"a\":2}"]);
        for cut in ["{\"a\":1", "{\"a\":\"x,", "{\"a\":\"{", "{", "192.0.2.1 - - ["] {
            check(Joins::Json, &[cut], &[if cut == "{" { "left {" } else { cut }]);
        }
        check(Joins::Json, &["{", "]"], &["{", "then ]"]);
        let deep = "[".repeat(DEPTH_MAX + 1);
        check(Joins::Json, &[&deep], &[&deep]);
    }

    #[test]
    fn json_is_whole_when_its_first_brace_is_closed() {
        for whole in ["{}", " {\"a\":[1,{\"b\":\"}\"}]}\r", "[{}]"] {
            assert!(is_whole_json(whole.as_bytes()), "{whole}");
        }
        for other in ["", "{", "{\"a\":{}", "{\"a\":\"}", "\"a\"", "7", "]{}["] {
            assert!(!is_whole_json(other.as_bytes()), "{other}");
        }
    }

    #[test]
    fn a_cell_may_hold_newlines() {
        check(
            Joins::Rows,
            &["a,b", "1,\"x", "y \"\"z\"\"", "\",2", "3,4"],
            &["a,b", "1,\"x+y \"\"z\"\"+\",2", "3,4"],
        );
        for whole in ["1,a\"b", "1,\"a \"\"b\"\"\"", "\"a\";\"b\"", "\"a\",5\" disk", "\"a\"\r"] {
            check(Joins::Rows, &[whole], &[whole]);
        }
    }

    #[test]
    fn a_quote_that_is_never_closed_costs_no_row_but_its_own() {
        let mut lines = vec!["1,\"x"];
        lines.extend(["2,y"; ROW_LINES_MAX]);
        let mut expected = lines.clone();
        expected[ROW_LINES_MAX] = "then 2,y";
        check(Joins::Rows, &lines, &expected);
    }
}
