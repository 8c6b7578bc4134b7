//! One key did something unusual: what that is worth, together with what else it did in
//! the last six hours, and whether it is the key's own doing at all.

use super::key::{Key, Signal};
use super::{Action, Engine};
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
}

/// Less is not worth remembering.
const SCORE_MIN: f64 = 2.0;
/// So far under the threshold an incident is still kept, so that the curve can be drawn.
const BELOW: f64 = 3.5;
/// So much more of the same is told again.
const NEWS_MIN: f64 = 0.75;
const NEXT_SHARE: f64 = 0.5;
const NEXT_MAX: usize = 3;

impl Engine {
    pub(super) fn suspect(&mut self, suspicion: Suspicion, actions: &mut Vec<Action>) {
        let Some(key) = self.keys.get_mut(suspicion.key) else { return };
        let raw = key.beyond_usual(suspicion.metric, suspicion.raw);
        key.note_score(suspicion.metric, raw);
        let role = self.roles.get(&key.role);
        let score = role.map_or(0.0, |role| role.calibrated(suspicion.metric, raw));
        let Some(score) = self.settings.kinds.weigh(suspicion.metric.kind(), score) else {
            self.totals.turned_off += u64::from(self.budget.theta <= score);
            return;
        };
        if score < SCORE_MIN {
            return;
        }
        let (metric, at) = (suspicion.metric, suspicion.at);
        self.causes.note(metric, suspicion.key, at);
        let index = suspicion.key;
        key.remember(suspicion, score);
        let combined = combined_score(&key.signals);
        key.window_score = key.window_score.max(combined);
        if combined < self.budget.theta - BELOW {
            return;
        }
        if self.is_shared(metric, at) {
            self.raise_shared(metric, index, actions);
            return;
        }
        self.raise_signals((index, combined), at, actions);
    }

    fn is_shared(&self, metric: Metric, at: Timestamp) -> bool {
        let keys = self.causes.keys(metric, at);
        self.settings.detectors.shared_cause.is_shared(keys, self.causes.active)
    }

    /// Tells everything that the key is suspected of and that was not told yet.
    fn raise_signals(&mut self, of: (u32, f64), at: Timestamp, actions: &mut Vec<Action>) {
        let (index, combined) = of;
        let Some(key) = self.keys.get_mut(index) else { return };
        let entity = Entity::Key(key.id.clone());
        let untold: Vec<Signal> =
            key.signals.iter().filter(|signal| !signal.is_told).cloned().collect();
        let is_shown = self.budget.theta <= combined;
        if is_shown {
            // What is told is not what is usual.
            key.wildest.iter_mut().for_each(|(_, _, today)| *today = 0.0);
        }
        for signal in &mut key.signals {
            signal.is_told = true;
            signal.shown = if is_shown { signal.score } else { signal.shown };
        }
        if is_shown
            && untold.iter().any(|signal| signal.metric == Metric::Silence)
            && let Some(learned) = key.learned.as_mut()
        {
            learned.silence.is_shown = true;
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
    }
}

impl Key {
    /// One signal for each metric: the strongest.
    fn remember(&mut self, suspicion: Suspicion, score: f64) {
        let Suspicion { metric, at, since, because, address, .. } = suspicion;
        let new = Signal { metric, score, at, since, because, address, is_told: false, shown: 0.0 };
        match self.signals.iter_mut().find(|signal| signal.metric == metric) {
            Some(known) if known.score < score => {
                let is_told = known.is_told && score < known.shown + NEWS_MIN;
                *known = Signal { is_told, shown: known.shown, ..new };
            }
            Some(known) => known.at = known.at.max(at),
            None => self.signals.push(new),
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
fn combined_score(signals: &[Signal]) -> f64 {
    let mut ranked: Vec<(f64, u8)> =
        signals.iter().map(|signal| (signal.score, signal.metric.family())).collect();
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
        Signal { metric, score, at, since: at, because, address: None, is_told: false, shown: 0.0 }
    }

    #[test]
    fn other_families_add_half_of_their_score() {
        let check = |signals: &[Signal], expected: f64| {
            assert!((combined_score(signals) - expected).abs() < 1e-9);
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
