//! What audit events tell about the life of keys, merged with what the inventory says; where
//! the two do not agree, that is a finding of its own.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::Engine;
use super::stale::Found;
use crate::detect::{date_text, time_text};
use crate::identity::{Inventory, InventoryKey, KeyDeed, KeyStatus};
use crate::incident::StaleFinding;
use crate::model::{EventBatch, Millis, Name, Severity, Timestamp};

/// By the id of the key that an event is about.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Audits(BTreeMap<String, Audit>);

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Audit {
    created: Option<Timestamp>,
    rotated: Option<Timestamp>,
    /// How it stands since when, by the last event that says so.
    standing: Option<(Timestamp, KeyStatus)>,
    /// Who did that.
    by: String,
    /// The list says otherwise.
    listed_as: Option<KeyStatus>,
}

/// Of further keys nothing is remembered.
const KEYS_MAX: usize = 50_000;
const NAME_BYTES_MAX: usize = 80;
/// Until then a list may not have caught up with a new key.
const LISTED_WITHIN: Millis = Millis::days(1);

impl Engine {
    /// A row that names a key which something was done to.
    pub(super) fn hear_audit(&mut self, batch: &EventBatch, row: usize) {
        let Some(deed) = KeyDeed::of(batch.operation.get(row)) else { return };
        let status = batch.status.get(row).copied().unwrap_or_default();
        let (id, at) = (batch.object.get(row), batch.time.get(row).copied().unwrap_or_default());
        if 400 <= status || !self.audits.note(id, (deed, Timestamp(at)), by(batch, row)) {
            return;
        }
        if let Some(inventory) = self.inventory.as_mut().filter(|it| it.get(id).is_some()) {
            let inventory = Arc::make_mut(inventory);
            self.audits.tell(inventory.get_mut(id), id);
            self.totals.inventory_is_new = true;
            self.keys.forget_rules();
        }
    }

    /// A list, with what is known beside it.
    pub(super) fn with_audits(&mut self, inventory: &Arc<Inventory>) -> Arc<Inventory> {
        let mut inventory = Arc::clone(inventory);
        for id in self.audits.0.keys().cloned().collect::<Vec<_>>() {
            self.audits.forget_conflict(&id);
            if inventory.get(&id).is_some() {
                self.audits.tell(Arc::make_mut(&mut inventory).get_mut(&id), &id);
            }
        }
        inventory
    }

    /// Where list and events do not agree.
    pub(super) fn find_conflicts(&self, now: Timestamp, found: &mut Found) {
        let Some(inventory) = &self.inventory else { return };
        for (id, audit) in &self.audits.0 {
            let listed = inventory.get(id);
            let Some((severity, kind, because, next)) = audit.conflict(listed, now) else {
                continue;
            };
            let owner = listed.map_or_else(Name::new, |listed| listed.owner.clone());
            let role = listed.map_or_else(Name::new, |listed| listed.role.clone());
            let since = audit.standing.map_or(now, |(at, _)| at);
            let finding = StaleFinding {
                key: id.into(),
                kind: kind.into(),
                severity,
                owner,
                role,
                since,
                at: now,
                because,
                next: next.into(),
                ..StaleFinding::default()
            };
            found.insert((id.clone(), kind.to_owned()), finding);
        }
    }
}

impl Audits {
    /// Whether the event says something new.
    fn note(&mut self, id: &str, (deed, at): (KeyDeed, Timestamp), by: &str) -> bool {
        if id.is_empty() || KEYS_MAX <= self.0.len() && !self.0.contains_key(id) {
            return false;
        }
        let audit = self.0.entry(id.to_owned()).or_default();
        match deed {
            KeyDeed::Created => audit.created = Some(audit.created.map_or(at, |it| it.min(at))),
            KeyDeed::Rotated => audit.rotated = audit.rotated.max(Some(at)),
            KeyDeed::Enabled | KeyDeed::Disabled | KeyDeed::Ended => {}
        }
        let standing = (at, deed.status());
        if audit.standing.is_none_or(|known| known < standing) {
            audit.standing = Some(standing);
            by.get(..by.floor_char_boundary(NAME_BYTES_MAX))
                .unwrap_or("")
                .clone_into(&mut audit.by);
        }
        true
    }

    fn forget_conflict(&mut self, id: &str) {
        if let Some(audit) = self.0.get_mut(id) {
            audit.listed_as = None;
        }
    }

    /// Fills in what the list leaves open; the later word about its status counts.
    fn tell(&mut self, key: Option<&mut InventoryKey>, id: &str) {
        let (Some(key), Some(audit)) = (key, self.0.get_mut(id)) else { return };
        key.created = key.created.or(audit.created);
        key.last_rotated = key.last_rotated.max(audit.rotated);
        let Some((at, status)) = audit.standing else { return };
        let listed = key.status_at(at);
        let is_over = |status| !matches!(status, KeyStatus::Active | KeyStatus::Unknown);
        if is_over(listed) == is_over(status) && listed != KeyStatus::Unknown {
            return;
        }
        if listed != KeyStatus::Unknown {
            audit.listed_as = Some(listed);
        }
        // What the list says of a later day holds from then on.
        if key.status_since.is_none_or(|since| since <= at) {
            (key.status, key.status_since) = (status, Some(at));
        }
    }
}

type Conflict = (Severity, &'static str, String, &'static str);

impl Audit {
    fn conflict(&self, listed: Option<&InventoryKey>, now: Timestamp) -> Option<Conflict> {
        let (at, status) = self.standing?;
        let by = if self.by.is_empty() { String::new() } else { format!(" by {}", self.by) };
        if listed.is_some() {
            let listed_as = self.listed_as?;
            let because = format!(
                "the inventory says {}; the audit log says {} since {}{by}, and that counts",
                listed_as.name(),
                status.name(),
                time_text(at)
            );
            return Some((Severity::Low, "list_outdated", because, "correct the inventory"));
        }
        let is_live = status == KeyStatus::Active;
        let created = self.created.filter(|it| it.plus(LISTED_WITHIN) <= now && is_live)?;
        let because = format!("created on {}{by}, and not in the inventory", date_text(created));
        let next = "ask who made it what it is for; list it with an owner, or delete it";
        Some((Severity::Medium, "not_listed", because, next))
    }
}

fn by(batch: &EventBatch, row: usize) -> &str {
    let user = batch.user.get(row);
    if user.is_empty() { batch.key.get(row) } else { user }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::{Action, Input, Settings};
    use crate::incident::StaleState;
    use crate::model::EventKind;

    const DAY: i64 = 86_400_000;

    fn audited(events: &[(i64, &str, &str)]) -> Arc<EventBatch> {
        let mut batch = EventBatch::default();
        for (day, operation, subject) in events {
            batch.time.push(20_000 * DAY + day * DAY);
            batch.kind.push(EventKind::Audit);
            batch.key.push("k_admin");
            batch.user.push("ana@example.com");
            batch.operation.push(operation);
            batch.object.push(subject);
            batch.status.push(0);
        }
        Arc::new(batch)
    }

    fn key(id: &str, status: KeyStatus) -> InventoryKey {
        let (key_id, owner) = (id.into(), "ben@example.com".into());
        let expires = Some(Timestamp(30_000 * DAY));
        InventoryKey { key_id, owner, expires, status, ..InventoryKey::default() }
    }

    /// What is found after some days.
    fn found(inputs: Vec<Input>, days: i64) -> Vec<(String, String, String)> {
        let mut engine = Engine::new(Settings::default());
        let ticks = [1, days].map(|day| Input::Tick(Timestamp(20_000 * DAY + day * DAY)));
        let mut found = BTreeMap::new();
        for input in inputs.into_iter().chain(ticks) {
            for action in engine.step(&input) {
                if let Action::Stale(it) = action {
                    found.insert(
                        (it.key.to_string(), it.kind.to_string()),
                        (it.state, it.because.clone()),
                    );
                }
            }
        }
        let open = found.into_iter().filter(|(_, (state, _))| *state == StaleState::Open);
        open.map(|((key, kind), (_, because))| (key, kind, because)).collect()
    }

    fn list(keys: &[InventoryKey]) -> Input {
        Input::Inventory(Arc::new(Inventory::of(keys.iter().cloned())))
    }

    #[test]
    fn a_list_that_is_behind_the_events_is_said_to_be() {
        let events = [(0, "api_key.deleted", "k_a"), (0, "api_key.created", "k_b")];
        let keys = [key("k_a", KeyStatus::Active), key("k_b", KeyStatus::Unknown)];
        let found = found(vec![list(&keys), Input::Batch(audited(&events))], 3);
        let of = |id: &str| -> Vec<&str> {
            found.iter().filter(|it| it.0 == id).map(|it| it.1.as_str()).collect()
        };
        assert_eq!(of("k_a"), ["list_outdated"]);
        // Its status is known now, and when it was made.
        assert_eq!(of("k_b"), [""; 0]);
        assert!(found[0].2.contains("says active; the audit log says revoked"), "{found:?}");
        assert!(found[0].2.contains("by ana@example.com"), "{found:?}");
    }

    #[test]
    fn a_new_list_that_agrees_ends_it() {
        let events = Input::Batch(audited(&[(0, "DeleteAccessKey", "k_a")]));
        let ended = InventoryKey {
            status_since: Some(Timestamp(20_000 * DAY)),
            ..key("k_a", KeyStatus::Revoked)
        };
        let old = list(&[key("k_a", KeyStatus::Active)]);
        assert_eq!(found(vec![old, events, list(&[ended])], 3), []);
    }

    #[test]
    fn a_key_that_was_made_and_never_listed_is_found_after_a_day() {
        let events = Input::Batch(audited(&[(0, "CreateAccessKey", "k_new")]));
        let other = list(&[key("k_a", KeyStatus::Active)]);
        let kinds = |days| -> Vec<String> {
            let found = found(vec![other.clone(), events.clone()], days);
            found.into_iter().filter(|it| it.0 == "k_new").map(|it| it.1).collect()
        };
        assert_eq!(kinds(3), ["not_listed"]);
    }
}
