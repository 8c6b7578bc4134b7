//! The columns of the table `events`, and which of them a question needs.

use crate::store::Column;

/// In the order in which `*` gives them.
pub const NAMES: [&str; 32] = [
    "time",
    "hour",
    "day",
    "source",
    "format",
    "kind",
    "key",
    "role",
    "source_ip",
    "method",
    "path",
    "query",
    "route",
    "status",
    "bytes",
    "duration_ms",
    "user_agent",
    "referer",
    "user",
    "model",
    "tokens_in",
    "tokens_out",
    "cost",
    "units",
    "operation",
    "outcome",
    "tenant",
    "object",
    "asn",
    "country",
    "city",
    "late",
];

/// Beside them, in rows that stand for several events: how many. It is called as `count(*)` is where it
/// has no other name.
pub(super) const COUNT: &str = "len";

/// The stored column behind a column of the table.
pub(super) fn stored(name: &str) -> Option<Column> {
    let column = match name {
        "time" | "hour" | "day" => Column::Time,
        "source" => Column::Source,
        "format" => Column::Format,
        "kind" => Column::Kind,
        "key" => Column::Key,
        "role" => Column::Role,
        "source_ip" => Column::SourceIp,
        "method" => Column::Method,
        "path" => Column::Path,
        "query" => Column::Query,
        "route" => Column::Route,
        "status" => Column::Status,
        "bytes" => Column::Bytes,
        "duration_ms" => Column::Duration,
        "user_agent" => Column::UserAgent,
        "referer" => Column::Referer,
        "user" => Column::User,
        "model" => Column::Model,
        "tokens_in" => Column::InputTokens,
        "tokens_out" => Column::OutputTokens,
        "cost" => Column::Cost,
        "units" => Column::Count,
        "operation" => Column::Operation,
        "outcome" => Column::Outcome,
        "tenant" => Column::Tenant,
        "object" => Column::Object,
        "asn" => Column::Asn,
        "country" => Column::Country,
        "city" => Column::City,
        "late" => Column::Late,
        _ => return None,
    };
    Some(column)
}

/// What a row of the column takes in a frame; the texts themselves are kept once.
pub(super) fn row_bytes(name: &str) -> u64 {
    match name {
        "late" => 1,
        "status" => 5,
        COUNT => 4,
        "time" | "hour" | "day" | "bytes" | "duration_ms" => 8,
        _ => 16,
    }
}

/// The columns that a question may need: those whose name is a word in it, and all if it
/// has a star that is not that of `count(*)`, or picks columns by a pattern.
pub(super) fn named_in(sql: &str) -> Vec<&'static str> {
    let lower = sql.to_lowercase();
    let is_part_of_word = |c: char| c.is_alphanumeric() || c == '_';
    let words: Vec<&str> = lower.split(|c| !is_part_of_word(c)).collect();
    let dense: String = lower.chars().filter(|c| !c.is_whitespace()).collect();
    let wants_all = dense.replace("count(*)", "").contains('*') || words.contains(&"columns");
    NAMES.into_iter().filter(|name| wants_all || words.contains(name)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_named_columns_are_needed() {
        let check = |sql: &str, expected: &[&str]| assert_eq!(named_in(sql), expected, "{sql}");
        check("SELECT count(*) FROM events", &[]);
        check("select COUNT( * ) from events where status=401", &["status"]);
        check("SELECT key, sum(bytes) FROM events GROUP BY key", &["key", "bytes"]);
        check("SELECT user_agent FROM events", &["user_agent"]);
        check("SELECT * FROM events", &NAMES);
        check("SELECT events.* FROM events", &NAMES);
        check("SELECT COLUMNS('b.*') FROM events", &NAMES);
    }

    #[test]
    fn every_column_is_stored() {
        assert!(NAMES.into_iter().all(|name| stored(name).is_some()));
        assert_eq!(stored("key_secret"), None);
    }
}
