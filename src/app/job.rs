//! What `run`, `replay` and `demo` have in common: the state is opened, the engine is
//! where it was, and three stages stand ready.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use thiserror::Error;
use tracing::error;

use super::beside::Beside;
use super::intake::Intake;
use super::judge::{Judge, Rhythm};
use super::keeping::Keeping;
use super::recovering::{Recovered, taken_up};
use crate::alert::AlertError;
use crate::config::{Config, Secret, SecretError};
use crate::engine::{Engine, EngineError, Input, Settings};
use crate::format::FormatError;
use crate::identity::{
    Consent, Identity, Inventory, InventoryError, Mode, Networks, NeverStored, Privacy, Templates,
};
use crate::model::{Position, SourceId, Timestamp};
use crate::store::{self, OpenOptions, Store, StoreError};
use crate::tail::TailError;

/// The pepper of a temporary state, so that two runs agree. It protects nothing that
/// outlives the run.
const TEMPORARY_PEPPER: [u8; 32] = *b"keyvigil: temporary state, fixed";

/// Files for other programs.
#[derive(Clone, Debug, Default)]
pub struct Outputs {
    pub alerts_json: Option<PathBuf>,
    pub findings_json: Option<PathBuf>,
}

#[derive(Debug, Error)]
pub enum JobError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Tail(#[from] TailError),
    #[error(transparent)]
    Engine(#[from] EngineError),
    #[error("cannot tell the format of {path}")]
    Format { path: String, source: FormatError },
    #[error("cannot use the inventory or the networks; correct the file and start again")]
    Inventory(#[from] InventoryError),
    #[error("cannot read {path}")]
    Unreadable { path: PathBuf, source: io::Error },
    #[error("cannot write {path}; make room there, or give another file, and start keyvigil again")]
    Output { path: PathBuf, source: io::Error },
    #[error("cannot use a secret of the configuration")]
    Secret(#[from] SecretError),
    #[error(transparent)]
    Alert(#[from] AlertError),
    #[error(
        "the store's key is not 32 bytes in 64 hexadecimal digits; make one with: openssl rand -hex 32"
    )]
    StoreKey,
    #[error("cannot listen on {address}")]
    Listen { address: String, source: io::Error },
    #[error("{0}")]
    Refused(String),
    #[error("too much is asked at once; ask again")]
    NoRoom,
    #[error("the stage of {0} has ended")]
    StageEnded(&'static str),
    #[error("mail or page has ended: {0}")]
    Beside(String),
    #[error("cannot wait for signals")]
    Signals(#[source] io::Error),
}

impl JobError {
    /// Whether it is a disk that is full: what failed can be tried again.
    pub(super) fn is_no_space(&self) -> bool {
        match self {
            Self::Store(error) => error.is_no_space(),
            Self::Output { source, .. } => source.kind() == io::ErrorKind::StorageFull,
            Self::Tail(_)
            | Self::Engine(_)
            | Self::Format { .. }
            | Self::Inventory(_)
            | Self::Unreadable { .. }
            | Self::Secret(_)
            | Self::Alert(_)
            | Self::StoreKey
            | Self::Listen { .. }
            | Self::Refused(_)
            | Self::NoRoom
            | Self::StageEnded(_)
            | Self::Beside(_)
            | Self::Signals(_) => false,
        }
    }
}

/// The stages, and from where each source goes on.
#[derive(Debug)]
pub(super) struct Job {
    pub(super) intake: Intake,
    pub(super) judge: Judge,
    pub(super) store: Option<Store>,
    pub(super) positions: BTreeMap<SourceId, Position>,
    /// Inputs of this start that the engine has not seen: new settings, a new inventory.
    pub(super) first_inputs: Vec<Input>,
    /// The files beside the logs, to be read again when they change.
    pub(super) beside: Beside,
    pub(super) keeping: Keeping,
    /// Up to when time had passed when the last process ended.
    pub(super) judged: Option<Timestamp>,
    /// The store was damaged beyond keeping anything: all that the logs still have is news.
    pub(super) begins_anew: bool,
    /// What is odd in the files beside the logs.
    pub(super) warnings: Vec<String>,
    /// What does not work as it should, with what to do.
    pub(super) degraded: Vec<String>,
}

impl Job {
    /// Opens the state directory, or a temporary state if there is none, and brings the
    /// engine to where it stopped.
    pub(super) fn open(
        config: &Config,
        state: Option<&Path>,
        rhythm: Rhythm,
    ) -> Result<Self, JobError> {
        match Self::open_once(config, state, rhythm) {
            // Not all of it is read while it is opened; the second opening looks at all of it.
            Err(JobError::Store(error)) if error.is_damaged_file() => {
                error!(%error, "the store is damaged; what is whole of it is kept");
                Self::open_once(config, state, rhythm)
            }
            opened => opened,
        }
    }

    fn open_once(config: &Config, state: Option<&Path>, rhythm: Rhythm) -> Result<Self, JobError> {
        let store = state.map(|directory| open_store(config, directory)).transpose()?;
        let pepper = store.as_ref().map_or(Ok(TEMPORARY_PEPPER), Store::pepper)?;
        let mut identity = Identity::new(pepper, config.key_is);
        let (mut warnings, mut degraded) = (Vec::new(), Vec::new());
        let inventory = Arc::new(inventory(config, &identity, &mut warnings)?);
        let networks = Arc::new(networks(config, &mut warnings)?);
        identity.set_inventory(Arc::clone(&inventory));
        identity.trust(config.trusted_proxies.clone());
        identity.look_into_paths(config.keys_in_paths.clone());
        identity.set_networks(Arc::clone(&networks));
        identity.set_templates(Arc::new(templates(config)?));
        identity.set_consent(Arc::new(consent(config)?));
        let privacy = Arc::new(privacy(config)?);
        let keeping = Keeping::of(&privacy);
        identity.set_privacy(privacy);
        let again = Identity::new(pepper, config.key_is);
        let beside = (Arc::clone(&inventory), networks);
        let beside = Beside::new(&Arc::new(config.clone()), again, beside);

        let settings = settings(config);
        let recovered = match &store {
            Some(store) => taken_up(store, settings.clone())?,
            None => Recovered::new(settings.clone()),
        };
        let health = store.as_ref().map(Store::health).unwrap_or_default();
        degraded.extend(health.problems());
        let begins_anew = health.moved_aside.is_some_and(|rebuilt| rebuilt.is_nothing_kept());
        let Recovered { mut engine, next_input, positions, counters, memory, .. } = recovered;
        let first_inputs = news_of(settings, inventory, (&mut engine, next_input));
        let judged = engine.judged();
        Ok(Self {
            intake: Intake::new(identity, config.alerts.patience, (counters, memory)),
            judge: Judge::new(engine, next_input, rhythm),
            store,
            positions,
            first_inputs,
            beside,
            keeping,
            judged,
            begins_anew,
            warnings,
            degraded,
        })
    }
}

/// What the engine has to be told at this start. All of it at the first, so that the
/// journal is complete; later only what is another than it was.
fn news_of(
    settings: Settings,
    inventory: Arc<Inventory>,
    (engine, next_input): (&mut Engine, u64),
) -> Vec<Input> {
    let is_first = next_input == 0;
    let mut news = Vec::new();
    if is_first || *engine.settings() != settings {
        news.push(Input::Settings(Box::new(settings)));
    }
    if is_first || !engine.recognise_inventory(&inventory) {
        news.push(Input::Inventory(inventory));
    }
    news
}

fn open_store(config: &Config, directory: &Path) -> Result<Store, JobError> {
    Ok(Store::open(directory, &open_options(config)?)?)
}

/// The store of a directory that somebody has used before.
pub fn open_existing(config: &Config, directory: &Path) -> Result<Store, JobError> {
    Ok(Store::open_existing(directory, &open_options(config)?)?)
}

pub(super) fn open_options(config: &Config) -> Result<OpenOptions, JobError> {
    let read = |secret: &Secret| -> Result<[u8; 32], JobError> {
        store::key_of(&secret.reveal()?).ok_or(JobError::StoreKey)
    };
    let key = config.store.key.as_ref().map(read).transpose()?;
    let previous = config.store.previous_keys.iter().map(read).collect::<Result<_, _>>()?;
    Ok(OpenOptions { key, previous })
}

pub(super) fn settings(config: &Config) -> Settings {
    let mut rules = config.rules.clone();
    if config.privacy.mode == Mode::Pseudonymous {
        for role in rules.roles.values_mut().chain(rules.own.values_mut()) {
            role.networks = role.networks.widened();
        }
    }
    Settings {
        false_alarms_per_day: config.alerts.false_alarms_per_day,
        patience: config.alerts.patience,
        kinds: config.alerts.kinds.clone(),
        detectors: config.detectors.clone(),
        rules,
        without: config.without.clone(),
        ..Settings::default()
    }
}

pub(super) fn inventory(
    config: &Config,
    identity: &Identity,
    warnings: &mut Vec<String>,
) -> Result<Inventory, JobError> {
    let mut lists = Vec::new();
    for list in config.lists() {
        let name = list.path.display().to_string();
        let (inventory, said) = Inventory::read(&read(&list.path)?, (&name, list.format))?;
        warnings.extend(said);
        let inventory = inventory.with_pseudonyms(identity);
        let is_wide = config.privacy.mode == Mode::Pseudonymous;
        lists.push((name, if is_wide { inventory.with_wide_networks() } else { inventory }));
    }
    let (inventory, conflicts) = Inventory::merged(lists);
    warnings.extend(conflicts);
    Ok(inventory)
}

pub(super) fn networks(config: &Config, warnings: &mut Vec<String>) -> Result<Networks, JobError> {
    let mut all = Networks::default();
    if let Some(path) = &config.networks {
        let bytes = read(path)?;
        // A database may stand there, too.
        if Networks::is_database(&bytes) {
            all.add_database(&bytes, &path.display().to_string())?;
        } else {
            let (networks, said) = Networks::from_csv(&bytes, &path.display().to_string())?;
            warnings.extend(said);
            all = networks;
        }
    }
    for path in &config.geoip {
        all.add_database(&read(path)?, &path.display().to_string())?;
    }
    Ok(all)
}

fn templates(config: &Config) -> Result<Templates, JobError> {
    let mut templates = Templates::default();
    for path in &config.openapi {
        templates.add(&read(path)?, &path.display().to_string())?;
    }
    Ok(templates)
}

/// How much of a request is kept.
pub(super) fn privacy(config: &Config) -> Result<Privacy, JobError> {
    let never = match &config.privacy.never_store {
        Some(path) => NeverStored::read(&read(path)?, &path.display().to_string())?,
        None => NeverStored::default(),
    };
    let without = config.privacy.without.clone();
    Ok(Privacy { mode: config.privacy.mode, without, never })
}

fn consent(config: &Config) -> Result<Consent, JobError> {
    let list = |path: &Option<PathBuf>| -> Result<Option<(Vec<u8>, String)>, JobError> {
        let named = |path: &PathBuf| Ok((read(path)?, path.display().to_string()));
        path.as_ref().map(named).transpose()
    };
    let (opt_in, opt_out) = (list(&config.consent.opt_in)?, list(&config.consent.opt_out)?);
    let opt_in = opt_in.as_ref().map(|(bytes, name)| (bytes.as_slice(), name.as_str()));
    let opt_out = opt_out.as_ref().map(|(bytes, name)| (bytes.as_slice(), name.as_str()));
    Ok(Consent::read(opt_in, opt_out)?)
}

fn read(path: &Path) -> Result<Vec<u8>, JobError> {
    std::fs::read(path).map_err(|source| JobError::Unreadable { path: path.to_owned(), source })
}
