//! How the daemon itself is: its sources, its mail, its counts.

use askama::Template;

use super::overview::{Pulse, pulse};
use super::parts::{Frame, clock_of, frame};
use super::text::{Clock, bytes, clean, cut, number, share};
use super::view::{Reading, Source, View};

#[derive(Template)]
#[template(path = "health.html", escape = "page")]
pub(super) struct HealthPage {
    frame: Frame,
    pulse: Pulse,
    reasons: Vec<String>,
    sources: Vec<SourceRow>,
    engine: Vec<(&'static str, String)>,
    mail: Vec<(&'static str, String)>,
    about: Vec<(&'static str, String)>,
    kept: Vec<(&'static str, String)>,
}

struct SourceRow {
    path: String,
    state: &'static str,
    word: &'static str,
    format: String,
    /// `1.2 MB of 3.4 MB`; nothing of what is no file or empty.
    read: Option<String>,
    percent: Option<u64>,
    lines: String,
    rejected: String,
    share: String,
    rotations: String,
    /// `2 times, 1.2 kB of what had been seen`.
    lost: Option<String>,
    problem: Option<String>,
    /// Why lines were rejected: `512 no time`.
    reasons: Vec<String>,
    /// The last of them, scrubbed.
    last: Vec<String>,
}

const SOURCES_SHOWN: usize = 40;
const REJECTS_SHOWN: usize = 5;

pub(super) fn health_page(view: &View) -> HealthPage {
    let clock = clock_of(view);
    HealthPage {
        frame: frame(view, "health", "Health"),
        pulse: pulse(view, &clock),
        reasons: view.degraded.iter().map(|reason| clean(reason)).collect(),
        sources: view.sources.iter().take(SOURCES_SHOWN).map(source_row).collect(),
        engine: engine(view, &clock),
        mail: mail(view, &clock),
        about: about(view, &clock),
        kept: view.kept.iter().map(|(name, how)| (*name, clean(how))).collect(),
    }
}

fn source_row(source: &Source) -> SourceRow {
    let rejects = source.last_rejects.iter().take(REJECTS_SHOWN);
    SourceRow {
        path: cut(&clean(&source.path), 160),
        state: source.state.name(),
        word: match source.state {
            Reading::Reading => "Reading",
            Reading::Idle => "Idle, read to its end",
            Reading::CatchingUp => "Catching up",
            Reading::Unreadable => "Not readable",
            Reading::Missing => "Missing",
        },
        format: clean(&source.format),
        read: (0 < source.size)
            .then(|| format!("{} of {}", bytes(source.offset), bytes(source.size))),
        percent: (source.state == Reading::CatchingUp)
            .then(|| source.offset.saturating_mul(100).checked_div(source.size))
            .flatten(),
        lines: number(source.lines),
        rejected: number(source.rejected),
        share: share(source.rejected, source.lines),
        rotations: number(source.rotations),
        lost: (0 < source.losses).then(|| lost(source)),
        problem: source.problem.as_deref().map(clean),
        reasons: source
            .reasons
            .iter()
            .map(|(reason, count)| format!("{} {}", number(*count), clean(reason)))
            .collect(),
        last: rejects.map(|line| cut(&clean(line), 160)).collect(),
    }
}

fn lost(source: &Source) -> String {
    let times = if source.losses == 1 { "once" } else { "several times" };
    match source.lost_bytes {
        0 => format!("perhaps lines, {times}: it was cut short or is gone"),
        seen => format!("{times}, {} that had been seen, perhaps more", bytes(seen)),
    }
}

fn engine(view: &View, clock: &Clock) -> Vec<(&'static str, String)> {
    let moment = |at| clock.full(at);
    let mut rows = vec![
        ("Requests judged", number(view.events)),
        ("Too late to be judged", number(view.late)),
        ("Judged up to", view.watermark.map_or_else(|| "nothing yet".to_owned(), moment)),
    ];
    if let Some(line) = view.alarm_line {
        rows.push(("Alarms start at", format!("score {line:.1}")));
    }
    let (kinds, findings) = &view.kinds_off;
    if !kinds.is_empty() {
        let text = format!("{}; {} not told", kinds.join(", "), number(*findings));
        rows.push(("Turned off", text));
    }
    rows
}

fn mail(view: &View, clock: &Clock) -> Vec<(&'static str, String)> {
    if !view.mail.enabled {
        return vec![("State", "off: no address is configured".to_owned())];
    }
    let sent = view.mail.last_sent.map_or_else(
        || "none yet".to_owned(),
        |at| format!("{}, {} ago", clock.full(at), clock.ago(at)),
    );
    vec![
        ("Last sent", sent),
        ("Waiting", number(view.mail.queued)),
        ("Given up", number(view.mail.failed)),
    ]
}

fn about(view: &View, clock: &Clock) -> Vec<(&'static str, String)> {
    let mut rows = vec![("Version", view.version.clone()), ("Mode", view.mode.name().to_owned())];
    if let Some(started) = view.started {
        rows.push(("Started", clock.full(started)));
        rows.push(("Running for", clock.ago(started)));
    }
    if let Some(store) = view.store {
        let (disk, events) = (bytes(store.disk_bytes), number(store.events));
        rows.push(("Store", format!("{events} events, {disk} on disk")));
        if let Some(percent) = store.rotation_percent {
            rows.push(("New key of the store", format!("{percent} % encrypted with it")));
        }
    }
    let config = view.config.clone();
    rows.push(("Configuration", config.unwrap_or_else(|| "none: all defaults".to_owned())));
    rows
}
