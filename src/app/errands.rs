//! Does what people ask for from the page: hears their words, looks into the store, writes
//! the audit journal.

use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;

use super::compared::compared;
use super::control::{self, Question, Refusal};
use super::hearing::Hearing;
use super::key_file;
use crate::incident::Incident;
use crate::store::{Entry, Store, StoreError};
use crate::web::{Because, Errand, Found, Refused, Word};

/// Errands that are done at a time; others wait.
const AT_ONCE_MAX: usize = 16;

/// Until stopped.
pub(super) async fn run(
    hearing: Hearing,
    mut inbox: mpsc::Receiver<Errand>,
    mut stopped: watch::Receiver<bool>,
) -> Result<(), String> {
    let mut busy = JoinSet::new();
    while !*stopped.borrow() {
        tokio::select! {
            Some(errand) = inbox.recv(), if busy.len() < AT_ONCE_MAX => {
                drop(busy.spawn(do_it(hearing.clone(), errand)));
            }
            Some(_done) = busy.join_next() => {}
            _ = stopped.changed() => break,
        }
    }
    // Who asked is answered, and what was done is written down.
    inbox.close();
    while let Ok(errand) = inbox.try_recv() {
        if let Errand::Note(_) = errand {
            do_it(hearing.clone(), errand).await;
        }
    }
    while busy.join_next().await.is_some() {}
    Ok(())
}

async fn do_it(hearing: Hearing, errand: Errand) {
    // Whoever went away meanwhile needs no answer.
    match errand {
        Errand::Say { word, done } => drop(done.send(say(&hearing, word).await)),
        Errand::Find { id, done } => {
            drop(done.send(aside(move || found(&hearing, &id)).await));
        }
        Errand::Key { key, done } => {
            let view = hearing.page.fresh();
            let look =
                move |store: &Store| key_file::look(store, &view, &key).map_err(|it| failed(&it));
            drop(done.send(aside(move || look(kept(&hearing)?)).await));
        }
        Errand::Journal { before, limit, done } => {
            let read = move |store: &Store| store.journal(before, limit).map_err(|it| failed(&it));
            drop(done.send(aside(move || read(kept(&hearing)?)).await));
        }
        Errand::Note(entry) => {
            let entry = Entry { at: super::now(), ..entry };
            let noted = aside(move || match kept(&hearing) {
                Ok(store) => store.journal_add(vec![entry]).map_err(|it| failed(&it)),
                // A state that ends with the process has no journal.
                Err(_nothing_is_kept) => Ok(()),
            });
            if let Err(error) = noted.await {
                tracing::warn!(%error, "the journal cannot be written");
            }
        }
    }
}

async fn say(hearing: &Hearing, word: Word) -> Result<Incident, Refused> {
    let Word { incident: id, judgement, reason, by, from } = word;
    let question = Question::Verdict { id, judgement, reason, by };
    hearing.hear(question, &from).await.map_err(refused)
}

fn found(hearing: &Hearing, id: &str) -> Result<Found, Refused> {
    let view = hearing.page.fresh();
    let incident = control::find(id, &view, hearing.store.as_ref()).map_err(refused)?;
    let Some(store) = &hearing.store else {
        return Ok(Found { incident, ..Found::default() });
    };
    let mails = store.outbox_of(incident.id).map_err(|it| failed(&it))?;
    let beside = compared(store, &incident).map_err(|it| failed(&it))?;
    Ok(Found { incident, mails, beside })
}

fn kept(hearing: &Hearing) -> Result<&Store, Refused> {
    let nothing = || Refused::new(Because::Missing, "this keyvigil keeps nothing beyond its run");
    hearing.store.as_ref().ok_or_else(nothing)
}

/// On a thread of its own: the store may take its time.
async fn aside<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Refused> + Send + 'static,
) -> Result<T, Refused> {
    let failed = |error: tokio::task::JoinError| Refused::new(Because::Failed, error.to_string());
    tokio::task::spawn_blocking(work).await.map_err(failed)?
}

fn refused(refusal: Refusal) -> Refused {
    use control::Because as Why;
    let because = match refusal.because {
        Why::NotFound => Because::Missing,
        Why::Over => Because::Conflict,
        Why::Busy => Because::Busy,
        Why::NotAllowed
        | Why::NotUnderstood
        | Why::TooLong
        | Why::OtherVersion
        | Why::OtherState
        | Why::Configuration
        | Why::Failed => Because::Failed,
    };
    Refused::new(because, refusal.message)
}

fn failed(error: &StoreError) -> Refused {
    Refused::new(Because::Failed, format!("the store cannot be read: {error}"))
}
