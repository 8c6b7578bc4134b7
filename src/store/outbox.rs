//! Notices on their way to people. Those that wait are held in memory too: they are asked
//! for twice a second.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::database::Batch;
use super::people::{read, written};
use super::vault::Vault;
use super::{Store, StoreError, keys};
use crate::incident::{IncidentId, Notice};
use crate::model::Timestamp;

/// So many are removed in one commit, so that it stays small.
const REMOVED_PER_COMMIT: usize = 1000;

/// A notice on its way to people.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct OutboxRow {
    pub notice: Notice,
    pub attempts: u32,
    pub next_try: Timestamp,
    pub state: OutboxState,
    pub last_error: String,
    /// Who has been told of it already, so that a second try does not tell them again.
    #[serde(default)]
    pub told: Vec<Told>,
    #[serde(default)]
    pub topic: Topic,
}

/// One recipient's answer, which is final.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Told {
    pub to: String,
    pub answer: Answer,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Answer {
    Taken(String),
    Refused(String),
}

/// What a row of the outbox tells.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Topic {
    /// News of the notice's incident.
    #[default]
    Incident,
    /// What was too small for a mail of its own, since then.
    Digest { since: Timestamp },
    /// The credentials that are stale now.
    StaleKeys,
    /// That the daemon watches, and what it has seen since then.
    SignOfLife { since: Timestamp },
    /// That the report of a month lies in the state directory.
    MonthlyReport { from: Timestamp, until: Timestamp },
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum OutboxState {
    Waiting,
    Sent {
        at: Timestamp,
        reply: String,
    },
    GivenUp {
        at: Timestamp,
        reason: String,
    },
    /// Nobody wants to be told: no mail failed.
    Unwanted {
        at: Timestamp,
    },
}

/// The outbox at a glance.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OutboxCounts {
    pub waiting: u64,
    /// Of those that wait, the one that was tried most often, if any was.
    pub refused: Option<Refused>,
    pub given_up: u64,
    pub last_sent: Option<Timestamp>,
    pub last_given_up: Option<Timestamp>,
}

/// A notice that could not be delivered yet.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Refused {
    pub tries: u32,
    pub because: String,
}

/// What is asked about the outbox, without looking into the database.
#[derive(Debug, Default)]
pub(super) struct Waiting {
    rows: BTreeMap<u64, OutboxRow>,
    given_up: u64,
    last_sent: Option<Timestamp>,
    last_given_up: Option<Timestamp>,
    /// All that there are, by their incident, whatever became of them.
    by_incident: BTreeMap<IncidentId, Vec<u64>>,
}

impl Store {
    /// Every notice about an incident, in the order in which they were due.
    pub fn outbox_of(&self, incident: IncidentId) -> Result<Vec<OutboxRow>, StoreError> {
        let known = self.writer().waiting.by_incident.get(&incident).cloned().unwrap_or_default();
        let mut rows = Vec::new();
        for id in known {
            let value = self.vault().get(&name_of_id(id))?;
            rows.extend(value.map(|value| read::<OutboxRow>(&value, "a notice")).transpose()?);
        }
        rows.sort_by_key(|row| (row.notice.due, row.notice.id));
        Ok(rows)
    }

    /// Every notice that there is, in the order in which it is tried.
    pub fn outbox(&self) -> Result<Vec<OutboxRow>, StoreError> {
        let mut rows = all(self.vault())?;
        rows.sort_by_key(OutboxRow::order);
        Ok(rows)
    }

    /// The notices that wait and whose time has come.
    pub fn outbox_due(&self, at: Timestamp, limit: usize) -> Vec<OutboxRow> {
        let writer = self.writer();
        let due = writer.waiting.rows.values().filter(|row| row.next_try <= at);
        let mut rows: Vec<OutboxRow> = due.cloned().collect();
        drop(writer);
        rows.sort_by_key(OutboxRow::order);
        rows.truncate(limit);
        rows
    }

    /// How many notices wait and were given up, and when the last one went out.
    pub fn outbox_counts(&self) -> OutboxCounts {
        counts_of(&self.writer().waiting)
    }

    /// Which of the notices are in the outbox already, whatever became of them.
    pub fn outbox_known(
        &self,
        ids: impl Iterator<Item = u64>,
    ) -> Result<BTreeSet<u64>, StoreError> {
        let mut known = BTreeSet::new();
        for id in ids {
            if self.vault().get(&name_of_id(id))?.is_some() {
                known.insert(id);
            }
        }
        Ok(known)
    }

    /// Puts notices back as they stand now, in one commit.
    pub fn outbox_update(&self, rows: &[OutboxRow]) -> Result<(), StoreError> {
        let mut writer = self.writer();
        let mut batch = Batch::default();
        for row in rows {
            put(self.vault(), &mut batch, row)?;
        }
        self.vault().database.write(batch)?;
        for row in rows {
            writer.waiting.note(row);
        }
        Ok(())
    }

    /// Forgets notices that were settled before `limit`. Returns how many.
    pub fn outbox_prune(&self, limit: Timestamp) -> Result<usize, StoreError> {
        let mut writer = self.writer();
        let rows = all(self.vault())?;
        let is_old = |row: &&OutboxRow| row.settled_at().is_some_and(|at| at < limit);
        let old: Vec<&OutboxRow> = rows.iter().filter(is_old).take(REMOVED_PER_COMMIT).collect();
        if old.is_empty() {
            return Ok(0);
        }
        let mut batch = Batch::default();
        for row in &old {
            self.vault().remove(&mut batch, &name_of(row))?;
        }
        self.vault().database.write(batch)?;
        let given_up = old.iter().filter(|row| row.is_given_up()).count();
        let given_up = u64::try_from(given_up).unwrap_or(u64::MAX);
        writer.waiting.given_up = writer.waiting.given_up.saturating_sub(given_up);
        for row in &old {
            writer.waiting.forget(&row.notice);
        }
        Ok(old.len())
    }
}

impl Waiting {
    /// As it was left.
    pub(super) fn read(vault: &Vault) -> Result<Self, StoreError> {
        let mut waiting = Self::default();
        for row in all(vault)? {
            waiting.note(&row);
        }
        Ok(waiting)
    }

    /// The row is on the disk like this now. What is settled stays settled.
    pub(super) fn note(&mut self, row: &OutboxRow) {
        let known = self.by_incident.entry(row.notice.incident).or_default();
        if !known.contains(&row.notice.id) {
            known.push(row.notice.id);
        }
        match &row.state {
            OutboxState::Waiting => {
                self.rows.insert(row.notice.id, row.clone());
                return;
            }
            OutboxState::Sent { at, .. } => self.last_sent = self.last_sent.max(Some(*at)),
            OutboxState::GivenUp { at, .. } => {
                self.given_up += 1;
                self.last_given_up = self.last_given_up.max(Some(*at));
            }
            OutboxState::Unwanted { .. } => (),
        }
        self.rows.remove(&row.notice.id);
    }
}

impl Waiting {
    /// As it reads now, where it waits.
    pub(super) fn replace(&mut self, row: OutboxRow) {
        if let Some(known) = self.rows.get_mut(&row.notice.id) {
            *known = row;
        }
    }

    fn forget(&mut self, notice: &Notice) {
        if let Some(known) = self.by_incident.get_mut(&notice.incident) {
            known.retain(|id| *id != notice.id);
            if known.is_empty() {
                self.by_incident.remove(&notice.incident);
            }
        }
    }
}

impl OutboxRow {
    /// As it begins: to be tried when it is due.
    pub const fn waiting(notice: Notice, topic: Topic) -> Self {
        Self {
            attempts: 0,
            next_try: notice.due,
            state: OutboxState::Waiting,
            last_error: String::new(),
            told: Vec::new(),
            notice,
            topic,
        }
    }

    pub fn is_told(&self, recipient: &str) -> bool {
        self.told.iter().any(|told| told.to == recipient)
    }

    fn order(&self) -> (Timestamp, Timestamp, u64) {
        (self.next_try, self.notice.due, self.notice.id)
    }

    const fn is_given_up(&self) -> bool {
        matches!(self.state, OutboxState::GivenUp { .. })
    }

    const fn settled_at(&self) -> Option<Timestamp> {
        match &self.state {
            OutboxState::Waiting => None,
            OutboxState::Sent { at, .. }
            | OutboxState::GivenUp { at, .. }
            | OutboxState::Unwanted { at } => Some(*at),
        }
    }
}

pub(super) fn put(vault: &Vault, batch: &mut Batch, row: &OutboxRow) -> Result<(), StoreError> {
    vault.put(batch, &name_of(row), &written(row, "a notice")?)
}

fn all(vault: &Vault) -> Result<Vec<OutboxRow>, StoreError> {
    let rows = vault.scan(keys::OUTBOX)?;
    rows.into_iter().map(|(_, value)| read(&value, "a notice")).collect()
}

fn name_of(row: &OutboxRow) -> Vec<u8> {
    name_of_id(row.notice.id)
}

pub(super) fn name_of_id(id: u64) -> Vec<u8> {
    keys::name(keys::OUTBOX, &id.to_be_bytes())
}
pub(super) fn counts_of(waiting: &Waiting) -> OutboxCounts {
    let Waiting { rows, given_up, last_sent, last_given_up, .. } = waiting;
    let waiting = u64::try_from(rows.len()).unwrap_or(u64::MAX);
    let tried = rows.values().filter(|row| 0 < row.attempts).max_by_key(|row| row.attempts);
    let refused = tried.map(|row| Refused { tries: row.attempts, because: row.last_error.clone() });
    OutboxCounts {
        waiting,
        refused,
        given_up: *given_up,
        last_sent: *last_sent,
        last_given_up: *last_given_up,
    }
}
