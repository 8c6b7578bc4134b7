//! Incidents under fire change with every batch, and all that changes is how often and since when: that is
//! written once a second, and what is news with the next commit. Of what was not written when the
//! process was killed the engine knows, which steps again (`recovering.rs`), or reads the lines again.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::incident::{Incident, IncidentId, State};
use crate::model::{Severity, Timestamp};

/// So long nobody is told that an incident only goes on.
const WRITE_EVERY: Duration = Duration::from_secs(1);

/// More in one commit would hold up who looks at the page.
const AT_ONCE_MAX: usize = 64;

/// Of more than that all are forgotten: each is news once more.
const KNOWN_MAX: usize = 10_000;

#[derive(Debug, Default)]
pub(super) struct Ongoing {
    /// How they stood when they were last handed on.
    known: BTreeMap<IncidentId, Standing>,
    waiting: BTreeMap<IncidentId, Incident>,
    /// By the program's uptime.
    due: Duration,
}

/// What of an incident is news when it is another.
#[derive(Debug, PartialEq, Eq)]
struct Standing {
    state: State,
    severity: Severity,
    is_below: bool,
    findings: usize,
    last_remark: Option<Timestamp>,
    merged_into: Option<IncidentId>,
}

impl Standing {
    fn of(incident: &Incident) -> Self {
        Self {
            state: incident.state,
            severity: incident.severity,
            is_below: incident.below,
            findings: incident.findings.len(),
            last_remark: incident.remarks.last().map(|remark| remark.at),
            merged_into: incident.merged_into,
        }
    }
}

impl Ongoing {
    /// The incident, if it is news; else it waits.
    pub(super) fn sift(&mut self, incident: Incident) -> Option<(IncidentId, Incident)> {
        let (id, standing) = (incident.id, Standing::of(&incident));
        if self.known.get(&id) == Some(&standing) {
            self.waiting.insert(id, incident);
            return None;
        }
        self.waiting.remove(&id);
        if KNOWN_MAX <= self.known.len() {
            self.known.clear();
        }
        self.known.insert(id, standing);
        Some((id, incident))
    }

    /// Those that have waited long enough; of many some, and the others with the next commits.
    pub(super) fn take_due(&mut self, uptime: Duration) -> BTreeMap<IncidentId, Incident> {
        if self.waiting.is_empty() || uptime < self.due {
            return BTreeMap::new();
        }
        if let Some(id) = self.waiting.keys().nth(AT_ONCE_MAX).copied() {
            let rest = self.waiting.split_off(&id);
            return std::mem::replace(&mut self.waiting, rest);
        }
        self.due = uptime.saturating_add(WRITE_EVERY);
        self.take()
    }

    /// All of them.
    pub(super) fn take(&mut self) -> BTreeMap<IncidentId, Incident> {
        std::mem::take(&mut self.waiting)
    }

    /// How long the next step may be waited for.
    pub(super) fn wait(&self, usual: Duration, uptime: Duration) -> Duration {
        if self.waiting.is_empty() { usual } else { usual.min(self.due.saturating_sub(uptime)) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn incident(id: u64, events: u64) -> Incident {
        Incident { id: IncidentId(id), events, ..Incident::default() }
    }

    #[test]
    fn what_only_goes_on_waits_a_second_and_what_is_news_does_not() {
        let mut ongoing = Ongoing::default();
        let at = Duration::from_millis;
        assert!(ongoing.sift(incident(1, 1)).is_some());
        let events =
            |due: BTreeMap<_, Incident>| due.values().map(|it| it.events).collect::<Vec<_>>();
        assert!(ongoing.sift(incident(1, 2)).is_none());
        assert_eq!(events(ongoing.take_due(at(100))), [2]);
        assert!(ongoing.sift(incident(1, 3)).is_none());
        assert!(ongoing.sift(incident(1, 4)).is_none());
        assert!(ongoing.sift(incident(2, 1)).is_some());
        assert_eq!(ongoing.wait(at(1000), at(300)), at(800));
        assert!(ongoing.take_due(at(1099)).is_empty());
        assert_eq!(events(ongoing.take_due(at(1100))), [4]);
        assert_eq!(ongoing.wait(at(1000), at(1100)), at(1000));

        assert!(ongoing.sift(incident(1, 5)).is_none());
        let worse = Incident { severity: Severity::High, ..incident(1, 6) };
        assert!(ongoing.sift(worse.clone()).is_some());
        assert!(ongoing.take().is_empty(), "what is older than the news is not written");
        let over = Incident { state: State::Resolved, ..worse };
        assert!(ongoing.sift(over.clone()).is_some());
        assert!(ongoing.sift(Incident { events: 7, ..over }).is_none(), "a closed one may go on");
        let many: Vec<u64> = (0..AT_ONCE_MAX as u64 + 5).map(|id| 10 + id).collect();
        for id in &many {
            drop(ongoing.sift(incident(*id, 1)));
        }
        assert!(many.iter().all(|id| ongoing.sift(incident(*id, 2)).is_none()));
        assert_eq!(ongoing.take_due(at(5000)).len(), AT_ONCE_MAX);
        assert_eq!(ongoing.wait(at(1000), at(5000)), at(0));
        assert_eq!(ongoing.take_due(at(5000)).len(), 6);
        assert!(ongoing.take_due(at(6000)).is_empty());
        for id in 100..2 * KNOWN_MAX as u64 {
            assert!(ongoing.sift(incident(10 + id, 1)).is_some());
            assert!(ongoing.known.len() <= KNOWN_MAX);
        }
    }
}
