//! The open hour of a key against its limits; what crosses one is scored.

use super::key::{Key, Limits};
use super::role::Role;
use super::suspicion::Suspicion;
use super::{Part, Settings};
use crate::baseline::Amount;
use crate::detect::{
    Failures, LargeAnswers, Metric, ObjectEnumeration, OddHours, Panel, SharedKey, TokenBurn,
    VolumeSpike,
};
use crate::model::{Hour, Timestamp};
use crate::profile::{Crowd, Failure, Trail};

/// A key that is still finding its use is less unusual when it does more.
const YOUNG_HOURS: u32 = 96;
const YOUNG_SHARE: f64 = 0.6;
/// Addresses are counted over so many hours.
pub(super) const CROWD_HOURS: i64 = 6;

/// When it is judged: the open hour, and the moment.
type When = (Hour, Timestamp);

impl Key {
    pub(super) fn set_limits(&mut self, hour: Hour, role: &Role, settings: &Settings) {
        let Some(learned) = self.learned.as_ref() else { return };
        let panel = &settings.detectors;
        let expected = settings.of_weeks(learned.habit.expected(hour, &role.habit));
        let known = if settings.has(Part::Familiarity) { self.known_volume(hour) } else { 0 };
        let hours = learned.habit.hours;
        let failures = Failure::ALL.map(|failure| panel.failures.limit(hours, failure));
        self.limits = Limits {
            hour: Some(hour),
            expected,
            volume: panel.volume_spike.limit(hours, &expected).max(known),
            failures,
            size: learned.size.limit(&role.size),
            tokens: learned.tokens.limit(&role.tokens),
            cost: learned.cost.limit(&role.cost),
            neighbours: panel.object_enumeration.limit(hours),
            addresses: Crowd::bits_of(panel.shared_key.limit(&learned.addresses)),
            objects: Trail::bits_of(panel.object_enumeration.objects_limit(hours)),
            odd: panel.odd_hours.limit(hours, &expected),
            scored: Vec::new(),
        };
    }

    /// Compares the open hour with its limits; what crosses one is scored.
    pub(super) fn judge_hour(&mut self, role: &Role, panel: &Panel, of: When) -> Vec<Suspicion> {
        let mut out = Vec::new();
        let (requests, hours) =
            (self.hour.requests, self.learned.as_ref().map_or(0, |it| it.habit.hours));
        if self.limits.volume <= requests {
            out.push(self.volume_suspicion(of));
        }
        if self.limits.odd <= requests {
            out.push(self.odd_suspicion(of));
        }
        let is_over = |limit: u64, seen: u64| limit.saturating_mul(u64::from(requests)) < seen;
        let is_large = panel.large_answers.bytes_min <= self.hour.bytes;
        let sizes = [
            (Amount::Bytes, is_large && is_over(self.limits.size, self.hour.bytes)),
            (Amount::Tokens, is_over(self.limits.tokens, self.hour.tokens)),
            (Amount::Cost, is_over(self.limits.cost, self.hour.cost)),
        ];
        if panel.large_answers.applies(hours, requests) {
            for (amount, _) in sizes.into_iter().filter(|(_, is_over)| *is_over) {
                out.extend(self.size_suspicion(amount, role, of));
            }
        }
        let is_tried = !panel.object_enumeration.applies(hours);
        if self.limits.neighbours <= self.hour.neighbours {
            out.extend(self.walk_suspicion(is_tried, role, of));
        }
        if self.limits.addresses <= self.crowd.bits() {
            out.extend(self.crowd_suspicion(of));
        }
        if self.limits.objects <= self.trail.bits() {
            let factor_min = panel.object_enumeration.factor_min;
            out.extend(self.objects_suspicion((is_tried, factor_min), role, of));
        }
        for failure in Failure::ALL {
            let limit = self.limits.failures.get(failure as usize).copied().unwrap_or(u32::MAX);
            if limit <= self.hour.of(failure) {
                out.extend(self.failure_suspicion(failure, role, of));
            }
        }
        out
    }

    fn suspicion(&self, metric: Metric, (raw, because): (f64, String), of: When) -> Suspicion {
        let (hour, at) = of;
        Suspicion {
            key: self.index,
            metric,
            raw,
            at,
            since: hour.start(),
            because,
            address: None,
            is_tried: false,
        }
    }

    /// The limit moves on, so that one hour is scored a few times and not in each slot.
    fn volume_suspicion(&mut self, of: When) -> Suspicion {
        let seen = self.hour.requests;
        let expected = self.limits.expected;
        self.limits.volume = seen.saturating_add(seen / 8 + 1);
        let habit = self.learned.as_ref().map(|learned| &learned.habit);
        let (most, hours) = habit.map_or((0, 0), |habit| (habit.most, habit.hours));
        let young = if hours < YOUNG_HOURS { YOUNG_SHARE } else { 1.0 };
        let raw = young * VolumeSpike::score((seen, most), &expected);
        let because = VolumeSpike::because(seen, most, (of.0, &expected));
        self.suspicion(Metric::Volume, (raw, because), of)
    }

    fn odd_suspicion(&mut self, of: When) -> Suspicion {
        let seen = self.hour.requests;
        let expected = self.limits.expected;
        self.limits.odd = seen.saturating_add(seen / 4 + 1);
        let raw = OddHours::score(seen, &expected);
        let because = OddHours::because(seen, (of.0, &expected));
        self.suspicion(Metric::OddHours, (raw, because), of)
    }

    fn size_suspicion(&mut self, amount: Amount, role: &Role, of: When) -> Option<Suspicion> {
        let size = *self.learned.as_ref()?.size(amount);
        let seen = amount.of(&self.hour) / u64::from(self.hour.requests.max(1));
        let (limit, metric) = match amount {
            Amount::Bytes => (&mut self.limits.size, Metric::Size),
            Amount::Tokens => (&mut self.limits.tokens, Metric::Tokens),
            Amount::Cost => (&mut self.limits.cost, Metric::Cost),
            Amount::Objects => return None,
        };
        *limit = seen.saturating_add(seen / 8 + 1);
        let raw = size.score(amount, &self.hour, role.size(amount));
        let usual = size.usual((amount, self.hour.requests), role.size(amount));
        let because = match amount {
            Amount::Bytes | Amount::Objects => LargeAnswers::because(&self.hour, of.0, usual),
            Amount::Tokens | Amount::Cost => TokenBurn::because((amount, &self.hour), of.0, usual),
        };
        Some(self.suspicion(metric, (raw, because), of))
    }

    fn walk_suspicion(&mut self, is_tried: bool, role: &Role, of: When) -> Option<Suspicion> {
        let seen = (self.hour.neighbours, self.hour.requests);
        self.limits.neighbours = seen.0.saturating_add(seen.0 / 5 + 1);
        let ratio = self.learned.as_ref()?.enumeration;
        let raw = ratio.score(seen, &role.enumeration);
        if !is_rare(raw) {
            return None;
        }
        let because = ObjectEnumeration::because(seen, (of.0, ratio.share(&role.enumeration)));
        let walk = self.suspicion(Metric::Enumeration, (raw, because), of);
        Some(Suspicion { is_tried, ..walk })
    }

    fn objects_suspicion(
        &mut self,
        (is_tried, factor_min): (bool, f64),
        role: &Role,
        of: When,
    ) -> Option<Suspicion> {
        let bits = self.trail.bits();
        self.limits.objects = bits.saturating_add(bits / 8 + 1);
        self.hour.objects = self.trail.distinct().min(self.hour.requests);
        let objects = self.learned.as_ref()?.objects;
        let raw = objects.score(Amount::Objects, &self.hour, &role.objects);
        let usual = objects.usual((Amount::Objects, self.hour.requests), &role.objects);
        let is_many = factor_min * usual <= f64::from(self.hour.objects);
        if !is_many || !is_rare(raw) {
            return None;
        }
        let seen = (self.hour.objects, self.hour.requests);
        let because = ObjectEnumeration::because_many(seen, (of.0, usual));
        let many = self.suspicion(Metric::Objects, (raw, because), of);
        Some(Suspicion { is_tried, ..many })
    }

    /// When six hours are over they are learned, unless people are told of the key.
    pub(super) fn close_crowd(&mut self, hour: Hour, is_suspect: bool) {
        if hour.next().0.rem_euclid(CROWD_HOURS) != 0 {
            return;
        }
        let addresses = std::mem::take(&mut self.crowd).addresses();
        if let Some(learned) = self.learned.as_mut().filter(|_| addresses != 0 && !is_suspect) {
            learned.addresses.learn(u64::from(addresses));
        }
    }

    fn crowd_suspicion(&mut self, of: When) -> Option<Suspicion> {
        let seen = self.crowd.addresses();
        self.limits.addresses = self.crowd.bits() + self.crowd.bits() / 5 + 1;
        let usual = &self.learned.as_ref()?.addresses;
        let raw = SharedKey::score(seen, usual);
        if !is_rare(raw) {
            return None;
        }
        let because = SharedKey::because(seen, usual.mean());
        Some(self.suspicion(Metric::Addresses, (raw, because), of))
    }

    fn failure_suspicion(&mut self, failure: Failure, role: &Role, of: When) -> Option<Suspicion> {
        let seen = (self.hour.of(failure), self.hour.requests);
        if let Some(limit) = self.limits.failures.get_mut(failure as usize) {
            *limit = seen.0.saturating_add(seen.0 / 5 + 1);
        }
        let ratio = self.learned.as_ref()?.ratio(failure);
        let role_ratio = role.ratio(failure);
        let raw = ratio.score(seen, &role_ratio);
        if !is_rare(raw) {
            return None;
        }
        let because = Failures::because(failure, seen, (of.0, ratio.share(&role_ratio)));
        Some(self.suspicion(Metric::Failure(failure), (raw, because), of))
    }
}

/// What is not is not put into words, either: that takes longer than to judge it.
const fn is_rare(raw: f64) -> bool {
    1.0 < raw
}
