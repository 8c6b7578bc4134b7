//! A hint that something happened to a log, so that it is read at once and not at the next look.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::mpsc;
use std::time::Duration;

use notify::RecommendedWatcher;
use notify::RecursiveMode;
use notify::Watcher;

/// After a hint, so long until the next look: a busy log changes all the time.
const GATHER: Duration = Duration::from_millis(20);

/// Waits for a change in some directories. It is a hint only: where it cannot be had,
/// it waits for as long as it is told.
pub struct Growth {
    watcher: Option<RecommendedWatcher>,
    watched: BTreeSet<PathBuf>,
    hints: mpsc::Receiver<()>,
    sender: mpsc::SyncSender<()>,
    /// Never sends: waiting for it is a pause.
    silence: mpsc::Receiver<()>,
    _silent: mpsc::Sender<()>,
    problem: Option<String>,
    /// No directory is left out.
    is_whole: bool,
}

impl Growth {
    pub fn new(directories: &BTreeSet<PathBuf>) -> Self {
        let (sender, hints) = mpsc::sync_channel(1);
        let (silent, silence) = mpsc::channel();
        let tell = sender.clone();
        let watcher = notify::recommended_watcher(move |event: notify::Result<notify::Event>| {
            // Our own reading is an event too. A full channel holds a hint already.
            if !event.is_ok_and(|event| event.kind.is_access()) {
                tell.try_send(()).ok();
            }
        });
        let (watcher, problem) = match watcher {
            Ok(watcher) => (Some(watcher), None),
            Err(error) => (None, Some(polling_only(&error))),
        };
        let mut growth = Self {
            watcher,
            watched: BTreeSet::new(),
            hints,
            sender,
            silence,
            _silent: silent,
            problem,
            is_whole: true,
        };
        growth.watch(directories);
        growth
    }

    /// Watches these directories from now on, beside those it watches already.
    pub fn watch(&mut self, directories: &BTreeSet<PathBuf>) {
        let Some(watcher) = &mut self.watcher else {
            return;
        };
        self.is_whole = true;
        for directory in directories.difference(&self.watched.clone()) {
            match watcher.watch(directory, RecursiveMode::NonRecursive) {
                Ok(()) => {
                    self.watched.insert(directory.clone());
                }
                Err(error) => {
                    self.is_whole = false;
                    self.problem.get_or_insert_with(|| polling_only(&error));
                }
            }
        }
    }

    /// Whether changes are told, as far as anybody knows.
    pub fn is_told(&self) -> bool {
        !self.watched.is_empty() && self.is_whole
    }

    /// Returns after a change, or after the timeout. Whether there was a hint.
    pub fn wait(&self, timeout: Duration) -> bool {
        let hinted = self.hints.recv_timeout(timeout).is_ok();
        if hinted {
            self.silence.recv_timeout(GATHER.min(timeout)).ok();
            self.hints.try_recv().ok();
        }
        hinted
    }

    /// Why there are no hints, to be said once; reading goes on by looking every time.
    pub fn take_problem(&mut self) -> Option<String> {
        self.problem.take()
    }

    /// Ends a wait early, from another thread: at a stop.
    pub fn waker(&self) -> impl Fn() + Send + use<> {
        let sender = self.sender.clone();
        move || {
            sender.try_send(()).ok();
        }
    }
}

fn polling_only(error: &notify::Error) -> String {
    format!(
        "no file change notices, polling only ({error}); raise fs.inotify.max_user_watches or max_user_instances"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_write_ends_the_wait_and_silence_does_not() {
        let directory = tempfile::tempdir().unwrap();
        let growth = Growth::new(&[directory.path().to_owned()].into());
        assert!(!growth.wait(Duration::from_millis(30)));
        std::fs::write(directory.path().join("x.log"), "x").unwrap();
        assert!(growth.wait(Duration::from_secs(10)));
    }

    #[test]
    fn a_directory_that_is_not_there_is_said_once() {
        let mut growth = Growth::new(&[PathBuf::from("/no/such")].into());
        assert!(growth.take_problem().unwrap().starts_with("no file change notices, polling only"));
        assert_eq!(growth.take_problem(), None);
        assert!(!growth.wait(Duration::from_millis(1)));
    }
}
