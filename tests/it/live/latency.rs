//! How long things took, beside what they should take.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::io::Write as _;
use std::path::Path;

/// What the design promises, in milliseconds.
const PROMISES: [(&str, i64); 5] = [
    // The old file is kept open for five seconds, for what may still be written to it.
    ("written line to committed, right after a rotation", 6000),
    ("written line to committed, under load", 300),
    ("written line to committed", 1000),
    ("policy", 3000),
    ("statistical", 20_000),
];

/// A busy machine may take so many times as long.
const GRACE: i64 = 10;

#[derive(Debug, Default)]
pub(super) struct Latency {
    millis: BTreeMap<String, Vec<i64>>,
}

impl Latency {
    pub(super) fn note(&mut self, what: &str, millis: i64) {
        self.millis.entry(what.to_owned()).or_default().push(millis);
    }

    /// Writes the table, and fails if something took many times as long as promised.
    pub(super) fn write(&mut self, path: &Path) {
        let mut table = String::from("median, longest and promised milliseconds, times\n");
        for (what, millis) in &mut self.millis {
            millis.sort_unstable();
            let (median, longest) = (millis[millis.len() / 2], millis[millis.len() - 1]);
            let promise = PROMISES.iter().find(|(name, _)| what.starts_with(name)).unwrap().1;
            writeln!(table, "{median:>7} {longest:>7} {promise:>7} {:>4}  {what}", millis.len())
                .unwrap();
            assert!(longest <= promise * GRACE, "{what} took {longest} ms");
        }
        fs::write(path, &table).unwrap();
        std::io::stdout().write_all(table.as_bytes()).unwrap();
    }
}

/// By the wall's clock, as logs and mails have it.
pub(super) fn now_ms() -> i64 {
    jiff::Timestamp::now().as_millisecond()
}
