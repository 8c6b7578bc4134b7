//! What is kept of records that were read: keyed hashes, and beside each whose it is, so that somebody
//! who is to be forgotten is found among them.

use std::collections::BTreeSet;

use crate::model::{EventBatch, Mention, Record};

/// Hashes of one store: nobody else can try which record or name became which.
#[derive(Clone, Debug, Default)]
pub(super) struct Hashes {
    key: [u8; 32],
}

/// Key, user, account, path and outcome of the event that a record became. 0 is none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Whose([u32; 5]);

impl Whose {
    pub(super) const BYTES: usize = 20;

    pub(super) fn is_one_of(self, tags: &BTreeSet<u32>) -> bool {
        self.0.iter().any(|tag| *tag != 0 && tags.contains(tag))
    }

    pub(super) fn written(self) -> impl Iterator<Item = u8> {
        self.0.into_iter().flat_map(u32::to_le_bytes)
    }

    pub(super) fn read(value: &[u8]) -> Option<Self> {
        let (tags, []) = value.as_chunks() else { return None };
        let tags: &[[u8; 4]; 5] = tags.try_into().ok()?;
        Some(Self(tags.map(u32::from_le_bytes)))
    }
}

impl Hashes {
    pub(super) const fn new(key: [u8; 32]) -> Self {
        Self { key }
    }

    /// The same id at another time or with another outcome is news: a message that was sent, then
    /// delivered.
    pub(super) fn of_id(&self, record: &Record<'_>) -> u128 {
        let texts = [&record.id, &record.operation, &record.outcome, &record.path, &record.key];
        let time = record.time.map_or(0, |time| time.0).to_le_bytes();
        let status = record.status.unwrap_or(0).to_le_bytes();
        self.of(texts.map(|text| text.as_deref().unwrap_or_default()), &[&time, &status])
    }

    pub(super) fn of_counter(&self, record: &Record<'_>) -> u128 {
        let texts = [&record.tenant, &record.operation, &record.key, &record.model, &record.user];
        self.of(texts.map(|text| text.as_deref().unwrap_or_default()), &[])
    }

    /// Whose the last event of the batch is.
    pub(super) fn whose(&self, batch: &EventBatch) -> Whose {
        let Some(row) = batch.len().checked_sub(1) else { return Whose::default() };
        let columns = [&batch.key, &batch.user, &batch.tenant, &batch.path, &batch.outcome];
        Whose(columns.map(|column| match column.get(row) {
            "" => 0,
            text => self.tag(&text.to_ascii_lowercase()),
        }))
    }

    /// By which a subject is found.
    pub(super) fn tags(&self, mention: &Mention) -> BTreeSet<u32> {
        mention.texts().map(|text| self.tag(&text)).collect()
    }

    fn tag(&self, small: &str) -> u32 {
        let hash = blake3::keyed_hash(&self.key, small.as_bytes());
        hash.as_bytes().first_chunk().map_or(1, |first| u32::from_le_bytes(*first)).max(1)
    }

    fn of(&self, texts: [&[u8]; 5], more: &[&[u8]]) -> u128 {
        let mut hasher = blake3::Hasher::new_keyed(&self.key);
        for text in texts.iter().chain(more) {
            hasher.update(&(text.len() as u64).to_le_bytes());
            hasher.update(text);
        }
        hasher.finalize().as_bytes().first_chunk().map_or(0, |first| u128::from_le_bytes(*first))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_has_another_hash_in_another_store() {
        let record = Record { id: Some(b"17".into()), ..Record::default() };
        let hashes = [[1; 32], [2; 32]].map(|key| Hashes::new(key).of_id(&record));
        assert_ne!(hashes[0], hashes[1]);
    }

    #[test]
    fn whose_it_is_outlives_the_process() {
        let whose = Whose([1, 0, u32::MAX, 7, 9]);
        let written: Vec<u8> = whose.written().collect();
        assert_eq!((written.len(), Whose::read(&written)), (Whose::BYTES, Some(whose)));
        assert!(whose.is_one_of(&BTreeSet::from([7])) && !whose.is_one_of(&BTreeSet::from([0, 8])));
        assert_eq!(Whose::read(&[1, 2, 3]), None);
    }
}
