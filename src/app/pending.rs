//! What is waiting for the next commit.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use super::judge::Judged;
use super::keeping::Keeping;
use super::ongoing::Ongoing;
use crate::engine::Input;
use crate::incident::{Incident, IncidentId, Notice, StaleFinding};
use crate::model::{Position, SourceId};
use crate::store::{Counters, Memory};

#[derive(Debug, Default)]
pub(super) struct Pending {
    pub(super) inputs: Vec<(u64, Input)>,
    pub(super) positions: BTreeMap<SourceId, Position>,
    pub(super) counters: Option<Counters>,
    pub(super) memory: Memory,
    pub(super) incidents: BTreeMap<IncidentId, Incident>,
    pub(super) stale: Vec<Arc<StaleFinding>>,
    pub(super) notices: Vec<Notice>,
    pub(super) blocks: usize,
    pub(super) keeping: Keeping,
    /// Incidents that wait longer than for the next commit.
    pub(super) ongoing: Ongoing,
}

impl Pending {
    /// Adds what a step led to.
    pub(super) fn add(&mut self, judged: Judged) {
        if self.keeping == Keeping::Events {
            let is_block = |(_, input): &&(u64, Input)| matches!(input, Input::Batch(_));
            self.blocks += judged.inputs.iter().filter(is_block).count();
            self.inputs.extend(judged.inputs);
        }
        self.positions.extend(judged.positions);
        self.counters = judged.counters.or(self.counters.take());
        self.memory.extend(judged.memory);
        for incident in judged.incidents.into_values() {
            self.incidents.extend(self.ongoing.sift(incident));
        }
        self.stale.extend(judged.stale);
        self.notices.extend(judged.notices);
    }

    /// Adds the incidents that have waited long enough.
    pub(super) fn add_due(&mut self, uptime: Duration) {
        self.incidents.extend(self.ongoing.take_due(uptime));
    }

    /// None is to wait any longer than for the next commit.
    pub(super) fn hurry(&mut self) {
        self.incidents.extend(self.ongoing.take());
    }

    /// What is to be committed now; `None` if nothing is. What belongs to the state waits for it.
    pub(super) fn take(&mut self, with_state: bool) -> Option<Self> {
        let keeping = self.keeping;
        if with_state || keeping == Keeping::Events {
            if !with_state && self.is_empty() {
                return None;
            }
            let ongoing = std::mem::take(&mut self.ongoing);
            return Some(std::mem::replace(self, Self { keeping, ongoing, ..Self::default() }));
        }
        let now = Self {
            incidents: std::mem::take(&mut self.incidents),
            stale: std::mem::take(&mut self.stale),
            notices: std::mem::take(&mut self.notices),
            keeping,
            ..Self::default()
        };
        (!now.is_empty()).then_some(now)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.inputs.is_empty()
            && self.positions.is_empty()
            && self.memory.is_empty()
            && self.incidents.is_empty()
            && self.stale.is_empty()
            && self.notices.is_empty()
    }
}
