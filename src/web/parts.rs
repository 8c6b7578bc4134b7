//! What every page has: the frame, the verdict's sentence, names of states, icons.

use std::hash::{DefaultHasher, Hasher};
use std::sync::LazyLock;

use super::text::{Clock, about, clean, count, cut, number, span};
use super::verdict::is_far_behind;
use super::view::{HourPoint, Mode, Reading, View, is_open};
use super::{Verdict, verdict};
use crate::incident::{Incident, IncidentId, State, words};
use crate::model::{Hour, Millis, Severity};

pub(super) const CSS: &str = include_str!("templates/app.css");

/// The style sheet's name changes with its content, so that it may be kept for ever.
pub(super) static CSS_NAME: LazyLock<String> = LazyLock::new(|| {
    let mut hasher = DefaultHasher::new();
    hasher.write(CSS.as_bytes());
    format!("app-{:012x}.css", hasher.finish() >> 16)
});

/// Head, navigation and foot of a page.
pub(super) struct Frame {
    pub title: String,
    pub verdict: &'static str,
    pub here: &'static str,
    pub host: String,
    pub mode: Option<&'static str>,
    pub open: usize,
    pub keys: String,
    pub has_sources_trouble: bool,
    pub as_of: String,
    pub zone: String,
    pub today: String,
    pub version: String,
    pub css: &'static str,
}

/// The answer to "is anything wrong, and what do I do next".
pub(super) struct Headline {
    pub verdict: &'static str,
    /// The tint and the icon: a severity for incidents.
    pub tone: &'static str,
    pub sentence: String,
    pub next: String,
    pub command: Option<String>,
    pub button: Option<(String, String)>,
}

pub(super) fn clock_of(view: &View) -> Clock {
    Clock::new(view.now, view.zone.as_ref())
}

pub(super) fn frame(view: &View, here: &'static str, title: &str) -> Frame {
    let clock = clock_of(view);
    let verdict = verdict(view);
    let keyvigil = if view.host.is_empty() {
        "keyvigil".to_owned()
    } else {
        format!("keyvigil {}", view.host)
    };
    Frame {
        title: format!("{} {title} · {keyvigil}", sign(verdict)),
        verdict: verdict.name(),
        here,
        host: view.host.clone(),
        mode: (view.mode != Mode::Live).then(|| view.mode.name()),
        open: view.open().len(),
        keys: number(u64::try_from(view.keys.len()).unwrap_or(u64::MAX)),
        has_sources_trouble: matches!(verdict, Verdict::Blind | Verdict::Degraded),
        as_of: clock.time(clock.now()),
        zone: clock.zone(),
        today: clock.today(),
        version: view.version.clone(),
        css: CSS_NAME.as_str(),
    }
}

pub(super) fn headline(view: &View) -> Headline {
    let verdict = verdict(view);
    let empty = Headline {
        verdict: verdict.name(),
        tone: verdict.name(),
        sentence: String::new(),
        next: String::new(),
        command: None,
        button: None,
    };
    match verdict {
        Verdict::Blind => blind(view, empty),
        Verdict::Degraded => degraded(view, empty),
        Verdict::Alert | Verdict::Warn => unwell(view, empty),
        Verdict::Learning => learning(view, empty),
        Verdict::Ok => all_clear(view, empty),
    }
}

/// Open first, then the newest first.
pub(super) fn incidents_in_order(view: &View) -> Vec<&Incident> {
    let mut list: Vec<&Incident> = view.incidents.iter().collect();
    list.sort_by(|a, b| (is_open(b), b.opened, a.id.0).cmp(&(is_open(a), a.opened, b.id.0)));
    list
}

pub(super) const fn state_name(state: State) -> &'static str {
    match state {
        State::Open => "open",
        State::Acknowledged => "acknowledged",
        State::Resolved => "resolved",
        State::Muted => "muted",
    }
}

/// The incident that a name, or the beginning of one, stands for.
pub(super) fn find<'a>(view: &'a View, name: &str) -> Option<&'a Incident> {
    let range = IncidentId::range_of(name).ok()?;
    view.incidents.iter().find(|incident| range.contains(&incident.id))
}

/// Whom it is about, as one would call it.
pub(super) fn entity_name(incident: &Incident) -> String {
    cut(&clean(&incident.name()), 48)
}

/// What happened, to be read after the name.
pub(super) fn what(incident: &Incident) -> String {
    words(&incident.kind).map_or_else(|| clean(&incident.title), |words| words.title.to_owned())
}

/// The tab's icon carries the verdict by shape and colour.
pub(super) fn icon(name: &str) -> Option<String> {
    let verdict = Verdict::ALL.into_iter().find(|verdict| verdict.name() == name)?;
    let (colour, shape) = match verdict {
        Verdict::Blind => ("#4b5563", r#"<path d="M4 4l24 24M28 4L4 28" stroke-width="5"/>"#),
        Verdict::Degraded => (
            "#8a4b00",
            r#"<path d="M6 6h20v20H6z" stroke-width="4"/><path d="M16 10v8m0 3v2" stroke-width="4"/>"#,
        ),
        Verdict::Alert => {
            ("#b3261e", r##"<path d="M16 3l14 25H2z" fill="#b3261e" stroke-width="2"/>"##)
        }
        Verdict::Warn => {
            ("#8a4b00", r##"<path d="M16 2l14 14-14 14L2 16z" fill="#b26a00" stroke-width="1"/>"##)
        }
        Verdict::Learning => (
            "#1d5fb4",
            r##"<circle cx="16" cy="16" r="12" stroke-width="4"/><path d="M16 4a12 12 0 0 1 0 24z" fill="#1d5fb4" stroke="none"/>"##,
        ),
        Verdict::Ok => ("#146c43", r#"<path d="M4 17l8 8L28 7" stroke-width="5"/>"#),
    };
    Some(format!(
        r#"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32" fill="none" stroke="{colour}" stroke-linejoin="round">{shape}</svg>"#
    ))
}

/// The state in the tab's title, where a colour cannot be seen.
const fn sign(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Blind => "✕",
        Verdict::Degraded => "⚠",
        Verdict::Alert => "▲",
        Verdict::Warn => "◆",
        Verdict::Learning => "◐",
        Verdict::Ok => "✓",
    }
}

fn blind(view: &View, empty: Headline) -> Headline {
    if view.sources.is_empty() {
        return Headline {
            sentence: "Nothing is being watched: no log file is given.".to_owned(),
            next: "name a log, on the command line or under [[source]] in the configuration:"
                .to_owned(),
            command: Some("keyvigil run /var/log/nginx/access.log".to_owned()),
            ..empty
        };
    }
    let problem = view.sources.iter().find_map(|source| source.problem.clone());
    Headline {
        sentence: match view.sources.as_slice() {
            [only] => format!("Blind: {} cannot be read.", clean(&only.path)),
            all => format!("Blind: none of {} log files can be read.", all.len()),
        },
        next: problem.unwrap_or_else(|| "check that the files exist and may be read:".to_owned()),
        command: view.sources.first().map(|source| format!("ls -l '{}'", clean(&source.path))),
        button: Some(("/health".to_owned(), "See the sources".to_owned())),
        ..empty
    }
}

fn degraded(view: &View, empty: Headline) -> Headline {
    let unreadable = view.sources_in(&[Reading::Unreadable, Reading::Missing]);
    let mut reasons: Vec<String> = Vec::new();
    if 0 < unreadable {
        let mut bad = view.sources.iter().filter(|source| !source.state.is_readable());
        let path = bad.clone().next().map_or_else(String::new, |source| clean(&source.path));
        let mend = bad.find_map(|source| source.problem.clone());
        reasons.push(format!(
            "{unreadable} of {} log files cannot be read: {}",
            view.sources.len(),
            mend.unwrap_or(path)
        ));
    }
    if is_far_behind(view) {
        let lag = view.lag_seconds.map_or_else(String::new, |lag| span(seconds(lag)));
        reasons.push(format!("catching up: what is judged now happened {lag} ago"));
    }
    reasons.extend(view.degraded.iter().cloned());
    let open = view.open();
    let mut sentence = match reasons.len() {
        1 => "Degraded: one thing does not work as it should.".to_owned(),
        many => format!("Degraded: {many} things do not work as they should."),
    };
    if !open.is_empty() {
        sentence = format!("{sentence} {}.", count(open.len(), "open incident", "open incidents"));
    }
    let button = match open.first() {
        Some(worst) => review(worst),
        None => ("/health".to_owned(), "See what is wrong".to_owned()),
    };
    Headline { sentence, next: reasons.join("; "), button: Some(button), ..empty }
}

fn unwell(view: &View, empty: Headline) -> Headline {
    let open = view.open();
    let Some(worst) = open.first() else {
        return stale_only(view, empty);
    };
    let counts: Vec<String> = [Severity::Critical, Severity::High, Severity::Medium, Severity::Low]
        .into_iter()
        .map(|severity| (view.open_count(severity), severity.name()))
        .filter(|(count, _)| 0 < *count)
        .map(|(count, name)| format!("{count} {name}"))
        .collect();
    let oldest = open.iter().map(|incident| incident.since).min().unwrap_or(view.now);
    Headline {
        tone: worst.severity.name(),
        sentence: format!(
            "{}: {}. Oldest: {}.",
            count(open.len(), "open incident", "open incidents"),
            counts.join(", "),
            clock_of(view).ago(oldest)
        ),
        next: next_step(worst),
        button: Some(review(worst)),
        ..empty
    }
}

fn stale_only(view: &View, empty: Headline) -> Headline {
    let next = view.stale_open().first().map(|worst| {
        format!(
            "{}: {}. {}",
            cut(&clean(&worst.key), 48),
            clean(&worst.because),
            clean(&worst.next)
        )
    });
    Headline {
        sentence: format!(
            "No open incident. {}.",
            count(view.stale_keys(), "key is stale", "keys are stale")
        ),
        next: next.unwrap_or_default(),
        button: Some(("/keys?state=stale".to_owned(), "See stale keys".to_owned())),
        ..empty
    }
}

fn learning(view: &View, empty: Headline) -> Headline {
    if view.events == 0 {
        return Headline {
            sentence: "Waiting for the first event.".to_owned(),
            next: format!(
                "the {} open, but no line has been read as a request yet. If there is traffic, \
                 look whether the format fits:",
                if view.sources.len() == 1 { "log file is" } else { "log files are" }
            ),
            command: view
                .sources
                .first()
                .map(|source| format!("keyvigil parse '{}' | head", clean(&source.path))),
            button: Some(("/health".to_owned(), "See the sources".to_owned())),
            ..empty
        };
    }
    Headline {
        sentence: format!(
            "Learning what is usual: {} of {} ready.",
            view.learning.keys_ready,
            count(usize::try_from(view.learning.keys).unwrap_or(usize::MAX), "key", "keys")
        ),
        next: "nothing to do. Rules hold from the first second: use of revoked, retired, expired \
               and canary keys is reported while the rest is learned."
            .to_owned(),
        ..empty
    }
}

fn all_clear(view: &View, empty: Headline) -> Headline {
    let day = Millis::hours(24);
    let (requests, keys) = (requests_of_day(view), keys_of_day(view));
    let resolved = view
        .incidents
        .iter()
        .filter(|incident| !incident.below && view.now.back(day) <= incident.opened)
        .count();
    let first = if resolved == 0 {
        "Nothing unusual in 24\u{202f}h.".to_owned()
    } else {
        format!(
            "No open incident. {} in 24\u{202f}h.",
            count(resolved, "was resolved", "were resolved")
        )
    };
    Headline {
        sentence: format!(
            "{first} {}, {} requests checked.",
            count(keys, "key", "keys"),
            about(requests)
        ),
        next: "nothing to do.".to_owned(),
        ..empty
    }
}

/// Requests of the last 24 hours of the series.
pub(super) fn requests_of_day(view: &View) -> u64 {
    closed_hours(view).iter().map(|hour| hour.requests).sum()
}

/// The last 24 whole hours. One without a request is all zero; those before the first
/// request are left out.
pub(super) fn closed_hours(view: &View) -> Vec<HourPoint> {
    let now = view.now.hour();
    let Some(first) = view.hours.first().map(|point| point.hour) else {
        return Vec::new();
    };
    (first.0.max(now.0 - 24)..now.0)
        .map(|hour| {
            let known = view.hours.iter().find(|point| point.hour == Hour(hour)).copied();
            known.unwrap_or(HourPoint { hour: Hour(hour), ..HourPoint::default() })
        })
        .collect()
}

/// Keys used in the last 24 hours.
pub(super) fn keys_of_day(view: &View) -> usize {
    let since = view.now.back(Millis::hours(24));
    view.keys.iter().filter(|key| key.last_used.is_some_and(|used| since <= used)).count()
}

#[expect(clippy::cast_possible_truncation, reason = "a lag of years at most")]
pub(super) fn seconds(seconds: f64) -> Millis {
    Millis((seconds * 1000.0) as i64)
}

fn review(incident: &Incident) -> (String, String) {
    (format!("/incidents/{}", incident.id), format!("Review {} incident", incident.severity.name()))
}

fn next_step(incident: &Incident) -> String {
    let step = words(&incident.kind).and_then(|words| words.next_steps.first().copied());
    let step = step.unwrap_or("look at the evidence and ask the owner whether this was planned");
    let whom = entity_name(incident);
    let owner = clean(&incident.owner);
    if owner.is_empty() { format!("{whom}: {step}") } else { format!("{whom} ({owner}): {step}") }
}

pub(super) fn wide(count: usize) -> u64 {
    u64::try_from(count).unwrap_or(u64::MAX)
}
