//! What the keys of a role do together, and what everyone does, five minutes by five minutes: each
//! total is a series of its own.

use serde::{Deserialize, Serialize};

use super::{Action, Engine};
use crate::baseline::Series;
use crate::detect::{Total, TrafficShift};
use crate::model::{Class, Entity, Finding, Millis, Severity, Slot, Timestamp};
use crate::profile::Counts;

/// Of one role, or of everyone.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Flow {
    open: Counts,
    /// In the order of [`Total::ALL`]; none before the first request.
    series: Vec<Series>,
    /// Stretches of five minutes that were learned from.
    learned: u32,
}

/// Something that never was.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Shift {
    pub(super) total: Total,
    rarity: f64,
    pub(super) seen: f64,
    pub(super) usual: f64,
}

/// What waits for whether people are told of its cause meanwhile.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct HeldShift {
    /// Empty for everyone.
    role: String,
    shift: Shift,
    end: Timestamp,
}

const KIND: &str = "traffic_shift";
const STRETCH: Millis = Millis::seconds(300);
const STRETCHES_A_DAY: u32 = 288;
/// After a longer gap the time between is taken as not watched at all.
const STRETCHES_MAX: i64 = 15 * 288;

impl Engine {
    /// Ends every stretch of five minutes before `to`.
    pub(super) fn roll_flows(&mut self, to: Slot, actions: &mut Vec<Action>) {
        let to = to.start().0.div_euclid(STRETCH.0);
        let known = self.fleet.stretch;
        self.fleet.stretch = Some(to.max(known.unwrap_or(to)));
        let Some(open) = known else { return };
        for stretch in open.max(to - STRETCHES_MAX)..to {
            self.close_flows(Timestamp((stretch + 1) * STRETCH.0), actions);
        }
    }

    fn close_flows(&mut self, end: Timestamp, actions: &mut Vec<Action>) {
        let mut found: Vec<(String, Shift)> = Vec::new();
        let detector = &self.settings.detectors.traffic_shift;
        found.extend(self.fleet.flow.close(end, detector).map(|shift| (String::new(), shift)));
        self.roles.for_each_mut(|name, role| {
            // Keys without a role are everyone.
            if !name.is_empty() {
                found.extend(role.flow.close(end, detector).map(|shift| (name.to_owned(), shift)));
            }
        });
        if let Some(held) = self.fleet.held.take() {
            self.tell_shift(&held, end, actions);
        }
        let rarest = found.into_iter().max_by(|(_, a), (_, b)| a.rarity.total_cmp(&b.rarity));
        let Some((role, shift)) = rarest else { return };
        if self.worth_telling(&shift).is_some() && !self.accounts_for((&role, &shift), end) {
            self.fleet.held = Some(HeldShift { role, shift, end });
        }
    }

    fn worth_telling(&self, shift: &Shift) -> Option<f64> {
        let score = self.settings.detectors.traffic_shift.score(shift.rarity);
        let score = self.settings.kinds.weigh(KIND, score)?;
        (self.budget.theta <= score).then_some(score)
    }

    /// Five minutes later, unless it turned out meanwhile whose doing it is.
    fn tell_shift(&mut self, held: &HeldShift, now: Timestamp, actions: &mut Vec<Action>) {
        let HeldShift { role, shift, end } = held;
        if self.accounts_for((role, shift), now) {
            return;
        }
        let Some(score) = self.worth_telling(shift) else { return };
        let finding = Finding {
            kind: KIND.to_owned(),
            class: Class::Statistical,
            severity: Severity::Medium,
            entity: Entity::Fleet,
            at: now.plus(self.settings.patience),
            since: end.back(STRETCH),
            because: TrafficShift::because(shift.total, (role, *end), (shift.seen, shift.usual)),
            score,
            address: None,
            keys: Vec::new(),
        };
        self.raise(&finding, (None, None), actions);
    }
}

impl Flow {
    pub(super) fn add(&mut self, counts: &Counts) {
        self.open.add(counts);
    }

    /// The stretch is over: learns from it, and says what was rarest about it.
    fn close(&mut self, end: Timestamp, detector: &TrafficShift) -> Option<Shift> {
        let counts = std::mem::take(&mut self.open);
        if self.series.is_empty() {
            if counts.requests == 0 {
                return None;
            }
            self.series = Total::ALL.map(|_| Series::default()).into();
        }
        let at = end.back(STRETCH);
        let mut rarest: Option<Shift> = None;
        for (total, series) in Total::ALL.into_iter().zip(&mut self.series) {
            let seen = amount(total, &counts);
            let usual = series.usual(at).exp_m1().max(0.0);
            // Totals grow and shrink by factors.
            let rarity = series.step(at, seen.ln_1p());
            let applies = detector.applies(total, (seen, usual));
            if applies && rarest.as_ref().is_none_or(|known| known.rarity < rarity) {
                rarest = Some(Shift { total, rarity, seen, usual });
            }
        }
        self.learned = self.learned.saturating_add(1);
        let is_old = detector.days_min.saturating_mul(STRETCHES_A_DAY) <= self.learned;
        rarest.filter(|_| is_old)
    }
}

#[expect(clippy::cast_precision_loss, reason = "a logarithm needs no more")]
pub(super) fn amount(total: Total, counts: &Counts) -> f64 {
    match total {
        Total::Requests => f64::from(counts.requests),
        Total::Errors => f64::from(counts.errors()),
        Total::Bytes => counts.bytes as f64,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Rarities of two weeks in which every five minutes bring about a hundred requests; `change`
    /// says what one stretch brought.
    fn rarities(change: impl Fn(i64, u32) -> u32) -> Vec<(i64, f64)> {
        let (mut flow, detector) = (Flow::default(), TrafficShift::default());
        let mut noise = 12_345u64;
        let mut found = Vec::new();
        for stretch in 0..14 * 288i64 {
            noise = noise.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            let requests = change(stretch, 90 + u32::try_from(noise >> 60).unwrap());
            flow.add(&Counts { requests, bytes: u64::from(requests) * 900, ..Counts::default() });
            let shift = flow.close(Timestamp((stretch + 1) * STRETCH.0), &detector);
            found.extend(shift.map(|shift| (stretch, shift.rarity)));
        }
        found
    }

    #[test]
    fn a_role_that_stops_is_rarer_than_anything_before() {
        let stopped = |stretch, usual| if 3800 <= stretch { 0 } else { usual };
        let found = rarities(stopped);
        let before =
            found.iter().filter(|(at, _)| *at < 3800).map(|(_, it)| *it).fold(0., f64::max);
        let then = found.iter().filter(|(at, _)| (3800..3812).contains(at)).map(|(_, it)| *it);
        let then = then.fold(0., f64::max);
        assert!(before + 1.0 < then, "{before} {then}");
        let first = found.first().map(|(at, _)| *at);
        assert_eq!(first, Some(8 * 288 - 1), "nothing is said in the first days");
    }
}
