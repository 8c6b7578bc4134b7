//! All that can happen to a log, in any order: what was written comes out once.

use std::collections::BTreeSet;

use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};

use super::world::World;

const LOG: &str = "access.log";

#[derive(Clone, Debug)]
enum Op {
    Append(usize),
    /// Half a line; the next append to the same file completes it.
    Partial,
    Rename,
    RenameAndCreate,
    Gzip,
    CopyTruncate,
    Truncate,
    Delete,
    Flip,
    Poll(usize),
    Commit,
    CommitALine,
    Kill,
}

/// What is known about the file that is being written.
#[derive(Default)]
struct Written {
    lines: Vec<String>,
    half: Option<String>,
    was_polled: bool,
}

struct Model {
    world: World,
    now: Written,
    /// The two files that the symlink may point to.
    flipped: [Written; 2],
    linked: Option<usize>,
    begun: usize,
    all: Vec<String>,
    may_be_lost: BTreeSet<String>,
    /// Lost only if the process dies before it has read them.
    lost_by_a_kill: Vec<String>,
    any_flip: bool,
}

impl Model {
    fn new(chunk_bytes: usize) -> Self {
        let mut world = World::new();
        world.limits.chunk_bytes = chunk_bytes;
        world.append(LOG, "");
        world.poll_and_commit(1);
        let now = Written { was_polled: true, ..Written::default() };
        Self {
            world,
            now,
            flipped: Default::default(),
            linked: None,
            begun: 0,
            all: Vec::new(),
            may_be_lost: BTreeSet::new(),
            lost_by_a_kill: Vec::new(),
            any_flip: false,
        }
    }

    fn apply(&mut self, op: &Op) {
        match op {
            Op::Append(lines) => self.append(*lines),
            Op::Partial => self.partial(),
            Op::Rename => self.rename(),
            Op::RenameAndCreate => {
                self.rename();
                self.world.append(LOG, "");
            }
            Op::Gzip if self.world.exists("access.log.1") => self.world.gzip("access.log.1"),
            Op::Gzip => {}
            Op::CopyTruncate => self.copytruncate(),
            Op::Truncate => self.truncate(),
            Op::Delete => self.delete(),
            Op::Flip => self.flip(),
            Op::Poll(rounds) => {
                for _ in 0..*rounds {
                    self.world.poll();
                }
                self.now.was_polled |= self.world.exists(LOG);
            }
            Op::Commit => self.world.commit(),
            Op::CommitALine => self.world.commit_a_line(),
            Op::Kill => {
                self.may_be_lost.extend(self.lost_by_a_kill.drain(..));
                self.now.was_polled = false;
                self.world.kill();
            }
        }
    }

    fn append(&mut self, lines: usize) {
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
        self.world.append(LOG, &text);
    }

    fn next_line(&mut self) -> String {
        self.begun += 1;
        format!("line {:08} {}", self.begun, "x".repeat(self.begun % 50))
    }

    fn partial(&mut self) {
        if self.now.half.is_none() {
            let line = self.next_line();
            let half = line.split_at(line.len() / 2).0.to_owned();
            self.world.append(LOG, &half);
            self.now.half = Some(line);
        }
    }

    fn unlink(&mut self) {
        if let Some(linked) = self.linked.take() {
            self.world.remove(LOG);
            self.out_of_sight();
            self.flipped[linked] = std::mem::take(&mut self.now);
            self.flipped[linked].was_polled = false;
        }
    }

    fn rename(&mut self) {
        if self.linked.is_some() {
            self.unlink();
        } else if self.world.exists(LOG) {
            self.world.shift();
            self.world.rename(LOG, "access.log.1");
            self.now = Written::default();
        }
    }

    fn copytruncate(&mut self) {
        if self.linked.is_some() || !self.world.exists(LOG) {
            return;
        }
        self.world.shift();
        self.world.copy(LOG, "access.log.1");
        self.world.truncate(LOG);
        // Nothing tells the copy of a file in which nothing was read.
        if !self.now.lines.iter().any(|line| self.world.got.contains(line)) {
            self.may_be_lost.extend(self.now.lines.iter().cloned());
        }
        self.now = Written::default();
    }

    fn unread(&self) -> Vec<String> {
        let unread = self.now.lines.iter().filter(|line| !self.world.got.contains(line));
        unread.cloned().collect()
    }

    /// No name leads to the file any more; only who has it open can read it.
    fn out_of_sight(&mut self) {
        let unread = self.unread();
        if self.now.was_polled {
            self.lost_by_a_kill.extend(unread);
        } else {
            self.may_be_lost.extend(unread);
        }
    }

    fn truncate(&mut self) {
        if self.world.exists(LOG) && self.linked.is_none() {
            self.world.truncate(LOG);
            self.may_be_lost.extend(self.unread());
            self.now = Written::default();
        }
    }

    fn delete(&mut self) {
        if self.world.exists(LOG) && self.linked.is_none() {
            self.out_of_sight();
            self.world.remove(LOG);
            self.now = Written::default();
        }
    }

    fn flip(&mut self) {
        let to = self.linked.map_or(0, |linked| 1 - linked);
        // Away and back again between two looks: nobody can see that.
        if !self.now.was_polled {
            self.may_be_lost.extend(self.unread());
        }
        if self.linked.is_some() {
            self.unlink();
        } else {
            self.rename();
        }
        let target = format!("target-{to}");
        if !self.world.exists(&target) {
            self.world.append(&target, "");
        }
        self.world.link(&target, LOG);
        self.now = std::mem::take(&mut self.flipped[to]);
        self.linked = Some(to);
        self.any_flip = true;
    }

    fn check(mut self) -> Result<(), String> {
        self.world.settle();
        let whole: BTreeSet<&String> = self.all.iter().collect();
        let got: Vec<&String> = self.world.got.iter().filter(|line| whole.contains(line)).collect();
        let once: BTreeSet<&String> = got.iter().copied().collect();
        if once.len() != got.len() {
            return Err(format!("twice: {:?}", self.world.got));
        }
        for line in &self.world.got {
            if !whole.contains(line) {
                return Err(format!("never written: {line}"));
            }
        }
        let lost: Vec<&String> = self
            .all
            .iter()
            .filter(|line| !once.contains(line) && !self.may_be_lost.contains(*line))
            .collect();
        if !lost.is_empty() {
            return Err(format!("lost {lost:?}; told {:?}", self.world.lost));
        }
        if !self.any_flip && !got.is_sorted() {
            return Err(format!("out of order: {got:?}"));
        }
        Ok(())
    }
}

/// How the log is rotated. Nobody does both.
#[derive(Clone, Copy, Debug)]
enum By {
    Rename,
    RenameOrCut,
    Symlink,
}

fn ops(by: By) -> impl Strategy<Value = (usize, Vec<Op>)> {
    let op = prop_oneof![
        8 => (1..6usize).prop_map(Op::Append),
        2 => Just(Op::Partial),
        2 => Just(Op::Rename),
        2 => Just(Op::RenameAndCreate),
        2 => Just(Op::Gzip),
        2 => Just(Op::CopyTruncate),
        1 => Just(Op::Truncate),
        1 => Just(Op::Delete),
        1 => Just(Op::Flip),
        8 => (1..9usize).prop_map(Op::Poll),
        4 => Just(Op::Commit),
        2 => Just(Op::CommitALine),
        2 => Just(Op::Kill),
    ];
    let op = op.prop_map(move |op| match (by, op) {
        (By::Rename, Op::CopyTruncate | Op::Truncate | Op::Delete | Op::Flip) => Op::Rename,
        (By::RenameOrCut, Op::Flip) => Op::Delete,
        (By::Symlink, Op::Rename | Op::RenameAndCreate | Op::CopyTruncate | Op::Delete) => Op::Flip,
        (_, op) => op,
    });
    let chunk_bytes = prop_oneof![Just(1), Just(64), Just(4096)];
    (chunk_bytes, proptest::collection::vec(op, 1..40))
}

fn run(by: By) {
    let cases = std::env::var("KEYVIGIL_MODEL_RUNS").ok().and_then(|runs| runs.parse().ok());
    let config =
        Config { cases: cases.unwrap_or(200), failure_persistence: None, ..Config::default() };
    let mut runner = match cases {
        Some(_) => TestRunner::new(config),
        // The same cases each time, unless more are asked for.
        None => TestRunner::new_with_rng(config, TestRng::deterministic_rng(RngAlgorithm::ChaCha)),
    };
    let outcome = runner.run(&ops(by), |(chunk_bytes, ops)| {
        let mut model = Model::new(chunk_bytes);
        for op in &ops {
            model.apply(op);
        }
        model.check().map_err(TestCaseError::fail)
    });
    if let Err(error) = outcome {
        panic!("{error}");
    }
}

#[test]
fn rotation_by_rename_loses_nothing_and_repeats_nothing() {
    run(By::Rename);
}

#[test]
fn only_what_was_cut_before_it_was_read_is_lost() {
    run(By::RenameOrCut);
}

#[test]
fn a_symlink_may_point_to_one_file_and_back_to_the_other() {
    run(By::Symlink);
}
