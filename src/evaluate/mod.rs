//! Alerts against labels: how much was found, how soon, and at the price of how many false alarms.

mod labels;
pub mod nab;
mod naive;
mod plot;
mod score;
#[cfg(test)]
mod score_tests;

pub use labels::{Label, LabelError, Labelled};
pub use naive::{HourCount, Naive};
pub use plot::{Line, plot};
pub use score::{Judged, Score, Share};
