//! The daily look through the inventory: what went stale, what is reminded, what is over.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{Action, Engine};
use crate::detect::{Stale, Watched};
use crate::identity::InventoryKey;
use crate::incident::{StaleFinding, StaleState};
use crate::model::{Millis, Timestamp};

/// Open ones, by key and kind.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct StaleFindings(BTreeMap<(String, String), StaleFinding>);

const REMINDED_EVERY: Millis = Millis::days(7);

impl StaleFindings {
    /// The kinds that are open for a key.
    pub(super) fn kinds(&self, key: &str) -> Vec<String> {
        let from = (key.to_owned(), String::new());
        let of_key = self.0.range(from..).take_while(|((id, _), _)| id == key);
        of_key.map(|((_, kind), _)| kind.clone()).collect()
    }
}

impl Engine {
    pub(super) fn look_for_stale(&mut self, now: Timestamp, actions: &mut Vec<Action>) {
        // Before the first event, the log is watched from now on.
        let since = self.totals.since.unwrap_or(now);
        let Some(inventory) = self.inventory.clone() else { return };
        let mut found = BTreeMap::new();
        for listed in inventory.iter() {
            let key = self.keys.index_of(&listed.key_id).and_then(|index| self.keys.get(index));
            let last_used = key.and_then(|key| key.last_judged);
            let watched = Watched { now, since, last_used };
            for stale in self.settings.detectors.stale_credential.judge(listed, &watched) {
                let id = (listed.key_id.clone(), stale.kind.to_owned());
                found.insert(id, finding_of(listed, stale, now));
            }
        }
        self.stale.compare(found, now, actions);
    }
}

impl StaleFindings {
    fn compare(
        &mut self,
        found: BTreeMap<(String, String), StaleFinding>,
        now: Timestamp,
        actions: &mut Vec<Action>,
    ) {
        let over: Vec<_> = self.0.keys().filter(|id| !found.contains_key(id)).cloned().collect();
        for id in over {
            if let Some(mut finding) = self.0.remove(&id) {
                finding.state = StaleState::Resolved;
                finding.at = now;
                actions.push(Action::Stale(Box::new(finding)));
            }
        }
        for (id, mut finding) in found {
            if let Some(known) = self.0.get(&id) {
                let is_due = REMINDED_EVERY.0 <= now.since(known.at).0;
                if !is_due && known.severity == finding.severity {
                    continue;
                }
                finding.since = known.since;
            }
            actions.push(Action::Stale(Box::new(finding.clone())));
            self.0.insert(id, finding);
        }
    }
}

fn finding_of(listed: &InventoryKey, stale: Stale, now: Timestamp) -> StaleFinding {
    StaleFinding {
        key: listed.key_id.clone(),
        kind: stale.kind.to_owned(),
        severity: stale.severity,
        owner: listed.owner.clone(),
        role: listed.role.clone(),
        since: stale.since,
        at: now,
        because: stale.because,
        next: stale.next.to_owned(),
        state: StaleState::Open,
    }
}
