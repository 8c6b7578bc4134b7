//! A new key for a store at rest, and the word about it in the journal.

use std::path::Path;

use super::job::{self, JobError};
use crate::config::Config;
use crate::store::{self, Entry, Rotation, Store};

/// Brings a rotation to its end, and begins one first if the key lies beside the store. With a
/// configured key it is the configuration that names the new one.
pub fn rotate_at_rest(
    config: &Config,
    state: &Path,
    progress: &mut dyn FnMut(&Rotation),
) -> Result<Option<Rotation>, JobError> {
    let mut store = job::open_existing(config, state)?;
    if store.rotation().is_none() && store.health().key_is_beside {
        // Nobody else has the directory while this store is open; the files outlive a kill.
        store::replace_key(state)?;
        store.close()?;
        store = job::open_existing(config, state)?;
    }
    if store.rotation().is_none() {
        return Ok(None);
    }
    loop {
        let rotation = store.rotate()?;
        progress(&rotation);
        if rotation.is_over {
            say(&store, &rotation, "command line")?;
            store.close()?;
            return Ok(Some(rotation));
        }
    }
}

/// Writes down that it is over.
pub(super) fn say(store: &Store, rotation: &Rotation, who: &str) -> Result<(), JobError> {
    let Rotation { rewritten, unreadable, key, .. } = rotation;
    tracing::info!(rewritten, unreadable, key, "the store is encrypted with its new key");
    let entry = Entry {
        at: super::now(),
        who: who.to_owned(),
        what: "replaced the key of the store".to_owned(),
        about: format!("key {key}, {rewritten} values"),
        ..Entry::default()
    };
    Ok(store.journal_add(vec![entry])?)
}
