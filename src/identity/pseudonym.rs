//! Names for secrets that cannot be turned back: keyed hashes, short enough to read aloud.

/// What the log gives as a key.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum KeyIs {
    /// A public id, which is kept.
    Id,
    /// The secret itself, which is replaced by its keyed hash.
    #[default]
    Secret,
}

/// Makes the names. Whoever has the pepper can check a guess, so it is never shown.
#[derive(Clone)]
pub(super) struct Pseudonyms {
    pepper: [u8; 32],
}

const LETTERS: &[u8; 32] = b"abcdefghijklmnopqrstuvwxyz234567";
const KEY_LETTERS: usize = 12;
const LABEL_LETTERS: usize = 6;
const PREFIX: &str = "k_";

impl Pseudonyms {
    pub(super) const fn new(pepper: [u8; 32]) -> Self {
        Self { pepper }
    }

    /// `k_` and 12 letters.
    pub(super) fn key_id(&self, secret: &[u8]) -> String {
        let mut id = String::with_capacity(PREFIX.len() + KEY_LETTERS);
        id.push_str(PREFIX);
        id.extend(self.letters(secret).take(KEY_LETTERS));
        id
    }

    /// `u_` and 12 letters, which are others than those of a key of that name.
    pub(super) fn user_id(&self, name: &[u8]) -> String {
        let named = [b"user\0".as_slice(), &name.to_ascii_lowercase()].concat();
        let mut id = "u_".to_owned();
        id.extend(self.letters(&named).take(KEY_LETTERS));
        id
    }

    /// `[secret:` and the first 6 of the letters that would name it as a key.
    pub(super) fn label(&self, what: &str, secret: &[u8], out: &mut String) {
        out.push('[');
        out.push_str(what);
        out.push(':');
        out.extend(self.letters(secret).take(LABEL_LETTERS));
        out.push(']');
    }

    /// Seeds for tables whose keys attackers choose.
    pub(super) fn seeds(&self) -> [u64; 4] {
        let hash = blake3::derive_key("keyvigil 2026 seeds of the identity tables", &self.pepper);
        let mut seeds = [0; 4];
        for (seed, bytes) in seeds.iter_mut().zip(hash.as_chunks().0) {
            *seed = u64::from_le_bytes(*bytes);
        }
        seeds
    }

    /// For hashes of records that were read.
    pub(super) fn record_key(&self) -> [u8; 32] {
        blake3::derive_key("keyvigil 2026 hashes of records that were read", &self.pepper)
    }

    /// The keyed hash in base32, 5 bits a letter.
    fn letters(&self, secret: &[u8]) -> impl Iterator<Item = char> + use<> {
        let hash = blake3::keyed_hash(&self.pepper, secret);
        let first = hash.as_bytes().first_chunk().copied().unwrap_or([0; 16]);
        let mut bits = u128::from_be_bytes(first);
        core::iter::from_fn(move || {
            bits = bits.rotate_left(5);
            let letter = LETTERS.get(usize::try_from(bits & 31).unwrap_or(0));
            letter.map(|letter| char::from(*letter))
        })
    }
}

/// Whether it is a name that [`Pseudonyms::key_id`] makes.
pub(super) fn is_pseudonym(id: &str) -> bool {
    let letters = id.strip_prefix(PREFIX).unwrap_or("").as_bytes();
    letters.len() == KEY_LETTERS && letters.iter().all(|letter| LETTERS.contains(letter))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_has_one_name_and_another_pepper_another() {
        let name = Pseudonyms::new([1; 32]).key_id(b"s3cret");
        assert_eq!(name, Pseudonyms::new([1; 32]).key_id(b"s3cret"));
        assert_ne!(name, Pseudonyms::new([2; 32]).key_id(b"s3cret"));
        assert!(is_pseudonym(&name), "{name}");
        assert!(!is_pseudonym("k_alpha") && !is_pseudonym("k_ABCDEFGHIJKL"));
    }

    #[test]
    fn a_label_begins_as_the_name_does() {
        let pseudonyms = Pseudonyms::new([7; 32]);
        let mut label = String::new();
        pseudonyms.label("secret", b"s3cret", &mut label);
        let name = pseudonyms.key_id(b"s3cret");
        assert_eq!(label, format!("[secret:{}]", name.get(2..8).unwrap()));
    }
}
