//! One role: the habit of all its keys together, what they use, and what their scores
//! turned out to mean.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::flows::Flow;
use crate::baseline::{Amount, Calibration, Ratio, RoleHabit, Size};
use crate::detect::Metric;
use crate::model::{Day, Hour};
use crate::profile::{Facet, Failure};

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Role {
    pub(super) habit: RoleHabit,
    pub(super) ratios: [Ratio; 5],
    pub(super) size: Size,
    pub(super) tokens: Size,
    pub(super) cost: Size,
    pub(super) objects: Size,
    pub(super) enumeration: Ratio,
    /// What its keys do together.
    pub(super) flow: Flow,
    /// How many of its keys use a value.
    users: BTreeMap<(Facet, u64), Users>,
    calibrations: BTreeMap<Metric, Calibration>,
    /// Keys with a profile.
    pub(super) keys: u32,
}

/// How many keys use a value, and when they began.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Users {
    pub(super) keys: u32,
    pub(super) first: Hour,
    /// When the two keys that came last began.
    pub(super) latest: [Hour; 2],
}

/// Values remembered; further ones count as used by nobody.
const VALUES_MAX: usize = 4096;
const LONG_AGO: Hour = Hour(-1 << 40);

impl Role {
    pub(super) fn ratio(&self, failure: Failure) -> Ratio {
        self.ratios.get(failure as usize).copied().unwrap_or_default()
    }

    pub(super) const fn size(&self, amount: Amount) -> &Size {
        match amount {
            Amount::Bytes => &self.size,
            Amount::Tokens => &self.tokens,
            Amount::Cost => &self.cost,
            Amount::Objects => &self.objects,
        }
    }

    pub(super) fn users(&self, facet: Facet, value: u64) -> Option<Users> {
        self.users.get(&(facet, value)).copied()
    }

    /// One more key uses the value.
    pub(super) fn add_user(&mut self, facet: Facet, value: u64, hour: Hour) {
        if self.users.len() < VALUES_MAX || self.users.contains_key(&(facet, value)) {
            let fresh = Users { keys: 0, first: hour, latest: [LONG_AGO; 2] };
            let users = self.users.entry((facet, value)).or_insert(fresh);
            users.keys += 1;
            let [_, last] = users.latest;
            users.latest = [last, hour];
        }
    }

    pub(super) fn calibrated(&self, metric: Metric, raw: f64) -> f64 {
        if metric.is_daily() {
            return raw;
        }
        let known = self.calibrations.get(&metric);
        let score = known
            .map_or_else(|| Calibration::default().calibrated(raw), |known| known.calibrated(raw));
        (score * metric.worth()).min(metric.score_max())
    }

    pub(super) fn observe(&mut self, metric: Metric, day: Day, raw: f64) {
        self.calibrations.entry(metric).or_default().observe(day, raw);
    }

    /// As [`Role::observe`], so many times that there was nothing.
    pub(super) fn observe_nothing(&mut self, metric: Metric, day: Day, times: u32) {
        self.calibrations.entry(metric).or_default().observe_times(day, 0.0, times);
    }

    pub(super) fn refit(&mut self) {
        self.calibrations.values_mut().for_each(Calibration::refit);
    }
}
