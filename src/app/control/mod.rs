//! The control socket of a running daemon: whoever may ask gets one answer a connection.

mod answer;
mod facts;
mod forget;
mod noted;
mod peer;
mod place;
mod report;
mod stream;
mod verdict;
mod wire;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;
use tokio::time::timeout;
use tracing::{info, warn};

pub(super) use answer::find;
pub use answer::{answer, answerable, journal, note_on_emptiness};
pub use noted::note_at_rest;
pub(super) use noted::ourselves;
pub use place::{connect, places, state_name};
pub use report::report;
pub use stream::RowsEnd;
pub use verdict::say_at_rest;
pub use wire::{
    Because, JournalAsk, Question, REPLY_BYTES_MAX, Refusal, Reply, Request, TokenAsk, VERSION,
    Which, Whom,
};

use super::diary::Asker;
use super::hearing::Hearing;
use super::keyring::Keyring;
use super::steward::Asking;
use crate::config::Config;
use crate::web::Trail;
use peer::Doorkeeper;
use place::Socket;
use stream::{Questions, line_of};
use wire::REQUEST_BYTES_MAX;

/// Questions that are answered at a time.
const CONNECTIONS_MAX: usize = 16;

/// How long a question may take to arrive, and an answer to be taken.
const PATIENCE: Duration = Duration::from_secs(5);

/// How long an answer may take to be found.
const ANSWER_MAX: Duration = Duration::from_mins(1);

/// What answers are made from.
pub(super) struct Desk {
    state: PathBuf,
    hearing: Hearing,
    keyring: Keyring,
    asking: Asking,
    config: watch::Receiver<Arc<Config>>,
    questions: Questions,
    trail: Trail,
}

/// A socket that is bound, and who may use it.
pub(super) struct Control {
    socket: Socket,
    listener: UnixListener,
    door: Doorkeeper,
}

impl Control {
    pub(super) fn open(configured: Option<&Path>, state: &Path) -> std::io::Result<Self> {
        let door = Doorkeeper::new()?;
        let (socket, listener) = Socket::bind(configured, state)?;
        info!(socket = %socket.path().display(), "other commands can ask");
        Ok(Self { socket, listener, door })
    }

    /// Answers until stopped.
    pub(super) async fn serve(self, desk: Desk, mut stopped: watch::Receiver<bool>) {
        let desk = Arc::new(desk);
        let room = Arc::new(Semaphore::new(CONNECTIONS_MAX));
        let mut open = JoinSet::new();
        let unfinished = Arc::clone(&desk);
        drop(open.spawn(async move { unfinished.finish_forgetting().await }));
        while !*stopped.borrow() {
            tokio::select! {
                accepted = self.listener.accept() => match accepted {
                    Ok((stream, _)) => match Arc::clone(&room).try_acquire_owned() {
                        Ok(place) => {
                            let (desk, door) = (Arc::clone(&desk), self.door);
                            drop(open.spawn(async move {
                                serve_one(stream, &desk, door).await;
                                drop(place);
                            }));
                        }
                        Err(_full) => turn_away(&stream),
                    },
                    Err(error) => {
                        warn!(%error, "cannot take a question");
                        tokio::time::sleep(PATIENCE).await;
                    }
                },
                Some(_answered) = open.join_next() => {}
                _ = stopped.changed() => break,
            }
        }
        drop(self.socket);
        // Who asked in time is answered; those who dawdle have their own limits.
        let answered = async { while open.join_next().await.is_some() {} };
        timeout(PATIENCE, answered).await.unwrap_or_default();
    }
}

/// One question, one answer.
async fn serve_one(stream: UnixStream, desk: &Desk, door: Doorkeeper) {
    let mut stream = BufReader::new(stream);
    let peer = stream.get_ref().peer_cred();
    let by = Asker::command_line(door.name_of(peer.as_ref().ok()));
    let question = admitted(&mut stream, desk, door).await;
    if let Ok(question) = &question {
        desk.note(question, &by).await;
    }
    let question = question.and_then(|question| desk.answerable(question));
    let found = match question {
        Ok(Question::Query { sql }) => {
            let from = (desk.hearing.store.clone(), desk.hearing.page.fresh());
            return desk.questions.answer(from, sql, &mut stream).await;
        }
        Ok(Question::Report { from, until }) => desk.report(from, until).await,
        Ok(Question::Forget { whom, really }) => desk.forget(whom, really, by).await,
        Ok(Question::Export { whom }) => desk.export(whom, by).await,
        Ok(question) => timeout(ANSWER_MAX, desk.answer(question.signed(door, peer.ok()), by))
            .await
            .unwrap_or_else(|_| Err(Refusal::new(Because::Busy, "the answer took too long"))),
        Err(refusal) => Err(refusal),
    };
    let line = line_of(&found.into());
    // Who does not wait for the answer does not get it.
    drop(timeout(PATIENCE, stream.write_all(&line)).await);
}

async fn admitted(
    stream: &mut BufReader<UnixStream>,
    desk: &Desk,
    door: Doorkeeper,
) -> Result<Question, Refusal> {
    let failed = |error: std::io::Error| Refusal::new(Because::Failed, error.to_string());
    door.admit(&stream.get_ref().peer_cred().map_err(failed)?)?;
    let mut line = Vec::new();
    let most = u64::try_from(REQUEST_BYTES_MAX).unwrap_or(u64::MAX);
    let mut bounded = stream.take(most + 1);
    let read = timeout(PATIENCE, bounded.read_until(b'\n', &mut line)).await;
    read.map_err(|_late| Refusal::new(Because::Busy, "no question came in time"))?
        .map_err(failed)?;
    if REQUEST_BYTES_MAX < line.len() {
        let message = format!("the question is longer than {REQUEST_BYTES_MAX} bytes");
        return Err(Refusal::new(Because::TooLong, message));
    }
    let request = Request::read(&line)?;
    match &request.state {
        Some(state) if *state != desk.state => {
            let message = format!("this keyvigil keeps {}", desk.state.display());
            Err(Refusal::new(Because::OtherState, message))
        }
        Some(_) | None => Ok(request.ask),
    }
}

impl Desk {
    pub(super) fn new(
        state: PathBuf,
        (hearing, keyring): (Hearing, Keyring),
        (asking, config): (Asking, watch::Receiver<Arc<Config>>),
    ) -> Self {
        Self {
            state,
            hearing,
            keyring,
            asking,
            config,
            questions: Questions::default(),
            trail: Trail::default(),
        }
    }

    fn answerable(&self, question: Question) -> Result<Question, Refusal> {
        answerable(&question, &self.config.borrow(), self.hearing.store.as_ref())?;
        Ok(question)
    }

    async fn answer(&self, question: Question, by: Asker) -> Result<Value, Refusal> {
        if let Question::Verdict { .. } = question {
            return self.hear(question).await;
        }
        if question == Question::Reload {
            return self.asking.reload(by).await;
        }
        if let Question::Token(ask) = question {
            let keyring = self.keyring.clone();
            let answered = tokio::task::spawn_blocking(move || keyring.answer(&ask, &by));
            return answered
                .await
                .unwrap_or_else(|panic| Err(Refusal::new(Because::Failed, panic.to_string())));
        }
        let (view, store) = (self.hearing.page.fresh(), self.hearing.store.clone());
        // A hundred thousand keys take their time, and others want to be answered too.
        tokio::task::spawn_blocking(move || answer(&question, &view, store.as_ref()))
            .await
            .unwrap_or_else(|panic| Err(Refusal::new(Because::Failed, panic.to_string())))
    }
}

fn turn_away(stream: &UnixStream) {
    let message = format!("{CONNECTIONS_MAX} others are being answered; ask again");
    let line = line_of(&Err(Refusal::new(Because::Busy, message)).into());
    // It fits into the socket's own memory, or it is not sent.
    stream.try_write(&line).unwrap_or_default();
}
