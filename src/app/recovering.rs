//! Bringing the engine to where it stopped: its state as it was written down, and all that came since.

use std::collections::BTreeMap;

use tracing::warn;

use super::job::JobError;
use crate::engine::{Engine, EngineError, Settings};
use crate::model::{Position, SourceId};
use crate::store::{self, Counters, Memory, Store};

/// The engine as it was when the last process ended, however it ended.
pub(super) struct Recovered {
    pub(super) engine: Engine,
    pub(super) next_input: u64,
    pub(super) positions: BTreeMap<SourceId, Position>,
    pub(super) counters: Counters,
    pub(super) memory: Memory,
    /// What is stored of the engine is of another version, and was of no use.
    is_learned_anew: bool,
}

impl Recovered {
    pub(super) fn new(settings: Settings) -> Self {
        let (positions, counters, memory) = (BTreeMap::new(), Counters::new(), Memory::new());
        let (engine, next_input) = (Engine::new(settings), 0);
        Self { engine, next_input, positions, counters, memory, is_learned_anew: false }
    }
}

/// For who goes on from there: what is of no use any more goes.
pub(super) fn taken_up(store: &Store, settings: Settings) -> Result<Recovered, JobError> {
    let recovered = recovered(store, settings)?;
    if recovered.is_learned_anew {
        store.forget_state()?;
    }
    Ok(recovered)
}

/// For who only looks: nothing is written.
pub(super) fn recovered(store: &Store, settings: Settings) -> Result<Recovered, JobError> {
    let recovered = store.recover()?;
    let restored = restored(store, settings.clone());
    let is_learned_anew = matches!(restored, Err(JobError::Engine(EngineError::Version { .. })));
    let (mut engine, from_input) = match restored {
        Err(error) if is_learned_anew => {
            warn!(%error, events = recovered.events, "what is normal is learned anew from the events that are kept");
            (Engine::new(settings), 0)
        }
        restored => (restored?, recovered.from_input),
    };
    for input in store.inputs_from(from_input)? {
        // What followed from it is committed already.
        drop(engine.step(&input?.1));
    }
    let store::Recovered { next_input, positions, counters, memory, .. } = recovered;
    Ok(Recovered { engine, next_input, positions, counters, memory, is_learned_anew })
}

fn restored(store: &Store, settings: Settings) -> Result<Engine, JobError> {
    let mut engine = Engine::restoring(settings);
    for row in store.state() {
        engine.take_up(&row?)?;
    }
    Ok(engine.done())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::keeper::tests::{DAY, event_of};
    use crate::engine::StateRow;
    use crate::model::Timestamp;
    use crate::store::{Commit, OpenOptions};

    #[test]
    fn a_state_of_another_version_is_learned_anew_from_what_is_kept() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path(), &OpenOptions::default()).unwrap();
        let mut engine = Engine::new(Settings::default());
        let inputs: Vec<_> = (0..3).map(|at| (at, event_of(Timestamp(DAY)))).collect();
        for (_, input) in &inputs {
            drop(engine.step(input));
        }
        store.commit(&Commit { inputs: &inputs, ..Commit::default() }).unwrap();
        let rows = engine.changed_state().into_iter().map(|row| StateRow {
            value: row.value.map(|value| [&[200], value.get(1..).unwrap_or_default()].concat()),
            ..row
        });
        store.snapshot(&rows.collect(), 3).unwrap();

        let of_other =
            |row: &StateRow| row.value.as_ref().is_some_and(|it| it.first() == Some(&200));
        let is_as_it_was = || store.state().all(|row| of_other(&row.unwrap()));
        drop(recovered(&store, Settings::default()).unwrap());
        assert!(is_as_it_was(), "a look changes nothing");
        for _ in 0..2 {
            let mut again = taken_up(&store, Settings::default()).unwrap();
            assert_eq!(again.next_input, 3);
            assert_eq!(again.engine.overview().events, 3);
            store.snapshot(&again.engine.changed_state().into_iter().collect(), 3).unwrap();
        }
        assert!(!store.state().any(|row| of_other(&row.unwrap())));
    }
}
