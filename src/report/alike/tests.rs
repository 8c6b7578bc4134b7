//! Answers are the same whether events that are alike are put together or not.

use std::sync::Arc;

use proptest::prelude::*;

use super::super::ReportError;
use super::super::answer::{Answer, answer, answer_within, of_events};
use super::super::needs::Needs;
use super::super::question::{Alike, By};
use crate::engine::Input;
use crate::model::{EventBatch, EventKind};
use crate::store::{Commit, OpenOptions, Store};

const HOUR: i64 = 3_600_000;

/// Of which events that are alike are put together.
const TOGETHER: [&str; 36] = [
    "SELECT key, hour, count(*) AS n FROM events GROUP BY key, hour",
    "SELECT key, hour, count(*) AS n FROM events GROUP BY key, hour ORDER BY key, hour LIMIT 3",
    "SELECT key AS k, day AS d, count(*) AS n FROM events GROUP BY k, d ORDER BY n DESC, k, d",
    "SELECT key, count(*) AS n FROM events GROUP BY key ORDER BY n DESC, key LIMIT 2 OFFSET 1",
    "SELECT count(*), key, sum(bytes) FROM events GROUP BY key;",
    "SELECT count(*) AS n, sum(bytes) AS b, key FROM events GROUP BY 3 ORDER BY 1, 2, 3",
    "select Key, Count( * ) N from events group by Key",
    "SELECT \"key\", COUNT(*) AS \"How many\" FROM events GROUP BY \"key\"",
    "SELECT e.key, count(*) AS n FROM events AS e GROUP BY e.key",
    "SELECT events.hour, SUM(units) AS u FROM events GROUP BY events.hour",
    "SELECT key, count(*) AS n FROM events WHERE status IN (401, 403) GROUP BY key",
    "SELECT key, count(*) AS n FROM events WHERE key IS NOT NULL GROUP BY key",
    "SELECT key, count(*) AS n FROM events WHERE key = 'nobody' GROUP BY key",
    "SELECT key, count(*) AS n FROM events WHERE hour >= '1970-01-01 02:00:00' GROUP BY key",
    "SELECT key, count(*) AS n FROM events WHERE NOT late AND path LIKE '/v1/%' GROUP BY key",
    "SELECT key, count(*) AS n FROM events GROUP BY key HAVING count(*) > 2",
    "SELECT key, count(*) AS n FROM events GROUP BY key HAVING n > 2 AND sum(bytes) < 1000",
    "SELECT key, count(*) + 1 FROM events GROUP BY key",
    "SELECT key, count(*) * 100 / sum(bytes) AS x FROM events GROUP BY key",
    "SELECT round(sum(bytes) / 3.0, 2) AS x, count(*) / 2 AS h FROM events",
    "SELECT status, min(time) AS a, max(time) AS b, count(DISTINCT key) AS k FROM events GROUP BY status",
    "SELECT asn, count(DISTINCT hour) FROM events GROUP BY asn",
    "SELECT max(bytes) AS m, key FROM events GROUP BY key",
    "SELECT count(*) AS n, sum(bytes) AS b FROM events WHERE status IS NULL",
    "SELECT count(*) AS n FROM events WHERE status = 200 OR key = 'k_a'",
    "SELECT sum(bytes), sum(tokens_in), sum(tokens_out), sum(units) FROM events",
    "SELECT sum(bytes) AS b FROM events WHERE key = 'nobody'",
    "SELECT min(key) AS a, max(status) AS b, count(*) AS n FROM events",
    "SELECT DISTINCT key FROM events",
    "SELECT DISTINCT status, key FROM events ORDER BY key, status",
    "SELECT DISTINCT upper(key) AS k FROM events WHERE late",
    "SELECT EXTRACT(HOUR FROM time) AS h, count(*) AS n FROM events GROUP BY h",
    "SELECT CASE WHEN status < 400 THEN 'good' ELSE 'bad' END AS s, count(*) AS n FROM events GROUP BY s",
    "SELECT kind, late, duration_ms, cost, count(*) AS n FROM events GROUP BY kind, late, duration_ms, cost",
    "SELECT time, path, bytes, count(*) AS n FROM events GROUP BY time, path, bytes",
    "SELECT CAST(count(*) AS DOUBLE) / 2 AS x, nullif(key, 'k_a') AS k FROM events GROUP BY k",
];

/// Of which single events, or others, are needed.
const ONE_BY_ONE: [&str; 33] = [
    "SELECT DISTINCT key FROM events HAVING count(*) > 1",
    "SELECT key, count(*) FROM events GROUP BY key, key",
    "SELECT key, count(*) FROM events GROUP BY key, 1",
    "SELECT count(*) FROM incidents",
    "SELECT key, status FROM events",
    "SELECT * FROM events",
    "SELECT key, count(*) FROM events",
    "SELECT key, status, count(*) AS n FROM events GROUP BY key",
    "SELECT key, avg(bytes) AS a FROM events GROUP BY key",
    "SELECT key, sum(cost) AS a FROM events GROUP BY key",
    "SELECT key, sum(status) AS a FROM events GROUP BY key",
    "SELECT key, count(status) AS a FROM events GROUP BY key",
    "SELECT bytes, sum(bytes) AS a FROM events GROUP BY bytes",
    "SELECT key, sum(bytes) AS a FROM events WHERE bytes > 5 GROUP BY key",
    "SELECT key, sum(bytes) AS a, max(bytes) AS b FROM events GROUP BY key",
    "SELECT key, sum(bytes) + bytes AS a FROM events GROUP BY key",
    "SELECT key, sum(bytes + 1) AS a FROM events GROUP BY key",
    "SELECT key, count(*) OVER (PARTITION BY key) AS n FROM events",
    "SELECT key, count(*) AS n FROM events GROUP BY key UNION ALL SELECT key, 1 AS n FROM events",
    "SELECT k, count(*) AS n FROM (SELECT key AS k FROM events) AS e GROUP BY k",
    "WITH e AS (SELECT key FROM events) SELECT key, count(*) AS n FROM e GROUP BY key",
    "SELECT a.key, count(*) AS n FROM events a JOIN events b ON a.key = b.key GROUP BY a.key",
    "SELECT key, count(*) AS n FROM events WHERE bytes = (SELECT max(bytes) FROM events) GROUP BY key",
    "SELECT key AS status, count(*) AS n FROM events GROUP BY key",
    "SELECT key AS len, count(*) AS n FROM events GROUP BY key",
    "SELECT DISTINCT ON (key) key, time FROM events",
    "SELECT key, median(bytes) AS m FROM events GROUP BY key",
    "SELECT key, count(*) AS n FROM events GROUP BY key ORDER BY count(*)",
    "SELECT key, count(*) AS n FROM events GROUP BY key QUALIFY n > 1",
    "SELECT key, count(*) FILTER (WHERE late) AS n FROM events GROUP BY key",
    "SELECT DISTINCT count(*) AS n FROM events GROUP BY key",
    "SELECT KEY, count(*) AS n FROM events GROUP BY KEY",
    "SELECT nobody, count(*) AS n FROM events GROUP BY nobody",
];

fn stored(dir: &tempfile::TempDir, batches: Vec<EventBatch>) -> Store {
    let options = OpenOptions { key: Some([1; 32]), ..OpenOptions::default() };
    let store = Store::open(dir.path(), &options).unwrap();
    let inputs: Vec<(u64, Input)> =
        (0..).zip(batches).map(|(number, it)| (number, Input::Batch(Arc::new(it)))).collect();
    store.commit(&Commit { inputs: &inputs, ..Commit::default() }).unwrap();
    store
}

/// The rows, in their order if the question has one.
fn told(answer: Result<Answer<'_>, ReportError>, sql: &str) -> Result<Vec<String>, String> {
    let answer = answer.map_err(|error| error.to_string())?;
    let head = answer.columns.join("|");
    let mut rows: Vec<String> = answer.map(|row| format!("{:?}", row.unwrap())).collect();
    if !sql.contains("ORDER BY") {
        rows.sort();
    }
    rows.insert(0, head);
    Ok(rows)
}

fn check(store: &Store, sql: &str) {
    let needs = Needs::of(sql);
    let expected = of_events((store, &[]), (sql, &needs), u64::MAX);
    assert_eq!(told(answer(store, &[], sql), sql), told(expected, sql), "{sql}");
}

type Row = (u8, u8, i64, u8, u8, bool);

fn batch_of(rows: &[Row]) -> EventBatch {
    let mut batch = EventBatch::default();
    for (key, path, time, status, bytes, late) in rows {
        batch.time.push(time * HOUR / 4);
        batch.kind.push(EventKind::ALL[usize::from(*path % 2)]);
        batch.key.push(["", "k_a", "k_b", "k_é"][usize::from(*key % 4)]);
        batch.path.push(&format!("/v{}/x", path % 3));
        batch.status.push([0, 200, 401, 503][usize::from(*status % 4)]);
        batch.bytes.push(u64::from(*bytes));
        batch.duration_us.push(u64::from(*path) * 500);
        batch.cost_micros.push(u64::from(*path) * 7);
        batch.input_tokens.push(u64::from(*path));
        batch.count.push(1);
        batch.asn.push(u32::from(*status) % 3);
        batch.late.push(*late);
    }
    batch
}

fn row() -> impl Strategy<Value = Row> {
    (0..4u8, 0..6u8, -5..40i64, 0..4u8, any::<u8>(), any::<bool>())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]
    #[test]
    fn it_does_not_matter_whether_alike_events_are_put_together(
        batches in proptest::collection::vec(proptest::collection::vec(row(), 1..40), 0..4)
    ) {
        let dir = tempfile::tempdir().unwrap();
        let store = stored(&dir, batches.iter().map(|rows| batch_of(rows)).collect());
        for sql in TOGETHER.into_iter().chain(ONE_BY_ONE) {
            check(&store, sql);
        }
    }
}

#[test]
fn questions_that_tell_no_events_apart_are_known() {
    for sql in TOGETHER {
        // A name of a column in other letters is none.
        assert_eq!(Alike::of(sql).is_some(), !sql.contains("Key"), "{sql}");
    }
    for sql in ONE_BY_ONE {
        assert_eq!(Alike::of(sql), None, "{sql}");
    }
}

#[test]
fn groups_of_columns_are_there_once_alike_events_are_put_together() {
    let sql_of = |sql: &str| Alike::of(sql).unwrap().of_groups.map(|it| (it.sql, it.by));
    let check = |sql: &str, groups: Option<(&str, By)>| {
        assert_eq!(sql_of(sql), groups.map(|(sql, by)| (sql.to_owned(), by)), "{sql}");
    };
    let best = |by: &str| By::Best { again: format!("SELECT * FROM events ORDER BY {by}") };
    check(TOGETHER[0], Some(("SELECT key, hour, len AS n FROM events", By::Piece)));
    check(
        "SELECT count(*), sum(bytes) AS b, key FROM events WHERE key > 'a' GROUP BY key ORDER BY b LIMIT 1",
        Some((
            "SELECT len, bytes AS b, key FROM events WHERE key > 'a' ORDER BY b LIMIT 1",
            best("b LIMIT 1"),
        )),
    );
    check("SELECT DISTINCT key FROM events", Some(("SELECT key FROM events", By::Piece)));
    check("SELECT key, count(*) AS n FROM events WHERE late GROUP BY key", None);
    check(
        "SELECT key, count(*) / 2 AS n FROM events WHERE key > 'a' OR key < 'c' GROUP BY key HAVING n > 1",
        Some((
            "SELECT key, len / 2 AS n FROM events WHERE (key > 'a' OR key < 'c') AND ((len / 2) > 1)",
            By::Piece,
        )),
    );
    check(
        "SELECT count(*) AS n FROM events GROUP BY key ORDER BY key LIMIT 1",
        Some(("SELECT len AS n FROM events ORDER BY key LIMIT 1", By::Whole)),
    );
    check("SELECT key, count(*) AS n, min(key) AS m FROM events GROUP BY key", None);
    check("SELECT lower(key) AS k, count(*) AS n FROM events GROUP BY k", None);
}

#[test]
fn what_would_take_too_much_memory_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let rows = |from: i64| (0..3000).map(|n| (1, 1, from + n, 1, 1, false)).collect::<Vec<Row>>();
    let store = stored(&dir, vec![batch_of(&rows(0)), batch_of(&rows(3000))]);
    let check = |sql: &str, bytes_max: u64, is_answered: bool| {
        let answered = answer_within(&store, &[], (sql, bytes_max));
        assert_eq!(answered.is_ok(), is_answered, "{sql} in {bytes_max} bytes");
        let Err(error) = answered else { return };
        assert!(matches!(error, ReportError::TooMuch { .. }), "{sql}: {error}");
        let told = error.to_string();
        assert!(told.contains("MiB are allowed; name fewer columns, or stop the daemon"), "{told}");
    };
    for (sql, bytes) in [
        ("SELECT key, count(*) AS n FROM events GROUP BY key", 5000),
        ("SELECT key, day, count(*) AS n FROM events GROUP BY key, day", 10_000),
    ] {
        check(sql, bytes, true);
        check(sql, 10, false);
    }
    check("SELECT key, avg(bytes) AS n FROM events GROUP BY key", 700_000, false);
    check("SELECT key, avg(bytes) AS n FROM events GROUP BY key", 800_000, true);
    check("SELECT time, count(*) AS n FROM events GROUP BY time", 100_000, false);
    check("SELECT count(*) AS n FROM events", 10, true);
}
