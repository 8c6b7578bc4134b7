//! What of the stored events a question needs, as far as its text leaves no doubt: of which time
//! and key, and whether its rows can be found piece by piece. In doubt everything is read.

use std::ops::Range;

use jiff::civil::DateTime;
use jiff::tz::TimeZone;

use super::words::{Token, tokens};
use crate::model::{Millis, Timestamp};

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Needs {
    pub(super) times: Range<Timestamp>,
    pub(super) key: Option<String>,
    /// Each row follows from one event, and there are no more than so many.
    pub(super) rows_of_events_max: Option<usize>,
}

/// With one of these words a condition may be more, or less, than it seems.
const DOUBTFUL: [&str; 16] = [
    "or",
    "not",
    "xor",
    "case",
    "exists",
    "any",
    "all",
    "some",
    "union",
    "intersect",
    "except",
    "join",
    "with",
    "qualify",
    "lateral",
    "values",
];
/// With one of these, rows are made of more than one event, or their order counts.
const GATHERING: [&str; 13] = [
    "group",
    "order",
    "distinct",
    "having",
    "offset",
    "over",
    "union",
    "intersect",
    "except",
    "join",
    "with",
    "fetch",
    "qualify",
];
/// Behind these words a parenthesis is no function's.
const BEFORE_LIST: [&str; 7] = ["in", "and", "or", "not", "where", "between", "select"];
/// What ends the name of the table.
const AFTER_FROM: [&str; 6] = ["where", "group", "order", "limit", "having", "offset"];
/// What ends the conditions.
const AFTER_WHERE: [&str; 7] = ["group", "order", "limit", "having", "offset", "window", "fetch"];
/// Times are written with less precision than they are compared with.
const MARGIN: Millis = Millis::seconds(1);

impl Needs {
    pub(super) fn of(sql: &str) -> Self {
        let mut needs = Self {
            times: Timestamp(i64::MIN)..Timestamp(i64::MAX),
            key: None,
            rows_of_events_max: None,
        };
        let Some(tokens) = tokens(sql) else { return needs };
        let is_one = |word: &str| tokens.iter().filter(|token| token.is_word(word)).count() == 1;
        if !is_one("select")
            || !is_one("from")
            || !tokens.first().is_some_and(|it| it.is_word("select"))
        {
            return needs;
        }
        // Of no other table, and of no second one.
        let mut behind = tokens.iter().skip_while(|token| !token.is_word("from")).skip(1);
        let is_of_events = behind.next().is_some_and(|token| token.is_word("events"));
        let mut table = behind.take_while(|token| !token.is_any(&AFTER_FROM));
        if !is_of_events || table.any(|token| *token == Token::Sign(",")) {
            return needs;
        }
        needs.rows_of_events_max = rows_of_events_max(&tokens);
        let is_plain = !tokens.iter().any(|token| token.is_any(&DOUBTFUL));
        if is_plain && is_one("where") {
            let conditions = tokens.iter().skip_while(|token| !token.is_word("where")).skip(1);
            let conditions = conditions.take_while(|token| !token.is_any(&AFTER_WHERE));
            for condition in split(conditions) {
                needs.take(&condition);
            }
        }
        needs
    }

    /// A condition that must hold for every row.
    fn take(&mut self, condition: &[Token]) {
        match without_names(condition).as_slice() {
            [Token::Word(column), Token::Sign(sign), Token::Text(value)] => {
                self.compare(column, sign, value);
            }
            [Token::Text(value), Token::Sign(sign), Token::Word(column)] => {
                self.compare(column, mirrored(sign), value);
            }
            [
                Token::Word(column),
                Token::Word(between),
                Token::Text(from),
                Token::Word(and),
                Token::Text(to),
            ] if between == "between" && and == "and" => {
                self.compare(column, ">=", from);
                self.compare(column, "<=", to);
            }
            _ => {}
        }
    }

    fn compare(&mut self, column: &str, sign: &str, value: &str) {
        let length = match column {
            "key" if sign == "=" => {
                self.key.get_or_insert_with(|| value.to_owned());
                return;
            }
            "time" => Millis(0),
            "hour" => Millis::hours(1),
            "day" => Millis::days(1),
            _ => return,
        };
        let Some(at) = moment(value) else { return };
        if matches!(sign, "=" | ">" | ">=") {
            self.times.start = self.times.start.max(at.back(MARGIN));
        }
        if matches!(sign, "=" | "<" | "<=") {
            self.times.end = self.times.end.min(at.plus(length).plus(MARGIN));
        }
    }
}

/// As many rows as the question allows, if each is of one event.
fn rows_of_events_max(tokens: &[Token]) -> Option<usize> {
    let calls = tokens.windows(2).any(|pair| {
        matches!(pair, [Token::Word(word), Token::Sign("(")] if !BEFORE_LIST.contains(&word.as_str()))
    });
    if calls || tokens.iter().any(|token| token.is_any(&GATHERING)) {
        return None;
    }
    match tokens {
        [.., limit, Token::Number(number)] if limit.is_word("limit") => number.parse().ok(),
        _ if tokens.iter().any(|token| token.is_word("limit")) => None,
        _ => Some(usize::MAX),
    }
}

/// What stands between `AND`s that are in no parenthesis and belong to no `BETWEEN`. What has a
/// parenthesis is left out.
fn split<'t>(tokens: impl Iterator<Item = &'t Token>) -> Vec<Vec<Token>> {
    let mut conditions = Vec::new();
    let mut condition = Vec::new();
    let (mut depth, mut is_left_out, mut waits_for_and) = (0usize, false, false);
    for token in tokens {
        match token {
            Token::Sign("(") => {
                depth += 1;
                is_left_out = true;
            }
            Token::Sign(")") => depth = depth.saturating_sub(1),
            token if token.is_word("and") && depth == 0 && !waits_for_and => {
                let whole = std::mem::take(&mut condition);
                if !std::mem::take(&mut is_left_out) {
                    conditions.push(whole);
                }
                continue;
            }
            token if token.is_word("and") && depth == 0 => waits_for_and = false,
            token if token.is_word("between") && depth == 0 => waits_for_and = true,
            Token::Word(_) | Token::Text(_) | Token::Number(_) | Token::Sign(_) => {}
        }
        condition.push(token.clone());
    }
    if !is_left_out {
        conditions.push(condition);
    }
    conditions
}

/// Without the table's name before a column, and the type's before a time.
fn without_names(condition: &[Token]) -> Vec<Token> {
    let mut plain: Vec<Token> = Vec::new();
    for token in condition {
        match (token, plain.as_slice()) {
            (Token::Word(_), [.., Token::Word(_), Token::Sign(".")]) => {
                plain.truncate(plain.len() - 2);
            }
            (Token::Text(_), [.., Token::Word(sort)])
                if matches!(sort.as_str(), "timestamp" | "datetime" | "date") =>
            {
                plain.pop();
            }
            _ => {}
        }
        plain.push(token.clone());
    }
    plain
}

fn mirrored(sign: &str) -> &'static str {
    match sign {
        "=" => "=",
        "<" => ">",
        "<=" => ">=",
        ">" => "<",
        ">=" => "<=",
        _ => "",
    }
}

/// A date with or without a clock, in UTC as all times of the store.
fn moment(text: &str) -> Option<Timestamp> {
    let civil: DateTime = text.trim().parse().ok()?;
    let zoned = civil.to_zoned(TimeZone::UTC).ok()?;
    Some(Timestamp(zoned.timestamp().as_millisecond()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY: i64 = 1_773_014_400_000;

    fn check(conditions: &str, key: Option<&str>, hours: (Option<i64>, Option<i64>)) {
        let needs = Needs::of(&format!("SELECT key FROM events WHERE {conditions}"));
        let at = |hours: Option<i64>, margin: i64, none: i64| {
            Timestamp(hours.map_or(none, |hours| DAY + hours * 3_600_000 + margin))
        };
        let expected = at(hours.0, -1000, i64::MIN)..at(hours.1, 1000, i64::MAX);
        assert_eq!((needs.key.as_deref(), needs.times), (key, expected), "{conditions}");
    }

    #[test]
    fn times_and_keys_that_must_hold_are_seen() {
        check("key = 'k_a'", Some("k_a"), (None, None));
        check("'it''s' = events.key", Some("it's"), (None, None));
        check("time >= '2026-03-09' AND time < '2026-03-10 00:00:00'", None, (Some(0), Some(24)));
        check("key = 'a' AND day = '2026-03-09' AND status = 200", Some("a"), (Some(0), Some(24)));
        check(
            "e.hour = TIMESTAMP '2026-03-09T05:00:00' AND status IN (1, 2)",
            None,
            (Some(5), Some(6)),
        );
        check(
            "time BETWEEN '2026-03-09' AND '2026-03-09 12:00' AND key = 'b'",
            Some("b"),
            (Some(0), Some(12)),
        );
        check("'2026-03-09' < time GROUP BY key", None, (Some(0), None));
    }

    #[test]
    fn in_doubt_nothing_is_left_out() {
        for conditions in [
            "key = 'a' OR status = 1",
            "NOT key = 'a'",
            "(key = 'a')",
            "key = 'a' = false",
            "bytes BETWEEN 1 AND key = 'a'",
            "key <> 'a'",
            "key = other",
            "lower(key) = 'a'",
            "key = 'a' -- AND",
            "\"key\" = 'a'",
            "time > 'yesterday'",
            "time = '2026-03-09T00:00:00Z'",
            "status = (SELECT 1) AND key = 'a'",
        ] {
            check(conditions, None, (None, None));
        }
        assert_eq!(
            Needs::of("SELECT key FROM a UNION SELECT key FROM b WHERE key = 'x'").key,
            None
        );
    }

    #[test]
    fn rows_of_single_events_are_told_from_others() {
        for (sql, max) in [
            ("SELECT * FROM events", Some(usize::MAX)),
            ("select time, key from events where status in (401, 403) limit 10;", Some(10)),
            ("SELECT * FROM events ORDER BY time LIMIT 10", None),
            ("SELECT count(*) FROM events", None),
            ("SELECT DISTINCT key FROM events", None),
            ("SELECT * FROM incidents", None),
            ("SELECT * FROM events, keys", None),
            ("SELECT * FROM events LIMIT 10 OFFSET 5", None),
            ("SELECT key FROM events GROUP BY key", None),
            ("WITH e AS (SELECT * FROM events) SELECT * FROM e", None),
        ] {
            assert_eq!(Needs::of(sql).rows_of_events_max, max, "{sql}");
        }
    }
}
