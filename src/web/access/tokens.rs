//! Tokens of 256 bits: shown once, kept as hashes, compared in constant time.

use std::fmt::Write as _;

use serde::{Deserialize, Serialize};
use subtle::ConstantTimeEq as _;

use crate::model::Timestamp;
use crate::store::random_bytes;

/// What somebody may do; each may do what those before may.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Rank {
    /// Look at everything but the audit journal.
    Viewer,
    /// Say what incidents are.
    Operator,
    /// Read the audit journal.
    Admin,
}

/// One token, without its secret.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Token {
    pub name: String,
    pub rank: Rank,
    pub hash: [u8; 32],
    pub created: Timestamp,
    pub expires: Option<Timestamp>,
}

/// All of them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tokens(Vec<Token>);

#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum TokenError {
    #[error("there is a token of the name {name} already; revoke it first, or choose another name")]
    Taken { name: String },
    #[error("{name:?} is no name for a token: 1 to {NAME_CHARS_MAX} letters, digits and . _ - @ +")]
    Name { name: String },
    #[error("there are {TOKENS_MAX} tokens already; revoke some first")]
    Full,
    #[error("there is no token of the name {name}; `keyvigil token list` shows those there are")]
    Missing { name: String },
    #[error("no random bytes could be had: {because}")]
    Random { because: String },
}

const TOKENS_MAX: usize = 64;
const NAME_CHARS_MAX: usize = 60;
const PREFIX: &str = "kv_";

impl Rank {
    pub const ALL: [(&str, Self); 3] =
        [("viewer", Self::Viewer), ("operator", Self::Operator), ("admin", Self::Admin)];

    pub const fn name(self) -> &'static str {
        match self {
            Self::Viewer => "viewer",
            Self::Operator => "operator",
            Self::Admin => "admin",
        }
    }
}

impl Tokens {
    /// The secret, which is nowhere else: only its hash is kept.
    pub fn create(
        &mut self,
        name: &str,
        rank: Rank,
        (now, expires): (Timestamp, Option<Timestamp>),
    ) -> Result<String, TokenError> {
        let is_plain = |it: char| it.is_ascii_alphanumeric() || "._-@+".contains(it);
        if name.is_empty() || NAME_CHARS_MAX < name.len() || !name.chars().all(is_plain) {
            return Err(TokenError::Name { name: name.chars().take(NAME_CHARS_MAX).collect() });
        }
        self.0.retain(|token| token.is_valid(now));
        if self.0.iter().any(|token| token.name == name) {
            return Err(TokenError::Taken { name: name.to_owned() });
        }
        if TOKENS_MAX <= self.0.len() {
            return Err(TokenError::Full);
        }
        let random =
            random_bytes().map_err(|error| TokenError::Random { because: error.to_string() })?;
        let secret = written(random);
        let (name, hash) = (name.to_owned(), hash_of(&secret));
        self.0.push(Token { name, rank, hash, created: now, expires });
        Ok(secret)
    }

    pub fn revoke(&mut self, name: &str) -> Result<(), TokenError> {
        let before = self.0.len();
        self.0.retain(|token| token.name != name);
        let missing = || TokenError::Missing { name: name.chars().take(NAME_CHARS_MAX).collect() };
        if self.0.len() < before { Ok(()) } else { Err(missing()) }
    }

    pub fn iter(&self) -> impl Iterator<Item = &Token> {
        self.0.iter()
    }

    /// Whether anybody can log in.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The token of a secret. It takes as long for a wrong one, whichever it resembles.
    pub(super) fn find(&self, secret: &str, now: Timestamp) -> Option<&Token> {
        self.holder(&hash_of(secret), now)
    }

    /// Looks at every one, whether found or not.
    pub(super) fn holder(&self, hash: &[u8; 32], now: Timestamp) -> Option<&Token> {
        let mut found = None;
        for token in &self.0 {
            let is_same = bool::from(token.hash.ct_eq(hash));
            found = if is_same && token.is_valid(now) { Some(token) } else { found };
        }
        found
    }
}

impl Token {
    pub fn is_valid(&self, now: Timestamp) -> bool {
        self.expires.is_none_or(|expires| now < expires)
    }
}

/// 256 random bits need no slow hash: nobody can guess through them.
fn hash_of(secret: &str) -> [u8; 32] {
    blake3::derive_key("keyvigil 2026 token of the page", secret.as_bytes())
}

fn written(bytes: [u8; 32]) -> String {
    bytes.iter().fold(PREFIX.to_owned(), |mut text, byte| {
        // Writing to a text cannot fail.
        write!(text, "{byte:02x}").unwrap_or(());
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp(5);

    #[test]
    fn only_the_hash_is_kept_and_the_name_is_taken_once() {
        let mut tokens = Tokens::default();
        let secret = tokens.create("ann", Rank::Admin, (NOW, None)).unwrap();
        assert_eq!(secret.len(), PREFIX.len() + 64);
        let kept = serde_json::to_string(&tokens).unwrap();
        assert!(!kept.contains(&secret) && !format!("{tokens:?}").contains(&secret));
        assert!(tokens.find(&secret, NOW).is_some());
        assert!(tokens.find(secret.strip_suffix(|_| true).unwrap(), NOW).is_none());
        let taken = tokens.create("ann", Rank::Viewer, (NOW, None));
        assert!(matches!(taken, Err(TokenError::Taken { .. })));
        assert!(matches!(
            tokens.create("a\nb", Rank::Viewer, (NOW, None)),
            Err(TokenError::Name { .. })
        ));
    }

    #[test]
    fn every_token_is_looked_at_whichever_fits() {
        let mut tokens = Tokens::default();
        let secret = tokens.create("first", Rank::Viewer, (NOW, None)).unwrap();
        let twin = Token { name: "last".to_owned(), ..tokens.0[0].clone() };
        tokens.0.push(twin);
        // Whoever stops at the first that fits tells by the time it takes which one it was.
        assert_eq!(tokens.find(&secret, NOW).unwrap().name, "last");
    }

    #[test]
    fn a_token_ends_at_its_time() {
        let mut tokens = Tokens::default();
        let end = Some(Timestamp(10));
        let secret = tokens.create("ann", Rank::Viewer, (NOW, end)).unwrap();
        assert!(tokens.find(&secret, Timestamp(9)).is_some());
        assert!(tokens.find(&secret, Timestamp(10)).is_none());
        assert!(tokens.create("ann", Rank::Viewer, (Timestamp(10), None)).is_ok());
    }

    #[test]
    fn there_is_a_limit() {
        let mut tokens = Tokens::default();
        for number in 0..TOKENS_MAX {
            tokens.create(&number.to_string(), Rank::Viewer, (NOW, None)).unwrap();
        }
        assert_eq!(tokens.create("more", Rank::Viewer, (NOW, None)), Err(TokenError::Full));
        tokens.revoke("0").unwrap();
        assert!(tokens.create("more", Rank::Viewer, (NOW, None)).is_ok());
    }
}
