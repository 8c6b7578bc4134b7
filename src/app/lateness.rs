//! Whether most lines come too late to be judged: a clock is wrong, or a log lags.

use crate::detect::count_text;
use crate::model::{Millis, Timestamp};

/// So many late lines are no accident.
const LATE_MIN: u64 = 5;

/// In so many looks some of them came: old lines that are read once come in one.
const LOOKS_MIN: u32 = 3;

/// How long the lines are that are looked at together.
const WINDOW: Millis = Millis::seconds(30);

/// The counts when the window began and at the last look, and what followed from the
/// window before.
#[derive(Clone, Debug, Default)]
pub(super) struct Lateness {
    since: Option<(Timestamp, Counts)>,
    last: Counts,
    looks: u32,
    said: Option<String>,
}

/// Events, and those of them that came too late.
type Counts = (u64, u64);

impl Lateness {
    /// What is wrong, by the counts up to now.
    pub(super) fn look(&mut self, now: Timestamp, counts: Counts) -> Option<String> {
        let (at, before) = *self.since.get_or_insert((now, counts));
        self.looks += u32::from(self.last.1 < counts.1 && before.1 < counts.1);
        self.last = counts;
        let new = if self.looks < LOOKS_MIN { None } else { verdict(before, counts) };
        if at.plus(WINDOW) <= now || now < at {
            self.since = Some((now, counts));
            self.looks = 0;
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
            "{} of the last {} lines came too late to be judged by habits; they are \
             kept, and rules hold. Look whether the clock of the machine that writes the log is \
             right, and whether the log is written at once or held back.",
            count_text(late),
            count_text(events),
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
        assert_eq!(lateness.look(at(2), (1003, 3)), None);
        assert_eq!(lateness.look(at(4), (1006, 4)), None);
        let said = lateness.look(at(6), (1009, 5)).unwrap();
        assert!(said.starts_with("5 of the last 9 lines came too late"), "{said}");
        assert!(lateness.look(at(30), (1010, 6)).is_some());
        assert!(lateness.look(at(50), (1100, 6)).is_some(), "the while is not over");
        assert_eq!(lateness.look(at(60), (1200, 6)), None);
    }

    #[test]
    fn half_of_the_lines_may_be_late() {
        let mut lateness = Lateness::default();
        for (second, late) in [(0, 0), (2, 90), (4, 95), (6, 100)] {
            assert_eq!(lateness.look(at(second), (200 * u64::from(0 < second), late)), None);
        }
        assert!(lateness.look(at(8), (200, 101)).is_some());
    }

    #[test]
    fn old_lines_that_are_read_once_are_no_lag() {
        let mut lateness = Lateness::default();
        lateness.look(at(0), (0, 0));
        assert_eq!(lateness.look(at(2), (5000, 5000)), None);
        assert_eq!(lateness.look(at(4), (9000, 9000)), None);
        assert_eq!(lateness.look(at(6), (9000, 9000)), None);
    }
}
