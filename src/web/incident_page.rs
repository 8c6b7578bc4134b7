//! One incident: what happened, why it was raised, its evidence, what to do.

use askama::Template;

use super::errand::{Beside, Found, Pair};
use super::history::{Moment, history};
use super::incident_chart::{Chart, chart};
use super::keys_page::encoded;
use super::overview::{IncidentLine, capital, incident_line};
use super::parts::{Frame, Pager, clock_of, entity_name, frame, wide};
use super::say::{MUTES, is_told};
use super::text::{Clock, about, clean, count, cut, number, share, span};
use super::view::{View, is_open};
use super::why::{Reason, reasons};
use crate::detect::SigmaNote;
use crate::engine::KeyRow;
use crate::incident::{Incident, words};
use crate::model::{Class, Millis, Timestamp};

#[derive(Template)]
#[template(path = "incident.html", escape = "page")]
pub(super) struct IncidentPage {
    frame: Frame,
    line: IncidentLine,
    state: String,
    opened: String,
    owner: String,
    role: String,
    /// Unknown until the slot is over in which a rule was broken.
    events: Option<String>,
    chart: Option<Chart>,
    reasons: Vec<Reason>,
    /// None where a rule was broken.
    score: Option<String>,
    alarm_line: Option<String>,
    evidence: Vec<EvidenceRow>,
    compared: Option<Compared>,
    matters: &'static str,
    steps: Vec<&'static str>,
    facts: Vec<(&'static str, String)>,
    key_href: Option<String>,
    history: Vec<Moment>,
    /// What was done by a form, or why it was not.
    message: Option<String>,
    is_done: bool,
    /// It is not over yet.
    is_alive: bool,
    mutes: &'static [(&'static str, &'static str, Millis)],
    attack: String,
    owasp: String,
    rules: Vec<RuleSaid>,
}

#[derive(Template)]
#[template(path = "incidents.html", escape = "page")]
pub(super) struct IncidentsPage {
    frame: Frame,
    heading: String,
    lines: Vec<IncidentLine>,
    wanted: &'static str,
    counts: Vec<(&'static str, &'static str, usize)>,
    pager: Pager,
}

/// What was asked for, before and during it.
struct Compared {
    looked: String,
    tables: Vec<(&'static str, Vec<Shares>)>,
}

/// A value, and its share before and during.
type Shares = (String, String, String);

/// What a Sigma rule says of itself.
struct RuleSaid {
    title: String,
    description: String,
    facts: Vec<(&'static str, String)>,
    references: Vec<String>,
    false_positives: Vec<String>,
}

struct EvidenceRow {
    at: String,
    address: String,
    request: String,
    status: u16,
    is_error: bool,
    agent: String,
}

const LINES_SHOWN: usize = 60;

const TABS: [(&str, &str); 4] =
    [("", "All"), ("open", "Open"), ("closed", "Closed"), ("below", "Below the alarm line")];

pub(super) fn incidents_page(view: &View, wanted: &str, page: usize) -> IncidentsPage {
    let clock = clock_of(view);
    let all = view.incidents_in_order();
    let count_of = |name: &str| all.iter().filter(|one| is_wanted(one, name)).count();
    let wanted = TABS.iter().map(|(name, _)| *name).find(|it| *it == wanted).unwrap_or_default();
    let page = page.min(count_of(wanted).div_ceil(LINES_SHOWN).saturating_sub(1));
    let lines: Vec<IncidentLine> = all
        .iter()
        .filter(|one| is_wanted(one, wanted))
        .skip(page * LINES_SHOWN)
        .take(LINES_SHOWN)
        .map(|one| incident_line(one, &clock))
        .collect();
    let heading = count(view.open().len(), "open incident", "open incidents");
    IncidentsPage {
        frame: frame(view, "incidents", &heading),
        heading,
        pager: Pager::of(
            (&format!("/incidents?state={wanted}&"), page),
            LINES_SHOWN,
            count_of(wanted),
        ),
        lines,
        wanted,
        counts: TABS.map(|(name, label)| (name, label, count_of(name))).to_vec(),
    }
}

fn is_wanted(incident: &Incident, wanted: &str) -> bool {
    match wanted {
        "open" => is_open(incident),
        "closed" => !is_open(incident) && !incident.below,
        "below" => incident.below,
        _ => !incident.below,
    }
}

pub(super) fn incident_page(view: &View, found: &Found, message: Option<String>) -> IncidentPage {
    let incident = &found.incident;
    let clock = clock_of(view);
    let line = incident_line(incident, &clock);
    let words = words(&incident.kind);
    let key = incident
        .entity
        .key()
        .or_else(|| incident.keys.first().map(String::as_str).filter(|_| incident.keys.len() == 1))
        .and_then(|id| view.keys.iter().find(|key| key.key == id));
    IncidentPage {
        frame: frame(view, "incidents", &format!("{} {}", capital(line.severity), line.id)),
        state: capital(line.state),
        opened: opened(incident, &clock),
        owner: line.owner.clone(),
        role: clean(&incident.role),
        events: (0 < incident.events).then(|| about(incident.events)),
        chart: chart(view, (incident, key), &clock),
        reasons: reasons(incident, &clock),
        score: (incident.class == Class::Statistical).then(|| format!("{:.1}", incident.score)),
        alarm_line: view
            .alarm_line
            .filter(|_| incident.class == Class::Statistical)
            .map(|line| format!("{line:.1}")),
        evidence: evidence(incident, &clock),
        compared: compared(found.beside.as_ref()),
        matters: words.map_or("", |words| words.why_it_matters),
        steps: words.map_or_else(Vec::new, |words| words.next_steps.to_vec()),
        facts: facts(incident, key, &clock),
        key_href: key.map(|key| format!("/keys/{}", encoded(&key.key))),
        history: history(found, &clock),
        is_done: message.as_deref().is_some_and(is_told),
        message,
        is_alive: incident.is_open() && incident.merged_into.is_none(),
        mutes: &MUTES,
        attack: clean(&incident.attack().join(", ")),
        rules: incident.rules().map(RuleSaid::of).collect(),
        owasp: words.map_or_else(String::new, |words| words.owasp.join(", ")),
        line,
    }
}

impl RuleSaid {
    fn of(rule: &SigmaNote) -> Self {
        let all = |texts: &[String]| texts.iter().map(|text| cut(&clean(text), 300)).collect();
        let facts = [("Id", clean(&rule.id)), ("Level", clean(&rule.level))];
        Self {
            title: cut(&clean(&rule.title), 120),
            description: cut(&clean(&rule.description), 300),
            facts: facts.into_iter().filter(|(_, value)| !value.is_empty()).collect(),
            references: all(&rule.references),
            false_positives: all(&rule.false_positives),
        }
    }
}

fn opened(incident: &Incident, clock: &Clock) -> String {
    match incident.resolved {
        Some(at) => format!("{}, after {}", clock.when_minute(at), span(at.since(incident.since))),
        None => format!(
            "since {}, {} ago",
            clock.when_minute(incident.since),
            clock.ago(incident.since)
        ),
    }
}

/// Shares of what was looked at; none where there is nothing to compare.
fn compared(beside: Option<&Beside>) -> Option<Compared> {
    let beside = beside.filter(|it| 0 < it.during.0 || 0 < it.before.0)?;
    let looked = |(requests, is_part): (usize, bool), when: &str| {
        let some = count(requests, "request", "requests");
        if is_part { format!("the last {some} {when}") } else { format!("{some} {when}") }
    };
    let of = |part: usize, (all, _): (usize, bool)| {
        if all == 0 { "–".to_owned() } else { share(wide(part), wide(all)) }
    };
    let table = |name, pairs: &[Pair]| {
        let row = |pair: &Pair| {
            let name = cut(&clean(&pair.name), 60);
            let name = if name.trim().is_empty() { "–".to_owned() } else { name };
            (name, of(pair.before, beside.before), of(pair.during, beside.during))
        };
        (name, pairs.iter().map(row).collect())
    };
    Some(Compared {
        looked: format!(
            "{}, {}",
            looked(beside.before, "in the day before"),
            looked(beside.during, "during")
        ),
        tables: vec![
            table("Address", &beside.addresses),
            table("Route", &beside.routes),
            table("Status", &beside.statuses),
        ],
    })
}

fn evidence(incident: &Incident, clock: &Clock) -> Vec<EvidenceRow> {
    incident
        .evidence
        .iter()
        .take(20)
        .map(|line| EvidenceRow {
            at: clock.when(line.at),
            address: clean(&line.source_ip),
            request: format!("{} {}", clean(&line.method), cut(&clean(&line.path), 120)),
            status: line.status,
            is_error: 400 <= line.status,
            agent: cut(&clean(&line.user_agent), 60),
        })
        .collect()
}

fn facts(incident: &Incident, key: Option<&KeyRow>, clock: &Clock) -> Vec<(&'static str, String)> {
    let list = |all: &[String]| {
        let mut shown: Vec<String> = all.iter().take(4).map(|one| cut(&clean(one), 48)).collect();
        if shown.len() < all.len() {
            shown.push(format!("and {} more", all.len() - shown.len()));
        }
        shown.join(", ")
    };
    let mut facts = vec![("About", entity_name(incident))];
    if 1 < incident.keys.len() || incident.entity.key().is_none() && !incident.keys.is_empty() {
        facts.push(("Keys", list(&incident.keys)));
    }
    if !incident.addresses.is_empty() && incident.entity.address().is_none() {
        facts.push(("Addresses", list(&incident.addresses)));
    }
    if let Some(key) = key {
        let used =
            |at: Option<Timestamp>| at.map_or_else(|| "never".to_owned(), |at| clock.when(at));
        facts.push(("First used", used(key.first_used)));
        facts.push(("Last used", used(key.last_used)));
        facts.push(("Requests", about(key.requests)));
        facts.push((
            "Baseline",
            format!(
                "{}, {}\u{202f}h learned",
                clean(key.state),
                number(u64::from(key.hours_learned))
            ),
        ));
    }
    facts
}
