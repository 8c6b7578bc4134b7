//! Incidents under fire change with every batch, and all that changes is how often and since when: that is
//! written once a second, and what is news with the next commit. Of what was not written when the
//! process was killed the engine knows, which steps again (`recovering.rs`), or reads the lines again.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::incident::{Incident, IncidentId, State};
use crate::model::{Severity, Timestamp};

/// So long nobody is told that an incident only goes on.
const WRITE_EVERY: Duration = Duration::from_secs(1);

/// A thousand at once would be a large batch for the database.
const AT_ONCE_MAX: usize = 64;

/// Of more than that all are forgotten: each is news once more.
const KNOWN_MAX: usize = 10_000;

#[derive(Debug, Default)]
pub(super) struct Ongoing {
    /// How they stood when they were last handed on.
    known: BTreeMap<IncidentId, Standing>,
    waiting: BTreeMap<IncidentId, Incident>,
    /// Those that have waited long enough. What changes meanwhile waits behind them.
    leaving: BTreeMap<IncidentId, Incident>,
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
            let leaves = self.leaving.contains_key(&id);
            let queue = if leaves { &mut self.leaving } else { &mut self.waiting };
            queue.insert(id, incident);
            return None;
        }
        self.waiting.remove(&id);
        self.leaving.remove(&id);
        if KNOWN_MAX <= self.known.len() {
            self.known.clear();
        }
        self.known.insert(id, standing);
        Some((id, incident))
    }

    /// Those that have waited long enough; of many some, and the others with the next commits.
    pub(super) fn take_due(&mut self, uptime: Duration) -> BTreeMap<IncidentId, Incident> {
        if self.leaving.is_empty() && !self.waiting.is_empty() && self.due <= uptime {
            self.due = uptime.saturating_add(WRITE_EVERY);
            std::mem::swap(&mut self.leaving, &mut self.waiting);
        }
        match self.leaving.keys().nth(AT_ONCE_MAX).copied() {
            Some(id) => {
                let rest = self.leaving.split_off(&id);
                std::mem::replace(&mut self.leaving, rest)
            }
            None => std::mem::take(&mut self.leaving),
        }
    }

    /// All of them.
    pub(super) fn take(&mut self) -> BTreeMap<IncidentId, Incident> {
        let mut all = std::mem::take(&mut self.leaving);
        all.append(&mut self.waiting);
        all
    }

    /// How long the next step may be waited for.
    pub(super) fn wait(&self, usual: Duration, uptime: Duration) -> Duration {
        match (self.leaving.is_empty(), self.waiting.is_empty()) {
            (false, _) => Duration::ZERO,
            (true, false) => usual.min(self.due.saturating_sub(uptime)),
            (true, true) => usual,
        }
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
        for id in 100..2 * KNOWN_MAX as u64 {
            assert!(ongoing.sift(incident(10 + id, 1)).is_some());
            assert!(ongoing.known.len() <= KNOWN_MAX);
        }
    }

    #[test]
    fn of_many_that_go_on_all_the_time_each_has_its_turn() {
        let mut ongoing = Ongoing::default();
        let ids = 0..3 * AT_ONCE_MAX as u64;
        let mut go_on = |events: u64, uptime: u64| {
            for id in ids.clone() {
                drop(ongoing.sift(incident(id, events)));
            }
            let due = ongoing.take_due(Duration::from_millis(uptime));
            let wait = ongoing.wait(Duration::from_secs(1), Duration::from_millis(uptime));
            assert!(due.len() <= AT_ONCE_MAX);
            assert!(due.values().all(|it| it.events == events), "the latest is written");
            (due.into_keys().map(|id| id.0).collect::<Vec<u64>>(), wait)
        };
        assert!(go_on(0, 0).0.is_empty(), "all are news");
        let turns: Vec<_> = (1..=3).map(|turn| go_on(turn, turn)).collect();
        assert_eq!(
            turns.iter().flat_map(|(due, _)| due.clone()).collect::<Vec<_>>(),
            ids.clone().collect::<Vec<_>>()
        );
        assert_eq!(turns.iter().map(|(_, wait)| wait.as_millis()).collect::<Vec<_>>(), [0, 0, 998]);
        assert!(go_on(4, 4).0.is_empty(), "a second has not passed");
        assert_eq!(go_on(5, 1001).0.len(), AT_ONCE_MAX);
    }
}
