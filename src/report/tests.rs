//! Questions as a person would type them, over a small store.

use std::sync::Arc;

use super::*;
use crate::engine::Input;
use crate::model::{EventBatch, EventKind};
use crate::store::{Commit, OpenOptions, Store};

const HOUR: i64 = 3_600_000;

fn batch(first_hour: i64) -> EventBatch {
    let mut batch = EventBatch::default();
    for (n, key) in (0i64..).zip(["k_a", "k_b", "k_a", ""]) {
        batch.time.push((first_hour + n) * HOUR + 1500);
        batch.kind.push(EventKind::Request);
        batch.key.push(key);
        batch.path.push(&format!("/v1/orders/{n},\"x\""));
        batch.status.push(if n == 3 { 0 } else { 200 });
        batch.bytes.push(n.unsigned_abs() * 100);
        batch.duration_us.push(1500);
        batch.input_tokens.push(600);
        batch.output_tokens.push(120);
        batch.cost_micros.push(1230);
        batch.count.push(1);
        batch.asn.push(64_496);
        for column in
            [&mut batch.model, &mut batch.operation, &mut batch.outcome, &mut batch.tenant]
        {
            column.push("x-1");
        }
        batch.country.push("NO");
        batch.late.push(n == 1);
    }
    batch
}

fn store(dir: &tempfile::TempDir) -> Store {
    let store =
        Store::open(dir.path(), &OpenOptions { key: Some([1; 32]), ..OpenOptions::default() })
            .unwrap();
    let inputs = [(0, Input::Batch(Arc::new(batch(0)))), (1, Input::Batch(Arc::new(batch(4))))];
    store.commit(&Commit { inputs: &inputs, ..Commit::default() }).unwrap();
    store
}

fn check(sql: &str, expected: &str) {
    let dir = tempfile::tempdir().unwrap();
    let store = store(&dir);
    let answer = answer(&store, &[], sql).unwrap();
    let mut lines = vec![answer.columns.join("|")];
    for row in answer {
        let cells: Vec<String> = row.unwrap().iter().map(ToString::to_string).collect();
        lines.push(cells.join("|"));
    }
    assert_eq!(lines.join("\n"), expected, "{sql}");
}

#[test]
fn events_are_counted_without_reading_them() {
    check("SELECT count(*) FROM events", "len\n8");
    check("SELECT count(*) AS n FROM events", "n\n8");
}

#[test]
fn use_is_added_up_by_key() {
    check(
        "SELECT key, count(*) AS n, sum(bytes) AS sent FROM events GROUP BY key ORDER BY key",
        "key|n|sent\nk_a|4|400\nk_b|2|200\n|2|600",
    );
}

#[test]
fn tokens_and_cost_are_added_up_by_model() {
    check(
        "SELECT model, operation, outcome, tenant, country, asn, sum(tokens_in) AS i, \
         sum(tokens_out) AS o, sum(units) AS u, round(sum(cost), 5) AS cost FROM events \
         GROUP BY model, operation, outcome, tenant, country, asn",
        "model|operation|outcome|tenant|country|asn|i|o|u|cost\n\
         x-1|x-1|x-1|x-1|NO|64496|4800|960|8|0.00984",
    );
}

#[test]
fn times_are_rfc_3339_and_can_be_compared() {
    check(
        "SELECT time, hour, day FROM events WHERE time >= '1970-01-01 06:30:00' ORDER BY time",
        "time|hour|day\n1970-01-01T07:00:01.5Z|1970-01-01T07:00:00Z|1970-01-01T00:00:00Z",
    );
    check(
        "SELECT EXTRACT(HOUR FROM time) AS h FROM events WHERE bytes = 300 ORDER BY h",
        "h\n3\n7",
    );
}

#[test]
fn absent_is_null() {
    check("SELECT count(*) AS n FROM events WHERE key IS NULL AND status IS NULL", "n\n2");
    check(
        "SELECT kind, late, duration_ms, referer FROM events LIMIT 1",
        "kind|late|duration_ms|referer\nrequest|false|1.5|",
    );
}

#[test]
fn a_star_gives_every_column() {
    let dir = tempfile::tempdir().unwrap();
    let store = store(&dir);
    let answer = answer(&store, &[], "SELECT * FROM events").unwrap();
    assert_eq!(answer.columns, NAMES);
    assert_eq!(answer.count(), 8);
}

#[test]
fn a_wrong_question_is_told_the_columns() {
    let dir = tempfile::tempdir().unwrap();
    let store = store(&dir);
    for sql in ["SELECT nobody FROM events", "SELECT key FROM event", "SELEKT", ""] {
        let Err(error) = answer(&store, &[], sql) else { panic!("{sql} was answered") };
        assert!(error.to_string().contains("the columns of `events` are time, hour"), "{error}");
    }
}

#[test]
fn an_empty_store_has_no_rows_but_all_columns() {
    let dir = tempfile::tempdir().unwrap();
    let store =
        Store::open(dir.path(), &OpenOptions { key: Some([1; 32]), ..OpenOptions::default() })
            .unwrap();
    assert_eq!(answer(&store, &[], "SELECT * FROM events").unwrap().columns, NAMES);
    let mut answer = answer(&store, &[], "SELECT count(*) FROM events").unwrap();
    assert_eq!(answer.next().unwrap().unwrap(), [Value::Integer(0)]);
}

#[test]
fn what_cannot_be_asked_for_is_not_read_and_the_answer_is_the_same() {
    check(
        "SELECT key, status FROM events WHERE key = 'k_b' AND time >= '1970-01-01 04:00:00'",
        "key|status\nk_b|200",
    );
    check("SELECT count(*) AS n FROM events WHERE day = '1970-01-02'", "n\n0");
    check("SELECT bytes FROM events WHERE hour = '1970-01-01 06:00:00'", "bytes\n200");
    check("SELECT bytes FROM events LIMIT 3", "bytes\n0\n100\n200");
    check("SELECT bytes FROM events WHERE key = 'nobody'", "bytes");
}
