//! `keyvigil status`: asks the running daemon how it is doing.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context as _, bail};
use clap::Args;

use super::ask::Asked;
use super::exit;
use super::look::LookArgs;
use super::tell::shown;
use crate::app::control::Question;
use crate::config::Config;

const TIMEOUT: Duration = Duration::from_secs(5);

/// No status is longer than this.
const ANSWER_BYTES_MAX: u64 = 1 << 20;

#[derive(Debug, Args)]
pub(super) struct StatusArgs {
    #[command(flatten)]
    look: LookArgs,
    /// Ask a page instead, which may be another machine's through a tunnel
    #[arg(long, value_name = "ADDR")]
    listen: Option<SocketAddr>,
    /// The answer as it came
    #[arg(long)]
    json: bool,
}

pub(super) fn run(args: &StatusArgs) -> anyhow::Result<ExitCode> {
    let status = match args.listen {
        Some(address) => from_page(address)?,
        None => match args.look.whom.ask(&Question::Status)? {
            Asked::Answer(status) => status,
            Asked::Nobody => at_rest(args)?,
        },
    };
    let text = if args.json { format!("{status:#}") } else { described(&status) };
    let mut out = std::io::stdout().lock();
    writeln!(out, "{}", text.trim_end())?;
    let fine = matches!(status.get("verdict").and_then(|it| it.as_str()), Some("ok" | "learning"));
    Ok(if fine { ExitCode::SUCCESS } else { ExitCode::from(exit::FINDINGS) })
}

/// A daemon without a state directory has a page at least; without a daemon, the store tells.
fn at_rest(args: &StatusArgs) -> anyhow::Result<serde_json::Value> {
    let is_named = args.look.whom.state.is_some();
    let config = Config::load(&args.look.whom.config).unwrap_or_default();
    if let (false, Some(address)) = (is_named, config.web.listen)
        && let Ok(status) = from_page(address)
    {
        return Ok(status);
    }
    args.look.at_rest(&Question::Status)
}

fn from_page(address: SocketAddr) -> anyhow::Result<serde_json::Value> {
    let answer = ask(address)
        .with_context(|| format!("no keyvigil answers on {address}; is it running?"))?;
    serde_json::from_str(&answer).context("the answer is not keyvigil's")
}

fn ask(address: SocketAddr) -> anyhow::Result<String> {
    let mut stream = TcpStream::connect_timeout(&address, TIMEOUT)?;
    stream.set_read_timeout(Some(TIMEOUT))?;
    let request = format!(
        "GET /api/v1/status HTTP/1.1\r\nHost: {address}\r\nAccept: application/json\r\nConnection: close\r\n\r\n"
    );
    stream.write_all(request.as_bytes())?;
    let mut answer = String::new();
    stream.take(ANSWER_BYTES_MAX).read_to_string(&mut answer)?;
    let Some((head, body)) = answer.split_once("\r\n\r\n") else {
        bail!("the answer is cut short")
    };
    if !head.starts_with("HTTP/1.1 200") {
        bail!("it answered {}", head.lines().next().unwrap_or_default());
    }
    Ok(body.to_owned())
}

/// The word, and what to do about it.
fn verdict(word: &str) -> String {
    let meaning = match word {
        "ok" => "nothing to do",
        "learning" => "nothing to do; rules are kept watch over already",
        "warn" => "something small; see the page",
        "alert" => "open incidents; see the page",
        "degraded" => "something does not work as it should; see the page",
        "blind" => "no log can be read; see the sources below, or run keyvigil check --logs",
        _ => return word.to_owned(),
    };
    format!("{word}: {meaning}")
}

fn behind(status: &serde_json::Value) -> String {
    let lag = status.pointer("/lag_seconds").and_then(serde_json::Value::as_f64);
    lag.map(|lag| format!(", judged {lag:.0} s behind")).unwrap_or_default()
}

fn described(status: &serde_json::Value) -> String {
    let text = |path: &str| match status.pointer(path) {
        Some(serde_json::Value::String(text)) => text.clone(),
        None | Some(serde_json::Value::Null) => "none yet".to_owned(),
        Some(other) => other.to_string(),
    };
    let mut lines = vec![
        format!("verdict     {}", verdict(&text("/verdict"))),
        format!(
            "incidents   {} critical, {} high, {} medium, {} low",
            text("/incidents/critical"),
            text("/incidents/high"),
            text("/incidents/medium"),
            text("/incidents/low")
        ),
        format!("stale keys  {} of {}", text("/stale_keys"), text("/keys")),
        format!("last event  {}{}", text("/last_event"), behind(status)),
        format!(
            "mail        {} waiting, {} given up, last sent {}",
            text("/mail/queued"),
            text("/mail/failed"),
            text("/mail/last_sent")
        ),
    ];
    if status.get("store").is_some_and(serde_json::Value::is_object) {
        let percent = status.pointer("/store/rotation_percent").and_then(serde_json::Value::as_u64);
        let rotation = percent.map(|percent| {
            format!(", {percent} % encrypted with the new key; the old one is needed")
        });
        let megabytes =
            status.pointer("/store/disk_bytes").and_then(serde_json::Value::as_u64).unwrap_or(0)
                / 1_000_000;
        let rotation = rotation.unwrap_or_default();
        lines.push(format!(
            "store       {} events, {megabytes} MB on disk{rotation}",
            text("/store/events")
        ));
    }
    let kept = status.get("kept").and_then(|it| it.as_array());
    for kept in kept.into_iter().flatten() {
        let field = |name: &str| kept.get(name).and_then(|it| it.as_str()).unwrap_or_default();
        lines.push(format!("kept        {}: {}", shown(field("what")), shown(field("how"))));
    }
    let degraded = status.get("degraded").and_then(|it| it.as_array());
    for reason in degraded.into_iter().flatten().filter_map(|it| it.as_str()) {
        lines.push(format!("trouble     {}", shown(reason)));
    }
    let sources = status.get("sources").and_then(|it| it.as_array());
    for source in sources.into_iter().flatten() {
        let field = |name: &str| source.get(name).map(ToString::to_string).unwrap_or_default();
        lines.push(format!(
            "source      {} is {}: {} lines, {} rejected",
            shown(field("path").trim_matches('"')),
            field("state").trim_matches('"'),
            field("lines"),
            field("rejected"),
        ));
    }
    lines.join("\n")
}
