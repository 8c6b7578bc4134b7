//! `keyvigil keys`: every key that was seen or is in the inventory, and what is stale.

use std::io::Write as _;
use std::process::ExitCode;

use anyhow::Context as _;
use clap::Args;
use serde::Deserialize;
use serde_json::{Value, json};

use super::columns::{Cell, Screen, Tone, table};
use super::look::LookArgs;
use super::tell::shown;
use crate::app::control::Question;
use crate::detect::count_text;

#[derive(Debug, Args)]
pub(super) struct KeysArgs {
    #[command(flatten)]
    look: LookArgs,
    /// Only those that are stale or unsafe
    #[arg(long)]
    stale: bool,
    /// As /api/v1/keys gives them
    #[arg(long, conflicts_with = "csv")]
    json: bool,
    /// For a spreadsheet
    #[arg(long)]
    csv: bool,
}

/// A key, as far as it is shown here.
#[derive(Debug, Deserialize)]
struct KeyLine {
    key: String,
    owner: String,
    role: String,
    first_used: Option<String>,
    last_used: Option<String>,
    requests: u64,
    errors: u64,
    baseline: String,
    stale: Vec<StaleLine>,
}

#[derive(Debug, Deserialize)]
struct StaleLine {
    kind: String,
    severity: String,
}

pub(super) fn run(args: &KeysArgs) -> anyhow::Result<ExitCode> {
    let answer = args.look.answer(&Question::Keys)?;
    let not_known = answer.get("not_known").cloned().unwrap_or_default();
    let mut keys = answer.get("keys").and_then(Value::as_array).cloned().unwrap_or_default();
    if args.stale {
        let is_stale = |key: &Value| {
            key.get("stale").and_then(Value::as_array).is_some_and(|it| !it.is_empty())
        };
        keys.retain(is_stale);
    }
    let text = if args.json {
        format!("{:#}\n", json!({ "keys": keys, "not_known": not_known }))
    } else {
        let lines: Vec<KeyLine> = serde_json::from_value(Value::Array(keys))
            .context("the daemon's answer cannot be understood")?;
        if args.csv {
            csv(&lines)?
        } else {
            people(&lines, args.stale) + &not_known_yet(&not_known)
        }
    };
    std::io::stdout().lock().write_all(text.as_bytes())?;
    Ok(ExitCode::SUCCESS)
}

fn people(keys: &[KeyLine], is_about_stale: bool) -> String {
    if keys.is_empty() {
        let nothing = if is_about_stale { "No key is stale.\n" } else { "No keys yet.\n" };
        return nothing.to_owned();
    }
    let heads = ["key", "~role", "~owner", "last used", "requests", "errors", "baseline", "~stale"];
    let rows: Vec<Vec<Cell>> = keys.iter().map(row).collect();
    table(&heads, &rows, Screen::of_stdout())
}

/// What a clean list does not mean.
fn not_known_yet(not_known: &Value) -> String {
    let texts = not_known.as_array().into_iter().flatten().filter_map(Value::as_str);
    texts.fold(String::new(), |said, text| said + "Not known yet: " + &shown(text) + ".\n")
}

fn row(key: &KeyLine) -> Vec<Cell> {
    let last = key.last_used.as_deref().map_or_else(|| "never".to_owned(), to_minute);
    let is_bad = key.stale.iter().any(|it| matches!(it.severity.as_str(), "high" | "critical"));
    let tone = if is_bad { Tone::Bad } else { Tone::Warning };
    let kinds: Vec<&str> = key.stale.iter().map(|it| it.kind.as_str()).collect();
    vec![
        Cell::new(&key.key),
        Cell::new(&key.role),
        Cell::new(&key.owner),
        Cell::new(&last),
        Cell::number(&count_text(key.requests)),
        Cell::number(&count_text(key.errors)),
        Cell::new(&key.baseline),
        Cell::new(&kinds.join(", ")).toned(tone),
    ]
}

/// `2026-03-09T04:26:10.5Z` as `2026-03-09 04:26Z`.
pub(super) fn to_minute(rfc3339: &str) -> String {
    let at = rfc3339.parse::<jiff::Timestamp>();
    at.map_or_else(|_| shown(rfc3339), |at| at.strftime("%Y-%m-%d %H:%MZ").to_string())
}

fn csv(keys: &[KeyLine]) -> anyhow::Result<String> {
    let mut out = csv::Writer::from_writer(Vec::new());
    out.write_record([
        "key",
        "role",
        "owner",
        "first_used",
        "last_used",
        "requests",
        "errors",
        "baseline",
        "stale",
    ])?;
    for key in keys {
        let kinds: Vec<&str> = key.stale.iter().map(|it| it.kind.as_str()).collect();
        let (requests, errors) = (key.requests.to_string(), key.errors.to_string());
        let first = key.first_used.as_deref().unwrap_or_default();
        let last = key.last_used.as_deref().unwrap_or_default();
        let cells = [
            &key.key,
            &key.role,
            &key.owner,
            first,
            last,
            &requests,
            &errors,
            &key.baseline,
            &kinds.join(" "),
        ];
        out.write_record(cells.map(harmless))?;
    }
    Ok(String::from_utf8(out.into_inner()?)?)
}

/// A spreadsheet takes such a beginning for a formula.
fn harmless(cell: &str) -> String {
    let cell = shown(cell);
    if cell.starts_with(['=', '+', '-', '@']) { format!("'{cell}") } else { cell }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys() -> Vec<KeyLine> {
        let text = r#"[{"key":"=cmd|'/C calc'!A0","owner":"@SUM(1)","role":"\u001b[31m","first_used":null,
            "last_used":"2026-03-09T04:26:10.5Z","requests":1200,"errors":3,"baseline":"ready",
            "hours_learned":7,"stale":[{"kind":"unused","severity":"high"},{"kind":"no_expiry","severity":"low"}]}]"#;
        serde_json::from_str(text).unwrap()
    }

    #[test]
    fn a_spreadsheet_is_given_no_formula() {
        let text = csv(&keys()).unwrap();
        let row = text.lines().nth(1).unwrap();
        assert_eq!(
            row,
            "'=cmd|'/C calc'!A0,\u{fffd}[31m,'@SUM(1),,2026-03-09T04:26:10.5Z,1200,3,ready,unused no_expiry"
        );
    }

    #[test]
    fn people_see_when_it_was_used_and_what_is_stale() {
        let text = people(&keys(), false);
        assert!(text.contains("2026-03-09 04:26Z") && text.contains("unused, no_expiry"), "{text}");
        assert!(!text.contains('\u{1b}'), "{text}");
        assert_eq!(people(&[], true), "No key is stale.\n");
    }
}
