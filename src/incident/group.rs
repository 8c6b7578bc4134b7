//! The incidents that are open: findings join them, they grow, merge and end.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::alert::alerts_of;
use super::held::Held;
use super::{Alert, EvidenceLine, Incident, IncidentId, Mute, Notice, Remark};
use crate::detect::SigmaNote;
use crate::model::{Class, Entity, Finding, Millis, Severity, Timestamp};

/// All that still may change, as part of the engine's state.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Incidents {
    held: BTreeMap<IncidentId, Held>,
    /// Which incident findings on an entity join. A merged one has several entities.
    by_entity: BTreeMap<Entity, IncidentId>,
    /// The threshold, as last heard.
    theta: f64,
    /// When a tick may next change each of them.
    queue: BTreeSet<(Timestamp, IncidentId)>,
    /// Closed early because too many were open.
    pub closed_by_limit: u64,
}

/// What the engine knows beside the finding.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Context {
    pub role: String,
    pub owner: String,
    /// What people call the entity; empty for its own name.
    pub label: String,
    pub evidence: Vec<Arc<EvidenceLine>>,
    /// How many events the evidence was taken from.
    pub events: u64,
    /// Statistical incidents that score less are not shown.
    pub theta: f64,
    /// The entity's combined score, if it has been computed already.
    pub combined: Option<f64>,
    /// Of a person's own rule: what it says of itself.
    pub rule: Option<SigmaNote>,
}

/// What a finding or the passing of time did.
#[derive(Clone, Debug, PartialEq)]
pub enum Change {
    Incident(Box<Incident>),
    Alert(Alert),
    Notice(Notice),
}

/// One entity has one incident within this time.
pub(super) const JOIN: Millis = Millis::hours(6);
/// An incident that never rests is told anew after a day.
const LIFE_MAX: Millis = Millis::days(1);
const NEVER_YET: Timestamp = Timestamp(i64::MIN);
pub(super) const HELD_MAX: usize = 10_000;
/// Closed at once when there is no room, so that room is not looked for each time.
const CLOSED_AT_LIMIT: usize = 100;

impl Incidents {
    /// Adds a finding to its entity's incident, or opens one.
    pub fn absorb(&mut self, finding: &Finding, context: &Context) -> Vec<Change> {
        if finding.class == Class::Stale {
            return Vec::new();
        }
        self.theta = context.theta;
        let mut changes = Vec::new();
        let id = self.incident_for(finding, context, &mut changes);
        if let Some(held) = self.held.get_mut(&id) {
            held.absorb(finding, context);
        }
        let id = self.merge_shared(id, finding, &mut changes);
        if let Some(held) = self.held.get_mut(&id) {
            held.say(finding.at, &mut changes);
        }
        self.requeue(id, NEVER_YET);
        changes
    }

    /// Event time has come to `at`: ends what has been quiet, says what had to wait.
    pub fn tick(&mut self, at: Timestamp) -> Vec<Change> {
        let mut changes = Vec::new();
        while let Some(&(wake, id)) = self.queue.first()
            && wake <= at
        {
            self.queue.pop_first();
            let Some(held) = self.held.get_mut(&id) else { continue };
            held.queued = None;
            held.tick(at, &mut changes);
            if held.is_over(at) {
                self.forget(id);
            } else {
                self.requeue(id, at.plus(Millis(1)));
            }
        }
        changes
    }

    /// Keeps a person's word; what follows from it, if anything does, says it.
    pub fn remark(&mut self, id: IncidentId, remark: Remark) {
        if let Some(held) = self.held.get_mut(&id) {
            held.incident.remark(remark);
        }
    }

    /// Hands out what has changed and was not worth a word.
    pub fn show(&mut self, id: IncidentId) -> Vec<Change> {
        let mut changes = Vec::new();
        if let Some(held) = self.held.get_mut(&id) {
            held.show_rest(held.incident.last_seen, &mut changes);
        }
        changes
    }

    /// Someone looks into it.
    pub fn acknowledge(&mut self, id: IncidentId, by: &str) -> Vec<Change> {
        let mut changes = self.change(id, |incident| incident.acknowledge(by));
        if let (false, Some(held)) = (changes.is_empty(), self.held.get(&id)) {
            held.acknowledged(held.incident.last_seen, &mut changes);
        }
        changes
    }

    /// Nobody is told about it for a while.
    pub fn mute(&mut self, id: IncidentId, mute: Mute) -> Vec<Change> {
        self.change(id, |incident| incident.mute(mute))
    }

    /// A person says that it is over, or that it never was one.
    pub fn resolve(&mut self, id: IncidentId, at: Timestamp) -> Vec<Change> {
        let mut changes = Vec::new();
        if let Some(held) = self.held.get_mut(&id) {
            held.close(at, &mut changes);
        }
        self.requeue(id, NEVER_YET);
        changes
    }

    /// What an open incident describes still lasts at `at`, though there is no new evidence.
    pub fn goes_on(&mut self, entity: &Entity, at: Timestamp) {
        let Some(id) = self.by_entity.get(entity).copied() else { return };
        let Some(held) = self.held.get_mut(&id).filter(|held| held.incident.is_open()) else {
            return;
        };
        held.incident.last_seen = held.incident.last_seen.max(at);
        self.requeue(id, NEVER_YET);
    }

    /// What was told of one turned out to be of many: if it is nothing but `kind`, it becomes
    /// a part of theirs.
    pub fn give_to(&mut self, one: &Entity, many: &Entity, kind: &str) -> Vec<Change> {
        let mut changes = Vec::new();
        let of = |entity: &Entity| self.by_entity.get(entity).copied();
        let (Some(goes), Some(stays)) = (of(one), of(many)) else { return changes };
        let is_same = |held: &Held| held.incident.findings.iter().all(|it| it.kind == kind);
        if goes == stays || !self.held.get(&goes).is_some_and(is_same) {
            return changes;
        }
        let Some(mut gone) = self.held.remove(&goes) else { return changes };
        self.unqueue(&gone);
        for entity in std::mem::take(&mut gone.entities) {
            self.by_entity.remove(&entity);
        }
        // Theirs is not about single keys.
        gone.incident.keys.clear();
        if let Some(held) = self.held.get_mut(&stays) {
            held.take_in(gone, self.theta, &mut changes);
        }
        self.requeue(stays, NEVER_YET);
        changes
    }

    pub fn get(&self, id: IncidentId) -> Option<&Incident> {
        self.held.get(&id).map(|held| &held.incident)
    }

    /// The incident that findings on this entity join, if it is shown and not over: what
    /// is learned from the entity meanwhile is suspect.
    pub fn open_on(&self, entity: &Entity) -> Option<&Incident> {
        let held = self.held.get(self.by_entity.get(entity)?)?;
        (held.incident.is_open() && !held.incident.below).then_some(&held.incident)
    }

    /// Those that are shown, by id.
    pub fn shown(&self) -> impl Iterator<Item = &Incident> {
        self.held.values().map(|held| &held.incident).filter(|incident| !incident.below)
    }

    /// All that are held, those under the threshold too.
    pub fn len(&self) -> usize {
        self.held.len()
    }

    pub fn is_empty(&self) -> bool {
        self.held.is_empty()
    }

    fn change(
        &mut self,
        id: IncidentId,
        change: impl FnOnce(&mut Incident) -> bool,
    ) -> Vec<Change> {
        let mut changes = Vec::new();
        if let Some(held) = self.held.get_mut(&id)
            && change(&mut held.incident)
        {
            held.say(held.incident.last_seen, &mut changes);
        }
        self.requeue(id, NEVER_YET);
        changes
    }

    fn incident_for(
        &mut self,
        finding: &Finding,
        context: &Context,
        changes: &mut Vec<Change>,
    ) -> IncidentId {
        if let Some(id) = self.by_entity.get(&finding.entity).copied() {
            if self.held.get(&id).is_some_and(|held| joins(&held.incident, finding.at)) {
                return id;
            }
            if let Some(held) = self.held.get_mut(&id) {
                held.resolve(finding.at, changes);
            }
            self.forget(id);
        }
        if HELD_MAX <= self.held.len() {
            self.make_room(finding.at, changes);
        }
        let incident = Incident::begin(finding, context);
        let id = incident.id;
        self.by_entity.insert(finding.entity.clone(), id);
        self.held.insert(id, Held::of(incident));
        id
    }

    /// One address and one key with the same evidence are one incident.
    fn merge_shared(
        &mut self,
        id: IncidentId,
        finding: &Finding,
        changes: &mut Vec<Change>,
    ) -> IncidentId {
        let mut id = id;
        for partner in self.partners(id, finding) {
            let (Some(a), Some(b)) = (self.held.get(&id), self.held.get(&partner)) else {
                continue;
            };
            let (stays, goes) = if a.precedes(b) { (id, partner) } else { (partner, id) };
            let Some(gone) = self.held.remove(&goes) else { continue };
            self.unqueue(&gone);
            for entity in &gone.entities {
                self.by_entity.insert(entity.clone(), stays);
            }
            if let Some(held) = self.held.get_mut(&stays) {
                held.take_in(gone, self.theta, changes);
            }
            id = stays;
        }
        id
    }

    fn partners(&self, id: IncidentId, finding: &Finding) -> BTreeSet<IncidentId> {
        let Some(held) = self.held.get(&id) else { return BTreeSet::new() };
        let candidates: Vec<Entity> = match &finding.entity {
            Entity::Key(_) => {
                held.incident.addresses.iter().cloned().map(Entity::Address).collect()
            }
            Entity::Address(_) => finding.keys.iter().cloned().map(Entity::Key).collect(),
            Entity::Route(_) | Entity::App(_) | Entity::Fleet => Vec::new(),
        };
        let shares = |partner: &Incident| match &finding.entity {
            Entity::Key(key) => partner.keys.contains(key),
            Entity::Address(address) => partner.addresses.contains(address),
            Entity::Route(_) | Entity::App(_) | Entity::Fleet => false,
        };
        let known = candidates.iter().filter_map(|entity| self.by_entity.get(entity).copied());
        known
            .filter(|partner| *partner != id)
            .filter(|partner| {
                self.held
                    .get(partner)
                    .is_some_and(|held| joins(&held.incident, finding.at) && shares(&held.incident))
            })
            .collect()
    }

    /// Ends the least important ones: under the threshold first, then the least severe,
    /// then the oldest.
    fn make_room(&mut self, at: Timestamp, changes: &mut Vec<Change>) {
        let mut ranked: Vec<(bool, Severity, Timestamp, IncidentId)> = self
            .held
            .iter()
            .map(|(id, held)| {
                let incident = &held.incident;
                (!incident.below && incident.is_open(), incident.severity, incident.last_seen, *id)
            })
            .collect();
        ranked.sort_unstable();
        for (_, _, _, id) in ranked.into_iter().take(CLOSED_AT_LIMIT) {
            if let Some(held) = self.held.get_mut(&id) {
                held.resolve(at, changes);
            }
            self.forget(id);
            self.closed_by_limit += 1;
        }
    }

    /// `earliest` keeps a tick from meeting the same one twice.
    fn requeue(&mut self, id: IncidentId, earliest: Timestamp) {
        let Some(held) = self.held.get_mut(&id) else { return };
        let wake = held.wake().max(earliest);
        if let Some(old) = held.queued.replace(wake) {
            self.queue.remove(&(old, id));
        }
        self.queue.insert((wake, id));
    }

    fn unqueue(&mut self, held: &Held) {
        if let Some(old) = held.queued {
            self.queue.remove(&(old, held.incident.id));
        }
    }

    fn forget(&mut self, id: IncidentId) {
        let Some(held) = self.held.remove(&id) else { return };
        self.unqueue(&held);
        for entity in &held.entities {
            if self.by_entity.get(entity) == Some(&id) {
                self.by_entity.remove(entity);
            }
        }
    }
}

/// What stays under the threshold has a fixed window; what is shown goes on as long as
/// there is news, for a day at most.
fn joins(incident: &Incident, at: Timestamp) -> bool {
    if incident.below {
        return at < incident.opened.plus(JOIN);
    }
    at < incident.last_seen.plus(JOIN) && at < incident.opened.plus(LIFE_MAX)
}

pub(super) fn push_alerts(incident: &Incident, at: Timestamp, changes: &mut Vec<Change>) {
    changes.extend(alerts_of(incident, at).into_iter().map(Change::Alert));
}
