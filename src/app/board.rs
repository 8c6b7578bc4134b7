//! What the stages let others see: put together from their latest words, published to
//! the page and to whoever waits for the summary.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jiff::tz::TimeZone;
use tokio::sync::watch;

use super::desk::WITHHELD;
use super::intake::Intake;
use super::job::Job;
use super::kept::Removed;
use super::known::{Known, keep_stale};
use super::lateness::Lateness;
use super::reading::Reject;
use super::replay::Found;
use super::troubles;
use crate::config::Config;
use crate::engine::Overview;
use crate::incident::{Incident, StaleFinding};
use crate::model::{Millis, Timestamp};
use crate::store::{Health, OutboxCounts, Store};
use crate::tail::{SourceState, SourceStatus};
use crate::web::{
    HourPoint, Learning, Mail, Mode, Reading, Shelf, Source, StoreFacts, View, Visitor, Window,
};

/// What `status` says of a store at rest.
const NOBODY_WATCHES: &str = "keyvigil is not running, so nothing is watched; this is what its \
    store remembers; start it with `systemctl start keyvigil`";

/// Sources are looked at in every round of the tail, but shown only so often.
const PUBLISH_EVERY: Millis = Millis(1000);

/// Cheap to clone: every stage has one.
#[derive(Clone, Debug)]
pub(super) struct Board {
    parts: Arc<Mutex<Parts>>,
    view: watch::Sender<Arc<View>>,
    store: Option<Store>,
    found: Option<Arc<Mutex<Found>>>,
    now: fn() -> Timestamp,
}

#[derive(Debug, Default)]
struct Parts {
    mode: Mode,
    started: Option<Timestamp>,
    overview: Overview,
    known: Known,
    sources: Vec<Source>,
    last_event: Option<Timestamp>,
    mail_enabled: bool,
    degraded: Vec<String>,
    lateness: Lateness,
    /// Of the configuration and the files beside it: what is wrong, by what it is about.
    notes: BTreeMap<&'static str, String>,
    config: Option<String>,
    /// What is stored, and for how long.
    kept: Vec<(&'static str, String)>,
    removed: Removed,
    /// When the sources were put in.
    sources_at: Option<Timestamp>,
    /// How the store was when nothing was being written.
    glance: Option<(Health, OutboxCounts)>,
    shelf: Shelf,
}

impl Board {
    /// For a replay: only the summary at its end is asked for.
    pub(super) fn collecting(found: Arc<Mutex<Found>>) -> Self {
        Self { found: Some(found), ..Self::new(Parts::default(), None) }
    }

    /// For the daemon: shows at once what the store remembers.
    pub(super) fn live(
        job: &mut Job,
        store: Option<Store>,
        config: &Config,
    ) -> Result<Self, super::JobError> {
        let overview = job.judge.overview();
        let mut parts = Parts {
            started: Some(super::now()),
            overview,
            mail_enabled: config.mail.is_some() || !config.notify.is_empty(),
            degraded: job.degraded.clone(),
            ..Parts::default()
        };
        if let Some(store) = &store {
            parts.known.remember(store, Some(job.judge.engine()))?;
        }
        Ok(Self::new(parts, store))
    }

    /// For a store that nobody runs: nothing is read, and that is said.
    pub(super) fn resting(store: &Store, overview: Overview) -> Result<Self, super::JobError> {
        let mut parts = Parts { overview, ..Parts::default() };
        parts.degraded.extend(store.health().problems());
        parts.degraded.push(NOBODY_WATCHES.to_owned());
        parts.known.remember(store, None)?;
        let board = Self::new(parts, Some(store.clone()));
        board.publish();
        Ok(board)
    }

    /// For the demo: time is that of the log which is played.
    pub(super) fn with_clock(mut self, clock: fn() -> Timestamp) -> Self {
        self.now = clock;
        let mut parts = self.parts();
        parts.mode = Mode::Demo;
        // As files, to nobody.
        parts.mail_enabled = true;
        parts.started = Some(clock());
        drop(parts);
        self
    }

    fn new(parts: Parts, store: Option<Store>) -> Self {
        let (view, _) = watch::channel(Arc::new(View::default()));
        Self { parts: Arc::new(Mutex::new(parts)), view, store, found: None, now: super::now }
    }

    /// For the page, and whoever else looks.
    pub(super) fn window(&self) -> Window {
        self.publish();
        Window { view: self.view.subscribe(), now: self.now }
    }

    /// Whether anybody looks before the end.
    pub(super) const fn is_watched(&self) -> bool {
        self.found.is_none()
    }

    pub(super) fn overview(&self, overview: Overview) {
        if let Some(found) = &self.found {
            locked(found).overview = overview;
            return;
        }
        let now = (self.now)();
        let mut parts = self.parts();
        let late = parts.lateness.look(now, (overview.events, overview.late));
        parts.settle("lateness", late);
        // A story that is played runs ahead of its own clock.
        let judged = overview.watermark.filter(|_| parts.mode != Mode::Demo);
        let ahead = judged.and_then(|judged| troubles::clock_is_back(judged, now));
        parts.settle("the clock", ahead);
        parts.overview = overview;
        drop(parts);
        self.publish();
    }

    /// These are on the disk now.
    pub(super) fn committed(&self, incidents: &[Incident], stale: &[Arc<StaleFinding>]) {
        if let Some(found) = &self.found {
            let mut found = locked(found);
            found.incidents.extend(incidents.iter().map(|it| (it.id, it.clone())));
            keep_stale(&mut found.stale, stale);
            return;
        }
        if incidents.is_empty() && stale.is_empty() {
            return;
        }
        let mut parts = self.parts();
        parts.known.take(incidents, stale);
        drop(parts);
        self.publish();
    }

    /// Lists what the store has now, and nothing from before.
    pub(super) fn remember(&self, store: &Store) -> Result<(), super::JobError> {
        let mut known = Known::default();
        known.remember(store, None)?;
        self.parts().known = known;
        self.publish();
        Ok(())
    }

    /// Says what is wrong with something, or that nothing is any more.
    pub(super) fn note(&self, about: &'static str, wrong: Option<String>) {
        let is_news = self.parts().settle(about, wrong);
        if is_news {
            self.publish();
        }
    }

    /// The configuration in force, and when it was read.
    pub(super) fn config(
        &self,
        config: Option<String>,
        kept: Vec<(&'static str, String)>,
        mail_enabled: bool,
    ) {
        let mut parts = self.parts();
        parts.config = config;
        parts.kept = kept;
        parts.mail_enabled = mail_enabled;
        drop(parts);
        self.publish();
    }

    /// What went because it was too old.
    pub(super) fn removed(&self, removed: Removed) {
        if removed != Removed::default() {
            let mut parts = self.parts();
            parts.removed = parts.removed.and(removed);
            drop(parts);
            self.publish();
        }
    }

    /// Always the newest.
    pub(super) fn view(&self) -> watch::Receiver<Arc<View>> {
        self.view.subscribe()
    }

    /// How the reading goes.
    pub(super) fn sources(&self, statuses: &[SourceStatus], intake: &Intake) {
        if self.are_sources_due() {
            let sources: Vec<Source> = statuses.iter().map(|it| source_row(it, intake)).collect();
            let mut parts = self.parts();
            parts.sources_at = Some((self.now)());
            parts.sources = sources;
            parts.last_event = intake.latest().or(parts.last_event);
            drop(parts);
            self.publish();
        }
    }

    /// Whatever else was published meanwhile.
    fn are_sources_due(&self) -> bool {
        let now = (self.now)();
        let due = |at: Timestamp| now < at || at.plus(PUBLISH_EVERY) <= now;
        self.parts().sources_at.is_none_or(due)
    }

    fn publish(&self) {
        let now = (self.now)();
        let glance = self.store.as_ref().and_then(Store::glance);
        let mut parts = self.parts();
        parts.glance = glance.or_else(|| parts.glance.take());
        let glance = parts.glance.clone();
        let mut view = parts.view(now);
        drop(parts);
        if let Some((health, counts)) = glance {
            view.mail.queued = counts.waiting;
            view.mail.failed = counts.given_up;
            view.mail.last_sent = counts.last_sent;
            let wrong = [troubles::refused(&counts), troubles::given_up(&counts, now)];
            view.degraded.extend(wrong.into_iter().flatten());
            view.store = Some(StoreFacts {
                events: health.events,
                disk_bytes: health.disk_bytes,
                rotation_percent: health.rotation.map(|rotation| rotation.percent),
            });
        }
        self.view.send_replace(Arc::new(view));
    }

    fn parts(&self) -> MutexGuard<'_, Parts> {
        locked(&self.parts)
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Parts {
    /// Whether that is another than before.
    fn settle(&mut self, about: &'static str, wrong: Option<String>) -> bool {
        if self.notes.get(about) == wrong.as_ref() {
            return false;
        }
        self.notes.remove(about);
        self.notes.extend(wrong.map(|wrong| (about, wrong)));
        true
    }

    fn view(&self, wall: Timestamp) -> View {
        let overview = &self.overview;
        let now = match self.mode {
            Mode::Demo | Mode::Replay => overview.watermark.unwrap_or(wall),
            Mode::Live => wall,
        };
        let ready = overview.keys.iter().filter(|key| key.state == "ready").count();
        View {
            now,
            store: None,
            updated: wall,
            mode: self.mode,
            zone: Some(TimeZone::system()),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            host: super::host_name(),
            started: self.started,
            last_event: self.last_event.or_else(|| last_before(overview)),
            lag_seconds: overview.watermark.map(|at| seconds(now.since(at))),
            watermark: overview.watermark,
            events: overview.events,
            late: overview.late,
            roles: count(overview.roles.len()),
            role_rows: overview.roles.clone().into(),
            keys: Arc::clone(&overview.keys),
            parties: Arc::clone(&overview.parties),
            not_known: overview.not_known.clone(),
            incidents: Arc::clone(&self.known.incidents),
            stale: Arc::clone(&self.known.stale),
            sources: self.sources.clone(),
            mail: Mail { enabled: self.mail_enabled, ..Mail::default() },
            hours: overview.hours.iter().map(HourPoint::from).collect(),
            learning: Learning {
                keys_ready: count(ready),
                keys: count(overview.keys.len()),
                ..Learning::default()
            },
            degraded: self.degraded.iter().chain(self.notes.values()).cloned().collect(),
            config: self.config.clone(),
            visitor: Visitor::default(),
            shelf: self.shelf.clone(),
            alarm_line: overview.theta_is_learned.then_some(overview.theta),
            kinds_off: overview.kinds_off.clone(),
            kept: self.kept(),
        }
    }
}

impl Parts {
    fn kept(&self) -> Vec<(&'static str, String)> {
        let mut kept = self.kept.clone();
        if !kept.is_empty() {
            let withheld: u64 = self.sources.iter().map(|source| source.withheld).sum();
            kept.push(("Never stored, as asked for", format!("{withheld} lines")));
            kept.push(("Removed as too old, since the start", self.removed.in_words()));
        }
        kept
    }
}

fn source_row(status: &SourceStatus, intake: &Intake) -> Source {
    let counts = intake.counts_so_far(&status.source);
    let shown = |reject: &Reject| format!("{}: {}", reject.reason, reject.line);
    let withheld =
        counts.skipped.get_key_value(WITHHELD).map(|(why, number)| (why.clone(), *number));
    Source {
        withheld: withheld.as_ref().map_or(0, |(_, number)| *number),
        path: status.source.0.clone(),
        state: match status.state {
            SourceState::Reading => Reading::Reading,
            SourceState::Idle => Reading::Idle,
            SourceState::CatchingUp => Reading::CatchingUp,
            SourceState::Unreadable => Reading::Unreadable,
            SourceState::Missing => Reading::Missing,
        },
        format: intake.format_of(&status.source).to_owned(),
        offset: status.offset,
        size: status.size,
        lines: counts.lines,
        rejected: counts.rejected_total(),
        // What is never stored is counted where whoever looks for it looks.
        reasons: counts.rejected.into_iter().chain(withheld).collect(),
        last_rejects: intake.rejects(&status.source).map(shown).collect(),
        rotations: status.rotations,
        losses: counts.losses,
        lost_bytes: counts.lost_bytes,
        problem: status.problem.clone(),
    }
}

fn count(number: usize) -> u64 {
    u64::try_from(number).unwrap_or(u64::MAX)
}

#[expect(clippy::cast_precision_loss, reason = "a lag in seconds, shown with one digit")]
fn seconds(length: Millis) -> f64 {
    length.0.max(0) as f64 / 1000.0
}
/// The last event of earlier runs: the watermark goes on with the clock where nothing comes.
fn last_before(overview: &Overview) -> Option<Timestamp> {
    let of_keys = overview.keys.iter().filter_map(|key| key.last_used).max();
    of_keys.or(overview.watermark.filter(|_| overview.events != 0))
}
