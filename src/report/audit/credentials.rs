//! Credentials to tidy up: stale ones, those that may more than they do, those that nobody owns.

use super::{Case, Figure, ROWS_MAX, Section};
use crate::report::ReportError;

pub(super) fn section(case: &mut Case<'_>) -> Result<Section, ReportError> {
    let mut figures = Vec::new();
    for (name, title, which) in KEYS {
        let sql = format!("SELECT count(*) AS n FROM keys{which}");
        figures.push(case.ask(name, title, sql)?);
    }
    for (name, title, which) in FINDINGS {
        let sql = format!("SELECT count(*) AS n FROM stale WHERE state = 'open'{which}");
        figures.push(case.ask(name, title, sql)?);
    }
    figures.push(by_kind(case)?);
    figures.push(each(case)?);
    figures.push(over_privileged(case)?);
    Ok(Section {
        id: "credentials".to_owned(),
        title: "Stale and over-privileged credentials".to_owned(),
        intro: "As things stood when the report was made, not only in the period. A key counts as \
                unused only as far as its log has been watched."
            .to_owned(),
        figures: figures.into_iter().filter(|it| !it.rows.is_empty()).collect(),
        ..Section::default()
    })
}

const KEYS: [(&str, &str, &str); 3] = [
    ("keys.known", "Keys that were seen or are in the inventory", ""),
    ("keys.ownerless", "Keys without an owner", " WHERE owner IS NULL"),
    ("keys.roleless", "Keys without a role", " WHERE role IS NULL"),
];

const FINDINGS: [(&str, &str, &str); 11] = [
    ("stale.open", "Open findings about credentials", ""),
    ("stale.unused", "Not used for too long, or never", " AND kind IN ('unused', 'never_used')"),
    (
        "stale.rotation",
        "Overdue for rotation",
        " AND kind IN ('rotation_overdue', 'rotation_incomplete')",
    ),
    ("stale.privileged", "May do more than they do", " AND kind = 'over_privileged'"),
    (
        "stale.endless",
        "Without an end, or about to expire",
        " AND kind IN ('no_expiry', 'expiring')",
    ),
    ("stale.nobodys", "Owner missing or gone", " AND kind IN ('owner_missing', 'owner_gone')"),
    ("stale.shared", "Shared between machines", " AND kind = 'shared'"),
    ("stale.ended", "Ended, and still in use", " AND kind = 'used_after_end'"),
    (
        "hygiene.secrets",
        "Keys or tokens in URLs, passwords sent each time",
        " AND kind IN ('key_in_url', 'token_in_url', 'basic_auth')",
    ),
    (
        "hygiene.people",
        "Data about people in URLs",
        " AND kind IN ('mail_in_url', 'phone_in_url', 'card_in_url', 'national_id_in_url')",
    ),
    ("hygiene.transport", "Plain HTTP or an old TLS", " AND kind IN ('plain_http', 'old_tls')"),
];

fn by_kind(case: &mut Case<'_>) -> Result<Figure, ReportError> {
    let sql = format!(
        "SELECT kind, severity, count(*) AS findings, min(since) AS oldest FROM stale WHERE state = \
         'open' GROUP BY kind, severity ORDER BY findings DESC, kind, severity LIMIT {ROWS_MAX}"
    );
    case.ask("stale.by-kind", "Findings by kind", sql)
}

fn each(case: &mut Case<'_>) -> Result<Figure, ReportError> {
    let sql = format!(
        "SELECT key, route, kind, severity, role, owner, since, last_used, because FROM stale WHERE \
         state = 'open' AND kind != 'over_privileged' AND severity != 'low' ORDER BY since, key, \
         route, kind LIMIT {ROWS_MAX}"
    );
    Ok(cut(case.ask("stale.each", "Each finding above low severity, oldest first", sql)?))
}

fn over_privileged(case: &mut Case<'_>) -> Result<Figure, ReportError> {
    let sql = format!(
        "SELECT key, role, owner, may, did FROM stale WHERE state = 'open' AND kind = \
         'over_privileged' ORDER BY key LIMIT {ROWS_MAX}"
    );
    Ok(cut(case.ask("stale.over-privileged", "May do more than they do", sql)?))
}

fn cut(mut figure: Figure) -> Figure {
    if figure.rows.len() == ROWS_MAX {
        figure.note = format!("The first {ROWS_MAX} are listed.");
    }
    figure
}
