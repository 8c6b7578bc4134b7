//! What is stored about somebody: events, incidents, findings, messages that name them.

use super::block::rows_about;
use super::people::written;
use super::{OutboxRow, Shown, Store, StoreError, Wanted, keys};
use crate::incident::{Incident, StaleFinding};
use crate::model::{EventBatch, Mention};

/// What people were shown of somebody.
#[derive(Clone, Debug, Default)]
pub struct About {
    pub incidents: Vec<Incident>,
    pub findings: Vec<StaleFinding>,
    pub messages: Vec<OutboxRow>,
}

impl Store {
    /// Hands out every row of an event that names them, the oldest first.
    pub fn rows_about(
        &self,
        mention: &Mention,
        found: &mut dyn FnMut(&EventBatch, usize),
    ) -> Result<(), StoreError> {
        for batch in self.blocks(&Wanted::default())? {
            let batch = batch?;
            let about = rows_about(&batch, mention);
            let rows = about.iter().enumerate().filter(|(_, about)| **about);
            rows.for_each(|(row, _)| found(&batch, row));
        }
        Ok(())
    }

    /// Every value that there is, without its encryption and compression, by its name: for a look
    /// whether something is really gone. Blocks are handed out as text.
    pub fn every_value(&self, see: &mut dyn FnMut(&[u8], &[u8])) -> Result<(), StoreError> {
        for row in self.vault().database.range(keys::under(&[])) {
            let (key, value) = row?;
            match key.first() {
                Some(&keys::HEADER) => see(&key, &self.vault().cipher.open(&key, &value)?),
                Some(&keys::BLOCK) => {}
                Some(_) | None => {
                    if let Some((name, 0)) = keys::split_part(&key) {
                        see(name, &self.vault().get(name)?.unwrap_or_default());
                    }
                }
            }
        }
        for batch in self.blocks(&Wanted::default())? {
            see(b"b", format!("{:?}", batch?).as_bytes());
        }
        Ok(())
    }

    pub fn people_about(&self, mention: &Mention) -> Result<About, StoreError> {
        let findings = self.stale_findings_if(|it| names(it, mention))?;
        let (mut incidents, mut messages) = (self.incidents(Shown::All)?, self.outbox()?);
        incidents.retain(|it| names(it, mention));
        messages.retain(|it| names(it, mention));
        Ok(About { incidents, findings, messages })
    }
}

fn names<T: serde::Serialize>(value: &T, mention: &Mention) -> bool {
    let text = written(value, "it").unwrap_or_default();
    mention.is_in(&String::from_utf8_lossy(&text))
}
