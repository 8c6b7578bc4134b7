//! What is written into the audit journal of what is asked on the command line.

use super::Desk;
use super::peer::user_name;
use super::wire::{JournalAsk, Question, TokenAsk};
use crate::app::diary::{self, Asker};
use crate::model::Timestamp;
use crate::store::{Store, StoreError};

/// A question in SQL is written down so far.
const SQL_CHARS_MAX: usize = 300;

impl Question {
    /// What is seen by it, and of whom. `None` if it shows nothing about anybody, or if what
    /// is done is written down by whoever does it.
    fn sees(&self) -> Option<(&'static str, String)> {
        let nothing = String::new();
        match self {
            Self::Keys => Some(("listed the keys", nothing)),
            Self::ThirdParties => Some(("viewed who has access", nothing)),
            Self::Roles { .. } => Some(("viewed what roles did", nothing)),
            Self::Incidents { .. } => Some(("listed the incidents", nothing)),
            Self::Incident { id } => Some(("viewed an incident", id.clone())),
            Self::Query { sql } => {
                Some(("asked in SQL", sql.chars().take(SQL_CHARS_MAX).collect()))
            }
            Self::Report { from, until } => Some(("made a report", period(*from, *until))),
            Self::Journal(JournalAsk::List { .. }) => Some(("viewed the journal", nothing)),
            Self::Token(TokenAsk::List) => Some(("listed the tokens", nothing)),
            Self::Token(TokenAsk::Create { .. } | TokenAsk::Revoke { .. })
            | Self::Journal(JournalAsk::Verify { .. })
            | Self::Verdict { .. }
            | Self::Forget { .. }
            | Self::Export { .. }
            | Self::Status
            | Self::Reload => None,
        }
    }
}

impl Desk {
    /// Once an hour for the same: `top` asks every second.
    pub(super) async fn note(&self, question: &Question, by: &Asker) {
        let (Some((what, about)), Some(store)) = (question.sees(), &self.hearing.store) else {
            return;
        };
        let seen = (by.who.clone(), what.to_owned(), about.clone());
        if !self.trail.is_news(seen, crate::app::now()) {
            return;
        }
        let (store, entry) = (store.clone(), by.did(what, about));
        let noted = tokio::task::spawn_blocking(move || store.journal_add(vec![entry])).await;
        diary::warned(noted.unwrap_or(Ok(())));
    }
}

/// The same while no daemon runs.
pub fn note_at_rest(store: &Store, question: &Question) -> Result<(), StoreError> {
    let Some((what, about)) = question.sees() else { return Ok(()) };
    store.journal_add(vec![ourselves().did(what, about)])
}

/// Whoever runs this process.
pub(in crate::app) fn ourselves() -> Asker {
    use std::os::unix::fs::MetadataExt as _;
    let user = std::fs::metadata("/proc/self").map(|it| user_name(it.uid()));
    Asker::command_line(user.unwrap_or_default())
}

fn period(from: Timestamp, until: Timestamp) -> String {
    let day = |at: Timestamp| {
        let at = jiff::Timestamp::from_millisecond(at.0).unwrap_or_default();
        at.strftime("%Y-%m-%d").to_string()
    };
    format!("{} to {}", day(from), day(until))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_shows_people_is_written_down_and_what_does_not_is_not() {
        assert_eq!(Question::Status.sees(), None);
        assert_eq!(Question::Reload.sees(), None);
        let id = "INC-0a0001".to_owned();
        let seen = Question::Incident { id: id.clone() }.sees();
        assert_eq!(seen, Some(("viewed an incident", id)));
        let sql = "x".repeat(9999);
        assert_eq!(Question::Query { sql }.sees().unwrap().1.len(), SQL_CHARS_MAX);
        let report = Question::Report { from: Timestamp(0), until: Timestamp(86_400_000) };
        assert_eq!(report.sees(), Some(("made a report", "1970-01-01 to 1970-01-02".to_owned())));
    }
}
