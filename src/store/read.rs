//! What the store gives back: the state to go on from, inputs in their order, and events.

use std::collections::BTreeMap;
use std::ops::Range;
use std::path::PathBuf;
use std::sync::Arc;

use super::block::{Columns, Decoder, Header};
use super::cipher::Cipher;
use super::parts::{decode, decode_of_key};
use super::{Counters, Memory, Store, StoreError, hidden, keys};
use crate::engine::{Input, StateRow};
use crate::model::{EventBatch, Position, SourceId, Timestamp};

/// Where the daemon stood when it ended, however it ended.
#[derive(Clone, Debug, Default)]
pub struct Recovered {
    /// The first input that [`Store::state`] does not know: from here the engine is stepped again.
    pub from_input: u64,
    /// The number that the next input gets.
    pub next_input: u64,
    pub positions: BTreeMap<SourceId, Position>,
    pub counters: Counters,
    pub memory: Memory,
    pub events: u64,
    /// The old store was broken and lies here now; this one is new.
    pub moved_aside: Option<PathBuf>,
}

/// Which events are asked for.
#[derive(Clone, Debug)]
pub struct Wanted {
    /// Blocks that lie wholly outside are not read; single rows are not looked at.
    pub times: Range<Timestamp>,
    pub columns: Columns,
    /// Blocks that cannot hold this key are not read; of the others [`Store::blocks`] gives its rows.
    pub key: Option<String>,
}

impl Default for Wanted {
    fn default() -> Self {
        let times = Timestamp(i64::MIN)..Timestamp(i64::MAX);
        Self { times, columns: Columns::ALL, key: None }
    }
}

impl Store {
    /// What is needed to go on where the last process ended.
    pub fn recover(&self) -> Result<Recovered, StoreError> {
        let totals = self.writer().totals.clone();
        let with_value = |row: StateRow| (row.id, row.value.unwrap_or_default());
        let positions = self.rows_under(keys::POSITION)?.into_iter().map(with_value);
        let positions = positions.map(|(id, value)| (SourceId(id), Position(value)));
        let memory = self.rows_under(keys::MEMORY)?.into_iter().map(with_value);
        Ok(Recovered {
            from_input: totals.snapshot_input,
            next_input: totals.next_input,
            positions: positions.collect(),
            counters: self.counters()?,
            memory: memory.collect(),
            events: totals.events,
            moved_aside: self.inner.moved_aside.as_ref().map(|it| it.moved_to.clone()),
        })
    }

    /// Rows whose names are hidden.
    pub(super) fn rows_under(&self, prefix: &[u8]) -> Result<Vec<StateRow>, StoreError> {
        let rows = self.vault().scan(prefix)?;
        rows.iter().map(|(_, value)| hidden::row_of(value)).collect()
    }

    /// One row of the engine's state, as of the last snapshot.
    pub fn state_row(&self, id: &str) -> Result<Option<StateRow>, StoreError> {
        let value = self.vault().get(&hidden::state_name(self.names(), id))?;
        value.map(|value| hidden::row_of(&value)).transpose()
    }

    /// Every input from a number on, in order: blocks and journalled inputs.
    pub fn inputs_from(
        &self,
        number: u64,
    ) -> Result<impl Iterator<Item = Result<(u64, Input), StoreError>> + use<'_>, StoreError> {
        let mut decoder = new_decoder()?;
        let mut headers = self.numbers(keys::HEADER, number).peekable();
        let mut others = self.numbers(keys::INPUT, number).peekable();
        Ok(std::iter::from_fn(move || {
            let header = headers.peek().and_then(|number| number.as_ref().ok().copied());
            let other = others.peek().and_then(|number| number.as_ref().ok().copied());
            let header_is_next = match (header, other) {
                (Some(header), Some(other)) => header < other,
                (Some(_), None) => others.peek().is_none(),
                (None, _) => headers.peek().is_some(),
            };
            let next = if header_is_next { headers.next()? } else { others.next()? };
            Some(next.and_then(|number| {
                let input = if header_is_next {
                    Input::Batch(Arc::new(self.read_block(&mut decoder, number)?))
                } else {
                    self.read_input(number)?
                };
                Ok((number, input))
            }))
        }))
    }

    /// The events of the blocks that are wanted, in the order of their commit; of a key, if one
    /// is wanted, its rows alone.
    pub fn blocks(
        &self,
        wanted: &Wanted,
    ) -> Result<impl Iterator<Item = Result<EventBatch, StoreError>> + use<'_>, StoreError> {
        let mut decoder = new_decoder()?;
        let Wanted { key, columns, .. } = wanted.clone();
        let headers = self.headers(wanted);
        Ok(headers.map(move |row| {
            let (number, header) = row?;
            let Some(key) = &key else {
                return decode(self.vault(), &mut decoder, (number, &header), columns);
            };
            decode_of_key(self.vault(), &mut decoder, (number, &header), (columns, key))
        }))
    }

    /// Whole blocks, the latest commit first.
    pub fn newest_blocks(
        &self,
        wanted: &Wanted,
    ) -> Result<impl Iterator<Item = Result<EventBatch, StoreError>> + use<'_>, StoreError> {
        let mut decoder = new_decoder()?;
        let Wanted { times, key, columns } = wanted.clone();
        let rows = self.vault().database.range(keys::between(keys::HEADER, 0, u64::MAX)).rev();
        Ok(rows.filter_map(move |row| {
            let opened = row.and_then(|(key, value)| self.open_header(&key, &value));
            let (number, header) = match opened {
                Ok(opened) => opened,
                Err(error) => return Some(Err(error)),
            };
            let is_wanted = header.overlaps(times.start, times.end)
                && key.as_deref().is_none_or(|key| header.may_hold_key(key));
            is_wanted.then(|| decode(self.vault(), &mut decoder, (number, &header), columns))
        }))
    }

    /// The oldest and the newest stored event.
    pub fn times(&self) -> Result<Option<(Timestamp, Timestamp)>, StoreError> {
        let mut times: Option<(Timestamp, Timestamp)> = None;
        for row in self.headers(&Wanted::default()) {
            let (_, header) = row?;
            let (first, last) = times.unwrap_or((header.first, header.last));
            times = Some((first.min(header.first), last.max(header.last)));
        }
        Ok(times)
    }

    /// How many rows the wanted blocks have, without reading them.
    pub fn rows(&self, wanted: &Wanted) -> Result<u64, StoreError> {
        self.headers(wanted).try_fold(0, |rows, row| Ok(rows + u64::from(row?.1.rows)))
    }

    pub(super) fn headers(
        &self,
        wanted: &Wanted,
    ) -> impl Iterator<Item = Result<(u64, Header), StoreError>> + use<'_> {
        let Wanted { times, key, .. } = wanted.clone();
        let rows = self.vault().database.range(keys::between(keys::HEADER, 0, u64::MAX));
        let headers = rows.map(|row| row.and_then(|(key, value)| self.open_header(&key, &value)));
        headers.filter(move |row| {
            row.as_ref().map_or(true, |(_, header)| {
                header.overlaps(times.start, times.end)
                    && key.as_deref().is_none_or(|key| header.may_hold_key(key))
            })
        })
    }

    /// When the events of the newest block began.
    pub fn newest_block(&self) -> Result<Option<Timestamp>, StoreError> {
        let mut rows = self.vault().database.range(keys::between(keys::HEADER, 0, u64::MAX));
        let newest = rows.next_back().transpose()?;
        newest.map(|(key, value)| Ok(self.open_header(&key, &value)?.1.first)).transpose()
    }

    /// The numbers of the rows under a prefix, each once.
    pub(super) fn numbers(
        &self,
        prefix: u8,
        from: u64,
    ) -> impl Iterator<Item = Result<u64, StoreError>> + use<> {
        let rows = self.vault().database.range(keys::between(prefix, from, u64::MAX));
        let mut last = None;
        rows.filter_map(move |row| {
            let number = match row {
                Ok((key, _)) => keys::number_in(&key)?,
                Err(error) => return Some(Err(error)),
            };
            (last.replace(number) != Some(number)).then_some(Ok(number))
        })
    }

    pub(super) fn open_header(
        &self,
        key: &[u8],
        value: &[u8],
    ) -> Result<(u64, Header), StoreError> {
        header_of(&self.vault().cipher, key, value)
    }

    fn read_block(&self, decoder: &mut Decoder, number: u64) -> Result<EventBatch, StoreError> {
        let key = keys::numbered(keys::HEADER, number);
        let value = self.vault().database.get(&key)?;
        let value = value.ok_or_else(|| StoreError::damaged("a header of a block is missing"))?;
        let (_, header) = self.open_header(&key, &value)?;
        decode(self.vault(), decoder, (number, &header), Columns::ALL)
    }

    fn read_input(&self, number: u64) -> Result<Input, StoreError> {
        let value = self.vault().get(&keys::numbered(keys::INPUT, number))?;
        let value = value.ok_or_else(|| StoreError::damaged("an input is missing"))?;
        serde_json::from_slice(&value)
            .map_err(|source| StoreError::Form { what: "a journalled input", source })
    }
}

/// The number of a block and what is known about it.
pub(super) fn header_of(
    cipher: &Cipher,
    key: &[u8],
    value: &[u8],
) -> Result<(u64, Header), StoreError> {
    let plain = cipher.open(key, value)?;
    let header = postcard::from_bytes(&plain).ok();
    let row = keys::number_in(key).zip(header);
    row.ok_or_else(|| StoreError::damaged("a header of a block cannot be read"))
}

pub(super) fn new_decoder() -> Result<Decoder, StoreError> {
    Decoder::new().map_err(|source| StoreError::Block { number: 0, source })
}
