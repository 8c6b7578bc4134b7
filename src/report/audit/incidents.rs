//! What went wrong, and how long it took to see it, to tell it and to take it up.

use super::{Case, Figure, ROWS_MAX, Section};
use crate::report::ReportError;

pub(super) fn section(case: &mut Case<'_>) -> Result<Section, ReportError> {
    let told = format!("NOT below AND merged IS NULL AND {}", case.asked.within("opened"));
    let mut figures = Vec::new();
    for (name, title, which) in COUNTS {
        let more = if which.is_empty() { String::new() } else { format!(" AND {which}") };
        let sql = format!("SELECT count(*) AS n FROM incidents WHERE {told}{more}");
        figures.push(case.ask(name, title, sql)?);
    }
    for (name, title, column) in SPANS {
        let sql = format!("SELECT median({column}) AS seconds FROM incidents WHERE {told}");
        figures.push(case.ask(name, title, sql)?);
    }
    figures.push(by_kind(case, &told)?);
    figures.push(each(case, &told)?);
    Ok(Section {
        id: "incidents".to_owned(),
        title: "Incidents".to_owned(),
        intro: "Incidents that people were told of and that opened in the period. Time to detect \
                runs from the first sign in the log to the moment at which it was enough to tell, \
                on the log's own clock; of what is unusual the first sign is often known only to \
                the hour, so that it is a time at most. Time to tell runs from there to the first \
                message that was taken, time to acknowledge to the first word of a person, both \
                on the machine's clock: old logs that were replayed have neither."
            .to_owned(),
        figures: figures.into_iter().filter(|it| !it.rows.is_empty()).collect(),
        ..Section::default()
    })
}

const COUNTS: [(&str, &str, &str); 9] = [
    ("incidents.opened", "Incidents that opened", ""),
    ("incidents.severe", "High or critical incidents", "severity IN ('high', 'critical')"),
    ("incidents.open", "Incidents that are not over yet", "state != 'resolved'"),
    (
        "incidents.unseen",
        "High or critical incidents that nobody took up",
        "severity IN ('high', 'critical') AND state = 'open' AND acknowledged IS NULL",
    ),
    (
        "incidents.ended-keys",
        "Revoked, retired, disabled or expired keys in use",
        "kind IN ('revoked_key_used', 'retired_key_used', 'disabled_key_used', 'expired_key_used')",
    ),
    (
        "incidents.unknown-keys",
        "Unknown or canary keys in use",
        "kind IN ('unknown_key_accepted', 'canary_key_used')",
    ),
    (
        "incidents.rules",
        "Use outside of what a role may do",
        "kind IN ('method_not_allowed', 'route_not_allowed', 'network_not_allowed', \
         'country_not_allowed', 'hours_not_allowed', 'tls_not_allowed', 'rate_exceeded')",
    ),
    (
        "incidents.guessing",
        "Guessing of keys or log-ins, scanning",
        "kind IN ('brute_force', 'key_flood', 'scanning')",
    ),
    (
        "incidents.taking",
        "Unusual amounts of data or objects taken",
        "kind IN ('large_answers', 'slow_exfiltration', 'object_enumeration')",
    ),
];

const SPANS: [(&str, &str, &str); 4] = [
    ("incidents.detect", "Time to detect, at most (median)", "detected_s"),
    ("incidents.tell", "Time to tell (median)", "told_s"),
    ("incidents.acknowledge", "Time to acknowledge (median)", "acknowledged_s"),
    ("incidents.resolve", "Time until it was over (median)", "resolved_s"),
];

fn by_kind(case: &mut Case<'_>, told: &str) -> Result<Figure, ReportError> {
    let sql = format!(
        "SELECT kind, severity, count(*) AS incidents, median(detected_s) AS detected_s, \
         median(acknowledged_s) AS acknowledged_s FROM incidents WHERE {told} GROUP BY kind, \
         severity ORDER BY incidents DESC, kind, severity LIMIT {ROWS_MAX}"
    );
    case.ask("incidents.by-kind", "By kind", sql)
}

fn each(case: &mut Case<'_>, told: &str) -> Result<Figure, ReportError> {
    let sql = format!(
        "SELECT id, severity, title, owner, state, opened, detected_s, told_s, acknowledged_s, \
         resolved_s FROM incidents WHERE {told} ORDER BY opened DESC, id LIMIT {ROWS_MAX}"
    );
    let mut figure = case.ask("incidents.each", "Each incident, newest first", sql)?;
    figure.note = match figure.rows.len() {
        ROWS_MAX => format!("The newest {ROWS_MAX} are listed."),
        _ => String::new(),
    };
    Ok(figure)
}
