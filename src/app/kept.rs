//! What is stored, for how long, and what went because it was too old: for the page and `status`.

use crate::config::Config;
use crate::model::Millis;

/// What was removed since the start because it had become too old.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Removed {
    pub(super) events: u64,
    pub(super) notices: usize,
    pub(super) incidents: u64,
    pub(super) entries: u64,
}

/// By what it is.
pub fn kept(config: &Config) -> Vec<(&'static str, String)> {
    vec![
        ("Of a request", config.privacy.in_words()),
        ("Events", length(config.store.retention)),
        ("Anything else", config.retention.in_words()),
    ]
}

impl Removed {
    pub(super) fn and(self, other: Self) -> Self {
        Self {
            events: self.events + other.events,
            notices: self.notices + other.notices,
            incidents: self.incidents + other.incidents,
            entries: self.entries + other.entries,
        }
    }

    pub(super) fn in_words(self) -> String {
        let Self { events, notices, incidents, entries } = self;
        format!(
            "{events} events, {notices} messages, {incidents} incidents, {entries} entries of the journal"
        )
    }
}

fn length(kept: Millis) -> String {
    match kept.whole_days() {
        0 => format!("{} hours, counted back from the newest", kept.0 / 3_600_000),
        days => format!("{days} days, counted back from the newest"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_kept_and_what_went_can_be_read() {
        let rows = kept(&Config::default());
        let text = |label| rows.iter().find(|(name, _)| *name == label).unwrap().1.as_str();
        assert!(text("Of a request").starts_with("full (as the log has it"));
        assert_eq!(text("Events"), "30 days, counted back from the newest");
        assert_eq!(length(Millis::hours(12)), "12 hours, counted back from the newest");
        let one = Removed { events: 2, incidents: 1, ..Removed::default() };
        let text = one.and(one).in_words();
        assert_eq!(text, "4 events, 0 messages, 2 incidents, 0 entries of the journal");
    }
}
