//! A new directory in the place of an old one: what is whole of a damaged store, or a store
//! without the room that it does not need any more.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::cipher::Cipher;
use super::database::{Batch, Database, OpenFailure};
use super::meta::Totals;
use super::remains::Remains;
use super::rotation::{self, Keys, Ring};
use super::snapshot::Stamp;
use super::survey::{Row, Rows, Survey};
use super::vault::Vault;
use super::{StoreError, checkpoint, hidden, keys, meta};

/// What came of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rebuilt {
    /// What was found before.
    pub survey: Survey,
    /// What is kept.
    pub blocks: u64,
    pub events: u64,
    /// Events that were stored after the last checkpoint: they are read again from the logs.
    pub events_again: u64,
    /// The learned state did not fit to the blocks that are kept: it is learned from them anew.
    pub learns_anew: bool,
    /// The secret of the pseudonyms was lost: keys have other ids from now on.
    pub has_new_pepper: bool,
    /// Where the old directory lies.
    pub moved_to: PathBuf,
}

impl Rebuilt {
    /// No event is left, so that reading the logs from their beginning doubles none.
    pub fn is_nothing_kept(&self) -> bool {
        self.events == 0
    }

    /// For the page: what happened, what is left, what comes now.
    pub fn in_words(&self) -> String {
        let aside = format!("The store was damaged. It was moved to {}", self.moved_to.display());
        if self.is_nothing_kept() {
            return format!(
                "{aside} and a new one begun, as no event of it could be kept: keys are learned \
                 anew from the logs that are still there, which are read from their beginning."
            );
        }
        let lost: u64 = self.survey.broken.iter().map(|gap| u64::from(gap.events)).sum();
        let learned =
            if self.learns_anew { "; what is usual is learned from them anew" } else { "" };
        format!(
            "{aside}; {} events of it are whole and were kept{learned}. {lost} are lost, and {} of \
             the last hour are read again where the logs still have them.",
            self.events, self.events_again
        )
    }
}

/// Rows in one commit of a copy.
const ROWS_PER_COMMIT: usize = 512;

/// A store that is being filled.
struct Filling {
    vault: Vault,
    batch: Batch,
    waiting: usize,
    totals: Totals,
    has_totals: bool,
    has_pepper: bool,
    highest: Option<u64>,
    /// Everything from this input on is left out.
    cut: Option<u64>,
    keeps_state: bool,
    events_again: u64,
}

/// Reads what is left in a directory, and makes a new store of what is whole.
pub(super) fn rebuild(from: &Path, to: &Path, keys: &Keys) -> Result<Rebuilt, StoreError> {
    let rows = rows_of(from)?;
    let cipher = || Cipher::with_older(&keys.current, &keys.older);
    let reading = cipher()?;
    clear(to)?;
    let database = Database::open(to).map_err(|failure| unusable(failure, to))?;
    let mut filling = Filling::new(Vault { database, cipher: cipher()? });
    let is_damaged = matches!(rows, Rows::Left(_));
    if is_damaged {
        filling.go_back(&rows, &reading)?;
    }
    let survey = Survey::of(&rows, &reading, &mut |rows| filling.keep(rows, &reading))?;
    if survey.values == 0 && !survey.unreadable.is_empty() {
        return Err(StoreError::WrongKey { path: from.to_owned() });
    }
    let learns_anew = is_damaged && !filling.keeps_state;
    let has_new_pepper = !filling.has_pepper;
    let (blocks, events) = (filling.totals.blocks, filling.totals.events);
    let events_again = filling.events_again;
    filling.finish(&rows, &reading, keys)?;
    let moved_to = PathBuf::new();
    Ok(Rebuilt { survey, blocks, events, events_again, learns_anew, has_new_pepper, moved_to })
}

/// Copies every row as it is. Returns how many there are.
pub(super) fn copy(from: &Database, to: &Path) -> Result<u64, StoreError> {
    clear(to)?;
    let database = Database::open(to).map_err(|failure| unusable(failure, to))?;
    let (mut batch, mut rows) = (Batch::default(), 0u64);
    for row in from.range(keys::from(&[])) {
        let (key, value) = row?;
        batch.insert(key, value);
        rows += 1;
        if rows.is_multiple_of(ROWS_PER_COMMIT as u64) {
            database.write(std::mem::take(&mut batch))?;
        }
    }
    database.write(batch)?;
    let there = database.range(keys::from(&[])).flatten().count() as u64;
    if there != rows {
        return Err(StoreError::damaged(format!("{rows} rows were copied, and {there} came")));
    }
    Ok(rows)
}

/// From sled where it can be trusted with the files; it does not outlive a damaged one.
pub(super) fn rows_of(directory: &Path) -> Result<Rows, StoreError> {
    let remains = Remains::of(directory)
        .map_err(|source| StoreError::Unreadable { what: "the file of the store", source })?;
    if remains.damaged_bytes == 0 && remains.misfits == 0 {
        match Database::open(directory) {
            // It may open and have lost pages, or all of them.
            Ok(database) if rows_in(&database) == Some(remains.len()) => {
                return Ok(Rows::Open(database));
            }
            Err(OpenFailure::InUse) => {
                return Err(StoreError::InUse { path: directory.to_owned() });
            }
            Ok(_) | Err(OpenFailure::Broken(_) | OpenFailure::Io(_)) => (),
        }
    }
    Ok(Rows::Left(remains))
}

fn rows_in(database: &Database) -> Option<usize> {
    database.range(keys::from(&[])).try_fold(0, |rows, row| row.is_ok().then_some(rows + 1))
}

/// Whether something in a store's file makes no sense.
pub(super) fn is_damaged(directory: &Path) -> bool {
    Remains::of(directory).is_ok_and(|remains| remains.damaged_bytes != 0 || remains.misfits != 0)
}

fn clear(directory: &Path) -> Result<(), StoreError> {
    let failed = |source| StoreError::Directory { path: directory.to_owned(), source };
    match fs::remove_dir_all(directory) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(failed(error)),
        Ok(()) | Err(_) => fs::create_dir(directory).map_err(failed),
    }
}

fn unusable(failure: OpenFailure, path: &Path) -> StoreError {
    match failure {
        OpenFailure::InUse => StoreError::InUse { path: path.to_owned() },
        OpenFailure::Broken(what) => StoreError::Damaged { what },
        OpenFailure::Io(source) => StoreError::Directory { path: path.to_owned(), source },
    }
}

impl Filling {
    fn new(vault: Vault) -> Self {
        Self {
            vault,
            batch: Batch::default(),
            waiting: 0,
            totals: Totals::default(),
            has_totals: false,
            has_pepper: false,
            highest: None,
            cut: None,
            keeps_state: true,
            events_again: 0,
        }
    }

    /// Which of the last commits are whole, nobody can tell where the file is damaged: the logs
    /// are read again from the last checkpoint on, and what was stored after it is left out.
    fn go_back(&mut self, rows: &Rows, cipher: &Cipher) -> Result<(), StoreError> {
        let checkpoints = rows.range(keys::between(keys::CHECKPOINT, 0, u64::MAX));
        let numbers = checkpoints.map(|row| Ok(keys::number_in(&row?.0)));
        let numbers: BTreeSet<u64> =
            numbers.filter_map(Result::transpose).collect::<Result<_, StoreError>>()?;
        let read = |number: &u64| {
            let name = keys::numbered(keys::CHECKPOINT, *number);
            value_of(rows, cipher, &name).as_deref().and_then(checkpoint::read)
        };
        let Some((number, checkpoint)) =
            numbers.iter().rev().find_map(|number| Some((*number, read(number)?)))
        else {
            return Ok(());
        };
        self.cut = Some(number);
        let snapshot = value_of(rows, cipher, keys::SNAPSHOT);
        let snapshot = snapshot.as_deref().map(|value| Stamp::read(value).next_input);
        // Rows of the state have names that are made with the pepper.
        let pepper = value_of(rows, cipher, &meta::pepper_name());
        self.keeps_state = pepper.is_some() && snapshot == Some(number);
        let pepper = pepper.as_deref().and_then(<[u8]>::first_chunk).copied().unwrap_or_default();
        let names = hidden::names_key(&pepper);
        checkpoint::put_positions(&self.vault, &mut self.batch, (&checkpoint, &names))
    }

    fn keep(&mut self, rows: Vec<Row>, cipher: &Cipher) -> Result<(), StoreError> {
        let Some((key, _)) = rows.last() else { return Ok(()) };
        if let (Some(&keys::HEADER), Some((key, value))) = (key.first(), rows.last()) {
            let (number, header) = super::read::header_of(cipher, key, value)?;
            if self.cut.is_some_and(|cut| cut <= number) {
                self.events_again += u64::from(header.rows);
                return Ok(());
            }
            self.highest = self.highest.max(Some(number));
            self.totals.blocks += 1;
            self.totals.events += u64::from(header.rows);
        } else if !self.keeps(key) {
            return Ok(());
        }
        for (key, value) in rows {
            let plain = cipher.open(&key, &value)?;
            let sealed = self.vault.cipher.seal(&key, &plain)?;
            self.batch.insert(key, sealed);
            self.waiting += 1;
        }
        if ROWS_PER_COMMIT <= self.waiting {
            self.waiting = 0;
            self.vault.database.write(std::mem::take(&mut self.batch))?;
        }
        Ok(())
    }

    /// Of what has a name.
    fn keeps(&mut self, key: &[u8]) -> bool {
        let name = keys::split_part(key).map(|(name, _)| name).unwrap_or_default();
        if meta::is_totals(name) || rotation::is_ring(name) {
            self.has_totals = true;
            return false;
        }
        self.has_pepper |= meta::is_pepper(name);
        let number = keys::number_in(name);
        if name.first() == Some(&keys::INPUT) {
            let is_kept = self.cut.is_none_or(|cut| number.is_some_and(|number| number < cut));
            self.highest = self.highest.max(number.filter(|_| is_kept));
            return is_kept;
        }
        let Some(cut) = self.cut else { return true };
        if name.first() == Some(&keys::CHECKPOINT) {
            return number.is_some_and(|number| number <= cut);
        }
        // Positions are those of the checkpoint; what the reading knew of lines after it, it
        // would take for lines that come twice.
        let of_reading =
            [keys::POSITION, keys::POSITION_IN_THE_OPEN, keys::MEMORY, keys::MEMORY_IN_THE_OPEN];
        let is_of_reading =
            of_reading.iter().any(|it| name.starts_with(it)) || meta::is_counters(name);
        let is_state = name.starts_with(keys::STATE)
            || name.starts_with(keys::STATE_IN_THE_OPEN)
            || name.first() == Some(&keys::PARCEL)
            || name == keys::SNAPSHOT;
        !is_of_reading && (self.keeps_state || !is_state)
    }

    fn finish(mut self, rows: &Rows, cipher: &Cipher, keys: &Keys) -> Result<(), StoreError> {
        let known = value_of(rows, cipher, &meta::totals_name());
        let known = known.and_then(|value| meta::totals_in(&meta::totals_name(), &value));
        let after = self.highest.map_or(0, |highest| highest + 1);
        let next = known.map_or(0, |totals| totals.next_input).max(after);
        self.totals.next_input = self.cut.unwrap_or(next);
        meta::put_totals(&self.vault, &mut self.batch, &self.totals)?;
        rotation::put(&self.vault, &mut self.batch, &Ring::new(keys))?;
        if !self.has_pepper {
            meta::put_pepper(&self.vault, &mut self.batch)?;
        }
        self.vault.database.write(self.batch)
    }
}

/// A value of which every part is there.
fn value_of(rows: &Rows, cipher: &Cipher, name: &[u8]) -> Option<Vec<u8>> {
    let parts = keys::part_of(name, 0)..=keys::part_of(name, u16::MAX);
    let parts: Vec<Row> = rows.range(parts).collect::<Result<_, _>>().ok()?;
    super::survey::joined(&parts, cipher)
}
