//! The store as the daemon uses it: closed, killed, copied, damaged, opened twice.

use std::fs;

mod contents;
mod flips;
mod fuzz;
mod mending;
mod merging;
mod opening;
mod rotation;
mod snapshots;

use super::database::Batch;
use super::*;
use crate::engine::{Input, StateRow};
use crate::incident::{Incident, IncidentId, State};
use crate::model::{EventBatch, EventKind, Millis, Timestamp};
use std::io::Write as _;

const OPTIONS: OpenOptions = OpenOptions { key: Some([9; 32]), previous: Vec::new() };

/// By name.
fn state_of(store: &Store) -> Vec<StateRow> {
    let mut rows: Vec<StateRow> = store.state().map(Result::unwrap).collect();
    rows.sort_by(|a, b| a.id.cmp(&b.id));
    rows
}

fn opened(dir: &Path) -> Store {
    Store::open(dir, &OPTIONS).unwrap()
}

/// Events of one second each; row 3 of each batch has the key `k_rare`.
fn events(from: i64, rows: usize) -> EventBatch {
    let mut batch = EventBatch::default();
    for (row, second) in (from..).take(rows).enumerate() {
        batch.time.push(second * 1000);
        batch.kind.push(EventKind::Request);
        batch.key.push(if row == 3 { "k_rare" } else { "k_often" });
        batch.path.push(&format!("/v1/orders/{}", second * 7919));
        batch.status.push(200);
        batch.bytes.push(second.unsigned_abs());
        batch.late.push(row == 5);
        for column in [&mut batch.source, &mut batch.format, &mut batch.role, &mut batch.source_ip]
        {
            column.push("same");
        }
        for column in [&mut batch.method, &mut batch.query, &mut batch.route, &mut batch.user_agent]
        {
            column.push("");
        }
        for column in [&mut batch.referer, &mut batch.user, &mut batch.model, &mut batch.country] {
            column.push("");
        }
        for column in
            [&mut batch.operation, &mut batch.outcome, &mut batch.tenant, &mut batch.object]
        {
            column.push("");
        }
        batch.asn.push(0);
        batch.flaws.push(0);
        batch.spot.push(0);
        batch.city.push("");
        for column in [&mut batch.request_bytes, &mut batch.duration_us, &mut batch.input_tokens] {
            column.push(3);
        }
        for column in [&mut batch.output_tokens, &mut batch.cost_micros, &mut batch.count] {
            column.push(0);
        }
    }
    batch
}

fn batch_input(from: i64, rows: usize) -> Input {
    Input::Batch(Arc::new(events(from, rows)))
}

fn commit_inputs(store: &Store, inputs: &[(u64, Input)]) {
    store.commit(&Commit { inputs, ..Commit::default() }).unwrap();
}

fn inputs_of(store: &Store, from: u64) -> Vec<String> {
    shown(&store.inputs_from(from).unwrap().map(Result::unwrap).collect::<Vec<_>>())
}

/// Inputs by all their fields; blocks by their rows.
fn shown(inputs: &[(u64, Input)]) -> Vec<String> {
    let show = |(number, input): &(u64, Input)| match input {
        Input::Batch(batch) => {
            let rows: Vec<_> = (0..batch.len()).map(|row| batch.event(row)).collect();
            format!("{number} {rows:?} {:?} {:?}", batch.late, batch.duration_us)
        }
        Input::Tick(_)
        | Input::Verdict(_)
        | Input::Inventory(_)
        | Input::Settings(_)
        | Input::Finish => format!("{number} {input:?}"),
    };
    inputs.iter().map(show).collect()
}

fn incident(id: u64, opened: i64, state: State) -> Incident {
    Incident { id: IncidentId(id), opened: Timestamp(opened), state, ..Incident::default() }
}
