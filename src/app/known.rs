//! The incidents, findings and keys that the page lists: shared with every view, and made
//! anew only when they change.

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::sync::Arc;

use super::JobError;
use crate::engine::Engine;
use crate::incident::{Incident, IncidentId, StaleFinding, StaleState, State};
use crate::store::{Shown, Store};

/// By whom each is about, and its kind.
pub(super) type BySubject = BTreeSet<Named>;

/// A finding whose name is whom it is about and its kind.
#[derive(Clone, Debug)]
pub(super) struct Named(pub(super) Arc<StaleFinding>);

#[derive(Debug, Default)]
pub(super) struct Known {
    by_id: BTreeMap<IncidentId, Incident>,
    by_subject: BySubject,
    pub(super) incidents: Arc<[Incident]>,
    pub(super) stale: Arc<[Arc<StaleFinding>]>,
}

/// Incidents that the page lists; the store knows them all.
const INCIDENTS_SHOWN_MAX: usize = 1000;

impl Known {
    /// What people are shown, as the store has it. A finding that the engine has, too, is the
    /// engine's: of a hundred thousand keys they are many.
    pub(super) fn remember(
        &mut self,
        store: &Store,
        engine: Option<&Engine>,
    ) -> Result<(), JobError> {
        let mut stale = Vec::new();
        for finding in store.each_stale_finding() {
            let finding = finding?;
            let known = engine.and_then(|it| it.open_finding(finding.subject(), &finding.kind));
            let known = known.filter(|known| known.as_ref() == &finding).cloned();
            stale.push(known.unwrap_or_else(|| Arc::new(finding)));
        }
        self.take(&store.incidents(Shown::All)?, &stale);
        Ok(())
    }

    /// Takes in what has changed.
    pub(super) fn take(&mut self, incidents: &[Incident], stale: &[Arc<StaleFinding>]) {
        if !incidents.is_empty() {
            self.by_id.extend(incidents.iter().map(|it| (it.id, it.clone())));
            self.keep_those_that_matter();
            self.incidents = self.by_id.values().cloned().collect();
        }
        if !stale.is_empty() {
            keep_stale(&mut self.by_subject, stale);
            self.stale = self.by_subject.iter().map(|named| Arc::clone(&named.0)).collect();
        }
    }

    /// At the limit those under the alarm line go first, then those that are over.
    fn keep_those_that_matter(&mut self) {
        let excess = self.by_id.len().saturating_sub(INCIDENTS_SHOWN_MAX);
        if excess == 0 {
            return;
        }
        let is_open = |it: &Incident| matches!(it.state, State::Open | State::Acknowledged);
        let rank = |it: &Incident| (!it.below, is_open(it), it.opened, it.id);
        let mut ranks: Vec<_> = self.by_id.values().map(rank).collect();
        ranks.sort_unstable();
        for (_, _, _, id) in ranks.into_iter().take(excess) {
            self.by_id.remove(&id);
        }
    }
}

pub(super) fn keep_stale(known: &mut BySubject, changed: &[Arc<StaleFinding>]) {
    for finding in changed {
        let named = Named(Arc::clone(finding));
        match finding.state {
            StaleState::Open => known.replace(named),
            StaleState::Resolved => known.take(&named),
        };
    }
}

impl Named {
    fn name(&self) -> (&str, &str) {
        (self.0.subject(), &self.0.kind)
    }
}

impl Ord for Named {
    fn cmp(&self, other: &Self) -> Ordering {
        self.name().cmp(&other.name())
    }
}

impl PartialOrd for Named {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Named {
    fn eq(&self, other: &Self) -> bool {
        self.name() == other.name()
    }
}

impl Eq for Named {}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Timestamp;

    #[test]
    fn a_crowd_under_the_alarm_line_hides_no_open_incident() {
        let incident = |number: u64, below: bool, state: State| {
            let opened = Timestamp(number.cast_signed());
            Incident { id: IncidentId(number), state, opened, below, ..Incident::default() }
        };
        let mut all = vec![incident(1, false, State::Open), incident(2, false, State::Resolved)];
        all.extend((10..2000).map(|number| incident(number, true, State::Open)));
        let mut known = Known::default();
        known.take(&all, &[]);
        assert_eq!(known.incidents.len(), INCIDENTS_SHOWN_MAX);
        let is_shown = |number| known.incidents.iter().any(|it| it.id == IncidentId(number));
        assert!(is_shown(1) && is_shown(2) && is_shown(1999));
        assert!(!is_shown(10), "the oldest under the line goes first");
    }
}
