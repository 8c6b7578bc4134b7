//! The whole job in three threads with bounded channels between them, as `replay` does it, and
//! durable as there.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::spawn;

use super::intake::{Intake, Taken};
use super::spares::Spares;
use crate::clock::{seconds_on_core, wall};
use crate::engine::{Engine, Input, Settings};
use crate::format::{Options, Parser};
use crate::identity::{Identity, KeyIs};
use crate::model::{Millis, Position, SourceId};
use crate::store::{Commit, Counters, OpenOptions, Store};
use crate::tail::{FileReader, Limits};

pub(crate) const SOURCE: &str = "/var/log/nginx/access.log";
const READ_WAITING_MAX: usize = 4;
const JUDGED_WAITING_MAX: usize = 8;
const BLOCKS_MAX: usize = 8;
const PATIENCE: Millis = Millis::seconds(5);

/// What it took.
pub(crate) struct Done {
    pub(crate) wall: f64,
    /// What reading, judging and keeping had of a core.
    pub(crate) on_core: [f64; 3],
}

pub(crate) fn parser(sort: &str) -> Parser {
    let is_json = sort == "json";
    let log_format = (!is_json).then(|| crate::logs::LOG_FORMAT.to_owned());
    let options = Options { log_format, ..Options::default() };
    Parser::by_name(if is_json { "json" } else { "custom-nginx" }, &options).unwrap()
}

/// A directory for a store.
pub(crate) fn scratch() -> PathBuf {
    std::env::temp_dir().join(format!("keyvigil-bench-{}", std::process::id()))
}

pub(crate) fn run(path: &Path, sort: &str) -> Done {
    let state = scratch();
    let (wall, on_core) = wall(|| work(path, sort, &state));
    std::fs::remove_dir_all(&state).unwrap();
    Done { wall, on_core }
}

type Judged = (Vec<Input>, BTreeMap<SourceId, Position>, Option<Counters>);

fn work(path: &Path, sort: &str, state: &Path) -> [f64; 3] {
    let store = Store::open(state, &OpenOptions::default()).unwrap();
    let (judging, said) = sync_channel(READ_WAITING_MAX);
    let (keeping, judged) = sync_channel(JUDGED_WAITING_MAX);
    let mut intake = Intake::new(Identity::new([7; 32], KeyIs::Id), PATIENCE, Default::default());
    let spares = intake.spares.clone();
    let judge = spawn(move || judge(&said, &keeping));
    let keeper = spawn(move || keep(&store, &judged, &spares));
    let reading = read((path, sort), &mut intake, &judging);
    drop(judging);
    [reading, judge.join().unwrap(), keeper.join().unwrap()]
}

fn read((path, sort): (&Path, &str), intake: &mut Intake, judging: &SyncSender<Taken>) -> f64 {
    let begun = seconds_on_core();
    intake.add(&SourceId(path.display().to_string()), Some(parser(sort)));
    let mut reader = FileReader::open(path, Limits::default(), None).unwrap();
    while let Some(chunk) = reader.next_chunk().unwrap() {
        let arrival = intake.latest().unwrap_or_default();
        intake.take(&chunk, arrival, &mut |taken| judging.send(taken).unwrap());
        reader.reuse(chunk.bytes);
    }
    judging.send(intake.hand_over()).unwrap();
    seconds_on_core() - begun
}

fn judge(said: &Receiver<Taken>, keeping: &SyncSender<Judged>) -> f64 {
    let mut engine = Engine::new(Settings::default());
    for taken in said {
        let mut inputs = vec![Input::Batch(Arc::new(taken.batch))];
        engine.step(&inputs[0]);
        let due = taken.watermark.filter(|watermark| engine.is_due(*watermark));
        if let Some(watermark) = due {
            inputs.push(Input::Tick(watermark));
            engine.step(&inputs[1]);
        }
        keeping.send((inputs, taken.positions, taken.counters)).unwrap();
    }
    engine.step(&Input::Finish);
    seconds_on_core()
}

fn keep(store: &Store, judged: &Receiver<Judged>, spares: &Spares) -> f64 {
    let (mut next, mut blocks) = (0, 0);
    let mut inputs = Vec::new();
    loop {
        let more = judged.recv().ok();
        let is_last = more.is_none();
        let (new, positions, counters) = more.unwrap_or_default();
        blocks += usize::from(!new.is_empty());
        for input in new {
            inputs.push((next, input));
            next += 1;
        }
        if is_last || BLOCKS_MAX <= blocks {
            let positions: Vec<(SourceId, Position)> = positions.into_iter().collect();
            let counters = counters.as_ref();
            let commit =
                Commit { inputs: &inputs, positions: &positions, counters, ..Commit::default() };
            store.commit(&commit).unwrap();
            spares.take_back(inputs.drain(..).map(|(_, input)| input));
            blocks = 0;
        }
        if is_last {
            return seconds_on_core();
        }
    }
}
