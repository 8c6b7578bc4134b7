//! The list of keys that should exist: whose they are, what they may, and until when.

use ipnet::IpNet;
use serde::{Deserialize, Serialize};

use super::append::Identity;
use super::hops::widened;
use super::import::ListFormat;
use super::listing::Listing;
use super::table::InventoryError;
use crate::model::{Name, Timestamp};

/// The keys, ascending by their ids: a list, as a map of a hundred thousand would be a third larger.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Inventory {
    keys: Listing,
}

/// One key as its owner describes it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct InventoryKey {
    pub key_id: Name,
    pub owner: Name,
    /// From then on nobody answers for it any more; 1970 where the list does not say when.
    pub owner_gone: Option<Timestamp>,
    pub role: Name,
    pub created: Option<Timestamp>,
    pub last_rotated: Option<Timestamp>,
    pub expires: Option<Timestamp>,
    /// As the list says; the log may know better.
    pub last_used: Option<Timestamp>,
    pub status: KeyStatus,
    /// Before this moment the key was active.
    pub status_since: Option<Timestamp>,
    /// The key that takes its place in a rotation.
    pub successor: Option<Name>,
    /// A key that nobody should ever use.
    pub canary: bool,
    pub scopes: Vec<Name>,
    /// Empty: from anywhere.
    pub allowed_networks: Vec<IpNet>,
    pub tenant: Name,
    pub label: Name,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum KeyStatus {
    Active,
    Disabled,
    Revoked,
    Retired,
    #[default]
    Unknown,
}

impl Inventory {
    /// Reads the file called `name`; with it come the warnings.
    pub fn from_csv(bytes: &[u8], name: &str) -> Result<(Self, Vec<String>), InventoryError> {
        Self::read(bytes, (name, ListFormat::Csv))
    }

    /// A list that was made and not read.
    pub fn of(keys: impl IntoIterator<Item = InventoryKey>) -> Self {
        Self { keys: keys.into_iter().collect() }
    }

    /// The same list with every id as the log's events have it, so that no secret is in it.
    pub fn with_pseudonyms(self, identity: &Identity) -> Self {
        let renamed = |key: InventoryKey| {
            let key_id = Name::from(identity.listed_key_id(&key.key_id));
            let successor = key.successor.as_deref().map(|id| identity.listed_key_id(id).into());
            InventoryKey { key_id, successor, ..key }
        };
        Self { keys: self.keys.into_keys().map(renamed).collect() }
    }

    /// Where addresses are cut, no key may be bound to a part of what is left of them.
    #[must_use]
    pub fn with_wide_networks(mut self) -> Self {
        for key in self.keys.iter_mut() {
            for network in &mut key.allowed_networks {
                *network = widened(*network);
            }
        }
        self
    }

    pub(super) fn into_keys(self) -> impl Iterator<Item = InventoryKey> {
        self.keys.into_keys()
    }

    pub fn get(&self, key_id: &str) -> Option<&InventoryKey> {
        self.keys.get(key_id)
    }

    pub(crate) fn get_mut(&mut self, key_id: &str) -> Option<&mut InventoryKey> {
        self.keys.get_mut(key_id)
    }

    /// In the order of their ids.
    pub fn iter(&self) -> impl Iterator<Item = &InventoryKey> {
        self.keys.iter()
    }

    pub fn len(&self) -> usize {
        self.keys.len()
    }

    pub fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }
}

impl InventoryKey {
    /// Whether its list of networks is empty or holds the address.
    pub fn may_come_from(&self, address: &str) -> bool {
        let networks = &self.allowed_networks;
        let held = |address: core::net::IpAddr| networks.iter().any(|it| it.contains(&address));
        networks.is_empty() || address.parse().is_ok_and(held)
    }

    /// Its status at that moment.
    pub fn status_at(&self, at: Timestamp) -> KeyStatus {
        match self.status_since {
            Some(since) if at < since => KeyStatus::Active,
            Some(_) | None => self.status,
        }
    }
}

impl InventoryKey {
    /// Takes from another list what this one leaves open; gives the names of the columns in
    /// which they differ.
    pub(super) fn fill_in(&mut self, other: Self) -> Vec<&'static str> {
        let mut differ = Vec::new();
        let mut note = |is_other: bool, column| differ.extend(is_other.then_some(column));
        note(fill(&mut self.owner, other.owner), "owner");
        note(fill(&mut self.role, other.role), "role");
        note(fill(&mut self.tenant, other.tenant), "tenant");
        note(fill(&mut self.created, other.created), "created");
        note(fill(&mut self.last_rotated, other.last_rotated), "last_rotated");
        note(fill(&mut self.expires, other.expires), "expires");
        note(fill(&mut self.successor, other.successor), "successor");
        note(fill(&mut self.scopes, other.scopes), "scopes");
        note(fill(&mut self.allowed_networks, other.allowed_networks), "allowed_networks");
        if self.status == KeyStatus::Unknown {
            (self.status, self.status_since) = (other.status, other.status_since);
        } else {
            let is_known = other.status != KeyStatus::Unknown;
            note(is_known && other.status != self.status, "status");
        }
        // A label is a name, and each list may have its own; the rest is true if one says so.
        fill(&mut self.label, other.label);
        fill(&mut self.owner_gone, other.owner_gone);
        self.last_used = self.last_used.max(other.last_used);
        self.canary |= other.canary;
        differ
    }
}

/// Takes what is there if there is nothing yet; whether the two differ.
fn fill<T: Default + PartialEq>(known: &mut T, other: T) -> bool {
    let nothing = T::default();
    if *known == nothing {
        *known = other;
        return false;
    }
    other != nothing && other != *known
}

impl KeyStatus {
    pub const ALL: [Self; 5] =
        [Self::Active, Self::Disabled, Self::Revoked, Self::Retired, Self::Unknown];

    pub const fn name(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Disabled => "disabled",
            Self::Revoked => "revoked",
            Self::Retired => "retired",
            Self::Unknown => "unknown",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::identity::KeyIs;

    const FIRST: &str = "key_id,owner,role,created,last_rotated,expires,status,status_since";

    fn check_error(csv: &str, expected: &str) {
        let error = Inventory::from_csv(csv.as_bytes(), "inventory.csv").unwrap_err();
        assert_eq!(error.to_string(), expected);
    }

    #[test]
    fn a_row_is_read_with_all_that_it_says() {
        let csv = "\u{feff}key_id,owner,status,status_since,expires,canary,scopes,allowed_networks,role,created,last_rotated\r\n\
                   k_a,\"Bo, Jr <bo@example.com>\",Revoked,2026-03-12,2026-06-28T06:49:21+02:00,yes,read; write,192.0.2.0/24 2001:db8::1,partner,,-\r\n";
        let (inventory, warnings) = Inventory::from_csv(csv.as_bytes(), "i").unwrap();
        assert_eq!(warnings, [""; 0]);
        let key = inventory.get("k_a").unwrap();
        assert_eq!(key.owner, "Bo, Jr <bo@example.com>");
        assert_eq!(key.expires, Some(Timestamp(1_782_622_161_000)));
        assert_eq!((key.created, key.last_rotated, key.canary), (None, None, true));
        assert_eq!(key.scopes, ["read", "write"]);
        let networks = key.allowed_networks.iter().map(ToString::to_string).collect::<Vec<_>>();
        assert_eq!(networks, ["192.0.2.0/24", "2001:db8::1/128"]);
        let since = key.status_since.unwrap();
        assert_eq!(key.status_at(Timestamp(since.0 - 1)), KeyStatus::Active);
        assert_eq!(key.status_at(since), KeyStatus::Revoked);
    }

    #[test]
    fn a_mistake_is_named_with_its_line_and_cure() {
        check_error(
            "",
            "inventory.csv is empty; its first line must name the columns, key_id among them",
        );
        check_error(
            "owner;role\na;b\n",
            "inventory.csv: no column key_id; the first line must name the columns with commas between them, not semicolons",
        );
        check_error(
            "k_a,me\nk_b,me\n",
            "inventory.csv: no column key_id; the first line must name the columns",
        );
        check_error(
            "\u{feff}key_id,owner\r\nk_secret,a\r\nk_b,b\r\n\r\nk_secret,c\r\n",
            "inventory.csv: lines 2 and 5 have the same key_id; remove one of them",
        );
        check_error(
            "key_id,status\nk_a,alive\n",
            "inventory.csv:2: status \"alive\" is not understood; allowed: active, disabled, revoked, retired, unknown, or nothing",
        );
        check_error(
            "key_id,expires\nk_a,09/03/2026\n",
            "inventory.csv:2: expires \"09/03/2026\" is not understood; allowed: RFC 3339 such as 2026-03-09T00:00:00Z, a date such as 2026-03-09, or nothing",
        );
        check_error("key_id,owner\n,me\n", "inventory.csv:2: key_id is empty; every row needs one");
        check_error(
            "key_id,owner\nk_a,b,c\n",
            "inventory.csv:2: 3 fields, but the first line names 2 columns",
        );
        check_error(
            "key_id,key_id\n",
            "inventory.csv: the column key_id is named twice in the first line",
        );
    }

    #[test]
    fn what_is_odd_but_harmless_is_a_warning() {
        let (inventory, warnings) =
            Inventory::from_csv(format!("{FIRST},colour,\n").as_bytes(), "i.csv").unwrap();
        assert!(inventory.is_empty());
        assert_eq!(
            warnings,
            [
                "i.csv: columns not known and not used: colour, (no name)",
                "i.csv: a first line and no keys"
            ]
        );
        let (_, warnings) = Inventory::from_csv(b"KEY_ID\nk_a\n", "i.csv").unwrap();
        assert_eq!(warnings.len(), 1);
        assert!(warnings[0].starts_with("i.csv: no column owner, role, created"), "{warnings:?}");
    }

    #[test]
    fn with_pseudonyms_no_secret_is_left() {
        let identity = Identity::new([3; 32], KeyIs::Secret);
        let known = identity.key_id_of("another");
        let csv = format!("key_id,successor,owner\nraw-secret,next-secret,me\n{known},,me\n");
        let (inventory, _) = Inventory::from_csv(csv.as_bytes(), "i").unwrap();
        let inventory = inventory.with_pseudonyms(&identity);
        let stored = serde_json::to_string(&inventory).unwrap();
        assert!(!stored.contains("raw-secret") && !stored.contains("next-secret"), "{stored}");
        let key = inventory.get(&identity.key_id_of("Bearer raw-secret")).unwrap();
        assert_eq!(key.successor, Some(identity.key_id_of("next-secret").into()));
        assert!(inventory.get(&known).is_some());
        assert_eq!(inventory.clone().with_pseudonyms(&identity), inventory);
    }

    #[test]
    fn it_is_stored_and_read_again() {
        let csv = format!("{FIRST},allowed_networks\nk_a,,,2026-03-09,,,active,,192.0.2.0/24\n");
        let (inventory, _) = Inventory::from_csv(csv.as_bytes(), "i").unwrap();
        let stored = postcard::to_allocvec(&inventory).unwrap();
        assert_eq!(postcard::from_bytes::<Inventory>(&stored).unwrap(), inventory);
    }
}
