//! Lines that a container runtime wrote in parts, put together again: `P` lines of CRI,
//! docker's JSON without a newline at the end of its `log`. Records of several lines, too.

use std::collections::BTreeMap;
use std::mem;

use memchr::{memchr, memchr2};

use super::LINE_BYTES_MAX;
use super::laid_out::Joins;
use super::laid_out::LaidOut;
use super::laid_out::Step;

/// Docker cuts what is longer. A shorter text without a newline is whole: it had none.
const DOCKER_PART_BYTES: usize = 16 * 1024;
/// So many whole lines wait for the rest of another that was begun before them.
const HELD_LINES_MAX: usize = 256;

/// The lines of one source. What comes while a line is unfinished waits behind it, so that
/// there is a place in the file before which everything was dealt with.
#[derive(Clone, Debug, Default)]
pub struct Parts {
    unfinished: BTreeMap<Stream, Joined>,
    laid_out: LaidOut,
    held: Vec<Joined>,
    bytes: usize,
}

/// What is to be done with a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Turn {
    /// It is whole, and nothing is before it.
    Now,
    /// It is kept.
    Later,
    /// It was kept, and [`Parts::take`] gives all that were.
    AllReady,
}

/// A line of so many lines of the file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Joined {
    pub line: Vec<u8>,
    pub of_lines: u64,
    /// Its rest did not come, or it is too long.
    pub is_broken: bool,
}

/// What a part says about itself.
struct Part<'a> {
    stream: Stream,
    is_last: bool,
    /// What is around the text, as it is for a whole line.
    before: (&'a [u8], &'static [u8]),
    text: &'a [u8],
    behind: &'a [u8],
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Stream {
    Out,
    Err,
}

impl Parts {
    /// From here on these records may take several lines.
    pub const fn set_joins(&mut self, joins: Joins) {
        self.laid_out.set(joins);
    }

    /// Looks at a line, and keeps it if it cannot be read yet.
    pub fn push(&mut self, line: &[u8]) -> Turn {
        if self.unfinished.is_empty() {
            match self.laid_out.push(line) {
                Step::Whole => {}
                Step::Begun => return Turn::Later,
                Step::Done => {
                    let (line, of_lines) = self.laid_out.take_joined();
                    self.held.push(Joined { line, of_lines, is_broken: false });
                    return Turn::AllReady;
                }
                Step::Apart => {
                    self.take_apart();
                    self.held.push(Joined::of(line.to_vec()));
                    return Turn::AllReady;
                }
            }
        }
        let part = Part::of(line).filter(|part| !part.is_last || self.has_begun(part.stream));
        if part.is_none() && !self.is_waiting() {
            return Turn::Now;
        }
        self.bytes += line.len();
        match part {
            Some(part) => self.join(&part),
            None => self.held.push(Joined::of(line.to_vec())),
        }
        if LINE_BYTES_MAX < self.bytes || HELD_LINES_MAX <= self.held.len() {
            self.give_up();
        }
        if self.is_waiting() { Turn::Later } else { Turn::AllReady }
    }

    /// Whether there is a line whose rest has not come.
    pub fn is_waiting(&self) -> bool {
        !self.unfinished.is_empty() || self.laid_out.is_waiting()
    }

    /// How many lines wait for the rest of theirs.
    pub(super) fn waiting(&self) -> usize {
        let parts = self.unfinished.values().map(|joined| joined.of_lines).sum::<u64>();
        usize::try_from(parts).unwrap_or(0) + self.held.len() + self.laid_out.lines()
    }

    /// The rest does not come any more.
    pub fn give_up(&mut self) {
        self.take_apart();
        let broken = mem::take(&mut self.unfinished).into_values();
        self.held.extend(broken.map(|joined| Joined { is_broken: true, ..joined }));
    }

    /// All that was kept, once nothing is waited for.
    pub fn take(&mut self) -> Vec<Joined> {
        if self.is_waiting() {
            return Vec::new();
        }
        self.bytes = 0;
        mem::take(&mut self.held)
    }

    fn take_apart(&mut self) {
        self.held.extend(self.laid_out.take_apart().into_iter().map(Joined::of));
    }

    fn has_begun(&self, stream: Stream) -> bool {
        self.unfinished.contains_key(&stream)
    }

    fn join(&mut self, part: &Part<'_>) {
        let joined = self.unfinished.entry(part.stream).or_default();
        if joined.line.is_empty() {
            joined.line.extend_from_slice(part.before.0);
            joined.line.extend_from_slice(part.before.1);
        }
        joined.line.extend_from_slice(part.text);
        joined.of_lines += 1;
        if part.is_last {
            joined.line.extend_from_slice(part.behind);
            self.held.extend(self.unfinished.remove(&part.stream));
        }
    }
}

impl Joined {
    const fn of(line: Vec<u8>) -> Self {
        Self { line, of_lines: 1, is_broken: false }
    }
}

impl<'a> Part<'a> {
    fn of(line: &'a [u8]) -> Option<Self> {
        match *line {
            [b'{', b'"', ..] => Self::docker(line),
            [_, _, _, _, b'-', _, _, b'-', _, _, b'T', ..] => Self::cri(line),
            [..] => None,
        }
    }

    /// `TIME stdout P text`, and `F` in the last.
    fn cri(line: &'a [u8]) -> Option<Self> {
        let stream_at = memchr(b' ', line)? + 1;
        let (before, rest) = line.split_at_checked(stream_at + "stdout ".len())?;
        let stream = Stream::of(before.get(stream_at..)?.strip_suffix(b" ")?)?;
        let is_last = match *rest.first()? {
            b'F' => true,
            b'P' => false,
            _ => return None,
        };
        let text = rest.get(memchr(b' ', rest)? + 1..)?;
        Some(Self { stream, is_last, before: (before, b"F "), text, behind: b"" })
    }

    /// `{"log":"text","stream":"stdout",…}`, and `text\n` in the last. What is escaped in
    /// the text only makes it longer.
    fn docker(line: &'a [u8]) -> Option<Self> {
        let start = "{\"log\":\"".len();
        let (before, rest) = line.split_at_checked(start)?;
        if before != b"{\"log\":\"" {
            return None;
        }
        let (text, behind) = rest.split_at_checked(end_of_string(rest)?)?;
        let stream = behind.strip_prefix(b"\",\"stream\":\"")?;
        let stream = Stream::of(stream.get(..memchr(b'"', stream)?)?)?;
        let is_last = text.len() < DOCKER_PART_BYTES || text.ends_with(b"\\n");
        Some(Self { stream, is_last, before: (before, b""), text, behind })
    }
}

impl Stream {
    fn of(name: &[u8]) -> Option<Self> {
        match name {
            b"stdout" => Some(Self::Out),
            b"stderr" => Some(Self::Err),
            _ => None,
        }
    }
}

/// Where the quote stands that ends a JSON string.
fn end_of_string(text: &[u8]) -> Option<usize> {
    let mut from = 0;
    loop {
        let at = from + memchr2(b'"', b'\\', text.get(from..)?)?;
        if text.get(at) == Some(&b'"') {
            return Some(at);
        }
        from = at + 2;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What comes out of these lines, each with the number of those it was made of.
    fn check(lines: &[&str], expected: &[(&str, u64)]) {
        let mut parts = Parts::default();
        let mut out = Vec::new();
        for line in lines {
            match parts.push(line.as_bytes()) {
                Turn::Now => out.push(((*line).to_owned(), 1)),
                Turn::Later => assert!(parts.take().is_empty()),
                Turn::AllReady => out.extend(texts(parts.take())),
            }
        }
        parts.give_up();
        out.extend(texts(parts.take()));
        let expected: Vec<(String, u64)> =
            expected.iter().map(|(line, of)| ((*line).to_owned(), *of)).collect();
        assert_eq!(out, expected);
    }

    fn texts(joined: Vec<Joined>) -> Vec<(String, u64)> {
        let text = |joined: Joined| {
            let broken = if joined.is_broken { "broken: " } else { "" };
            (format!("{broken}{}", String::from_utf8(joined.line).unwrap()), joined.of_lines)
        };
        joined.into_iter().map(text).collect()
    }

    #[test]
    fn parts_of_cri_are_joined_and_other_lines_pass() {
        check(
            &["1999-01-01T0 stdout F a", "1999-01-01T1 stdout P b", "1999-01-01T2 stdout P c"],
            &[("1999-01-01T0 stdout F a", 1), ("broken: 1999-01-01T1 stdout F bc", 2)],
        );
        check(
            &["1999-01-01T1 stdout P b ", "1999-01-01T2 stdout P c", "1999-01-01T3 stdout F d"],
            &[("1999-01-01T1 stdout F b cd", 3)],
        );
        for bare in
            ["", "{}", "{\"log\":\"x", "1999-01-01T", "1999-01-01T1 stdout P", "192.0.2.1 - -"]
        {
            check(&[bare], &[(bare, 1)]);
        }
    }

    #[test]
    fn parts_of_docker_are_joined_behind_escaped_quotes() {
        let line =
            |text: &str| format!("{{\"log\":\"{text}\",\"stream\":\"stdout\",\"time\":\"x\"}}");
        let long = format!("{}\\\"", "a".repeat(DOCKER_PART_BYTES));
        check(&[&line("a\\n"), &line("b")], &[(&line("a\\n"), 1), (&line("b"), 1)]);
        check(
            &[&line(&long), &line(&long), &line("c\\n"), &line("d\\n")],
            &[(&line(&format!("{long}{long}c\\n")), 3), (&line("d\\n"), 1)],
        );
    }

    #[test]
    fn what_comes_between_waits_behind_the_unfinished_line() {
        check(
            &["1999-01-01T1 stdout P a", "1999-01-01T2 stderr F x", "1999-01-01T3 stdout F b"],
            &[("1999-01-01T2 stderr F x", 1), ("1999-01-01T1 stdout F ab", 2)],
        );
        check(
            &[
                "1999-01-01T1 stdout P a",
                "1999-01-01T2 stderr P x",
                "1999-01-01T3 stdout F b",
                "1999-01-01T4 stderr F y",
            ],
            &[("1999-01-01T1 stdout F ab", 2), ("1999-01-01T2 stderr F xy", 2)],
        );
    }

    #[test]
    fn neither_lines_nor_bytes_wait_without_a_limit() {
        let mut parts = Parts::default();
        assert_eq!(parts.push(b"1999-01-01T1 stdout P a"), Turn::Later);
        for _ in 1..HELD_LINES_MAX {
            assert_eq!(parts.push(b"1999-01-01T2 stderr F x"), Turn::Later);
        }
        assert_eq!(parts.push(b"1999-01-01T2 stderr F x"), Turn::AllReady);
        assert_eq!(parts.take().len(), HELD_LINES_MAX + 1);
        let long = format!("1999-01-01T1 stdout P {}", "x".repeat(60_000));
        let taken = (1..100).find(|_| parts.push(long.as_bytes()) == Turn::AllReady);
        assert_eq!(taken, Some(18));
        assert!(parts.take()[0].is_broken);
    }
}
