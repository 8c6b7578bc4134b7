//! Dice: every stream of random numbers has its own seed, so that a change in one place leaves the others alone.

use rand::RngExt;
use rand::SeedableRng;
use rand::rngs::StdRng;
use rand_distr::Distribution;
use rand_distr::Exp1;
use rand_distr::Gamma;
use rand_distr::Poisson;
use rand_distr::StandardNormal;

/// One stream of random numbers.
pub(super) struct Draw(StdRng);

impl Draw {
    /// The stream that belongs to `seed` and this place in the story.
    pub(super) fn of(seed: u64, place: &[u64]) -> Self {
        Self(StdRng::seed_from_u64(
            place.iter().fold(mix(seed), |hash, part| mix(hash ^ mix(*part))),
        ))
    }

    /// In `0.0 .. 1.0`.
    pub(super) fn unit(&mut self) -> f64 {
        self.0.random()
    }

    pub(super) fn chance(&mut self, share: f64) -> bool {
        self.unit() < share
    }

    pub(super) fn between(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * self.unit()
    }

    /// In `low .. high`; `low` if there is nothing between.
    pub(super) fn whole(&mut self, low: i64, high: i64) -> i64 {
        if low < high { self.0.random_range(low..high) } else { low }
    }

    /// In `0 .. end`; 0 if `end` is 0.
    pub(super) fn below(&mut self, end: usize) -> usize {
        if 0 < end { self.0.random_range(0..end) } else { 0 }
    }

    pub(super) fn number(&mut self) -> u64 {
        self.0.random()
    }

    pub(super) fn pick<T: Clone>(&mut self, from: &[T]) -> Option<T> {
        from.get(self.below(from.len())).cloned()
    }

    /// One of the values, by their weights.
    pub(super) fn weighted<T: Copy>(&mut self, from: &[(T, f64)]) -> Option<T> {
        let sum: f64 = from.iter().map(|(_, weight)| weight).sum();
        let mut left = self.unit() * sum;
        for (value, weight) in from {
            left -= weight;
            if left < 0.0 {
                return Some(*value);
            }
        }
        from.last().map(|(value, _)| *value)
    }

    pub(super) fn shuffle<T>(&mut self, list: &mut [T]) {
        for last in (1..list.len()).rev() {
            list.swap(last, self.below(last + 1));
        }
    }

    pub(super) fn exponential(&mut self, mean: f64) -> f64 {
        let one: f64 = Exp1.sample(&mut self.0);
        one * mean
    }

    /// `median` times a log-normal factor.
    pub(super) fn log_normal(&mut self, median: f64, sigma: f64) -> f64 {
        let normal: f64 = StandardNormal.sample(&mut self.0);
        median * (sigma * normal).exp()
    }

    /// Mean 1; the smaller the shape, the wilder.
    pub(super) fn gamma_of_mean_one(&mut self, shape: f64) -> f64 {
        Gamma::new(shape, 1.0 / shape).map_or(1.0, |gamma| gamma.sample(&mut self.0))
    }

    pub(super) fn poisson(&mut self, mean: f64) -> usize {
        Poisson::new(mean).map_or(0, |poisson| poisson.sample(&mut self.0) as usize)
    }
}

/// Spreads the bits of a number (splitmix64).
pub(super) const fn mix(number: u64) -> u64 {
    let mut mixed = number.wrapping_add(0x9e37_79b9_7f4a_7c15);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

/// Places in the story that have dice of their own.
pub(super) mod dice {
    pub(in crate::simulate) const PEOPLE: u64 = 1;
    pub(in crate::simulate) const BENIGN: u64 = 2;
    pub(in crate::simulate) const STAGE: u64 = 3;
    pub(in crate::simulate) const SCENE: u64 = 4;
    pub(in crate::simulate) const DAY: u64 = 5;
    pub(in crate::simulate) const HOUR: u64 = 6;
    pub(in crate::simulate) const NOISE: u64 = 7;
    pub(in crate::simulate) const INCIDENT: u64 = 8;
    pub(in crate::simulate) const DEPLOY: u64 = 9;
    pub(in crate::simulate) const LAWS: u64 = 10;
}
