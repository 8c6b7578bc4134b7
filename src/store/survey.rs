//! Every value of a store, looked at: what is whole, what is broken, and what is missing.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::RangeInclusive;

use super::block::{Columns, Decoder, Header};
use super::cipher::Cipher;
use super::database::Database;
use super::remains::Remains;
use super::{StoreError, keys, meta, read, vault};
use crate::model::Timestamp;

/// Where rows come from: from sled, or, where that cannot open its files, from what is left.
pub(super) enum Rows {
    Open(Database),
    Left(Remains),
}

/// A row as it lies on the disk.
pub(super) type Row = (Vec<u8>, Vec<u8>);

/// What was found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Survey {
    pub values: u64,
    pub blocks: u64,
    pub events: u64,
    /// Blocks of which a part is missing or altered: from when to when, and how many events.
    pub broken: Vec<Gap>,
    /// Values that no key opens, or that have lost a part, by what they are.
    pub unreadable: BTreeMap<&'static str, u64>,
    /// Parts of blocks that have lost their header.
    pub strays: u64,
    /// What the store itself says how much it holds.
    pub blocks_expected: Option<u64>,
    pub events_expected: Option<u64>,
    /// Bytes of the file that nothing can be made of.
    pub damaged_bytes: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Gap {
    pub number: u64,
    pub first: Timestamp,
    pub last: Timestamp,
    pub events: u32,
}

/// What is whole goes here, row by row.
pub(super) type Keep<'a> = &'a mut dyn FnMut(Vec<Row>) -> Result<(), StoreError>;

impl Rows {
    pub(super) fn range(
        &self,
        range: RangeInclusive<Vec<u8>>,
    ) -> Box<dyn Iterator<Item = Result<Row, StoreError>> + '_> {
        match self {
            Self::Open(database) => Box::new(
                database
                    .range(range)
                    .map(|row| row.map(|(key, value)| (key.to_vec(), value.to_vec()))),
            ),
            Self::Left(remains) => Box::new(remains.range(range)),
        }
    }
}

impl Survey {
    /// Looks at everything, and hands on what is whole.
    pub(super) fn of(rows: &Rows, cipher: &Cipher, keep: Keep<'_>) -> Result<Self, StoreError> {
        let mut survey = Self::default();
        if let Rows::Left(remains) = rows {
            survey.damaged_bytes = remains.damaged_bytes;
        }
        survey.look_at_blocks(rows, cipher, keep)?;
        survey.look_at_values(rows, cipher, keep)?;
        Ok(survey)
    }

    pub fn is_whole(&self) -> bool {
        self.problems().is_empty()
    }

    fn look_at_blocks(
        &mut self,
        rows: &Rows,
        cipher: &Cipher,
        keep: Keep<'_>,
    ) -> Result<(), StoreError> {
        let mut decoder = read::new_decoder()?;
        let mut known = BTreeSet::new();
        for row in rows.range(keys::between(keys::HEADER, 0, u64::MAX)) {
            let Ok((key, value)) = row else {
                *self.unreadable.entry("headers of blocks").or_default() += 1;
                break;
            };
            let Ok((number, header)) = read::header_of(cipher, &key, &value) else {
                *self.unreadable.entry("headers of blocks").or_default() += 1;
                continue;
            };
            known.insert(number);
            self.values += 1;
            let parts = whole_block(rows, cipher, &mut decoder, (number, &header));
            let Some(mut parts) = parts else {
                let Header { first, last, rows, .. } = header;
                self.broken.push(Gap { number, first, last, events: rows });
                continue;
            };
            self.values += parts.len() as u64;
            self.blocks += 1;
            self.events += u64::from(header.rows);
            parts.push((key, value));
            keep(parts)?;
        }
        for row in rows.range(keys::between(keys::BLOCK, 0, u64::MAX)) {
            let number = row.ok().and_then(|(key, _)| keys::number_in(&key));
            self.strays += u64::from(number.is_none_or(|number| !known.contains(&number)));
        }
        Ok(())
    }

    /// Everything that has a name.
    fn look_at_values(
        &mut self,
        rows: &Rows,
        cipher: &Cipher,
        keep: Keep<'_>,
    ) -> Result<(), StoreError> {
        let mut name: Vec<u8> = Vec::new();
        let mut parts: Vec<Row> = Vec::new();
        for row in rows.range(keys::from(&[])) {
            let Ok((key, value)) = row else {
                *self.unreadable.entry("values").or_default() += 1;
                break;
            };
            if matches!(key.first(), Some(&(keys::BLOCK | keys::HEADER))) {
                continue;
            }
            let of = keys::split_part(&key).map(|(name, _)| name.to_vec()).unwrap_or_default();
            if of != name {
                self.look_at_value(&name, std::mem::take(&mut parts), (cipher, &mut *keep))?;
                name = of;
            }
            parts.push((key, value));
        }
        self.look_at_value(&name, parts, (cipher, keep))
    }

    fn look_at_value(
        &mut self,
        name: &[u8],
        parts: Vec<Row>,
        (cipher, keep): (&Cipher, Keep<'_>),
    ) -> Result<(), StoreError> {
        if parts.is_empty() {
            return Ok(());
        }
        let Some(value) = joined(&parts, cipher) else {
            *self.unreadable.entry(what(name)).or_default() += 1;
            return Ok(());
        };
        if let Some(totals) = meta::totals_in(name, &value) {
            self.blocks_expected = Some(totals.blocks);
            self.events_expected = Some(totals.events);
        }
        self.values += parts.len() as u64;
        keep(parts)
    }

    /// Each thing that is wrong, for a person; empty if all is whole.
    pub fn problems(&self) -> Vec<String> {
        let mut problems = Vec::new();
        if self.damaged_bytes != 0 {
            problems.push(format!("{} bytes of its file are damaged", self.damaged_bytes));
        }
        for gap in &self.broken {
            problems.push(format!(
                "block {} is broken: {} events between {} and {}",
                gap.number,
                gap.events,
                shown(gap.first),
                shown(gap.last)
            ));
        }
        for (what, count) in &self.unreadable {
            problems.push(format!("{count} {what} cannot be read"));
        }
        if self.strays != 0 {
            problems.push(format!("{} parts of blocks have lost their header", self.strays));
        }
        let there = self.blocks + self.broken.len() as u64;
        match self.blocks_expected {
            // Everything else may be there, but nobody knows whether it is all.
            None => problems.push("its totals are lost".to_owned()),
            Some(expected) if there != expected => problems.push(format!(
                "it should hold {expected} blocks with {} events, and {there} are there",
                self.events_expected.unwrap_or_default()
            )),
            Some(_) => (),
        }
        problems
    }
}

/// The parts of a block, if they are all there and everything in them can be read.
fn whole_block(
    rows: &Rows,
    cipher: &Cipher,
    decoder: &mut Decoder,
    (number, header): (u64, &Header),
) -> Option<Vec<Row>> {
    let range = rows.range(keys::between(keys::BLOCK, number, number));
    let mut parts: Vec<Row> = range.collect::<Result<_, _>>().ok()?;
    let (mut bytes, mut used) = (Vec::new(), 0);
    for (key, value) in &parts {
        if header.bytes as usize <= bytes.len() {
            break;
        }
        bytes.extend(cipher.open(key, value).ok()?);
        used += 1;
    }
    parts.truncate(used);
    decoder.decode(header, &bytes, Columns::ALL).ok()?;
    Some(parts)
}

/// A value of which nothing is missing.
pub(super) fn joined(parts: &[Row], cipher: &Cipher) -> Option<Vec<u8>> {
    let mut framed = Vec::new();
    for ((key, value), number) in parts.iter().zip(0u16..) {
        let (_, part) = keys::split_part(key)?;
        if part != number {
            return None;
        }
        framed.extend(cipher.open(key, value).ok()?);
    }
    vault::unframe(&framed).ok()
}

fn what(name: &[u8]) -> &'static str {
    match name {
        [keys::INPUT, ..] => "journalled inputs",
        [keys::JOURNAL, ..] => "entries of the audit journal",
        name if name.starts_with(keys::POSITION)
            || name.starts_with(keys::POSITION_IN_THE_OPEN) =>
        {
            "positions in logs"
        }
        [keys::PARCEL, ..] => "rows of the learned state",
        name if name.starts_with(keys::STATE) || name.starts_with(keys::STATE_IN_THE_OPEN) => {
            "rows of the learned state"
        }
        name if name.starts_with(keys::INCIDENT) => "incidents",
        name if name.starts_with(keys::OUTBOX) => "notices",
        name if name.starts_with(keys::STALE) => "stale credentials",
        _ => "other values",
    }
}

/// UTC, to the second.
pub(super) fn shown(at: Timestamp) -> String {
    jiff::Timestamp::from_second(at.seconds()).unwrap_or_default().to_string()
}
