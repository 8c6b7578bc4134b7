//! The head of the journal: the number and the hash of its last entry, signed. Whoever keeps
//! one elsewhere can tell whether anything that came before it was changed.

use std::fmt;
use std::str::FromStr;

use ed25519_dalek::{Signature, Signer as _, SigningKey, Verifier as _, VerifyingKey};
use serde::{Deserialize, Serialize};

use crate::store::database::Batch;
use crate::store::key_file::{hex, key_of};
use crate::store::meta::meta_name;
use crate::store::vault::Vault;
use crate::store::{StoreError, random_bytes};

/// As it is written down: `NUMBER.HASH`, or only a hash.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Head {
    /// `None` where only the hash was written down.
    pub number: Option<u64>,
    pub hash: String,
}

/// A head with the signature of this installation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignedHead {
    pub head: Head,
    pub signature: String,
    /// The key that verifies it.
    pub key: String,
}

/// A head as it was found in something that was kept: a line of the system's journal, a mail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeptHead {
    pub head: Head,
    /// In hexadecimal digits.
    pub signature: Option<String>,
    pub key: Option<String>,
}

/// What the signature of a kept head is worth.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Worth {
    /// It came without one.
    None,
    /// The key of this journal made it.
    Good,
    /// The key that it names made it, and that is not the key of this journal.
    OtherKey,
    /// Nobody's key made it for this head: it was changed, or made up.
    Forged,
}

impl KeptHead {
    /// Every head in a text, each with the signature and the key that stand behind it.
    pub fn all_in(text: &str) -> Vec<Self> {
        let mut found: Vec<Self> = Vec::new();
        // Mails may be folded anywhere.
        let text = text.replace("=\r\n", "").replace("=\n", "");
        let is_ours = |sign: char| sign.is_ascii_hexdigit() || sign == '.';
        for word in text.split(|sign: char| !is_ours(sign)) {
            let is_long = |digits: usize| word.len() == digits && !word.contains('.');
            if let (Ok(head), true) = (word.parse::<Head>(), word.contains('.')) {
                found.push(Self { head, signature: None, key: None });
            } else if let Some(kept) = found.last_mut() {
                if is_long(2 * DIGITS_MAX) {
                    kept.signature = Some(word.to_owned());
                } else if is_long(DIGITS_MAX) && kept.signature.is_some() {
                    kept.key = Some(word.to_owned());
                }
            }
        }
        found
    }

    /// `own` is the key of the journal that it is held against.
    pub fn signature(&self, own: &str) -> Worth {
        let Some(signature) = self.signature.clone() else { return Worth::None };
        let key = self.key.clone().unwrap_or_else(|| own.to_owned());
        let is_own = key.eq_ignore_ascii_case(own);
        let signed = SignedHead { head: self.head.clone(), signature, key };
        match (signed.is_genuine(), is_own) {
            (false, _) => Worth::Forged,
            (true, false) => Worth::OtherKey,
            (true, true) => Worth::Good,
        }
    }
}

const SIGNING_KEY: &[u8] = b"journal.key";

/// Fewer digits of a hash are a coincidence.
const DIGITS_MIN: usize = 16;
const DIGITS_MAX: usize = 64;

#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "this is no head of a journal: give it as it was written down, NUMBER.HASH, or the hash alone \
     (16 to 64 hexadecimal digits)"
)]
pub struct HeadError;

impl fmt::Display for Head {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.number {
            Some(number) => write!(out, "{number}.{}", self.hash),
            None => write!(out, "{}", self.hash),
        }
    }
}

impl FromStr for Head {
    type Err = HeadError;

    fn from_str(text: &str) -> Result<Self, HeadError> {
        let text = text.trim();
        let (number, hash) = match text.split_once('.') {
            Some((number, hash)) => (Some(number.parse().map_err(|_letters| HeadError)?), hash),
            None => (None, text),
        };
        let is_hash = (DIGITS_MIN..=DIGITS_MAX).contains(&hash.len())
            && hash.bytes().all(|byte| byte.is_ascii_hexdigit());
        let head = || Self { number, hash: hash.to_ascii_lowercase() };
        is_hash.then(head).ok_or(HeadError)
    }
}

impl SignedHead {
    /// Whether the key that it names made the signature.
    pub fn is_genuine(&self) -> bool {
        let key = key_of(&self.key).and_then(|key| VerifyingKey::from_bytes(&key).ok());
        let signature = bytes_of(&self.signature).map(|bytes| Signature::from_bytes(&bytes));
        let message = message(&self.head);
        key.zip(signature).is_some_and(|(key, it)| key.verify(message.as_bytes(), &it).is_ok())
    }
}

/// Signs with the key of this installation, which is made when it is first needed.
pub(super) fn signed(vault: &Vault, head: Head) -> Result<SignedHead, StoreError> {
    let key = signing_key(vault)?;
    let signature = key.sign(message(&head).as_bytes());
    let verifying = hex(key.verifying_key().as_bytes());
    Ok(SignedHead { head, signature: hex(&signature.to_bytes()), key: verifying })
}

fn signing_key(vault: &Vault) -> Result<SigningKey, StoreError> {
    let name = meta_name(SIGNING_KEY);
    if let Some(seed) = vault.get(&name)? {
        let seed = seed.first_chunk().copied();
        let seed =
            seed.ok_or_else(|| StoreError::damaged("the key of the journal is too short"))?;
        return Ok(SigningKey::from_bytes(&seed));
    }
    let seed = random_bytes()?;
    let mut batch = Batch::default();
    vault.put(&mut batch, &name, &seed)?;
    vault.database.write(batch)?;
    Ok(SigningKey::from_bytes(&seed))
}

fn message(head: &Head) -> String {
    format!("keyvigil audit journal head {head}")
}

fn bytes_of(text: &str) -> Option<[u8; 64]> {
    let mut bytes = [0; 64];
    let (first, second) = text.split_at_checked(64)?;
    let halves = key_of(first)?.into_iter().chain(key_of(second)?);
    bytes.iter_mut().zip(halves).for_each(|(to, from)| *to = from);
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::{OpenOptions, Store};

    #[test]
    fn a_head_is_read_as_it_was_written_down() {
        let hash = "0123456789abcdef".repeat(4);
        let head = Head { number: Some(12), hash: hash.clone() };
        assert_eq!(head.to_string().parse(), Ok(head));
        assert_eq!(hash.to_uppercase().parse(), Ok(Head { number: None, hash }));
        for wrong in
            ["", "12", "12.", "x.0123456789abcdef", "0123456789abcdeg", "-1.0123456789abcdef"]
        {
            assert_eq!(wrong.parse::<Head>(), Err(HeadError), "{wrong}");
        }
    }

    #[test]
    fn a_signature_holds_for_its_own_head_and_key_only() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path(), &OpenOptions::default()).unwrap();
        let head = Head { number: Some(3), hash: "ab".repeat(32) };
        let good = signed(store.vault(), head.clone()).unwrap();
        assert!(good.is_genuine());
        assert_eq!(signed(store.vault(), head.clone()).unwrap(), good, "the key is kept");
        let other = Head { number: Some(4), ..head };
        assert!(!SignedHead { head: other, ..good.clone() }.is_genuine());
        assert!(!SignedHead { key: "00".repeat(32), ..good.clone() }.is_genuine());
        assert!(!SignedHead { signature: String::new(), ..good }.is_genuine());
    }

    #[test]
    fn a_kept_head_is_found_with_its_signature_and_is_worth_what_that_is() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path(), &OpenOptions::default()).unwrap();
        let made = |number| {
            let head = Head { number: Some(number), hash: format!("{number:02}").repeat(32) };
            signed(store.vault(), head).unwrap()
        };
        let (one, two) = (made(3), made(4));
        let line = |it: &SignedHead| {
            format!(
                "head={} signature=\"{}\" key={} head of the audit journal\n",
                it.head, it.signature, it.key
            )
        };
        let text = line(&one) + &line(&two) + "and a bare 7.0123456789abcdef";
        let kept = KeptHead::all_in(&text);
        let worth: Vec<_> = kept.iter().map(|it| it.signature(&one.key)).collect();
        assert_eq!(worth, [Worth::Good, Worth::Good, Worth::None]);
        assert_eq!(kept.iter().map(|it| &it.head).collect::<Vec<_>>()[..2], [&one.head, &two.head]);
        assert_eq!(kept[0].signature(&"ab".repeat(32)), Worth::OtherKey);
        let other = KeptHead { head: two.head, ..kept[0].clone() };
        assert_eq!(other.signature(&one.key), Worth::Forged);
        // Of a mail, whose lines may be folded between the words.
        let mail = format!(
            "  {}\n  Keep it: … Signed (Ed25519)\n  {} by {}",
            one.head, one.signature, one.key
        );
        assert_eq!(KeptHead::all_in(&mail), kept[..1]);
    }
}
