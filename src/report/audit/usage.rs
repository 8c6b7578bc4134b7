//! What was used: events, refusals, bytes, tokens and cost, by whatever they have in common.

use super::grouping::Dim;
use super::tally::{Plan, Sums};
use super::{Case, Figure, Section, cleaned};
use crate::detect::count_text;
use crate::model::Timestamp;
use crate::report::Value;

/// A column of sums.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Measure {
    Events,
    Refused,
    Failed,
    Bytes,
    TokensIn,
    TokensOut,
    Cost,
    First,
    Last,
}

const USE: &[Measure] = &[
    Measure::Events,
    Measure::Refused,
    Measure::Failed,
    Measure::Bytes,
    Measure::First,
    Measure::Last,
];

const MODELS: &[Measure] = &[Measure::Events, Measure::TokensIn, Measure::TokensOut, Measure::Cost];

const DAILY: &[Measure] = &[Measure::Events, Measure::Refused, Measure::Failed, Measure::Bytes];

/// Keys, routes and the like that are listed; the rest is added up.
const GROUPS_SHOWN_MAX: usize = 50;

/// Days that are listed one by one.
const DAYS_MAX: usize = 400;

/// Every way in which events are added up.
pub(super) fn plans() -> Vec<Plan> {
    let plan = |name, title, by| Plan { name, title, by, is_known: false };
    let known = |name, title, by| Plan { name, title, by, is_known: true };
    vec![
        plan("usage.all", "Everything together", &[]),
        plan("usage.by-day", "By day (UTC)", &[Dim::Day]),
        plan("usage.by-key", "By key", &[Dim::Key, Dim::Role]),
        plan("usage.by-role", "By role", &[Dim::Role]),
        plan("usage.by-route", "By route", &[Dim::Method, Dim::Route]),
        plan("usage.by-client", "By client software, as it names itself", &[Dim::Client]),
        known("usage.by-country", "By country", &[Dim::Country]),
        known("usage.by-model", "By model", &[Dim::Model]),
        known("usage.cost-by-key", "Tokens and cost by model and key", &[Dim::Model, Dim::Key]),
        plan("usage.by-kind", "By kind of record", &[Dim::Kind]),
        plan("usage.by-source", "By log", &[Dim::Source]),
        plan("coverage.hours", "By hour", &[Dim::Hour]),
    ]
}

pub(super) fn section(case: &Case<'_>) -> Section {
    let wanted = plans().into_iter().filter(|plan| plan.name.starts_with("usage."));
    Section {
        id: "usage".to_owned(),
        title: "What was used".to_owned(),
        intro: "An event is a request, or a record of usage, audit or delivery. Refused are \
                answers 401 and 403, failed are answers of 500 and above. A dash stands where \
                the log does not say it."
            .to_owned(),
        figures: wanted.map(|plan| figure(case, &plan)).filter(|it| !it.rows.is_empty()).collect(),
        ..Section::default()
    }
}

fn figure(case: &Case<'_>, plan: &Plan) -> Figure {
    let measures = plan.measures();
    let mut rows: Vec<Vec<Value>> = Vec::new();
    let groups = case.tally.groups(plan.name);
    for (numbers, sums) in groups {
        let names = plan.by.iter().zip(numbers);
        let names = names.map(|(dim, number)| cleaned(case.tally.numbers.value(*dim, *number)));
        rows.push(names.chain(measures.iter().map(|it| it.of(sums))).collect());
    }
    plan.sort(&mut rows);
    let most = plan.rows_max();
    let left_out = rows.len().saturating_sub(most);
    let hidden: i128 =
        rows.iter().skip(most).filter_map(|row| number(row.get(plan.by.len())?)).sum();
    rows.truncate(most);
    let is_crowded = plan.by.iter().any(|dim| case.tally.numbers.is_crowded(*dim));
    let mut notes = Vec::new();
    if 0 < left_out {
        let (more, events) =
            (count_text(left_out as u64), count_text(u64::try_from(hidden).unwrap_or(0)));
        notes.push(format!("{more} more are not listed here, with {events} events together."));
    }
    if is_crowded {
        notes.push(
            "There are more different values than are told apart: the question in SQL tells more \
             of them apart than this table does."
                .to_owned(),
        );
    }
    let heads = plan.by.iter().map(|dim| dim.name()).chain(measures.iter().map(|it| it.name()));
    Figure {
        name: plan.name.to_owned(),
        title: plan.title.to_owned(),
        made_by: plan.sql(&case.asked),
        heads: heads.map(str::to_owned).collect(),
        rows,
        left_out: u64::try_from(left_out).unwrap_or(u64::MAX),
        note: notes.join(" "),
    }
}

fn number(value: &Value) -> Option<i128> {
    match value {
        Value::Integer(number) => Some(*number),
        Value::Absent | Value::Flag(_) | Value::Fraction(_) | Value::Text(_) | Value::Time(_) => {
            None
        }
    }
}

impl Plan {
    fn measures(&self) -> &'static [Measure] {
        match self.by.first() {
            Some(Dim::Model) => MODELS,
            Some(Dim::Day) => DAILY,
            _ => USE,
        }
    }

    fn rows_max(&self) -> usize {
        if self.is_by_time() { DAYS_MAX } else { GROUPS_SHOWN_MAX }
    }

    fn is_by_time(&self) -> bool {
        matches!(self.by.first(), Some(Dim::Day | Dim::Hour))
    }

    /// The same in SQL.
    pub(super) fn sql(&self, asked: &super::Asked) -> String {
        let by: Vec<&str> = self.by.iter().map(|dim| dim.name()).collect();
        let measures = self.measures().iter().map(|it| it.sql().to_owned());
        let picked: Vec<String> = by.iter().map(|it| (*it).to_owned()).chain(measures).collect();
        let known = match self.by.first().filter(|_| self.is_known) {
            Some(dim) => format!(" AND {} IS NOT NULL", dim.name()),
            None => String::new(),
        };
        let mut sql = format!(
            "SELECT {} FROM events WHERE {}{known}",
            picked.join(", "),
            asked.within("time")
        );
        if !by.is_empty() {
            let by = by.join(", ");
            let order = if self.is_by_time() { by.clone() } else { format!("events DESC, {by}") };
            let most = self.rows_max();
            sql = format!("{sql} GROUP BY {by} ORDER BY {order} LIMIT {most}");
        }
        sql
    }

    /// As SQL orders them: what is absent comes last.
    fn sort(&self, rows: &mut [Vec<Value>]) {
        let (names, is_by_time) = (self.by.len(), self.is_by_time());
        let most = |row: &[Value]| row.get(names).and_then(number).unwrap_or(0);
        let place = |value: &Value| match value {
            Value::Text(text) => (0, text.clone(), 0),
            Value::Time(at) => (0, String::new(), at.0),
            Value::Absent | Value::Flag(_) | Value::Integer(_) | Value::Fraction(_) => {
                (1, String::new(), 0)
            }
        };
        let places = |row: &[Value]| row.iter().take(names).map(place).collect::<Vec<_>>();
        rows.sort_by_cached_key(|row| {
            let most = if is_by_time { 0 } else { most(row) };
            (std::cmp::Reverse(most), places(row))
        });
    }
}

impl Measure {
    const fn name(self) -> &'static str {
        match self {
            Self::Events => "events",
            Self::Refused => "refused",
            Self::Failed => "failed",
            Self::Bytes => "sent_bytes",
            Self::TokensIn => "input_tokens",
            Self::TokensOut => "output_tokens",
            Self::Cost => "total_cost",
            Self::First => "first",
            Self::Last => "last",
        }
    }

    const fn sql(self) -> &'static str {
        match self {
            Self::Events => "count(*) AS events",
            Self::Refused => "sum(CASE WHEN status IN (401, 403) THEN 1 ELSE 0 END) AS refused",
            Self::Failed => "sum(CASE WHEN status >= 500 THEN 1 ELSE 0 END) AS failed",
            Self::Bytes => "sum(bytes) AS sent_bytes",
            Self::TokensIn => "sum(tokens_in) AS input_tokens",
            Self::TokensOut => "sum(tokens_out) AS output_tokens",
            Self::Cost => "round(sum(cost), 6) AS total_cost",
            Self::First => "min(time) AS first",
            Self::Last => "max(time) AS last",
        }
    }

    fn of(self, sums: &Sums) -> Value {
        let whole = |number: u64| Value::Integer(number.into());
        match self {
            Self::Events => whole(sums.events),
            Self::Refused => whole(sums.refused),
            Self::Failed => whole(sums.failed),
            Self::Bytes => whole(sums.bytes),
            Self::TokensIn => whole(sums.tokens_in),
            Self::TokensOut => whole(sums.tokens_out),
            Self::Cost => Value::Fraction(in_units(sums.cost_micros)),
            Self::First => Value::Time(Timestamp(sums.first)),
            Self::Last => Value::Time(Timestamp(sums.last)),
        }
    }
}

#[expect(clippy::cast_precision_loss, reason = "2^53 millionths are nine thousand millions")]
fn in_units(micros: u64) -> f64 {
    micros as f64 / 1e6
}
