//! One log of the model: what was written to it, and which of that may get lost.

use std::collections::BTreeSet;

use crate::tail::world::World;

/// A file of the log, as its writer knows it.
#[derive(Default)]
struct Written {
    lines: Vec<String>,
    half: Option<String>,
    /// Whether the tailer had it open since it was last killed.
    was_polled: bool,
    /// So many of its lines were there at the last look of the tailer that lives now.
    seen: usize,
}

pub(super) struct Log {
    name: String,
    now: Written,
    /// The two files that the symlink may point to.
    flipped: [Written; 2],
    linked: Option<usize>,
    /// Lines with which every new file begins.
    header_lines: usize,
    begun: usize,
    pub(super) all: Vec<String>,
    pub(super) may_be_lost: BTreeSet<String>,
    /// If one of these is lost, it has to be said.
    pub(super) must_be_said: BTreeSet<String>,
    /// Lost only if the process dies before it has read them.
    lost_by_a_kill: Vec<String>,
    /// It was cut short behind lines that had been read.
    pub(super) was_cut: bool,
}

impl Log {
    pub(super) fn new(name: &str, header_lines: usize, world: &mut World) -> Self {
        let mut log = Self {
            name: name.to_owned(),
            now: Written::default(),
            flipped: Default::default(),
            linked: None,
            header_lines,
            begun: 0,
            all: Vec::new(),
            may_be_lost: BTreeSet::new(),
            must_be_said: BTreeSet::new(),
            lost_by_a_kill: Vec::new(),
            was_cut: false,
        };
        log.create(world);
        log
    }

    pub(super) fn is_header(line: &str) -> bool {
        line.starts_with('#')
    }

    pub(super) fn create(&mut self, world: &mut World) {
        if !world.exists(&self.name) {
            let header = |line| format!("# the same {line:02} in every file {}\n", "=".repeat(60));
            let text: String = (0..self.header_lines).map(header).collect();
            world.append(&self.name, &text);
        }
    }

    pub(super) fn append(&mut self, lines: usize, world: &mut World) {
        self.create(world);
        let mut text = String::new();
        for _ in 0..lines {
            let half = self.now.half.take();
            let begun = half.as_ref().map_or(0, |line| line.len() / 2);
            let line = half.unwrap_or_else(|| self.next_line());
            text.push_str(line.split_at(begun).1);
            text.push('\n');
            self.now.lines.push(line.clone());
            self.all.push(line);
        }
        world.append(&self.name, &text);
    }

    /// Half a line; the next append to the same file completes it.
    pub(super) fn partial(&mut self, world: &mut World) {
        if self.now.half.is_none() {
            self.create(world);
            let line = self.next_line();
            world.append(&self.name, line.split_at(line.len() / 2).0);
            self.now.half = Some(line);
        }
    }

    fn next_line(&mut self) -> String {
        self.begun += 1;
        format!("{} {:08} {}", self.name, self.begun, "x".repeat(self.begun % 50))
    }

    pub(super) fn is_there(&self, world: &World) -> bool {
        world.exists(&self.name)
    }

    /// The tailer has looked at it.
    pub(super) fn polled(&mut self, world: &World) {
        self.now.was_polled |= world.exists(&self.name);
        self.now.seen = self.now.lines.len();
    }

    pub(super) fn killed(&mut self) {
        self.may_be_lost.extend(self.lost_by_a_kill.drain(..));
        self.now.was_polled = false;
        self.now.seen = 0;
    }

    pub(super) fn rename(&mut self, world: &mut World) {
        if self.linked.is_some() {
            self.unlink(world);
        } else if world.exists(&self.name) {
            world.shift(&self.name);
            world.rename(&self.name, &self.rotated());
            self.now = Written::default();
        }
    }

    pub(super) fn gzip(&mut self, world: &mut World) {
        if world.exists(&self.rotated()) {
            world.gzip(&self.rotated());
        }
    }

    /// By a compressor that does not keep the time.
    pub(super) fn gzip_anew(&mut self, world: &mut World) {
        if world.exists(&self.rotated()) {
            world.gzip(&self.rotated());
            world.make_newer(&format!("{}.gz", self.rotated()), 25);
        }
    }

    pub(super) fn copytruncate(&mut self, world: &mut World) {
        if self.linked.is_some() || !world.exists(&self.name) {
            return;
        }
        world.shift(&self.name);
        world.copy(&self.name, &self.rotated());
        world.truncate(&self.name);
        // Nothing tells the copy of a file in which nothing was read.
        if !self.now.lines.iter().any(|line| world.got.contains(line)) {
            self.may_be_lost.extend(self.now.lines.iter().cloned());
        }
        self.is_cut(world);
        self.now = Written::default();
    }

    pub(super) fn truncate(&mut self, world: &mut World) {
        if world.exists(&self.name) && self.linked.is_none() {
            world.truncate(&self.name);
            self.was_cut |= self.now.lines.iter().any(|line| world.got.contains(line));
            self.may_be_lost.extend(self.unread(world));
            self.is_cut(world);
            self.now = Written::default();
        }
    }

    fn is_cut(&mut self, world: &World) {
        // By what was committed it is known that something else was there.
        if self.now.lines.iter().any(|line| world.got.contains(line)) {
            self.must_be_said.extend(self.now.lines.iter().take(self.now.seen).cloned());
        }
    }

    pub(super) fn delete(&mut self, world: &mut World) {
        if world.exists(&self.name) && self.linked.is_none() {
            self.out_of_sight(world);
            world.remove(&self.name);
            self.now = Written::default();
        }
    }

    pub(super) fn flip(&mut self, world: &mut World) {
        let to = self.linked.map_or(0, |linked| 1 - linked);
        // Away and back again between two looks: nobody can see that.
        if !self.now.was_polled {
            self.may_be_lost.extend(self.unread(world));
        }
        if self.linked.is_some() {
            self.unlink(world);
        } else {
            self.rename(world);
        }
        let target = format!("target-{to}");
        if !world.exists(&target) {
            world.append(&target, "");
        }
        world.link(&target, &self.name);
        self.now = std::mem::take(&mut self.flipped[to]);
        self.linked = Some(to);
    }

    fn unlink(&mut self, world: &mut World) {
        if let Some(linked) = self.linked.take() {
            world.remove(&self.name);
            self.out_of_sight(world);
            self.flipped[linked] = std::mem::take(&mut self.now);
            self.flipped[linked].was_polled = false;
        }
    }

    fn unread(&self, world: &World) -> Vec<String> {
        self.now.lines.iter().filter(|line| !world.got.contains(line)).cloned().collect()
    }

    /// No name leads to the file any more; only who has it open can read it.
    fn out_of_sight(&mut self, world: &World) {
        let unread = self.unread(world);
        if self.now.was_polled {
            self.lost_by_a_kill.extend(unread);
        } else {
            self.may_be_lost.extend(unread);
        }
    }

    fn rotated(&self) -> String {
        format!("{}.1", self.name)
    }
}
