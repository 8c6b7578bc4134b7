//! How much of a request is kept: which columns, whether names and addresses stay as they are,
//! and whose requests never are. What is not kept is not judged either, so that a restart
//! judges as if there had been none.

use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::borrow::Cow;
use std::collections::BTreeSet;

use sha2::{Digest as _, Sha256};

use super::address::address_of;
use super::clean::text_of;
use super::table::InventoryError;
use crate::model::Record;

/// What the configuration says of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Privacy {
    pub mode: Mode,
    /// Columns that are left empty.
    pub without: BTreeSet<Kept>,
    /// Whose requests are counted, and nothing more.
    pub never: NeverStored,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Mode {
    /// As the log has it, without secrets.
    #[default]
    Full,
    /// Users by keyed hashes, addresses only as far as their network.
    Pseudonymous,
    /// No requests at all: only what is usual, and incidents.
    ZeroRetention,
}

/// A column of an event that need not be kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kept {
    SourceIp,
    Method,
    Path,
    Query,
    Bytes,
    Duration,
    UserAgent,
    Referer,
    User,
    Model,
    Tokens,
    Cost,
    Place,
    Operation,
    Outcome,
    Tenant,
    Object,
}

/// A list of people, keys and addresses, as hashes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NeverStored(BTreeSet<[u8; 32]>);

const LISTED_MAX: usize = 1_000_000;

impl Mode {
    pub const NAMES: [(&str, Self); 3] = [
        ("full", Self::Full),
        ("pseudonymous", Self::Pseudonymous),
        ("zero_retention", Self::ZeroRetention),
    ];

    pub fn name(self) -> &'static str {
        Self::NAMES.iter().find(|(_, mode)| *mode == self).map_or("", |(name, _)| name)
    }
}

impl Kept {
    /// By the names that `query` has for them; what has no name of its own goes with another.
    pub const NAMES: [(&str, Self); 17] = [
        ("source_ip", Self::SourceIp),
        ("method", Self::Method),
        ("path", Self::Path),
        ("query", Self::Query),
        ("bytes", Self::Bytes),
        ("duration", Self::Duration),
        ("user_agent", Self::UserAgent),
        ("referer", Self::Referer),
        ("user", Self::User),
        ("model", Self::Model),
        ("tokens", Self::Tokens),
        ("cost", Self::Cost),
        ("place", Self::Place),
        ("operation", Self::Operation),
        ("outcome", Self::Outcome),
        ("tenant", Self::Tenant),
        ("object", Self::Object),
    ];

    pub fn name(self) -> &'static str {
        Self::NAMES.iter().find(|(_, kept)| *kept == self).map_or("", |(name, _)| name)
    }
}

impl Privacy {
    pub fn is_pseudonymous(&self) -> bool {
        self.mode == Mode::Pseudonymous
    }

    /// Whether requests are stored.
    pub fn stores_events(&self) -> bool {
        self.mode != Mode::ZeroRetention
    }

    pub(super) fn keeps(&self, column: Kept) -> bool {
        !self.without.contains(&column)
    }

    /// The record without what is not kept. What a row is still told from, its path, its
    /// query and its address, stays until it was.
    pub(super) fn trimmed<'a, 'r>(&self, record: &'a Record<'r>) -> Cow<'a, Record<'r>> {
        if self.without.is_empty() {
            return Cow::Borrowed(record);
        }
        let mut trimmed = record.clone();
        let it = &mut trimmed;
        for column in &self.without {
            match column {
                Kept::Method => it.method = None,
                Kept::Bytes => (it.bytes, it.request_bytes) = (None, None),
                Kept::Duration => it.duration_us = None,
                Kept::UserAgent => it.user_agent = None,
                Kept::Referer => it.referer = None,
                Kept::User => it.user = None,
                Kept::Model => it.model = None,
                Kept::Tokens => (it.input_tokens, it.output_tokens) = (None, None),
                Kept::Cost => it.cost_micros = None,
                Kept::Place => (it.country, it.asn) = (None, None),
                Kept::Operation => it.operation = None,
                Kept::Outcome => it.outcome = None,
                Kept::Tenant => it.tenant = None,
                Kept::Object => it.object = None,
                Kept::SourceIp | Kept::Path | Kept::Query => {}
            }
        }
        Cow::Owned(trimmed)
    }

    /// The query, if it is kept.
    pub(super) fn query<'q>(&self, query: &'q [u8]) -> &'q [u8] {
        if self.keeps(Kept::Query) { query } else { &[] }
    }

    /// The address as it may be kept.
    pub(super) fn address(&self, address: IpAddr) -> IpAddr {
        if self.is_pseudonymous() { network_of(address) } else { address }
    }
}

impl NeverStored {
    /// A name a line, of a key, a user or an address, or its SHA-256 in small letters.
    pub fn read(bytes: &[u8], name: &str) -> Result<Self, InventoryError> {
        let mut list = BTreeSet::new();
        for (number, line) in (1..).zip(bytes.split(|byte| *byte == b'\n')) {
            let text = String::from_utf8_lossy(line);
            let text = text.split('#').next().unwrap_or_default().trim();
            if text.is_empty() {
                continue;
            }
            list.insert(listed_hash(text).unwrap_or_else(|| hash_of(text)));
            if LISTED_MAX < list.len() {
                let reason = format!("more than {LISTED_MAX} names");
                let name = name.to_owned();
                return Err(InventoryError::Consent { name, line: number, reason });
            }
        }
        Ok(Self(list))
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// How many are on it.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    pub(super) fn has(&self, name: &str) -> bool {
        !name.is_empty() && self.0.contains(&hash_of(name))
    }

    /// Whether the record is of somebody on the list, by what the line itself says.
    pub(super) fn holds(&self, record: &Record<'_>) -> bool {
        let texts = [&record.user, &record.key, &record.certificate, &record.recipient];
        let is_named =
            texts.iter().any(|text| text.as_ref().is_some_and(|text| self.has(&text_of(text))));
        let address = record.source_ip.as_deref().and_then(address_of);
        is_named || address.is_some_and(|address| self.has(&address.to_string()))
    }
}

/// The first address of its network: of IPv4 the first three bytes count, of IPv6 six.
fn network_of(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(v4) => {
            let [a, b, c, _] = v4.octets();
            IpAddr::V4(Ipv4Addr::new(a, b, c, 0))
        }
        IpAddr::V6(v6) => {
            let [a, b, c, ..] = v6.segments();
            IpAddr::V6(Ipv6Addr::new(a, b, c, 0, 0, 0, 0, 0))
        }
    }
}

fn hash_of(name: &str) -> [u8; 32] {
    let name = name.trim().to_lowercase();
    let address = address_of(name.as_bytes()).map(|address| address.to_string());
    Sha256::digest(address.unwrap_or(name).as_bytes()).into()
}

/// 64 hexadecimal digits.
fn listed_hash(text: &str) -> Option<[u8; 32]> {
    let mut hash = [0; 32];
    if text.len() != 64 || !text.is_ascii() {
        return None;
    }
    for (to, pair) in hash.iter_mut().zip(text.as_bytes().chunks(2)) {
        *to = u8::from_str_radix(core::str::from_utf8(pair).ok()?, 16).ok()?;
    }
    Some(hash)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::identity::{Identity, Inventory, InventoryKey, KeyIs, Networks, Seen};
    use crate::model::{EventBatch, Timestamp};

    #[test]
    fn an_address_is_cut_to_its_network() {
        let privacy = Privacy { mode: Mode::Pseudonymous, ..Privacy::default() };
        for (address, cut) in [("192.0.2.77", "192.0.2.0"), ("2001:db8:1:2::3", "2001:db8:1::")] {
            let address: IpAddr = address.parse().unwrap();
            assert_eq!(privacy.address(address).to_string(), cut);
            assert_eq!(Privacy::default().address(address), address);
        }
    }

    #[test]
    fn a_list_has_names_and_hashes_however_they_are_written() {
        let hash = "5fd924625f6ab16a19cc9807c7c506ae1813490e4ba675f843d5a10e0baacdb8";
        let list =
            format!("# nobody keeps these\nAnn@Example.com  # left\n\n{hash}\n2001:DB8:0::1\n");
        let list = NeverStored::read(list.as_bytes(), "list").unwrap();
        assert_eq!(list.len(), 3);
        assert!(list.has("ann@example.com") && list.has("test") == (hash == sha("test")));
        assert!(list.has("2001:db8::1") && !list.has("bob") && !list.has(""));
    }

    #[expect(clippy::unnecessary_wraps, reason = "a record's fields are optional")]
    fn field(text: &str) -> Option<Cow<'_, [u8]>> {
        Some(Cow::Borrowed(text.as_bytes()))
    }

    fn record() -> Record<'static> {
        Record {
            source_ip: field("192.0.2.77"),
            path: field("/v1/orders/123"),
            query: field("page=2"),
            user: field("Ann"),
            user_agent: field("sdk/1"),
            key: field("ann"),
            key_is_user: true,
            bytes: Some(512),
            ..Record::default()
        }
    }

    fn identity(pepper: u8, privacy: Privacy) -> Identity {
        let mut identity = Identity::new([pepper; 32], KeyIs::Id);
        let networks = b"prefix,asn,name,country\n192.0.2.64/26,64500,Example,DE\n";
        let (networks, _) = Networks::from_csv(networks, "networks.csv").unwrap();
        identity.set_networks(Arc::new(networks));
        identity.set_privacy(Arc::new(privacy));
        identity
    }

    fn appended(pepper: u8, privacy: Privacy) -> EventBatch {
        let seen = Seen { source: "log", format: "json", arrival: Timestamp(1) };
        let mut batch = EventBatch::default();
        identity(pepper, privacy).append(&record(), &seen, &mut batch);
        batch
    }

    fn pseudonymous() -> Privacy {
        Privacy { mode: Mode::Pseudonymous, ..Privacy::default() }
    }

    #[test]
    fn names_and_addresses_are_hidden_and_networks_are_told_before_that() {
        let batch = appended(1, pseudonymous());
        assert_eq!(batch.source_ip.get(0), "192.0.2.0");
        assert_eq!((batch.asn[0], batch.country.get(0)), (64500, "DE"));
        assert!(batch.user.get(0).starts_with("u_"), "{batch:?}");
        assert_eq!(batch.key.get(0), batch.user.get(0), "one name for one person");
        let text = format!("{batch:?}").to_lowercase();
        assert!(!text.contains("192.0.2.77") && !text.contains("\"ann\""), "{text}");
        assert_eq!(appended(1, Privacy::default()).user.get(0), "Ann");
    }

    #[test]
    fn two_installations_cannot_be_joined() {
        let (one, other) = (appended(1, pseudonymous()), appended(2, pseudonymous()));
        assert_ne!(one.user.get(0), other.user.get(0));
        assert_ne!(one.key.get(0), other.key.get(0));
        assert_eq!(one.user.get(0), appended(1, pseudonymous()).user.get(0));
    }

    #[test]
    fn a_user_that_a_list_names_keeps_the_name() {
        let mut identity = identity(1, pseudonymous());
        let listed = InventoryKey { key_id: "ann".into(), ..InventoryKey::default() };
        identity.set_inventory(Arc::new(Inventory::of([listed])));
        let seen = Seen { source: "log", format: "json", arrival: Timestamp(1) };
        let mut batch = EventBatch::default();
        identity.append(&record(), &seen, &mut batch);
        assert_eq!(batch.key.get(0), "ann");
        assert!(batch.user.get(0).starts_with("u_"));
    }

    #[test]
    fn what_is_not_kept_is_in_no_column_and_the_route_is() {
        let without = Kept::NAMES.iter().map(|(_, kept)| *kept).collect();
        let batch = appended(1, Privacy { without, ..Privacy::default() });
        assert_eq!((batch.route.get(0), batch.key.get(0)), ("/v1/orders/{id}", "ann"));
        assert_eq!((batch.bytes[0], batch.asn[0], batch.country.get(0)), (0, 0, ""));
        for gone in ["192.0.2", "/orders/123", "page=2", "sdk/1", "Ann"] {
            let text = format!("{batch:?}");
            assert!(!text.contains(gone), "{gone}: {text}");
        }
    }

    #[test]
    fn somebody_on_the_list_is_known_by_each_of_their_names() {
        for name in ["ANN", "192.0.2.77", &sha("ann")] {
            let never = NeverStored::read(name.as_bytes(), "list").unwrap();
            let identity = identity(1, Privacy { never, ..Privacy::default() });
            assert!(identity.withholds(&record()), "{name}");
        }
        let never = NeverStored::read(b"joanna\n192.0.2.7\n", "list").unwrap();
        assert!(!identity(1, Privacy { never, ..Privacy::default() }).withholds(&record()));
    }

    fn sha(text: &str) -> String {
        let digits = |byte: u8| {
            [byte >> 4, byte & 15].map(|it| char::from(b"0123456789abcdef"[usize::from(it)]))
        };
        hash_of(text).into_iter().flat_map(digits).collect()
    }
}
