//! Closed hours that are not learned from yet. Every key has a day of them: they are kept as bytes,
//! which for hours without a request are few.

use serde::{Deserialize, Serialize};

use crate::model::Hour;
use crate::profile::Counts;

#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct ClosedHour {
    pub(super) hour: Hour,
    pub(super) counts: Counts,
    /// An incident was open on the key: nothing to learn from.
    pub(super) is_suspect: bool,
}

/// The oldest first.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Late(Vec<u8>);

/// An hour as it is written: counts of nothing are left out.
type Written = (Hour, bool, Option<Counts>);

/// Ten bytes for each of the hour and the counts' twelve numbers, and one for each of the rest.
const WRITTEN_BYTES_MAX: usize = 132;

impl Late {
    pub(super) fn push(&mut self, closed: &ClosedHour) {
        let counts = Some(closed.counts).filter(|counts| *counts != Counts::default());
        let written: Written = (closed.hour, closed.is_suspect, counts);
        // Numbers can always be written, and are not longer than that.
        let mut room = [0; WRITTEN_BYTES_MAX];
        let bytes = postcard::to_slice(&written, &mut room).map_or(&[][..], |bytes| bytes);
        self.0.reserve_exact(bytes.len());
        self.0.extend_from_slice(bytes);
    }

    /// The first to be handed out.
    pub(super) fn first_hour(&self) -> Option<Hour> {
        postcard::take_from_bytes(&self.0).ok().map(|(hour, _)| hour)
    }

    pub(super) fn take_first(&mut self) -> Option<ClosedHour> {
        let (closed, rest) = read(&self.0)?;
        self.0.drain(..self.0.len() - rest.len());
        Some(closed)
    }

    /// Changes those since an hour.
    pub(super) fn change_since(&mut self, hour: Hour, mut change: impl FnMut(&mut ClosedHour)) {
        let mut changed = Self::default();
        let mut rest = self.0.as_slice();
        while let Some((mut closed, after)) = read(rest) {
            if hour <= closed.hour {
                change(&mut closed);
            }
            changed.push(&closed);
            rest = after;
        }
        *self = changed;
    }
}

fn read(bytes: &[u8]) -> Option<(ClosedHour, &[u8])> {
    let ((hour, is_suspect, counts), rest) = postcard::take_from_bytes::<Written>(bytes).ok()?;
    Some((ClosedHour { hour, is_suspect, counts: counts.unwrap_or_default() }, rest))
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
    fn the_largest_numbers_have_room() {
        let counts = Counts {
            requests: u32::MAX,
            unauthorized: u32::MAX,
            forbidden: u32::MAX,
            missing: u32::MAX,
            throttled: u32::MAX,
            broken: u32::MAX,
            bytes: u64::MAX,
            neighbours: u32::MAX,
            objects: u32::MAX,
            tokens: u64::MAX,
            cost: u64::MAX,
        };
        let closed = ClosedHour { hour: Hour(i64::MIN), counts, is_suspect: true };
        let mut late = Late::default();
        late.push(&closed);
        assert_eq!(late.take_first(), Some(closed));
    }

    #[test]
    fn a_day_without_a_request_takes_little_room() {
        let mut late = Late::default();
        for hour in 490_000..490_024 {
            late.push(&ClosedHour { hour: Hour(hour), ..ClosedHour::default() });
        }
        assert!(late.0.capacity() <= 24 * 6, "{}", late.0.capacity());
    }
}
