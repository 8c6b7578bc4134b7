//! Who has been told already, so that a second try does not tell them again.

use std::collections::BTreeMap;

use tracing::{info, warn};

use super::Refusal;
use crate::model::Timestamp;
use crate::store::OutboxState;

/// By notice and recipient. It lives as long as the process: after a restart in the middle
/// of a delivery someone may get a mail twice, with the same Message-ID.
#[derive(Debug, Default)]
pub(super) struct Progress {
    settled: BTreeMap<u64, BTreeMap<String, Result<String, String>>>,
    /// What was refused for now, in this round.
    later: BTreeMap<u64, Refusal>,
}

impl Progress {
    pub(super) fn begin_round(&mut self) {
        self.later.clear();
    }

    pub(super) fn note(&mut self, notice: u64, recipient: &str, reply: Result<String, Refusal>) {
        let settled = self.settled.entry(notice).or_default();
        match reply {
            Ok(reply) => {
                info!(recipient, reply, "mail sent");
                settled.insert(recipient.to_owned(), Ok(reply));
            }
            Err(Refusal::Never(reason)) => {
                warn!(recipient, reason, "mail refused for good");
                settled.insert(recipient.to_owned(), Err(format!("{recipient}: {reason}")));
            }
            Err(refusal @ (Refusal::Later(_) | Refusal::Unreachable(_))) => {
                self.later.insert(notice, refusal);
            }
        }
    }

    pub(super) fn is_settled(&self, notice: u64, recipient: &str) -> bool {
        self.settled.get(&notice).is_some_and(|settled| settled.contains_key(recipient))
    }

    pub(super) fn refused_for_now(&self, notice: u64) -> Option<Refusal> {
        self.later.get(&notice).cloned()
    }

    /// All are settled: sent if anyone was told.
    pub(super) fn finish(&mut self, notice: u64, at: Timestamp) -> OutboxState {
        let settled = self.settled.remove(&notice).unwrap_or_default();
        let (told, refused): (Vec<_>, Vec<_>) = settled.into_values().partition(Result::is_ok);
        let replies: Vec<String> = told.into_iter().flatten().collect();
        let reasons: Vec<String> = refused.into_iter().filter_map(Result::err).collect();
        if replies.is_empty() {
            return OutboxState::GivenUp { at, reason: reasons.join("; ") };
        }
        let refused = if reasons.is_empty() {
            String::new()
        } else {
            format!("; refused: {}", reasons.join("; "))
        };
        OutboxState::Sent { at, reply: format!("{}{refused}", replies.join("; ")) }
    }

    pub(super) fn forget(&mut self, notice: u64) {
        self.settled.remove(&notice);
    }
}
