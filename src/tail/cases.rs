//! Each thing that happens to logs, on its own.

use std::fs;
use std::fs::File;

use super::world::World;
use super::{SourceState, TailError, TailOptions, Tailer, Unseen};
use crate::model::{Position, SourceId};

const LOG: &str = "access.log";

/// A log of which these lines were read and committed.
pub(super) fn read(lines: &str) -> World {
    let mut world = World::new();
    world.append(LOG, lines);
    world.poll_and_commit(4);
    world
}

#[test]
fn lines_come_as_the_file_grows() {
    let mut world = read("a\n");
    world.append(LOG, "b\nc\n");
    world.poll();
    assert_eq!(world.status().state, SourceState::Reading);
    assert!(world.status().at_end);
    world.poll();
    assert_eq!(world.status().state, SourceState::Idle);
    world.commit();
    assert_eq!(world.got, ["a", "b", "c"]);
}

#[test]
fn an_unfinished_line_is_held_back_even_over_a_restart() {
    let mut world = read("a\nbe");
    assert_eq!((world.status().offset, world.status().at_end), (2, true));
    world.kill();
    world.poll_and_commit(2);
    assert_eq!(world.got, ["a"]);
    world.append(LOG, "gun\n");
    world.poll_and_commit(1);
    assert_eq!(world.got, ["a", "begun"]);
}

#[test]
fn json_that_has_come_to_its_end_needs_no_newline() {
    let mut world = read("{\"a\":1}\n{\"b\":{\"c\":2}");
    world.poll_and_commit(20);
    assert_eq!(world.got, ["{\"a\":1}"], "its own brace is not closed yet");
    world.append(LOG, "}");
    world.poll_and_commit(20);
    assert_eq!(world.got, ["{\"a\":1}", "{\"b\":{\"c\":2}}"]);
    world.append(LOG, "\n{\"d\":3}\n");
    world.kill();
    world.poll_and_commit(20);
    let got: Vec<&str> = world.got.iter().map(String::as_str).filter(|it| !it.is_empty()).collect();
    assert_eq!(got, ["{\"a\":1}", "{\"b\":{\"c\":2}}", "{\"d\":3}"]);
}

#[test]
fn one_round_gives_at_most_one_chunk_of_each_file() {
    let mut world = World::new();
    world.pattern = "*.log".into();
    for name in ["a.log", "b.log"] {
        world.append(name, &"0123456789\n".repeat(30));
    }
    world.poll();
    assert!(world.statuses().iter().all(|status| status.state == SourceState::CatchingUp));
    world.commit();
    assert_eq!(world.got.len(), 10);
    world.settle();
    assert_eq!(world.got.len(), 60);
}

#[test]
fn a_copy_that_was_truncated_loses_nothing_while_the_copy_is_there() {
    let mut world = read("a\n");
    world.append(LOG, "b\n");
    world.copy(LOG, "access.log.1");
    world.truncate(LOG);
    world.append(LOG, "c\n");
    world.settle();
    assert_eq!(world.got, ["a", "b", "c"]);
    assert!(world.lost.is_empty());
}

#[test]
fn a_truncated_file_is_read_from_its_start_and_the_loss_is_counted() {
    let mut world = read("aaaa\nbb");
    world.truncate(LOG);
    world.append(LOG, "c\n");
    world.settle();
    assert_eq!(world.got, ["aaaa", "c"]);
    assert_eq!((world.status().losses, world.status().lost_bytes), (1, 2));
    assert!(world.lost[0].1.contains("was cut short or replaced"), "{:?}", world.lost);
}

#[test]
fn a_file_that_was_cut_before_a_line_was_whole_says_so() {
    let mut world = read("unfinished");
    world.truncate(LOG);
    world.append(LOG, "a\n");
    world.settle();
    assert_eq!(world.got, ["a"]);
    assert_eq!(world.status().lost_bytes, 10);
}

#[test]
fn a_file_that_was_truncated_and_grew_longer_again_is_noticed() {
    for down in [false, true] {
        let mut world = read("first\n");
        if down {
            world.kill();
        }
        world.truncate(LOG);
        world.append(LOG, "other\nsecond\nthird\n");
        world.settle();
        assert_eq!(world.got, ["first", "other", "second", "third"]);
        assert_eq!(world.lost.len(), 1);
    }
}

#[test]
fn a_file_that_was_restored_under_another_inode_goes_on() {
    let mut world = read("a\nb\n");
    world.kill();
    world.copy(LOG, "restored");
    world.append("restored", "c\n");
    world.remove(LOG);
    world.rename("restored", LOG);
    world.settle();
    assert_eq!(world.got, ["a", "b", "c"]);
}

#[test]
fn a_deleted_file_is_read_to_its_end_and_the_next_one_from_its_start() {
    let mut world = read("a\n");
    world.append(LOG, "b\n");
    world.remove(LOG);
    world.poll_and_commit(1);
    world.poll_and_commit(1);
    assert_eq!(world.got, ["a", "b"]);
    assert_eq!(world.status().state, SourceState::Missing);
    assert!(world.status().problem.unwrap().contains("it is read as soon as it appears"));
    world.append(LOG, "c\n");
    world.settle();
    assert_eq!(world.got, ["a", "b", "c"]);
    assert_eq!((world.status().state, world.status().problem), (SourceState::Idle, None));
}

#[test]
fn a_file_that_appears_is_read_as_a_whole() {
    let mut world = World::new();
    world.unseen = Unseen::FromEnd;
    world.poll_and_commit(1);
    assert_eq!(world.status().state, SourceState::Missing);
    world.append(LOG, "a\n");
    world.settle();
    assert_eq!(world.got, ["a"]);
}

#[test]
fn from_the_end_means_behind_the_last_newline_and_survives_a_restart() {
    let mut world = World::new();
    world.unseen = Unseen::FromEnd;
    world.append(LOG, "old\nbe");
    world.poll_and_commit(1);
    world.kill();
    world.append(LOG, "gun\nnew\n");
    world.settle();
    assert_eq!(world.got, ["begun", "new"]);
}

#[test]
fn what_cannot_be_read_says_so_and_is_read_when_it_can_be() {
    let mut world = read("a\n");
    world.rename(LOG, "access.log.1");
    fs::create_dir(world.path(LOG)).unwrap();
    world.poll_and_commit(2);
    let status = world.status();
    assert_eq!(status.state, SourceState::Unreadable);
    assert!(status.problem.unwrap().contains("access.log"));
    fs::remove_dir(world.path(LOG)).unwrap();
    world.append(LOG, "b\n");
    world.settle();
    assert_eq!(world.got, ["a", "b"]);
    assert_eq!(world.status().state, SourceState::Idle);
}

#[test]
fn a_long_line_is_skipped_across_chunks_and_restarts() {
    let mut world = read("a\n");
    world.append(LOG, &"x".repeat(1000));
    world.poll_and_commit(30);
    assert_eq!(world.status().long_lines, 1);
    world.append(LOG, &format!("{}\nb\n", "x".repeat(1000)));
    world.settle();
    world.kill();
    world.settle();
    assert_eq!(world.got, ["a", "b"]);
    world.append(LOG, &format!("{}\n", "\0".repeat(500)));
    world.settle();
    assert_eq!(world.status().long_lines, 1);
    world.kill();
    world.append(LOG, "c\n");
    world.settle();
    assert_eq!((world.status().long_lines, world.got.len()), (0, 3), "it was committed as skipped");
}

#[test]
fn at_most_4096_files_are_followed_and_the_idle_ones_are_closed() {
    let mut world = World::new();
    world.pattern = "*.log".into();
    for number in 0..4100 {
        File::create(world.path(&format!("{number}.log"))).unwrap();
    }
    let patterns = vec![world.path("*.log").display().to_string()];
    let options = TailOptions { patterns, ..TailOptions::default() };
    let tailer = Tailer::new(&options, [].into()).unwrap();
    assert_eq!(tailer.sources().len(), 4096);
    assert!(tailer.problems()[0].starts_with("4 files are not read"));
    for number in 300..4100 {
        world.remove_quietly(&format!("{number}.log"));
    }
    let open_before = fs::read_dir("/proc/self/fd").unwrap().count();
    world.poll_and_commit(100);
    assert!(fs::read_dir("/proc/self/fd").unwrap().count() < open_before + 150);
    world.append("7.log", "a\n");
    world.poll_and_commit(2);
    assert_eq!(world.got, ["a"]);
}

#[test]
fn wrong_patterns_and_positions_are_refused() {
    let new = |patterns: &[&str], position: Option<Position>| {
        let patterns = patterns.iter().map(|&text| text.to_owned()).collect();
        let positions = position.into_iter().map(|at| (SourceId("x.log".into()), at)).collect();
        Tailer::new(&TailOptions { patterns, ..TailOptions::default() }, positions).err()
    };
    assert!(matches!(new(&["a***b"], None), Some(TailError::Pattern { .. })));
    assert!(matches!(new(&["x.log"], Some(Position(vec![7]))), Some(TailError::Position { .. })));
    assert!(new(&["y.log"], Some(Position(vec![7]))).is_none());
}
