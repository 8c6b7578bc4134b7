//! A store at rest, as its daemon would show it: for commands that find no daemon to ask.

use std::path::Path;
use std::sync::Arc;

use super::board::Board;
use super::job::{self, JobError};
use crate::config::Config;
use crate::engine::Party;
use crate::store::Store;
use crate::web::View;

/// What is known while nobody watches.
pub struct Resting {
    pub view: Arc<View>,
    pub store: Store,
    /// Who has access to what.
    pub parties: Vec<Party>,
}

/// Opens the store that somebody has used before.
pub fn look(config: &Config, state: &Path) -> Result<Resting, JobError> {
    let store = job::open_existing(config, state)?;
    let recovered = job::recovered(&store, job::settings(config))?;
    let parties = recovered.engine.parties();
    let board = Board::resting(&store, recovered.engine.overview())?;
    let view = Arc::clone(&board.view().borrow());
    Ok(Resting { view, store, parties })
}
