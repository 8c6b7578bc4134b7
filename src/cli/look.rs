//! Whom a command asks: the running daemon, or else the store that it left.

use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use clap::Args;
use serde_json::Value;

use super::ask::{Asked, WhomArgs};
use crate::app;
use crate::app::Receipt;
use crate::app::control::{self, JournalAsk, Question, TokenAsk, Whom};
use crate::config::{Config, Secret};
use crate::store::{Progress, Store, key_of};

#[derive(Clone, Debug, Args)]
pub(super) struct LookArgs {
    #[command(flatten)]
    pub(super) whom: WhomArgs,
    /// The file with the key of the store, if no daemon runs and the key is neither
    /// DIR/store.key nor the configuration's
    #[arg(long, value_name = "FILE")]
    store_key: Option<PathBuf>,
}

impl LookArgs {
    /// The daemon's answer, or the same made from its store.
    pub(super) fn answer(&self, question: &Question) -> anyhow::Result<Value> {
        if let Asked::Answer(answer) = self.whom.ask(question)? {
            return Ok(answer);
        }
        self.at_rest(question)
    }

    /// The daemon's answer, if one runs.
    pub(super) fn asked(&self, question: &Question) -> anyhow::Result<Option<Value>> {
        match self.whom.ask(question)? {
            Asked::Answer(answer) => Ok(Some(answer)),
            Asked::Nobody => Ok(None),
        }
    }

    /// Says a word about an incident; how it stands then.
    pub(super) fn word(&self, question: &Question) -> anyhow::Result<Value> {
        if let Asked::Answer(answer) = self.whom.ask(question)? {
            return Ok(answer);
        }
        let (config, state) = (self.config()?, self.whom.state());
        Ok(control::say_at_rest(&config, &state, question.clone())??)
    }

    /// A running daemon's answer, if one runs.
    pub(super) fn running(&self, question: &Question) -> anyhow::Result<Option<Value>> {
        Ok(match self.whom.ask(question)? {
            Asked::Answer(answer) => Some(answer),
            Asked::Nobody => None,
        })
    }

    /// What is asked about tokens, while no daemon runs.
    pub(super) fn token_at_rest(&self, ask: &TokenAsk) -> anyhow::Result<Value> {
        Ok(app::ask_at_rest(&self.config()?, &self.whom.state(), ask)??)
    }

    /// What the store knows while no daemon runs.
    pub(super) fn at_rest(&self, question: &Question) -> anyhow::Result<Value> {
        let resting = self.resting(question)?;
        Ok(control::answer(question, &resting.view, Some(&resting.store))?)
    }

    /// The store itself, and what follows from it, while no daemon runs.
    pub(super) fn resting(&self, question: &Question) -> anyhow::Result<app::Resting> {
        Ok(self.resting_with_config(question)?.1)
    }

    /// That, and the configuration as the file has it.
    pub(super) fn resting_with_config(
        &self,
        question: &Question,
    ) -> anyhow::Result<(Config, app::Resting)> {
        let config = self.config()?;
        let resting = app::look(&config, &self.whom.state())?;
        begun(question, &config, &resting.store)?;
        Ok((config, resting))
    }

    /// Only the events, which are there without the engine's state.
    pub(super) fn store(&self, question: &Question) -> anyhow::Result<Store> {
        let config = self.config()?;
        let store = app::open_existing(&config, &self.whom.state())?;
        begun(question, &config, &store)?;
        Ok(store)
    }

    /// The daemon's answer, or the same from its store, whose engine's state is not needed.
    pub(super) fn journal(&self, ask: &JournalAsk) -> anyhow::Result<Value> {
        let question = Question::Journal(ask.clone());
        if let Asked::Answer(answer) = self.whom.ask(&question)? {
            return Ok(answer);
        }
        Ok(control::journal(Some(&self.store(&question)?), ask)?)
    }

    pub(super) fn forget_at_rest(&self, whom: &Whom, really: bool) -> anyhow::Result<Receipt> {
        let how = if really { Progress::Remove } else { Progress::Count };
        app::forget_at_rest((&self.config()?, &self.whom.state()), whom, how)
    }

    pub(super) fn export_at_rest(&self, whom: &Whom) -> anyhow::Result<Value> {
        Ok(app::export_at_rest(&self.config()?, &self.whom.state(), whom)??)
    }

    /// A state directory that is named needs no configuration.
    pub(super) fn config(&self) -> anyhow::Result<Config> {
        let is_default = self.whom.config == Path::new(Config::DEFAULT_PATH);
        let mut config = match Config::load(&self.whom.config) {
            Err(_) if is_default && self.whom.state.is_some() => Config::default(),
            loaded => loaded?,
        };
        if let Some(path) = &self.store_key {
            check_key(path)?;
            config.store.key = Some(Secret::File(path.clone()));
        }
        Ok(config)
    }
}

/// What there is to say before an answer.
fn begun(question: &Question, config: &Config, store: &Store) -> anyhow::Result<()> {
    control::answerable(question, config, Some(store))?;
    if let Some(note) = control::note_on_emptiness(question, store) {
        writeln!(io::stderr().lock(), "keyvigil: {note}")?;
    }
    noted(store, question)
}

/// Who looks is written into the journal; a disk that is full does not keep anybody from it.
fn noted(store: &Store, question: &Question) -> anyhow::Result<()> {
    match control::note_at_rest(store, question) {
        Err(error) if error.is_no_space() => {
            writeln!(
                io::stderr().lock(),
                "keyvigil: this is not written into the journal: {error}"
            )?;
            Ok(())
        }
        noted => Ok(noted?),
    }
}

fn check_key(path: &Path) -> anyhow::Result<()> {
    let text = fs::read_to_string(path)
        .with_context(|| format!("cannot read the key of the store, {}", path.display()))?;
    let wrong = || format!("the key in {} is not 64 hexadecimal digits", path.display());
    key_of(text.trim()).with_context(wrong).map(drop)
}
