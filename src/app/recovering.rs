//! Bringing the engine to where it stopped: its state as it was written down, and all that came since.

use std::collections::BTreeMap;

use tracing::warn;

use super::job::JobError;
use crate::engine::{Action, Engine, EngineError, Settings};
use crate::incident::{Incident, IncidentId};
use crate::model::{Position, SourceId};
use crate::store::{self, Commit, Counters, Memory, Store};

/// The engine as it was when the last process ended, however it ended.
pub(super) struct Recovered {
    pub(super) engine: Engine,
    pub(super) next_input: u64,
    pub(super) positions: BTreeMap<SourceId, Position>,
    pub(super) counters: Counters,
    pub(super) memory: Memory,
    /// Those that the steps since the state was written down handed out. None where there was no such state:
    /// what is learned anew is not what people were told.
    incidents: BTreeMap<IncidentId, Incident>,
    /// What is stored of the engine is of another version, and was of no use.
    is_learned_anew: bool,
}

impl Recovered {
    pub(super) fn new(settings: Settings) -> Self {
        let (positions, counters, memory) = (BTreeMap::new(), Counters::new(), Memory::new());
        let (engine, next_input, incidents) = (Engine::new(settings), 0, BTreeMap::new());
        Self { engine, next_input, positions, counters, memory, incidents, is_learned_anew: false }
    }
}

/// For who goes on from there: what is of no use any more goes, and what was still to be written of
/// incidents that went on is written.
pub(super) fn taken_up(store: &Store, settings: Settings) -> Result<Recovered, JobError> {
    let mut recovered = recovered(store, settings)?;
    let incidents = std::mem::take(&mut recovered.incidents);
    if recovered.is_learned_anew {
        store.forget_state()?;
    }
    write_rest(store, incidents)?;
    Ok(recovered)
}

/// One that the store does not have was news once, and was removed since.
fn write_rest(store: &Store, incidents: BTreeMap<IncidentId, Incident>) -> Result<(), JobError> {
    let mut rest = Vec::new();
    for (id, incident) in incidents {
        let stored = store.incident(id)?;
        if stored.is_some_and(|stored| stored.revision < incident.revision) {
            rest.push(incident);
        }
    }
    if !rest.is_empty() {
        store.commit(&Commit { incidents: &rest, ..Commit::default() })?;
    }
    Ok(())
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
    let mut incidents = BTreeMap::new();
    for input in store.inputs_from(from_input)? {
        // What else followed from it is committed already.
        for action in engine.step(&input?.1) {
            if let Action::Incident(incident) = action
                && 0 < from_input
            {
                incidents.insert(incident.id, *incident);
            }
        }
    }
    let store::Recovered { next_input, positions, counters, memory, .. } = recovered;
    Ok(Recovered { engine, next_input, positions, counters, memory, incidents, is_learned_anew })
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
    use crate::app::intake::Taken;
    use crate::app::judge::{Judge, Rhythm};
    use crate::app::keeper::tests::{DAY, event_of, keeper};
    use crate::engine::StateRow;
    use crate::identity::{Identity, KeyIs, Seen};
    use crate::model::{EventBatch, Record, Timestamp};
    use crate::store::{OpenOptions, Shown};

    /// Some refusals of one address in that minute.
    fn refused(minute: i64) -> Taken {
        let mut identity = Identity::new([7; 32], KeyIs::Id);
        let mut batch = EventBatch::default();
        let at = Timestamp(100 * DAY + minute * 60_000);
        for _ in 0..10 {
            let field = |text: &'static str| Some(text.as_bytes().into());
            let (source_ip, path) = (field("203.0.113.9"), field("/v1/orders"));
            let (time, status) = (Some(at), Some(401));
            let record = Record { time, source_ip, path, status, ..Record::default() };
            identity.append(
                &record,
                &Seen { source: "log", format: "json", arrival: at },
                &mut batch,
            );
        }
        Taken { batch, watermark: Some(at), ..Taken::default() }
    }

    #[test]
    fn an_incident_that_went_on_when_the_process_ended_is_written_at_the_next_start() {
        let folder = tempfile::tempdir().unwrap();
        let mut keeper = keeper(folder.path());
        let store = keeper.store.clone().unwrap();
        let mut judge = Judge::new(Engine::new(Settings::default()), 0, Rhythm::Rarely);
        let mut latest = BTreeMap::new();
        let mut is_behind = false;
        keeper.keep(judge.judge(refused(0)), false).unwrap();
        keeper.keep(judge.last(), false).unwrap();
        for minute in 1..600 {
            let judged = judge.judge(refused(minute));
            latest.extend(judged.incidents.iter().map(|(id, it)| (*id, it.revision)));
            keeper.keep(judged, false).unwrap();
            let stored = store.incidents(Shown::All).unwrap();
            is_behind = stored.iter().any(|it| it.revision < latest[&it.id]);
            if is_behind && 120 < minute {
                break;
            }
        }
        assert!(is_behind, "what only goes on waits");
        drop(keeper);
        drop(taken_up(&store, Settings::default()).unwrap());
        let stored = store.incidents(Shown::All).unwrap();
        let stored: BTreeMap<_, _> = stored.iter().map(|it| (it.id, it.revision)).collect();
        assert_eq!(stored, latest);
    }

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
