//! What the outbox remembers over a restart: how many mails went out, who heard of which
//! incident, which reports were made.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::Budget;
use crate::incident::{Incident, IncidentId, State};
use crate::model::{Millis, Severity, Timestamp};
use crate::store::{Store, StoreError};

/// Stored as a whole whenever it changes.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Memory {
    pub(super) budget: Budget,
    /// Incidents that were told in mails of their own.
    pub(super) threads: BTreeMap<IncidentId, Thread>,
    /// When each report was last due, by its name.
    pub(super) reported: BTreeMap<String, Timestamp>,
}

/// The mails about one incident.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Thread {
    /// What the incident was called in the first of them: their subject stays the same.
    #[serde(default)]
    title: String,
    #[serde(default)]
    named_as: Severity,
    /// How many each recipient got.
    pub(super) to: BTreeMap<String, u32>,
    pub(super) last: Timestamp,
    /// When it was last asked whether a reminder is needed.
    #[serde(default)]
    pub(super) reminded: Timestamp,
    pub(super) severity: Severity,
    /// How often it was said to be over.
    pub(super) ends: u32,
}

const NAME: &str = "alert.memory";
/// At the limit the one that was told longest ago is forgotten: nobody hears of its end.
const THREADS_MAX: usize = 500;
const THREAD_KEPT: Millis = Millis::days(7);
/// An incident that nobody looks into is told again after this.
const REMIND_EVERY: Millis = Millis::hours(4);
/// An incident that was over so often is not said to be over, or back, any more.
pub(super) const ENDS_MAX: u32 = 2;

impl Memory {
    pub(super) fn read(store: &Store) -> Result<Self, StoreError> {
        let stored = store.meta_get(NAME)?;
        // What an older version wrote may be lost: at worst a mail more is sent.
        Ok(stored.and_then(|bytes| serde_json::from_slice(&bytes).ok()).unwrap_or_default())
    }

    pub(super) fn write(&self, store: &Store) -> Result<(), StoreError> {
        let failed = |source| StoreError::Form { what: "what people were told", source };
        store.meta_put(NAME, &serde_json::to_vec(self).map_err(failed)?)
    }

    /// A mail about an incident of its own went to a recipient.
    pub(super) fn told(&mut self, incident: &Incident, recipient: &str, at: Timestamp) {
        let thread = self.threads.entry(incident.id).or_insert_with(|| Thread {
            title: incident.first_title.clone(),
            named_as: incident.first_severity,
            ..Thread::default()
        });
        *thread.to.entry(recipient.to_owned()).or_default() += 1;
        thread.last = at;
        thread.severity = incident.severity;
        self.threads.retain(|_, thread| at.since(thread.last).0 < THREAD_KEPT.0);
        while THREADS_MAX < self.threads.len() {
            let oldest = self.threads.iter().min_by_key(|(id, thread)| (thread.last, **id));
            let Some(oldest) = oldest.map(|(id, _)| *id) else { break };
            self.threads.remove(&oldest);
        }
    }

    /// Calls an incident as it was called in the first mail about it; if there was none yet,
    /// as it is now: it may have become worse before anybody was told.
    pub(super) fn name(&self, incident: &mut Incident) {
        let (title, severity) = match self.threads.get(&incident.id) {
            Some(thread) if !thread.title.is_empty() => (thread.title.clone(), thread.named_as),
            Some(_) => return,
            None => (incident.title.clone(), incident.severity),
        };
        incident.first_title = title;
        incident.first_severity = severity;
    }

    /// How many mails about it a recipient has.
    pub(super) fn mails(&self, incident: IncidentId, recipient: &str) -> u32 {
        let thread = self.threads.get(&incident);
        thread.and_then(|thread| thread.to.get(recipient)).copied().unwrap_or(0)
    }

    /// Whether it comes and goes so often that only what is worse is news.
    pub(super) fn is_flapping(&self, incident: &Incident) -> bool {
        self.threads
            .get(&incident.id)
            .is_some_and(|thread| ENDS_MAX <= thread.ends && incident.severity <= thread.severity)
    }

    /// Incidents of which nobody was reminded for too long.
    pub(super) fn to_remind(&self, now: Timestamp) -> Vec<IncidentId> {
        let is_due = |thread: &&Thread| {
            let asked = thread.last.max(thread.reminded);
            Severity::High <= thread.severity && asked.plus(REMIND_EVERY) <= now
        };
        let due = self.threads.iter().filter(|(_, thread)| is_due(thread));
        due.map(|(id, _)| *id).collect()
    }

    /// Whether a reminder makes sense; either way it is not asked again soon.
    pub(super) fn reminds(&mut self, incident: &Incident, now: Timestamp) -> bool {
        if let Some(thread) = self.threads.get_mut(&incident.id) {
            thread.reminded = now;
        }
        incident.state == State::Open && Severity::High <= incident.severity
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn incident(number: u64) -> Incident {
        let id = IncidentId(number);
        Incident { id, severity: Severity::High, ..Incident::default() }
    }

    fn at(minutes: i64) -> Timestamp {
        Timestamp::default().plus(Millis::seconds(60 * minutes))
    }

    #[test]
    fn mails_keep_the_name_that_the_first_of_them_gave() {
        let mut memory = Memory::default();
        let called = |title: &str, severity| Incident {
            id: IncidentId(1),
            title: title.to_owned(),
            severity,
            ..Incident::default()
        };
        let name = |memory: &Memory, mut incident: Incident| {
            memory.name(&mut incident);
            (incident.first_title.clone(), incident.first_severity, incident)
        };
        // It began as something smaller, of which nobody was told.
        let (title, severity, first) = name(&memory, called("worse", Severity::High));
        assert_eq!((title.as_str(), severity), ("worse", Severity::High));
        memory.told(&first, "you@example.com", at(1));
        let (title, severity, _) = name(&memory, called("worst", Severity::Critical));
        assert_eq!((title.as_str(), severity), ("worse", Severity::High));
    }

    #[test]
    fn the_thread_that_was_told_longest_ago_is_forgotten_at_the_limit() {
        let mut memory = Memory::default();
        for number in 0..=THREADS_MAX as u64 {
            memory.told(&incident(number), "a@example.com", at(number.cast_signed()));
        }
        assert_eq!(memory.threads.len(), THREADS_MAX);
        assert_eq!(memory.mails(IncidentId(0), "a@example.com"), 0);
        assert_eq!(memory.mails(IncidentId(1), "a@example.com"), 1);
        memory.told(&incident(7), "a@example.com", at(20_000));
        assert_eq!(memory.threads.len(), 1, "after a week the others are forgotten too");
    }

    #[test]
    fn a_reminder_is_due_after_four_hours_and_only_while_nobody_looks_into_it() {
        let mut memory = Memory::default();
        memory.told(&incident(1), "a@example.com", at(0));
        assert!(memory.to_remind(at(239)).is_empty());
        assert_eq!(memory.to_remind(at(240)), [IncidentId(1)]);
        assert!(memory.reminds(&incident(1), at(240)));
        assert!(memory.to_remind(at(479)).is_empty());
        let seen = Incident { state: State::Acknowledged, ..incident(1) };
        assert!(!memory.reminds(&seen, at(480)));
    }

    #[test]
    fn what_is_remembered_is_the_same_after_a_restart() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path(), &crate::store::OpenOptions::default()).unwrap();
        let mut memory = Memory::default();
        memory.told(&incident(1), "a@example.com", at(0));
        memory.budget.mail_sent("oncall", at(0));
        memory.reported.insert("digest".to_owned(), at(0));
        memory.write(&store).unwrap();
        assert_eq!(Memory::read(&store).unwrap(), memory);
    }
}
