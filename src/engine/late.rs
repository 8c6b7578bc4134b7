//! Closed hours that are not learned from yet. Every key has a day of them.

use serde::{Deserialize, Serialize};

use crate::model::Hour;
use crate::profile::{Counts, Packed};

#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct ClosedHour {
    pub(super) hour: Hour,
    pub(super) counts: Counts,
    /// An incident was open on the key: nothing to learn from.
    pub(super) is_suspect: bool,
}

/// The oldest first.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Late(Packed<Written>);

/// An hour as it is written: counts of nothing are left out.
type Written = (Hour, bool, Option<Counts>);

impl Late {
    pub(super) fn push(&mut self, closed: &ClosedHour) {
        self.0.push(&written(closed));
    }

    /// The first to be handed out.
    pub(super) fn first_hour(&self) -> Option<Hour> {
        self.0.first().map(|(hour, _, _)| hour)
    }

    pub(super) fn take_first(&mut self) -> Option<ClosedHour> {
        self.0.take_first().map(closed)
    }

    /// Changes those since an hour.
    pub(super) fn change_since(&mut self, hour: Hour, mut change: impl FnMut(&mut ClosedHour)) {
        self.0.change(|it| {
            let mut closed = closed(*it);
            if hour <= closed.hour {
                change(&mut closed);
                *it = written(&closed);
            }
        });
    }
}

fn written(closed: &ClosedHour) -> Written {
    let counts = Some(closed.counts).filter(|counts| *counts != Counts::default());
    (closed.hour, closed.is_suspect, counts)
}

fn closed((hour, is_suspect, counts): Written) -> ClosedHour {
    ClosedHour { hour, is_suspect, counts: counts.unwrap_or_default() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hours_come_back_in_order_as_they_were_or_were_changed() {
        let closed = |hour: i64, requests: u32| ClosedHour {
            hour: Hour(hour),
            counts: Counts { requests, bytes: u64::from(requests) << 30, ..Counts::default() },
            is_suspect: hour == 490_001,
        };
        let hours = [closed(490_000, 7), closed(490_001, 0), closed(490_002, u32::MAX)];
        let mut late = Late::default();
        for closed in &hours {
            late.push(closed);
        }
        let mut of_two = late.clone();
        of_two.change_since(Hour(490_001), |closed| closed.counts.requests = 5);
        assert_eq!(late.first_hour(), Some(hours[0].hour));
        let taken: Vec<_> = std::iter::from_fn(|| late.take_first()).collect();
        assert_eq!(taken, hours);
        assert_eq!(late, Late::default());
        let taken = std::iter::from_fn(|| of_two.take_first()).map(|it| it.counts.requests);
        assert_eq!(taken.collect::<Vec<_>>(), [7, 5, 5]);
    }

    #[test]
    fn a_day_without_a_request_takes_little_room() {
        let mut late = Late::default();
        for hour in 490_000..490_024 {
            late.push(&ClosedHour { hour: Hour(hour), ..ClosedHour::default() });
        }
        assert!(postcard::to_allocvec(&late).unwrap().len() <= 24 * 6);
    }
}
