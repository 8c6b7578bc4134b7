//! What is usual at each half hour of a day, weekends by themselves.

use serde::{Deserialize, Serialize};

use crate::model::Timestamp;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Season {
    bins: Vec<Bin>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Bin {
    usual: f64,
    values: f64,
}

const BINS_A_DAY: usize = 48;
const BIN_SECONDS: i64 = 1800;
/// A bin of the same kind of day is trusted from here on.
const VALUES_MIN: f64 = 2.0;

impl Default for Season {
    fn default() -> Self {
        Self { bins: vec![Bin::default(); 2 * BINS_A_DAY] }
    }
}

impl Season {
    /// None if nothing is known of such a time.
    pub(super) fn usual(&self, at: Timestamp) -> Option<f64> {
        let of = |bin: usize| self.bins.get(bin).copied().unwrap_or_default();
        let (own, other) = bins(at);
        if VALUES_MIN <= of(own).values {
            return Some(of(own).usual);
        }
        (0.0 < of(other).values).then_some(of(other).usual)
    }

    /// `most` is how far off a value may be and still count in full.
    pub(super) fn learn(&mut self, at: Timestamp, value: f64, (rate, most): (f64, f64)) {
        let Some(bin) = self.bins.get_mut(bins(at).0) else { return };
        let first = bin.values <= 0.0;
        bin.values += 1.0;
        let off = if first { value } else { (value - bin.usual).clamp(-most, most) };
        bin.usual += off * (1.0 / bin.values).max(rate);
    }
}

/// Of this kind of day, and the same time of the other kind.
fn bins(at: Timestamp) -> (usize, usize) {
    let seconds = at.since(at.day().start()).0 / 1000;
    let of_day = usize::try_from(seconds / BIN_SECONDS).unwrap_or_default();
    if at.day().is_weekend() {
        (of_day + BINS_A_DAY, of_day)
    } else {
        (of_day, of_day + BINS_A_DAY)
    }
}
