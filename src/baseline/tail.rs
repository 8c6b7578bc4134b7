//! Tails of counts: how improbable that many (or that few) are. Scores are -log10 of the
//! probability.

use statrs::function::beta::beta_reg;
use statrs::function::gamma::{gamma_lr, ln_gamma};

/// Beyond this a score says nothing more.
pub const SCORE_MAX: f64 = 60.0;
/// Below this overdispersion a negative binomial is a Poisson.
const DISPERSION_MIN: f64 = 1e-4;

/// At least `count` where `mean` is expected; variance is mean + dispersion × mean².
pub fn upper(count: u32, mean: f64, dispersion: f64) -> f64 {
    if count == 0 || mean <= 0.0 {
        return if count == 0 { 0.0 } else { SCORE_MAX };
    }
    let count = f64::from(count);
    let p = if dispersion < DISPERSION_MIN {
        gamma_lr(count, mean)
    } else {
        let size = 1.0 / dispersion;
        beta_reg(count, size, mean / (mean + size))
    };
    if 1e-290 < p { score_of(p) } else { upper_far(count, mean, dispersion) }
}

/// Nothing at all where `mean` is expected.
pub fn silence(mean: f64, dispersion: f64) -> f64 {
    let ln_p = if dispersion < DISPERSION_MIN {
        -mean
    } else {
        -(1.0 + dispersion * mean).ln() / dispersion
    };
    (-ln_p / std::f64::consts::LN_10).min(SCORE_MAX)
}

/// So many spreads off in either direction, where now and then one is far off by chance.
pub fn student(spreads: f64, freedom: f64) -> f64 {
    let exponent = 0.5f64.mul_add(freedom, 0.5);
    exponent * (spreads * spreads / freedom).ln_1p() * std::f64::consts::LOG10_E
}

/// At least `hits` of `trials` where the share itself varies as Beta(a, b).
///
/// A beta-binomial tail by its first terms: each term follows from the one before, and
/// they fall quickly where it matters.
pub fn ratio_upper(hits: u32, trials: u32, prior: (f64, f64)) -> f64 {
    if hits == 0 || trials < hits {
        return 0.0;
    }
    let (a, b) = prior;
    let (k, n) = (f64::from(hits), f64::from(trials));
    if k / n <= a / (a + b) {
        return 0.0;
    }
    let ln_choose = ln_gamma(n + 1.0) - ln_gamma(k + 1.0) - ln_gamma(n - k + 1.0);
    let first = ln_choose + ln_beta(k + a, n - k + b) - ln_beta(a, b);
    let mut sum = 1.0;
    let mut term = 1.0;
    let mut at = k;
    for _ in 0..TERMS_MAX {
        if n <= at || term < 1e-6 * sum {
            break;
        }
        term *= (n - at) / (at + 1.0) * (at + a) / (n - at - 1.0 + b);
        sum += term;
        at += 1.0;
    }
    (-(first + sum.ln()) / std::f64::consts::LN_10).clamp(0.0, SCORE_MAX)
}

/// The count from which a tail of about `z` standard deviations is worth a closer look:
/// quick and a little early, since it only asks the question.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "clamped to the range of u32, and a float's cast saturates"
)]
pub fn limit(mean: f64, dispersion: f64, z: f64) -> u32 {
    let mean = mean.max(1e-3);
    let scale = 1.0 + dispersion * mean;
    let shape = mean / scale;
    let third = 1.0 - 1.0 / (9.0 * shape) + z / (3.0 * shape.sqrt());
    let quantile = if shape < 0.3 { 3.0 * scale } else { shape * scale * third.max(0.0).powi(3) };
    quantile.clamp(mean, f64::from(u32::MAX)).ceil() as u32 + 1
}

const TERMS_MAX: usize = 400;

fn score_of(p: f64) -> f64 {
    (-p.log10()).clamp(0.0, SCORE_MAX)
}

fn ln_beta(a: f64, b: f64) -> f64 {
    ln_gamma(a) + ln_gamma(b) - ln_gamma(a + b)
}

/// So far out that the tail is nothing but its first term.
fn upper_far(count: f64, mean: f64, dispersion: f64) -> f64 {
    let size = 1.0 / dispersion.max(DISPERSION_MIN);
    let share = mean / (mean + size);
    let ln_p = ln_gamma(count + size) - ln_gamma(size) - ln_gamma(count + 1.0)
        + count * share.ln()
        + size * (1.0 - share).ln();
    (-ln_p / std::f64::consts::LN_10).clamp(0.0, SCORE_MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn poisson_tails_agree_with_the_tables() {
        // P(X >= 20 | 10) = 0.00345.
        assert!((upper(20, 10.0, 0.0) - 2.462).abs() < 0.01);
        assert!((silence(10.0, 0.0) - 4.343).abs() < 0.01);
    }

    #[test]
    fn overdispersion_makes_the_same_count_less_unusual() {
        assert!(upper(40, 10.0, 0.5) < upper(40, 10.0, 0.05));
        assert!(upper(40, 10.0, 0.05) < upper(40, 10.0, 0.0));
        assert!(silence(10.0, 0.5) < silence(10.0, 0.0));
    }

    #[test]
    fn the_limit_is_near_a_thousandth() {
        for (mean, dispersion) in [(3.0, 0.1), (10.0, 0.3), (100.0, 0.05), (5000.0, 0.2)] {
            let score = upper(limit(mean, dispersion, 3.0), mean, dispersion);
            assert!((2.0..4.5).contains(&score), "{mean} {dispersion}: {score}");
        }
    }

    #[test]
    fn a_share_is_judged_by_its_own_spread() {
        assert!(ratio_upper(50, 100, (1.0, 99.0)) > 6.0);
        assert!(ratio_upper(50, 100, (1.0, 1.0)) < 1.0);
        assert!(ratio_upper(1, 100, (1.0, 99.0)) < 1.0);
    }
}
