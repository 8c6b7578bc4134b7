//! Everyone together, with and without keys: the curve on the page.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};

use super::HourRow;
use super::flows::{Flow, HeldShift};
use crate::baseline::{Habit, RoleHabit};
use crate::model::Hour;
use crate::profile::Counts;

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Fleet {
    habit: Habit,
    /// There is no one to lean on: this learns the same.
    prior: RoleHabit,
    hour: Counts,
    pub(super) flow: Flow,
    /// The five minutes that are open, by their number.
    pub(super) stretch: Option<i64>,
    pub(super) held: Option<HeldShift>,
    pub(super) hours_watched: u32,
    rows: VecDeque<HourSeen>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct HourSeen {
    hour: Hour,
    requests: u32,
    errors: u32,
    low: u32,
    high: u32,
    active_keys: u32,
}

const ROWS_MAX: usize = 168;

impl Fleet {
    pub(super) fn count(&mut self, counts: &Counts) {
        self.hour.add(counts);
        self.flow.add(counts);
    }

    pub(super) fn close(&mut self, hour: Hour, active_keys: u32) {
        let counts = std::mem::take(&mut self.hour);
        let (low, high) = self.band(hour);
        self.habit.learn(hour, counts.requests, &mut self.prior);
        self.hours_watched = self.hours_watched.saturating_add(1);
        if counts.requests == 0 {
            return;
        }
        let (requests, errors) = (counts.requests, counts.errors());
        self.rows.push_back(HourSeen { hour, requests, errors, low, high, active_keys });
        if ROWS_MAX < self.rows.len() {
            self.rows.pop_front();
        }
    }

    pub(super) fn rows(&self) -> Vec<HourRow> {
        let row = |seen: &HourSeen| HourRow {
            hour: seen.hour,
            requests: seen.requests,
            errors: seen.errors,
            expected_low: seen.low,
            expected_high: seen.high,
            active_keys: seen.active_keys,
        };
        self.rows.iter().map(row).collect()
    }

    /// Two standard deviations to either side.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a float's cast saturates"
    )]
    fn band(&self, hour: Hour) -> (u32, u32) {
        let expected = self.habit.expected(hour, &self.prior);
        let spread =
            2.0 * (expected.mean + expected.dispersion * expected.mean * expected.mean).sqrt();
        ((expected.mean - spread).max(0.0) as u32, (expected.mean + spread) as u32)
    }
}
