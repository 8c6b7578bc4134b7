//! What became of the lines of one source, by reason, and how that outlives the process.

use std::collections::BTreeMap;

use crate::model::{Record, SourceId};
use crate::store::Counters;

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    pub lines: u64,
    pub events: u64,
    pub rejected: BTreeMap<String, u64>,
    pub skipped: BTreeMap<String, u64>,
    /// Accepted with something forgiven.
    pub forgiven: BTreeMap<String, u64>,
    /// How often lines may have been lost, and the bytes of them that had been seen.
    pub losses: u64,
    pub lost_bytes: u64,
}

impl Counts {
    pub fn rejected_total(&self) -> u64 {
        self.rejected.values().sum()
    }

    pub(super) fn accept(&mut self, record: &Record<'_>) {
        self.events += 1;
        if let Some(quirk) = record.quirk {
            count(&mut self.forgiven, quirk);
        }
    }

    /// Both together.
    pub(super) fn plus(&self, other: &Self) -> Self {
        let mut sum = self.clone();
        sum.lines += other.lines;
        sum.events += other.events;
        sum.losses += other.losses;
        sum.lost_bytes += other.lost_bytes;
        for (mine, theirs) in [
            (&mut sum.rejected, &other.rejected),
            (&mut sum.skipped, &other.skipped),
            (&mut sum.forgiven, &other.forgiven),
        ] {
            for (reason, number) in theirs {
                *mine.entry(reason.clone()).or_default() += number;
            }
        }
        sum
    }

    /// Writes them among the stored counters.
    pub(super) fn store(&self, source: &SourceId, counters: &mut Counters) {
        counters.insert(name_of("lines", "", source), self.lines);
        counters.insert(name_of("events", "", source), self.events);
        if 0 < self.losses {
            counters.insert(name_of("losses", "", source), self.losses);
            counters.insert(name_of("lost bytes", "", source), self.lost_bytes);
        }
        let reasons = [
            ("rejected", &self.rejected),
            ("skipped", &self.skipped),
            ("forgiven", &self.forgiven),
        ];
        for (what, reasons) in reasons {
            for (reason, number) in reasons {
                counters.insert(name_of(what, reason, source), *number);
            }
        }
    }

    /// Those of a source among the stored counters.
    pub(super) fn stored(source: &SourceId, counters: &Counters) -> Self {
        let mut counts = Self::default();
        for (name, number) in counters {
            let mut parts = name.splitn(3, '\t');
            let (what, reason) = (parts.next(), parts.next().unwrap_or_default());
            if parts.next() != Some(source.0.as_str()) {
                continue;
            }
            let reasons = match what {
                Some("lines") => {
                    counts.lines = *number;
                    continue;
                }
                Some("events") => {
                    counts.events = *number;
                    continue;
                }
                Some("losses") => {
                    counts.losses = *number;
                    continue;
                }
                Some("lost bytes") => {
                    counts.lost_bytes = *number;
                    continue;
                }
                Some("rejected") => &mut counts.rejected,
                Some("skipped") => &mut counts.skipped,
                Some("forgiven") => &mut counts.forgiven,
                Some(_) | None => continue,
            };
            reasons.insert(reason.to_owned(), *number);
        }
        counts
    }
}

pub(super) fn count(counts: &mut BTreeMap<String, u64>, reason: &str) {
    if let Some(count) = counts.get_mut(reason) {
        *count += 1;
    } else {
        counts.insert(reason.to_owned(), 1);
    }
}

fn name_of(what: &str, reason: &str, source: &SourceId) -> String {
    format!("{what}\t{reason}\t{}", source.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_are_the_same_after_the_store_and_add_up() {
        let (a, b) = (SourceId("/var/log/a.log".to_owned()), SourceId("b\tb".to_owned()));
        let mut counts =
            Counts { lines: 7, events: 5, losses: 2, lost_bytes: 99, ..Counts::default() };
        count(&mut counts.rejected, "no time");
        count(&mut counts.rejected, "no time");
        count(&mut counts.forgiven, "unclosed quote");
        let mut counters = Counters::new();
        counts.store(&a, &mut counters);
        Counts { lines: 1, ..Counts::default() }.store(&b, &mut counters);
        assert_eq!(Counts::stored(&a, &counters), counts);
        assert_eq!(Counts::stored(&b, &counters).lines, 1);
        let sum = counts.plus(&counts);
        assert_eq!((sum.lines, sum.rejected_total()), (14, 4));
        assert_eq!((sum.losses, sum.lost_bytes), (4, 198));
        assert_eq!(sum.forgiven.get("unclosed quote"), Some(&2));
    }
}
