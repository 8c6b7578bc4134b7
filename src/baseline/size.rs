//! How much a request of a key brings or costs: the mean of an hour, on a log scale, and how
//! much it varies from hour to hour.

use serde::{Deserialize, Serialize};

use crate::profile::Counts;

/// Fewer requests in an hour say nothing about them all.
pub const REQUESTS_MIN: u32 = 8;
/// The role's word counts as much as this many hours of the key's own.
const ROLE_WORTH_HOURS: f64 = 6.0;
const KEEP: f64 = 0.997;
const OWN_HOURS_MIN: f64 = 12.0;
const SETTLING_HOURS: f64 = 3.0;
const VARIANCE_MIN: f64 = 0.04;
const UNKNOWN_VARIANCE: f64 = 0.25;
/// Of Student's t: now and then an hour is far off, and means nothing.
const FREEDOM: f64 = 8.0;

/// What is measured of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Amount {
    Bytes,
    Tokens,
    Cost,
    /// Different objects: the more requests, the more of them come again.
    Objects,
}

/// So the number of different objects grows with the requests, as a power.
const OBJECTS_GROWTH: f64 = 0.75;

impl Amount {
    pub const fn of(self, counts: &Counts) -> u64 {
        match self {
            Self::Bytes => counts.bytes,
            Self::Tokens => counts.tokens,
            Self::Cost => counts.cost,
            Self::Objects => counts.objects as u64,
        }
    }

    #[expect(clippy::cast_precision_loss, reason = "a logarithm needs no more")]
    fn log(self, counts: &Counts) -> Option<f64> {
        let seen = self.of(counts);
        if counts.requests < REQUESTS_MIN || seen == 0 {
            return None;
        }
        let requests = f64::from(counts.requests).ln();
        Some(match self {
            Self::Bytes | Self::Tokens | Self::Cost => (seen as f64).ln() - requests,
            Self::Objects => (seen as f64).ln() - OBJECTS_GROWTH * requests,
        })
    }

    /// What the log stands for, over so many requests.
    fn number(self, log: f64, requests: u32) -> f64 {
        match self {
            Self::Bytes | Self::Tokens | Self::Cost => log.exp(),
            Self::Objects => {
                let all = f64::from(requests);
                (log + OBJECTS_GROWTH * all.ln()).exp().min(all)
            }
        }
    }
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Size {
    hours: f64,
    sum: f64,
    squares: f64,
}

impl Size {
    /// The usual amount of a request; of objects the usual number of them.
    pub fn usual(&self, (amount, requests): (Amount, u32), role: &Self) -> f64 {
        amount.number(self.center(role).0, requests)
    }

    /// The amount a request from which an hour is worth scoring.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a float's cast saturates"
    )]
    pub fn limit(&self, role: &Self) -> u64 {
        let (mean, variance) = self.center(role);
        (mean + 2.3 * variance.sqrt()).exp() as u64 + 1
    }

    pub fn score(&self, amount: Amount, counts: &Counts, role: &Self) -> f64 {
        let Some(seen) = amount.log(counts) else { return 0.0 };
        // Every key sends bytes, so that the role's word is good at once.
        if amount != Amount::Bytes && self.hours < OWN_HOURS_MIN {
            return 0.0;
        }
        let (mean, variance) = self.center(role);
        let chance = 1.0 / f64::from(counts.requests);
        let z = (seen - mean) / (variance + chance).sqrt();
        if z <= 0.0 {
            return 0.0;
        }
        0.5f64.mul_add(FREEDOM, 0.5) * (z * z / FREEDOM).ln_1p() * std::f64::consts::LOG10_E
    }

    pub fn learn(&mut self, amount: Amount, counts: &Counts, role: &mut Self) {
        let Some(seen) = amount.log(counts) else { return };
        let (mean, variance) = self.center(role);
        let spread = 3.0 * variance.sqrt();
        let seen = if self.hours < 24.0 { seen } else { seen.clamp(mean - spread, mean + spread) };
        // The first hours only tell where the mean is.
        let off = if self.hours < SETTLING_HOURS { variance.sqrt() } else { seen - mean };
        for size in [self, role] {
            size.hours = size.hours * KEEP + 1.0;
            size.sum = size.sum * KEEP + seen;
            size.squares = size.squares * KEEP + off * off;
        }
    }

    /// Mean and variance, leaning on the role's.
    fn center(&self, role: &Self) -> (f64, f64) {
        let role_hours = role.hours.max(1e-9);
        let worth = if role.hours < 1.0 { 1e-9 } else { ROLE_WORTH_HOURS };
        let weight = self.hours + worth;
        let mean = (self.sum + worth * role.sum / role_hours) / weight;
        let unknown = UNKNOWN_VARIANCE * 2.0;
        let role_variance = (role.squares + unknown) / (role.hours + 2.0);
        let variance = (self.squares + 6.0 * role_variance) / (self.hours + 6.0);
        (mean, variance.max(VARIANCE_MIN))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ten_times_the_size_is_unusual_and_the_usual_is_not() {
        let (mut size, mut role) = (Size::default(), Size::default());
        let hour = |bytes: u64| Counts { requests: 20, bytes: bytes * 20, ..Counts::default() };
        for step in 0..100u64 {
            size.learn(Amount::Bytes, &hour(1800 + 100 * (step % 5)), &mut role);
        }
        assert!((1700.0..2400.0).contains(&size.usual((Amount::Bytes, 20), &role)));
        assert!(size.score(Amount::Bytes, &hour(2100), &role) < 1.0);
        assert!(3.5 < size.score(Amount::Bytes, &hour(20_000), &role));
        assert!((2200..5000).contains(&size.limit(&role)), "{}", size.limit(&role));
        let two = Counts { requests: 2, bytes: 1 << 30, ..Counts::default() };
        assert!(size.score(Amount::Bytes, &two, &role) < 1e-9);
    }

    #[test]
    fn more_requests_bring_more_objects_and_far_more_of_them_are_unusual() {
        let (mut size, mut role) = (Size::default(), Size::default());
        let hour = |requests: u32, objects: u32| Counts { requests, objects, ..Counts::default() };
        for step in 0..200u32 {
            let requests = 20 + step % 60;
            size.learn(Amount::Objects, &hour(requests, requests / 3), &mut role);
        }
        assert!(size.score(Amount::Objects, &hour(300, 70), &role) < 1.5);
        assert!(3.5 < size.score(Amount::Objects, &hour(640, 600), &role));
    }
}
