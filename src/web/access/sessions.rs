//! Who is logged in: in memory only, by the hash of an id that is new at each log-in.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use crate::model::{Millis, Timestamp};
use crate::store::{StoreError, random_bytes};

/// By the hash of their id: who could read the memory's order would learn nothing to ask with.
#[derive(Debug, Default)]
pub(super) struct Sessions(BTreeMap<[u8; 32], Session>);

#[derive(Clone, Debug)]
pub(super) struct Session {
    /// The hash of the token that it was begun with.
    pub token: [u8; 32],
    began: Timestamp,
    seen: Timestamp,
}

/// At the limit the one that was unused for longest ends.
const SESSIONS_MAX: usize = 256;
const LIFE: Millis = Millis::hours(12);
const IDLE: Millis = Millis::hours(2);

impl Sessions {
    /// The id for the cookie. What the browser sent before has no part in it.
    pub(super) fn begin(&mut self, token: [u8; 32], now: Timestamp) -> Result<String, StoreError> {
        self.0.retain(|_, session| session.is_alive(now));
        if SESSIONS_MAX <= self.0.len() {
            let oldest = self.0.iter().min_by_key(|(_, session)| session.seen);
            if let Some(hash) = oldest.map(|(hash, _)| *hash) {
                self.0.remove(&hash);
            }
        }
        let bytes: [u8; 32] = random_bytes()?;
        let id = bytes.iter().fold(String::new(), |mut id, byte| {
            // Writing to a text cannot fail.
            write!(id, "{byte:02x}").unwrap_or(());
            id
        });
        self.0.insert(hash_of(&id), Session { token, began: now, seen: now });
        Ok(id)
    }

    /// The session, and a mark of it that is no secret.
    pub(super) fn find(&mut self, id: &str, now: Timestamp) -> Option<(String, Session)> {
        let hash = hash_of(id);
        let session = self.0.get_mut(&hash).filter(|session| session.is_alive(now))?;
        session.seen = now;
        Some((blake3::Hash::from(hash).to_hex().to_string(), session.clone()))
    }

    pub(super) fn end(&mut self, id: &str) {
        self.0.remove(&hash_of(id));
    }
}

impl Session {
    fn is_alive(&self, now: Timestamp) -> bool {
        now.since(self.began) < LIFE && now.since(self.seen) < IDLE
    }
}

fn hash_of(id: &str) -> [u8; 32] {
    blake3::derive_key("keyvigil 2026 session of the page", id.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp(0);

    #[test]
    fn each_log_in_has_an_id_of_its_own_and_ends() {
        let mut sessions = Sessions::default();
        let first = sessions.begin([1; 32], NOW).unwrap();
        let second = sessions.begin([1; 32], NOW).unwrap();
        assert_ne!(first, second);
        sessions.end(&first);
        assert!(sessions.find(&first, NOW).is_none());
        assert!(sessions.find(&second, Timestamp(IDLE.0 - 1)).is_some());
        assert!(sessions.find(&second, Timestamp(2 * IDLE.0)).is_none());
        assert!(sessions.find("fixed by somebody else", NOW).is_none());
    }

    #[test]
    fn at_the_limit_the_longest_unused_ends() {
        let mut sessions = Sessions::default();
        let first = sessions.begin([1; 32], NOW).unwrap();
        for number in 1..=SESSIONS_MAX {
            sessions.begin([1; 32], Timestamp(i64::try_from(number).unwrap())).unwrap();
        }
        assert_eq!(sessions.0.len(), SESSIONS_MAX);
        assert!(sessions.find(&first, NOW).is_none());
    }
}
