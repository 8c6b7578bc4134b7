//! The clock of the machine jumps, or lines have times that cannot be: nothing is lost or removed,
//! nobody is told twice, and time goes on from where it was.

use std::fs;
use std::thread;
use std::time::Duration;

use keyvigil::store::{OpenOptions, OutboxState, Store};

use crate::parts::text;
use crate::program::{Running, free_address, query};
use crate::site::{LINES_AND_PATHS, Site, lines_and_paths};
use crate::smtp::MailServer;

const DAY: i64 = 86_400;
/// To the end of the century, as a clock without a battery may say.
const DECADES: i64 = 73 * 365 * DAY;

/// Long enough that the daemon looks at the clock many times.
const A_WHILE: Duration = Duration::from_millis(1500);

fn set_clock(site: &Site, seconds: i64) {
    let fresh = site.path("clock.new");
    fs::write(&fresh, seconds.to_string()).unwrap();
    fs::rename(fresh, site.path("clock")).unwrap();
}

/// With a clock that the test sets.
fn begin(site: &Site, mails: &MailServer) -> Running {
    let point = format!("clock=return({})", text(&site.path("clock")));
    let mut running = site.start_at(&mails.configuration(), &point);
    running.wait_for("/api/v1/status", |body| body.contains("\"state\":\"idle\""));
    running
}

/// Every line is there once, none came too late, and what was told is still known.
fn check(site: &Site) {
    let state = site.path("state");
    assert_eq!(query(&state, LINES_AND_PATHS), lines_and_paths(site.lines));
    assert_eq!(query(&state, "SELECT count(*) FROM events WHERE late"), ["0"]);
    let store = Store::open(&state, &OpenOptions::default()).unwrap();
    let sent = |row: &keyvigil::store::OutboxRow| matches!(row.state, OutboxState::Sent { .. });
    assert_eq!(store.outbox().unwrap().iter().filter(|row| sent(row)).count(), 1);
    assert!(store.journal_check(&[]).unwrap().is_whole());
}

#[test]
fn a_clock_that_jumps_while_it_runs_loses_nothing_and_tells_nobody_twice() {
    let (mut site, mails, mut running) = told_of_a_theft();
    // Ahead and back, and a little, as time servers correct it.
    for ahead in [DAY, 0, -DAY, 0, DECADES, 0, 2, 4, 1, 0] {
        set_clock(&site, ahead);
        site.write(100, "k_usual", 0);
        thread::sleep(A_WHILE);
        let status = site.wait_until_all_is_read(&mut running);
        assert!(ahead < DECADES || status.contains("days ahead of the logs"), "{status}");
        if ahead == -DAY {
            running.wait_for("/api/v1/status", |body| body.contains("The clock was set back by"));
        }
    }
    running.wait_for("/api/v1/status", |body| body.contains("\"problems\":[]"));
    assert_eq!(running.stop(), 0);
    assert_eq!(mails.mails().len(), 1);
    check(&site);
}

#[test]
fn a_start_with_a_clock_of_another_century_removes_nothing_and_closes_nothing() {
    let (mut site, mails, mut running) = told_of_a_theft();
    running.wait_for("/api/v1/status", |body| body.contains("\"queued\":0"));
    assert_eq!(running.stop(), 0);

    set_clock(&site, DECADES);
    let mut running = begin(&site, &mails);
    running.wait_for("/api/v1/status", |body| body.contains("days ahead of the logs"));
    site.write(100, "k_usual", 0);
    site.wait_until_all_is_read(&mut running);
    thread::sleep(A_WHILE);
    assert_eq!(running.stop(), 0);

    set_clock(&site, 0);
    let mut running = begin(&site, &mails);
    site.write(100, "k_usual", 0);
    let status = site.wait_until_all_is_read(&mut running);
    assert!(!status.contains("set back"), "{status}");
    assert_eq!(running.stop(), 0);
    assert_eq!(mails.mails().len(), 1);
    check(&site);
}

#[test]
fn a_clock_that_is_days_ahead_of_a_quiet_log_is_not_accused_before_lines_are() {
    let (mut site, mails, mut running) = told_of_a_theft();
    running.wait_for("/api/v1/status", |body| body.contains("\"queued\":0"));
    assert_eq!(running.stop(), 0);
    // What was written while nobody ran says nothing of the clock either.
    site.write(100, "k_usual", 0);
    set_clock(&site, 3 * DAY);
    let mut running = begin(&site, &mails);
    site.wait_until_all_is_read(&mut running);
    thread::sleep(A_WHILE);
    let (_, status) = running.get("/api/v1/status").unwrap();
    assert!(status.contains("\"problems\":[]"), "{status}");
    site.write(100, "k_usual", 0);
    running.wait_for("/api/v1/status", |body| body.contains("days ahead of the logs"));
    set_clock(&site, 0);
    running.wait_for("/api/v1/status", |body| body.contains("\"problems\":[]"));
    assert_eq!(running.stop(), 0);
    assert_eq!(mails.mails().len(), 1);
    check(&site);
}

/// Some lines were read with a clock that is right, and somebody was told of one key.
fn told_of_a_theft() -> (Site, MailServer, Running) {
    let mut site = Site::new();
    let mails = MailServer::start_plain(site.folder.path(), free_address());
    set_clock(&site, 0);
    let mut running = begin(&site, &mails);
    site.write(500, "k_usual", 0);
    site.write(20, "k_revoked", 0);
    site.wait_until_all_is_read(&mut running);
    mails.wait_for("the mail", |mail| mail.subject.contains("k_revoked"));
    (site, mails, running)
}

#[test]
fn what_waits_for_the_mail_server_does_not_wait_for_a_clock_that_was_set_back() {
    let mut site = Site::new();
    let mails = MailServer::start_plain(site.folder.path(), free_address());
    mails.refuse();
    set_clock(&site, 0);
    let mut running = begin(&site, &mails);
    site.write(20, "k_revoked", 0);
    running.wait_for("/api/v1/status", |body| body.contains("Mail does not get through"));
    set_clock(&site, -3 * DAY);
    fs::remove_file(mails.folder.join("refuse")).unwrap();
    mails.wait_for("the mail", |mail| mail.subject.contains("k_revoked"));
    assert_eq!(running.stop(), 0);
    assert_eq!(mails.mails().len(), 1);
}

#[test]
fn lines_of_1970_and_2099_move_neither_time_nor_what_is_kept() {
    let mut site = Site::new();
    let mails = MailServer::start_plain(site.folder.path(), free_address());
    set_clock(&site, 0);
    let now = jiff::Timestamp::now().as_second();
    for _ in 0..2 {
        let mut running = begin(&site, &mails);
        for _ in 0..5 {
            site.write(50, "k_usual", 0);
            // One of each is no second that agrees, and they stand beside good ones.
            site.write(1, "k_usual", now);
            site.write(1, "k_usual", -DECADES);
            site.write(50, "k_usual", 0);
            thread::sleep(Duration::from_millis(700));
        }
        let status = site.wait_until_all_is_read(&mut running);
        assert!(status.contains("\"problems\":[]"), "{status}");
        assert_eq!(running.stop(), 0);
    }
    let state = site.path("state");
    assert_eq!(query(&state, LINES_AND_PATHS), lines_and_paths(site.lines));
    // Those of 1970 alone came too late.
    assert_eq!(query(&state, "SELECT count(*) FROM events WHERE late"), ["10"]);
}
