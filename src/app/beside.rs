//! The files beside the logs, inventory and networks: read again when they change. A broken
//! one changes nothing.

use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tracing::{info, warn};

use super::job::{self, JobError};
use super::orders::Change;
use crate::config::Config;
use crate::identity::{Identity, Inventory, Networks};

/// What is in force, and the files as they were when it was read.
#[derive(Clone, Debug)]
pub(super) struct Beside {
    config: Arc<Config>,
    /// What keys are called.
    identity: Arc<Identity>,
    inventory: Arc<Inventory>,
    networks: Arc<Networks>,
    seen: [Seen; 2],
}

/// Which files are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Look {
    /// Those whose size or time is another, once it stays so for a look.
    IfChanged,
    /// All of them.
    Again,
}

/// What a look found.
#[derive(Default)]
pub(super) struct Found {
    pub(super) changes: Vec<Change>,
    /// What is wrong, by the setting that names the file.
    pub(super) problems: Vec<(&'static str, String)>,
    /// Nothing is wrong any more with these.
    pub(super) mended: Vec<&'static str>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Seen {
    /// When it was read last.
    read: Option<Stamp>,
    /// At the last look: what is still being written is not read yet.
    last: Option<Stamp>,
    is_broken: bool,
}

/// Size, time and inode; 0 of a file that is not there.
type Stamp = (u64, i64, i64, u64);

const INVENTORY: &str = "inventory";
const NETWORKS: &str = "networks";

impl Beside {
    pub(super) fn new(
        config: &Arc<Config>,
        identity: Identity,
        (inventory, networks): (Arc<Inventory>, Arc<Networks>),
    ) -> Self {
        let (config, identity) = (Arc::clone(config), Arc::new(identity));
        Self { config, identity, inventory, networks, seen: [Seen::default(); 2] }
    }

    /// From now on these files.
    pub(super) fn turn_to(&mut self, config: &Config) {
        self.config = Arc::new(config.clone());
    }

    /// The next look reads everything.
    pub(super) fn forget(&mut self) {
        self.seen = [Seen::default(); 2];
    }

    /// Reads what has changed, on a thread of its own.
    pub(super) async fn look(&mut self, look: Look) -> Found {
        let mut found = Found::default();
        let lists: Vec<PathBuf> = self.config.lists().into_iter().map(|it| it.path).collect();
        let networks = self.config.networks.iter().chain(&self.config.geoip);
        let paths = [lists, networks.cloned().collect()];
        for ((name, path), number) in [INVENTORY, NETWORKS].into_iter().zip(paths).zip(0usize..) {
            let Some(seen) = self.seen.get_mut(number) else { continue };
            if !seen.is_due(&path, look) {
                continue;
            }
            let was_broken = seen.is_broken;
            let read = self.read(name).await;
            if let Some(seen) = self.seen.get_mut(number) {
                seen.is_broken = read.is_err();
            }
            match read {
                Ok(change) => {
                    found.changes.extend(change);
                    found.mended.extend(was_broken.then_some(name));
                }
                Err(error) => found.problems.push((name, error)),
            }
        }
        found
    }

    /// What is in the file now, if it is another than before.
    async fn read(&mut self, name: &'static str) -> Result<Option<Change>, String> {
        let (config, identity) = (Arc::clone(&self.config), Arc::clone(&self.identity));
        let (inventory, networks) = (Arc::clone(&self.inventory), Arc::clone(&self.networks));
        let work = move || {
            let mut warnings = Vec::new();
            let change = if name == INVENTORY {
                let read = job::inventory(&config, &identity, &mut warnings)?;
                (read != *inventory).then(|| Change::Inventory(Arc::new(read)))
            } else {
                let read = job::networks(&config, &mut warnings)?;
                (read != *networks).then(|| Change::Networks(Arc::new(read)))
            };
            Ok::<_, JobError>((change, warnings))
        };
        let read = tokio::task::spawn_blocking(work).await.map_err(|panic| panic.to_string())?;
        let (change, warnings) = read.map_err(|error| causes(&error))?;
        match &change {
            Some(Change::Inventory(new)) => {
                self.inventory = Arc::clone(new);
                info!(keys = new.iter().count(), "the inventory has changed and was read again");
            }
            Some(Change::Networks(new)) => {
                self.networks = Arc::clone(new);
                info!("the networks have changed and were read again");
            }
            Some(
                Change::Settings(_)
                | Change::Sources(_)
                | Change::Verdict(_)
                | Change::Forget(_)
                | Change::Privacy(_),
            )
            | None => {
                return Ok(change);
            }
        }
        for warning in warnings {
            warn!(warning, "something to look at");
        }
        Ok(change)
    }
}

impl Seen {
    fn is_due(&mut self, paths: &[PathBuf], look: Look) -> bool {
        let now = paths.iter().fold((0, 0, 0, 0), |before, path| after(before, stamp(path)));
        let is_quiet = self.last.replace(now) == Some(now);
        let is_due = match look {
            Look::Again => true,
            Look::IfChanged => is_quiet && self.read != Some(now),
        };
        if is_due {
            self.read = Some(now);
        }
        is_due
    }
}

/// One stamp for several files.
const fn after(before: Stamp, stamp: Stamp) -> Stamp {
    const FACTOR: u64 = 0x100_0000_01b3;
    const SIGNED: i64 = 0x1_0000_01b3;
    (
        before.0.wrapping_mul(FACTOR).wrapping_add(stamp.0),
        before.1.wrapping_mul(SIGNED).wrapping_add(stamp.1),
        before.2.wrapping_mul(SIGNED).wrapping_add(stamp.2),
        before.3.wrapping_mul(FACTOR).wrapping_add(stamp.3),
    )
}

fn stamp(path: &Path) -> Stamp {
    fs::metadata(path).map_or((0, 0, 0, 0), |it| (it.size(), it.mtime(), it.mtime_nsec(), it.ino()))
}

/// The error and what it came from; the texts name file and line.
fn causes(error: &JobError) -> String {
    if let JobError::Inventory(cause) = error {
        return cause.to_string();
    }
    let mut text = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    text
}
