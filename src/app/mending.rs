//! A store at rest: whether it is whole, what of it can be kept, how small it can be. What changed
//! it is written in its journal.

use std::path::Path;

use super::job::{self, JobError};
use crate::config::Config;
use crate::store::{Compacted, Entry, Rebuilt, Store, Survey};

pub fn verify(config: &Config, state: &Path) -> Result<Survey, JobError> {
    Ok(Store::verify(state, &job::open_options(config)?)?)
}

pub fn repair(config: &Config, state: &Path) -> Result<Rebuilt, JobError> {
    let rebuilt = Store::repair(state, &job::open_options(config)?)?;
    let about =
        format!("{} events kept; the old one is {}", rebuilt.events, rebuilt.moved_to.display());
    note(config, state, ("repaired the store", about))?;
    Ok(rebuilt)
}

pub fn compact(config: &Config, state: &Path) -> Result<Compacted, JobError> {
    let compacted = Store::compact(state, &job::open_options(config)?)?;
    let about = format!("{} bytes before, {} after", compacted.bytes_before, compacted.bytes_after);
    note(config, state, ("compacted the store", about))?;
    Ok(compacted)
}

fn note(config: &Config, state: &Path, (what, about): (&str, String)) -> Result<(), JobError> {
    let store = job::open_existing(config, state)?;
    let entry = Entry {
        at: super::now(),
        who: "command line".to_owned(),
        what: what.to_owned(),
        about,
        ..Entry::default()
    };
    store.journal_add(vec![entry])?;
    Ok(store.close()?)
}
