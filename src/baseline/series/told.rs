//! What was told of a series lately: the same is no news.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};

use super::Constants;

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Told {
    values: u64,
    /// When, and how unusual it was; falling.
    lately: VecDeque<(u64, f64)>,
}

/// Less is never told.
const SCORE_MIN: f64 = 1.0;

impl Told {
    /// The score if it is news, else 0.
    pub(super) fn news(&mut self, score: f64, constants: &Constants) -> f64 {
        self.values += 1;
        let now = self.values;
        let is_over = |at: u64| constants.told_values < age(now - at);
        while self.lately.front().is_some_and(|(at, _)| is_over(*at)) {
            self.lately.pop_front();
        }
        let wanted = self.lately.front().map_or(0.0, |(_, highest)| highest + constants.news_min);
        if score < wanted.max(SCORE_MIN) {
            return 0.0;
        }
        self.lately.clear();
        self.lately.push_back((now, score));
        score
    }
}

#[expect(clippy::cast_precision_loss, reason = "values stay far below 2^53")]
fn age(values: u64) -> f64 {
    values as f64
}
