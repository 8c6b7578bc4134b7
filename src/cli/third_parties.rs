//! `keyvigil third-parties`: who has access to what, and who still uses it.

use std::fmt::Write as _;
use std::io::Write as _;
use std::process::ExitCode;

use clap::Args;

use super::look::LookArgs;
use crate::engine::Party;
use crate::model::Timestamp;

/// Who has access to what: each owner's keys, what they may do and did, and when last. Stop
/// the daemon before
#[derive(Debug, Args)]
pub(super) struct ThirdPartiesArgs {
    #[command(flatten)]
    look: LookArgs,
    /// As JSON
    #[arg(long)]
    json: bool,
}

const SHOWN: usize = 12;

pub(super) fn run(args: &ThirdPartiesArgs) -> anyhow::Result<ExitCode> {
    let parties = args.look.resting()?.parties;
    let text = if args.json {
        let rows: Vec<serde_json::Value> = parties.iter().map(json_of).collect();
        format!("{}\n", serde_json::to_string_pretty(&rows)?)
    } else if parties.is_empty() {
        "The inventory lists no keys, so that nobody is known to have access.\n".to_owned()
    } else {
        parties.iter().map(text_of).collect::<Vec<_>>().join("\n")
    };
    let mut out = std::io::stdout().lock();
    out.write_all(text.as_bytes())?;
    out.flush()?;
    Ok(ExitCode::SUCCESS)
}

fn json_of(party: &Party) -> serde_json::Value {
    let mut value = serde_json::to_value(party).unwrap_or_default();
    for (name, at) in [("first_used", party.first_used), ("last_used", party.last_used)] {
        if let Some(fields) = value.as_object_mut() {
            fields.insert(name.to_owned(), at.map(rfc3339).into());
        }
    }
    value
}

fn text_of(party: &Party) -> String {
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
    say("did", &listed(&party.routes));
    say("data", &party.data.join(", "));
    let used = match (party.first_used, party.last_used) {
        (Some(first), Some(last)) => {
            format!("{} requests, {} to {}", party.requests, rfc3339(first), rfc3339(last))
        }
        _ => "never, as far as the log has been watched".to_owned(),
    };
    say("used", &used);
    say("open", &listed(&party.open));
    let role = if party.role.is_empty() { "no role" } else { &party.role };
    let plain = |text: &str| text.chars().filter(|it| !it.is_control()).collect::<String>();
    format!("{} ({})\n{}", plain(name), plain(role), text)
}

fn listed(texts: &[String]) -> String {
    let shown: Vec<String> = texts
        .iter()
        .take(SHOWN)
        .map(|text| text.chars().filter(|it| !it.is_control()).collect())
        .collect();
    match texts.len().saturating_sub(SHOWN) {
        0 => shown.join(", "),
        more => format!("{} and {more} more", shown.join(", ")),
    }
}

fn rfc3339(at: Timestamp) -> String {
    jiff::Timestamp::from_second(at.seconds()).map_or_else(|_| String::new(), |at| at.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_party_is_told_in_a_few_lines_and_cannot_paint_the_terminal() {
        let party = Party {
            owner: "ana@example.com".to_owned(),
            role: "partner".to_owned(),
            keys: vec!["k_a\u{1b}[31m".to_owned()],
            last_used: Some(Timestamp::from_seconds(60)),
            ..Party::default()
        };
        let text = text_of(&party);
        assert!(text.starts_with("ana@example.com (partner)\n  keys       k_a[31m\n"), "{text:?}");
        assert!(text.contains("never, as far"), "{text}");
        assert_eq!(json_of(&party)["last_used"], "1970-01-01T00:01:00Z");
    }
}
