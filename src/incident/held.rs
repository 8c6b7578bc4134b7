//! An incident that may still change, with what has been said about it so far.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::group::{JOIN, push_alerts};
use super::{Change, Context, Family, Incident, Notice, State, Transition};
use crate::model::{Entity, Finding, Millis, Severity, Timestamp};

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Held {
    pub(super) incident: Incident,
    /// Its own, and those of the incidents it took in.
    pub(super) entities: BTreeSet<Entity>,
    last_alert: Option<Timestamp>,
    alerted: Said,
    /// Something is worth a line, but the last one is not an hour old.
    alert_waits: bool,
    /// What people were told; none before the first notice.
    told: Option<Said>,
    /// How it stood when a person closed it.
    closed: Option<Said>,
    /// The last revision that was handed out.
    shown: u32,
    shown_at: Timestamp,
    shown_as: Option<(State, Severity, usize)>,
    /// Where it stands in the queue of those that wait for a tick.
    pub(super) queued: Option<Timestamp>,
}

/// How bad it was when it was last spoken of.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Said {
    severity: Severity,
    families: BTreeSet<Family>,
    below: bool,
    score: f64,
}

/// At most one line an hour and incident.
const ALERT_EVERY: Millis = Millis::hours(1);
/// Two windows of an hour without new evidence.
const QUIET: Millis = Millis::hours(2);
/// An incident under fire changes with every event: it is handed out this often.
const SHOW_EVERY: Millis = Millis::seconds(10);
/// So much more makes another line of those under the threshold.
const SCORE_STEP: f64 = 0.5;

impl Held {
    pub(super) fn of(incident: Incident) -> Self {
        let entities = BTreeSet::from([incident.entity.clone()]);
        Self { incident, entities, ..Self::default() }
    }

    pub(super) fn absorb(&mut self, finding: &Finding, context: &Context) {
        let before = self.incident.last_seen;
        if !self.incident.add(finding, context) {
            return;
        }
        self.incident.revision += 1;
        if self.incident.state == State::Resolved && before < finding.at && !self.is_closed() {
            self.incident.reopen();
            // Whoever heard of its end is to hear that it goes on.
            self.told = self.told.take().map(|_told| Said::default());
        }
    }

    /// A person's word that it is over holds until there is something worse or of another
    /// family.
    pub(super) fn close(&mut self, at: Timestamp, changes: &mut Vec<Change>) {
        self.resolve(at, changes);
        self.closed = Some(Said::of(&self.incident));
    }

    fn is_closed(&mut self) -> bool {
        let now = Said::of(&self.incident);
        if self.closed.as_ref().is_some_and(|closed| closed.is_outgrown_by(&now)) {
            self.closed = None;
        }
        self.closed.is_some()
    }

    /// Whether it stays when the two are merged: what people have seen stays; an address
    /// with many keys says more than one of them; then the earlier one.
    pub(super) fn precedes(&self, other: &Self) -> bool {
        let rank = |held: &Self| {
            let incident = &held.incident;
            let many = incident.entity.address().is_some() && 1 < incident.keys.len();
            (held.shown == 0, !many, incident.opened, incident.entity.clone())
        };
        rank(self) <= rank(other)
    }

    pub(super) fn take_in(&mut self, mut gone: Self, theta: f64, changes: &mut Vec<Change>) {
        gone.incident.merged_into = Some(self.incident.id);
        gone.resolve(gone.incident.last_seen.max(self.incident.last_seen), changes);
        self.incident.take_in(gone.incident, theta);
        self.incident.revision += 1;
        self.entities.append(&mut gone.entities);
        if let (Some(mine), Some(theirs)) = (self.last_alert, gone.last_alert) {
            self.last_alert = Some(mine.max(theirs));
        }
    }

    /// Says what is news at `at`: the incident as it stands, a line, a notice.
    pub(super) fn say(&mut self, at: Timestamp, changes: &mut Vec<Change>) {
        if self.told.is_none() {
            self.incident.first_title.clone_from(&self.incident.title);
            self.incident.first_severity = self.incident.severity;
        }
        if self.is_to_be_shown(at) {
            self.show(at, changes);
        }
        let joined = self.say_alert(at, changes);
        self.say_notice(at, joined, changes);
    }

    /// More of the same is shown every ten seconds, what is worse or over at once.
    fn is_to_be_shown(&self, at: Timestamp) -> bool {
        if !self.waits_to_be_shown() {
            return false;
        }
        let incident = &self.incident;
        let now = (incident.state, incident.severity, incident.findings.len());
        self.shown_as != Some(now) || self.shown_at.plus(SHOW_EVERY) <= at
    }

    fn waits_to_be_shown(&self) -> bool {
        !self.incident.below && self.shown != self.incident.revision
    }

    /// What was not handed out yet, whoever is told.
    pub(super) fn show_rest(&mut self, at: Timestamp, changes: &mut Vec<Change>) {
        if self.waits_to_be_shown() {
            self.show(at, changes);
        }
    }

    fn show(&mut self, at: Timestamp, changes: &mut Vec<Change>) {
        let incident = &self.incident;
        self.shown = incident.revision;
        self.shown_at = at;
        self.shown_as = Some((incident.state, incident.severity, incident.findings.len()));
        changes.push(Change::Incident(Box::new(incident.clone())));
    }

    /// Whether a line was written.
    fn say_alert(&mut self, at: Timestamp, changes: &mut Vec<Change>) -> bool {
        let now = Said::of(&self.incident);
        let Some(last) = self.last_alert else {
            return self.alert(at, now, changes);
        };
        let surfaced = self.alerted.below && !now.below;
        if !surfaced && !self.alert_waits && !self.alerted.is_outgrown_by(&now) {
            return false;
        }
        if surfaced || last.plus(ALERT_EVERY) <= at {
            return self.alert(at, now, changes);
        }
        self.alert_waits = true;
        false
    }

    fn alert(&mut self, at: Timestamp, now: Said, changes: &mut Vec<Change>) -> bool {
        push_alerts(&self.incident, at, changes);
        self.last_alert = Some(at);
        self.alert_waits = false;
        self.alerted = now;
        true
    }

    fn say_notice(&mut self, at: Timestamp, joined: bool, changes: &mut Vec<Change>) {
        let incident = &self.incident;
        if incident.below || incident.state == State::Muted || incident.severity == Severity::Low {
            return;
        }
        let now = Said::of(incident);
        let transition = match &self.told {
            None => Transition::Opened,
            Some(told) if told.severity < now.severity => Transition::Update,
            Some(told) if joined && told.is_outgrown_by(&now) => Transition::Update,
            Some(_) => return,
        };
        changes.push(Change::Notice(Notice::of(incident, transition, at)));
        self.told = Some(now);
    }

    /// Someone looks into it: whoever heard of it hears that.
    pub(super) fn acknowledged(&self, at: Timestamp, changes: &mut Vec<Change>) {
        if self.told.is_some() {
            let transition = Transition::Acknowledged;
            changes.push(Change::Notice(Notice::of(&self.incident, transition, at)));
        }
    }

    pub(super) fn tick(&mut self, at: Timestamp, changes: &mut Vec<Change>) {
        if self.alert_waits
            && let Some(last) = self.last_alert
            && last.plus(ALERT_EVERY) <= at
        {
            self.say(last.plus(ALERT_EVERY), changes);
        }
        if self.incident.unmute_if_due(at) || self.is_to_be_shown(at) {
            self.say(at, changes);
        }
        if self.incident.is_open() && self.quiet_since() <= at {
            self.resolve(self.quiet_since(), changes);
        }
    }

    /// Ends it. Only those who heard of its beginning hear of its end.
    pub(super) fn resolve(&mut self, at: Timestamp, changes: &mut Vec<Change>) {
        if !self.incident.is_open() {
            return;
        }
        self.incident.end(at);
        if self.shown == 0 {
            return;
        }
        self.show(at, changes);
        if self.told.is_some() {
            changes.push(Change::Notice(Notice::of(&self.incident, Transition::Resolved, at)));
        }
    }

    /// Whether no finding can join it any more.
    pub(super) fn is_over(&self, at: Timestamp) -> bool {
        self.joinable_until() <= at && !self.alert_waits
    }

    /// The next moment at which a tick may change something.
    pub(super) fn wake(&self) -> Timestamp {
        let mut wake = self.joinable_until();
        if self.incident.is_open() {
            wake = wake.min(self.quiet_since());
        }
        if let (true, Some(last)) = (self.alert_waits, self.last_alert) {
            wake = wake.min(last.plus(ALERT_EVERY));
        }
        if self.waits_to_be_shown() {
            wake = wake.min(self.shown_at.plus(SHOW_EVERY));
        }
        if let (State::Muted, Some(mute)) = (self.incident.state, &self.incident.mute) {
            wake = wake.min(mute.until);
        }
        wake
    }

    fn quiet_since(&self) -> Timestamp {
        if self.incident.below {
            self.joinable_until()
        } else {
            self.incident.last_seen.plus(QUIET)
        }
    }

    fn joinable_until(&self) -> Timestamp {
        let from = if self.incident.below { self.incident.opened } else { self.incident.last_seen };
        from.plus(JOIN)
    }
}

impl Said {
    fn of(incident: &Incident) -> Self {
        Self {
            severity: incident.severity,
            families: incident.families(),
            below: incident.below,
            score: incident.score,
        }
    }

    /// Worse, or by evidence of another family; under the threshold a higher score does.
    fn is_outgrown_by(&self, now: &Self) -> bool {
        self.severity < now.severity
            || !now.families.is_subset(&self.families)
            || (now.below && self.score + SCORE_STEP <= now.score)
    }
}
