//! What a key does in a whole day against the same kind of days before: what grows too
//! slowly, or is spread too thinly, for any one hour to show it.

use serde::{Deserialize, Serialize};

use crate::model::Day;
use crate::profile::{Counts, Packed};

/// The last days of one key.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Drift {
    days: Packed<DaySum>,
    days_known: u8,
    today: DaySum,
    /// Cumulated sums of what was too much: requests, bytes, bytes a request.
    sums: [f64; 3],
    /// When and how far it was off when people were last told.
    found: Vec<(Daily, Day, f64)>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct DaySum {
    day: Day,
    requests: u32,
    bytes: u64,
    /// An incident was open, or the day was not watched as a whole.
    is_odd: bool,
}

/// What is added up by the day.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Daily {
    Requests,
    Bytes,
    /// Bytes a request.
    Size,
}

/// How a day compares, on a log scale.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Compared {
    pub seen: u64,
    pub usual: u64,
    /// Logarithm of seen by usual.
    pub off: f64,
    pub spread: f64,
}

const DAYS_MAX: u8 = 15;
/// The latest days may be part of what is looked for.
const LATEST_DAYS: i64 = 3;
const BEFORE_DAYS_MAX: i64 = 14;
const DAYS_MIN: usize = 2;
const DAYS_IN_ALL_MIN: u8 = 5;
const REQUESTS_MIN: u32 = 60;
/// Whoever carries data away carries more in a day.
const BYTES_MIN: u64 = 1_000_000;
/// As if so many days had been seen that vary by `PRIOR_VARIANCE`.
const PRIOR_DAYS: f64 = 3.0;
const PRIOR_VARIANCE: f64 = 0.03;
/// So many spreads a day are let pass.
const SLACK: f64 = 1.0;
const SUM_MAX: f64 = 20.0;
/// Half as much again.
const GROWTH_MIN: f64 = 0.4;
/// Of Student's t.
const FREEDOM: f64 = 8.0;

impl Daily {
    pub const ALL: [Self; 3] = [Self::Requests, Self::Bytes, Self::Size];

    /// In plural, as a person would say it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Requests => "requests",
            Self::Bytes => "bytes",
            Self::Size => "bytes a request",
        }
    }
}

impl Drift {
    pub fn add(&mut self, day: Day, counts: &Counts) {
        self.today.day = day;
        self.today.requests = self.today.requests.saturating_add(counts.requests);
        self.today.bytes = self.today.bytes.saturating_add(counts.bytes);
    }

    /// The day is not to be learned from.
    pub const fn mark_odd(&mut self) {
        self.today.is_odd = true;
    }

    /// How the day that ends compares; none if it cannot be said.
    pub fn compare(&self, daily: Daily) -> Option<Compared> {
        if self.today.is_odd || self.days_known < DAYS_IN_ALL_MIN {
            return None;
        }
        if self.today.requests < REQUESTS_MIN {
            return None;
        }
        let seen = self.today.of(daily);
        if daily != Daily::Requests && self.today.bytes < BYTES_MIN {
            return None;
        }
        let alike = self.before(daily, DAYS_MIN)?;
        let usual = median(&alike)?;
        let all = f64::from(u32::try_from(alike.len()).unwrap_or(u32::MAX));
        let squares: f64 = alike.iter().map(|log| (log - usual) * (log - usual)).sum();
        let chance = 1.0 / f64::from(self.today.requests);
        let variance = (squares + PRIOR_DAYS * PRIOR_VARIANCE) / (all - 1.0 + PRIOR_DAYS) + chance;
        // What the same day of last week brought is usual too.
        let usual = self.last_week(daily).map_or(usual, |last_week| usual.max(last_week));
        let off = log_of(seen) - usual;
        Some(Compared { seen, usual: whole(usual.exp()), off, spread: variance.sqrt() })
    }

    /// Judges the day, once what all keys have in common is known, and begins the next.
    pub fn score(&mut self, daily: Daily, compared: &Compared, common: f64) -> f64 {
        let steps = (compared.off - common) / compared.spread;
        let Some(sum) = self.sums.get_mut(daily as usize) else { return 0.0 };
        *sum = (*sum + steps - SLACK).clamp(0.0, SUM_MAX);
        let steps = steps.max(0.8 * *sum);
        if steps <= 0.0 || compared.off < common {
            return 0.0;
        }
        if self.is_found(daily, compared.off) {
            return 0.0;
        }
        0.5f64.mul_add(FREEDOM, 0.5) * (steps * steps / FREEDOM).ln_1p() * std::f64::consts::LOG10_E
    }

    /// People were told of the day that ends.
    pub fn tell(&mut self, daily: Daily) {
        let Some(compared) = self.compare(daily) else { return };
        self.found.retain(|(known, _, _)| *known != daily);
        self.found.push((daily, self.today.day, compared.off));
    }

    /// What was told a few days ago is no news unless it has grown much further.
    fn is_found(&self, daily: Daily, off: f64) -> bool {
        let found = self.found.iter().find(|(known, _, _)| *known == daily);
        found.is_some_and(|(_, day, known)| {
            self.today.day.0 - day.0 <= BEFORE_DAYS_MAX && off < known + GROWTH_MIN
        })
    }

    pub fn close_day(&mut self) {
        let today = std::mem::take(&mut self.today);
        if today.requests == 0 {
            return;
        }
        self.days.push(&today);
        self.days_known += 1;
        if DAYS_MAX < self.days_known {
            self.days.take_first();
            self.days_known = DAYS_MAX;
        }
    }

    fn last_week(&self, daily: Daily) -> Option<f64> {
        let mut days = self.days.iter();
        let known = days.find(|day| day.day.0 + 7 == self.today.day.0 && !day.is_odd);
        known.map(|day| log_of(day.of(daily)))
    }

    /// The logarithms of earlier days of the same kind.
    fn before(&self, daily: Daily, days_min: usize) -> Option<Vec<f64>> {
        let Day(today) = self.today.day;
        let is_old = |day: &DaySum| {
            let ago = today - day.day.0;
            LATEST_DAYS < ago && ago <= BEFORE_DAYS_MAX && !day.is_odd
        };
        let weekend = self.today.day.is_weekend();
        let alike = self.days.iter().filter(is_old);
        let alike = alike.filter(|day| day.day.is_weekend() == weekend);
        let logs: Vec<f64> = alike.map(|day| log_of(day.of(daily))).collect();
        (days_min <= logs.len()).then_some(logs)
    }
}

impl DaySum {
    fn of(&self, daily: Daily) -> u64 {
        match daily {
            Daily::Requests => u64::from(self.requests),
            Daily::Bytes => self.bytes,
            Daily::Size => self.bytes / u64::from(self.requests.max(1)),
        }
    }
}

#[expect(clippy::cast_precision_loss, reason = "a logarithm needs no more")]
fn log_of(count: u64) -> f64 {
    (count as f64 + 1.0).ln()
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a float's cast saturates"
)]
fn whole(number: f64) -> u64 {
    number as u64
}

/// Of an even number the upper one.
pub fn median(numbers: &[f64]) -> Option<f64> {
    let mut sorted = numbers.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted.get(sorted.len() / 2).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(days: &[u32]) -> Drift {
        let mut drift = Drift::default();
        for (day, &requests) in (4..).zip(days) {
            drift.close_day();
            let counts =
                Counts { requests, bytes: u64::from(requests) * 10_000, ..Counts::default() };
            drift.add(Day(day), &counts);
        }
        drift
    }

    fn score(days: &[u32]) -> f64 {
        let mut drift = after(days);
        let compared = drift.compare(Daily::Requests);
        compared.map_or(0.0, |compared| drift.score(Daily::Requests, &compared, 0.0))
    }

    #[test]
    fn three_times_the_days_before_is_a_drift_and_a_fifth_more_is_not() {
        let usual = [400, 410, 390, 405, 395, 400, 410, 390, 405, 395, 400];
        assert!(score(&[&usual[..], &[480]].concat()) < 1.5);
        assert!(4.0 < score(&[&usual[..], &[1200]].concat()));
        assert!(score(&[400, 410, 1200]) < 1e-9, "too young to say");
    }

    #[test]
    fn a_day_with_an_incident_is_neither_judged_nor_learned() {
        let mut drift = after(&[400; 12]);
        drift.mark_odd();
        assert_eq!(drift.compare(Daily::Requests), None);
    }
}
