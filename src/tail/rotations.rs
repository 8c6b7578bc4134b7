//! Each way in which logs are rotated, on its own.

use std::fs;

use super::SourceState;
use super::cases::read;
use super::world::World;

const LOG: &str = "access.log";

#[test]
fn the_old_file_is_read_to_its_end_before_the_new_one() {
    let mut world = read("a\n");
    world.rename(LOG, "access.log.1");
    world.append(LOG, "new\n");
    world.poll_and_commit(3);
    assert_eq!(world.got, ["a"], "the writer may not have moved yet");
    assert!(!world.status().at_end);
    world.append("access.log.1", "late\n");
    world.poll_and_commit(4);
    assert_eq!(world.got, ["a", "late"], "the quiet time began again");
    world.poll_and_commit(4);
    assert_eq!(world.got, ["a", "late", "new"]);
    assert_eq!((world.status().rotations, world.status().losses), (1, 0));
}

#[test]
fn a_writer_that_never_moves_is_followed_while_the_new_file_is_empty() {
    let mut world = read("a\n");
    world.rename(LOG, "access.log.1");
    world.append(LOG, "");
    world.poll_and_commit(20);
    world.append("access.log.1", "late\n");
    world.settle();
    assert_eq!(world.got, ["a", "late"]);
    assert_eq!(world.status().state, SourceState::Idle);
}

#[test]
fn what_was_rotated_while_it_was_down_is_finished_oldest_first() {
    for zipped in [false, true] {
        let mut world = read("a\n");
        world.kill();
        world.append(LOG, "b\n");
        for line in ["c\n", "d\n", "e\n"] {
            world.shift(LOG);
            world.rename(LOG, "access.log.1");
            world.append(LOG, line);
        }
        if zipped {
            world.gzip("access.log.2");
            world.gzip("access.log.3");
        }
        world.settle();
        assert_eq!(world.got, ["a", "b", "c", "d", "e"]);
        assert!(world.lost.is_empty());
    }
}

#[test]
fn a_copy_that_was_compressed_under_our_eyes_is_not_read_again_whatever_its_time() {
    for (more, expected) in [("", ["a", "b", "new"].as_slice()), ("c\n", &["a", "b", "c", "new"])] {
        let mut world = read("a\nb\n");
        world.rename(LOG, "access-2026-03-09T10-15-00.000.log");
        world.append("access-2026-03-09T10-15-00.000.log", more);
        // As Go's and Java's loggers do it: with the time at which it was compressed.
        world.gzip("access-2026-03-09T10-15-00.000.log");
        world.make_newer("access-2026-03-09T10-15-00.000.log.gz", 60);
        world.append(LOG, "new\n");
        world.settle();
        assert_eq!(world.got, expected);
        assert_eq!(world.status().losses, 0);
    }
}

#[test]
fn what_only_begins_like_the_file_that_was_read_is_read_as_a_whole() {
    let head = "one of the lines that are alike\n".repeat(150);
    let mut world = read(&format!("{head}a\n"));
    world.rename(LOG, "access.log.1");
    world.append(LOG, &format!("{head}b\nlonger\n"));
    world.poll();
    world.shift(LOG);
    world.rename(LOG, "access.log.1");
    world.gzip("access.log.1");
    world.append(LOG, "new\n");
    world.settle();
    assert_eq!(world.got.len(), 150 + 1 + 150 + 3);
    assert_eq!(
        world.got.get(300..),
        Some(
            ["one of the lines that are alike", "b", "longer", "new"].map(str::to_owned).as_slice()
        )
    );
}

#[test]
fn dated_and_zstd_names_are_found_too() {
    let mut world = read("a\n");
    world.kill();
    world.append(LOG, "b\n");
    let packed = zstd::stream::encode_all(&*fs::read(world.path(LOG)).unwrap(), 1).unwrap();
    fs::write(world.path("access-20260308.log.zst"), packed).unwrap();
    world.remove(LOG);
    world.append("access-20260309.log", "c\n");
    world.append(LOG, "d\n");
    world.settle();
    assert_eq!(world.got, ["a", "b", "c", "d"]);
}

#[test]
fn what_was_rotated_into_another_directory_while_it_was_down_is_finished() {
    for directory in ["old", "../old"] {
        for zipped in [false, true] {
            let mut world = World::new();
            fs::create_dir(world.path("logs")).unwrap();
            fs::create_dir(world.path("logs").join(directory)).unwrap();
            world.pattern = "logs/access.log".into();
            world.append("logs/access.log", "a\n");
            world.poll_and_commit(4);
            world.kill();
            world.append("logs/access.log", "b\n");
            let rotated = |number| format!("logs/{directory}/access.log.{number}");
            world.rename("logs/access.log", &rotated(2));
            world.append(&rotated(1), "c\n");
            world.append("logs/access.log", "d\n");
            if zipped {
                world.gzip(&rotated(2));
            }
            world.settle();
            assert_eq!(world.got, ["a", "b", "c", "d"], "{directory} {zipped}");
        }
    }
}

#[test]
fn what_another_log_of_the_same_name_was_rotated_to_is_not_taken_for_its_own() {
    let mut world = World::new();
    for directory in ["one", "two"] {
        fs::create_dir(world.path(directory)).unwrap();
    }
    world.pattern = "one/access.log".into();
    world.append("one/access.log", "#Fields: time\n");
    world.poll_and_commit(4);
    world.kill();
    world.append("two/access.log.1", "#Fields: time\nanother's\n");
    world.append("two/access.log", "#Fields: time\n");
    world.remove("one/access.log");
    world.append("one/access.log", "new\n");
    world.settle();
    assert_eq!(world.got, ["#Fields: time", "new"]);
    assert_eq!(world.lost.len(), 1, "{:?}", world.lost);
}

#[test]
fn what_a_symlink_leads_to_is_rotated_beside_its_target() {
    let mut world = World::new();
    fs::create_dir(world.path("pod")).unwrap();
    world.append("pod/0.log", "a\n");
    world.link("pod/0.log", LOG);
    world.poll_and_commit(4);
    world.kill();
    world.append("pod/0.log", "b\n");
    world.rename("pod/0.log", "pod/0.log.20260309-101500");
    world.gzip("pod/0.log.20260309-101500");
    world.append("pod/0.log.20260309-111500", "c\n");
    world.append("pod/0.log", "d\n");
    world.settle();
    assert_eq!(world.got, ["a", "b", "c", "d"]);
}

#[test]
fn dated_files_behind_a_symlink_follow_each_other() {
    let mut world = World::new();
    world.append("access.log.2026-03-09", "a\n");
    world.link("access.log.2026-03-09", "current");
    world.pattern = "current".into();
    world.poll_and_commit(4);
    world.kill();
    world.append("access.log.2026-03-09", "b\n");
    world.append("access.log.2026-03-10", "c\n");
    world.append("access.log.2026-03-11", "d\n");
    world.link("access.log.2026-03-11", "current");
    world.settle();
    assert_eq!(world.got, ["a", "b", "c", "d"]);
}

#[test]
fn a_checkpoint_whose_file_is_gone_goes_on_with_what_is_newer() {
    let mut world = World::new();
    world.append("access.log.1", "older\n");
    world.append(LOG, "a\n");
    world.poll_and_commit(2);
    world.kill();
    world.remove(LOG);
    world.append("access.log.0", "between\n");
    world.append(LOG, "new\n");
    world.settle();
    assert_eq!(world.got, ["a", "between", "new"]);
    assert!(world.lost[0].1.contains("lines written after byte 2 may be lost"), "{:?}", world.lost);
}

#[test]
fn a_file_that_grew_while_it_waited_is_not_read_again() {
    let mut world = read("a\n");
    world.rename(LOG, "access.log.1");
    for (target, line) in [("one", "b\n"), ("two", ""), ("one", "c\n"), ("two", ""), ("one", "d\n")]
    {
        world.append(target, line);
        world.link(target, LOG);
        world.poll();
    }
    world.settle();
    assert_eq!(world.got, ["a", "b", "c", "d"]);
}

#[test]
fn a_symlink_may_be_switched_and_switched_back() {
    let mut world = World::new();
    world.append("one", "a\n");
    world.append("two", "b\n");
    world.link("one", LOG);
    world.settle();
    world.link("two", LOG);
    world.settle();
    world.append("one", "c\n");
    world.link("one", LOG);
    world.settle();
    assert_eq!(world.got, ["a", "b", "c"]);
}

#[test]
fn a_pattern_follows_each_file_once_and_rotated_ones_never_by_themselves() {
    let mut world = World::new();
    world.pattern = "*.log*".into();
    world.append("access.log", "a\n");
    world.append("error.log", "e\n");
    world.append("access.log.1", "old\n");
    world.poll_and_commit(2);
    assert_eq!(world.sources().into_iter().collect::<Vec<_>>(), ["access.log", "error.log"]);
    world.rename("error.log", "error.log-20260309");
    world.append("error.log", "f\n");
    world.append("other.log", "o\n");
    world.settle();
    assert_eq!(world.sources().len(), 3);
    world.got.sort();
    assert_eq!(world.got, ["a", "e", "f", "o"]);
}

#[test]
fn a_rotated_file_that_is_named_beside_its_log_is_read_and_nothing_twice() {
    let mut world = World::new();
    world.append("access.log.1", "old\n");
    world.append(LOG, "a\n");
    world.also = Some("access.log.1".into());
    world.poll_and_commit(8);
    world.shift(LOG);
    world.rename(LOG, "access.log.1");
    world.append(LOG, "b\n");
    world.settle();
    world.kill();
    world.append(LOG, "c\n");
    world.remove("access.log.2");
    world.settle();
    world.got.sort();
    assert_eq!(world.got, ["a", "b", "c", "old"]);
    assert!(world.lost.is_empty());
}
