//! What one look into the outbox comes to: which mails, to whom, and about what.

use std::collections::BTreeMap;

use super::retry::is_outage;
use super::route::Route;
use crate::incident::{Incident, IncidentId, Transition};
use crate::store::OutboxRow;

/// The waiting notices of one incident. They become one mail: a letter always tells how
/// things stand now.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Bundle {
    pub(super) incident: Incident,
    /// By revision. The first one leads: it gives the mail its place in the thread.
    pub(super) rows: Vec<OutboxRow>,
    /// Whether it is tried for its own sake, and not only because others are.
    pub(super) is_due: bool,
}

/// By incident, in the order in which they came.
pub(super) fn bundles(rows: Vec<OutboxRow>) -> Vec<(IncidentId, Vec<OutboxRow>)> {
    let mut by_incident: BTreeMap<IncidentId, Vec<OutboxRow>> = BTreeMap::new();
    let mut order: Vec<IncidentId> = Vec::new();
    for row in rows {
        let id = row.notice.incident;
        if !by_incident.contains_key(&id) {
            order.push(id);
        }
        by_incident.entry(id).or_default().push(row);
    }
    let taken = order.into_iter().filter_map(|id| Some((id, by_incident.remove(&id)?)));
    taken.collect()
}

impl Bundle {
    /// The opening if it is among them: its id begins the thread. Else the latest.
    pub(super) fn lead(&self) -> Option<&OutboxRow> {
        let opening = self.rows.iter().find(|row| row.notice.transition == Transition::Opened);
        opening.or_else(|| self.rows.iter().max_by_key(|row| row.notice.revision))
    }

    pub(super) fn attempts(&self) -> u32 {
        self.rows.iter().map(|row| row.attempts).max().unwrap_or(0)
    }

    /// Every route that takes the incident, with its addresses. An address on two routes
    /// is told once.
    pub(super) fn recipients<'a>(&self, routes: &'a [Route]) -> Vec<(&'a Route, Vec<String>)> {
        let mut told: Vec<String> = Vec::new();
        let mut found = Vec::new();
        for route in routes.iter().filter(|route| route.takes(&self.incident)) {
            let mut recipients = route.recipients_for(&self.incident);
            recipients.retain(|address| !told.contains(address));
            told.extend(recipients.iter().cloned());
            found.push((route, recipients));
        }
        found
    }
}

/// Those that are to be told now. When one of them has outlasted an outage, all that wait
/// go with it.
pub(super) fn to_be_told(waiting: Vec<Bundle>) -> Vec<Bundle> {
    let after_outage = waiting.iter().any(|bundle| bundle.is_due && is_outage(bundle.attempts()));
    waiting.into_iter().filter(|bundle| bundle.is_due || after_outage).collect()
}

/// Whether these have waited so long for a mail server that one mail is better for all.
pub(super) fn waited_out_an_outage(bundles: &[Bundle]) -> bool {
    1 < bundles.len() && bundles.iter().any(|bundle| is_outage(bundle.attempts()))
}
