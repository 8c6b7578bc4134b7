//! The answer to a question in SQL: its rows, a line each, as fast as they are taken.

use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::json;
use tokio::io::{AsyncWrite, AsyncWriteExt as _};
use tokio::sync::{Semaphore, mpsc};
use tokio::time::timeout;

use super::wire::{Because, Refusal, Reply};
use crate::report::{self, ReportError};
use crate::store::Store;
use crate::web::View;

/// An answer is cut after so many rows …
const ROWS_MAX: usize = 1_000_000;

/// … or so many bytes.
const BYTES_MAX: usize = 256 << 20;

/// What the events that a question needs may take in the daemon's memory.
const MEMORY_MAX: u64 = 384 << 20;

/// Rows go out in pieces of about this size.
const PIECE_BYTES: usize = 64 << 10;
const PIECES_WAITING_MAX: usize = 4;

/// How long a question may take, and how long a piece may lie.
const QUESTION_MAX: Duration = Duration::from_mins(10);
const PIECE_MAX: Duration = Duration::from_secs(30);

/// The last line: how many rows there were, and whether there would be more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RowsEnd {
    pub rows: usize,
    pub cut: bool,
}

/// One question is worked on at a time; the others wait.
#[derive(Clone, Debug)]
pub(super) struct Questions(Arc<Semaphore>);

impl Default for Questions {
    fn default() -> Self {
        Self(Arc::new(Semaphore::new(1)))
    }
}

impl Questions {
    /// Writes the answer, or why there is none.
    pub(super) async fn answer(
        &self,
        (store, view): (Option<Store>, Arc<View>),
        sql: String,
        out: &mut (impl AsyncWrite + Unpin),
    ) {
        let refused = |because, message: &str| line_of(&Err(Refusal::new(because, message)).into());
        let Some(store) = store else {
            let line = refused(Because::Failed, "this keyvigil stores no events (run --state DIR)");
            drop(timeout(PIECE_MAX, out.write_all(&line)).await);
            return;
        };
        let Ok(Ok(turn)) = timeout(QUESTION_MAX, Arc::clone(&self.0).acquire_owned()).await else {
            let line = refused(Because::Busy, "another question is being answered; ask again");
            drop(timeout(PIECE_MAX, out.write_all(&line)).await);
            return;
        };
        let (pieces, mut ready) = mpsc::channel(PIECES_WAITING_MAX);
        // Whoever goes away in between frees the turn only when the work has ended.
        drop(tokio::task::spawn_blocking(move || {
            work(&store, (&view, &sql), &pieces);
            drop(turn);
        }));
        while let Ok(Some(piece)) = timeout(QUESTION_MAX, ready.recv()).await {
            if !matches!(timeout(PIECE_MAX, out.write_all(&piece)).await, Ok(Ok(()))) {
                return;
            }
        }
    }
}

impl Questions {
    /// Does what takes as long as a question does, in its turn.
    pub(super) async fn in_turn<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> Result<T, Refusal> + Send + 'static,
    ) -> Result<T, Refusal> {
        let busy = || Refusal::new(Because::Busy, "another question is being answered; ask again");
        let turn = timeout(QUESTION_MAX, Arc::clone(&self.0).acquire_owned()).await;
        let turn = turn.map_err(|_late| busy())?.map_err(|_closed| busy())?;
        let done = tokio::task::spawn_blocking(move || {
            let done = work();
            drop(turn);
            done
        });
        let failed =
            |panic: tokio::task::JoinError| Refusal::new(Because::Failed, panic.to_string());
        timeout(QUESTION_MAX, done).await.map_err(|_late| busy())?.map_err(failed)?
    }
}

fn work(store: &Store, (view, sql): (&View, &str), pieces: &mpsc::Sender<Vec<u8>>) {
    let mut answer = match answer(store, view, sql) {
        Ok(answer) => answer,
        Err(refusal) => {
            // Who went away needs no answer.
            drop(pieces.blocking_send(line_of(&Err(refusal).into())));
            return;
        }
    };
    let mut piece = line_of(&Ok(json!({ "columns": answer.columns })).into());
    let (mut rows, mut bytes) = (0, 0);
    let mut is_cut = false;
    for row in &mut answer {
        let before = piece.len();
        let is_written = row.is_ok_and(|row| serde_json::to_writer(&mut piece, &row).is_ok());
        if !is_written {
            is_cut = true;
            break;
        }
        piece.push(b'\n');
        rows += 1;
        bytes += piece.len() - before;
        if BYTES_MAX < bytes || ROWS_MAX <= rows {
            break;
        }
        if PIECE_BYTES < piece.len() && pieces.blocking_send(std::mem::take(&mut piece)).is_err() {
            return;
        }
    }
    let end = RowsEnd { rows, cut: is_cut || answer.next().is_some() };
    piece.extend(serde_json::to_vec(&end).unwrap_or_default());
    piece.push(b'\n');
    drop(pieces.blocking_send(piece));
}

fn answer<'s>(store: &'s Store, view: &View, sql: &str) -> Result<report::Answer<'s>, Refusal> {
    report::answer_within(store, &view.keys, (sql, MEMORY_MAX)).map_err(|error| {
        let because = match error {
            ReportError::TooMuch { .. } => Because::TooLong,
            ReportError::Sql { .. } | ReportError::Store(_) => Because::NotUnderstood,
        };
        Refusal::new(because, error.to_string())
    })
}

pub(super) fn line_of(reply: &Reply) -> Vec<u8> {
    let mut line = serde_json::to_vec(reply).unwrap_or_default();
    line.push(b'\n');
    line
}
