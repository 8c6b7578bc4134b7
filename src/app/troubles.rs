//! What is wrong around the daemon, in words for the page and the status.

use super::beats::Stage;
use crate::model::{Millis, Timestamp};
use crate::store::OutboxCounts;

/// A clock that is corrected by less disturbs nobody.
const CLOCK_BACK_MIN: Millis = Millis::seconds(5);

/// How long it is said that a message was given up, even if later ones arrived.
const SAID_FOR: Millis = Millis::days(1);

/// Something waits that could not be delivered yet.
pub(super) fn refused(counts: &OutboxCounts) -> Option<String> {
    let refused = counts.refused.as_ref()?;
    Some(format!(
        "Mail does not get through, it is tried again by itself: {} ({} so far)",
        refused.because,
        if refused.tries == 1 { "one try".to_owned() } else { format!("{} tries", refused.tries) }
    ))
}

/// A stage that hangs. What it does is not lost, but nobody is to believe that all is well.
pub(super) fn silent(stage: Stage) -> String {
    let what = match stage {
        Stage::Keeping => {
            "The disk of the state directory does not answer: nothing is kept, and reading waits"
        }
        Stage::Reading => "The reading of the logs hangs: their disk may not answer",
        Stage::Judging => "The judging gives no sign of life",
        Stage::People => "Mail and page give no sign of life",
    };
    format!(
        "{what}. Nothing is lost. It goes on by itself or is started again by systemd; if it stays \
         so, look at the disk (`dmesg`) and restart keyvigil."
    )
}

/// Red for a day, and for as long as nothing was delivered since.
pub(super) fn given_up(counts: &OutboxCounts, now: Timestamp) -> Option<String> {
    let last = counts.last_given_up?;
    let is_news = now.since(last).0 < SAID_FOR.0 || counts.last_sent < Some(last);
    is_news.then(|| {
        let messages = if counts.given_up == 1 { "message was" } else { "messages were" };
        format!(
            "{} {messages} given up: people were not told. Try the mail server with `keyvigil mail test`",
            counts.given_up
        )
    })
}

/// Judged further than the clock says: it was set back.
pub(super) fn clock_is_back(judged: Timestamp, now: Timestamp) -> Option<String> {
    let ahead = judged.since(now);
    (CLOCK_BACK_MIN < ahead).then(|| {
        format!(
            "The clock was set back by {} s: until it has caught up, lines are kept and rules \
             hold, but habits are not judged.",
            ahead.0 / 1000
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_that_was_given_up_is_said_for_a_day_and_until_one_arrives() {
        let at = |hours: i64| Timestamp::default().plus(Millis::hours(hours));
        let counts = |last_sent: Option<i64>| OutboxCounts {
            given_up: 1,
            last_given_up: Some(at(10)),
            last_sent: last_sent.map(at),
            ..OutboxCounts::default()
        };
        assert!(given_up(&counts(Some(11)), at(33)).is_some());
        assert!(given_up(&counts(Some(11)), at(34)).is_none());
        assert!(given_up(&counts(Some(9)), at(340)).is_some());
        assert!(given_up(&counts(None), at(340)).is_some());
        assert!(given_up(&OutboxCounts::default(), at(1)).is_none());
    }

    #[test]
    fn a_clock_is_back_when_time_was_judged_that_is_still_to_come() {
        let at = Timestamp::from_seconds;
        assert_eq!(clock_is_back(at(1005), at(1000)), None);
        let said = clock_is_back(at(4600), at(1000)).unwrap();
        assert!(said.starts_with("The clock was set back by 3600 s"), "{said}");
    }
}
