//! Forgets somebody: events, incidents, findings, messages, journalled inputs and the words of
//! the journal. Each step is a whole, and what is done again does nothing more.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::block::{Header, kept, rows_about, texts_about};
use super::database::Batch;
use super::hidden::stale_name;
use super::outbox::{OutboxRow, name_of_id};
use super::parts::decode;
use super::people::{incident_name, read, written};
use super::read::new_decoder;
use super::{Column, Columns, Store, StoreError, Wanted, Writer, fault, keys, meta};
use crate::engine::Input;
use crate::incident::{Incident, StaleFinding};
use crate::model::{EventBatch, Mention, Scrubbed, Stored};

/// Somebody of whom more is stored is a program, and not a person.
const TEXTS_MAX: usize = 100_000;

/// What was found of somebody, and removed if that was asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Forgotten {
    pub events: u64,
    /// Blocks that were written anew without them.
    pub blocks: u64,
    pub incidents: u64,
    /// Lines of evidence that went from incidents.
    pub evidence: u64,
    pub findings: u64,
    pub messages: u64,
    /// Journalled inputs that named them.
    pub inputs: u64,
    /// Entries of the audit journal whose words went.
    pub journal: u64,
}

/// Whether it is only counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress {
    Count,
    Remove,
}

impl Store {
    /// Counts, or forgets, what names the subject. What the last snapshot does not know yet
    /// stays, so that it comes after one.
    pub fn forget(&self, mention: &Mention, how: Progress) -> Result<Forgotten, StoreError> {
        let mut done = Forgotten::default();
        self.forget_events(mention, how, &mut done)?;
        fault::place("forgetting incidents");
        self.forget_incidents(mention, how, &mut done)?;
        fault::place("forgetting findings");
        self.forget_findings(mention, how, &mut done)?;
        fault::place("forgetting messages");
        self.forget_messages(mention, how, &mut done)?;
        fault::place("forgetting inputs");
        self.forget_inputs(mention, how, &mut done)?;
        done.journal = match how {
            Progress::Count => self.journal_about(mention)?.len() as u64,
            Progress::Remove => self.journal_forget(|text| mention.is_in(text))?,
        };
        Ok(done)
    }

    /// What stored events say of them, for whoever keeps only hashes of it; so much of each at most.
    pub fn stored_about(&self, mention: &Mention) -> Result<Stored, StoreError> {
        let mut columns = Columns::NONE.with(Column::Path).with(Column::Route);
        for column in Column::OF_PEOPLE {
            columns = columns.with(column);
        }
        let mut found = Stored::default();
        for batch in self.blocks(&Wanted { columns, ..Wanted::default() })? {
            let batch = batch?;
            let named = [&batch.path, &batch.route].map(|column| -> Vec<bool> {
                column.dictionary.values().map(|it| mention.is_in(it)).collect()
            });
            for row in 0..batch.len() {
                let numbers = [batch.path.number(row), batch.route.number(row)];
                let mut both = named.iter().zip(numbers);
                if both.any(|(named, number)| named.get(number as usize) == Some(&true)) {
                    let request = (batch.path.get(row), batch.route.get(row));
                    add(&mut found.requests, (request.0.to_owned(), request.1.to_owned()));
                }
            }
            texts_about(&batch, mention).for_each(|text| add(&mut found.texts, text.to_owned()));
            batch
                .route
                .dictionary
                .values()
                .for_each(|route| add(&mut found.routes, route.to_owned()));
        }
        Ok(found)
    }

    fn forget_events(
        &self,
        mention: &Mention,
        how: Progress,
        done: &mut Forgotten,
    ) -> Result<(), StoreError> {
        let mut decoder = new_decoder()?;
        let numbers: Vec<u64> = self
            .vault()
            .database
            .range(keys::between(keys::HEADER, 0, u64::MAX))
            .filter_map(|row| row.ok().and_then(|(key, _)| keys::number_in(&key)))
            .collect();
        for number in numbers {
            let mut writer = self.writer();
            let key = keys::numbered(keys::HEADER, number);
            // It may have become part of another one, which comes later.
            let Some(value) = self.vault().database.get(&key)? else { continue };
            let (_, header) = self.open_header(&key, &value)?;
            let batch = decode(self.vault(), &mut decoder, (number, &header), Columns::ALL)?;
            let about = rows_about(&batch, mention);
            let found = about.iter().filter(|about| **about).count() as u64;
            if found == 0 {
                continue;
            }
            done.events += found;
            done.blocks += 1;
            if how == Progress::Count || writer.totals.snapshot_input <= number {
                continue;
            }
            let keep: Vec<bool> = about.iter().map(|about| !about).collect();
            self.rewrite(&mut writer, (number, &header), &kept(&batch, &keep))?;
            fault::place("forgetting events");
        }
        Ok(())
    }

    /// Puts a block of fewer rows in the place of one.
    pub(super) fn rewrite(
        &self,
        writer: &mut Writer,
        (number, header): (u64, &Header),
        rest: &EventBatch,
    ) -> Result<(), StoreError> {
        let mut write = Batch::default();
        for prefix in [keys::BLOCK, keys::HEADER] {
            for row in self.vault().database.range(keys::between(prefix, number, number)) {
                write.remove(row?.0);
            }
        }
        let before = writer.totals.clone();
        writer.totals.blocks = before.blocks.saturating_sub(1);
        writer.totals.events = before.events.saturating_sub(u64::from(header.rows));
        let written = if rest.is_empty() {
            Ok(())
        } else {
            self.put_block(&mut write, writer, (number, rest))
        };
        let written = written
            .and_then(|()| meta::put_totals(self.vault(), &mut write, &writer.totals))
            .and_then(|()| self.vault().database.write(write));
        if written.is_err() {
            writer.totals = before;
        }
        written
    }

    fn forget_incidents(
        &self,
        mention: &Mention,
        how: Progress,
        done: &mut Forgotten,
    ) -> Result<(), StoreError> {
        let _writer = self.writer();
        let mut batch = Batch::default();
        for incident in self.all::<Incident>(keys::INCIDENT, "an incident")? {
            let mut clean = incident.clone();
            // A line of evidence about somebody tells of them in all its fields.
            clean.evidence.retain(|line| {
                !(mention.is_in(&line.source_ip)
                    || mention.is_in(&line.path)
                    || mention.is_in(&line.user_agent))
            });
            let clean_text = without(mention, (&incident, &clean), "an incident")?;
            let Some(text) = clean_text else { continue };
            done.incidents += 1;
            done.evidence += (incident.evidence.len() - clean.evidence.len()) as u64;
            self.vault().put(&mut batch, &incident_name(incident.id), &text)?;
        }
        self.write_if(how, batch, 0 < done.incidents)
    }

    fn forget_findings(
        &self,
        mention: &Mention,
        how: Progress,
        done: &mut Forgotten,
    ) -> Result<(), StoreError> {
        let _writer = self.writer();
        let mut batch = Batch::default();
        for finding in self.all::<StaleFinding>(keys::STALE, "a stale credential")? {
            let clean_text = without(mention, (&finding, &finding), "a stale credential")?;
            let Some(text) = clean_text else { continue };
            done.findings += 1;
            if mention.is_in(finding.subject()) {
                self.vault().remove(&mut batch, &stale_name(self.names(), &finding))?;
            } else {
                self.vault().put(&mut batch, &stale_name(self.names(), &finding), &text)?;
            }
        }
        self.write_if(how, batch, 0 < done.findings)
    }

    fn forget_messages(
        &self,
        mention: &Mention,
        how: Progress,
        done: &mut Forgotten,
    ) -> Result<(), StoreError> {
        let mut writer = self.writer();
        let (mut batch, mut changed) = (Batch::default(), Vec::new());
        for row in self.all::<OutboxRow>(keys::OUTBOX, "a notice")? {
            if let Some(text) = without(mention, (&row, &row), "a notice")? {
                self.vault().put(&mut batch, &name_of_id(row.notice.id), &text)?;
                changed.push(read::<OutboxRow>(&text, "a notice")?);
            }
        }
        done.messages = changed.len() as u64;
        self.write_if(how, batch, !changed.is_empty())?;
        if how == Progress::Remove {
            for row in changed {
                writer.waiting.replace(row);
            }
        }
        Ok(())
    }

    /// They came before the snapshot: nobody steps them again.
    fn forget_inputs(
        &self,
        mention: &Mention,
        how: Progress,
        done: &mut Forgotten,
    ) -> Result<(), StoreError> {
        let writer = self.writer();
        let Some(last) = writer.totals.snapshot_input.checked_sub(1) else { return Ok(()) };
        let mut batch = Batch::default();
        for row in self.vault().database.range(keys::between(keys::INPUT, 0, last)) {
            let (key, _) = row?;
            let Some((name, 0)) = keys::split_part(&key) else { continue };
            let Some(value) = self.vault().get(name)? else { continue };
            let input: Input = read(&value, "a journalled input")?;
            if let Some(text) = without(mention, (&input, &input), "a journalled input")? {
                done.inputs += 1;
                self.vault().put(&mut batch, name, &text)?;
            }
        }
        self.write_if(how, batch, 0 < done.inputs)
    }

    fn write_if(&self, how: Progress, batch: Batch, is_changed: bool) -> Result<(), StoreError> {
        match how {
            Progress::Remove if is_changed => self.vault().database.write(batch),
            Progress::Remove | Progress::Count => Ok(()),
        }
    }
}

fn add<T: Ord>(found: &mut BTreeSet<T>, one: T) {
    if found.len() < TEXTS_MAX {
        found.insert(one);
    }
}

/// The stored form without the names; `None` if it never held one. `clean` is what is left of
/// `plain` where more goes than the names.
fn without<T: Serialize>(
    mention: &Mention,
    (plain, clean): (&T, &T),
    what: &'static str,
) -> Result<Option<Vec<u8>>, StoreError> {
    let text = written(&Scrubbed::new(clean, mention), what)?;
    Ok((text != written(plain, what)?).then_some(text))
}
