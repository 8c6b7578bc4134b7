//! Whether most lines come too late to be judged: a clock is wrong, or a log lags.

use crate::model::{Millis, Timestamp};

/// So many late lines are no accident.
const LATE_MIN: u64 = 5;

/// How long the lines are that are looked at together.
const WINDOW: Millis = Millis::seconds(30);

/// The counts a while ago, and what followed from the last whole window.
#[derive(Clone, Debug, Default)]
pub(super) struct Lateness {
    since: Option<(Timestamp, Counts)>,
    said: Option<String>,
}

/// Events, and those of them that came too late.
type Counts = (u64, u64);

impl Lateness {
    /// What is wrong, by the counts up to now.
    pub(super) fn look(&mut self, now: Timestamp, counts: Counts) -> Option<String> {
        let (at, before) = *self.since.get_or_insert((now, counts));
        let new = verdict(before, counts);
        let is_over = at.plus(WINDOW) <= now || now < at;
        if is_over {
            self.since = Some((now, counts));
            self.said.clone_from(&new);
        }
        // What is wrong now is said at once; that it is well again, after a whole window.
        new.or_else(|| self.said.clone())
    }
}

fn verdict((events_before, late_before): Counts, (events, late): Counts) -> Option<String> {
    let (events, late) = (events.saturating_sub(events_before), late.saturating_sub(late_before));
    (LATE_MIN <= late && events < late.saturating_mul(2)).then(|| {
        format!(
            "{late} of the last {events} lines came too late to be judged by habits; they are \
             kept, and rules hold. Look whether the clock of the machine that writes the log is \
             right."
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_seconds(seconds)
    }

    #[test]
    fn a_log_that_lags_is_told_of_until_a_while_was_well() {
        let mut lateness = Lateness::default();
        assert_eq!(lateness.look(at(0), (1000, 0)), None);
        assert_eq!(lateness.look(at(2), (1007, 4)), None);
        let said = lateness.look(at(4), (1009, 5)).unwrap();
        assert!(said.starts_with("5 of the last 9 lines came too late"), "{said}");
        assert!(lateness.look(at(30), (1010, 6)).is_some());
        assert!(lateness.look(at(50), (1100, 6)).is_some(), "the while is not over");
        assert_eq!(lateness.look(at(60), (1200, 6)), None);
    }

    #[test]
    fn half_of_the_lines_may_be_late() {
        let mut lateness = Lateness::default();
        lateness.look(at(0), (0, 0));
        assert_eq!(lateness.look(at(2), (200, 100)), None);
        assert!(lateness.look(at(4), (200, 101)).is_some());
    }
}
