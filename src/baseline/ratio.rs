//! How large a share of a key's requests fails in one way, and how much that share varies.

use serde::{Deserialize, Serialize};

use super::tail;

/// The role's word counts as much as this many requests of the key's own.
const ROLE_WORTH_REQUESTS: f64 = 60.0;
const KEEP: f64 = 0.997;
/// What is thought of a role that nobody knows: 1 % fails.
const UNKNOWN: (f64, f64) = (0.2, 20.0);

#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Ratio {
    hits: f64,
    trials: f64,
    /// Variance beyond chance, and what it is measured against.
    excess: f64,
    chance: f64,
}

impl Ratio {
    /// The usual share, leaning on the role's.
    pub fn share(&self, role: &Self) -> f64 {
        let role_share = (role.hits + UNKNOWN.0) / (role.trials + UNKNOWN.1);
        let role_hits = role_share * ROLE_WORTH_REQUESTS;
        (self.hits + role_hits) / (self.trials + ROLE_WORTH_REQUESTS)
    }

    /// How unusual it is that `hits` of `trials` failed.
    pub fn score(&self, (hits, trials): (u32, u32), role: &Self) -> f64 {
        let share = self.share(role).clamp(1e-5, 0.999);
        let strength = self.strength(role);
        tail::ratio_upper(hits, trials, (share * strength, (1.0 - share) * strength))
    }

    /// The number of failures from which it is worth a look, however many requests there
    /// were: a share of few requests says nothing.
    pub fn learn(&mut self, (hits, trials): (u32, u32), role: &mut Self) {
        if trials == 0 {
            return;
        }
        let share = self.share(role);
        let is_wild = 4.0 < self.score((hits, trials), role);
        let weight = if is_wild { 0.2 } else { 1.0 };
        for ratio in [self, role] {
            ratio.add((f64::from(hits), f64::from(trials)), share, weight);
        }
    }

    fn add(&mut self, (hits, trials): (f64, f64), share: f64, weight: f64) {
        self.hits = self.hits * KEEP + hits * weight;
        self.trials = self.trials * KEEP + trials * weight;
        let variance = trials * share * (1.0 - share);
        let off = hits - trials * share;
        self.excess = self.excess * KEEP + (off * off - variance) * weight;
        self.chance = self.chance * KEEP + variance * (trials - 1.0).max(0.0) * weight;
    }

    /// Pseudo-requests behind the share: few when it varies a lot.
    fn strength(&self, role: &Self) -> f64 {
        let excess = self.excess + 0.1 * role.excess.max(0.0) + 0.5;
        let chance = self.chance + 0.1 * role.chance + 12.0;
        let correlation = (excess / chance).clamp(0.005, 0.3);
        1.0 / correlation - 1.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_always_fails_is_not_unusual() {
        let (mut ratio, mut role) = (Ratio::default(), Ratio::default());
        for _ in 0..200 {
            ratio.learn((18, 20), &mut role);
        }
        assert!(ratio.score((19, 20), &role) < 2.0);
    }

    #[test]
    fn half_refused_where_hardly_any_were_is_unusual() {
        let (mut ratio, mut role) = (Ratio::default(), Ratio::default());
        for hour in 0..200 {
            ratio.learn((u32::from(hour % 10 == 0), 50), &mut role);
        }
        assert!(5.0 < ratio.score((30, 60), &role));
        assert!(ratio.score((1, 50), &role) < 3.0);
    }
}
