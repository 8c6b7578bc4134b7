//! What people ask of the daemon from the page. It is done elsewhere: `app/` takes the
//! errands up, and this room knows only what comes back.

use tokio::sync::{mpsc, oneshot};

use super::access::Visitor;
use crate::engine::{Judgement, Portrait};
use crate::incident::Incident;
use crate::store::{Entry, OutboxRow};

/// Something to be done, and where its answer is waited for.
#[derive(Debug)]
pub enum Errand {
    /// A person's word about an incident: how it stands then.
    Say { word: Word, done: Done<Incident> },
    /// An incident that the view may not list any more, and the mails about it.
    Find { id: String, done: Done<Found> },
    /// What is known of one key beyond its row.
    Key { key: String, done: Done<KeyFile> },
    /// The audit journal, newest first: entries before that number.
    Journal { before: Option<u64>, limit: usize, done: Done<Vec<Entry>> },
    /// Something for the audit journal.
    Note(Entry),
}

pub type Done<T> = oneshot::Sender<Result<T, Refused>>;

/// A word about an incident.
#[derive(Clone, Debug, PartialEq)]
pub struct Word {
    pub incident: String,
    pub judgement: Judgement,
    pub reason: String,
    pub by: String,
    /// For the journal: from where, and how.
    pub from: String,
}

/// An incident with all that is kept about it.
#[derive(Clone, Debug, Default)]
pub struct Found {
    pub incident: Incident,
    pub mails: Vec<OutboxRow>,
    pub beside: Option<Beside>,
}

/// What was asked for during an incident, and in the day before it.
#[derive(Clone, Debug, Default)]
pub struct Beside {
    /// Requests that were looked at, the newest, and whether there are more.
    pub before: (usize, bool),
    pub during: (usize, bool),
    pub addresses: Vec<Pair>,
    pub routes: Vec<Pair>,
    pub statuses: Vec<Pair>,
}

#[derive(Clone, Debug, Default)]
pub struct Pair {
    pub name: String,
    pub before: usize,
    pub during: usize,
}

/// What is known of one key.
#[derive(Clone, Debug, Default)]
pub struct KeyFile {
    /// `None` until the first hour of its use was written down.
    pub portrait: Option<Portrait>,
    pub used: Used,
}

/// A look at the newest requests of a key.
#[derive(Clone, Debug, Default)]
pub struct Used {
    pub requests: usize,
    /// Whether there are older ones that were not looked at.
    pub is_part: bool,
    pub since: Option<crate::model::Timestamp>,
    /// The most frequent first, with their counts.
    pub routes: Vec<(String, usize)>,
    pub addresses: Vec<(String, usize)>,
    pub places: Vec<(String, usize)>,
    pub clients: Vec<(String, usize)>,
    pub statuses: Vec<(String, usize)>,
}

/// Why it was not done.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Refused {
    pub because: Because,
    pub message: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Because {
    /// There is no such thing.
    Missing,
    /// It makes no sense as things stand: the incident is over.
    Conflict,
    /// Too much is asked at once, or nobody is there to do it.
    Busy,
    Failed,
}

/// Sends errands. A clone reaches the same doer.
#[derive(Clone, Debug)]
pub struct Errands(mpsc::Sender<Errand>);

/// Errands that may wait.
const WAITING_MAX: usize = 256;

impl Errands {
    pub fn new() -> (Self, mpsc::Receiver<Errand>) {
        let (sender, receiver) = mpsc::channel(WAITING_MAX);
        (Self(sender), receiver)
    }

    /// Sends one and waits for its answer.
    pub(super) async fn ask<T>(
        &self,
        errand: impl FnOnce(Done<T>) -> Errand,
    ) -> Result<T, Refused> {
        let (done, answer) = oneshot::channel();
        let busy = || Refused::new(Because::Busy, "too much is asked at once; ask again");
        self.0.try_send(errand(done)).map_err(|_full| busy())?;
        answer.await.map_err(|_gone| busy())?
    }

    /// Something for the journal. Where there is no room for it, the log still tells.
    pub(super) fn note(&self, entry: Entry) {
        let (what, who) = (entry.what.clone(), entry.who.clone());
        if self.0.try_send(Errand::Note(entry)).is_err() {
            tracing::warn!(what, who, "the journal has no room for this");
        }
    }
}

impl Refused {
    pub fn new(because: Because, message: impl Into<String>) -> Self {
        Self { because, message: message.into() }
    }
}

impl Entry {
    pub(super) fn of(visitor: &Visitor, what: &str, about: &str) -> Self {
        Self {
            who: visitor.called().to_owned(),
            from: visitor.address.clone(),
            what: what.to_owned(),
            about: about.to_owned(),
            ..Self::default()
        }
    }
}
