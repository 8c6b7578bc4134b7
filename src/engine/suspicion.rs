//! One key did something unusual: what that is worth, together with what else it did in
//! the last six hours, and whether it is the key's own doing at all.

use super::key::{Key, Signal};
use super::{Action, Engine, Part};
use crate::baseline::PEAK_MIN;
use crate::detect::{Metric, SharedCause};
use crate::model::{Class, Entity, Finding, Severity, Timestamp};

#[derive(Clone, Debug, PartialEq)]
pub(super) struct Suspicion {
    pub(super) key: u32,
    pub(super) metric: Metric,
    /// Before calibration.
    pub(super) raw: f64,
    pub(super) at: Timestamp,
    pub(super) since: Timestamp,
    pub(super) because: String,
    pub(super) address: Option<String>,
    /// Scored only to know what scores are usual.
    pub(super) is_tried: bool,
}

/// Less is not worth remembering.
const SCORE_MIN: f64 = PEAK_MIN;
/// So far under the threshold an incident is still kept, so that the curve can be drawn.
const BELOW: f64 = 3.5;
/// So much more of the same is told again.
const NEWS_MIN: f64 = 0.75;
/// So far over the threshold a key stands out even of what many show.
const APART: f64 = 3.0;
const NEXT_SHARE: f64 = 0.5;
const NEXT_MAX: usize = 3;

impl Engine {
    pub(super) fn suspect(&mut self, suspicion: Suspicion, actions: &mut Vec<Action>) {
        let Some(key) = self.keys.get_mut(suspicion.key) else { return };
        let raw = if self.settings.has(Part::Familiarity) {
            key.beyond_usual(suspicion.metric, suspicion.raw)
        } else {
            suspicion.raw
        };
        key.note_score(suspicion.metric, raw);
        let role = self.roles.get(&key.role);
        let score = if self.settings.has(Part::Calibration) {
            role.map_or(0.0, |role| role.calibrated(suspicion.metric, raw))
        } else {
            raw.min(suspicion.metric.score_max())
        };
        let Some(score) = self.settings.kinds.weigh(suspicion.metric.kind(), score) else {
            self.totals.turned_off += u64::from(self.budget.theta <= score);
            return;
        };
        if score < SCORE_MIN || suspicion.is_tried {
            return;
        }
        let (metric, at, index) = (suspicion.metric, suspicion.at, suspicion.key);
        self.causes.note(metric, index, (at, score));
        key.remember(suspicion, score);
        self.weigh((index, metric), at, actions);
    }

    /// Those that waited for what others would do have waited long enough.
    pub(super) fn release_held(&mut self, at: Timestamp, actions: &mut Vec<Action>) {
        let mut due = self.causes.take_held(at);
        due.sort_by(|(a, _), (b, _)| self.id_of(*a).cmp(self.id_of(*b)));
        for (index, metric) in due {
            self.weigh((index, metric), at, actions);
        }
    }

    /// What all that the key is suspected of comes to, now that it showed `metric`.
    fn weigh(&mut self, (index, metric): (u32, Metric), at: Timestamp, actions: &mut Vec<Action>) {
        let is_shared = self.is_shared(metric, index, at);
        let is_open = self.is_suspect(self.id_of(index));
        let Some(key) = self.keys.get_mut(index) else { return };
        if is_shared {
            key.share(metric);
        }
        // What people were shown before, in an incident that is over, is not told again.
        let counts = |signal: &&Signal| !signal.is_shared && (is_open || signal.shown <= 0.0);
        let own = combined_score(key.signals.iter().filter(counts));
        let all = combined_score(key.signals.iter());
        key.window_score = key.window_score.max(own);
        let least = self.budget.theta - BELOW;
        if is_shared && least <= all {
            self.raise_shared(metric, index, actions);
        }
        if own < least || self.causes.holds(metric, index, at) {
            return;
        }
        self.raise_signals((index, own), at, actions);
    }

    /// Whether so many keys show it that it is not this key's own doing.
    fn is_shared(&mut self, metric: Metric, index: u32, at: Timestamp) -> bool {
        let (detector, active) = (&self.settings.detectors.shared_cause, self.causes.active);
        // Three keys that fall silent together have one reason: a holiday, a lost line.
        let crowd = self.causes.crowd(metric, at) + usize::from(metric == Metric::Silence);
        let can_be = metric.is_of_use() || metric == Metric::Silence;
        let is_crowd = can_be && detector.is_crowd(crowd, active);
        if is_crowd || detector.is_shared(self.causes.keys(metric, at), active) {
            self.causes.open(metric, at);
            return true;
        }
        let of_metric = |signal: &&Signal| signal.metric == metric;
        let signal = self.keys.get(index).and_then(|key| key.signals.iter().find(of_metric));
        let is_common = signal.is_none_or(|signal| signal.score < self.budget.theta + APART);
        is_common && self.causes.is_open(metric, at)
    }

    /// Tells everything that the key is suspected of and that was not told yet.
    fn raise_signals(&mut self, of: (u32, f64), at: Timestamp, actions: &mut Vec<Action>) {
        let (index, combined) = of;
        let Some(key) = self.keys.get_mut(index) else { return };
        let entity = Entity::Key(key.id.to_string());
        let is_untold = |signal: &&Signal| !signal.is_told && !signal.is_shared;
        let untold: Vec<Signal> = key.signals.iter().filter(is_untold).cloned().collect();
        let is_shown = self.budget.theta <= combined;
        for signal in key.signals.iter_mut().filter(|signal| !signal.is_shared) {
            signal.is_told = true;
            signal.shown = if is_shown { signal.score } else { signal.shown };
        }
        if is_shown
            && untold.iter().any(|signal| signal.metric == Metric::Silence)
            && let Some(learned) = key.learned.as_mut()
        {
            learned.silence.is_shown = true;
        }
        if is_shown && untold.iter().any(|signal| signal.metric == Metric::Volume) {
            let known = key.known_volume(at.hour());
            key.told_volume = key.limits.hour.map(|hour| (hour, key.hour.requests.max(known)));
        }
        for signal in untold.iter().filter(|_| is_shown) {
            if let (Metric::Drift(daily), Some(learned)) = (signal.metric, key.learned.as_mut()) {
                learned.drift.tell(daily);
            }
        }
        for signal in untold {
            let finding = finding_of(&signal, (entity.clone(), at));
            self.raise(&finding, (Some(index), Some(combined)), actions);
        }
    }

    fn raise_shared(&mut self, metric: Metric, index: u32, actions: &mut Vec<Action>) {
        let Some(key) = self.keys.get(index) else { return };
        let Some(signal) = key.signals.iter().find(|signal| signal.metric == metric).cloned()
        else {
            return;
        };
        if !self.causes.tell(metric, signal.at) {
            return;
        }
        let members = self.causes.members(metric, signal.at);
        let keys = self.causes.keys(metric, signal.at);
        let because = SharedCause::because(keys, self.causes.active, &signal.because);
        let finding = Finding {
            kind: metric.fleet_kind().to_owned(),
            entity: Entity::Fleet,
            because,
            address: None,
            score: self.budget.theta.max(signal.score),
            severity: Severity::Medium,
            ..finding_of(&signal, (Entity::Fleet, signal.at))
        };
        self.raise(&finding, (None, None), actions);
        let mut ids: Vec<String> = members.iter().map(|key| self.id_of(*key).to_owned()).collect();
        ids.sort_unstable();
        for id in ids {
            let changes = self.incidents.give_to(&Entity::Key(id), &Entity::Fleet, metric.kind());
            self.tell(changes, actions);
        }
    }
}

impl Key {
    /// One signal for each metric: the strongest.
    fn remember(&mut self, suspicion: Suspicion, score: f64) {
        let Suspicion { metric, at, since, because, address, .. } = suspicion;
        let (is_told, is_shared, shown) = (false, false, 0.0);
        let new = Signal { metric, score, at, since, because, address, is_told, is_shared, shown };
        match self.signals.iter_mut().find(|signal| signal.metric == metric) {
            Some(known) if known.score < score => {
                let is_told = known.is_told && score < known.shown + NEWS_MIN;
                *known = Signal { is_told, is_shared: known.is_shared, shown: known.shown, ..new };
            }
            Some(known) => known.at = known.at.max(at),
            None => self.signals.push(new),
        }
    }

    /// It is everyone's, and counts no more against this key.
    fn share(&mut self, metric: Metric) {
        for signal in self.signals.iter_mut().filter(|signal| signal.metric == metric) {
            signal.is_shared = true;
        }
    }
}

fn finding_of(signal: &Signal, (entity, at): (Entity, Timestamp)) -> Finding {
    Finding {
        kind: signal.metric.kind().to_owned(),
        class: Class::Statistical,
        severity: signal.metric.severity(),
        entity,
        at,
        since: signal.since,
        because: signal.because.clone(),
        score: signal.score,
        address: signal.address.clone(),
        keys: Vec::new(),
    }
}

/// The largest, plus half of the next three of other families: bounded, and it explains
/// itself.
fn combined_score<'a>(signals: impl Iterator<Item = &'a Signal>) -> f64 {
    let mut ranked: Vec<(f64, u8)> =
        signals.map(|signal| (signal.score, signal.metric.family())).collect();
    ranked.sort_by(|(a, of_a), (b, of_b)| b.total_cmp(a).then(of_a.cmp(of_b)));
    let mut families = Vec::new();
    let mut sum = 0.0;
    for (score, family) in ranked {
        if families.contains(&family) || NEXT_MAX < families.len() {
            continue;
        }
        sum += if families.is_empty() { score } else { NEXT_SHARE * score };
        families.push(family);
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::profile::{Facet, Failure};

    fn signal(metric: Metric, score: f64) -> Signal {
        let at = Timestamp::default();
        let because = String::new();
        let (is_told, is_shared, shown, address) = (false, false, 0.0, None);
        Signal { metric, score, at, since: at, because, address, is_told, is_shared, shown }
    }

    #[test]
    fn other_families_add_half_of_their_score() {
        let check = |signals: &[Signal], expected: f64| {
            assert!((combined_score(signals.iter()) - expected).abs() < 1e-9);
        };
        check(&[], 0.0);
        let network = signal(Metric::New(Facet::Network), 4.0);
        let client = signal(Metric::New(Facet::Client), 3.0);
        check(&[network.clone(), client.clone()], 5.5);
        let refused = signal(Metric::Failure(Failure::Forbidden), 2.0);
        let also_refused = signal(Metric::Failure(Failure::Unauthorized), 5.0);
        check(&[network, client, refused, also_refused], 8.5);
    }
}
