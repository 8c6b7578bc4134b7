//! Matches of a person's own rules: kept until their slot is judged, so that the order of lines
//! does not matter, and told once an hour for each rule and key or address.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::rules::evidence_of;
use super::{Action, Engine};
use crate::detect::POLICY_SCORE;
use crate::incident::EvidenceLine;
use crate::model::{Class, Entity, EventBatch, Finding, Millis, Severity, Slot, Timestamp};

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
        if found.told.is_empty() && found.counted.is_empty() {
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
        for (rule, note) in found.told {
            let line = evidence_of(&event);
            let because = note.because((event.method, &line.path, event.status));
            let waiting = Waiting { at: event.at, severity: note.severity(), because, line };
            self.matches.keep((slot, rule.to_owned(), whose.clone()), waiting);
        }
        for (rule, group, hit) in found.counted {
            self.tallies.keep((rule.to_owned(), group, hit), (event.at, evidence_of(&event)));
        }
    }

    /// Tells the matches of all slots before `end`.
    pub(super) fn raise_matches(&mut self, end: Slot, actions: &mut Vec<Action>) {
        while let Some(((_, rule, whose), found)) = self.matches.take_before(end) {
            if !self.matches.is_news((rule.clone(), whose.clone()), (found.at, AGAIN)) {
                continue;
            }
            let finding = finding_of(whose, (found.at, found.at), found.severity, found.because);
            self.raise_match(finding, &rule, (vec![found.line], actions));
        }
        self.raise_tallies(end, actions);
    }

    /// Adds up the matches of all slots before `end`, and tells what there are enough of.
    fn raise_tallies(&mut self, end: Slot, actions: &mut Vec<Action>) {
        while let Some((rule, group, pending)) = self.tallies.take_before(end.start()) {
            let Some(count) = self.sigma.count(&rule) else { continue };
            let Some((because, since, lines)) =
                self.tallies.add(count, (&rule, &group), pending.clone())
            else {
                continue;
            };
            let (whose, severity) = (count.whose(&group), count.note.severity());
            let again = if count.timespan().0 < AGAIN.0 { AGAIN } else { count.timespan() };
            if self.matches.is_news((rule.clone(), whose.clone()), (pending.at, again)) {
                let finding = finding_of(whose, (pending.at, since), severity, because);
                self.raise_match(finding, &rule, (lines, actions));
            }
        }
    }

    fn raise_match(
        &mut self,
        mut finding: Finding,
        rule: &str,
        (lines, actions): (Vec<EvidenceLine>, &mut Vec<Action>),
    ) {
        let address = lines.last().map(|line| line.source_ip.clone());
        finding.address = address.filter(|address| !address.is_empty());
        let rule = self.sigma.note(rule).cloned();
        let index = match &finding.entity {
            Entity::Key(id) => self.keys.index_of(id),
            Entity::Address(_) | Entity::Route(_) | Entity::App(_) | Entity::Fleet => None,
        };
        if let Some(key) = index.and_then(|index| self.keys.get_mut(index)) {
            for line in lines {
                key.add_evidence(line);
            }
            self.raise_rule(&finding, (index, rule), actions);
        } else {
            self.raise_rule_with(&finding, (lines, rule), actions);
        }
    }
}

fn finding_of(
    entity: Entity,
    (at, since): (Timestamp, Timestamp),
    severity: Severity,
    because: String,
) -> Finding {
    Finding {
        kind: "sigma_rule".to_owned(),
        class: Class::Policy,
        severity,
        entity,
        at,
        since,
        because,
        score: POLICY_SCORE,
        address: None,
        keys: Vec::new(),
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

    fn is_news(&mut self, id: (String, Entity), (at, again): (Timestamp, Millis)) -> bool {
        if self.told.get(&id).is_some_and(|told| at < told.plus(again)) {
            return false;
        }
        if TOLD_MAX <= self.told.len() {
            self.told.retain(|_, told| at < told.plus(again));
        }
        if self.told.len() < TOLD_MAX {
            self.told.insert(id, at);
        }
        true
    }
}
