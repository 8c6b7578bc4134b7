//! Rules, judged for each event as it arrives: they need no baseline and no slot.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::allowed::Allowed;
use super::key::BrokenRule;
use super::ruled::{QuotaOf, Ruled};
use super::values::Values;
use super::{Action, Engine};
use crate::detect::{
    CanaryKeyUsed, Circumstances, CredentialStatus, POLICY_SCORE, RolePolicy, Rules,
    UnknownKeyAccepted, Verdict,
};
use crate::identity::InventoryKey;
use crate::incident::EvidenceLine;
use crate::model::{
    Class, Entity, Event, EventBatch, Finding, Flaws, Hour, Millis, Severity, Timestamp,
};

/// A line no further ahead of the watermark is judged as it arrives. What lies further
/// ahead comes from reading history, and is told when time comes to it.
const AHEAD: Millis = Millis::seconds(60);
/// Refusals that come again within this time are one story, told again after a week.
const PAUSE_MAX: Millis = Millis::hours(26);
const TOLD_AGAIN: Millis = Millis::days(7);
/// More are not kept: the same keys will break the same rules again.
const BROKEN_MAX: usize = 10_000;
/// Rules broken ahead of the watermark, by hour, key and kind.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Ahead(BTreeMap<(Hour, String, String), Broken>);

/// One broken rule.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Broken {
    pub(super) at: Timestamp,
    pub(super) key: String,
    pub(super) kind: String,
    pub(super) severity: Severity,
    because: String,
    pub(super) line: Option<EvidenceLine>,
}

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
        let ruled = self.ruled(index);
        let is_marked = is_watched || ruled.is_marked();
        let is_listed = self.keys.get(index).is_some_and(|key| key.is_listed);
        values.meet(batch.key.number(row), (index, is_marked, is_listed));
        index
    }

    fn listed(&self, id: &str) -> Option<&InventoryKey> {
        self.inventory.as_ref().and_then(|inventory| inventory.get(id))
    }

    /// `true` if whatever is asked in the same way breaks no rule; such a row `is_routine` if there
    /// was one before.
    pub(super) fn look_closer(
        &mut self,
        batch: &EventBatch,
        (row, index, is_routine): (usize, u32, bool),
        (allowed, actions): (&mut Allowed, &mut Vec<Action>),
    ) -> bool {
        let at = Timestamp(batch.time.get(row).copied().unwrap_or_default());
        let Some(key) = self.keys.get_mut(index) else { return false };
        if key.watch_until.is_some_and(|until| at < until) && key.has_room_for_evidence() {
            key.add_evidence(evidence_of(&batch.event(row)));
        }
        if is_routine {
            return true;
        }
        let ruled = self.ruled(index);
        let always = ruled.by_list || ruled.by_key;
        if !always && !self.may_break(ruled.by_role, allowed, (batch, row)) {
            return true;
        }
        self.judge_line(batch, (row, index), actions);
        false
    }

    fn judge_line(
        &mut self,
        batch: &EventBatch,
        (row, index): (usize, u32),
        actions: &mut Vec<Action>,
    ) {
        let event = batch.event(row);
        let tenant = batch.tenant.get(row);
        let listed = if tenant.is_empty() { None } else { self.listed(event.key) };
        let circumstances = Circumstances {
            country: batch.country.get(row),
            tenant,
            own_tenant: listed.map_or("", |listed| &listed.tenant),
            transport: batch.flaws.get(row).copied().map(Flaws).unwrap_or_default().transport(),
        };
        for verdict in self.broken_rules(&event, (index, circumstances)) {
            let broken = Broken {
                at: event.at,
                key: event.key.to_owned(),
                kind: verdict.kind.to_owned(),
                severity: verdict.severity,
                because: verdict.because,
                line: Some(evidence_of(&event)),
            };
            if self.waiting.watermark.is_some_and(|known| event.at <= known.plus(AHEAD)) {
                self.raise_broken(broken, actions);
            } else {
                self.ahead.keep(broken);
            }
        }
    }

    /// Tells what broke up to `at`, in the order in which it did.
    pub(super) fn raise_ahead(&mut self, at: Timestamp, actions: &mut Vec<Action>) {
        for broken in self.ahead.take_until(at) {
            self.raise_broken(broken, actions);
        }
    }

    /// Whether single requests of the key can break a rule.
    pub(super) fn ruled(&mut self, index: u32) -> Ruled {
        self.keys.ruled(index).unwrap_or_else(|| {
            let ruled = self.find_rules(index);
            self.keys.note_ruled(index, ruled);
            ruled
        })
    }

    fn may_break(
        &self,
        by_role: Option<u32>,
        allowed: &mut Allowed,
        (batch, row): (&EventBatch, usize),
    ) -> bool {
        let rules = by_role.and_then(|place| Some((self.policies.get(place as usize)?, place)));
        rules.is_some_and(|rules| !allowed.has(rules, batch, row))
    }

    fn find_rules(&self, index: u32) -> Ruled {
        let key = self.keys.get(index);
        let (role, id) = key.map_or(("", ""), |key| (key.role.as_str(), key.id.as_str()));
        let place = self.roles.place(role);
        let mut roles = (0..).zip(&self.settings.rules.roles);
        let of_role = roles.find(|(_, (name, _))| *name == role);
        let by_role = of_role.filter(|(_, (_, rules))| RolePolicy::concerns(rules));
        let by_role = by_role.map(|(place, _)| place);
        let quota = match of_role {
            _ if self.settings.rules.quotas.contains_key(id) => QuotaOf::Key,
            Some((place, (_, said))) if !said.quota.is_empty() => QuotaOf::Role(place),
            Some(_) | None => QuotaOf::Nobody,
        };
        let inventory = self.inventory.as_ref().filter(|inventory| !inventory.is_empty());
        let by_list = inventory.is_some_and(|inventory| {
            inventory.get(id).is_none_or(|key| {
                key.canary || CredentialStatus::concerns(key) || !key.allowed_networks.is_empty()
            })
        });
        let by_key = self.settings.rules.own.get(id).is_some_and(RolePolicy::concerns);
        let is_counted = self.settings.rules.counts_addresses(id, role);
        Ruled { by_role, by_list, by_key, is_counted, quota, role: place }
    }

    fn broken_rules(
        &self,
        event: &Event<'_>,
        (index, circumstances): (u32, Circumstances<'_>),
    ) -> Vec<Verdict> {
        let role = self.keys.get(index).map_or("", |key| key.role.as_str());
        let mut broken = self.breaks_policy(event, role, circumstances);
        let by_list = self.keys.ruled(index).is_none_or(|ruled| ruled.by_list);
        let inventory = self.inventory.as_ref().filter(|it| by_list && !it.is_empty());
        let Some(inventory) = inventory else { return broken };
        let Some(key) = inventory.get(event.key) else {
            broken.extend(UnknownKeyAccepted::judge(event.status));
            return broken;
        };
        if key.canary {
            return vec![CanaryKeyUsed::judge(event.status)];
        }
        let status = &self.settings.detectors.credential_status;
        broken.extend(status.judge(key, (event.at, event.status)));
        if !broken.iter().any(|verdict| verdict.kind == "network_not_allowed") {
            broken.extend(RolePolicy::judge_network(key, event));
        }
        broken
    }

    /// What a person says that the key and its role may do.
    fn breaks_policy(
        &self,
        event: &Event<'_>,
        role: &str,
        circumstances: Circumstances<'_>,
    ) -> Vec<Verdict> {
        let Rules { own, roles, .. } = &self.settings.rules;
        let own = if own.is_empty() { None } else { own.get(event.key) };
        match (own, roles.get(role)) {
            (None, None) => Vec::new(),
            (Some(own), None) => RolePolicy::judge(&[(own, "this key")], event, circumstances),
            (None, Some(rules)) => {
                let whose = format!("role {role}");
                RolePolicy::judge(&[(rules, &whose)], event, circumstances)
            }
            (Some(own), Some(rules)) => {
                let whose = format!("role {role}");
                let said = [(own, "this key"), (rules, whose.as_str())];
                RolePolicy::judge(&said, event, circumstances)
            }
        }
    }

    /// The earliest break of a rule in each hour is told, whatever order the lines come in.
    fn is_news(&mut self, index: u32, broken: &Broken) -> bool {
        let Some(key) = self.keys.get_mut(index) else { return false };
        let told_as = broken.told_as();
        let mut of_kind = key.broken_rules.iter_mut().filter(|rule| rule.kind == told_as);
        match of_kind.find(|rule| rule.first.hour() == broken.at.hour()) {
            Some(known) if known.first <= broken.at => false,
            Some(known) => {
                known.first = broken.at;
                true
            }
            None => {
                key.broken_rules.push(BrokenRule { kind: told_as, first: broken.at });
                true
            }
        }
    }

    /// Whether it was refused, was told of, and has gone on ever since: once a week is enough.
    fn only_goes_on(&mut self, index: u32, broken: &Broken) -> bool {
        let Some(key) = self.keys.get_mut(index) else { return false };
        // What was used up is told each time.
        if Severity::Medium < broken.severity || broken.line.is_none() {
            return false;
        }
        let told = key.told_rules.entry(broken.kind.clone()).or_insert((broken.at, Timestamp(0)));
        let goes_on = broken.at.since(told.1).0 <= PAUSE_MAX.0;
        let is_due = TOLD_AGAIN.0 <= broken.at.since(told.0).0;
        told.1 = broken.at.max(told.1);
        if !goes_on || is_due {
            told.0 = broken.at;
            return false;
        }
        self.incidents.goes_on(&Entity::Key(broken.key.clone()), broken.at);
        true
    }

    pub(super) fn raise_broken(&mut self, broken: Broken, actions: &mut Vec<Action>) {
        let Some(index) = self.keys.index_of(&broken.key) else { return };
        if self.is_one_of_many_let_in(&broken) {
            self.raise_many_let_in(&broken, actions);
            return;
        }
        if !self.is_news(index, &broken) || self.only_goes_on(index, &broken) {
            return;
        }
        let address = broken.line.as_ref().map(|line| line.source_ip.clone());
        if let (Some(key), Some(line)) = (self.keys.get_mut(index), broken.line) {
            key.add_evidence(line);
        }
        let finding = Finding {
            kind: broken.kind,
            class: Class::Policy,
            severity: broken.severity,
            entity: Entity::Key(broken.key),
            at: broken.at,
            since: broken.at,
            because: broken.because,
            score: POLICY_SCORE,
            address: address.filter(|address| !address.is_empty()),
            keys: Vec::new(),
        };
        self.raise(&finding, (Some(index), None), actions);
    }
}

impl Broken {
    /// Of a key's use in a slot, not of a single line.
    pub(super) fn by_use(verdict: Verdict, (key, at): (String, Timestamp)) -> Self {
        let Verdict { kind, severity, because, .. } = verdict;
        Self { at, key, kind: kind.to_owned(), severity, because, line: None }
    }

    /// What was refused first and is let in later in the same hour is news.
    fn told_as(&self) -> String {
        format!("{} {}", self.severity.name(), self.kind)
    }
}

impl Ahead {
    /// Of one key, kind and hour the earliest is enough.
    fn keep(&mut self, broken: Broken) {
        let id = (broken.at.hour(), broken.key.clone(), broken.told_as());
        if BROKEN_MAX <= self.0.len() && !self.0.contains_key(&id) {
            return;
        }
        let known = self.0.entry(id).or_insert_with(|| broken.clone());
        if (broken.at, &broken.line) < (known.at, &known.line) {
            *known = broken;
        }
    }

    /// In the order in which they broke.
    fn take_until(&mut self, at: Timestamp) -> Vec<Broken> {
        if self.0.is_empty() {
            return Vec::new();
        }
        let mut due: Vec<_> = Vec::new();
        for (id, broken) in std::mem::take(&mut self.0) {
            if broken.at <= at {
                due.push((broken.at, id, broken));
            } else {
                self.0.insert(id, broken);
            }
        }
        due.sort_unstable_by(|one, other| (one.0, &one.1).cmp(&(other.0, &other.1)));
        due.into_iter().map(|(_, _, broken)| broken).collect()
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
