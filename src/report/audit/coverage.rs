//! What the report rests on: the time that stored events cover, and what is not among them.

use super::grouping::Dim;
use super::tally::Sums;
use super::{Case, Figure, Section, single};
use crate::detect::count_text;
use crate::model::{Hour, Millis, Timestamp};
use crate::report::{ReportError, Value};

/// Stretches without events that are listed.
const GAPS_MAX: usize = 20;

pub(super) fn section(case: &Case<'_>) -> Result<Section, ReportError> {
    let mut figures = events(case);
    figures.push(gaps(case));
    figures.extend(lines(case));
    Ok(Section {
        id: "coverage".to_owned(),
        title: "What this report rests on".to_owned(),
        intro: "Only what was logged, read and is still kept can be counted. An hour without \
                events is one in which nothing was asked, nothing was logged, or nobody watched: \
                the events alone do not tell which."
            .to_owned(),
        facts: facts(case)?,
        figures,
        ..Section::default()
    })
}

/// What a reader must not overlook.
pub(super) fn cautions(case: &Case<'_>) -> Result<Vec<String>, ReportError> {
    let mut cautions = Vec::new();
    let all = all(case);
    let stored = stored(case)?;
    if all.events == 0 {
        cautions.push(match stored {
            None => "The store holds no events at all: every figure of use is empty.".to_owned(),
            Some((first, last)) => format!(
                "No stored event lies in this period: the store holds events from {} to {}. Ask \
                 again with --since and --until.",
                minute(first),
                minute(last)
            ),
        });
    } else if let Some((first, _)) = stored
        && case.asked.from.plus(Millis::days(1)) <= first
    {
        cautions.push(format!(
            "The period begins {}, the oldest stored event is of {}: figures cover only what is \
             kept.",
            minute(case.asked.from),
            minute(first)
        ));
    }
    let end = case.asked.until.min(case.asked.made);
    if 0 < all.events && Timestamp(all.last).plus(Millis::days(1)) <= end {
        cautions.push(format!(
            "The newest event of the period is of {}, and the period ends {}: nothing after that \
             was read.",
            minute(Timestamp(all.last)),
            minute(end)
        ));
    }
    let late = all.late;
    if 0 < late {
        cautions.push(format!(
            "{} events came so late that they are counted here but were not judged for incidents.",
            count_text(late)
        ));
    }
    let rejected = counted(case, "rejected");
    if 0 < rejected {
        cautions.push(format!(
            "{} log lines could not be read as events since keyvigil began, and are in no figure.",
            count_text(rejected)
        ));
    }
    let losses = counted(case, "losses");
    if 0 < losses {
        cautions.push(format!(
            "Lines may have been lost {} times since keyvigil began, because a log was cut short \
             or removed before it was read.",
            count_text(losses)
        ));
    }
    Ok(cautions)
}

fn facts(case: &Case<'_>) -> Result<Vec<(String, String)>, ReportError> {
    let all = all(case);
    let span = |first: Timestamp, last: Timestamp| format!("{} to {}", minute(first), minute(last));
    let in_period = match all.events {
        0 => "none".to_owned(),
        _ => span(Timestamp(all.first), Timestamp(all.last)),
    };
    let stored = stored(case)?.map_or_else(|| "none".to_owned(), |(first, last)| span(first, last));
    let fact = |name: &str, what: String| (name.to_owned(), what);
    Ok(vec![
        fact("Period asked for", span(case.asked.from, case.asked.until)),
        fact("Events in the period", in_period),
        fact("Events in the store", stored),
        fact("Events are kept", case.known.facts.retention_in_words()),
        fact("Times", "UTC; of events as the log says them".to_owned()),
    ])
}

fn events(case: &Case<'_>) -> Vec<Figure> {
    let all = all(case);
    let keys = case.tally.groups("usage.by-key");
    let without = keys.iter().filter(|(group, _)| group.first() == Some(&0));
    let without: u64 = without.map(|(_, sums)| sums.events).sum();
    let mut used: Vec<u32> = keys.iter().filter_map(|(group, _)| group.first().copied()).collect();
    used.sort_unstable();
    used.dedup();
    let used = used.into_iter().filter(|&number| 0 < number).count() as u64;
    let hours = case.tally.groups("coverage.hours").len() as u64;
    let within = case.asked.within("time");
    let whole = |number: u64| Value::Integer(number.into());
    let count =
        |what: &str, more: &str| format!("SELECT {what} AS n FROM events WHERE {within}{more}");
    let each = [
        ("events.all", "Events", count("count(*)", ""), all.events),
        (
            "events.keys",
            "Keys that were used",
            count("count(DISTINCT key)", " AND key IS NOT NULL"),
            used,
        ),
        (
            "events.without-key",
            "Events that name no key",
            count("count(*)", " AND key IS NULL"),
            without,
        ),
        (
            "events.refused",
            "Refused (401, 403)",
            count("count(*)", " AND status IN (401, 403)"),
            all.refused,
        ),
        (
            "events.failed",
            "Failed (500 and above)",
            count("count(*)", " AND status >= 500"),
            all.failed,
        ),
        ("events.late", "Came too late to be judged", count("count(*)", " AND late"), all.late),
        ("events.hours", "Hours with events", count("count(DISTINCT hour)", ""), hours),
    ];
    each.into_iter().map(|(name, title, sql, n)| single(name, title, (sql, whole(n)))).collect()
}

/// The longest stretches without an event.
fn gaps(case: &Case<'_>) -> Figure {
    let groups = case.tally.groups("coverage.hours");
    let hour = |number: u32| match case.tally.numbers.value(Dim::Hour, number) {
        Value::Time(at) => Some(at.hour()),
        Value::Absent
        | Value::Flag(_)
        | Value::Integer(_)
        | Value::Fraction(_)
        | Value::Text(_) => None,
    };
    let mut hours: Vec<Hour> =
        groups.iter().filter_map(|(group, _)| hour(*group.first()?)).collect();
    hours.sort_unstable();
    let mut gaps = Vec::new();
    let mut from = case.asked.from;
    for hour in &hours {
        gaps.push((from, hour.start()));
        from = hour.end();
    }
    gaps.push((from, case.asked.until.min(case.asked.made)));
    gaps.retain(|(from, until)| from.plus(Millis::hours(1)) <= *until);
    gaps.sort_by_key(|(from, until)| (std::cmp::Reverse(until.since(*from)), *from));
    let left_out = gaps.len().saturating_sub(GAPS_MAX) as u64;
    gaps.truncate(GAPS_MAX);
    let row = |(from, until): (Timestamp, Timestamp)| {
        let hours = until.since(from).0.div_euclid(Millis::hours(1).0);
        vec![Value::Time(from), Value::Time(until), Value::Integer(hours.into())]
    };
    Figure {
        name: "coverage.gaps".to_owned(),
        title: "Longest stretches without any event".to_owned(),
        made_by: format!(
            "the hours that are missing in: SELECT hour, count(*) AS events FROM events WHERE {} \
             GROUP BY hour ORDER BY hour",
            case.asked.within("time")
        ),
        heads: ["from", "until", "hours"].map(str::to_owned).to_vec(),
        rows: gaps.into_iter().map(row).collect(),
        left_out,
        note: String::new(),
    }
}

/// What became of the lines of each log, since the beginning.
fn lines(case: &Case<'_>) -> Option<Figure> {
    let mut sources = std::collections::BTreeMap::<&str, [u64; 4]>::new();
    for (name, number) in &case.counters {
        let mut parts = name.splitn(3, '\t');
        let (what, _, Some(source)) = (parts.next(), parts.next(), parts.next()) else { continue };
        let [lines, events, rejected, losses] = sources.entry(source).or_default();
        match what {
            Some("lines") => *lines += number,
            Some("events") => *events += number,
            Some("rejected") => *rejected += number,
            Some("losses") => *losses += number,
            Some(_) | None => (),
        }
    }
    let whole = |number: u64| Value::Integer(number.into());
    let row = |(source, numbers): (&str, [u64; 4])| {
        let name = Value::Text(super::clean(source));
        std::iter::once(name).chain(numbers.map(whole)).collect::<Vec<_>>()
    };
    let rows: Vec<Vec<Value>> = sources.into_iter().map(row).take(super::ROWS_MAX).collect();
    (!rows.is_empty()).then(|| Figure {
        name: "coverage.lines".to_owned(),
        title: "What became of the lines of each log, since keyvigil began".to_owned(),
        made_by: "keyvigil status --json".to_owned(),
        heads: ["log", "lines", "events", "rejected", "losses"].map(str::to_owned).to_vec(),
        rows,
        ..Figure::default()
    })
}

fn all(case: &Case<'_>) -> Sums {
    case.tally.groups("usage.all").first().map_or(Sums::NONE, |(_, sums)| *sums)
}

fn counted(case: &Case<'_>, what: &str) -> u64 {
    let is_it = |name: &str| name.split('\t').next() == Some(what);
    case.counters.iter().filter(|(name, _)| is_it(name)).map(|(_, number)| number).sum()
}

/// The oldest and the newest stored event.
fn stored(case: &Case<'_>) -> Result<Option<(Timestamp, Timestamp)>, ReportError> {
    Ok(case.store.times()?)
}

pub(super) fn minute(at: Timestamp) -> String {
    let at = jiff::Timestamp::from_millisecond(at.0).unwrap_or_default();
    at.strftime("%Y-%m-%d %H:%M UTC").to_string()
}
