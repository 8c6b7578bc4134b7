//! The steps of an incident's life that a person or the passing of time takes.

use super::{Incident, Mute, Remark, State};
use crate::model::Timestamp;

/// More than these are not kept: the second goes when another one comes.
const REMARKS_MAX: usize = 20;

impl Incident {
    pub(super) fn remark(&mut self, remark: Remark) {
        if REMARKS_MAX <= self.remarks.len() {
            self.remarks.remove(1);
        }
        self.remarks.push(remark);
        self.revision += 1;
    }

    /// Someone looks into it. False if that changes nothing.
    pub fn acknowledge(&mut self, by: &str) -> bool {
        if self.state != State::Open {
            return false;
        }
        self.state = State::Acknowledged;
        by.clone_into(&mut self.acknowledged_by);
        self.revision += 1;
        true
    }

    /// Nobody is told about it until the mute ends. False if it is over already.
    pub fn mute(&mut self, mute: Mute) -> bool {
        if !self.is_open() {
            return false;
        }
        self.state = State::Muted;
        self.mute = Some(mute);
        self.revision += 1;
        true
    }

    /// It is over.
    pub fn end(&mut self, at: Timestamp) {
        self.state = State::Resolved;
        self.resolved = Some(at.max(self.opened));
        self.revision += 1;
    }

    /// There is new evidence after it was thought to be over.
    pub(super) fn reopen(&mut self) {
        self.state = State::Open;
        self.resolved = None;
        self.acknowledged_by.clear();
    }

    /// Whether a mute has just ended.
    pub(super) fn unmute_if_due(&mut self, at: Timestamp) -> bool {
        let due = self.mute.as_ref().is_some_and(|mute| mute.until <= at);
        if self.state != State::Muted || !due {
            return false;
        }
        self.state =
            if self.acknowledged_by.is_empty() { State::Open } else { State::Acknowledged };
        self.mute = None;
        self.revision += 1;
        true
    }
}
