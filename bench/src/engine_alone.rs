//! The engine's own share: what judging an event costs once it knows its keys.

use std::sync::Arc;

use crate::clock::on_core;
use crate::engine::{Engine, Input, Settings};
use crate::model::{EventBatch, Millis, Timestamp};
use crate::traffic::{Sort, Traffic, inventory, rules};

/// Three days until it is measured, and a day of it.
const WARM_UP: u64 = 3_000_000;
const MEASURED: u64 = 1_000_000;

const SORTS: [(&str, Sort, u64); 6] = [
    ("REST-200", Sort::Rest, 200),
    ("LLM-200", Sort::Llm, 200),
    ("partners-200", Sort::Partner, 200),
    ("REST-10000", Sort::Rest, 10_000),
    ("LLM-10000", Sort::Llm, 10_000),
    ("unlisted-10000", Sort::Unlisted, 10_000),
];

/// Prints a line for each traffic: its name, and nanoseconds an event.
pub(crate) fn run(names: &[&str]) {
    for (name, sort, keys) in SORTS {
        if names.is_empty() || names.contains(&name) {
            println!("{name} {:.1}", nanos((sort, keys), (WARM_UP, MEASURED)));
        }
    }
}

/// The same for one, with as many events as are wanted: for profilers.
pub(crate) fn run_one(name: &str, events: (u64, u64)) {
    for (_, sort, keys) in SORTS.into_iter().filter(|(known, ..)| *known == name) {
        println!("{name} {:.1}", nanos((sort, keys), events));
    }
}

fn nanos((sort, keys): (Sort, u64), (warm_up, measured): (u64, u64)) -> f64 {
    let mut traffic = Traffic::new(sort, keys);
    let mut engine = Engine::new(Settings { rules: rules(sort), ..Settings::default() });
    engine.step(&Input::Inventory(inventory(sort, keys)));
    let mut work = |events: u64, step: fn(&mut Engine, EventBatch) -> f64| {
        let (mut done, mut seconds) = (0, 0.0);
        while done < events {
            let batch = traffic.next_batch();
            done += batch.len() as u64;
            seconds += step(&mut engine, batch);
        }
        seconds * 1e9 / done as f64
    };
    work(warm_up, judge);
    work(measured, measured_judge)
}

/// Of its own, so that a profiler can tell it from the warm-up.
#[inline(never)]
fn measured_judge(engine: &mut Engine, batch: EventBatch) -> f64 {
    judge(engine, batch)
}

/// As the daemon does it: rows in, and slots closed when they have waited long enough.
fn judge(engine: &mut Engine, batch: EventBatch) -> f64 {
    let watermark = Timestamp(batch.time.last().copied().unwrap()).back(Millis::seconds(5));
    let batch = Input::Batch(Arc::new(batch));
    let (seconds, ()) = on_core(|| {
        engine.step(&batch);
        if engine.is_due(watermark) {
            engine.step(&Input::Tick(watermark));
        }
    });
    seconds
}
