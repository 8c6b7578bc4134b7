//! Matches of a person's own rules: kept until their slot is judged, so that the order of lines
//! does not matter, and told once an hour for each rule and key or address.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::rules::evidence_of;
use super::{Action, Engine};
use crate::detect::{POLICY_SCORE, SigmaMatch};
use crate::incident::EvidenceLine;
use crate::model::{Class, Entity, EventBatch, Finding, Millis, Severity, Slot, Timestamp};
use crate::profile::Sample;

/// Matches that wait, and what was told lately.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Matches {
    /// By slot, rule and whose: the earliest.
    waiting: BTreeMap<(Slot, String, Entity), Waiting>,
    told: BTreeMap<(String, Entity), Timestamp>,
    /// Matches that were one too many.
    pub(super) dropped: u64,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Waiting {
    at: Timestamp,
    severity: Severity,
    because: String,
    line: EvidenceLine,
}

/// More do not wait: they are counted.
const WAITING_MAX: usize = 10_000;
const TOLD_MAX: usize = 10_000;
const AGAIN: Millis = Millis::hours(1);

impl Engine {
    /// Holds a row against the rules.
    pub(super) fn match_rules(&mut self, batch: &EventBatch, row: usize) {
        let found = self.sigma.matches(batch, row);
        if found.is_empty() {
            return;
        }
        let event = batch.event(row);
        let slot = event.at.slot();
        if self.waiting.refuses(slot) {
            return;
        }
        let whose = match (event.key, event.source_ip) {
            ("", "") => Entity::Fleet,
            ("", address) => Entity::Address(address.to_owned()),
            (key, _) => Entity::Key(key.to_owned()),
        };
        for found in found {
            let line = evidence_of(&event);
            let because = found.because((event.method, &line.path, event.status));
            let SigmaMatch { title, severity, .. } = found;
            let waiting = Waiting { at: event.at, severity, because, line };
            self.matches.keep((slot, title, whose.clone()), waiting);
        }
    }

    /// Tells the matches of all slots before `end`.
    pub(super) fn raise_matches(&mut self, end: Slot, actions: &mut Vec<Action>) {
        while let Some(((_, title, whose), found)) = self.matches.take_before(end) {
            if !self.matches.is_news((title, whose.clone()), found.at) {
                continue;
            }
            let address = found.line.source_ip.clone();
            let finding = Finding {
                kind: "sigma_rule".to_owned(),
                class: Class::Policy,
                severity: found.severity,
                entity: whose.clone(),
                at: found.at,
                since: found.at,
                because: found.because,
                score: POLICY_SCORE,
                address: (!address.is_empty()).then_some(address),
                keys: Vec::new(),
            };
            let index = match &whose {
                Entity::Key(id) => self.keys.index_of(id),
                Entity::Address(_) | Entity::Route(_) | Entity::App(_) | Entity::Fleet => None,
            };
            if let Some(key) = index.and_then(|index| self.keys.get_mut(index)) {
                key.add_evidence(found.line);
                self.raise(&finding, (index, None), actions);
            } else {
                self.raise_with(&finding, vec![sample_of(found.line)], actions);
            }
        }
    }
}

impl Matches {
    fn keep(&mut self, id: (Slot, String, Entity), found: Waiting) {
        if WAITING_MAX <= self.waiting.len() && !self.waiting.contains_key(&id) {
            self.dropped += 1;
            return;
        }
        let known = self.waiting.entry(id).or_insert_with(|| found.clone());
        if (found.at, &found.line) < (known.at, &known.line) {
            *known = found;
        }
    }

    fn take_before(&mut self, end: Slot) -> Option<((Slot, String, Entity), Waiting)> {
        let first = self.waiting.first_entry().filter(|first| first.key().0 < end)?;
        Some(first.remove_entry())
    }

    fn is_news(&mut self, id: (String, Entity), at: Timestamp) -> bool {
        if self.told.get(&id).is_some_and(|told| at < told.plus(AGAIN)) {
            return false;
        }
        if TOLD_MAX <= self.told.len() {
            self.told.retain(|_, told| at < told.plus(AGAIN));
        }
        if self.told.len() < TOLD_MAX {
            self.told.insert(id, at);
        }
        true
    }
}

fn sample_of(line: EvidenceLine) -> Sample {
    Sample {
        at: line.at,
        address: line.source_ip,
        method: line.method,
        path: line.path,
        status: line.status,
        user_agent: line.user_agent,
    }
}
