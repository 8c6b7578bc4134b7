//! A store at rest, as its daemon would show it: for commands that find no daemon to ask.

use std::path::Path;
use std::sync::Arc;

use tokio::sync::watch;

use super::beats::Beats;
use super::board::Board;
use super::job::{self, JobError};
use super::judge::{Judge, Rhythm};
use super::keeper::{Committing, Keeper};
use super::kept::kept;
use super::live::policy_of_life;
use super::outputs::Writers;
use super::pending::Pending;
use super::recovering;
use super::spares::Spares;
use super::tidying::Tidying;
use crate::config::Config;
use crate::engine::{Input, Overview, Verdict};
use crate::store::Store;
use crate::web::View;

/// What is known while nobody watches.
pub struct Resting {
    pub view: Arc<View>,
    pub store: Store,
}

/// Opens the store that somebody has used before.
pub fn look(config: &Config, state: &Path) -> Result<Resting, JobError> {
    let store = job::open_existing(config, state)?;
    let recovered = recovering::recovered(&store, job::settings(config))?;
    let parties = Arc::new(recovered.engine.parties());
    let overview = Overview { parties, ..recovered.engine.overview() };
    let board = Board::resting(&store, overview)?;
    let mut view = Arc::clone(&board.view().borrow());
    // Of a state directory that is named alone, the settings are not known.
    if !config.sources.is_empty() {
        Arc::make_mut(&mut view).kept = kept(config);
    }
    Ok(Resting { view, store })
}

/// Steps the engine with a person's word, and keeps what follows.
pub(super) fn hear(config: &Config, resting: &Resting, verdict: Verdict) -> Result<(), JobError> {
    let store = &resting.store;
    let recovered = recovering::taken_up(store, job::settings(config))?;
    let mut judge = Judge::new(recovered.engine, recovered.next_input, Rhythm::Rarely);
    let judged = judge.judge_input(Input::Verdict(verdict));
    let policy = watch::channel(policy_of_life(config)).1;
    let mut keeper = Keeper {
        store: Some(store.clone()),
        writers: Writers::default(),
        board: Board::collecting(Arc::default()),
        beats: Beats::default(),
        now: super::now,
        policy,
        committing: Committing::AtOnce,
        announce: Box::new(|_incident| ()),
        pending: Pending::default(),
        unshown: None,
        stopped: None,
        newest: None,
        tidying: Tidying::default(),
        spares: Spares::default(),
    };
    keeper.keep(judged, false)
}
