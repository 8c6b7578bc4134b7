//! The outbox against a mail server in miniature, with the clock in our hands.

use mail_parser::MessageParser;
use tokio::net::TcpListener;

use super::bench_for_tests::{Sink, bench, bench_at, clock, desk_of, smtp};
use super::letter_tests::{at, frame, incident, notice};
use super::{Security, send_test};
use crate::incident::{Incident, Notice, Transition};
use crate::model::{Millis, Severity};
use crate::store::{Commit, OutboxRow, OutboxState, Topic};

#[tokio::test]
async fn a_notice_arrives_as_a_mail_and_is_sent_once() {
    clock!(_set, now);
    let mut bench = bench(now, &["oncall@example.com"]).await;
    bench.put(&incident(), &notice(Transition::Opened));
    bench.desk.round().await.unwrap();
    bench.desk.round().await.unwrap();
    let expected = "INC-7f3c9a123456789a@example.com [keyvigil HIGH] billing-sync: far more requests than usual (INC-7f3c9a)";
    assert_eq!(bench.sink.subjects(), [expected]);
    assert!(
        matches!(bench.row(42).state, OutboxState::Sent { reply, .. } if reply.contains("250 taken"))
    );
}

#[tokio::test]
async fn a_refusal_for_good_of_one_does_not_keep_it_from_others() {
    clock!(_set, now);
    let mut bench = bench(now, &["gone@example.com", "oncall@example.com"]).await;
    bench.put(&incident(), &notice(Transition::Opened));
    bench.desk.round().await.unwrap();
    assert_eq!(bench.sink.subjects().len(), 1);
    assert!(
        matches!(bench.row(42).state, OutboxState::Sent { reply, .. } if reply.contains("gone@example.com"))
    );
}

#[tokio::test]
async fn refused_for_good_by_all_is_given_up_at_once() {
    clock!(_set, now);
    let mut bench = bench(now, &["gone@example.com"]).await;
    bench.put(&incident(), &notice(Transition::Opened));
    bench.desk.round().await.unwrap();
    assert!(
        matches!(bench.row(42).state, OutboxState::GivenUp { reason, .. } if reason.contains("no such user"))
    );
}

#[tokio::test]
async fn refused_for_now_is_tried_again_and_nobody_is_told_twice() {
    clock!(set, now);
    let mut bench = bench(now, &["oncall@example.com", "busy@example.com"]).await;
    bench.put(&incident(), &notice(Transition::Opened));
    bench.desk.round().await.unwrap();
    let row = bench.row(42);
    assert_eq!((row.attempts, row.state.clone()), (1, OutboxState::Waiting));
    assert!(
        row.last_error.contains("451") || row.last_error.contains("try again"),
        "{}",
        row.last_error
    );
    let wait = row.next_try.since(at(10));
    assert!(Millis::seconds(24) <= wait && wait <= Millis::seconds(36), "{wait:?}");
    bench.desk.round().await.unwrap();
    set(at(50));
    bench.desk.round().await.unwrap();
    assert_eq!(bench.row(42).attempts, 2);
    assert_eq!(bench.sink.subjects().len(), 1);
}

#[tokio::test]
async fn notices_of_one_incident_that_wait_together_become_one_mail() {
    clock!(_set, now);
    let mut bench = bench(now, &["oncall@example.com"]).await;
    bench.put(&incident(), &Notice { due: at(13), ..notice(Transition::Opened) });
    bench.put(&incident(), &notice(Transition::Update));
    bench.desk.round().await.unwrap();
    let subjects = bench.sink.subjects();
    assert_eq!(subjects.len(), 1);
    assert!(subjects[0].starts_with("INC-7f3c9a123456789a@"), "the thread begins with it");
}

#[tokio::test]
async fn a_flood_of_incidents_is_six_mails_and_one_storm() {
    clock!(set, now);
    let mut bench = bench(now, &["oncall@example.com"]).await;
    (1..=40).for_each(|number| bench.put_number(number));
    bench.desk.round().await.unwrap();
    let subjects = bench.sink.subjects();
    assert_eq!(subjects.len(), 7);
    assert!(subjects[6].ends_with("[keyvigil HIGH] 34 more incidents at once"), "{}", subjects[6]);
    assert!(bench.store.outbox().unwrap().iter().all(|row| row.state != OutboxState::Waiting));
    bench.put_number(41);
    bench.desk.round().await.unwrap();
    assert_eq!(bench.sink.subjects().len(), 7);
    assert_eq!((bench.row(41).attempts, bench.row(41).state), (0, OutboxState::Waiting));
    set(at(10 + 3700));
    bench.desk.round().await.unwrap();
    assert_eq!(bench.sink.subjects().len(), 8);
}

#[tokio::test]
async fn after_a_long_outage_one_mail_tells_of_all() {
    clock!(set, now);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    drop(listener);
    let mut dead = bench_at(now, &["oncall@example.com"], (Sink::default(), port));
    (1..=5).for_each(|number| dead.put_number(number));
    let mut second = 10;
    while dead.row(1).attempts < 9 {
        dead.desk.round().await.unwrap();
        second += 300;
        set(at(second));
    }
    assert!(dead.row(5).attempts.abs_diff(dead.row(1).attempts) <= 1);
    assert!(dead.row(1).last_error.contains("cannot be used"));
    let sink = Sink::default();
    let port = sink.start().await;
    dead.desk = desk_of(&dead.store, dead.desk.into_worker().routes, (port, now));
    // Only some are due by themselves; the others go with them.
    let next = dead.store.outbox().unwrap().iter().map(|row| row.next_try).min().unwrap();
    set(next);
    dead.desk.round().await.unwrap();
    let subjects = sink.subjects();
    assert_eq!(subjects.len(), 1);
    assert!(subjects[0].ends_with("5 incidents while no mail could be sent"), "{}", subjects[0]);
}

#[tokio::test]
async fn a_day_without_a_mail_server_is_given_up() {
    clock!(set, now);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    drop(listener);
    let mut bench = bench_at(now, &["oncall@example.com"], (Sink::default(), port));
    bench.put_number(1);
    for round in 0..60 {
        set(at(round * 2200));
        bench.desk.round().await.unwrap();
    }
    assert!(
        matches!(bench.row(1).state, OutboxState::GivenUp { reason, .. } if reason.starts_with("after 53 tries"))
    );
}

#[tokio::test]
async fn what_no_route_takes_does_not_wait_for_ever() {
    clock!(_set, now);
    let mut bench = bench(now, &["oncall@example.com"]).await;
    bench.desk.worker.routes[0].severity_min = Severity::Medium;
    bench.put(&Incident { severity: Severity::Low, ..incident() }, &notice(Transition::Opened));
    bench.desk.round().await.unwrap();
    assert!(bench.sink.subjects().is_empty());
    assert!(matches!(bench.row(42).state, OutboxState::Unwanted { .. }));
    let counts = bench.store.outbox_counts();
    assert_eq!((counts.waiting, counts.given_up), (0, 0), "no mail failed");
}

#[tokio::test]
async fn a_server_without_starttls_is_not_given_the_mail() {
    let sink = Sink::default();
    let port = sink.start().await;
    let refused =
        send_test(&smtp(port, Security::StartTls), &frame(), "ana@example.com", at(0)).await;
    let said = refused.unwrap_err().to_string();
    assert!(said.to_lowercase().contains("starttls"), "{said}");
    let wrapped = smtp(port, Security::Tls);
    assert!(send_test(&wrapped, &frame(), "ana@example.com", at(0)).await.is_err());
    assert!(sink.subjects().is_empty());
    let sent = send_test(&smtp(port, Security::Plain), &frame(), "ana@example.com", at(0)).await;
    assert_eq!(sent.unwrap(), "250 taken");
    assert!(sink.subjects()[0].ends_with("[keyvigil TEST] mails from api-01 arrive"));
}

#[tokio::test]
async fn a_directory_holds_one_file_a_mail() {
    let dir = tempfile::tempdir().unwrap();
    let mails = super::EmlDirectory::open(&dir.path().join("mails")).unwrap();
    for _ in 0..2 {
        send_test(&mails, &frame(), "ana@example.com", at(0)).await.unwrap();
    }
    let files: Vec<_> = std::fs::read_dir(dir.path().join("mails")).unwrap().collect();
    assert_eq!(files.len(), 1);
    let bytes = std::fs::read(files[0].as_ref().unwrap().path()).unwrap();
    assert!(MessageParser::default().parse(&bytes).unwrap().subject().unwrap().contains("TEST"));
}

#[tokio::test]
async fn the_worker_delivers_until_it_is_stopped_and_looks_once_more() {
    clock!(_set, now);
    let bench = bench(now, &["oncall@example.com"]).await;
    let (stop, stopped) = tokio::sync::watch::channel(false);
    let worker = tokio::spawn(super::run(bench.desk.into_worker(), stopped));
    let row = OutboxRow::waiting(notice(Transition::Opened), Topic::Incident);
    let incident = incident();
    let incidents = std::slice::from_ref(&incident);
    bench.store.commit(&Commit { incidents, outbox: &[row], ..Commit::default() }).unwrap();
    stop.send(true).unwrap();
    worker.await.unwrap().unwrap();
    assert_eq!(bench.sink.subjects().len(), 1);
}
