//! What every page has: the frame, names of states, the tab's icon, sums.

use std::hash::{DefaultHasher, Hasher};
use std::sync::LazyLock;

use super::access::{Rank, Visitor, Way};
use super::text::{Clock, clean, cut, number};
use super::view::{HourPoint, Mode, View};
use super::{Verdict, verdict};
use crate::incident::{Incident, IncidentId, State, words};
use crate::model::{Hour, Millis};

pub(super) const CSS: &str = include_str!("templates/app.css");

pub(super) const JS: &str = include_str!("templates/app.js");

/// The names change with the contents, so that they may be kept for ever.
pub(super) static CSS_NAME: LazyLock<String> = LazyLock::new(|| named(CSS, "css"));
pub(super) static JS_NAME: LazyLock<String> = LazyLock::new(|| named(JS, "js"));

fn named(text: &str, ending: &str) -> String {
    let mut hasher = DefaultHasher::new();
    hasher.write(text.as_bytes());
    format!("app-{:012x}.{ending}", hasher.finish() >> 16)
}

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
    pub js: &'static str,
    /// Who looks, and what they may do.
    pub user: String,
    pub rank: &'static str,
    pub csrf: String,
    pub visitor: Visitor,
}

impl Frame {
    pub(super) fn may_look(&self) -> bool {
        self.visitor.may(Rank::Viewer)
    }

    pub(super) fn may_act(&self) -> bool {
        self.visitor.may(Rank::Operator)
    }

    pub(super) fn is_admin(&self) -> bool {
        self.visitor.may(Rank::Admin)
    }

    pub(super) fn has_session(&self) -> bool {
        self.visitor.way == Way::Session
    }
}

/// Where in a list one is, and how to go on.
pub(super) struct Pager {
    /// `26–50 of 300`.
    pub range: String,
    pub before: Option<String>,
    pub after: Option<String>,
}

impl Pager {
    /// The page's number follows on the address, which ends in `?` or `&`.
    pub(super) fn of((address, page): (&str, usize), rows: usize, all: usize) -> Self {
        let (from, to) = (page * rows, all.min((page + 1) * rows));
        Self {
            range: format!("{}–{} of {}", from + 1, to, number(wide(all))),
            before: (0 < page).then(|| format!("{address}page={}", page - 1)),
            after: (to < all).then(|| format!("{address}page={}", page + 1)),
        }
    }
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
        js: JS_NAME.as_str(),
        user: cut(&clean(&view.visitor.name), 60),
        rank: view.visitor.rank.map_or("", Rank::name),
        csrf: view.visitor.csrf.clone(),
        visitor: view.visitor.clone(),
    }
}

/// For someone nobody knows yet: it tells nothing of how things stand.
pub(super) fn frame_of_stranger(title: &str) -> Frame {
    let frame = frame(&View::default(), "", title);
    Frame { title: format!("{title} · keyvigil"), verdict: Verdict::Learning.name(), ..frame }
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

pub(super) fn wide(count: usize) -> u64 {
    u64::try_from(count).unwrap_or(u64::MAX)
}
