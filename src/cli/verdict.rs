//! What a person says about an incident: `ack`, `mute`, `confirm`, `expected`,
//! `false-positive`, `resolve`.

use std::io::Write as _;
use std::process::ExitCode;

use clap::Args;
use serde_json::Value;

use super::incidents::span;
use super::keys::to_minute;
use super::look::LookArgs;
use super::tell::shown;
use crate::app::control::Question;
use crate::engine::Judgement;
use crate::model::{Millis, Timestamp};

#[derive(Debug, Args)]
pub(super) struct WordArgs {
    /// The incident, as it is listed: INC-7f3c9a
    id: String,
    /// Why, for whoever looks at it later
    #[arg(long, value_name = "TEXT", default_value = "")]
    reason: String,
    /// How it stands then, as /api/v1/incidents/ID gives it
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    look: LookArgs,
}

#[derive(Debug, Args)]
pub(super) struct MuteArgs {
    /// The incident, as it is listed: INC-7f3c9a
    id: String,
    /// Why, for whoever looks at it later
    #[arg(long, value_name = "TEXT")]
    reason: String,
    /// For how long: 90m, 12h, 7d
    #[arg(long = "for", value_name = "TIME", value_parser = length, conflicts_with = "until")]
    length: Option<Millis>,
    /// Until when: a date, or RFC 3339
    #[arg(long, value_name = "TIME", value_parser = moment, required_unless_present = "length")]
    until: Option<Timestamp>,
    /// How it stands then, as /api/v1/incidents/ID gives it
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    look: LookArgs,
}

pub(super) fn say(args: &WordArgs, judgement: Judgement) -> anyhow::Result<ExitCode> {
    let answer = asked(&args.look, (&args.id, &args.reason), judgement)?;
    print(&answer, judgement, args.json.then_some(AsJson))
}

pub(super) fn mute(args: &MuteArgs) -> anyhow::Result<ExitCode> {
    let now = crate::app::now();
    let until = args.until.or_else(|| args.length.map(|length| now.plus(length)));
    let Some(until) = until.filter(|until| now < *until) else {
        anyhow::bail!("the mute would be over already: name a time to come");
    };
    let judgement = Judgement::Muted { until };
    let answer = asked(&args.look, (&args.id, &args.reason), judgement)?;
    print(&answer, judgement, args.json.then_some(AsJson))
}

/// For programs.
#[derive(Clone, Copy, Debug)]
struct AsJson;

fn asked(
    look: &LookArgs,
    (id, reason): (&str, &str),
    judgement: Judgement,
) -> anyhow::Result<Value> {
    let by = std::env::var("USER").unwrap_or_default();
    let (id, reason) = (id.to_owned(), reason.to_owned());
    look.word(&Question::Verdict { id, judgement, reason, by })
}

fn print(answer: &Value, judgement: Judgement, json: Option<AsJson>) -> anyhow::Result<ExitCode> {
    let incident = answer.get("incident").unwrap_or(&Value::Null);
    let text = match json {
        Some(AsJson) => format!("{incident:#}\n"),
        None => told(incident, judgement),
    };
    std::io::stdout().lock().write_all(text.as_bytes())?;
    Ok(ExitCode::SUCCESS)
}

/// How it stands now, and what the word does.
fn told(incident: &Value, judgement: Judgement) -> String {
    let text = |name: &str| shown(incident.get(name).and_then(Value::as_str).unwrap_or_default());
    let until = incident.pointer("/mute/until").and_then(Value::as_str).map(to_minute);
    let follows = match judgement {
        Judgement::Acknowledged => "whoever was told of it is told that you look into it",
        Judgement::Muted { .. } => {
            let until = until.unwrap_or_default();
            return format!("{} is muted until {until}: {}\n", text("id"), text("title"));
        }
        Judgement::Confirmed => "alarms of this kind come a little sooner",
        Judgement::FalseAlarm => "alarms come a little later from now on",
        Judgement::Expected => "what the key did is learned as usual",
        Judgement::Resolved => "it opens again if it gets worse",
    };
    format!("{} is {}: {}\n  {follows}\n", text("id"), text("state"), text("title"))
}

fn length(text: &str) -> Result<Millis, String> {
    span(text).ok_or_else(|| format!("{text:?} is not a time: write 90m, 12h or 7d"))
}

fn moment(text: &str) -> Result<Timestamp, String> {
    super::incidents::moment(text)
        .ok_or_else(|| format!("{text:?} is not a time: write 2026-03-09 or RFC 3339"))
}
