//! When a mail that was not taken is tried again, and when it is given up.

use crate::model::Millis;

/// The longest wait between two tries.
pub const BACKOFF_MAX: Millis = Millis::seconds(30 * 60);
const BACKOFF_FIRST: Millis = Millis::seconds(30);
const GIVE_UP_AFTER: Millis = Millis::hours(24);
/// Mails of an outage as long as this are put into one.
const OUTAGE_MIN: Millis = Millis::hours(1);
const JITTER_PERCENT: i64 = 20;

/// The wait after the `attempts`th try: 30 s, doubled each time up to 30 min, ± 20 %. The
/// jitter follows from the notice, so that it is the same whenever it is computed.
pub fn backoff(attempts: u32, notice: u64) -> Millis {
    let nominal = nominal(attempts);
    let mut hasher = blake3::Hasher::new();
    hasher.update(&notice.to_be_bytes()).update(&attempts.to_be_bytes());
    let mut bytes = [0; 2];
    hasher.finalize_xof().fill(&mut bytes);
    let span = 2 * JITTER_PERCENT + 1;
    let percent = i64::from(u16::from_be_bytes(bytes)) % span - JITTER_PERCENT;
    Millis(nominal.0 + nominal.0 / 100 * percent)
}

/// Whether so many tries are enough: they span a day.
pub fn is_given_up(attempts: u32) -> bool {
    GIVE_UP_AFTER <= waited(attempts)
}

/// Whether so many tries mean that the mail server was away for an hour.
pub(super) fn is_outage(attempts: u32) -> bool {
    OUTAGE_MIN <= waited(attempts)
}

/// What the waits add up to, without jitter.
fn waited(attempts: u32) -> Millis {
    Millis((1..=attempts.min(10_000)).map(|attempt| nominal(attempt).0).sum())
}

fn nominal(attempts: u32) -> Millis {
    let doubled = attempts.saturating_sub(1).min(16);
    Millis(BACKOFF_FIRST.0.saturating_mul(1 << doubled).min(BACKOFF_MAX.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_wait_is_twice_the_last_and_never_above_half_an_hour() {
        for (attempts, seconds) in [(1, 30), (2, 60), (3, 120), (6, 960), (7, 1800), (99, 1800)] {
            let wait = backoff(attempts, 7).0;
            let middle = seconds * 1000;
            assert!((middle * 8 / 10..=middle * 12 / 10).contains(&wait), "{attempts}: {wait}");
        }
    }

    #[test]
    fn the_jitter_differs_by_notice_and_is_the_same_each_time() {
        assert_eq!(backoff(3, 1), backoff(3, 1));
        let distinct: std::collections::BTreeSet<_> = (0..100).map(|id| backoff(3, id)).collect();
        assert!(20 < distinct.len());
    }

    #[test]
    fn a_day_of_tries_is_enough() {
        assert!(!is_given_up(52));
        assert!(is_given_up(53));
        assert!(!is_outage(6));
        assert!(is_outage(8));
    }
}
