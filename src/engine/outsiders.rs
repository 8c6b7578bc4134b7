//! Those without a key, or with one that does not work: addresses that are refused, crowds
//! at a form, keys that nobody knows.

use super::key::Key;
use super::{Action, Engine};
use crate::detect::Verdict;
use crate::incident::Incident;
use crate::model::{Class, Entity, Finding, Millis, Severity, Slot, Timestamp};
use crate::profile::{Form, Sample, SourceUse, Visit, hash_of};

/// What stays as bad as it is is told again after this long.
const AGAIN: Millis = Millis::hours(1);
/// So many addresses more that are refused as often are one somebody with many addresses.
const ALIKE_MIN: usize = 4;
/// One cause is told of once in so long.
const CROWD_AGAIN: Millis = Millis::hours(6);
/// An address that was refused with so many keys is who brings the unknown ones.
const SWEEP_KEYS_MIN: usize = 20;

impl Engine {
    /// Adds a slot's refusals to what is known of each address.
    pub(super) fn note_sources(
        &mut self,
        slot: Slot,
        sources: &mut [SourceUse],
        actions: &mut Vec<Action>,
    ) {
        for used in sources {
            if used.unauthorized != 0 {
                let hash = hash_of(&used.address);
                for &index in &used.keys {
                    self.judge_refused_key(slot, (index, hash), actions);
                }
            }
            self.sources.add(slot.start(), used);
        }
    }

    pub(super) fn judge_source(&mut self, slot: Slot, address: &str, actions: &mut Vec<Action>) {
        let Some(source) = self.sources.get_mut(address) else { return };
        let detectors = &self.settings.detectors;
        let is_stranger =
            |key: &&u32| self.keys.get(**key).is_none_or(|key| key.accepted == 0 && !key.is_listed);
        let strangers = source.keys.iter().filter(is_stranger).count();
        let is_of_crowd = detectors.brute_force.is_of_crowd(source, strangers);
        let is_flood = is_of_crowd && strangers != 0 && self.strangers.is_told(slot.start());
        let crowd =
            (is_of_crowd && !is_flood).then(|| self.guessers.note(hash_of(address), slot.start()));
        let many = crowd.and_then(|crowd| detectors.brute_force.judge_crowd(crowd));
        let many = many.filter(|_| !is_flood && self.guessers.tell(slot.start()));
        let told = many.as_ref().map(|many| (many.severity, many.score));
        let weights = [detectors.brute_force.weigh(source), detectors.scanning.weigh(source), told];
        // An integration that never works is not guessing, wherever it comes from.
        let is_broken = |key: &u32| self.keys.get(*key).is_some_and(Key::always_fails);
        let few = source.keys.len() < detectors.brute_force.keys_min;
        if !source.keys.is_empty() && few && source.keys.iter().all(is_broken) {
            return;
        }
        let is_small = source.unauthorized < 2 * detectors.brute_force.unauthorized_min;
        let is_told = is_of_crowd && many.is_none() && self.guessers.is_told(slot.start());
        if is_flood || is_told && is_small {
            return;
        }
        let Some((place, severity)) = heaviest(weights) else { return };
        let at = slot.end().plus(self.settings.patience);
        let seen = source.refusals();
        let is_news = source.raised.is_none_or(|(told, then, before)| {
            let is_worse = then.saturating_mul(4) <= seen || before < severity;
            AGAIN.0 <= at.since(told).0 || is_worse
        });
        if !is_news {
            return;
        }
        source.raised = Some((at, seen, severity));
        // Only what is told is put into words.
        let verdict = match place {
            0 => detectors.brute_force.judge(source),
            1 => detectors.scanning.judge(source),
            _ => many,
        };
        let Some(mut verdict) = verdict else { return };
        let samples = source.samples.clone();
        let since = source.since;
        let keys: Vec<u32> = source.keys.clone();
        let alike = self.sources.alike(address, (seen, at));
        if ALIKE_MIN <= alike {
            let is_of_it = |known: &Incident| is_of_crowd_of(known, verdict.kind, at);
            if self.incidents.open_on(&Entity::Address(address.to_owned())).is_none()
                && self.incidents.shown().any(is_of_it)
            {
                return;
            }
            verdict.because =
                format!("{}; {alike} more addresses do much the same", verdict.because);
        }
        let mut finding = finding_of(verdict, Entity::Address(address.to_owned()), (since, at));
        finding.keys = keys.iter().map(|&key| self.id_of(key).to_owned()).collect();
        finding.keys.retain(|id| !id.is_empty());
        finding.keys.sort_unstable();
        finding.address = Some(address.to_owned());
        self.raise_with(&finding, &samples, actions);
    }

    /// One key refused from many addresses.
    fn judge_refused_key(&mut self, slot: Slot, of: (u32, u64), actions: &mut Vec<Action>) {
        let (index, address) = of;
        let Some(key) = self.keys.get_mut(index) else { return };
        let before = key.refused_from.len();
        key.refused(address);
        let now = key.refused_from.len();
        let usual = usize::try_from(key.refused_usual.0).unwrap_or(usize::MAX);
        let addresses_min =
            self.settings.detectors.brute_force.addresses_min.max(usual.saturating_mul(2));
        // Told when the number is reached, and each time it has doubled.
        if before == now || !(now == addresses_min || addresses_min < now && now.is_power_of_two())
        {
            return;
        }
        let Some(verdict) = self.settings.detectors.brute_force.judge_key(now) else { return };
        let entity = Entity::Key(key.id.to_string());
        let times = (slot.hour().start(), slot.end().plus(self.settings.patience));
        let finding = finding_of(verdict, entity, times);
        self.raise(&finding, (Some(index), None), actions);
    }

    pub(super) fn judge_visit(&mut self, slot: Slot, visit: Visit, actions: &mut Vec<Action>) {
        let route = visit.route.clone();
        self.forms.add(slot, visit);
        if route.is_empty() {
            return;
        }
        let detector = &self.settings.detectors.distributed_automation;
        let Some(crowd) = self.forms.crowd(&route, (slot, detector.requests_few_max)) else {
            return;
        };
        let Some(verdict) = detector.judge(&crowd) else { return };
        // Where there are keys, log-ins without one belong to the day: the first days tell
        // how many.
        if self.totals.keys_accepted != 0 && self.fleet.hours_watched < detector.keyed_hours_min {
            return;
        }
        let at = slot.end().plus(self.settings.patience);
        let was_told = |form: &Form| form.raised.is_some_and(|told| at.since(told).0 < AGAIN.0);
        if self.forms.form(&route).is_none_or(|form| was_told(form)) {
            return;
        }
        let example = self.forms.example(&route, detector.requests_few_max).map(str::to_owned);
        let Some(form) = self.forms.form(&route) else { return };
        form.raised = Some(at);
        let samples: Vec<Sample> = form.samples.iter().cloned().collect();
        let mut finding = finding_of(verdict, Entity::Route(route), (crowd.since, at));
        finding.address = example;
        self.raise_with(&finding, &samples, actions);
    }

    pub(super) fn judge_strangers(&mut self, slot: Slot, actions: &mut Vec<Action>) {
        let at = slot.end().plus(self.settings.patience);
        let hours = self.fleet.hours_watched;
        let Some(new) = self.strangers.news(at) else { return };
        let judged = (new, self.totals.keys_accepted);
        let Some(verdict) = self.settings.detectors.key_flood.judge(judged, hours) else { return };
        // One address with many keys is told of as that.
        if self.incidents.shown().any(|known| is_sweep(known, at)) {
            return;
        }
        self.strangers.tell(at);
        let finding = finding_of(verdict, Entity::Fleet, (slot.hour().start(), at));
        self.raise(&finding, (None, None), actions);
    }
}

/// Which of them it is, and how severe.
fn heaviest(weights: [Option<(Severity, f64)>; 3]) -> Option<(usize, Severity)> {
    let weighed = weights.into_iter().enumerate().filter_map(|(place, it)| Some((place, it?)));
    let heaviest = weighed.max_by(|(_, (_, a)), (_, (_, b))| a.total_cmp(b));
    heaviest.map(|(place, (severity, _))| (place, severity))
}

fn is_sweep(incident: &Incident, at: Timestamp) -> bool {
    incident.kind == "brute_force"
        && incident.entity.address().is_some()
        && SWEEP_KEYS_MIN <= incident.keys.len()
        && at.since(incident.last_seen).0 < AGAIN.0
}

fn is_of_crowd_of(incident: &Incident, kind: &str, at: Timestamp) -> bool {
    incident.kind == kind
        && incident.entity.address().is_some()
        && at.since(incident.last_seen).0 < CROWD_AGAIN.0
}

fn finding_of(verdict: Verdict, entity: Entity, (since, at): (Timestamp, Timestamp)) -> Finding {
    Finding {
        kind: verdict.kind.to_owned(),
        class: Class::Statistical,
        severity: verdict.severity,
        entity,
        at,
        since,
        because: verdict.because,
        score: verdict.score,
        ..Finding::default()
    }
}
