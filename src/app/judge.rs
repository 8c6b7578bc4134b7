//! The engine's own thread: what came in, in order, to what is to be kept and told.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::mpsc::SyncSender;

use super::beats::{Beats, Stage};
use super::forgetting::Forget;
use super::intake::Taken;
use super::keeping::Keeping;
use super::orders::Receipt;
use crate::engine::{Action, Engine, Forgotten, Input, Overview, Party};
use crate::incident::{Alert, Incident, IncidentId, Notice, StaleFinding};
use crate::model::{Hour, Position, SourceId, Timestamp};
use crate::store::{Counters, Memory, Parcel, Parcels};

/// The state is written out at least after so many events, so that opening stays quick.
const EVENTS_BETWEEN_SNAPSHOTS_MAX: usize = 4_000_000;

const MINUTE_MILLIS: i64 = 60_000;

/// One engine, and the number of its next input.
#[derive(Debug)]
pub(super) struct Judge {
    engine: Engine,
    next_input: u64,
    events_since_snapshot: usize,
    snapshot_hour: Option<Hour>,
    rhythm: Rhythm,
    keeping: Keeping,
    snapshot_minute: i64,
    /// How far time has passed since the last tick, which nothing depends on yet.
    passed: Option<Timestamp>,
    /// Who has access to what, and of which revision that is.
    parties: Option<(u64, Arc<Vec<Party>>)>,
    /// The engine at a glance, as it was shown since the last step.
    shown: Option<Overview>,
    /// Where rows of a large snapshot go before the rest of it is packed.
    ahead: Option<Ahead>,
}

#[derive(Debug)]
struct Ahead {
    keeper: SyncSender<Judged>,
    beats: Beats,
}

/// How often the state is written out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Rhythm {
    /// At each new hour of event time: live.
    Hourly,
    /// Only when there is much to repeat: history passes a day in a moment.
    Rarely,
}

/// All that one step leads to. It is committed as a whole.
#[derive(Debug, Default)]
pub(super) struct Judged {
    pub(super) inputs: Vec<(u64, Input)>,
    /// Where logs that were never seen before begin: on the disk before a line of them is.
    pub(super) begun: Vec<(SourceId, Position)>,
    pub(super) positions: BTreeMap<SourceId, Position>,
    pub(super) counters: Option<Counters>,
    pub(super) memory: Memory,
    pub(super) incidents: BTreeMap<IncidentId, Incident>,
    pub(super) stale: Vec<Arc<StaleFinding>>,
    pub(super) notices: Vec<Notice>,
    pub(super) alerts: Vec<Alert>,
    /// Of the snapshot that comes next: written at once.
    pub(super) parcel: Option<Parcel>,
    pub(super) snapshot: Option<Snapshot>,
    pub(super) overview: Option<Box<Overview>>,
    /// What holds from here on.
    pub(super) keeping: Option<Keeping>,
    /// To be fired once all before it is on the disk.
    pub(super) receipts: Vec<Receipt>,
}

/// The state after all inputs before `next_input`.
#[derive(Debug)]
pub(super) struct Snapshot {
    pub(super) rows: Parcels,
    pub(super) next_input: u64,
}

impl Judge {
    pub(super) fn new(engine: Engine, next_input: u64, rhythm: Rhythm) -> Self {
        Self {
            engine,
            next_input,
            events_since_snapshot: 0,
            snapshot_hour: None,
            rhythm,
            keeping: Keeping::default(),
            snapshot_minute: 0,
            passed: None,
            parties: None,
            shown: None,
            ahead: None,
        }
    }

    /// Whoever keeps what is judged is given a large snapshot piece by piece.
    pub(super) fn hand_on_to(&mut self, keeper: SyncSender<Judged>, beats: Beats) {
        self.ahead = Some(Ahead { keeper, beats });
    }

    /// What is stored from now on. The state is written down in between, so that nothing from
    /// before is needed for what comes after.
    pub(super) fn keep(&mut self, keeping: Keeping) -> Judged {
        let mut judged = Judged::default();
        if self.keeping != keeping {
            self.keeping = keeping;
            self.snapshot(&mut judged);
            judged.keeping = Some(keeping);
        }
        judged
    }

    /// Judges a batch, if there is one, and then the passing of time.
    pub(super) fn judge(&mut self, taken: Taken) -> Judged {
        let Taken { positions, counters, memory, .. } = taken;
        let mut judged = Judged { positions, counters, memory, ..Judged::default() };
        if !taken.batch.is_empty() {
            self.events_since_snapshot += taken.batch.len();
            self.step(Input::Batch(Arc::new(taken.batch)), &mut judged);
        }
        match taken.watermark {
            // Each input is journalled: time that changes nothing is not worth one.
            Some(watermark) if self.engine.is_due(watermark) => {
                self.passed = None;
                self.step(Input::Tick(watermark), &mut judged);
                self.snapshot_if_due(watermark, &mut judged);
            }
            Some(watermark) => self.passed = Some(watermark),
            None => (),
        }
        judged
    }

    /// Judges an input that is not made of lines.
    pub(super) fn judge_input(&mut self, input: Input) -> Judged {
        let mut judged = Judged::default();
        if matches!(input, Input::Finish)
            && let Some(watermark) = self.passed.take()
        {
            self.step(Input::Tick(watermark), &mut judged);
        }
        self.step(input, &mut judged);
        if self.keeping == Keeping::State {
            self.snapshot(&mut judged);
        }
        judged
    }

    /// Goes on with an engine that never heard of the subject. Its whole state is written
    /// down, so that nothing from before is stepped again.
    pub(super) fn forget(&mut self, forget: &Forget) -> Judged {
        let mut judged = Judged::default();
        match self.engine.forget(&forget.mention) {
            Ok(Forgotten { engine, rows, keys, .. }) => {
                self.engine = engine;
                self.parties = None;
                self.shown = None;
                self.events_since_snapshot = 0;
                judged.snapshot = Some(Snapshot {
                    rows: rows.into_iter().collect(),
                    next_input: self.next_input,
                });
                forget.answer(Ok(keys));
            }
            Err(error) => forget.answer(Err(error.to_string())),
        }
        judged
    }

    /// What is to be remembered when nothing more comes.
    pub(super) fn last(&mut self) -> Judged {
        let mut judged = Judged::default();
        self.snapshot(&mut judged);
        judged.overview = Some(Box::new(self.overview()));
        judged
    }

    pub(super) const fn engine(&self) -> &Engine {
        &self.engine
    }

    /// Made anew only after a step: of many keys that takes its time.
    pub(super) fn overview(&mut self) -> Overview {
        let overview = match self.shown.take() {
            Some(overview) => overview,
            None => Overview { parties: self.parties(), ..self.engine.overview() },
        };
        self.shown = Some(overview.clone());
        Overview { watermark: overview.watermark.max(self.passed), ..overview }
    }

    /// Made anew only if they may be others.
    fn parties(&mut self) -> Arc<Vec<Party>> {
        let revision = self.engine.parties_revision();
        if let Some((known, parties)) = &self.parties
            && *known == revision
        {
            return Arc::clone(parties);
        }
        let parties = Arc::new(self.engine.parties());
        self.parties = Some((revision, Arc::clone(&parties)));
        parties
    }

    fn step(&mut self, mut input: Input, judged: &mut Judged) {
        self.shown = None;
        let mut late = Vec::new();
        for action in self.engine.step(&input) {
            match action {
                Action::SetAside { row } => late.push(row),
                Action::Incident(incident) => {
                    judged.incidents.insert(incident.id, *incident);
                }
                Action::Alert(alert) => judged.alerts.push(alert),
                Action::Notice(notice) => judged.notices.push(notice),
                Action::Stale(finding) => judged.stale.push(finding),
            }
        }
        if let Input::Batch(batch) = &mut input
            && !late.is_empty()
        {
            let batch = Arc::make_mut(batch);
            for row in late {
                batch.mark_late(row as usize);
            }
        }
        judged.inputs.push((self.next_input, input));
        self.next_input += 1;
    }

    fn snapshot_if_due(&mut self, watermark: Timestamp, judged: &mut Judged) {
        let hour = watermark.hour();
        let minute = watermark.0.div_euclid(MINUTE_MILLIS);
        let new_minute = std::mem::replace(&mut self.snapshot_minute, minute) != minute;
        let new_hour = self.snapshot_hour.replace(hour).is_some_and(|before| before < hour);
        let hourly = self.rhythm == Rhythm::Hourly && new_hour;
        let each_minute = self.keeping == Keeping::State && new_minute;
        if hourly || each_minute || EVENTS_BETWEEN_SNAPSHOTS_MAX <= self.events_since_snapshot {
            self.snapshot(judged);
        }
    }

    fn snapshot(&mut self, judged: &mut Judged) {
        self.events_since_snapshot = 0;
        let mut rows = Parcels::default();
        let Self { engine, ahead, .. } = self;
        engine.hand_out_changed(&mut |row| {
            rows.push(&row);
            if let Some(ahead) = ahead
                && let Some(parcel) = rows.send_ahead()
            {
                ahead.send(parcel);
            }
        });
        judged.snapshot = Some(Snapshot { rows, next_input: self.next_input });
    }
}

impl Ahead {
    fn send(&self, parcel: Parcel) {
        self.beats.waits(Stage::Judging);
        // Where nobody keeps anything any more, that is noticed with the next step.
        drop(self.keeper.send(Judged { parcel: Some(parcel), ..Judged::default() }));
        self.beats.beat(Stage::Judging);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::Settings;

    fn passing(judge: &mut Judge, millis: i64) -> Vec<(u64, Input)> {
        let watermark = Some(Timestamp(millis));
        judge.judge(Taken { watermark, ..Taken::default() }).inputs
    }

    #[test]
    fn a_quiet_minute_is_six_inputs_and_is_shown_to_the_second() {
        let mut judge = Judge::new(Engine::new(Settings::default()), 0, Rhythm::Hourly);
        passing(&mut judge, 0);
        let ticks: usize = (1..=60).map(|second| passing(&mut judge, second * 1000).len()).sum();
        assert_eq!(ticks, 6);
        assert_eq!(judge.overview().watermark, Some(Timestamp(60_000)));
    }

    #[test]
    fn at_the_end_all_the_time_that_passed_counts() {
        let mut judge = Judge::new(Engine::new(Settings::default()), 0, Rhythm::Rarely);
        passing(&mut judge, 0);
        assert!(passing(&mut judge, 4000).is_empty());
        let inputs = judge.judge_input(Input::Finish).inputs;
        assert!(matches!(inputs[..], [(1, Input::Tick(Timestamp(4000))), (2, Input::Finish)]));
    }
}
