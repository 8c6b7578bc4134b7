//! `keyvigil third-parties`: who has access to what, and who still uses it.

use std::fmt::Write as _;
use std::io::Write as _;
use std::process::ExitCode;

use anyhow::Context as _;
use clap::Args;
use serde::Deserialize;
use serde_json::Value;

use super::keys::to_minute;
use super::look::LookArgs;
use super::tell::shown;
use crate::app::control::Question;
use crate::detect::count_text;

/// Who has access to what: each owner's keys, what they may do and did, and when last
#[derive(Debug, Args)]
pub(super) struct ThirdPartiesArgs {
    #[command(flatten)]
    look: LookArgs,
    /// As /api/v1/third-parties gives them
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Default, Deserialize)]
struct PartyLine {
    owner: String,
    role: String,
    keys: Vec<String>,
    may: Vec<String>,
    did: Vec<String>,
    data: Vec<String>,
    requests: u64,
    first_used: Option<String>,
    last_used: Option<String>,
    open: Vec<String>,
}

const SHOWN: usize = 12;

pub(super) fn run(args: &ThirdPartiesArgs) -> anyhow::Result<ExitCode> {
    let answer = args.look.answer(&Question::ThirdParties)?;
    let text = if args.json { format!("{answer:#}\n") } else { people(&answer)? };
    let mut out = std::io::stdout().lock();
    out.write_all(text.as_bytes())?;
    out.flush()?;
    Ok(ExitCode::SUCCESS)
}

fn people(answer: &Value) -> anyhow::Result<String> {
    let rows = answer.get("third_parties").cloned().unwrap_or_default();
    let parties: Vec<PartyLine> =
        serde_json::from_value(rows).context("the daemon's answer cannot be understood")?;
    if parties.is_empty() {
        return Ok("The inventory lists no keys, so that nobody is known to have access.\n".into());
    }
    Ok(parties.iter().map(text_of).collect::<Vec<_>>().join("\n"))
}

fn text_of(party: &PartyLine) -> String {
    let name = if party.owner.is_empty() { "(nobody)" } else { &party.owner };
    let mut text = String::new();
    // Writing to a String cannot fail.
    let mut say = |name: &str, what: &str| {
        if !what.is_empty() {
            writeln!(text, "  {name:<10} {what}").unwrap_or_default();
        }
    };
    say("keys", &listed(&party.keys));
    say("may", &listed(&party.may));
    say("did", &listed(&party.did));
    say("data", &party.data.join(", "));
    let used = match (&party.first_used, &party.last_used) {
        (Some(first), Some(last)) => format!(
            "{} requests, {} to {}",
            count_text(party.requests),
            to_minute(first),
            to_minute(last)
        ),
        _ => "never, as far as the log has been watched".to_owned(),
    };
    say("used", &used);
    say("open", &listed(&party.open));
    let role = if party.role.is_empty() { "no role" } else { &party.role };
    format!("{} ({})\n{}", shown(name), shown(role), text)
}

fn listed(texts: &[impl AsRef<str>]) -> String {
    let named: Vec<String> = texts.iter().take(SHOWN).map(|text| shown(text.as_ref())).collect();
    match texts.len().saturating_sub(SHOWN) {
        0 => named.join(", "),
        more => format!("{} and {more} more", named.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_party_is_told_in_a_few_lines_and_cannot_paint_the_terminal() {
        let party = PartyLine {
            owner: "ana@example.com".to_owned(),
            role: "partner".to_owned(),
            keys: vec!["k_a\u{1b}[31m".to_owned()],
            ..PartyLine::default()
        };
        let text = text_of(&party);
        assert!(text.starts_with("ana@example.com (partner)\n  keys       k_a"), "{text:?}");
        assert!(!text.contains('\u{1b}') && text.contains("never, as far"), "{text:?}");
    }
}
