//! Lists that every key has and that are looked at once an hour or a day: kept as bytes, in which
//! small numbers are short.

use std::marker::PhantomData;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

/// The oldest first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Packed<T> {
    bytes: Vec<u8>,
    of: PhantomData<T>,
}

/// Few values need more.
const SHORT_BYTES: usize = 128;

impl<T> Default for Packed<T> {
    fn default() -> Self {
        Self { bytes: Vec::new(), of: PhantomData }
    }
}

impl<T: Serialize + DeserializeOwned> Packed<T> {
    pub fn push(&mut self, value: &T) {
        let mut room = [0; SHORT_BYTES];
        if let Ok(bytes) = postcard::to_slice(value, &mut room) {
            self.append(bytes);
        } else {
            // What holds no map of unknown length can always be written.
            self.append(&postcard::to_allocvec(value).unwrap_or_default());
        }
    }

    pub fn first(&self) -> Option<T> {
        self.iter().next()
    }

    pub fn take_first(&mut self) -> Option<T> {
        let (value, rest) = postcard::take_from_bytes(&self.bytes).ok()?;
        let rest = rest.len();
        self.bytes.drain(..self.bytes.len() - rest);
        Some(value)
    }

    pub fn iter(&self) -> impl Iterator<Item = T> {
        let mut rest = self.bytes.as_slice();
        std::iter::from_fn(move || {
            let (value, after) = postcard::take_from_bytes(rest).ok()?;
            rest = after;
            Some(value)
        })
    }

    /// Looks at all of them, and keeps what became of them.
    pub fn change(&mut self, mut change: impl FnMut(&mut T)) {
        let mut changed = Self::default();
        for mut value in self.iter() {
            change(&mut value);
            changed.push(&value);
        }
        *self = changed;
    }

    fn append(&mut self, bytes: &[u8]) {
        self.bytes.reserve_exact(bytes.len());
        self.bytes.extend_from_slice(bytes);
    }
}

impl<T: Serialize + DeserializeOwned> FromIterator<T> for Packed<T> {
    fn from_iter<I: IntoIterator<Item = T>>(values: I) -> Self {
        let mut list = Self::default();
        values.into_iter().for_each(|value| list.push(&value));
        list
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_come_back_in_order_as_they_were_or_were_changed() {
        let values = [(7, true), (0, false), (u32::MAX, true)];
        let mut list: Packed<(u32, bool)> = values.into_iter().collect();
        assert_eq!(list.iter().collect::<Vec<_>>(), values);
        assert_eq!(list.first(), Some((7, true)));
        list.change(|(number, is_odd)| *number = if *is_odd { 5 } else { *number });
        let taken: Vec<_> = std::iter::from_fn(|| list.take_first()).collect();
        assert_eq!(taken, [(5, true), (0, false), (5, true)]);
        assert!(list.first().is_none());
        assert_eq!(list, Packed::default());
    }

    #[test]
    fn small_numbers_take_a_byte_and_a_list_has_room_for_what_is_in_it() {
        let list: Packed<u32> = (0..24).collect();
        assert_eq!((list.bytes.len(), list.bytes.capacity()), (24, 24));
        let stored = postcard::to_allocvec(&list).unwrap();
        assert_eq!(postcard::from_bytes::<Packed<u32>>(&stored).unwrap(), list);
    }
}
