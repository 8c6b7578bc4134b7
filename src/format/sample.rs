//! The first lines of a log, from which its format is told: so many records, however many lines
//! each of them takes.

use super::LINE_BYTES_MAX;
use super::laid_out::Joins;
use super::laid_out::LaidOut;
use super::laid_out::Step;

const RECORDS_MAX: usize = 200;

/// Lines up to a limit; what comes behind is not kept.
#[derive(Clone, Debug, Default)]
pub struct Sample {
    lines: Vec<Vec<u8>>,
    extent: Extent,
}

/// How much was seen.
#[derive(Clone, Debug, Default)]
pub(super) struct Extent {
    records: usize,
    bytes: usize,
    laid_out: LaidOut,
}

impl Sample {
    pub fn push(&mut self, line: &[u8]) {
        if !self.is_full() {
            self.extent.push(line);
            self.lines.push(line.to_vec());
        }
    }

    pub fn is_full(&self) -> bool {
        self.extent.is_full()
    }

    pub const fn is_empty(&self) -> bool {
        self.lines.is_empty()
    }

    pub fn into_lines(self) -> Vec<Vec<u8>> {
        self.lines
    }
}

impl Extent {
    pub(super) const fn is_full(&self) -> bool {
        LINE_BYTES_MAX <= self.bytes || (RECORDS_MAX <= self.records && !self.laid_out.is_waiting())
    }

    pub(super) fn push(&mut self, line: &[u8]) {
        self.laid_out.set(Joins::Json);
        self.bytes += line.len() + 1;
        match self.laid_out.push(line) {
            Step::Whole => self.records += 1,
            Step::Begun => {}
            Step::Done => {
                self.laid_out.take_apart();
                self.records += 1;
            }
            Step::Apart => self.records += 1 + self.laid_out.take_apart().len(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines_of(line: &[&str]) -> usize {
        let mut sample = Sample::default();
        for line in line.iter().cycle().take(100_000) {
            sample.push(line.as_bytes());
        }
        sample.into_lines().len()
    }

    #[test]
    fn a_sample_is_so_many_records_or_so_many_bytes() {
        assert_eq!(lines_of(&["a b"]), RECORDS_MAX);
        assert_eq!(lines_of(&["{", " \"a\": 1", "}"]), 3 * RECORDS_MAX);
        assert_eq!(lines_of(&[&"x".repeat(100_000)]), 11);
    }
}
