//! The first page: is anything wrong, what next, is the daemon alive, which keys are stale.

use askama::Template;

use super::headline::{Headline, headline};
use super::keys_page::encoded;
use super::parts::{Frame, clock_of, entity_name, frame, seconds, what, wide};
use super::text::{Clock, clean, count, cut, number, share, span};
use super::tiles::{Tile, tiles};
use super::view::{Mode, Reading, View};
use super::week::{Week, week};
use super::{Verdict, verdict};
use crate::incident::{Incident, StaleFinding, State};

#[derive(Template)]
#[template(path = "overview.html", escape = "page")]
pub(super) struct OverviewPage {
    frame: Frame,
    headline: Headline,
    pulse: Pulse,
    tiles: Vec<Tile>,
    attention: Vec<IncidentLine>,
    attention_more: usize,
    stale: Vec<StaleLine>,
    stale_keys: String,
    stale_more: usize,
    week: Option<Week>,
    meters: Vec<Meter>,
    is_empty: bool,
    has_inventory: bool,
}

/// Whether the daemon is alive and current, with its proof.
pub(super) struct Pulse {
    pub is_current: bool,
    pub word: &'static str,
    pub facts: Vec<Fact>,
}

/// `label value more`.
pub(super) struct Fact {
    pub label: &'static str,
    pub value: String,
    pub more: String,
}

pub(super) struct IncidentLine {
    pub href: String,
    pub id: String,
    pub severity: &'static str,
    pub word: String,
    pub whom: String,
    /// Follows the name: `far more requests than usual`.
    pub what: String,
    pub because: String,
    pub when: String,
    pub owner: String,
    pub state: &'static str,
    pub is_open: bool,
}

pub(super) struct StaleLine {
    pub href: String,
    pub key: String,
    pub role: String,
    pub severity: &'static str,
    pub because: String,
    /// What follows its last comma, often a date: kept on one line.
    pub detail: String,
    pub next: String,
}

pub(super) struct Meter {
    pub label: &'static str,
    pub value: u64,
    pub max: u64,
    pub text: String,
}

/// Reasons are sentences; whatever is longer was made to be.
pub(super) const BECAUSE_CHARS_MAX: usize = 300;

const INCIDENTS_SHOWN: usize = 8;
const STALE_SHOWN: usize = 10;

pub(super) fn overview_page(view: &View) -> OverviewPage {
    let clock = clock_of(view);
    let headline = headline(view);
    let open = view.open();
    let stale = view.stale_open();
    let lines = open.iter().take(INCIDENTS_SHOWN).map(|one| incident_line(one, &clock));
    OverviewPage {
        frame: frame(view, "overview", &title_of(view, &headline)),
        pulse: pulse(view, &clock),
        tiles: tiles(view),
        attention: lines.collect(),
        attention_more: open.len().saturating_sub(INCIDENTS_SHOWN),
        stale: stale.iter().take(STALE_SHOWN).map(|finding| stale_line(finding)).collect(),
        stale_keys: format!(
            "{} of {}",
            number(wide(view.stale_keys())),
            count(view.keys.len(), "key", "keys")
        ),
        stale_more: stale.len().saturating_sub(STALE_SHOWN),
        week: (!view.hours.is_empty()).then(|| week(view, &clock)),
        meters: meters(view),
        is_empty: view.sources.is_empty() && view.events == 0,
        has_inventory: view.keys.iter().any(|key| !key.owner.is_empty()),
        headline,
    }
}

pub(super) fn incident_line(incident: &Incident, clock: &Clock) -> IncidentLine {
    let when = match (incident.state, incident.resolved) {
        (State::Resolved, Some(at)) => {
            format!("{}, for {}", clock.when_minute(incident.since), span(at.since(incident.since)))
        }
        (State::Resolved | State::Open | State::Acknowledged | State::Muted, _) => {
            format!("since {} · {}", clock.when_minute(incident.since), clock.ago(incident.since))
        }
    };
    IncidentLine {
        href: format!("/incidents/{}", incident.id),
        id: incident.id.to_string(),
        severity: incident.severity.name(),
        word: capital(incident.severity.name()),
        whom: entity_name(incident),
        what: what(incident),
        because: incident.findings.first().map_or_else(String::new, |one| because(&one.because)),
        when,
        owner: cut(&clean(&incident.owner), 60),
        state: super::parts::state_name(incident.state),
        is_open: super::view::is_open(incident),
    }
}

pub(super) fn stale_line(finding: &StaleFinding) -> StaleLine {
    const DETAIL_BYTES_MAX: usize = 32;
    let because = capital(&cut(&clean(&finding.because), BECAUSE_CHARS_MAX));
    let (because, detail) = match because.rsplit_once(", ") {
        Some((head, tail)) if tail.len() <= DETAIL_BYTES_MAX => (head.to_owned(), tail.to_owned()),
        Some(_) | None => (because, String::new()),
    };
    StaleLine {
        href: format!("/keys/{}", encoded(&finding.key)),
        key: cut(&clean(&finding.key), 40),
        role: cut(&clean(&finding.role), 24),
        severity: finding.severity.name(),
        because,
        detail,
        next: capital(&cut(&clean(&finding.next), BECAUSE_CHARS_MAX)),
    }
}

/// A reason, in which numbers are written as elsewhere and no unit is left alone on a line.
pub(super) fn because(text: &str) -> String {
    let text = cut(&clean(text), BECAUSE_CHARS_MAX).replace(" %", "\u{202f}%");
    let mut written = String::with_capacity(text.len());
    let mut rest = text.as_str();
    while let Some((before, after)) = rest.split_once(',') {
        written.push_str(before);
        let digits = after.bytes().take_while(u8::is_ascii_digit).count();
        let is_within = before.ends_with(|char: char| char.is_ascii_digit()) && digits == 3;
        written.push(if is_within { '\u{202f}' } else { ',' });
        rest = after;
    }
    written.push_str(rest);
    written
}

pub(super) fn capital(word: &str) -> String {
    let mut chars = word.chars();
    chars.next().map_or_else(String::new, |first| first.to_uppercase().chain(chars).collect())
}

fn title_of(view: &View, headline: &Headline) -> String {
    match verdict(view) {
        Verdict::Blind => "Blind".to_owned(),
        Verdict::Degraded => "Degraded".to_owned(),
        Verdict::Learning => "Learning".to_owned(),
        Verdict::Ok => "All clear".to_owned(),
        Verdict::Alert | Verdict::Warn => headline
            .sentence
            .split(". ")
            .next()
            .unwrap_or("Overview")
            .trim_end_matches('.')
            .to_owned(),
    }
}

pub(super) fn pulse(view: &View, clock: &Clock) -> Pulse {
    let verdict = verdict(view);
    let is_current =
        verdict != Verdict::Blind && view.last_event.is_some() && verdict != Verdict::Degraded;
    let word = match (verdict, view.mode) {
        (Verdict::Blind, _) => "Not reading",
        _ if view.last_event.is_none() => "No event yet",
        _ if super::verdict::is_far_behind(view) => "Catching up",
        (Verdict::Degraded, _) => "Alive, with trouble",
        (_, Mode::Demo) => "Demo running",
        (_, Mode::Replay) => "Replaying",
        (_, Mode::Live) => "Alive and current",
    };
    Pulse { is_current, word, facts: facts(view, clock) }
}

fn facts(view: &View, clock: &Clock) -> Vec<Fact> {
    let fact = |label, value, more| Fact { label, value, more };
    let readable = view.sources_in(&[Reading::Reading, Reading::Idle, Reading::CatchingUp]);
    let (lines, rejected) = view
        .sources
        .iter()
        .fold((0, 0), |(lines, rejected), one| (lines + one.lines, rejected + one.rejected));
    let last_event = view.last_event.map_or_else(|| "none".to_owned(), |at| clock.when(at));
    let lag =
        view.lag_seconds.map_or_else(String::new, |lag| format!(", {} behind", lag_text(lag)));
    let sources = format!("{readable} of {}", view.sources.len());
    let sent = view.mail.last_sent;
    let mut facts = vec![
        fact("last event", last_event, lag),
        fact("sources", sources, " readable".to_owned()),
        fact("rejected", share(rejected, lines), " of lines".to_owned()),
        if view.mail.enabled {
            let sent = sent.map_or_else(|| "none sent yet".to_owned(), |at| clock.when_minute(at));
            fact("last mail", sent, format!(", {} waiting", number(view.mail.queued)))
        } else {
            fact("mail", "off".to_owned(), String::new())
        },
    ];
    if let Some(started) = view.started.filter(|_| view.mode == Mode::Live) {
        facts.push(fact("running for", clock.ago(started), String::new()));
    }
    facts
}

fn meters(view: &View) -> Vec<Meter> {
    let learning = view.learning;
    [("Keys", learning.keys_ready, learning.keys), ("Roles", learning.roles_ready, learning.roles)]
        .into_iter()
        .filter(|(_, _, all)| 0 < *all)
        .map(|(label, value, max)| Meter {
            label,
            value,
            max,
            text: format!("{} of {} ready", number(value), number(max)),
        })
        .collect()
}

fn lag_text(lag: f64) -> String {
    if lag < 60.0 { format!("{lag:.1}\u{202f}s") } else { span(seconds(lag)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_in_a_reason_are_written_as_elsewhere() {
        assert_eq!(because("1,240 requests, 3 %"), "1\u{202f}240 requests, 3\u{202f}%");
        assert_eq!(because("of 1,234,567; AS1,AS2"), "of 1\u{202f}234\u{202f}567; AS1,AS2");
    }
}
