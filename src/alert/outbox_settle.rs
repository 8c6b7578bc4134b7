//! What became of a notice is written down: told, refused, tried again, or given up.

use tracing::{error, info, warn};

use super::outbox::Desk;
use super::plain::plain;
use super::retry::{backoff, is_given_up};
use super::round::Bundle;
use super::{Audience, Refusal};
use crate::model::Timestamp;
use crate::store::{Answer, OutboxRow, OutboxState, StoreError};

/// What others said stands in the journal shortened.
const REPLY_CHARS_MAX: usize = 300;

impl Desk {
    /// A recipient's answer, on the disk before the next one is told.
    pub(super) fn note(
        &self,
        bundle: &mut Bundle,
        recipient: &str,
        reply: Result<String, Refusal>,
    ) -> Result<(), StoreError> {
        log_reply(recipient, &reply);
        let is_final = matches!(&reply, Ok(_) | Err(Refusal::Never(_)));
        bundle.note(recipient, reply);
        if is_final { self.worker.store.outbox_update(&bundle.rows) } else { Ok(()) }
    }

    /// What became of a bundle in this round; empty if nothing did.
    pub(super) fn settle(&self, bundle: &Bundle, now: Timestamp) -> Vec<OutboxRow> {
        let someone_waits = [Audience::People, Audience::Programs]
            .into_iter()
            .any(|audience| !self.pending(bundle, audience).is_empty());
        if !someone_waits {
            return finished(&bundle.rows, &format!("incident {}", bundle.incident.id), now);
        }
        match (&bundle.refused, bundle.waits) {
            (Some(_), _) if !bundle.is_due => Vec::new(),
            (Some(refusal), _) => tried_again(&bundle.rows, refusal, now),
            (None, Some((why, until))) => put_back(&bundle.rows, why, until),
            (None, None) => Vec::new(),
        }
    }
}

/// All have answered: sent if anyone was told.
pub(super) fn finished(rows: &[OutboxRow], about: &str, now: Timestamp) -> Vec<OutboxRow> {
    let (mut taken, mut refused) = (Vec::new(), Vec::new());
    for told in rows.iter().flat_map(|row| &row.told) {
        let (list, reply) = match &told.answer {
            Answer::Taken(reply) => (&mut taken, reply),
            Answer::Refused(reason) => (&mut refused, reason),
        };
        let said = format!("{}: {}", told.to, plain(reply, REPLY_CHARS_MAX));
        if !list.contains(&said) {
            list.push(said);
        }
    }
    let state = match (taken.is_empty(), refused.is_empty()) {
        (true, true) => {
            info!(about, "no route takes this, nobody is told");
            OutboxState::Unwanted { at: now }
        }
        (true, false) => {
            let reason = refused.join("; ");
            error!(about, reason, "nobody could be told of this");
            OutboxState::GivenUp { at: now, reason }
        }
        (false, true) => OutboxState::Sent { at: now, reply: taken.join("; ") },
        (false, false) => {
            let reply = format!("{}; refused: {}", taken.join("; "), refused.join("; "));
            OutboxState::Sent { at: now, reply }
        }
    };
    settled_as(rows, &state)
}

/// With what the wait then is, or given up.
pub(super) fn tried_again(rows: &[OutboxRow], refusal: &Refusal, now: Timestamp) -> Vec<OutboxRow> {
    let attempts = rows.iter().map(|row| row.attempts).max().unwrap_or(0).saturating_add(1);
    let id = rows.first().map_or(0, |row| row.notice.id);
    let why = plain(&refusal.to_string(), REPLY_CHARS_MAX);
    if is_given_up(attempts) {
        let reason = format!("after {attempts} tries: {why}");
        error!(notice = id, reason, "a message was given up after a day of tries");
        return settled_as(rows, &OutboxState::GivenUp { at: now, reason });
    }
    let next_try = now.plus(backoff(attempts, id));
    let again =
        |row: &OutboxRow| OutboxRow { attempts, next_try, last_error: why.clone(), ..row.clone() };
    rows.iter().map(again).collect()
}

fn put_back(rows: &[OutboxRow], why: &str, next_try: Timestamp) -> Vec<OutboxRow> {
    let back = |row: &OutboxRow| OutboxRow { next_try, last_error: why.to_owned(), ..row.clone() };
    rows.iter().map(back).collect()
}

pub(super) fn settled_as(rows: &[OutboxRow], state: &OutboxState) -> Vec<OutboxRow> {
    rows.iter().map(|row| OutboxRow { state: state.clone(), ..row.clone() }).collect()
}

/// Servers may answer with anything: it is made harmless for the journal.
pub(super) fn log_reply(recipient: &str, reply: &Result<String, Refusal>) {
    let recipient = plain(recipient, REPLY_CHARS_MAX);
    match reply {
        Ok(reply) => info!(recipient, reply = plain(reply, REPLY_CHARS_MAX), "told"),
        Err(refusal) => {
            let reason = plain(&refusal.to_string(), REPLY_CHARS_MAX);
            match refusal {
                Refusal::Never(_) => error!(recipient, reason, "refused for good"),
                Refusal::Later(_) | Refusal::Unreachable(_) => {
                    warn!(recipient, reason, "not told yet, will try again");
                }
            }
        }
    }
}
