//! Every value is encrypted, and bound to the key it stands under: a swapped row is noticed.

use std::sync::atomic::{AtomicU64, Ordering};

use aes_gcm::aead::AeadInOut as _;
use aes_gcm::{Aes256Gcm, Key, KeyInit as _, Nonce, Tag};

use super::{StoreError, key_file, random};

/// AES-256-GCM. A value is a version byte, the nonce, the ciphertext and its tag.
pub(super) struct Cipher {
    aes: Aes256Gcm,
    /// Of keys that were used before: nothing is sealed with them any more.
    older: Vec<Aes256Gcm>,
    /// Random for each opening, so that no nonce is ever used twice.
    salt: [u8; SALT_BYTES],
    sealed: AtomicU64,
}

/// The version that is written, and the newest that can be read.
pub(super) const VERSION: u8 = 1;
const SALT_BYTES: usize = 7;
const NONCE_BYTES: usize = 12;
const TAG_BYTES: usize = 16;
/// What encryption adds to a value.
#[cfg(test)]
pub(super) const OVERHEAD: usize = 1 + NONCE_BYTES + TAG_BYTES;

impl Cipher {
    #[cfg(test)]
    pub(super) fn new(key: &[u8; 32]) -> Result<Self, StoreError> {
        Self::with_older(key, &[])
    }

    pub(super) fn with_older(key: &[u8; 32], older: &[[u8; 32]]) -> Result<Self, StoreError> {
        let aes = |key: &[u8; 32]| Aes256Gcm::new(&Key::<Aes256Gcm>::from(*key));
        let older = older.iter().map(aes).collect();
        Ok(Self { aes: aes(key), older, salt: random::bytes()?, sealed: AtomicU64::new(0) })
    }

    pub(super) fn seal(&self, key: &[u8], plain: &[u8]) -> Result<Vec<u8>, StoreError> {
        let nonce = self.next_nonce();
        let mut value = Vec::with_capacity(1 + NONCE_BYTES + plain.len() + TAG_BYTES);
        value.push(VERSION);
        value.extend_from_slice(&nonce);
        value.extend_from_slice(plain);
        let body = value.get_mut(1 + NONCE_BYTES..).unwrap_or(&mut []);
        let sealed = self.aes.encrypt_inout_detached(&nonce.into(), key, body.into());
        let tag = sealed
            .map_err(|_too_long| StoreError::TooLarge { what: "a value", bytes: plain.len() })?;
        value.extend_from_slice(&tag);
        Ok(value)
    }

    pub(super) fn open(&self, key: &[u8], value: &[u8]) -> Result<Vec<u8>, StoreError> {
        let damaged = || StoreError::damaged(format!("the value of {} is altered", shown(key)));
        let &version = value.first().ok_or_else(damaged)?;
        if VERSION < version {
            return Err(StoreError::Newer { version, known: VERSION });
        }
        if version != VERSION {
            return Err(damaged());
        }
        let opened = opened(&self.aes, key, value);
        let by_older = || self.older.iter().find_map(|aes| self::opened(aes, key, value));
        opened.or_else(by_older).ok_or_else(damaged)
    }

    /// Whether the value is encrypted with the key that is written with.
    pub(super) fn is_current(&self, key: &[u8], value: &[u8]) -> bool {
        opened(&self.aes, key, value).is_some()
    }

    /// Which of the older keys opens it.
    pub(super) fn older_that_opens(&self, key: &[u8], value: &[u8]) -> Option<usize> {
        self.older.iter().position(|aes| opened(aes, key, value).is_some())
    }

    /// The salt and a counter of 40 bits: enough for petabytes in parts of 3,000 bytes.
    fn next_nonce(&self) -> [u8; NONCE_BYTES] {
        let number = self.sealed.fetch_add(1, Ordering::Relaxed).to_be_bytes();
        let mut nonce = [0; NONCE_BYTES];
        let low = number.iter().skip(number.len() + SALT_BYTES - NONCE_BYTES);
        for (to, from) in nonce.iter_mut().zip(self.salt.iter().chain(low)) {
            *to = *from;
        }
        nonce
    }
}

/// Nothing if it was sealed with another key, under another name, or altered since.
fn opened(aes: &Aes256Gcm, key: &[u8], value: &[u8]) -> Option<Vec<u8>> {
    let (_version, rest) = value.split_first()?;
    let (nonce, rest) = rest.split_at_checked(NONCE_BYTES)?;
    let (body, tag) = rest.split_at_checked(rest.len().checked_sub(TAG_BYTES)?)?;
    let (nonce, tag) = (Nonce::try_from(nonce).ok()?, Tag::try_from(tag).ok()?);
    let mut plain = body.to_vec();
    aes.decrypt_inout_detached(&nonce, key, plain.as_mut_slice().into(), &tag).ok()?;
    Some(plain)
}

/// A key of the database for a person: its prefix, then hexadecimal.
fn shown(key: &[u8]) -> String {
    let (prefix, rest) = key.split_at_checked(1).unwrap_or((key, &[]));
    format!("{}:{}", String::from_utf8_lossy(prefix), key_file::hex(rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_comes_back_under_its_own_key_only() {
        let cipher = Cipher::new(&[7; 32]).unwrap();
        let value = cipher.seal(b"b1", b"hello").unwrap();
        assert_eq!(value.len(), 5 + OVERHEAD);
        assert_eq!(cipher.open(b"b1", &value).unwrap(), b"hello");
        assert!(cipher.open(b"b2", &value).is_err());
        assert!(Cipher::new(&[8; 32]).unwrap().open(b"b1", &value).is_err());
    }

    #[test]
    fn a_flipped_bit_anywhere_is_noticed() {
        let cipher = Cipher::new(&[7; 32]).unwrap();
        let value = cipher.seal(b"k", b"hello").unwrap();
        for at in 0..value.len() {
            let mut altered = value.clone();
            altered[at] ^= 0x80;
            assert!(cipher.open(b"k", &altered).is_err(), "byte {at}");
        }
        assert!(cipher.open(b"k", &[]).is_err());
        assert!(cipher.open(b"k", &[VERSION; 5]).is_err());
    }

    #[test]
    fn a_newer_version_is_refused_by_name() {
        let cipher = Cipher::new(&[7; 32]).unwrap();
        let mut value = cipher.seal(b"k", b"hello").unwrap();
        value[0] = VERSION + 1;
        let error = cipher.open(b"k", &value).unwrap_err();
        assert!(error.to_string().contains("newer keyvigil (version 2; this one knows 1)"));
    }

    #[test]
    fn no_nonce_is_used_twice() {
        let cipher = Cipher::new(&[7; 32]).unwrap();
        let nonces: std::collections::BTreeSet<_> =
            (0..1000).map(|_| cipher.next_nonce()).collect();
        assert_eq!(nonces.len(), 1000);
    }
}
