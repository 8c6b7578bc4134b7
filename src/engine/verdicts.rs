//! What people say about an incident, and what follows from it: for its life, for the
//! threshold, and for what is usual.

use super::{Action, Engine, Judgement, Verdict};
use crate::incident::{Mute, Remark};
use crate::model::{Class, Hour};

impl Engine {
    pub(super) fn hear(&mut self, verdict: &Verdict, actions: &mut Vec<Action>) {
        let Some(known) = self.incidents.get(verdict.incident) else { return };
        let (class, began) = (known.class, known.since.hour());
        let keys = known.keys.clone();
        self.incidents.remark(verdict.incident, remark(verdict));
        let id = verdict.incident;
        let changes = match verdict.judgement {
            Judgement::Confirmed | Judgement::Acknowledged => {
                self.incidents.acknowledge(id, &verdict.by)
            }
            Judgement::Muted { until } => {
                let mute = Mute { by: verdict.by.clone(), reason: verdict.reason.clone(), until };
                self.incidents.mute(id, mute)
            }
            Judgement::FalseAlarm | Judgement::Resolved | Judgement::Expected => {
                self.incidents.resolve(id, verdict.at)
            }
        };
        self.tell(changes, actions);
        let rest = self.incidents.show(id);
        self.tell(rest, actions);
        if class == Class::Statistical {
            self.budget.hear(verdict.judgement, verdict.at.day());
        }
        if verdict.judgement == Judgement::Expected {
            for key in &keys {
                self.expect(key, began);
            }
        }
    }

    /// What the key did since then is as usual as anything else: it will be learned.
    fn expect(&mut self, key: &str, since: Hour) {
        let Some(index) = self.keys.index_of(key) else { return };
        let Some(learned) = self.keys.get_mut(index).and_then(|key| key.learned.as_mut()) else {
            return;
        };
        learned.habit.let_grow();
        learned.late.change_since(since, |closed| closed.is_suspect = false);
    }
}

fn remark(verdict: &Verdict) -> Remark {
    Remark {
        at: verdict.at,
        by: verdict.by.clone(),
        word: verdict.judgement.name().to_owned(),
        reason: verdict.reason.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::key::Learned;
    use super::super::late::ClosedHour;
    use super::*;
    use crate::incident::{Context, Incident, IncidentId, State};
    use crate::model::{Entity, Finding, Severity, Timestamp};

    /// A key with an open incident since hour 10, and hours that wait to be learned.
    fn engine() -> (Engine, IncidentId) {
        let mut engine = Engine::default();
        let index = engine.keys.insert("k_a", "", None);
        let mut learned = Learned::of(Hour(0));
        for hour in [9, 10, 11] {
            let closed = ClosedHour { hour: Hour(hour), is_suspect: true, ..Default::default() };
            learned.late.push(&closed);
        }
        engine.keys.get_mut(index).unwrap().learned = Some(Box::new(learned));
        let at = Hour(10).start();
        let finding = Finding {
            kind: "revoked_key_used".to_owned(),
            class: Class::Policy,
            severity: Severity::High,
            entity: Entity::Key("k_a".to_owned()),
            at,
            since: at,
            because: "a reason".to_owned(),
            score: 99.0,
            address: None,
            keys: Vec::new(),
        };
        engine.incidents.absorb(&finding, &Context::default());
        let id = engine.incidents.shown().next().unwrap().id;
        (engine, id)
    }

    fn say(engine: &mut Engine, incident: IncidentId, judgement: Judgement) -> Vec<Incident> {
        let reason = "planned".to_owned();
        let by = "ann".to_owned();
        let verdict = Verdict { incident, at: Timestamp(1), by, judgement, reason };
        let mut actions = Vec::new();
        engine.hear(&verdict, &mut actions);
        let incidents = actions.into_iter().filter_map(|action| match action {
            Action::Incident(incident) => Some(*incident),
            Action::SetAside { .. } | Action::Alert(_) | Action::Notice(_) | Action::Stale(_) => {
                None
            }
        });
        incidents.collect()
    }

    #[test]
    fn each_word_is_kept_with_its_reason_and_shown_at_once() {
        let (mut engine, id) = engine();
        let until = Hour(20).start();
        for (judgement, state) in [
            (Judgement::Acknowledged, State::Acknowledged),
            (Judgement::Confirmed, State::Acknowledged),
            (Judgement::Muted { until }, State::Muted),
            (Judgement::Resolved, State::Resolved),
            (Judgement::FalseAlarm, State::Resolved),
        ] {
            let shown = say(&mut engine, id, judgement);
            let last = shown.last().unwrap();
            assert_eq!(last.state, state, "{judgement:?}");
            let remark = last.remarks.last().unwrap();
            assert_eq!((remark.word.as_str(), remark.by.as_str()), (judgement.name(), "ann"));
            assert_eq!(remark.reason, "planned");
        }
        let many = (0..30).map(|_| say(&mut engine, id, Judgement::Confirmed)).last().unwrap();
        assert_eq!(many[0].remarks.len(), 20);
        assert_eq!(many[0].remarks[0].word, "acknowledged", "the first one stays");
    }

    #[test]
    fn what_is_expected_is_learned_from_its_beginning_on() {
        let (mut engine, id) = engine();
        assert_eq!(say(&mut engine, id, Judgement::Expected)[0].state, State::Resolved);
        let index = engine.keys.index_of("k_a").unwrap();
        let learned = engine.keys.get(index).unwrap().learned.as_ref().unwrap();
        let mut late = learned.late.clone();
        let hours = std::iter::from_fn(|| late.take_first());
        let suspect: Vec<bool> = hours.map(|closed| closed.is_suspect).collect();
        assert_eq!(suspect, [true, false, false]);
    }

    #[test]
    fn a_word_about_what_nobody_knows_does_nothing() {
        let (mut engine, _) = engine();
        assert!(say(&mut engine, IncidentId(1), Judgement::Resolved).is_empty());
    }
}
