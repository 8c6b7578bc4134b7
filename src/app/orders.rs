//! What is asked of the stages while they run. The reading stage takes it up between two
//! rounds, so that it has its place among the lines, and in the journal.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

use tokio::sync::oneshot;

use super::forgetting::Forget;
use super::job::JobError;
use super::keeping::Keeping;
use super::stages::Reach;
use crate::config::Source;
use crate::engine::{Input, Settings, Verdict};
use crate::identity::{Inventory, Networks, Privacy};

/// Orders that may wait.
const WAITING_MAX: usize = 32;

/// Fires when all that an order led to is on the disk.
pub(super) type Receipt = oneshot::Sender<()>;

/// From now on this holds.
#[derive(Clone, Debug)]
pub(super) enum Change {
    Settings(Box<Settings>),
    Inventory(Arc<Inventory>),
    Networks(Arc<Networks>),
    /// So much of a request is kept.
    Privacy(Arc<Privacy>),
    /// These logs are followed, and no others.
    Sources(Vec<Source>),
    /// A person's word about an incident.
    Verdict(Verdict),
    /// Somebody is not known any more.
    Forget(Forget),
}

impl Change {
    /// What it changes, for the audit journal.
    pub(super) const fn name(&self) -> &'static str {
        match self {
            Self::Settings(_) => "settings",
            Self::Inventory(_) => "inventory",
            Self::Networks(_) => "networks",
            Self::Privacy(_) => "privacy",
            Self::Sources(_) => "sources",
            Self::Verdict(_) => "a word about an incident",
            Self::Forget(_) => "what is forgotten",
        }
    }
}

/// Some changes that are taken up together.
#[derive(Debug)]
pub(super) struct Order {
    changes: Vec<Change>,
    receipt: Receipt,
}

/// Gives orders. A clone reaches the same stages.
#[derive(Clone, Debug)]
pub(super) struct Orders(SyncSender<Order>);

impl Orders {
    pub(super) fn new() -> (Self, Receiver<Order>) {
        let (sender, receiver) = sync_channel(WAITING_MAX);
        (Self(sender), receiver)
    }

    /// Returns when the changes hold and are on the disk.
    pub(super) async fn give(&self, changes: Vec<Change>) -> Result<(), JobError> {
        let (receipt, done) = oneshot::channel();
        self.0.try_send(Order { changes, receipt }).map_err(|_full| JobError::NoRoom)?;
        done.await.map_err(|_gone| JobError::StageEnded("reading"))
    }
}

/// Follows other logs from now on.
type Follower<'a, R> = &'a mut dyn FnMut(&mut R, Vec<Source>) -> Result<(), JobError>;

impl Reach<'_> {
    /// Carries out what was ordered since the last round. Whoever follows logs is told
    /// which.
    pub(super) fn obey(&mut self, follow: Follower<'_, Self>) -> Result<(), JobError> {
        while let Ok(order) = self.orders.try_recv() {
            // What was read before is judged as it was read.
            self.hand_over()?;
            for change in order.changes {
                match change {
                    Change::Settings(settings) => {
                        self.intake.set_delay(settings.patience);
                        self.stages.tell(Input::Settings(settings))?;
                    }
                    Change::Inventory(inventory) => {
                        self.intake.set_inventory(Arc::clone(&inventory));
                        self.stages.tell(Input::Inventory(inventory))?;
                    }
                    Change::Networks(networks) => self.intake.set_networks(networks),
                    Change::Privacy(privacy) => {
                        self.stages.keep(Keeping::of(&privacy))?;
                        self.intake.set_privacy(privacy);
                    }
                    Change::Sources(sources) => follow(self, sources)?,
                    Change::Verdict(verdict) => self.stages.tell(Input::Verdict(verdict))?,
                    Change::Forget(forget) => {
                        self.intake.forget(&forget.mention);
                        self.hand_over()?;
                        self.stages.forget(forget)?;
                    }
                }
            }
            self.stages.confirm(order.receipt)?;
        }
        Ok(())
    }
}
