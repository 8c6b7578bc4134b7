//! The daily look through the inventory: what went stale, what is reminded, what is over.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::key::Key;
use super::{Action, Engine};
use crate::detect::{Grant, Rules, Stale, Watched};
use crate::identity::InventoryKey;
use crate::incident::{StaleFinding, StaleState};
use crate::model::{Millis, Timestamp};
use crate::profile::RouteUse;

/// Open ones, by key and kind.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct StaleFindings(Found);

/// By whom it is about and kind.
pub(super) type Found = BTreeMap<(String, String), StaleFinding>;

const REMINDED_EVERY_DAYS: i64 = 7;
const DID_SINCE: Millis = Millis::days(90);
const GRANTS_SHOWN: usize = 16;
const ROUTES_SHOWN: usize = 8;

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
        let inventory = self.inventory.clone();
        let mut found = Found::new();
        for listed in inventory.iter().flat_map(|inventory| inventory.iter()) {
            for finding in self.stale_of(listed, now) {
                found.insert((listed.key_id.clone(), finding.kind.clone()), finding);
            }
        }
        self.find_flaws(now, &mut found);
        self.stale.compare(found, now, actions);
    }

    /// What cannot be said yet about the keys.
    pub(super) fn not_known(&self) -> Vec<String> {
        let Some(now) = self.waiting.watermark.filter(|_| self.inventory.is_some()) else {
            return Vec::new();
        };
        let since = self.totals.since.unwrap_or(now);
        self.settings.detectors.stale_credential.not_known(since, now)
    }

    fn stale_of(&self, listed: &InventoryKey, now: Timestamp) -> Vec<StaleFinding> {
        let key = |id: &str| self.keys.index_of(id).and_then(|index| self.keys.get(index));
        let nobody = Key::default();
        let seen = key(&listed.key_id).unwrap_or(&nobody);
        let successor = listed.successor.as_deref().and_then(key);
        let grants = self.grants_of(listed, seen);
        let watched = Watched {
            now,
            // Before the first event, the log is watched from now on.
            since: self.totals.since.unwrap_or(now),
            first_used: seen.first_judged,
            last_used: seen.last_judged.max(listed.last_used.filter(|last| *last <= now)),
            uses: seen.uses.as_deref(),
            successor_first_used: successor.and_then(|successor| successor.first_judged),
            grants: &grants,
        };
        let usual = &self.settings.detectors.stale_credential;
        let rules = &self.settings.rules;
        let mut found = rules.stale_of(listed, usual).judge(listed, &watched);
        if let Some(uses) = watched.uses {
            found.extend(self.settings.detectors.hygiene.outdated(rules, uses, now));
        }
        found.into_iter().map(|stale| finding_of(listed, stale, &watched)).collect()
    }

    fn grants_of(&self, listed: &InventoryKey, seen: &Key) -> Vec<Grant> {
        let Rules { roles, scopes, .. } = &self.settings.rules;
        let of_scope = |scope: &String| {
            let since = seen.granted.get(scope).copied().flatten();
            Grant::of_scope(scope, scopes).given(since)
        };
        let routes = roles.get(&listed.role).map_or(&[][..], |role| &role.routes);
        listed.scopes.iter().map(of_scope).chain(routes.iter().map(Grant::of_route)).collect()
    }
}

impl StaleFindings {
    pub(super) fn is_open(&self, id: &(String, String)) -> bool {
        self.0.contains_key(id)
    }

    /// Found between two looks.
    pub(super) fn open(
        &mut self,
        id: (String, String),
        finding: StaleFinding,
        actions: &mut Vec<Action>,
    ) {
        actions.push(Action::Stale(Box::new(finding.clone())));
        self.0.insert(id, finding);
    }

    fn compare(&mut self, found: Found, now: Timestamp, actions: &mut Vec<Action>) {
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
                // By the calendar: what was found at noon is due at the midnight before.
                let is_due = REMINDED_EVERY_DAYS <= now.day().0 - known.at.day().0;
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

fn finding_of(listed: &InventoryKey, stale: Stale, watched: &Watched<'_>) -> StaleFinding {
    StaleFinding {
        key: listed.key_id.clone(),
        kind: stale.kind.to_owned(),
        severity: stale.severity,
        owner: listed.owner.clone(),
        role: listed.role.clone(),
        since: stale.since,
        at: watched.now,
        because: stale.because,
        next: stale.next.to_owned(),
        first_used: watched.first_used,
        last_used: watched.last_used,
        may: watched.grants.iter().take(GRANTS_SHOWN).map(|grant| grant.name.clone()).collect(),
        did: did(watched),
        ..StaleFinding::default()
    }
}

/// The requests of the last months, those of most days first.
fn did(watched: &Watched<'_>) -> Vec<String> {
    let Some(uses) = watched.uses else { return Vec::new() };
    let mut routes: Vec<&RouteUse> = uses.routes_since(watched.now.back(DID_SINCE).day()).collect();
    routes.sort_by(|a, b| b.days.cmp(&a.days).then_with(|| a.cmp(b)));
    let text = |it: &&RouteUse| match it.days {
        1 => format!("{} {} on 1 day", it.method, it.route),
        days => format!("{} {} on {days} days", it.method, it.route),
    };
    routes.iter().take(ROUTES_SHOWN).map(text).collect()
}
