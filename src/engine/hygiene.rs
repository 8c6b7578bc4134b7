//! Flaws of requests, gathered by key or, where no listed key is in it, by route: one
//! finding each, that is over when the flaw has not been seen for a week.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::stale::Found;
use super::values::NOBODY;
use super::{Action, Engine};
use crate::detect::{Flawed, Hygiene, StaleCredential, Whose};
use crate::incident::StaleFinding;
use crate::model::{Day, EventBatch, Flaw, Flaws, Name, Slot, Timestamp};
use crate::profile::{FlawedUse, hash_of};

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Gathered {
    /// By subject and kind.
    cases: BTreeMap<(String, String), Case>,
    /// Who used which signed URL, by its signature.
    signed: BTreeMap<u64, SignedUrl>,
    /// Not gathered, for want of room.
    dropped: u64,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Case {
    is_key: bool,
    seen: Flawed,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
struct SignedUrl {
    last: Day,
    networks: Vec<u64>,
}

/// Flaws of a batch: slot, key, route, flaws, and of signed URLs address and query, as
/// numbers of the batch's columns.
pub(super) type Sightings = BTreeMap<(Slot, u32, u32, u32, u32, u32), u32>;

const CASES_MAX: usize = 10_000;
const SIGNED_MAX: usize = 4096;
const NETWORKS_MAX: usize = 32;
const ROUTES_MAX: usize = 5;
const ROUTE_BYTES_MAX: usize = 96;

impl Engine {
    /// A row with flaws. What was refused counts only if it shows a listed key's habit:
    /// scanners send anything.
    pub(super) fn see_flaws(
        &self,
        batch: &EventBatch,
        (row, slot): (usize, Slot),
        (key, sightings): (u32, &mut Sightings),
    ) {
        let flaws = batch.flaws.get(row).copied().map(Flaws).unwrap_or_default();
        if flaws.bits() == 0 {
            return;
        }
        let status = batch.status.get(row).copied().unwrap_or_default();
        let is_listed = self.keys.get(key).is_some_and(|key| key.is_listed);
        if !is_listed && !(200..300).contains(&status) {
            return;
        }
        let expired_in_vain = flaws.has(Flaw::SignedUrlExpired) && 400 <= status;
        // Without a key in it, an open page is no secret's way.
        let hidden = [
            (expired_in_vain, Flaw::SignedUrlExpired),
            (key == NOBODY, Flaw::PlainHttp),
            (key == NOBODY, Flaw::OldTls),
        ];
        let flaws = hidden
            .into_iter()
            .filter(|(is_hidden, _)| *is_hidden)
            .fold(flaws, |flaws, (_, flaw)| flaws.without(flaw));
        if flaws.bits() == 0 {
            return;
        }
        let (address, query) = if flaws.has(Flaw::SignedUrl) {
            (batch.source_ip.number(row), batch.query.number(row))
        } else {
            (0, 0)
        };
        let sighting = (slot, key, batch.route.number(row), flaws.bits(), address, query);
        *sightings.entry(sighting).or_default() += 1;
    }

    /// The end of a batch: what was seen goes to its slots.
    pub(super) fn keep_flaws(&mut self, batch: &EventBatch, sightings: &mut Sightings) {
        for ((slot, key, route, flaws, address, query), requests) in std::mem::take(sightings) {
            let query = batch.query.dictionary.value(query);
            let address = batch.source_ip.dictionary.value(address);
            self.waiting.slot(slot).flawed.push(FlawedUse {
                key,
                route: shown(batch.route.dictionary.value(route)),
                flaws,
                signature: signature_in(query).map_or(0, hash_of),
                place: hash_of(&crate::profile::place_of(address, 0)),
                requests,
            });
        }
    }

    /// The slot has waited long enough.
    pub(super) fn note_flaws(&mut self, slot: Slot, use_: &FlawedUse, actions: &mut Vec<Action>) {
        let flaws = Flaws(use_.flaws);
        let listed = self.keys.get(use_.key).filter(|key| key.is_listed);
        let is_key = listed.is_some();
        let subject = listed.map_or_else(|| use_.route.clone(), |key| key.id.to_string());
        if subject.is_empty() {
            return;
        }
        let networks = self.gathered.networks_of(slot, use_);
        if let Some(kind) = Hygiene::against(flaws)
            && let Some(case) = self.gathered.case((&subject, kind), is_key)
        {
            case.seen.against += u64::from(use_.requests);
        }
        for kind in Hygiene::kinds(flaws) {
            let Some(case) = self.gathered.case((&subject, kind), is_key) else { continue };
            case.seen.note(slot.start(), use_, networks);
            let id = (subject.clone(), kind.to_owned());
            if self.stale.is_open(&id) {
                continue;
            }
            if let Some(finding) = self.flaw_finding(&id, slot.start()) {
                self.stale.open(id, finding, actions);
            }
        }
    }

    /// The day's findings; what was last seen longer than a week ago is over.
    pub(super) fn find_flaws(&mut self, now: Timestamp, found: &mut Found) {
        let oldest = Day(now.day().0 - StaleCredential::RECENT_DAYS);
        self.gathered.cases.retain(|_, case| oldest <= case.seen.last.day());
        self.gathered.signed.retain(|_, url| oldest <= url.last);
        for id in self.gathered.cases.keys().cloned().collect::<Vec<_>>() {
            if let Some(finding) = self.flaw_finding(&id, now) {
                found.insert(id, finding);
            }
        }
    }

    fn flaw_finding(&self, id: &(String, String), now: Timestamp) -> Option<StaleFinding> {
        let case = self.gathered.cases.get(id)?;
        let whose = if case.is_key { Whose::Key } else { Whose::Strangers };
        let stale = self.settings.detectors.hygiene.judge(&id.1, &case.seen, whose)?;
        let index = if case.is_key { self.keys.index_of(&id.0) } else { None };
        let key = index.and_then(|index| self.keys.get(index));
        Some(StaleFinding {
            key: if case.is_key { id.0.as_str().into() } else { Name::new() },
            route: if case.is_key { Name::new() } else { id.0.as_str().into() },
            kind: stale.kind.into(),
            severity: stale.severity,
            owner: key.map_or_else(Name::new, |key| key.owner.clone()),
            role: key.map_or_else(Name::new, |key| key.role.clone()),
            since: stale.since,
            at: now,
            because: stale.because,
            next: stale.next.into(),
            first_used: key.and_then(|key| key.first_judged),
            last_used: key.and_then(|key| key.last_judged),
            ..StaleFinding::default()
        })
    }
}

impl Gathered {
    fn case(&mut self, (subject, kind): (&str, &str), is_key: bool) -> Option<&mut Case> {
        let id = (subject.to_owned(), kind.to_owned());
        if CASES_MAX <= self.cases.len() && !self.cases.contains_key(&id) {
            self.dropped += 1;
            return None;
        }
        let case = self.cases.entry(id).or_default();
        case.is_key = is_key;
        Some(case)
    }

    /// How many networks have used the signed URL by now.
    fn networks_of(&mut self, slot: Slot, use_: &FlawedUse) -> usize {
        let is_signed = Flaws(use_.flaws).has(Flaw::SignedUrl) && use_.signature != 0;
        let is_full = SIGNED_MAX <= self.signed.len() && !self.signed.contains_key(&use_.signature);
        if !is_signed || is_full {
            return 0;
        }
        let url = self.signed.entry(use_.signature).or_default();
        url.last = url.last.max(slot.start().day());
        if url.networks.len() < NETWORKS_MAX
            && let Err(place) = url.networks.binary_search(&use_.place)
        {
            url.networks.insert(place, use_.place);
        }
        url.networks.len()
    }
}

impl Flawed {
    fn note(&mut self, at: Timestamp, use_: &FlawedUse, networks: usize) {
        if self.requests == 0 {
            self.first = at;
        }
        self.last = self.last.max(at);
        self.requests += u64::from(use_.requests);
        self.networks = self.networks.max(networks);
        if self.routes.len() < ROUTES_MAX && !self.routes.contains(&use_.route) {
            self.routes.push(use_.route.clone());
        }
    }
}

/// The value behind the signature's name, already replaced by its label.
fn signature_in(query: &str) -> Option<&str> {
    let pairs = query.split('&').filter_map(|pair| pair.split_once('='));
    let is_signature = |name: &str| {
        let name = name.to_ascii_lowercase();
        name.ends_with("signature") || name == "sig"
    };
    pairs.into_iter().find(|(name, _)| is_signature(name)).map(|(_, value)| value)
}

/// A route, short and without the address of a person.
fn shown(route: &str) -> String {
    let cut = route.get(..route.floor_char_boundary(ROUTE_BYTES_MAX)).unwrap_or(route);
    let pieces = cut.split('/').map(|piece| if piece.contains('@') { "{mail}" } else { piece });
    pieces.collect::<Vec<_>>().join("/")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signature_is_found_by_its_name() {
        assert_eq!(signature_in("a=1&X-Amz-Signature=[secret:abc]&b=2"), Some("[secret:abc]"));
        assert_eq!(signature_in("sig=x"), Some("x"));
        assert_eq!(signature_in("design=x"), None);
    }

    #[test]
    fn nobodys_address_is_shown() {
        assert_eq!(shown("/v1/users/ana@example.com/a"), "/v1/users/{mail}/a");
    }
}
