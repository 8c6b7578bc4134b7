//! The delivery of mails and other messages, as the configuration wants it. Another
//! configuration is another delivery.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use tokio::sync::watch;
use tokio::task::JoinSet;
use tracing::error;

use super::job::JobError;
use super::{routes, ways};
use crate::alert::{EmlDirectory, Frame, NotKnown, Reports, Route, Ways, Worker};
use crate::config::Config;
use crate::model::{Millis, Severity, Timestamp};
use crate::store::{OutboxRow, Store, StoreError};

/// How long a life has to last before it mails what an earlier one left.
const LEFT_OVER_WAITS: Millis = Millis::seconds(5);

/// The tasks beside the stages; the first that ends, ends the daemon.
pub(super) type Tasks = JoinSet<Result<(), String>>;

const DEMO_SENDER: &str = "keyvigil@example.com";
const DEMO_RECIPIENT: &str = "you@example.com";

/// What a delivery needs beside the configuration.
pub(super) struct Post {
    pub(super) store: Store,
    pub(super) now: fn() -> Timestamp,
    /// Mails are put here, as files, to nobody.
    pub(super) letters: Option<PathBuf>,
    pub(super) not_known: NotKnown,
}

/// Starts the delivery of mails, now or as soon as anybody is to be told.
pub(super) fn start(
    mut config: watch::Receiver<Arc<Config>>,
    post: Post,
    (tasks, stopped): (&mut Tasks, &watch::Receiver<bool>),
) -> Result<(), JobError> {
    hold_back(&post.store, (post.now)())?;
    let first = post.worker(&config.borrow_and_update())?;
    tasks.spawn(deliver(config, post, first, stopped.clone()));
    Ok(())
}

/// Whether people can be told with this configuration, as far as this machine knows.
pub(super) fn check(config: &Config) -> Result<(), JobError> {
    ways::frame(config)?;
    ways::all(config).map(drop)
}

/// One delivery after the other, each as the configuration then says.
async fn deliver(
    mut config: watch::Receiver<Arc<Config>>,
    post: Post,
    mut worker: Option<Worker>,
    mut stopped: watch::Receiver<bool>,
) -> Result<(), String> {
    while !*stopped.borrow() {
        let old = Arc::clone(&config.borrow());
        let (end, ended) = watch::channel(false);
        let mut delivery = tokio::spawn(run(worker.take(), ended));
        let done = tokio::select! {
            done = &mut delivery => Some(done),
            () = until_changed(&mut config, &old) => None,
            _ = stopped.wait_for(|&stopped| stopped) => None,
        };
        end.send_replace(true);
        let done = match done {
            Some(done) => done,
            None => delivery.await,
        };
        done.map_err(|panic| panic.to_string())??;
        if !*stopped.borrow() {
            let next = post.worker(&config.borrow());
            worker = next.unwrap_or_else(|error| {
                error!(%error, "nobody can be mailed with this configuration");
                None
            });
        }
    }
    Ok(())
}

async fn run(worker: Option<Worker>, mut ended: watch::Receiver<bool>) -> Result<(), String> {
    if let Some(worker) = worker {
        fail::fail_point!("mailing");
        return crate::alert::run(worker, ended).await.map_err(|error| error.to_string());
    }
    drop(ended.wait_for(|&ended| ended).await);
    Ok(())
}

/// Until the configuration says something else about who is told.
async fn until_changed(config: &mut watch::Receiver<Arc<Config>>, old: &Config) {
    let is_other = |now: &Arc<Config>| {
        now.mail != old.mail
            || now.web != old.web
            || now.notify != old.notify
            || now.routes != old.routes
    };
    if config.wait_for(is_other).await.is_err() {
        // Nobody changes it any more.
        std::future::pending::<()>().await;
    }
}

impl Post {
    /// `None` if nobody is to be told.
    fn worker(&self, config: &Config) -> Result<Option<Worker>, JobError> {
        if let Some(directory) = &self.letters {
            return self.to_nobody(config, directory).map(Some);
        }
        let ways = ways::all(config)?;
        if ways.is_empty() {
            return Ok(None);
        }
        let mail = config.mail.as_ref();
        Ok(Some(Worker {
            store: self.store.clone(),
            ways,
            routes: routes::all(config),
            reports: mail.map(routes::reports).unwrap_or_default(),
            opted_out: mail.map(|mail| mail.opt_out.clone()).unwrap_or_default(),
            frame: ways::frame(config)?,
            not_known: Arc::clone(&self.not_known),
            now: self.now,
        }))
    }

    /// Mails as files.
    fn to_nobody(&self, config: &Config, directory: &Path) -> Result<Worker, JobError> {
        let route = Route {
            name: "everything of medium severity and above".to_owned(),
            severity_min: Severity::Medium,
            recipients: vec![DEMO_RECIPIENT.to_owned()],
            ..Route::default()
        };
        Ok(Worker {
            store: self.store.clone(),
            ways: Ways::by_mail(Box::new(EmlDirectory::open(directory)?)),
            routes: vec![route],
            reports: Reports::default(),
            opted_out: Vec::new(),
            frame: Frame { from: DEMO_SENDER.to_owned(), ..routes::frame(config) },
            not_known: Arc::clone(&self.not_known),
            now: self.now,
        })
    }
}

/// What an earlier life left may be with the mail server already, and only the word of it
/// lost: a program that dies again and again must not mail the same each time.
fn hold_back(store: &Store, now: Timestamp) -> Result<(), StoreError> {
    let until = now.plus(LEFT_OVER_WAITS);
    let due = store.outbox_due(until, usize::MAX).into_iter();
    let rows: Vec<OutboxRow> = due.map(|row| OutboxRow { next_try: until, ..row }).collect();
    if rows.is_empty() { Ok(()) } else { store.outbox_update(&rows) }
}
