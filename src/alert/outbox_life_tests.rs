//! Storms, outages, restarts, quiet hours, reminders and reports, told in hours that pass
//! at once.

use std::sync::{Arc, Mutex};

use jiff::tz::TimeZone;
use mail_parser::MessageParser;
use tokio::net::TcpListener;

use super::bench_for_tests::{Sink, bench, bench_at, clock, desk_of};
use super::letter_tests::{at, incident, notice};
use super::{Audience, Bulletin, Notifier, Quiet, Refusal, Reports, Route, Sending};
use crate::incident::{Incident, IncidentId, Notice, StaleFinding, State, Transition};
use crate::model::{Severity, Timestamp};
use crate::store::{Commit, Entry, OutboxRow, OutboxState, Topic};

/// Incidents of their own, all due at once.
fn flood(numbers: std::ops::Range<u64>, due: Timestamp) -> (Vec<Incident>, Vec<OutboxRow>) {
    let made = numbers.map(|number| {
        let id = IncidentId(number << 24);
        let notice = Notice { id: number, incident: id, due, ..notice(Transition::Opened) };
        (Incident { id, ..incident() }, OutboxRow::waiting(notice, Topic::Incident))
    });
    made.unzip()
}

#[tokio::test]
async fn a_thousand_incidents_in_ten_minutes_are_six_mails_and_one_storm() {
    clock!(set, now);
    let mut bench = bench(now, &["oncall@example.com"]).await;
    for step in 0..20 {
        let due = at(10 + step * 30);
        set(due);
        let first = step.unsigned_abs() * 50 + 1;
        let (incidents, outbox) = flood(first..first + 50, due);
        let commit = Commit { incidents: &incidents, outbox: &outbox, ..Commit::default() };
        bench.store.commit(&commit).unwrap();
        bench.desk.round().await.unwrap();
    }
    assert_eq!(bench.sink.subjects().len(), 7, "{:?}", bench.sink.subjects());
    assert!(bench.sink.subjects()[6].ends_with("44 more incidents at once"));
    for minute in (10..130).step_by(6) {
        set(at(minute * 60));
        bench.desk.round().await.unwrap();
    }
    let subjects = bench.sink.subjects();
    assert_eq!(subjects.len(), 8, "{subjects:?}");
    assert!(subjects[7].ends_with("950 more incidents in the last hour"), "{}", subjects[7]);
    assert_eq!(bench.store.outbox_counts().waiting, 0);
    assert_eq!(bench.store.outbox_counts().given_up, 0);
}

#[tokio::test]
async fn four_hundred_incidents_in_a_days_outage_are_one_mail() {
    clock!(set, now);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    drop(listener);
    let mut dead = bench_at(now, &["oncall@example.com"], (Sink::default(), port));
    for hour in 0..20 {
        let due = at(10 + hour * 3600);
        let first = hour.unsigned_abs() * 20 + 1;
        let (incidents, outbox) = flood(first..first + 20, due);
        let commit = Commit { incidents: &incidents, outbox: &outbox, ..Commit::default() };
        dead.store.commit(&commit).unwrap();
        for minute in [0, 1, 2, 5, 10, 20, 35, 50] {
            set(at(10 + hour * 3600 + minute * 60));
            dead.desk.round().await.unwrap();
        }
    }
    assert_eq!(dead.store.outbox_counts().waiting, 400);
    let sink = Sink::default();
    let port = sink.start().await;
    dead.desk = desk_of(&dead.store, dead.desk.into_worker().routes, (port, now));
    for minute in 0..120 {
        set(at(20 * 3600 + minute * 60));
        dead.desk.round().await.unwrap();
    }
    let subjects = sink.subjects();
    assert_eq!(subjects.len(), 1, "{subjects:?}");
    assert!(subjects[0].ends_with("400 incidents while no mail could be sent"), "{}", subjects[0]);
    assert_eq!((dead.store.outbox_counts().waiting, dead.store.outbox_counts().given_up), (0, 0));
}

#[tokio::test]
async fn who_was_told_is_known_after_a_restart_and_so_is_the_hours_budget() {
    clock!(set, now);
    let mut bench = bench(now, &["oncall@example.com", "busy@example.com"]).await;
    (1..=6).for_each(|number| bench.put_number(number));
    bench.desk.round().await.unwrap();
    assert_eq!(bench.sink.subjects().len(), 6, "busy@ takes nothing yet");
    let mut bench = bench.restart(now);
    set(at(60));
    bench.desk.round().await.unwrap();
    assert_eq!(bench.sink.subjects().len(), 6, "oncall@ was told before the restart");
    bench.put_number(7);
    bench.desk.round().await.unwrap();
    assert_eq!(bench.sink.subjects().len(), 6, "this hour's six mails were sent before it");
    assert_eq!(bench.row(7).attempts, 0);
}

#[tokio::test]
async fn of_an_end_hears_only_who_heard_of_the_beginning() {
    clock!(set, now);
    let mut bench = bench(now, &["oncall@example.com"]).await;
    let over = Incident { state: State::Resolved, resolved: Some(at(60)), ..incident() };
    bench.put(&over, &notice(Transition::Resolved));
    bench.desk.round().await.unwrap();
    assert!(bench.told().is_empty(), "nobody heard of it before");
    assert!(matches!(bench.row(44).state, OutboxState::Unwanted { .. }));

    let id = IncidentId(7 << 40);
    let opened = Notice { id: 70, incident: id, ..notice(Transition::Opened) };
    bench.put(&Incident { id, ..incident() }, &opened);
    bench.desk.round().await.unwrap();
    set(at(100));
    let seen = State::Acknowledged;
    let acknowledged = Notice { id: 71, incident: id, ..notice(Transition::Acknowledged) };
    let by = Incident { id, state: seen, acknowledged_by: "ana".to_owned(), ..incident() };
    bench.put(&by, &acknowledged);
    bench.desk.round().await.unwrap();
    let ended = Notice { id: 72, incident: id, ..notice(Transition::Resolved) };
    bench.put(&Incident { id, ..over }, &ended);
    bench.desk.round().await.unwrap();
    assert_eq!(
        bench.told(),
        [
            "oncall@example.com STATUS: OPEN · HIGH · INC-000007",
            "oncall@example.com STATUS: ACKNOWLEDGED by ana · HIGH · INC-000007",
            "oncall@example.com STATUS: RESOLVED after 1 min · HIGH · INC-000007",
        ]
    );
}

#[tokio::test]
async fn what_comes_and_goes_is_told_twice_and_then_only_if_it_is_worse() {
    clock!(set, now);
    let mut bench = bench(now, &["oncall@example.com"]).await;
    bench.put(&incident(), &notice(Transition::Opened));
    bench.desk.round().await.unwrap();
    for turn in 1..=4_i64 {
        for (step, transition) in [(0, Transition::Resolved), (1, Transition::Update)] {
            set(at(turn * 10_000 + step * 1_000));
            let is_over = transition == Transition::Resolved;
            let state = if is_over { State::Resolved } else { State::Open };
            let resolved = is_over.then(|| at(turn * 10_000));
            let id = u64::try_from(turn * 10 + step).unwrap();
            let about = Incident { state, resolved, ..incident() };
            bench.put(&about, &Notice { id, ..notice(transition) });
            bench.desk.round().await.unwrap();
        }
    }
    let told = bench.told();
    let starts: Vec<&str> =
        told.iter().map(|line| line.split("STATUS: ").nth(1).unwrap()).collect();
    assert_eq!(starts.len(), 4, "{starts:?}");
    assert!(starts[3].starts_with("RESOLVED"), "{starts:?}");
    assert!(bench.sink.mails.lock().unwrap()[3].contains("only told if it gets worse"));
    let worse = Incident { severity: Severity::Critical, ..incident() };
    bench.put(&worse, &Notice { id: 99, ..notice(Transition::Update) });
    bench.desk.round().await.unwrap();
    assert_eq!(bench.told().len(), 5);
}

#[tokio::test]
async fn what_nobody_looks_into_is_told_again_after_four_hours() {
    clock!(set, now);
    let mut bench = bench(now, &["oncall@example.com"]).await;
    bench.put(&incident(), &notice(Transition::Opened));
    bench.desk.round().await.unwrap();
    for minute in 0..=250 {
        set(at(minute * 60));
        bench.desk.round().await.unwrap();
    }
    let told = bench.told();
    assert_eq!(told.len(), 2, "{told:?}");
    assert!(told[1].contains("STILL OPEN after 4 h 1 min, nobody looks into it"), "{}", told[1]);
}

#[tokio::test]
async fn quiet_hours_hold_back_what_is_not_critical_and_end_with_one_mail() {
    clock!(set, now);
    let mut bench = bench(now, &["oncall@example.com"]).await;
    // The clock stands at 09:00.
    let quiet = Some(Quiet { from: 8 * 60, to: 11 * 60, zone: TimeZone::UTC });
    bench.desk.worker.routes[0].quiet = quiet;
    let (incidents, outbox) = flood(1..4, at(10));
    let commit = Commit { incidents: &incidents, outbox: &outbox, ..Commit::default() };
    bench.store.commit(&commit).unwrap();
    bench.desk.round().await.unwrap();
    assert!(bench.told().is_empty());
    let id = IncidentId(9 << 40);
    let critical = Incident { id, severity: Severity::Critical, ..incident() };
    bench.put(&critical, &Notice { id: 90, incident: id, ..notice(Transition::Opened) });
    bench.desk.round().await.unwrap();
    assert_eq!(bench.told().len(), 1);
    set(at(2 * 3600 - 1));
    bench.desk.round().await.unwrap();
    assert_eq!(bench.told().len(), 1);
    set(at(2 * 3600));
    bench.desk.round().await.unwrap();
    let subjects = bench.sink.subjects();
    assert_eq!(subjects.len(), 2);
    assert!(subjects[1].ends_with("3 incidents during the quiet hours"), "{}", subjects[1]);
}

#[tokio::test]
async fn the_owner_is_asked_one_question_and_who_opted_out_is_left_alone() {
    clock!(_set, now);
    let mut bench = bench(now, &["oncall@example.com", "@owner", "out@example.com"]).await;
    bench.desk.worker.opted_out = vec!["OUT@example.com".to_owned()];
    bench.put(&incident(), &notice(Transition::Opened));
    bench.desk.round().await.unwrap();
    let told = bench.told();
    assert_eq!(told.len(), 2, "{told:?}");
    assert!(told[1].starts_with("payments@example.com"));
    let mails = bench.sink.mails.lock().unwrap().clone();
    assert!(!mails[0].contains("One question") && mails[1].contains("One question"));
}

/// A program that takes what it is told, or cannot be reached.
struct Program(Arc<Mutex<Vec<String>>>, bool);

impl Notifier for Program {
    fn send<'a>(&'a self, bulletin: &'a Bulletin) -> Sending<'a> {
        Box::pin(async move {
            if self.1 {
                return Err(Refusal::Unreachable("nobody listens".to_owned()));
            }
            self.0.lock().unwrap().push(bulletin.letter.message_id.clone());
            Ok("taken".to_owned())
        })
    }

    fn audience(&self) -> Audience {
        Audience::Programs
    }
}

#[tokio::test]
async fn programs_are_told_everything_and_a_dead_one_keeps_no_mail_back() {
    clock!(set, now);
    let mut bench = bench(now, &["oncall@example.com", "soc", "dead"]).await;
    let taken = Arc::new(Mutex::new(Vec::new()));
    bench.desk.worker.ways.add("soc", Box::new(Program(Arc::clone(&taken), false)));
    bench.desk.worker.ways.add("dead", Box::new(Program(Arc::default(), true)));
    let (incidents, outbox) = flood(1..41, at(10));
    let commit = Commit { incidents: &incidents, outbox: &outbox, ..Commit::default() };
    bench.store.commit(&commit).unwrap();
    bench.desk.round().await.unwrap();
    assert_eq!(taken.lock().unwrap().len(), 40);
    assert_eq!(bench.sink.subjects().len(), 7);
    set(at(60));
    bench.desk.round().await.unwrap();
    assert_eq!(taken.lock().unwrap().len(), 40, "nobody is told twice");
    assert!(bench.row(1).last_error.contains("nobody listens"), "{}", bench.row(1).last_error);
}

#[tokio::test]
async fn the_calendar_brings_a_digest_the_stale_keys_and_a_sign_of_life() {
    clock!(set, now);
    let mut bench = bench(now, &["oncall@example.com"]).await;
    bench.desk.worker.routes =
        vec![Route { severity_min: Severity::High, ..bench.desk.worker.routes[0].clone() }];
    let to = vec!["oncall@example.com".to_owned()];
    bench.desk.worker.reports = Reports { to, zone: None, at: 8 * 60 };
    bench.store.journal_add(vec![Entry::default()]).unwrap();
    bench.desk.round().await.unwrap();
    let small = Incident { severity: Severity::Medium, ..incident() };
    bench.put(&small, &notice(Transition::Opened));
    let finding = StaleFinding {
        key: "k_old".into(),
        kind: "never_used".into(),
        because: "made 94 days ago and never used".to_owned(),
        next: "Revoke it.".into(),
        ..StaleFinding::default()
    };
    bench.store.commit(&Commit { stale: &[Arc::new(finding)], ..Commit::default() }).unwrap();
    bench.desk.round().await.unwrap();
    assert!(bench.told().is_empty(), "a medium one wakes nobody");
    // From Tuesday 17 March to the first of April.
    for hour in 0..24 * 15 {
        set(at(hour * 3600));
        bench.desk.round().await.unwrap();
    }
    let subjects: Vec<String> = bench
        .sink
        .subjects()
        .iter()
        .map(|it| it.split("[keyvigil] ").nth(1).unwrap().to_owned())
        .collect();
    assert_eq!(
        subjects,
        [
            "1 smaller incident since yesterday",
            "1 key to tidy up",
            "1 key to tidy up",
            "still watching on api-01",
        ]
    );
    let mails = bench.sink.mails.lock().unwrap().clone();
    let digest = MessageParser::default().parse(mails[0].as_bytes()).unwrap();
    assert!(digest.body_text(0).unwrap().contains("8,200 requests a minute"));
    let head = bench.store.journal_head().unwrap().unwrap().head.to_string();
    assert!(digest.body_text(0).unwrap().contains(&head), "the head of the journal is kept");
    let stale = MessageParser::default().parse(mails[1].as_bytes()).unwrap();
    assert!(stale.body_text(0).unwrap().contains("k_old: never used"));
}
