//! What people are shown: incidents and stale credentials.

use std::ops::RangeInclusive;

use serde::{Serialize, de::DeserializeOwned};

use super::database::Batch;
use super::hidden::{self, NamesKey};
use super::vault::Vault;
use super::{Store, StoreError, keys};
use crate::incident::{Incident, IncidentId, StaleFinding, State};
use crate::model::Timestamp;

/// So many are removed in one commit, so that it stays small.
const REMOVED_PER_COMMIT: usize = 1000;

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

    /// Those whose ids lie between: few, for those that begin with the same digits.
    pub fn incidents_among(
        &self,
        ids: &RangeInclusive<IncidentId>,
    ) -> Result<Vec<Incident>, StoreError> {
        let (low, high) = (ids.start().0.to_be_bytes(), ids.end().0.to_be_bytes());
        let same = low.iter().zip(high).take_while(|(low, high)| *low == high);
        let same: Vec<u8> = same.map(|(byte, _)| *byte).collect();
        let mut incidents: Vec<Incident> =
            self.all(&keys::name(keys::INCIDENT, &same), "an incident")?;
        incidents.retain(|incident| ids.contains(&incident.id));
        Ok(incidents)
    }

    pub fn incident(&self, id: IncidentId) -> Result<Option<Incident>, StoreError> {
        let value = self.vault().get(&incident_name(id))?;
        value.map(|value| read(&value, "an incident")).transpose()
    }

    /// In the order of their keys; those that are resolved too.
    pub fn stale_findings(&self) -> Result<Vec<StaleFinding>, StoreError> {
        self.stale_findings_if(|_| true)
    }

    /// Those that are wanted; of a hundred thousand keys all of them would be many.
    pub fn stale_findings_if(
        &self,
        is_wanted: impl Fn(&StaleFinding) -> bool,
    ) -> Result<Vec<StaleFinding>, StoreError> {
        let found = self.each_stale_finding();
        let wanted = found.filter(|it| it.as_ref().map_or(true, &is_wanted));
        let mut findings = wanted.collect::<Result<Vec<_>, _>>()?;
        findings.sort_by(|a, b| (a.subject(), &a.kind).cmp(&(b.subject(), &b.kind)));
        Ok(findings)
    }

    /// One after the other, in no order that means anything.
    pub fn each_stale_finding(&self) -> impl Iterator<Item = Result<StaleFinding, StoreError>> {
        let rows = self.vault().each(keys::STALE);
        rows.map(|row| read(&row?.1, "a stale credential"))
    }

    /// Removes incidents that were over before `before`, and those that nobody was told of before
    /// `untold`; how many.
    pub fn incidents_prune(
        &self,
        before: Option<Timestamp>,
        untold: Timestamp,
    ) -> Result<u64, StoreError> {
        let _writer = self.writer();
        let mut old: Vec<Incident> = self.all(keys::INCIDENT, "an incident")?;
        let is_over = |it: &Incident| !it.is_open() && it.state != State::Muted;
        old.retain(|it| {
            let was_over = before.is_some_and(|before| it.last_seen < before && is_over(it));
            was_over || it.below && it.last_seen < untold
        });
        old.truncate(REMOVED_PER_COMMIT);
        if old.is_empty() {
            return Ok(0);
        }
        let mut batch = Batch::default();
        for incident in &old {
            self.vault().remove(&mut batch, &incident_name(incident.id))?;
        }
        self.vault().database.write(batch)?;
        Ok(old.len() as u64)
    }

    pub(super) fn all<T: DeserializeOwned>(
        &self,
        prefix: &[u8],
        what: &'static str,
    ) -> Result<Vec<T>, StoreError> {
        self.vault().each(prefix).map(|row| read(&row?.1, what)).collect()
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
    (vault, names): (&Vault, &NamesKey),
    batch: &mut Batch,
    finding: &StaleFinding,
) -> Result<(), StoreError> {
    let value = written(finding, "a stale credential")?;
    vault.put(batch, &hidden::stale_name(names, finding), &value)
}

fn is_open(incident: &Incident) -> bool {
    !incident.below && matches!(incident.state, State::Open | State::Acknowledged)
}

pub(super) fn incident_name(id: IncidentId) -> Vec<u8> {
    keys::name(keys::INCIDENT, &id.0.to_be_bytes())
}

pub(super) fn written<T: Serialize>(value: &T, what: &'static str) -> Result<Vec<u8>, StoreError> {
    serde_json::to_vec(value).map_err(|source| StoreError::Form { what, source })
}

pub(super) fn read<T: DeserializeOwned>(value: &[u8], what: &'static str) -> Result<T, StoreError> {
    serde_json::from_slice(value).map_err(|source| StoreError::Form { what, source })
}
