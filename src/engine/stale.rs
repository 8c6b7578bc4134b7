//! The daily look through the inventory: what went stale, what is reminded, what is over.

use std::cell::LazyCell;
use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::key::Key;
use super::{Action, Engine};
use crate::detect::{Grant, Rules, Stale, Watched};
use crate::identity::InventoryKey;
use crate::incident::{StaleFinding, StaleState};
use crate::model::{Millis, Name, Names, Severity, Timestamp};
use crate::profile::{RouteUse, hash_of};

/// Open ones, by whom they are about.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct StaleFindings(BTreeMap<Name, ByKind>);

/// Of one subject, ascending by kind; shared with whoever shows them. Most have one or two, for which a
/// map would be large.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct ByKind(Vec<Arc<StaleFinding>>);

/// By whom it is about and kind.
pub(super) type Found = BTreeMap<(String, String), StaleFinding>;

/// What many findings say alike, once.
#[derive(Debug, Default)]
struct Texts(BTreeSet<Name>);

/// A look through all of them. What nobody finds again is over.
struct Round {
    before: StaleFindings,
    after: StaleFindings,
    texts: Texts,
    now: Timestamp,
}

const PARTS: usize = 64;
const REMINDED_EVERY_DAYS: i64 = 7;
const DID_SINCE: Millis = Millis::days(90);
const GRANTS_SHOWN: usize = 16;
const ROUTES_SHOWN: usize = 8;

impl StaleFindings {
    /// As they are stored: all of them in one row would be a large piece of memory.
    pub(super) fn parts(&self) -> Vec<Option<BTreeMap<&str, &ByKind>>> {
        let mut parts: Vec<Option<BTreeMap<_, _>>> = vec![None; PARTS];
        for (subject, findings) in &self.0 {
            let part = hash_of(subject) % PARTS as u64;
            if let Some(part) = usize::try_from(part).ok().and_then(|part| parts.get_mut(part)) {
                part.get_or_insert_default().insert(subject.as_str(), findings);
            }
        }
        parts
    }

    /// Of one of the parts.
    pub(super) fn take_up(&mut self, findings: BTreeMap<Name, ByKind>) {
        let mut texts = Texts::default();
        for (subject, findings) in findings {
            let known = self.0.entry(subject).or_default();
            for mut finding in findings.0 {
                let one = Arc::make_mut(&mut finding);
                texts.share(one);
                if let Some(other) = known.0.first() {
                    share_subject(one, other);
                }
                known.insert(finding);
            }
        }
    }

    /// The kinds that are open for a key.
    pub(super) fn kinds(&self, key: &str) -> Vec<Name> {
        self.0.get(key).into_iter().flat_map(|known| &known.0).map(|it| it.kind.clone()).collect()
    }
}

impl ByKind {
    fn place_of(&self, kind: &str) -> Result<usize, usize> {
        self.0.binary_search_by(|it| it.kind.as_str().cmp(kind))
    }

    fn remove(&mut self, kind: &str) -> Option<Arc<StaleFinding>> {
        self.place_of(kind).ok().map(|place| self.0.remove(place))
    }

    fn insert(&mut self, finding: Arc<StaleFinding>) {
        self.remove(&finding.kind);
        let place = self.0.partition_point(|it| it.kind < finding.kind);
        self.0.reserve_exact(1);
        self.0.insert(place, finding);
    }
}

impl Engine {
    pub(super) fn look_for_stale(&mut self, now: Timestamp, actions: &mut Vec<Action>) {
        let before = std::mem::take(&mut self.stale);
        let (after, texts) = (StaleFindings::default(), Texts::default());
        let mut round = Round { before, after, texts, now };
        let inventory = self.inventory.clone();
        for listed in inventory.iter().flat_map(|inventory| inventory.iter()) {
            self.look_at(listed, &mut round, actions);
        }
        let mut found = Found::new();
        self.find_flaws(now, &mut found);
        self.find_conflicts(now, &mut found);
        for ((subject, _), finding) in found {
            let mut known = round.before.0.remove(subject.as_str()).unwrap_or_default();
            let old = known.remove(&finding.kind);
            if !known.0.is_empty() {
                round.before.0.insert(subject.as_str().into(), known);
            }
            let known = (subject.as_str(), old, finding.severity);
            round.note(known, || finding, actions);
        }
        self.stale = round.end(actions);
    }

    /// What is open about a key or a route.
    pub fn open_finding(&self, subject: &str, kind: &str) -> Option<&Arc<StaleFinding>> {
        let known = self.stale.0.get(subject)?;
        known.place_of(kind).ok().and_then(|place| known.0.get(place))
    }

    /// What cannot be said yet about the keys.
    pub(super) fn not_known(&self) -> Vec<String> {
        let Some(now) = self.waiting.watermark.filter(|_| self.inventory.is_some()) else {
            return Vec::new();
        };
        let since = self.totals.since.unwrap_or(now);
        self.settings.detectors.stale_credential.not_known(since, now)
    }

    fn look_at(&self, listed: &InventoryKey, round: &mut Round, actions: &mut Vec<Action>) {
        let now = round.now;
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
        let mut known = round.before.0.remove(&listed.key_id).unwrap_or_default();
        let lists = LazyCell::new(|| (may(&watched), did(&watched)));
        for stale in found {
            let known = (listed.key_id.as_str(), known.remove(stale.kind), stale.severity);
            let make = || StaleFinding {
                may: lists.0.clone(),
                did: lists.1.clone(),
                ..finding_of(listed, stale, &watched)
            };
            round.note(known, make, actions);
        }
        if !known.0.is_empty() {
            round.before.0.insert(listed.key_id.clone(), known);
        }
    }

    fn grants_of(&self, listed: &InventoryKey, seen: &Key) -> Vec<Grant> {
        let Rules { roles, scopes, .. } = &self.settings.rules;
        let of_scope = |scope: &Name| {
            let since = seen.granted.since(scope);
            Grant::of_scope(scope, scopes).given(since)
        };
        let routes = roles.get(listed.role.as_str()).map_or(&[][..], |role| &role.routes);
        listed.scopes.iter().map(of_scope).chain(routes.iter().map(Grant::of_route)).collect()
    }
}

impl StaleFindings {
    pub(super) fn is_open(&self, id: &(String, String)) -> bool {
        self.0.get(id.0.as_str()).is_some_and(|kinds| kinds.place_of(&id.1).is_ok())
    }

    /// Found between two looks.
    pub(super) fn open(
        &mut self,
        id: (String, String),
        finding: StaleFinding,
        actions: &mut Vec<Action>,
    ) {
        let finding = Arc::new(finding);
        actions.push(Action::Stale(Arc::clone(&finding)));
        self.0.entry(id.0.into()).or_default().insert(finding);
    }
}

impl Texts {
    fn share(&mut self, finding: &mut StaleFinding) {
        for text in [&mut finding.kind, &mut finding.next] {
            match self.0.get(text) {
                Some(known) => *text = known.clone(),
                None => drop(self.0.insert(text.clone())),
            }
        }
    }
}

/// What two findings say alike of their subject.
fn share_subject(finding: &mut StaleFinding, other: &StaleFinding) {
    let StaleFinding { key, route, owner, role, may, did, .. } = finding;
    for (text, other) in
        [(key, &other.key), (route, &other.route), (owner, &other.owner), (role, &other.role)]
    {
        if text == other {
            *text = other.clone();
        }
    }
    for (list, other) in [(may, &other.may), (did, &other.did)] {
        if list == other {
            *list = other.clone();
        }
    }
}

impl Round {
    /// It is found, again or for the first time. What is no news stays as it was told, and
    /// is not even made: of a hundred thousand keys most are as they were.
    fn note(
        &mut self,
        (subject, known, severity): (&str, Option<Arc<StaleFinding>>, Severity),
        make: impl FnOnce() -> StaleFinding,
        actions: &mut Vec<Action>,
    ) {
        // By the calendar: what was found at noon is due at the midnight before.
        let today = self.now.day().0;
        let is_quiet = |it: &StaleFinding| {
            today - it.at.day().0 < REMINDED_EVERY_DAYS && it.severity == severity
        };
        let finding = match known {
            Some(known) if is_quiet(&known) => known,
            known => {
                let mut finding = make();
                self.texts.share(&mut finding);
                if let Some(known) = known {
                    finding.since = known.since;
                }
                let finding = Arc::new(finding);
                actions.push(Action::Stale(Arc::clone(&finding)));
                finding
            }
        };
        self.after.0.entry(subject.into()).or_default().insert(finding);
    }

    fn end(self, actions: &mut Vec<Action>) -> StaleFindings {
        for mut finding in self.before.0.into_values().flat_map(|known| known.0) {
            let over = Arc::make_mut(&mut finding);
            over.state = StaleState::Resolved;
            over.at = self.now;
            actions.push(Action::Stale(finding));
        }
        self.after
    }
}

fn finding_of(listed: &InventoryKey, stale: Stale, watched: &Watched<'_>) -> StaleFinding {
    StaleFinding {
        key: listed.key_id.clone(),
        kind: stale.kind.into(),
        severity: stale.severity,
        owner: listed.owner.clone(),
        role: listed.role.clone(),
        since: stale.since,
        at: watched.now,
        because: stale.because,
        next: stale.next.into(),
        first_used: watched.first_used,
        last_used: watched.last_used,
        ..StaleFinding::default()
    }
}

fn may(watched: &Watched<'_>) -> Names {
    watched.grants.iter().take(GRANTS_SHOWN).map(|grant| grant.name.as_str().into()).collect()
}

/// The requests of the last months, those of most days first.
fn did(watched: &Watched<'_>) -> Names {
    let Some(uses) = watched.uses else { return Names::new() };
    let mut routes: Vec<&RouteUse> = uses.routes_since(watched.now.back(DID_SINCE).day()).collect();
    routes.sort_by(|a, b| b.days.cmp(&a.days).then_with(|| a.cmp(b)));
    let text = |it: &&RouteUse| match it.days {
        1 => format!("{} {} on 1 day", it.method, it.route),
        days => format!("{} {} on {days} days", it.method, it.route),
    };
    routes.iter().take(ROUTES_SHOWN).map(text).map(Name::from).collect()
}
