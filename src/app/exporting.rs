//! All that is stored about somebody, for them.

use serde_json::{Map, Value, json};

use super::control::{Because, Refusal, Whom};
use super::diary::Asker;
use super::job::JobError;
use super::look::look;
use crate::config::Config;
use crate::engine::KeyRow;
use crate::model::{EventBatch, Mention};
use crate::store::{Store, StoreError};
use crate::web::incident_json;

/// More events than this are counted, and left out.
const EVENTS_MAX: usize = 200_000;

/// What is stored, and an entry of the journal that it was handed out.
pub(super) fn export(
    store: &Store,
    keys: &[KeyRow],
    (whom, mention, by): (&Whom, &Mention, &Asker),
) -> Result<Value, Refusal> {
    let failed = |error: StoreError| Refusal::new(Because::Failed, error.to_string());
    let exported = all_of(store, keys, mention).map_err(failed)?;
    let events = exported.get("events").and_then(Value::as_array).map_or(0, Vec::len);
    let entry = by.did("exported somebody's data", format!("{}, {events} events", whom.kind()));
    store.journal_add(vec![entry]).map_err(failed)?;
    Ok(exported)
}

/// The same while no daemon runs.
pub fn export_at_rest(
    config: &Config,
    state: &std::path::Path,
    whom: &Whom,
) -> Result<Result<Value, Refusal>, JobError> {
    let resting = look(config, state)?;
    let by = super::control::ourselves();
    let mention = whom.mention(&resting.store, config);
    let about =
        |mention: Mention| export(&resting.store, &resting.view.keys, (whom, &mention, &by));
    Ok(mention.and_then(about))
}

fn all_of(store: &Store, keys: &[KeyRow], mention: &Mention) -> Result<Value, StoreError> {
    let (mut events, mut left_out) = (Vec::new(), 0u64);
    store.rows_about(mention, &mut |batch, row| {
        if events.len() < EVENTS_MAX {
            events.push(event(batch, row));
        } else {
            left_out += 1;
        }
    })?;
    let about = store.people_about(mention)?;
    let incidents: Vec<Value> = about.incidents.iter().map(incident_json).collect();
    let journal: Vec<Value> = store.journal_about(mention)?.iter().map(|it| json!(it)).collect();
    let keys: Vec<Value> = keys
        .iter()
        .filter(|key| mention.is_in(&key.key))
        .map(|key| {
            json!({
                "key": key.key, "role": key.role, "owner": key.owner,
                "first_used": key.first_used.map(|at| at.0), "last_used": key.last_used.map(|at| at.0),
                "requests": key.requests,
            })
        })
        .collect();
    Ok(json!({
        "made": super::now().0,
        "keys": keys,
        "events": events,
        "events_left_out": left_out,
        "incidents": incidents,
        "findings": about.findings,
        "messages": about.messages,
        "journal": journal,
    }))
}

/// By the names that `query` has; what is absent is left out.
fn event(batch: &EventBatch, row: usize) -> Value {
    let mut map = Map::new();
    let at = batch.time.get(row).copied().unwrap_or_default();
    let at = jiff::Timestamp::from_millisecond(at).unwrap_or_default();
    map.insert("time".to_owned(), json!(at.to_string()));
    let texts = [
        ("source", &batch.source),
        ("format", &batch.format),
        ("key", &batch.key),
        ("role", &batch.role),
        ("source_ip", &batch.source_ip),
        ("method", &batch.method),
        ("path", &batch.path),
        ("query", &batch.query),
        ("route", &batch.route),
        ("user_agent", &batch.user_agent),
        ("referer", &batch.referer),
        ("user", &batch.user),
        ("model", &batch.model),
        ("country", &batch.country),
        ("city", &batch.city),
        ("operation", &batch.operation),
        ("outcome", &batch.outcome),
        ("tenant", &batch.tenant),
        ("object", &batch.object),
    ];
    for (name, column) in texts {
        let text = column.get(row);
        if !text.is_empty() {
            map.insert(name.to_owned(), json!(text));
        }
    }
    let status = batch.status.get(row).copied().unwrap_or_default();
    let numbers = [
        ("status", u64::from(status)),
        ("bytes", batch.bytes.get(row).copied().unwrap_or_default()),
        ("duration_us", batch.duration_us.get(row).copied().unwrap_or_default()),
        ("tokens_in", batch.input_tokens.get(row).copied().unwrap_or_default()),
        ("tokens_out", batch.output_tokens.get(row).copied().unwrap_or_default()),
        ("units", batch.count.get(row).copied().unwrap_or_default()),
        ("asn", u64::from(batch.asn.get(row).copied().unwrap_or_default())),
    ];
    for (name, number) in numbers {
        if number != 0 {
            map.insert(name.to_owned(), json!(number));
        }
    }
    Value::Object(map)
}
