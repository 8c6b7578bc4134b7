//! What people are shown and told: incidents, stale credentials, and notices in the outbox.

use serde::{Deserialize, Serialize, de::DeserializeOwned};

use super::database::Batch;
use super::vault::Vault;
use super::{Store, StoreError, keys};
use crate::incident::{Incident, IncidentId, Notice, StaleFinding, State};
use crate::model::Timestamp;

/// A notice on its way to people.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct OutboxRow {
    pub notice: Notice,
    pub attempts: u32,
    pub next_try: Timestamp,
    pub state: OutboxState,
    pub last_error: String,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum OutboxState {
    Waiting,
    Sent { at: Timestamp, reply: String },
    GivenUp { at: Timestamp, reason: String },
}

/// The outbox at a glance.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct OutboxCounts {
    pub waiting: u64,
    pub given_up: u64,
    pub last_sent: Option<Timestamp>,
}

/// Which incidents are asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shown {
    All,
    /// Open or acknowledged, and above the threshold.
    Open,
}

impl Store {
    /// Newest first.
    pub fn incidents(&self, shown: Shown) -> Result<Vec<Incident>, StoreError> {
        let mut incidents: Vec<Incident> = self.all(keys::INCIDENT, "an incident")?;
        incidents.retain(|incident| match shown {
            Shown::All => true,
            Shown::Open => is_open(incident),
        });
        incidents.sort_by_key(|incident| (std::cmp::Reverse(incident.opened), incident.id));
        Ok(incidents)
    }

    pub fn incident(&self, id: IncidentId) -> Result<Option<Incident>, StoreError> {
        let value = self.vault().get(&incident_name(id))?;
        value.map(|value| read(&value, "an incident")).transpose()
    }

    /// In the order of their keys; those that are resolved too.
    pub fn stale_findings(&self) -> Result<Vec<StaleFinding>, StoreError> {
        self.all(keys::STALE, "a stale credential")
    }

    /// Every notice that there is, in the order in which it is tried.
    pub fn outbox(&self) -> Result<Vec<OutboxRow>, StoreError> {
        let mut rows: Vec<OutboxRow> = self.all(keys::OUTBOX, "a notice")?;
        rows.sort_by_key(|row| (row.next_try, row.notice.due, row.notice.id));
        Ok(rows)
    }

    /// The notices that wait and whose time has come.
    pub fn outbox_due(&self, at: Timestamp, limit: usize) -> Result<Vec<OutboxRow>, StoreError> {
        let mut rows = self.outbox()?;
        rows.retain(|row| row.state == OutboxState::Waiting && row.next_try <= at);
        rows.truncate(limit);
        Ok(rows)
    }

    /// Puts a notice back as it stands now.
    /// How many notices wait and were given up, and when the last one went out.
    pub fn outbox_counts(&self) -> Result<OutboxCounts, StoreError> {
        let mut counts = OutboxCounts::default();
        for row in self.outbox()? {
            match row.state {
                OutboxState::Waiting => counts.waiting += 1,
                OutboxState::Sent { at, .. } => counts.last_sent = counts.last_sent.max(Some(at)),
                OutboxState::GivenUp { .. } => counts.given_up += 1,
            }
        }
        Ok(counts)
    }

    pub fn outbox_update(&self, row: &OutboxRow) -> Result<(), StoreError> {
        let _writer = self.writer();
        let mut batch = Batch::default();
        put_outbox(self.vault(), &mut batch, row)?;
        self.vault().database.write(batch)
    }

    fn all<T: DeserializeOwned>(
        &self,
        prefix: &[u8],
        what: &'static str,
    ) -> Result<Vec<T>, StoreError> {
        let rows = self.vault().scan(prefix)?;
        rows.into_iter().map(|(_, value)| read(&value, what)).collect()
    }
}

pub(super) fn put_incident(
    vault: &Vault,
    batch: &mut Batch,
    incident: &Incident,
) -> Result<(), StoreError> {
    vault.put(batch, &incident_name(incident.id), &written(incident, "an incident")?)
}

pub(super) fn put_stale(
    vault: &Vault,
    batch: &mut Batch,
    finding: &StaleFinding,
) -> Result<(), StoreError> {
    let name = [keys::STALE, finding.key.as_bytes(), b"\0", finding.kind.as_bytes()].concat();
    vault.put(batch, &name, &written(finding, "a stale credential")?)
}

pub(super) fn put_outbox(
    vault: &Vault,
    batch: &mut Batch,
    row: &OutboxRow,
) -> Result<(), StoreError> {
    let name = keys::name(keys::OUTBOX, &row.notice.id.to_be_bytes());
    vault.put(batch, &name, &written(row, "a notice")?)
}

fn is_open(incident: &Incident) -> bool {
    !incident.below && matches!(incident.state, State::Open | State::Acknowledged)
}

fn incident_name(id: IncidentId) -> Vec<u8> {
    keys::name(keys::INCIDENT, &id.0.to_be_bytes())
}

fn written<T: Serialize>(value: &T, what: &'static str) -> Result<Vec<u8>, StoreError> {
    serde_json::to_vec(value).map_err(|source| StoreError::Form { what, source })
}

fn read<T: DeserializeOwned>(value: &[u8], what: &'static str) -> Result<T, StoreError> {
    serde_json::from_slice(value).map_err(|source| StoreError::Form { what, source })
}
