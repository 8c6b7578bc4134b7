//! What each stage costs for a line, one after the other on one core.

use std::hint::black_box;
use std::path::Path;
use std::sync::Arc;

use aes_gcm::aead::AeadInOut as _;
use aes_gcm::{Aes256Gcm, KeyInit as _};

use crate::app::whole::{SOURCE, parser, scratch};
use crate::clock::on_core;
use crate::engine::{Engine, Input, Settings};
use crate::format::Told;
use crate::identity::{Identity, KeyIs, Seen};
use crate::model::{EventBatch, Millis, Record, Timestamp};
use crate::store::block::Encoder;
use crate::store::{Commit, OpenOptions, Store};
use crate::tail::{FileReader, Limits};

/// Prints a line for each stage: its name, and nanoseconds a line.
pub(crate) fn run(path: &Path, sort: &str) {
    let text = std::fs::read(path).unwrap();
    let lines = memchr::memchr_iter(b'\n', &text).count() as f64;
    let say = |stage: &str, seconds: f64| println!("{stage} {:.1}", seconds * 1e9 / lines);
    say("frame", on_core(|| frame(path)).0);
    let parse = parse(&text, sort);
    say("parse", parse);
    let (both, batches) = on_core(|| identify(&text, sort));
    say("identify", both - parse);
    let inputs: Vec<Input> = batches.into_iter().map(|it| Input::Batch(Arc::new(it))).collect();
    let (profile, judge) = judge(&inputs);
    say("profile", profile);
    say("judge", judge);
    let (encode, mut blocks) = on_core(|| encode(&inputs));
    let bytes: usize = blocks.iter().map(Vec::len).sum();
    say("encode+compress", encode);
    let encrypt = on_core(|| encrypt(&mut blocks)).0;
    say("encrypt", encrypt);
    say("commit", commit(inputs) - encode - encrypt);
    println!("bytes {:.2}", bytes as f64 / lines);
}

fn frame(path: &Path) -> usize {
    let mut reader = FileReader::open(path, Limits::default(), None).unwrap();
    let mut count = 0;
    while let Some(chunk) = reader.next_chunk().unwrap() {
        count += memchr::memchr_iter(b'\n', &chunk.bytes).count();
        reader.reuse(chunk.bytes);
    }
    count
}

fn parse(text: &[u8], sort: &str) -> f64 {
    let mut parser = parser(sort);
    on_core(|| {
        for line in lines(text) {
            let mut record = Record::default();
            black_box(parser.read(line, &mut record));
            black_box(&record);
        }
    })
    .0
}

fn identify(text: &[u8], sort: &str) -> Vec<EventBatch> {
    let (mut parser, mut identity) = (parser(sort), Identity::new([7; 32], KeyIs::Id));
    let (mut batch, mut batches) = (EventBatch::default(), Vec::new());
    for line in lines(text) {
        let mut record = Record::default();
        if let Told::Event = parser.read(line, &mut record) {
            let seen = Seen { source: SOURCE, format: "own", arrival: Timestamp::default() };
            identity.append_loosely(&record, &seen, &mut batch);
        }
        if batch.is_full() {
            let next = batch.empty_alike();
            batches.push(std::mem::replace(&mut batch, next));
        }
    }
    batches.push(batch);
    batches
}

/// Seconds for taking rows in, and for closing slots.
fn judge(inputs: &[Input]) -> (f64, f64) {
    let mut engine = Engine::new(Settings::default());
    let (mut profile, mut judge) = (0.0, 0.0);
    for input in inputs {
        profile += on_core(|| engine.step(input)).0;
        let Input::Batch(batch) = input else { continue };
        let last = batch.time.last().copied().unwrap_or_default();
        let watermark = Timestamp(last).back(Millis::seconds(5));
        if engine.is_due(watermark) {
            judge += on_core(|| engine.step(&Input::Tick(watermark))).0;
        }
    }
    (profile, judge)
}

fn encode(inputs: &[Input]) -> Vec<Vec<u8>> {
    let mut encoder = Encoder::new().unwrap();
    let batches = inputs.iter().filter_map(|input| match input {
        Input::Batch(batch) => Some(batch),
        _ => None,
    });
    batches.map(|batch| encoder.encode(batch).unwrap().1.to_vec()).collect()
}

/// As the store does it: in parts.
const PART_BYTES: usize = 3000;

fn encrypt(blocks: &mut [Vec<u8>]) {
    let aes = Aes256Gcm::new(&[7; 32].into());
    for part in blocks.iter_mut().flat_map(|block| block.chunks_mut(PART_BYTES)) {
        black_box(aes.encrypt_inout_detached(&[0; 12].into(), b"key", part.into()).unwrap());
    }
    black_box(blocks);
}

fn commit(inputs: Vec<Input>) -> f64 {
    let state = scratch();
    let store = Store::open(&state, &OpenOptions::default()).unwrap();
    let numbered: Vec<(u64, Input)> = (0..).zip(inputs).collect();
    let (seconds, ()) = on_core(|| {
        for inputs in numbered.chunks(8) {
            store.commit(&Commit { inputs, ..Commit::default() }).unwrap();
        }
    });
    drop(store);
    std::fs::remove_dir_all(&state).unwrap();
    seconds
}

fn lines(text: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut from = 0;
    memchr::memchr_iter(b'\n', text).map(move |end| {
        let line = &text[from..end];
        from = end + 1;
        line
    })
}
