//! Rules, judged for each event as it arrives: they need no baseline and no slot.

use super::key::BrokenRule;
use super::values::Values;
use super::{Action, Engine};
use crate::detect::{CanaryKeyUsed, CredentialStatus, POLICY_SCORE, UnknownKeyAccepted, Verdict};
use crate::incident::EvidenceLine;
use crate::model::{Class, Entity, Event, EventBatch, Finding, Millis, Timestamp};

/// A rule that stays broken is told again after this long.
const AGAIN: Millis = Millis::hours(1);

impl Engine {
    /// The first row of a key in a batch: which key that is, and whether its rows must be
    /// looked at one by one.
    pub(super) fn meet(&mut self, batch: &EventBatch, row: usize, values: &mut Values) -> u32 {
        let id = batch.key.get(row);
        let index = match self.keys.index_of(id) {
            Some(index) => index,
            None => self.keys.insert(id, batch.role.get(row), self.inventory.as_deref()),
        };
        let at = Timestamp(batch.time.get(row).copied().unwrap_or_default());
        let is_watched =
            self.keys.get(index).is_some_and(|key| key.watch_until.is_some_and(|until| at < until));
        let is_marked = is_watched || self.is_ruled(id);
        values.meet(batch.key.number(row), (index, is_marked));
        index
    }

    pub(super) fn look_closer(
        &mut self,
        batch: &EventBatch,
        (row, index): (usize, u32),
        actions: &mut Vec<Action>,
    ) {
        let event = batch.event(row);
        let Some(key) = self.keys.get_mut(index) else { return };
        if key.watch_until.is_some_and(|until| event.at < until) {
            key.add_evidence(evidence_of(&event));
        }
        let Some(verdict) = self.broken_rule(&event) else { return };
        if self.is_news(index, &verdict, event.at) {
            self.raise_rule(index, &event, verdict, actions);
        }
    }

    fn is_ruled(&self, id: &str) -> bool {
        let Some(inventory) = self.inventory.as_ref().filter(|inventory| !inventory.is_empty())
        else {
            return false;
        };
        inventory.get(id).is_none_or(|key| key.canary || CredentialStatus::concerns(key))
    }

    fn broken_rule(&self, event: &Event<'_>) -> Option<Verdict> {
        let inventory = self.inventory.as_ref().filter(|inventory| !inventory.is_empty())?;
        let Some(key) = inventory.get(event.key) else {
            return UnknownKeyAccepted::judge(event.status);
        };
        if key.canary {
            return Some(CanaryKeyUsed::judge(event.status));
        }
        self.settings.detectors.credential_status.judge(key, (event.at, event.status))
    }

    /// The earliest break of a rule is always told, whatever order the lines come in; a
    /// later one after a while.
    fn is_news(&mut self, index: u32, verdict: &Verdict, at: Timestamp) -> bool {
        let Some(key) = self.keys.get_mut(index) else { return false };
        let Some(known) = key.broken_rules.iter_mut().find(|rule| rule.kind == verdict.kind) else {
            let kind = verdict.kind.to_owned();
            key.broken_rules.push(BrokenRule { kind, first: at, last: at });
            return true;
        };
        let is_earlier = at < known.first;
        let is_again = AGAIN.0 <= at.since(known.last).0;
        known.first = known.first.min(at);
        if is_again {
            known.last = at;
        }
        is_earlier || is_again
    }

    fn raise_rule(
        &mut self,
        index: u32,
        event: &Event<'_>,
        verdict: Verdict,
        actions: &mut Vec<Action>,
    ) {
        if let Some(key) = self.keys.get_mut(index) {
            key.add_evidence(evidence_of(event));
        }
        let finding = Finding {
            kind: verdict.kind.to_owned(),
            class: Class::Policy,
            severity: verdict.severity,
            entity: Entity::Key(event.key.to_owned()),
            at: event.at,
            since: event.at,
            because: verdict.because,
            score: POLICY_SCORE,
            address: (!event.source_ip.is_empty()).then(|| event.source_ip.to_owned()),
            keys: Vec::new(),
        };
        self.raise(&finding, (Some(index), None), actions);
    }
}

pub(super) fn evidence_of(event: &Event<'_>) -> EvidenceLine {
    EvidenceLine {
        at: event.at,
        source_ip: event.source_ip.to_owned(),
        method: event.method.to_owned(),
        path: event.path.to_owned(),
        status: event.status,
        user_agent: event.user_agent.to_owned(),
    }
}
