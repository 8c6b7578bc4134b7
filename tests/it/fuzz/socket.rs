//! The control socket: every order with bent arguments, in bent frames, to a running daemon.

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::Shutdown;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Duration;

use serde_json::{Value, json};

use super::bytes::{Bytes, fuzz_for};
use crate::asking::configured;

/// Generous: the machine is busy, and a question may wait for its turn.
const PATIENCE: Duration = Duration::from_mins(2);

/// What the daemon may take at its peak, with questions in SQL.
const RESIDENT_MIB_MAX: u64 = 700;

#[test]
fn no_order_makes_the_daemon_panic_hang_or_grow() {
    let folder = tempfile::tempdir().unwrap();
    let mut running = configured(folder.path());
    let socket = folder.path().join("state/control.sock");
    let ids: Value = serde_json::from_str(&running.get("/api/v1/incidents").unwrap().1).unwrap();
    let id = ids["incidents"][0]["id"].as_str().unwrap().to_owned();
    let orders = orders(&id, &folder.path().join("state"));
    let mut number = 0;
    fuzz_for(250, |bytes| {
        let line = bent(bytes, &orders[number % orders.len()]);
        number += 1;
        let answer = said(&socket, &line);
        let shown = || format!("{}: {}", line.escape_ascii(), answer.escape_ascii());
        assert!(answer.ends_with(b"\n"), "no answer to {}", shown());
        let first = answer.split(|byte| *byte == b'\n').next().unwrap();
        let reply: Value = serde_json::from_slice(first).unwrap_or_else(|_| panic!("{}", shown()));
        assert_eq!(reply["version"], 1, "{}", shown());
        assert!(reply["answer"].is_null() != reply["refusal"].is_null(), "{}", shown());
        assert!(!first.iter().any(|byte| *byte < b' '), "{}", shown());
    });
    running.wait_for("/api/v1/status", |body| body.contains("\"verdict\""));
    let status = fs::read_to_string(format!("/proc/{}/status", running.child.id())).unwrap();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    let peak: u64 = peak.trim().trim_end_matches(" kB").parse().unwrap();
    assert!(peak >> 10 < RESIDENT_MIB_MAX, "{} MiB", peak >> 10);
    let said = fs::read_to_string(&running.stderr).unwrap();
    assert!(!said.contains("panicked"), "{said}");
    assert_eq!(running.stop(), 0);
}

/// Each order that there is, as it is meant.
fn orders(id: &str, state: &Path) -> Vec<Value> {
    let asks = [
        json!("status"),
        json!("keys"),
        json!("third_parties"),
        json!("reload"),
        json!({ "roles": { "days": 14 } }),
        json!({ "incidents": { "which": "all", "since": 1_700_000_000_000u64 } }),
        json!({ "incident": { "id": id } }),
        json!({ "query": { "sql": "SELECT * FROM events LIMIT 5" } }),
        json!({ "report": { "from": 1_700_000_000_000u64, "until": 1_800_000_000_000u64 } }),
        json!({ "verdict": { "id": id, "judgement": "confirmed", "reason": "seen", "by": "ann" } }),
        json!({ "token": { "create": { "name": "n", "role": "viewer", "days": 3 } } }),
        json!({ "token": "list" }),
        json!({ "token": { "revoke": { "name": "n" } } }),
        json!({ "journal": { "verify": { "heads": [{ "number": 1, "hash": "ab".repeat(32) }] } } }),
        json!({ "journal": { "list": { "before": 9, "limit": 5 } } }),
        json!({ "forget": { "whom": { "key": "k_nobody" }, "really": false } }),
        json!({ "forget": { "whom": { "subject": "nobody@example.com" }, "really": true } }),
        json!({ "export": { "whom": { "address": "198.51.100.9" } } }),
        // Twice as often as the others: a language of its own.
        json!({ "query": { "sql": "SELECT key, count(*) AS n FROM events GROUP BY key" } }),
        json!({ "query": { "sql": "SELECT kind, severity FROM incidents ORDER BY kind" } }),
    ];
    asks.map(|ask| json!({ "version": 1, "state": state, "ask": ask })).into()
}

fn bent(bytes: &mut Bytes, order: &Value) -> Vec<u8> {
    let mut order = order.clone();
    if let Some(sql) = order.pointer_mut("/ask/query/sql")
        && bytes.below(4) != 0
    {
        *sql = question(bytes).into();
    } else {
        let ask = order.get_mut("ask").unwrap();
        match bytes.below(8) {
            0 => (),
            1 => bytes.bend_json(&mut order),
            // An order of its own name, with other arguments.
            _ => match ask.as_object_mut().and_then(|ask| ask.values_mut().next()) {
                Some(arguments) => (0..=bytes.below(3)).for_each(|_| bytes.bend_json(arguments)),
                None => bytes.bend_json(ask),
            },
        }
    }
    let mut line = serde_json::to_vec(&order).unwrap();
    match bytes.below(12) {
        0 => line = bytes.bend(&[line]),
        1 => line.resize(70_000, b' '),
        2 => line.extend_from_within(..),
        3 => line.insert(0, b'\n'),
        4 => line.truncate(bytes.below(line.len())),
        _ => (),
    }
    line.push(b'\n');
    line
}

/// What questions are made of.
const WORDS: &[&str] = &[
    "SELECT",
    "SELECT *",
    "FROM events",
    "FROM incidents",
    "FROM keys",
    "FROM stale",
    "WHERE",
    "GROUP BY",
    "ORDER BY",
    "HAVING",
    "LIMIT",
    "OFFSET",
    "UNION ALL",
    "JOIN keys ON",
    "WITH a AS (",
    "DISTINCT",
    "CASE WHEN",
    "THEN",
    "ELSE",
    "END",
    "key",
    "path",
    "time",
    "status",
    "bytes",
    "count",
    "duration_us",
    "user",
    "count(*)",
    "sum(bytes)",
    "avg(status)",
    "max(time)",
    "min(key)",
    "quantile_cont(bytes, 0.5)",
    "substr(key, 1, 5)",
    "upper(path)",
    "cast(bytes AS",
    "INTEGER)",
    "date_trunc('hour', time)",
    "extract(hour FROM time)",
    "strftime(time, '%H')",
    "EXPLAIN",
    "regexp_like(path, '(')",
    "path LIKE '%'",
    "key IN ('a', 'b')",
    "BETWEEN 1 AND",
    "IS NULL",
    "OVER (PARTITION BY key ORDER BY time)",
    "row_number()",
    "lag(bytes)",
    "(",
    ")",
    ",",
    "*",
    "/ 0",
    "- 9223372036854775808",
    "18446744073709551616",
    "-1",
    "0",
    "1e400",
    "'\u{202e}'",
    "''",
    "\"\"",
    ";",
    "--",
    "/*",
    "array[1]",
    "unnest(",
    "interval '1 day'",
    "DROP TABLE events",
    "CREATE TABLE x AS",
    "read_csv('/etc/passwd')",
    "AND",
    "OR",
    "NOT",
    "=",
    "<",
    "||",
    "%",
    "round(bytes,",
    "log(0)",
    "pow(status, 9999)",
    "concat_ws(',',",
    "repeat(key, 1000000)",
    "left(key, -1)",
    "strpos(",
    "nullif(",
];

/// A question put together of what questions are made of.
fn question(bytes: &mut Bytes) -> String {
    let known = [
        "SELECT key, count(*) AS n FROM events GROUP BY key ORDER BY n DESC LIMIT 5",
        "SELECT hour, sum(bytes) FROM events WHERE status >= 400 GROUP BY hour",
        "SELECT e.key, k.owner FROM events e JOIN keys k ON e.key = k.key",
    ];
    let mut words: Vec<&str> = match bytes.below(3) {
        0 => Vec::new(),
        _ => known[bytes.below(known.len())].split(' ').collect(),
    };
    for _ in 0..=bytes.below(6) {
        let at = bytes.below(words.len() + 1);
        words.insert(at, WORDS[bytes.below(WORDS.len())]);
    }
    let mut text = words.join(" ");
    if bytes.below(10) == 0 {
        text = String::from_utf8_lossy(&bytes.bend(&[text.into_bytes()])).into_owned();
    }
    if bytes.below(200) == 0 {
        text = "(".repeat(bytes.below(30_000)) + &text;
    }
    text
}

/// One connection, and all that comes back.
fn said(socket: &Path, line: &[u8]) -> Vec<u8> {
    let mut stream = UnixStream::connect(socket).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    // It may be refused before all of it is read.
    stream.write_all(line).ok();
    stream.shutdown(Shutdown::Write).ok();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).ok();
    answer
}
