//! Forgets somebody everywhere: in what was learned, in what is stored, in the reports that
//! were written. What was done is a receipt, which does not name them.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use serde::{Deserialize, Serialize};

use super::control::{Because, Refusal, Whom};
use super::diary::Asker;
use super::job;
use super::look::look;
use super::once::Once;
use super::recovering;
use super::unfinished::Unfinished;
use super::whole_file::write_whole;
use super::whose::Hashes;
use crate::config::Config;
use crate::identity::Identity;
use crate::model::{Mention, Timestamp};
use crate::store::{Commit, Forgotten, Progress, Store, StoreError, fault};

/// What was done, for whoever asked for it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Receipt {
    /// `a key`, `an address`, `a subject`: never which.
    pub of: String,
    /// Only counted: nothing was removed yet.
    pub is_preview: bool,
    pub at: Timestamp,
    pub by: String,
    /// Keys whose habits went.
    pub keys: u64,
    #[serde(flatten)]
    pub stored: Forgotten,
    /// Reports from which they went, by name.
    pub reports: Vec<String>,
    /// Stores that were moved aside because they were damaged: they cannot be read, and went
    /// as a whole.
    pub damaged: Vec<String>,
    /// Where they still stand, and what to do about it.
    pub remains: Vec<String>,
    /// Of all that: it stands in the audit journal, too.
    pub hash: String,
}

/// What the engine is asked to do, and where it says what came of it.
#[derive(Clone, Debug)]
pub(super) struct Forget {
    pub(super) mention: Arc<Mention>,
    done: Arc<OnceLock<Result<u64, String>>>,
}

/// Who is to be forgotten, and whether it is only asked how much that would be.
#[derive(Clone, Copy, Debug)]
pub(super) struct Wish<'a> {
    /// `a key`, `an address`, `a subject`.
    pub(super) of: &'a str,
    pub(super) mention: &'a Mention,
    pub(super) how: Progress,
    pub(super) by: &'a Asker,
}

impl Forget {
    pub(super) fn new(mention: Mention) -> Self {
        Self { mention: Arc::new(mention), done: Arc::default() }
    }

    pub(super) fn answer(&self, done: Result<u64, String>) {
        // Nobody asks an order twice.
        self.done.set(done).unwrap_or_default();
    }

    /// How many keys the engine forgot.
    pub(super) fn keys(&self) -> Result<u64, Refusal> {
        let nothing = || Err("the engine did not say what it forgot".to_owned());
        let done = self.done.get().cloned().unwrap_or_else(nothing);
        done.map_err(|error| Refusal::new(Because::Failed, error))
    }
}

/// The rest of it, once the engine has forgotten and its state is on the disk.
pub(super) fn forget(
    store: &Store,
    (config, state): (&Config, &Path),
    wish: Wish<'_>,
    keys: u64,
) -> Result<Receipt, Refusal> {
    let failed = |error: &dyn std::fmt::Display| Refusal::new(Because::Failed, error.to_string());
    let Wish { of, mention, how, by } = wish;
    fault::place("forgetting in the store");
    let mut receipt = Receipt {
        of: of.to_owned(),
        is_preview: how == Progress::Count,
        at: super::now(),
        by: by.who.clone(),
        keys,
        stored: store.forget(mention, how).map_err(|error| failed(&error))?,
        ..Receipt::default()
    };
    fault::place("forgetting in reports");
    receipt.reports = reports(state, mention, how).map_err(|error| failed(&error))?;
    receipt.damaged = damaged(state, how).map_err(|error| failed(&error))?;
    receipt.remains = remains(config, mention);
    receipt.hash = hash_of(&receipt);
    if how == Progress::Remove {
        fault::place("forgetting is written down");
        let entry = by.did("forgot somebody", receipt.in_short());
        store.journal_add(vec![entry]).map_err(|error| failed(&error))?;
        Unfinished::is_done(store).map_err(|error| failed(&error))?;
    }
    Ok(receipt)
}

/// The names, and what stored events say of them: some keep hashes of that.
pub(super) fn with_stored(store: &Store, mention: &Mention) -> Result<Mention, StoreError> {
    Ok(mention.clone().with_stored(store.stored_about(mention)?))
}

/// The whole of it while no daemon runs.
pub fn forget_at_rest(
    (config, state): (&Config, &Path),
    whom: &Whom,
    how: Progress,
) -> anyhow::Result<Receipt> {
    let resting = look(config, state)?;
    let store = &resting.store;
    let by = super::control::ourselves();
    // What was cut off comes to its end first, whoever it was about.
    if how == Progress::Remove
        && let Some(unfinished) = Unfinished::find(store)?
    {
        let mention = unfinished.mention();
        let wish = Wish { of: &unfinished.of, mention: &mention, how, by: &by };
        remove_at_rest(store, (config, state), wish)?;
    }
    let mention = whom.mention(store, config)?;
    let wish = Wish { of: whom.kind(), mention: &mention, how, by: &by };
    if how == Progress::Remove {
        Unfinished::new(whom, &mention, config.key_is).write_down(store)?;
        return remove_at_rest(store, (config, state), wish);
    }
    let keys = resting.view.keys.iter().filter(|key| mention.is_in(&key.key)).count() as u64;
    Ok(forget(store, (config, state), wish, keys)?)
}

fn remove_at_rest(
    store: &Store,
    (config, state): (&Config, &Path),
    wish: Wish<'_>,
) -> anyhow::Result<Receipt> {
    fault::place("forgetting begins");
    let mut recovered = recovering::taken_up(store, job::settings(config))?;
    let mention = with_stored(store, wish.mention)?;
    let forgotten = recovered.engine.forget(&mention)?;
    store.snapshot(&forgotten.rows.into_iter().collect(), recovered.next_input)?;
    let identity = Identity::new(store.pepper()?, config.key_is);
    let mut once = Once::recall(&recovered.memory, Hashes::new(identity.record_key()));
    once.forget(&mention);
    store.commit(&Commit { memory: Some(&once.take_news()), ..Commit::default() })?;
    Ok(forget(store, (config, state), wish, forgotten.keys)?)
}

impl Receipt {
    /// For the audit journal.
    fn in_short(&self) -> String {
        let Forgotten { events, incidents, findings, messages, inputs, journal, .. } = self.stored;
        format!(
            "{}: {} keys, {events} events, {incidents} incidents, {findings} findings, {messages} \
             messages, {inputs} inputs, {journal} entries of the journal, {} reports; receipt {}",
            self.of,
            self.keys,
            self.reports.len(),
            self.hash
        )
    }
}

fn hash_of(receipt: &Receipt) -> String {
    let bytes = serde_json::to_vec(receipt).unwrap_or_default();
    blake3::hash(&bytes).to_hex().chars().take(32).collect()
}

/// Reports that name them, by the names of their files.
fn reports(state: &Path, mention: &Mention, how: Progress) -> std::io::Result<Vec<String>> {
    let mut found = Vec::new();
    for path in files_in(&state.join("reports"))? {
        let text = fs::read(&path)?;
        let Ok(text) = String::from_utf8(text) else { continue };
        let Some(clean) = mention.removed_from(&text) else { continue };
        if how == Progress::Remove {
            write_whole(&path, clean.as_bytes())?;
        }
        found.push(name_of(&path));
    }
    Ok(found)
}

/// Stores that were moved aside.
fn damaged(state: &Path, how: Progress) -> std::io::Result<Vec<String>> {
    let mut found = Vec::new();
    for path in files_in(state)? {
        let name = name_of(&path);
        let is_aside =
            ["store.damaged", "store.before", "store.new"].iter().any(|it| name.starts_with(it));
        if !path.is_dir() || !is_aside {
            continue;
        }
        if how == Progress::Remove {
            fs::remove_dir_all(&path)?;
        }
        found.push(name);
    }
    Ok(found)
}

/// What keyvigil does not write, and reads again.
fn remains(config: &Config, mention: &Mention) -> Vec<String> {
    let mut remains = vec![
        "the logs themselves: lines that were read are not read again, but they are still there"
            .to_owned(),
        "mails and messages that were delivered".to_owned(),
        "earlier, encrypted versions in the store's file, until their place is written over; \
         `keyvigil store compact` writes it anew"
            .to_owned(),
    ];
    if mention.is_in(&format!("{config:?}")) {
        remains.push("the configuration names them: take them out of it, and reload".to_owned());
    }
    for list in config.lists() {
        let text = fs::read_to_string(&list.path).unwrap_or_default();
        if mention.is_in(&text) {
            let path = list.path.display();
            remains
                .push(format!("{path} names them: take them out of it, or they are known again"));
        }
    }
    remains
}

fn files_in(folder: &Path) -> std::io::Result<Vec<PathBuf>> {
    let entries = match fs::read_dir(folder) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries?,
    };
    let mut files: Vec<PathBuf> =
        entries.map(|entry| entry.map(|entry| entry.path())).collect::<Result<_, _>>()?;
    files.sort();
    Ok(files)
}

fn name_of(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}
