//! The store is damaged, or kills who opens it: the daemon goes on with what is whole, and reads
//! again what the logs still have.

use std::fs;
use std::path::PathBuf;
use std::process::ExitStatus;

use crate::parts::until;
use crate::program::{Running, query};
use crate::site::{LINES_AND_PATHS, Site, lines_and_paths};

/// As many openings that never end are taken for the store's fault.
const DEATHS_MAX: u32 = 5;

/// Lines that are stored, a part of them after the last snapshot.
fn with_history() -> Site {
    let mut site = Site::new();
    let mut running = site.start("");
    site.write(3000, "k_usual", 600);
    site.wait_until_all_is_read(&mut running);
    assert_eq!(running.stop(), 0);
    let mut running = site.start("");
    site.write(2000, "k_usual", 0);
    site.wait_until_all_is_read(&mut running);
    running.kill();
    site
}

fn aside(site: &Site) -> Vec<PathBuf> {
    let entries = fs::read_dir(site.path("state")).unwrap().map(|entry| entry.unwrap().path());
    entries.filter(|path| path.to_str().unwrap().contains("store.damaged")).collect()
}

fn ended(running: &mut Running) -> ExitStatus {
    until("it has ended", || running.child.try_wait().unwrap())
}

/// New lines are read, and none of the old ones is lost or doubled.
fn goes_on(site: &mut Site, case: &str) {
    let mut running = site.start("");
    site.write(100, "k_usual", 0);
    site.wait_until_all_is_read(&mut running);
    assert_eq!(running.stop(), 0, "{case}");
    let stored = query(&site.path("state"), LINES_AND_PATHS);
    assert_eq!(stored, lines_and_paths(site.lines), "{case}");
}

#[test]
fn a_store_that_kills_who_opens_it_is_tried_and_then_begun_anew_with_what_it_held() {
    let mut site = with_history();
    for _ in 0..DEATHS_MAX - 1 {
        assert_eq!(ended(&mut site.start_at("", "store.open=return(die)")).code(), None);
    }
    goes_on(&mut site, "fewer");
    assert!(aside(&site).is_empty(), "a store that is whole was put aside");
    for _ in 0..DEATHS_MAX {
        assert_eq!(ended(&mut site.start_at("", "store.open=return(die)")).code(), None);
    }
    goes_on(&mut site, "as many");
    assert_eq!(aside(&site).len(), 1, "{}", site.said());
}

#[test]
fn after_a_panic_the_file_is_looked_at_before_the_database_opens_it() {
    let mut site = with_history();
    let mut running = site.start_at("", "reading=20*off->panic");
    assert!(!ended(&mut running).success());
    let file = site.path("state/store/db");
    let mut bytes = fs::read(&file).unwrap();
    let used = bytes.iter().rposition(|byte| *byte != 0).unwrap();
    bytes[used / 2] ^= 1;
    fs::write(file, bytes).unwrap();
    goes_on(&mut site, "flipped after a panic");
    assert!(site.said().contains("why=\"its file is damaged\""), "{}", site.said());
    assert_eq!(aside(&site).len(), 1);
    // A panic that had nothing to do with the store costs it nothing.
    let mut running = site.start_at("", "reading=20*off->panic");
    assert!(!ended(&mut running).success());
    goes_on(&mut site, "whole after a panic");
    assert_eq!(aside(&site).len(), 1);
}

#[test]
fn damage_that_is_met_while_the_state_is_read_does_not_end_the_start() {
    let mut site = with_history();
    let mut met_later = 0;
    for before in [0, 4, 8, 12, 16, 24] {
        let mut running = site.start_at("", &format!("store.read={before}*off->1*return->off"));
        site.write(10, "k_usual", 0);
        site.wait_until_all_is_read(&mut running);
        assert_eq!(running.stop(), 0, "after {before}");
        goes_on(&mut site, &format!("after {before}"));
        met_later = site.said().matches("what is whole of it is kept").count();
    }
    assert!(0 < met_later, "none was met after the opening:\n{}", site.said());
}

#[test]
fn where_nothing_of_the_store_is_left_the_logs_are_read_from_their_beginning() {
    let mut site = with_history();
    let file = site.path("state/store/db");
    fs::write(&file, vec![0; fs::read(&file).unwrap().len()]).unwrap();
    let mut running = site.start("");
    let status = site.wait_until_all_is_read(&mut running);
    assert!(status.contains("read from their beginning"), "{status}");
    assert_eq!(running.stop(), 0);
    goes_on(&mut site, "zeroed");
}
