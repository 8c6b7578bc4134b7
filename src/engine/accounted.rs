//! What people are told of already, as far as it accounts for what everyone does together: one
//! cause is one incident.

use super::Engine;
use super::flows::{Shift, amount};
use super::key::Key;
use crate::detect::{Metric, Total};
use crate::model::{Millis, Timestamp};
use crate::profile::Source;

/// Who did so much of a change is its cause.
const SHARE_MIN: f64 = 0.5;
/// An address that was told of is at it for so long.
const AT_IT: Millis = Millis::hours(1);
/// Five minutes of an hour.
const STRETCHES_AN_HOUR: f64 = 12.0;

impl Engine {
    /// Whether people were told of those who make up most of the change, in a role or, where its
    /// name is empty, in all.
    pub(super) fn accounts_for(&self, (role, shift): (&str, &Shift), at: Timestamp) -> bool {
        let change = shift.seen - shift.usual;
        let is_cause_known = self.causes.is_told(|metric| may_cause(metric, shift.total), at);
        let is_crowd_known = role.is_empty() && 0.0 < change && self.is_crowd_told(at);
        if is_cause_known || is_crowd_known {
            return true;
        }
        let known = if change < 0.0 {
            self.missing_of_silent(role)
        } else {
            self.done_by_suspects(role, shift.total)
                + if role.is_empty() { self.refused_to_told(shift.total, at) } else { 0.0 }
        };
        SHARE_MIN * change.abs() <= known
    }

    /// Many at once who have no key that works.
    fn is_crowd_told(&self, at: Timestamp) -> bool {
        self.strangers.is_told(at) || self.guessers.is_told(at) || self.forms.is_told(at)
    }

    fn done_by_suspects(&self, role: &str, total: Total) -> f64 {
        let active = self.keys_of(role).filter(|key| key.hour.requests != 0);
        let suspects = active.filter(|key| self.is_suspect(&key.id));
        suspects.map(|key| amount(total, &key.hour)).sum()
    }

    fn refused_to_told(&self, total: Total, at: Timestamp) -> f64 {
        let is_told = |source: &&Source| {
            source.raised.is_some_and(|(told, ..)| at.since(told).0 < AT_IT.0)
                && at.since(source.last).0 < AT_IT.0
        };
        let refusals = self.sources.values().filter(is_told).map(Source::refusals);
        match total {
            Total::Requests | Total::Errors => refusals.map(f64::from).sum(),
            Total::Bytes => 0.0,
        }
    }

    fn missing_of_silent(&self, role: &str) -> f64 {
        let learned = self.keys_of(role).filter_map(|key| {
            let prior = &self.roles.get(&key.role)?.habit;
            key.learned.as_ref().filter(|it| it.silence.is_shown).map(|it| it.habit.level(prior))
        });
        learned.sum::<f64>() / STRETCHES_AN_HOUR
    }

    fn keys_of(&self, role: &str) -> impl Iterator<Item = &Key> {
        self.keys.iter().filter(move |key| role.is_empty() || key.role == role)
    }
}

/// Whether a total changes where many keys show this at once.
const fn may_cause(metric: Metric, total: Total) -> bool {
    match metric {
        Metric::Volume => true,
        Metric::Silence => matches!(total, Total::Requests | Total::Bytes),
        Metric::Failure(_) => matches!(total, Total::Requests | Total::Errors),
        Metric::Size => matches!(total, Total::Bytes),
        Metric::Enumeration
        | Metric::Objects
        | Metric::Tokens
        | Metric::Cost
        | Metric::Addresses
        | Metric::New(_)
        | Metric::Drift(_)
        | Metric::OddHours => false,
    }
}
