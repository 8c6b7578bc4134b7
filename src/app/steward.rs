//! Takes up what changes while the daemon runs: the configuration when it is asked to, and
//! the files beside it by itself. What is wrong changes nothing, and is said.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use tokio::signal::unix::Signal;
use tokio::sync::{mpsc, oneshot, watch};
use tracing::{error, info};

use super::beside::{Beside, Look};
use super::board::Board;
use super::control::{Because, Refusal};
use super::diary::{self, Asker};
use super::difference::Difference;
use super::follow;
use super::job::{self, JobError};
use super::keeper::Policy;
use super::kept::kept;
use super::live;
use super::orders::{Change, Orders};
use super::people;
use crate::config::Config;
use crate::store::Store;

/// How the configuration is read again, with the flags laid over it.
pub type Reread = Arc<dyn Fn() -> anyhow::Result<Config> + Send + Sync>;

/// What came of reading the configuration again.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Reloaded {
    /// What is another than it was, and holds now.
    pub changed: Vec<String>,
    /// What is another too, but holds only after a restart.
    pub restart: Vec<String>,
    /// What is wrong beside the configuration; what was good before stays in force.
    pub problems: Vec<String>,
}

/// How often the files beside the configuration are looked at.
const LOOK_EVERY: Duration = Duration::from_millis(250);

/// What the page says of the configuration stands under this name.
const CONFIGURATION: &str = "configuration";

/// Asks for the configuration to be read again. A clone asks the same steward.
#[derive(Clone, Debug)]
pub(super) struct Asking(mpsc::Sender<Asked>);

type Asked = (Asker, oneshot::Sender<Result<Reloaded, Refusal>>);

impl Asking {
    pub(super) fn new() -> (Self, mpsc::Receiver<Asked>) {
        let (sender, receiver) = mpsc::channel(4);
        (Self(sender), receiver)
    }

    pub(super) async fn reload(&self, by: Asker) -> Result<Value, Refusal> {
        let stopping = || Refusal::new(Because::Failed, "the daemon is stopping");
        let (done, told) = oneshot::channel();
        self.0.send((by, done)).await.map_err(|_closed| stopping())?;
        let reloaded = told.await.map_err(|_gone| stopping())??;
        serde_json::to_value(reloaded)
            .map_err(|error| Refusal::new(Because::Failed, error.to_string()))
    }
}

pub(super) struct Steward {
    pub(super) reread: Reread,
    /// The file, for the page.
    pub(super) file: Option<PathBuf>,
    /// Mails become files, whatever is configured.
    pub(super) has_letters: bool,
    /// In force now.
    pub(super) config: watch::Sender<Arc<Config>>,
    pub(super) policy: watch::Sender<Policy>,
    pub(super) policy_of: fn(&Config) -> Policy,
    pub(super) orders: Orders,
    /// For the audit journal.
    pub(super) store: Option<Store>,
    pub(super) board: Board,
    pub(super) beside: Beside,
}

impl Steward {
    /// Until stopped.
    pub(super) async fn run(
        mut self,
        mut asked: mpsc::Receiver<Asked>,
        mut hangups: Signal,
        mut stopped: watch::Receiver<bool>,
    ) -> Result<(), String> {
        let mut clock = tokio::time::interval(LOOK_EVERY);
        self.show();
        while !*stopped.borrow() {
            tokio::select! {
                Some((by, done)) = asked.recv() => {
                    // Who asked and went away has it in the log.
                    done.send(self.reload(&by).await).unwrap_or_default();
                }
                Some(()) = hangups.recv() => drop(self.reload(&hung_up()).await),
                _ = clock.tick() => self.look(Look::IfChanged).await,
                _ = stopped.changed() => break,
            }
        }
        Ok(())
    }

    /// Tells the page what is in force.
    fn show(&self) {
        let read_at = jiff::Timestamp::from_second(super::now().seconds()).unwrap_or_default();
        let file = self.file.as_ref();
        let config = self.config.borrow();
        let file = file.map(|file| format!("{}, read {read_at}", file.display()));
        let tells = self.has_letters || config.mail.is_some() || !config.notify.is_empty();
        self.board.config(file, kept(&config), tells);
        live::show_sources(&config);
    }

    /// Reads the configuration again and says what came of it, everywhere.
    async fn reload(&mut self, by: &Asker) -> Result<Reloaded, Refusal> {
        let done = self.take_up().await;
        match &done {
            Ok(reloaded) => {
                self.note(by, &reloaded.changed).await;
                self.board.note(CONFIGURATION, None);
                let restart = (!reloaded.restart.is_empty()).then(|| reloaded.restart.join(", "));
                let changed = reloaded.changed.join(", ");
                info!(changed, restart, "the configuration was read again");
            }
            Err(refusal) => {
                let because = in_one_line(&refusal.message);
                error!(
                    because,
                    "the new configuration is not taken up; the old one stays in force"
                );
                let note = format!(
                    "the configuration was changed, but the old one stays in force: {because}; \
                     correct it and run `keyvigil reload`"
                );
                self.board.note(CONFIGURATION, Some(note));
            }
        }
        done
    }

    async fn take_up(&mut self) -> Result<Reloaded, Refusal> {
        let reread = Arc::clone(&self.reread);
        let new = aside(move || reread().and_then(checked)).await?;
        let old = Arc::clone(&self.config.borrow());
        let Difference { in_force, changed, restart } = Difference::between(&old, new);
        let mut fresh = self.beside.clone();
        fresh.turn_to(&in_force);
        let found = fresh.look(Look::Again).await;
        if let Some((_, problem)) =
            found.problems.iter().find(|(name, _)| changed.iter().any(|it| it == name))
        {
            return Err(Refusal::new(Because::Configuration, problem.clone()));
        }
        let mut changes = found.changes;
        if job::settings(&old) != job::settings(&in_force) {
            changes.push(Change::Settings(Box::new(job::settings(&in_force))));
        }
        if old.sources != in_force.sources {
            changes.push(Change::Sources(in_force.sources.clone()));
        }
        // The list that it names may be another, too.
        let privacy = job::privacy(&in_force).map_err(|error| failed(&error))?;
        changes.push(Change::Privacy(Arc::new(privacy)));
        self.orders.give(changes).await.map_err(|error| failed(&error))?;
        self.beside = fresh;
        self.note_beside(&found.problems);
        self.policy.send_replace((self.policy_of)(&in_force));
        self.config.send_replace(Arc::new(in_force));
        self.show();
        let problems = found.problems.into_iter().map(|(_, problem)| problem).collect();
        Ok(Reloaded { changed, restart, problems })
    }

    /// Looks at the files beside the configuration, and takes up those that changed.
    async fn look(&mut self, look: Look) {
        let found = self.beside.look(look).await;
        if found.changes.is_empty() && found.problems.is_empty() && found.mended.is_empty() {
            return;
        }
        for name in &found.mended {
            self.board.note(name, None);
        }
        self.note_beside(&found.problems);
        if found.changes.is_empty() {
            return;
        }
        let names: Vec<String> =
            found.changes.iter().map(Change::name).map(str::to_owned).collect();
        if let Err(error) = self.orders.give(found.changes).await {
            // The next look finds them changed again.
            error!(%error, "what changed beside the configuration is not taken up yet");
            self.beside.forget();
            return;
        }
        self.note(&Asker::ourselves(), &names).await;
    }

    /// Writes into the audit journal what is another now.
    async fn note(&self, by: &Asker, names: &[String]) {
        let Some(store) = self.store.clone() else { return };
        let (by, names) = (by.clone(), names.to_vec());
        let config = Arc::clone(&self.config.borrow());
        let work = move || diary::changed(&store, &by, (&config, &names));
        // What went wrong is in the log.
        tokio::task::spawn_blocking(work).await.unwrap_or_default();
    }

    fn note_beside(&self, problems: &[(&'static str, String)]) {
        for (name, problem) in problems {
            error!(problem, "what was read before stays in force");
            let note = format!(
                "the file of the setting `{name}` cannot be used: {}; what was read before stays in \
                 force until it is corrected",
                in_one_line(problem)
            );
            self.board.note(name, Some(note));
        }
    }
}

fn hung_up() -> Asker {
    Asker { who: "somebody".to_owned(), from: "SIGHUP".to_owned() }
}

/// What would fail at a start fails here.
fn checked(config: Config) -> anyhow::Result<Config> {
    follow::check(&config.sources)?;
    people::check(&config)?;
    Ok(config)
}

/// On a thread of its own, where it may take its time.
async fn aside<T: Send + 'static>(
    work: impl FnOnce() -> anyhow::Result<T> + Send + 'static,
) -> Result<T, Refusal> {
    match tokio::task::spawn_blocking(work).await {
        Ok(Ok(done)) => Ok(done),
        Ok(Err(error)) => Err(Refusal::new(Because::Configuration, said(&error))),
        Err(panic) => Err(Refusal::new(Because::Failed, panic.to_string())),
    }
}

/// With its causes.
pub(super) fn said(error: &anyhow::Error) -> String {
    error.chain().map(ToString::to_string).collect::<Vec<_>>().join("\n  because: ")
}

fn failed(error: &JobError) -> Refusal {
    Refusal::new(Because::Failed, error.to_string())
}

/// A mistake with its place, without the lines that show it.
fn in_one_line(text: &str) -> String {
    let clean = |line: &str| line.trim().trim_start_matches("error: ").replace("--> ", "at ");
    let is_told = |line: &&str| !line.trim_start().starts_with('|') && !line.trim().is_empty();
    text.lines().filter(is_told).take(2).map(clean).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_is_told_the_first_mistake_and_its_place() {
        let error = Config::parse("[web]\nlisen = \"off\"\n", "it.toml").unwrap_err();
        assert_eq!(
            in_one_line(&error.to_string()),
            "unknown setting `lisen` in [web], at it.toml:2:1"
        );
    }
}
