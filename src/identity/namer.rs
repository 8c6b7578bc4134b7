//! What a credential is called: by its public id, or by a keyed hash.

use super::claims::caller_of;
use super::clean::text_of;
use super::credential::{bare, is_absent, is_basic};
use super::inventory::Inventory;
use super::pseudonym::{KeyIs, Pseudonyms, is_pseudonym};
use super::random::looks_random;
use super::shapes::is_live_secret;

/// Gives names to credentials.
pub(super) struct Namer {
    pseudonyms: Pseudonyms,
    key_is: KeyIs,
    /// Users that no list names get a pseudonym, too.
    hides_users: bool,
}

/// Where in the line a credential stood.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Origin {
    Header,
    Query,
    /// It is a user's name, which is no secret.
    User,
}

/// A name, and what must not be seen beside it.
pub(super) struct Named<'r> {
    pub id: String,
    /// The bare credential, if the name hides it.
    pub secret: Option<&'r [u8]>,
}

/// A longer id is replaced by its hash.
const ID_BYTES_MAX: usize = 256;
/// In a URL, or as a user's name, a value that looks random is taken for the secret itself.
const RANDOM_BYTES_MIN: usize = 20;

impl Namer {
    pub(super) const fn new(pseudonyms: Pseudonyms, key_is: KeyIs) -> Self {
        Self { pseudonyms, key_is, hides_users: false }
    }

    pub(super) const fn set_hides_users(&mut self, hides_users: bool) {
        self.hides_users = hides_users;
    }

    /// A user's name, in a word that cannot be turned back.
    pub(super) fn user_id(&self, raw: &[u8]) -> String {
        self.pseudonyms.user_id(raw)
    }

    /// The name of a credential as the line has it; empty if it stands for none.
    pub(super) fn name<'r>(
        &self,
        raw: &'r [u8],
        origin: Origin,
        inventory: &Inventory,
    ) -> Named<'r> {
        let secret = if origin == Origin::User { raw } else { bare(raw) };
        if is_absent(secret) {
            return Named { id: String::new(), secret: None };
        }
        if origin != Origin::User
            && let Some(caller) = caller_of(secret)
        {
            let id = match self.key_is {
                KeyIs::Secret => self.pseudonyms.key_id(caller.as_bytes()),
                KeyIs::Id => caller,
            };
            return Named { id, secret: Some(secret) };
        }
        if self.hides_users && origin == Origin::User {
            let is_listed = inventory.get(&text_of(secret)).is_some();
            if !is_listed {
                return Named { id: self.user_id(secret), secret: Some(secret) };
            }
        }
        let hides = is_live_secret(secret)
            || ID_BYTES_MAX < secret.len()
            || match (origin, self.key_is) {
                (Origin::User, _) => looks_random(secret, RANDOM_BYTES_MIN),
                (Origin::Header | Origin::Query, KeyIs::Secret) => true,
                (Origin::Header, KeyIs::Id) => is_basic(raw),
                (Origin::Query, KeyIs::Id) => {
                    looks_random(secret, RANDOM_BYTES_MIN)
                        && inventory.get(&text_of(secret)).is_none()
                }
            };
        if hides {
            return Named { id: self.pseudonyms.key_id(secret), secret: Some(secret) };
        }
        Named { id: text_of(secret).into_owned(), secret: None }
    }

    /// Whether a line's keys are secrets.
    pub(super) fn hides(&self) -> bool {
        self.key_is == KeyIs::Secret
    }

    /// The name of a key that the inventory lists.
    pub(super) fn listed(&self, id: &str) -> String {
        if self.key_is == KeyIs::Secret && is_pseudonym(id) {
            return id.to_owned();
        }
        self.name(id.as_bytes(), Origin::Header, &Inventory::default()).id
    }
}
