//! Forgets somebody: a key with its habits, and every text that names them, so that what is
//! left is what it was of everybody else.

use std::collections::BTreeSet;

use super::state::{part_of, removed, row_of, together};
use super::{Engine, EngineError, Settings, StateRow};
use crate::model::{Mention, Name, Scrubbed};
use crate::profile::{Object, client_family, hash_of, place_of};

/// The engine afterwards, as it is to be stored.
#[derive(Debug)]
pub struct Forgotten {
    pub engine: Engine,
    /// All of the state; rows without a value are to be removed.
    pub rows: Vec<StateRow>,
    /// Keys whose habits went.
    pub keys: u64,
    /// Rows beside those of the keys that were another before.
    pub others: u64,
}

impl Engine {
    /// Replaces the engine by one that never heard of the subject.
    pub fn forget(&mut self, mention: &Mention) -> Result<Forgotten, EngineError> {
        let ids: Vec<Name> = self.keys.iter().map(|key| key.id.clone()).collect();
        let ids: Vec<Name> = ids.into_iter().filter(|id| mention.is_in(id)).collect();
        let gone: BTreeSet<u32> = ids.iter().filter_map(|id| self.keys.index_of(id)).collect();
        self.waiting.forget_keys(&gone);
        self.causes.forget_keys(&gone);
        for name in mention.names() {
            self.guessers.forget(hash_of(name));
        }
        let mention = &mention.clone().with_hashes(hashes_of(mention));
        let mut rows: Vec<StateRow> = Vec::new();
        for id in &ids {
            self.keys.forget(id);
            rows.push(removed(id));
        }
        let (kept, others) = self.scrubbed_state(mention);
        let mut engine = Self::restoring(Settings::default());
        kept.iter().try_for_each(|row| engine.take_up(row))?;
        let engine = engine.done();
        rows.extend(kept);
        Ok(Forgotten { engine, rows, keys: ids.len() as u64, others })
    }

    /// Every row without the names, and how many of them held one.
    fn scrubbed_state(&mut self, mention: &Mention) -> (Vec<StateRow>, u64) {
        let keys = self.keys.take_all();
        let mut rows: Vec<StateRow> = keys.gone.iter().map(|id| removed(id)).collect();
        let mut changed = 0;
        let mut add = |plain: Option<StateRow>, clean: Option<StateRow>| {
            changed += u64::from(plain != clean);
            rows.extend(clean);
        };
        for key in keys.alone {
            let id = format!("key/{}", key.id);
            add(row_of(id.clone(), key), row_of(id, &Scrubbed::new(key, mention)));
        }
        for (number, keys) in keys.together {
            let clean: Vec<_> = keys.iter().map(|key| Scrubbed::new(*key, mention)).collect();
            add(together(number, &keys), together(number, &clean));
        }
        for (name, role) in self.roles.iter() {
            let id = format!("role/{name}");
            add(row_of(id.clone(), role), row_of(id, &Scrubbed::new(role, mention)));
        }
        for (part, findings) in self.stale.parts().iter().enumerate() {
            let clean = findings.as_ref().map(|findings| Scrubbed::new(findings, mention));
            add(part_of(part, findings.as_ref()), part_of(part, clean));
        }
        macro_rules! add_all {
            ($($name:literal: $value:expr),+ $(,)?) => {
                $(add(
                    row_of($name.to_owned(), $value),
                    row_of($name.to_owned(), &Scrubbed::new($value, mention)),
                );)+
            };
        }
        add_all! {
            "ahead": &self.ahead, "audits": &self.audits, "budget": &self.budget,
            "causes": &self.causes, "fleet": &self.fleet, "forms": &self.forms,
            "gathered": &self.gathered, "guessers": &self.guessers, "hour": &self.hour,
            "incidents": &self.incidents, "inventory": &self.inventory.as_deref(),
            "others": &self.others, "matches": &self.matches, "settings": &self.settings,
            "sources": &self.sources, "strangers": &self.strangers,
            "tallies": &self.tallies, "totals": &self.totals, "travels": &self.travels, "waiting": &self.waiting,
        }
        (rows, changed)
    }
}

/// Whatever the state may know of the names and of what names them, as it knows it.
fn hashes_of(mention: &Mention) -> Vec<u64> {
    let mut hashes = Vec::new();
    for text in mention.names().chain(mention.stored().texts.iter().map(String::as_str)) {
        // Of an address the network, too, which keys are known to come from.
        let family = Some(client_family(text)).filter(|family| mention.is_in(family));
        let known = [Some(text), family].into_iter().flatten().map(|it| hash_of(it).max(1));
        hashes.extend(known.chain([hash_of(&place_of(text, 0)).max(1)]));
    }
    for (path, route) in &mention.stored().requests {
        let (of_path, of_route) = (mention.is_in(path), mention.is_in(route));
        hashes.extend(of_route.then(|| hash_of(route).max(1)));
        if of_path {
            let object = Object::of(path, (hash_of(route).max(1), route)).map_or(0, Object::number);
            hashes.extend([hash_of(path), object]);
        }
    }
    for route in mention.stored().routes.iter().take(FORMS_MAX) {
        mention.names().for_each(|name| add_formed(&mut hashes, (route, name)));
    }
    hashes
}

/// Routes whose forms are tried.
const FORMS_MAX: usize = 10_000;

/// What is kept of requests with the name in one part of such a route, whether or not they are
/// stored any more: the object in the only place of an id, and a route with the name in it.
fn add_formed(hashes: &mut Vec<u64>, (route, name): (&str, &str)) {
    let places = route.matches('{').count();
    let mut start = 0;
    for part in route.split('/') {
        let end = start + part.len();
        let around = route.get(..start).zip(route.get(end..));
        start = end + 1;
        let Some((before, after)) = around.filter(|_| !part.is_empty()) else { continue };
        let formed = format!("{before}{name}{after}");
        if part.contains('{') && places == 1 {
            let object = Object::of(&formed, (hash_of(route).max(1), route));
            hashes.extend(object.map(Object::number));
        }
        hashes.push(hash_of(&formed).max(1));
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::model::{Entity, Stored};

    #[test]
    fn no_row_of_the_state_is_left_out() {
        let ids = |rows: Vec<StateRow>| {
            let there = rows.into_iter().filter(|row| row.value.is_some());
            there.map(|row| row.id).collect::<BTreeSet<_>>()
        };
        let mut engine = Engine::new(Settings::default());
        let written = ids(engine.changed_state());
        let forgotten = engine.forget(&Mention::of(["nobody".to_owned()])).unwrap();
        assert_eq!((forgotten.keys, forgotten.others), (0, 0));
        assert_eq!(ids(forgotten.rows), written);
    }

    #[test]
    fn what_names_them_is_known_by_its_hashes_and_what_others_share_is_not() {
        let (path, route) = ("/v1/users/ann/orders", "/v1/users/{id}/orders");
        let object = Object::of(path, (hash_of(route), route)).unwrap().number();
        let mention = Mention::of(["ann".to_owned()]);
        let requests = [(path.to_owned(), route.to_owned())].into();
        let texts = ["ann-bot/2".to_owned(), "ann/2".to_owned()].into();
        let stored = Stored { requests, texts, ..Stored::default() };
        let known = hashes_of(&mention.clone().with_stored(stored));
        let has = |text: &str| known.contains(&hash_of(text));
        assert_eq!([path, "ann", "ann/2", route, "sdk"].map(has), [true, true, true, false, false]);
        assert!(known.contains(&object));
        // Of what is not stored any more, by the form that others' requests have.
        let routes = [route.to_owned()].into();
        let known = hashes_of(&mention.with_stored(Stored { routes, ..Stored::default() }));
        assert!(known.contains(&object) && !known.contains(&hash_of(route)));
    }

    #[test]
    fn a_hash_of_the_name_is_gone_and_others_keep_their_order() {
        let hashes = [7, hash_of("ann"), hash_of("bob"), u64::MAX];
        let mention = Mention::of(["ann".to_owned()]).with_hashes([hash_of("ann")]);
        let mut sorted = hashes.to_vec();
        sorted.sort_unstable();
        let written = postcard::to_allocvec(&Scrubbed::new(&sorted, &mention)).unwrap();
        let read: Vec<u64> = postcard::from_bytes(&written).unwrap();
        assert!(read.is_sorted() && read.len() == 4, "{read:?}");
        assert!(!read.contains(&hash_of("ann")) && read.contains(&hash_of("bob")), "{read:?}");
    }

    #[test]
    fn every_text_at_any_depth_loses_the_name_and_nothing_else_changes() {
        let mention = Mention::of(["ann".to_owned()]);
        let value = BTreeMap::from([
            ("ann".to_owned(), (Some("by ann"), Entity::Key("ann".to_owned()), 7u64)),
            ("anna".to_owned(), (None, Entity::Key("bob".to_owned()), 8)),
        ]);
        let text = serde_json::to_string(&Scrubbed::new(&value, &mention)).unwrap();
        let plain = serde_json::to_string(&value).unwrap();
        let clean = plain.replace("\"ann\"", "\"(forgotten)\"").replace("by ann", "by (forgotten)");
        assert_eq!(text, clean);
    }
}
