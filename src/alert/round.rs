//! What one look into the outbox comes to: which notices, about what, and what became of
//! them so far.

use std::collections::BTreeMap;

use super::Refusal;
use super::retry::is_outage;
use crate::incident::{Incident, IncidentId, Transition};
use crate::model::Timestamp;
use crate::store::{Answer, OutboxRow, Told};

/// The waiting notices of one incident. They become one mail: a letter always tells how
/// things stand now.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Bundle {
    pub(super) incident: Incident,
    /// By revision.
    pub(super) rows: Vec<OutboxRow>,
    /// Whether it is tried for its own sake, and not only because others are.
    pub(super) is_due: bool,
    /// Someone refused it for now, in this round.
    pub(super) refused: Option<Refusal>,
    /// Someone is not told yet: why, and until when.
    pub(super) waits: Option<(&'static str, Timestamp)>,
}

/// By incident, in the order in which they came.
pub(super) fn by_incident(rows: Vec<OutboxRow>) -> Vec<(IncidentId, Vec<OutboxRow>)> {
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
    pub(super) fn new(incident: Incident, rows: Vec<OutboxRow>, now: Timestamp) -> Self {
        let is_due = rows.iter().any(|row| row.next_try <= now);
        Self { incident, rows, is_due, refused: None, waits: None }
    }

    /// What a recipient has not heard yet: the opening if it is among it, for its id
    /// begins the thread; else the latest.
    pub(super) fn lead(&self, recipient: &str) -> Option<&OutboxRow> {
        let untold = || self.rows.iter().filter(|row| !row.is_told(recipient));
        let opening = untold().find(|row| row.notice.transition == Transition::Opened);
        opening.or_else(|| untold().max_by_key(|row| row.notice.revision))
    }

    pub(super) fn attempts(&self) -> u32 {
        self.rows.iter().map(|row| row.attempts).max().unwrap_or(0)
    }

    /// The recipient's answer; what is not final is tried again.
    pub(super) fn note(&mut self, recipient: &str, reply: Result<String, Refusal>) {
        note(&mut self.rows, &mut self.refused, (recipient, reply));
    }

    /// Someone is told later; the earliest moment counts.
    pub(super) fn wait(&mut self, why: &'static str, until: Timestamp) {
        let sooner = self.waits.is_none_or(|(_, known)| until < known);
        if sooner {
            self.waits = Some((why, until));
        }
    }

    /// Since when the first of its notices could have been told.
    pub(super) fn due(&self) -> Timestamp {
        self.rows.iter().map(|row| row.notice.due).min().unwrap_or_default()
    }

    pub(super) fn waited_for(&self, why: &str) -> bool {
        self.rows.iter().any(|row| row.last_error == why)
    }
}

pub(super) fn note(
    rows: &mut [OutboxRow],
    refused: &mut Option<Refusal>,
    (to, reply): (&str, Result<String, Refusal>),
) {
    let answer = match reply {
        Ok(reply) => Answer::Taken(reply),
        Err(Refusal::Never(reason)) => Answer::Refused(reason),
        Err(refusal @ (Refusal::Later(_) | Refusal::Unreachable(_))) => {
            *refused = Some(refusal);
            return;
        }
    };
    for row in rows.iter_mut().filter(|row| !row.is_told(to)) {
        row.told.push(Told { to: to.to_owned(), answer: answer.clone() });
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
