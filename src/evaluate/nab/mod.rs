//! The corpus of the Numenta Anomaly Benchmark (NAB): series with labelled windows in, the
//! benchmark's own scores of our model of a series out.

mod corpus;
mod folds;
mod results;
mod rules;

pub use corpus::{LabelledSeries, NabError, read_series, read_windows};
pub use folds::{Outcome, outcome};
pub use results::{scores_csv, series_csv};
pub use rules::{Marks, PROFILES, Profile, best_threshold};
