//! All that can happen to logs, in any order: what was written comes out once.
//!
//! Every case has its own seed, and the one that fails is printed with the command that
//! runs it again. `KEYVIGIL_MODEL_RUNS=2000` runs so many cases with new seeds;
//! `KEYVIGIL_MODEL_SEED=7` begins with that seed.

mod log;

use std::collections::BTreeSet;
use std::hash::{BuildHasher, RandomState};

use proptest::prelude::*;
use proptest::test_runner::{Config, RngSeed, TestError, TestRunner};

use super::world::World;
use log::Log;

/// Without being asked for more, as many cases, and the same each time.
const RUNS: u64 = 200;

#[derive(Clone, Debug)]
enum Op {
    Append(usize),
    Partial,
    Rename,
    RenameAndCreate,
    Gzip,
    GzipAnew,
    CopyTruncate,
    Truncate,
    Delete,
    Flip,
    Poll(usize),
    Commit,
    CommitALine,
    /// `kill -9`. The next look is the restart, with the positions of the last commit.
    Kill,
}

/// What is the same all through a case.
#[derive(Clone, Copy, Debug)]
struct Setting {
    chunk_bytes: usize,
    /// Lines with which every new file begins.
    header_lines: usize,
    reuses_inodes: bool,
}

struct Model {
    world: World,
    logs: [Log; 2],
    any_flip: bool,
}

impl Model {
    fn new(setting: Setting) -> Self {
        let mut world = World::new();
        world.limits.chunk_bytes = setting.chunk_bytes;
        world.reuses_inodes = setting.reuses_inodes;
        world.pattern = "*.log".into();
        let mut logs =
            ["a.log", "b.log"].map(|name| Log::new(name, setting.header_lines, &mut world));
        world.poll_and_commit(1);
        for log in &mut logs {
            log.polled(&world);
        }
        Self { world, logs, any_flip: false }
    }

    fn apply(&mut self, (log, op): &(usize, Op)) {
        let (log, world) = (&mut self.logs[*log], &mut self.world);
        match op {
            Op::Append(lines) => log.append(*lines, world),
            Op::Partial => log.partial(world),
            Op::Rename => log.rename(world),
            Op::RenameAndCreate => {
                log.rename(world);
                log.create(world);
            }
            Op::Gzip => log.gzip(world),
            Op::GzipAnew => log.gzip_anew(world),
            Op::CopyTruncate => log.copytruncate(world),
            Op::Truncate => log.truncate(world),
            Op::Delete => log.delete(world),
            Op::Flip => {
                log.flip(world);
                self.any_flip = true;
            }
            Op::Poll(rounds) => {
                for _ in 0..*rounds {
                    world.poll();
                }
                self.logs.iter_mut().for_each(|log| log.polled(world));
            }
            Op::Commit => world.commit(),
            Op::CommitALine => world.commit_a_line(),
            Op::Kill => {
                world.kill();
                self.logs.iter_mut().for_each(Log::killed);
            }
        }
    }

    fn check(mut self) -> Result<(), String> {
        self.world.settle();
        let mut got = self.world.got.clone();
        got.retain(|line| !Log::is_header(line));
        let once: BTreeSet<&String> = got.iter().collect();
        if once.len() != got.len() {
            return Err(format!("twice: {got:?}"));
        }
        let written: BTreeSet<&String> = self.logs.iter().flat_map(|log| &log.all).collect();
        if let Some(line) = once.iter().find(|line| !written.contains(*line)) {
            return Err(format!("never written: {line}"));
        }
        for log in &self.logs {
            self.check_losses(log, &once)?;
            let of_log = got.iter().filter(|line| log.all.contains(line));
            if !self.any_flip && !of_log.is_sorted() {
                return Err(format!("out of order: {got:?}"));
            }
        }
        Ok(())
    }

    fn check_losses(&self, log: &Log, got: &BTreeSet<&String>) -> Result<(), String> {
        let said = &self.world.lost;
        let lost: Vec<&String> = log.all.iter().filter(|line| !got.contains(line)).collect();
        if !lost.iter().all(|line| log.may_be_lost.contains(*line)) {
            return Err(format!("lost {lost:?}; told {said:?}"));
        }
        // While there is no file, the rest may still come back with it.
        if !log.is_there(&self.world) || !said.is_empty() {
            return Ok(());
        }
        if lost.iter().any(|line| log.must_be_said.contains(*line)) {
            return Err(format!("lost {lost:?} and said nothing"));
        }
        if log.was_cut {
            return Err("it was cut short behind what was read, and nothing was said".to_owned());
        }
        Ok(())
    }
}

/// How the logs are rotated. Nobody does both.
#[derive(Clone, Copy, Debug)]
enum By {
    Rename,
    RenameOrCut,
    Symlink,
}

fn cases(by: By) -> impl Strategy<Value = (Setting, Vec<(usize, Op)>)> {
    let op = prop_oneof![
        8 => (1..6usize).prop_map(Op::Append),
        2 => Just(Op::Partial),
        2 => Just(Op::Rename),
        2 => Just(Op::RenameAndCreate),
        2 => Just(Op::Gzip),
        1 => Just(Op::GzipAnew),
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
        // Where the log itself is gone, only times say which of the others is newer.
        (By::RenameOrCut | By::Symlink, Op::GzipAnew) => Op::Gzip,
        (By::RenameOrCut, Op::Flip) => Op::Delete,
        (By::Symlink, Op::Rename | Op::RenameAndCreate | Op::CopyTruncate | Op::Delete) => Op::Flip,
        (_, op) => op,
    });
    let log = match by {
        By::Rename | By::RenameOrCut => prop_oneof![3 => Just(0usize), 1 => Just(1)].boxed(),
        By::Symlink => Just(0).boxed(),
    };
    // More than the first bytes by which a file is told from others, and less. Of a file
    // that was cut behind no more than those nobody can tell what it held.
    let header_lines = match by {
        By::Rename => prop_oneof![2 => Just(0), 1 => Just(2), 1 => Just(14)].boxed(),
        By::RenameOrCut | By::Symlink => Just(0).boxed(),
    };
    let chunk_bytes = prop_oneof![Just(1), Just(64), Just(4096)];
    let setting = (chunk_bytes, header_lines, any::<bool>()).prop_map(
        |(chunk_bytes, header_lines, reuses_inodes)| Setting {
            chunk_bytes,
            header_lines,
            reuses_inodes,
        },
    );
    (setting, proptest::collection::vec((log, op), 1..40))
}

fn run(by: By) {
    let wanted = |name| std::env::var(name).ok().and_then(|text| text.parse::<u64>().ok());
    let runs = wanted("KEYVIGIL_MODEL_RUNS");
    let anywhere = || runs.map_or(0, |_| RandomState::new().hash_one(0) >> 16);
    let first = wanted("KEYVIGIL_MODEL_SEED").unwrap_or_else(anywhere);
    for seed in first..first + runs.unwrap_or(RUNS) {
        let config = Config {
            cases: 1,
            failure_persistence: None,
            rng_seed: RngSeed::Fixed(seed),
            max_shrink_iters: 5000,
            ..Config::default()
        };
        let outcome = TestRunner::new(config).run(&cases(by), |(setting, ops)| {
            let mut model = Model::new(setting);
            for op in &ops {
                model.apply(op);
            }
            model.check().map_err(TestCaseError::fail)
        });
        let (why, case) = match outcome {
            Ok(()) => continue,
            Err(TestError::Fail(why, case)) => (why.to_string(), format!("{case:?}")),
            Err(TestError::Abort(why)) => (why.to_string(), String::new()),
        };
        panic!(
            "{by:?}: {why}\nthe shortest case: {case}\nrun it again: KEYVIGIL_MODEL_SEED={seed} \
             KEYVIGIL_MODEL_RUNS=1 cargo test --lib tail::model"
        );
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
