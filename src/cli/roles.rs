//! `keyvigil roles suggest`: what the keys of each role really did, as rules to review.

use std::fmt::Write as _;
use std::io::Write as _;
use std::process::ExitCode;

use clap::{Args, Subcommand};

use anyhow::Context as _;

use super::look::LookArgs;
use crate::app::control::Question;
use crate::model::Transport;
use crate::report::{RoleUse, Suggested, roles};

/// Roles and what their keys may do
#[derive(Debug, Args)]
pub(super) struct RolesArgs {
    #[command(subcommand)]
    command: RolesCommand,
}

#[derive(Debug, Subcommand)]
enum RolesCommand {
    /// Write the rules that would just allow what each role's keys did
    Suggest(SuggestArgs),
}

/// Write the rules that would just allow what each role's keys did
#[derive(Debug, Args)]
struct SuggestArgs {
    #[command(flatten)]
    look: LookArgs,
    /// This role alone
    #[arg(long)]
    role: Option<String>,
    /// How far to look back
    #[arg(long, default_value_t = 90)]
    days: i64,
    /// What each role did, as JSON
    #[arg(long)]
    json: bool,
}

/// A rate has room for a busier day.
const ROOM: u32 = 2;
/// More are no list that anybody keeps by hand.
const NETWORKS_MAX: usize = 16;

pub(super) fn run(args: &RolesArgs) -> anyhow::Result<ExitCode> {
    let RolesCommand::Suggest(args) = &args.command;
    let mut suggested = suggested(args)?;
    let text = if args.json {
        suggested.roles.retain(|role, _| args.role.as_ref().is_none_or(|only| only == role));
        format!("{:#}\n", serde_json::to_value(&suggested)?)
    } else {
        policy(&suggested, args)
    };
    let mut out = std::io::stdout().lock();
    out.write_all(text.as_bytes())?;
    out.flush()?;
    Ok(ExitCode::SUCCESS)
}

/// Asks the daemon, or else its store.
fn suggested(args: &SuggestArgs) -> anyhow::Result<Suggested> {
    match args.look.asked(&Question::Roles { days: args.days })? {
        Some(answer) => {
            serde_json::from_value(answer).context("the daemon's answer cannot be understood")
        }
        None => Ok(roles(&args.look.store(&Question::Roles { days: args.days })?, args.days)?),
    }
}

fn policy(suggested: &Suggested, args: &SuggestArgs) -> String {
    let mut text = String::new();
    let (Some(from), Some(to)) = (suggested.from, suggested.to) else {
        return "# No stored events with a key and a role: nothing to suggest.\n".to_owned();
    };
    let held = to.since(from).whole_days();
    let mut line = |line: &str| {
        text.push_str(line);
        text.push('\n');
    };
    line(
        "# What the keys of each role did and were let in with; review it before it becomes a rule.",
    );
    line("# What is rare and rightful (a yearly export) may not have happened in that time.");
    if held + 1 < args.days {
        line(&format!(
            "# The store holds {} days of the {} asked for; [store] retention says how long.",
            held + 1,
            args.days
        ));
    }
    let wanted = |role: &&String| args.role.as_ref().is_none_or(|only| only == *role);
    for role in suggested.roles.keys().filter(wanted) {
        if let Some(use_) = suggested.roles.get(role) {
            text.push_str(&of_role(role, use_));
        }
    }
    text
}

fn of_role(role: &str, use_: &RoleUse) -> String {
    let mut text = format!(
        "\n# {} requests of {} keys.\n[roles.{}]\n",
        use_.requests,
        use_.keys.len(),
        quoted(role)
    );
    // Writing to a String cannot fail.
    let mut say = |line: String| writeln!(text, "{line}").unwrap_or_default();
    say(format!("methods = {}", list(use_.routes.keys().map(String::as_str))));
    say("routes = [".to_owned());
    for (method, routes) in &use_.routes {
        for (route, requests) in routes {
            say(format!("  {}, # {requests} requests", quoted(&format!("{method} {route}"))));
        }
    }
    if 0 < use_.routes_dropped {
        say(format!("  # and {} requests to further routes", use_.routes_dropped));
    }
    say("]".to_owned());
    let networks = list(use_.networks.iter().map(String::as_str));
    if use_.networks.len() <= NETWORKS_MAX && use_.networks_dropped == 0 {
        say(format!("networks = {networks}"));
    } else {
        say(format!("# networks: more than {NETWORKS_MAX}; no rule"));
    }
    if !use_.countries.is_empty() {
        say(format!("countries = {}", list(use_.countries.iter().map(String::as_str))));
    }
    match span(&use_.hours) {
        Some((from, to)) => say(format!("hours = \"{from:02}-{to:02}\"")),
        None => say("# hours: around the clock; no rule".to_owned()),
    }
    let (minute, hour) = (use_.minute_most, use_.hour_most);
    say(format!("requests_per_minute = {} # the most was {minute}", minute.saturating_mul(ROOM)));
    say(format!("requests_per_hour = {} # the most was {hour}", hour.saturating_mul(ROOM)));
    match use_.transport {
        Some(Transport::Tls12) => say("tls = \"1.2\"".to_owned()),
        Some(Transport::Tls13) => say("tls = \"1.3\"".to_owned()),
        Some(old) => say(format!("# tls: some came over {}; no rule", old.name())),
        None => say("# tls: the log does not say it".to_owned()),
    }
    text
}

fn list<'a>(texts: impl IntoIterator<Item = &'a str>) -> String {
    let texts: Vec<String> = texts.into_iter().map(quoted).collect();
    format!("[{}]", texts.join(", "))
}

/// As TOML writes a text: what a log holds may be anything.
fn quoted(text: &str) -> String {
    let mut quoted = String::from("\"");
    for letter in text.chars() {
        match letter {
            '"' => quoted.push_str("\\\""),
            '\\' => quoted.push_str("\\\\"),
            letter if letter.is_control() => {
                write!(quoted, "\\u{:04X}", u32::from(letter)).unwrap_or_default();
            }
            letter => quoted.push(letter),
        }
    }
    quoted.push('"');
    quoted
}

/// The shortest stretch of the day with all requests in it; `None` if it is most of the day.
fn span(hours: &[u64; 24]) -> Option<(usize, usize)> {
    const HOURS_MAX: usize = 18;
    let used: Vec<usize> =
        (0..24).filter(|hour| hours.get(*hour).is_some_and(|it| 0 < *it)).collect();
    let next = |place: usize| used.get((place + 1) % used.len()).copied();
    let gaps = used.iter().enumerate().filter_map(|(place, from)| {
        let to = next(place)?;
        Some(((to + 24 - from - 1) % 24, *from, to))
    });
    let (quiet, last, first) = gaps.max()?;
    (24 - HOURS_MAX <= quiet).then_some((first, last + 1))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;

    #[test]
    fn what_is_suggested_can_be_configured() {
        let mut use_ = RoleUse { requests: 3, minute_most: 2, hour_most: 3, ..RoleUse::default() };
        use_.keys.insert("k_a".to_owned());
        let routes = use_.routes.entry("GET".to_owned()).or_default();
        routes.insert("/v1/\"a\"\\b\nc".to_owned(), 3);
        use_.networks.insert("192.0.2.0/24".to_owned());
        use_.countries.insert("DE".to_owned());
        use_.hours[22] = 1;
        use_.hours[3] = 2;
        use_.transport = Some(Transport::Tls12);
        let text = of_role("two words", &use_);
        let config =
            Config::parse(&text, "suggested").unwrap_or_else(|error| panic!("{text}{error}"));
        let rules = &config.rules.roles["two words"];
        assert_eq!((rules.hours, rules.quota.requests_per_hour_max), (Some((22, 4)), Some(6)));
        assert!(rules.routes[0].covers("GET", "/v1/\"a\"\\b\nc"), "{text}");
        assert!(rules.networks.hold("192.0.2.9"));
    }

    #[test]
    fn hours_are_a_rule_only_where_a_good_part_of_the_day_is_quiet() {
        let of = |used: &[usize]| {
            let mut hours = [0; 24];
            for hour in used {
                hours[*hour] = 1;
            }
            span(&hours)
        };
        assert_eq!(of(&[8, 9, 17]), Some((8, 18)));
        assert_eq!(of(&[5]), Some((5, 6)));
        assert_eq!(of(&[0, 4, 8, 12, 16, 20]), None);
        assert_eq!(of(&[]), None);
    }
}
