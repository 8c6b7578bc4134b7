//! A log in a temporary directory, those who write and rotate it, and a tailer with its commits.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::collections::VecDeque;
use std::fs;
use std::fs::File;
use std::io::Write;
use std::path::Path;
use std::path::PathBuf;
use std::time::Duration;
use std::time::SystemTime;

use super::{Chunk, Limits, SourceStatus, TailOptions, Tailed, Tailer, Unseen};
use crate::model::{Position, SourceId};

pub(super) struct World {
    directory: tempfile::TempDir,
    tailer: Option<Tailer>,
    now: Duration,
    positions: BTreeMap<SourceId, Position>,
    /// Delivered and not committed: each chunk with what of it was committed.
    pending: VecDeque<(Tailed, usize)>,
    /// Committed lines, without their newlines.
    pub(super) got: Vec<String>,
    pub(super) lost: Vec<(u64, String)>,
    pub(super) unseen: Unseen,
    pub(super) limits: Limits,
    pub(super) pattern: String,
    pub(super) also: Option<String>,
    writes: u64,
    /// The inode of a removed file may come back at once.
    pub(super) reuses_inodes: bool,
    /// Held, so that no inode comes back in the same tick of the clock.
    removed: Vec<File>,
}

impl World {
    pub(super) fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        // Alone in its own, as no two logs hold the same elsewhere.
        fs::create_dir(directory.path().join("logs")).unwrap();
        Self {
            directory,
            tailer: None,
            now: Duration::ZERO,
            positions: BTreeMap::new(),
            pending: VecDeque::new(),
            got: Vec::new(),
            lost: Vec::new(),
            unseen: Unseen::FromBeginning,
            limits: Limits { chunk_bytes: 64, line_bytes_max: 100 },
            pattern: "access.log".into(),
            also: None,
            writes: 0,
            reuses_inodes: false,
            removed: Vec::new(),
        }
    }

    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join("logs").join(name)
    }

    /// Appends, and makes the file if need be.
    pub(super) fn append(&mut self, name: &str, bytes: &str) {
        let mut file = File::options().append(true).create(true).open(self.path(name)).unwrap();
        file.write_all(bytes.as_bytes()).unwrap();
        self.touch(&file);
    }

    pub(super) fn truncate(&mut self, name: &str) {
        let file = File::options().write(true).open(self.path(name)).unwrap();
        file.set_len(0).unwrap();
        self.touch(&file);
    }

    /// Two writes never have the same time here, as they have none on a real disk that
    /// is looked at a thousand times less often.
    pub(super) fn touch(&mut self, file: &File) {
        self.writes += 1;
        let at = SystemTime::UNIX_EPOCH + Duration::from_secs(1_700_000_000);
        file.set_modified(at + Duration::from_secs(10 * self.writes)).unwrap();
    }

    pub(super) fn rename(&self, from: &str, to: &str) {
        fs::rename(self.path(from), self.path(to)).unwrap();
    }

    pub(super) fn remove(&mut self, name: &str) {
        if !self.reuses_inodes {
            self.removed.extend(File::open(self.path(name)));
        }
        fs::remove_file(self.path(name)).unwrap();
    }

    pub(super) fn remove_quietly(&self, name: &str) {
        fs::remove_file(self.path(name)).unwrap();
    }

    pub(super) fn copy(&mut self, from: &str, to: &str) {
        fs::copy(self.path(from), self.path(to)).unwrap();
        let file = File::options().append(true).open(self.path(to)).unwrap();
        self.touch(&file);
    }

    pub(super) fn link(&self, target: &str, name: &str) {
        let new = self.path("new-link");
        std::os::unix::fs::symlink(target, &new).unwrap();
        fs::rename(new, self.path(name)).unwrap();
    }

    /// As gzip and logrotate do it: the time is kept, the original removed.
    pub(super) fn gzip(&mut self, name: &str) {
        let bytes = fs::read(self.path(name)).unwrap();
        let file = File::create(self.path(&format!("{name}.gz"))).unwrap();
        let mut encoder = flate2::write::GzEncoder::new(file, flate2::Compression::fast());
        encoder.write_all(&bytes).unwrap();
        let file = encoder.finish().unwrap();
        let modified = fs::metadata(self.path(name)).unwrap().modified().unwrap();
        file.set_modified(modified).unwrap();
        self.remove(name);
    }

    /// As if it had been written so many seconds later.
    pub(super) fn make_newer(&self, name: &str, seconds: u64) {
        let file = File::options().write(true).open(self.path(name)).unwrap();
        let modified = file.metadata().unwrap().modified().unwrap();
        file.set_modified(modified + Duration::from_secs(seconds)).unwrap();
    }

    /// `.1` becomes `.2` and so on.
    pub(super) fn shift(&self, log: &str) {
        for number in (1..50).rev() {
            for ending in ["", ".gz"] {
                let from = format!("{log}.{number}{ending}");
                if self.path(&from).symlink_metadata().is_ok() {
                    self.rename(&from, &format!("{log}.{}{ending}", number + 1));
                }
            }
        }
    }

    pub(super) fn exists(&self, name: &str) -> bool {
        self.path(name).symlink_metadata().is_ok()
    }

    /// One round, a second later.
    pub(super) fn poll(&mut self) {
        self.now += Duration::from_secs(1);
        let options = TailOptions {
            patterns: [Some(&self.pattern), self.also.as_ref()]
                .into_iter()
                .flatten()
                .map(|pattern| self.path(pattern).display().to_string())
                .collect(),
            limits: self.limits,
            unseen: self.unseen,
        };
        let positions = self.positions.clone();
        let tailer = self.tailer.get_or_insert_with(|| Tailer::new(&options, positions).unwrap());
        for tailed in tailer.poll(self.now) {
            if let Tailed::Lost { bytes, because, .. } = &tailed {
                self.lost.push((*bytes, because.clone()));
            }
            self.pending.push_back((tailed, 0));
        }
    }

    /// Commits all that was delivered.
    pub(super) fn commit(&mut self) {
        while let Some((tailed, from)) = self.pending.pop_front() {
            match tailed {
                Tailed::Chunk(chunk) => self.take(&chunk, from, chunk.bytes.len()),
                Tailed::Stands { source, position } => {
                    self.positions.insert(source, position);
                }
                Tailed::Lost { .. } | Tailed::TooLong { .. } => {}
            }
        }
    }

    /// Commits only the first line that waits for it.
    pub(super) fn commit_a_line(&mut self) {
        let Some((Tailed::Chunk(chunk), from)) = self.pending.front().map(|(t, from)| (t, *from))
        else {
            return self.commit();
        };
        let chunk = chunk.clone();
        let line = chunk.bytes[from..].iter().position(|byte| *byte == b'\n');
        let to = line.map_or(chunk.bytes.len(), |newline| from + newline + 1);
        self.take(&chunk, from, to);
        if to < chunk.bytes.len() {
            self.pending[0].1 = to;
        } else {
            self.pending.pop_front();
        }
    }

    fn take(&mut self, chunk: &Chunk, from: usize, to: usize) {
        let text = std::str::from_utf8(&chunk.bytes[from..to]).unwrap();
        self.got.extend(text.lines().map(str::to_owned));
        self.positions.insert(chunk.source.clone(), chunk.position_after(to));
    }

    /// The process dies; what was not committed never happened.
    pub(super) fn kill(&mut self) {
        self.tailer = None;
        self.pending.clear();
    }

    pub(super) fn poll_and_commit(&mut self, rounds: usize) {
        for _ in 0..rounds {
            self.poll();
            self.commit();
        }
    }

    /// Until everything was read, and longer than a rotation takes.
    pub(super) fn settle(&mut self) {
        for _ in 0..1000 {
            let before = self.got.len();
            self.poll_and_commit(8);
            if before == self.got.len() && self.statuses().iter().all(|status| status.at_end) {
                return;
            }
        }
        panic!("it does not come to rest: {:?}", self.statuses());
    }

    pub(super) fn statuses(&self) -> Vec<SourceStatus> {
        self.tailer.as_ref().map(Tailer::sources).unwrap_or_default()
    }

    pub(super) fn status(&self) -> SourceStatus {
        self.statuses().pop().unwrap()
    }

    pub(super) fn sources(&self) -> BTreeSet<String> {
        let name = |status: SourceStatus| {
            Path::new(&status.source.0).file_name().unwrap().to_str().unwrap().to_owned()
        };
        self.statuses().into_iter().map(name).collect()
    }
}
