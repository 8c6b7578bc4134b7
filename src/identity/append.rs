//! From one parsed line to one row of a batch. Past this point there are no secrets.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use super::branches::{Branches, Room};
use super::cells::{append_method, append_numbers, append_object, put};
use super::clean::{cut, text_of};
use super::columns::{Desk, Known, KnownAddress, KnownKey, Limits, TextMemo};
use super::consent::Consent;
use super::flaws::flaws_of;
use super::hops::Prefixes;
use super::inventory::Inventory;
use super::memo::Memo;
use super::namer::{Namer, Origin};
use super::networks::Networks;
use super::openapi::Templates;
use super::path_keys::PathKeys;
use super::privacy::{Kept, Privacy};
use super::pseudonym::{KeyIs, Pseudonyms};
use super::route::route_of;
use super::scrub::{Hides, Own, Scratch, Scrubber};
use super::shapes::Place;
use super::told::{Target, bytes_of, credential_of, forwarded, plain_target, target_of};
use crate::model::{EventBatch, Record, Timestamp};

/// Knows who stands behind a credential and an address.
pub struct Identity {
    namer: Namer,
    scrubber: Scrubber,
    inventory: Arc<Inventory>,
    networks: Arc<Networks>,
    consent: Arc<Consent>,
    privacy: Arc<Privacy>,
    pseudonyms: Pseudonyms,
    templates: Arc<Templates>,
    trusted: Prefixes,
    path_keys: PathKeys,
    keys: Keys,
    addresses: Memo<KnownAddress>,
    texts: Texts,
    scratch: Scratch,
    branches: Branches,
    room: Room,
    route: String,
    last: Last,
}

/// Where and when a line was read.
#[derive(Clone, Copy, Debug)]
pub struct Seen<'a> {
    pub source: &'a str,
    pub format: &'a str,
    /// The time of a line that gives none.
    pub arrival: Timestamp,
}

/// Credentials that were seen before, by where they stood.
struct Keys {
    /// Of a line that has none.
    none: KnownKey,
    headers: Memo<KnownKey>,
    queries: Memo<KnownKey>,
    users: Memo<KnownKey>,
}

/// Texts of a few columns that were seen before.
struct Texts {
    user_agent: TextMemo,
    referer: TextMemo,
    user: TextMemo,
    model: TextMemo,
    country: TextMemo,
    operation: TextMemo,
    outcome: TextMemo,
    tenant: TextMemo,
    object: TextMemo,
    method: TextMemo,
}

/// The last row's values: the next row mostly has the same.
#[derive(Default)]
struct Last {
    source: Known,
    format: Known,
    method: u32,
    route: u32,
}

const PATH: Limits = Limits { place: Place::Path, hides: Hides::Secrets, bytes_max: 4096 };
const QUERY: Limits = Limits { place: Place::Query, ..PATH };
const SAMPLE_BYTES_MAX: usize = 400;
/// Nobody knows which of its words is a name.
const NOT_SHOWN: &str = "(not shown: [privacy] keeps less than the line has)";

impl Identity {
    pub fn new(pepper: [u8; 32], key_is: KeyIs) -> Self {
        let pseudonyms = Pseudonyms::new(pepper);
        let seeds = pseudonyms.seeds();
        Self {
            scrubber: Scrubber::new(pseudonyms.clone()),
            namer: Namer::new(pseudonyms.clone(), key_is),
            pseudonyms,
            privacy: Arc::default(),
            inventory: Arc::default(),
            networks: Arc::default(),
            consent: Arc::default(),
            templates: Arc::default(),
            trusted: Prefixes::default(),
            path_keys: PathKeys::default(),
            keys: Keys::new(seeds),
            addresses: Memo::new(seeds),
            texts: Texts::new(seeds),
            scratch: Scratch::default(),
            branches: Branches::default(),
            room: Room::default(),
            route: String::new(),
            last: Last::default(),
        }
    }

    /// Roles come from here on from this list, whose ids are those of the log's events.
    pub fn set_inventory(&mut self, inventory: Arc<Inventory>) {
        self.inventory = inventory;
        self.keys.clear();
    }

    /// Networks and countries come from here on from this list.
    pub fn set_networks(&mut self, networks: Arc<Networks>) {
        self.networks = networks;
        self.addresses.clear();
    }

    /// Who agreed to be written to, and who does not any more.
    pub fn set_consent(&mut self, consent: Arc<Consent>) {
        self.consent = consent;
    }

    /// From here on so much is kept of a request.
    pub fn set_privacy(&mut self, privacy: Arc<Privacy>) {
        let hides = privacy.is_pseudonymous();
        self.namer.set_hides_users(hides);
        self.texts.user.hide(hides.then(|| self.pseudonyms.clone()));
        self.privacy = privacy;
        self.keys.clear();
        self.addresses.clear();
    }

    /// Whether the record is of somebody whose requests are never stored.
    pub fn withholds(&self, record: &Record<'_>) -> bool {
        let never = &self.privacy.never;
        if never.is_empty() {
            return false;
        }
        let (origin, raw) = credential_of(record, target_of(record), &self.path_keys);
        never.holds(record) || never.has(&self.namer.name(&raw, origin, &self.inventory).id)
    }

    /// Paths get the names that the API's own description has for them.
    pub fn set_templates(&mut self, templates: Arc<Templates>) {
        self.templates = templates;
    }

    /// Of a request that came through one of these, the address before it counts.
    pub fn trust(&mut self, proxies: Prefixes) {
        self.trusted = proxies;
    }

    /// Paths may hold keys there.
    pub fn look_into_paths(&mut self, path_keys: PathKeys) {
        self.path_keys = path_keys;
    }

    /// Adds the record as a row, in every column.
    pub fn append(&mut self, record: &Record<'_>, seen: &Seen<'_>, batch: &mut EventBatch) {
        self.append_loosely(record, seen, batch);
        batch.level();
    }

    /// The same, but a column in which it says nothing gets no entry, if it is the last row.
    pub fn append_loosely(&mut self, record: &Record<'_>, seen: &Seen<'_>, batch: &mut EventBatch) {
        let trimmed = self.privacy.trimmed(record);
        self.append_row(&trimmed, seen, batch);
    }

    fn append_row(&mut self, record: &Record<'_>, seen: &Seen<'_>, batch: &mut EventBatch) {
        let forwarded = forwarded(record, &self.trusted);
        let Self { namer, scrubber, inventory, networks, path_keys, .. } = self;
        let Self { consent, templates, privacy, .. } = self;
        let Self { keys, addresses, texts, scratch, route, last, branches, room, .. } = self;
        let row = batch.len();
        append_numbers(record, seen, batch);
        last.source.become_of(seen.source).put_in((&mut batch.source, row));
        last.format.become_of(seen.format).put_in((&mut batch.format, row));

        // What is no request has no route.
        let is_request = record.raw_request.is_none();
        let Target { path, query, plain, branch } = plain_target(record, (branches, room), route);
        let (origin, raw) = credential_of(record, (path, query), path_keys);
        let key = match &*raw {
            [] => &mut keys.none,
            raw => keys
                .at(origin)
                .of(raw, || KnownKey::of(&namer.name(raw, origin, inventory), inventory)),
        };
        key.id.put_in((&mut batch.key, row));
        key.role.put_in((&mut batch.role, row));

        let is_key_in_url = origin == Origin::Query && !raw.is_empty();
        let plain = plain.filter(|_| is_request && path_keys.said(path).is_none());
        let plain = plain.filter(|_| key.own.as_ref().is_none_or(|own| !own.is_in(path)));
        let looked_at = if plain.is_some() { [].as_slice() } else { path };
        let flaws = flaws_of(record, (looked_at, query), is_key_in_url);
        let flaws = match record.recipient.as_deref() {
            Some(to) => consent.flaws_of((to, record.time.unwrap_or(seen.arrival)), flaws),
            None => flaws,
        };
        put(&mut batch.flaws, row, flaws.0);
        let hides = if flaws.has_person() { Hides::People } else { Hides::Secrets };
        let plain = plain.filter(|_| hides == Hides::Secrets);
        let raw = forwarded.as_deref().map_or(bytes_of(record.source_ip.as_ref()), str::as_bytes);
        let address = addresses.of(raw, || KnownAddress::of(raw, networks, privacy));
        address.put_in((batch, row), record.asn.filter(|asn| 0 < *asn));

        let mut desk = Desk { scrubber, scratch, own: key.own.as_ref() };
        match record.country.as_deref() {
            Some(country) => texts.country.put(Some(country), (&mut batch.country, row), &mut desk),
            None => address.country.put_in((&mut batch.country, row)),
        }
        texts.append(record, (batch, row), &mut desk);
        append_object(record, (batch, row), (namer, &mut texts.object, &mut desk));
        append_method(record, (batch, row), (&mut last.method, &mut texts.method, &mut desk));
        desk.put(privacy.query(query), (&mut batch.query, row), Limits { hides, ..QUERY });
        let text = if plain.is_some() { Cow::default() } else { text_of(path) };
        // Whichever key names the caller, the one in the path is hidden.
        let in_path = if plain.is_some() { None } else { path_keys.said(path) };
        let in_path = in_path.filter(|_| namer.hides()).map(|it| Own::of_any(it).and(desk.own));
        desk.own = in_path.as_ref().or(desk.own);
        let is_named = plain.is_some() && branch.is_none();
        let path = match plain {
            Some(path) => path,
            None => desk.scrubbed(&text, Limits { hides, ..PATH }).unwrap_or(&text),
        };
        batch.path.push(if privacy.keeps(Kept::Path) { path } else { "" });
        let named = if is_request { path } else { "" };
        if let Some(branch) = branch.filter(|_| plain.is_some() && templates.is_empty()) {
            branch.put_in((&mut batch.route, row));
        } else {
            name_route(named, templates, (is_named, route));
            last.route = batch.route.push_hinted(route, last.route);
        }
    }

    /// What a credential is called in every event, whatever scheme stands before it.
    pub fn key_id_of(&self, raw: &str) -> String {
        self.namer.name(raw.as_bytes(), Origin::Header, &self.inventory).id
    }

    /// What hashes of records are made with: of this store alone.
    pub fn record_key(&self) -> [u8; 32] {
        self.pseudonyms.record_key()
    }

    /// What a user is called where names are not kept.
    pub fn user_id_of(&self, raw: &str) -> String {
        self.namer.user_id(raw.as_bytes())
    }

    /// The same for an id of the inventory, which may have been replaced already.
    pub(super) fn listed_key_id(&self, id: &str) -> String {
        self.namer.listed(id)
    }

    /// A text without its secrets.
    pub fn scrub<'t>(&self, text: &'t str) -> Cow<'t, str> {
        self.scrubber.scrub(text, Place::Text)
    }
    /// A line that could not be read, as it may be shown: more is hidden than needs be,
    /// because nobody knows which of its words is a key.
    pub fn scrub_sample(&self, line: &[u8]) -> String {
        if *self.privacy != Privacy::default() {
            return NOT_SHOWN.to_owned();
        }
        let mut text = self.scrubber.scrub(&text_of(line), Place::Sample).into_owned();
        cut(&mut text, SAMPLE_BYTES_MAX);
        text
    }
}

impl fmt::Debug for Identity {
    /// Nothing: pepper and tables are secret.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Identity").finish_non_exhaustive()
    }
}

impl Keys {
    fn new(seeds: [u64; 4]) -> Self {
        let [headers, queries, users] = [0; 3].map(|_| Memo::new(seeds));
        Self { none: KnownKey::default(), headers, queries, users }
    }

    const fn at(&mut self, origin: Origin) -> &mut Memo<KnownKey> {
        match origin {
            Origin::Header => &mut self.headers,
            Origin::Query => &mut self.queries,
            Origin::User => &mut self.users,
        }
    }

    fn clear(&mut self) {
        self.headers.clear();
        self.queries.clear();
        self.users.clear();
    }
}

impl Texts {
    fn new(seeds: [u64; 4]) -> Self {
        Self {
            user_agent: TextMemo::new(seeds, 1024).without_people(),
            referer: TextMemo::new(seeds, 2048).without_people(),
            user: TextMemo::new(seeds, 256),
            model: TextMemo::new(seeds, 256),
            country: TextMemo::new(seeds, 64),
            operation: TextMemo::new(seeds, 256),
            outcome: TextMemo::new(seeds, 256).without_people(),
            tenant: TextMemo::new(seeds, 256),
            object: TextMemo::new(seeds, 256),
            method: TextMemo::new(seeds, 64),
        }
    }

    fn append(
        &mut self,
        record: &Record<'_>,
        (batch, row): (&mut EventBatch, usize),
        desk: &mut Desk<'_>,
    ) {
        self.user_agent.put(record.user_agent.as_deref(), (&mut batch.user_agent, row), desk);
        self.referer.put(record.referer.as_deref(), (&mut batch.referer, row), desk);
        self.user.put(record.user.as_deref(), (&mut batch.user, row), desk);
        self.model.put(record.model.as_deref(), (&mut batch.model, row), desk);
        self.operation.put(record.operation.as_deref(), (&mut batch.operation, row), desk);
        self.outcome.put(record.outcome.as_deref(), (&mut batch.outcome, row), desk);
        self.tenant.put(record.tenant.as_deref(), (&mut batch.tenant, row), desk);
    }
}

/// A path of plain words has its route already; the API's own description knows better.
fn name_route(path: &str, templates: &Templates, (is_named, route): (bool, &mut String)) {
    let is_described = !path.is_empty() && !templates.is_empty();
    let template = if is_described { templates.of(path) } else { None };
    match template {
        Some(template) => template.clone_into(route),
        None if is_named => {}
        None => route_of(path, route),
    }
}
