//! Somebody whose data are asked for, or are to be forgotten, under every name that they have
//! in the store.

use std::net::IpAddr;

use super::control::{Because, Refusal, Whom};
use crate::config::Config;
use crate::identity::Identity;
use crate::model::{Mention, NAME_CHARS_MIN};
use crate::store::{Store, StoreError};

impl Whom {
    /// Every name: a key may be given as it is called, or as the secret that it is.
    pub(super) fn mention(&self, store: &Store, config: &Config) -> Result<Mention, Refusal> {
        let refuse = |message: String| Refusal::new(Because::NotUnderstood, message);
        let failed = |error: StoreError| Refusal::new(Because::Failed, error.to_string());
        let names = match self {
            Self::Address(text) => {
                let wrong = |_no_address| refuse(format!("{text:?} is no address"));
                let address: IpAddr = text.trim().parse().map_err(wrong)?;
                vec![address.to_canonical().to_string()]
            }
            Self::Key(name) | Self::Subject(name) => {
                let identity = Identity::new(store.pepper().map_err(failed)?, config.key_is);
                vec![name.clone(), identity.key_id_of(name), identity.user_id_of(name)]
            }
        };
        let mention = Mention::of(names);
        let is_short = |name: &str| name.trim().chars().count() < NAME_CHARS_MIN;
        let given = match self {
            Self::Key(name) | Self::Address(name) | Self::Subject(name) => name,
        };
        if mention.is_empty() || is_short(given) {
            return Err(refuse(format!(
                "a name of fewer than {NAME_CHARS_MIN} letters stands in too many words"
            )));
        }
        Ok(mention)
    }

    /// What it is, without saying which.
    pub(super) const fn kind(&self) -> &'static str {
        match self {
            Self::Key(_) => "a key",
            Self::Address(_) => "an address",
            Self::Subject(_) => "a subject",
        }
    }
}
