//! What follows from the keys, incidents and findings of a view, such as their order: found out
//! once for all who look, and again when they are others.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::{Arc, Mutex, PoisonError};

use super::view::{View, is_open};
use crate::engine::{KeyRow, Party};
use crate::incident::{Incident, StaleFinding, StaleState};

/// Shared by the views of one daemon.
#[derive(Clone, Debug, Default)]
pub struct Shelf(Arc<Mutex<Option<Arc<Standing>>>>);

#[derive(Debug)]
pub(super) struct Standing {
    keys: Arc<Vec<KeyRow>>,
    incidents: Arc<[Incident]>,
    findings: Arc<[Arc<StaleFinding>]>,
    parties: Arc<Vec<Party>>,
    /// Places of open incidents, worst first, then newest.
    open: Vec<usize>,
    /// Places of all incidents: open ones first, then the newest.
    in_order: Vec<usize>,
    /// Places of findings that hold, worst first, then oldest.
    stale: Vec<usize>,
    stale_keys: usize,
    /// What is open about each key, in the order of the keys.
    marks: Vec<Mark>,
    /// Places of findings that hold, by key.
    by_key: Vec<usize>,
    /// Places of keys: incidents before findings, then by how bad they are and how busy.
    worst_first: Vec<usize>,
    pub(super) roles: BTreeMap<String, RoleSums>,
    /// Places of third parties: those that use nothing, or did not for longest, come first.
    pub(super) idle_parties: Vec<usize>,
}

/// What is open about one key.
#[derive(Clone, Debug, Default)]
struct Mark {
    incident: Option<usize>,
    stale: Range<usize>,
}

/// What the keys of one role come to.
#[derive(Clone, Debug, Default)]
pub(super) struct RoleSums {
    /// Places of its keys.
    pub keys: Vec<usize>,
    pub ready: usize,
    pub requests: u64,
    pub errors: u64,
    pub incidents: usize,
    pub stale: usize,
}

impl View {
    pub(super) fn standing(&self) -> Arc<Standing> {
        let mut kept = self.shelf.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(standing) = kept.as_ref().filter(|it| it.is_of(self)) {
            return Arc::clone(standing);
        }
        let standing = Arc::new(Standing::of(self));
        *kept = Some(Arc::clone(&standing));
        standing
    }

    /// Open and acknowledged incidents, worst first, then newest; those under the alarm
    /// line are left out.
    pub fn open(&self) -> Vec<&Incident> {
        self.standing().open.iter().filter_map(|&at| self.incidents.get(at)).collect()
    }

    /// Open first, then the newest first.
    pub(super) fn incidents_in_order(&self) -> Vec<&Incident> {
        self.standing().in_order.iter().filter_map(|&at| self.incidents.get(at)).collect()
    }

    /// Stale findings that still hold, worst first, then oldest.
    pub fn stale_open(&self) -> Vec<&StaleFinding> {
        self.standing().stale.iter().filter_map(|&at| self.stale.get(at).map(Arc::as_ref)).collect()
    }

    pub fn stale_keys(&self) -> usize {
        self.standing().stale_keys
    }
}

impl Standing {
    fn is_of(&self, view: &View) -> bool {
        Arc::ptr_eq(&self.keys, &view.keys)
            && Arc::ptr_eq(&self.incidents, &view.incidents)
            && Arc::ptr_eq(&self.findings, &view.stale)
            && Arc::ptr_eq(&self.parties, &view.parties)
    }

    fn of(view: &View) -> Self {
        let stale = stale_in_order(view);
        let open = open_in_order(view);
        let names = by_name(&view.keys);
        let (by_key, mut marks) = marks_of(view, &names, &stale);
        // Best first, so that the worst is written last.
        for &place in open.iter().rev() {
            for key in keys_of(view, place) {
                for &named in range_of(&names, view, key) {
                    if let Some(mark) = marks.get_mut(named) {
                        mark.incident = Some(place);
                    }
                }
            }
        }
        let stale_keys = by_key.chunk_by(|a, b| key_at(view, *a) == key_at(view, *b)).count();
        let roles = roles_of(view, &marks, (&names, &open));
        let mut standing = Self {
            keys: Arc::clone(&view.keys),
            incidents: Arc::clone(&view.incidents),
            findings: Arc::clone(&view.stale),
            parties: Arc::clone(&view.parties),
            idle_parties: idle_parties(view, &names),
            in_order: incidents_in_order(view),
            worst_first: Vec::new(),
            stale_keys,
            open,
            stale,
            marks,
            by_key,
            roles,
        };
        standing.worst_first = standing.worst_first(names);
        standing
    }

    /// Places of keys, the worst first.
    pub(super) fn worst(&self) -> &[usize] {
        &self.worst_first
    }

    /// The worst open incident of a key.
    pub(super) fn incident_of(&self, key: usize) -> Option<&Incident> {
        self.incidents.get(self.marks.get(key)?.incident?)
    }

    /// What is stale about a key, the worst first.
    pub(super) fn stale_of(&self, key: usize) -> impl Iterator<Item = &StaleFinding> {
        let range = self.marks.get(key).map_or(0..0, |mark| mark.stale.clone());
        let places = self.by_key.get(range).unwrap_or_default();
        places.iter().filter_map(|&at| self.findings.get(at).map(Arc::as_ref))
    }

    pub(super) fn is_stale(&self, key: usize) -> bool {
        self.marks.get(key).is_some_and(|mark| !mark.stale.is_empty())
    }

    /// Keys may have none.
    pub(super) fn named_roles(&self) -> impl Iterator<Item = &String> {
        self.roles.keys().filter(|role| !role.is_empty())
    }

    fn worst_first(&self, mut names: Vec<usize>) -> Vec<usize> {
        // Sorted by name already: what is equal stays in that order.
        names.sort_by_cached_key(|&at| {
            let worst = self.stale_of(at).map(|it| it.severity).max();
            let open = self.incident_of(at).map(|it| it.severity);
            let requests = self.keys.get(at).map_or(0, |key| key.requests);
            std::cmp::Reverse((open, worst, requests))
        });
        names
    }
}

fn stale_in_order(view: &View) -> Vec<usize> {
    let findings = view.stale.iter().map(Arc::as_ref).enumerate();
    let mut open: Vec<(usize, &StaleFinding)> =
        findings.filter(|(_, one)| one.state == StaleState::Open).collect();
    open.sort_by(|(_, a), (_, b)| {
        (b.severity, a.since, &a.key, &a.kind).cmp(&(a.severity, b.since, &b.key, &b.kind))
    });
    open.into_iter().map(|(place, _)| place).collect()
}

fn open_in_order(view: &View) -> Vec<usize> {
    let mut open: Vec<(usize, &Incident)> =
        view.incidents.iter().enumerate().filter(|(_, one)| is_open(one)).collect();
    open.sort_by_key(|(_, one)| std::cmp::Reverse((one.severity, one.opened, one.id)));
    open.into_iter().map(|(place, _)| place).collect()
}

fn incidents_in_order(view: &View) -> Vec<usize> {
    let mut all: Vec<(usize, &Incident)> = view.incidents.iter().enumerate().collect();
    all.sort_by_key(|(_, one)| std::cmp::Reverse((is_open(one), one.opened, one.id)));
    all.into_iter().map(|(place, _)| place).collect()
}

/// Places of the keys, by their ids: mostly they lie so already.
fn by_name(keys: &[KeyRow]) -> Vec<usize> {
    let mut names: Vec<(usize, &str)> =
        keys.iter().enumerate().map(|(place, key)| (place, key.key.as_str())).collect();
    names.sort_by_key(|(_, name)| *name);
    names.into_iter().map(|(place, _)| place).collect()
}

/// Both are gone through once, side by side.
fn marks_of(view: &View, names: &[usize], stale: &[usize]) -> (Vec<usize>, Vec<Mark>) {
    let mut by_key = stale.to_vec();
    by_key.sort_by_key(|&at| key_at(view, at));
    let mut marks = vec![Mark::default(); names.len()];
    let mut from = 0;
    for &place in names {
        let Some(key) = view.keys.get(place) else { continue };
        let rest = by_key.get(from..).unwrap_or_default();
        from += rest.iter().take_while(|&&at| key_at(view, at) < key.key.as_str()).count();
        let rest = by_key.get(from..).unwrap_or_default();
        let own = rest.iter().take_while(|&&at| key_at(view, at) == key.key).count();
        if let Some(mark) = marks.get_mut(place) {
            mark.stale = from..from + own;
        }
    }
    (by_key, marks)
}

fn key_at(view: &View, finding: usize) -> &str {
    view.stale.get(finding).map_or("", |it| it.key.as_str())
}

fn keys_of(view: &View, incident: usize) -> impl Iterator<Item = &str> {
    let incident = view.incidents.get(incident).into_iter();
    incident.flat_map(|it| it.entity.key().into_iter().chain(it.keys.iter().map(String::as_str)))
}

fn range_of<'n>(names: &'n [usize], view: &View, key: &str) -> &'n [usize] {
    let name = |at: &usize| view.keys.get(*at).map_or("", |row| row.key.as_str());
    let from = names.partition_point(|at| name(at) < key);
    let rest = names.get(from..).unwrap_or_default();
    let count = rest.iter().take_while(|&at| name(at) == key).count();
    rest.get(..count).unwrap_or_default()
}

fn roles_of(
    view: &View,
    marks: &[Mark],
    (names, open): (&[usize], &[usize]),
) -> BTreeMap<String, RoleSums> {
    let mut roles: BTreeMap<&str, RoleSums> = BTreeMap::new();
    for (place, key) in view.keys.iter().enumerate() {
        let sums = roles.entry(key.role.as_str()).or_default();
        sums.keys.push(place);
        sums.ready += usize::from(key.state == "ready");
        sums.requests += key.requests;
        sums.errors += key.errors;
        sums.stale += usize::from(marks.get(place).is_some_and(|mark| !mark.stale.is_empty()));
    }
    for &place in open {
        let known = keys_of(view, place).flat_map(|key| range_of(names, view, key));
        let mut own: Vec<&str> =
            known.filter_map(|&at| view.keys.get(at)).map(|key| key.role.as_str()).collect();
        own.sort_unstable();
        own.dedup();
        for role in own {
            roles.entry(role).or_default().incidents += 1;
        }
    }
    roles.into_iter().map(|(role, sums)| (role.to_owned(), sums)).collect()
}

fn idle_parties(view: &View, names: &[usize]) -> Vec<usize> {
    let last = |party: &Party| {
        let known = party.keys.iter().flat_map(|key| range_of(names, view, key));
        known.filter_map(|&at| view.keys.get(at)?.last_used).max()
    };
    let mut parties: Vec<(usize, _)> = view.parties.iter().map(last).enumerate().collect();
    parties.sort_by_key(|(_, last)| *last);
    parties.into_iter().map(|(place, _)| place).collect()
}

#[cfg(test)]
mod tests {
    use super::super::sample;
    use super::*;

    #[test]
    fn it_is_found_out_once_and_again_when_something_changed() {
        let view = sample::alert();
        let first = view.standing();
        assert!(Arc::ptr_eq(&first, &view.clone().standing()));
        let mut other = view.clone();
        Arc::make_mut(&mut Arc::make_mut(&mut other.stale)[0]).state = StaleState::Resolved;
        assert_eq!(other.stale_open().len() + 1, view.stale_open().len());
    }

    #[test]
    fn each_key_has_its_incident_and_its_findings_and_no_others() {
        let view = sample::alert();
        let standing = view.standing();
        for (place, key) in view.keys.iter().enumerate() {
            let stale: Vec<&str> = standing.stale_of(place).map(|it| it.key.as_str()).collect();
            let known = view.stale_open().iter().filter(|it| it.key == key.key).count();
            assert_eq!(stale, vec![key.key.as_str(); known], "{}", key.key);
            let is_in = |it: &&Incident| {
                it.entity.key() == Some(key.key.as_str()) || it.keys.iter().any(|it| *it == key.key)
            };
            let worst = view.open().into_iter().find(is_in).map(|it| it.id);
            assert_eq!(standing.incident_of(place).map(|it| it.id), worst, "{}", key.key);
        }
        let first = standing.worst()[0];
        assert!(standing.incident_of(first).is_some(), "an incident comes before what is stale");
    }
}
