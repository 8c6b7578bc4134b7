//! What is committed comes back: after a kill, from a snapshot, in order, until it is forgotten.

use super::*;
use crate::engine::{Judgement, Verdict};
use crate::identity::Inventory;
use crate::incident::{Notice, StaleFinding, Transition};
use crate::model::{Millis, Position, SourceId};

fn notice(id: u64, next_try: i64) -> OutboxRow {
    let notice = Notice {
        id,
        incident: IncidentId(1),
        revision: 1,
        transition: Transition::Opened,
        due: Timestamp(0),
    };
    OutboxRow { next_try: Timestamp(next_try), ..OutboxRow::waiting(notice, Topic::Incident) }
}

/// What a kill leaves: the files as they are while the store is still open.
fn copy_as_killed(state: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(state).unwrap() {
        let entry = entry.unwrap();
        if entry.file_type().unwrap().is_dir() {
            copy_as_killed(&entry.path(), &to.join(entry.file_name()));
        } else {
            fs::copy(entry.path(), to.join(entry.file_name())).unwrap();
        }
    }
}

#[test]
fn a_commit_is_there_after_a_kill() {
    let dir = tempfile::tempdir().unwrap();
    let store = opened(&dir.path().join("first"));
    let inputs =
        [(0, batch_input(0, 500)), (1, Input::Tick(Timestamp(9))), (2, batch_input(500, 20))];
    let positions = [(SourceId("/var/log/a.log".to_owned()), Position(vec![1; 3000]))];
    let counters = Counters::from([("lines".to_owned(), 520)]);
    let commit = Commit {
        inputs: &inputs,
        positions: &positions,
        incidents: &[incident(1, 5, State::Open)],
        outbox: &[notice(77, 10)],
        counters: Some(&counters),
        ..Commit::default()
    };
    store.commit(&commit).unwrap();
    copy_as_killed(&dir.path().join("first"), &dir.path().join("second"));

    let again = opened(&dir.path().join("second"));
    let recovered = again.recover().unwrap();
    assert_eq!((recovered.from_input, recovered.next_input, recovered.events), (0, 3, 520));
    assert_eq!(recovered.positions.into_iter().collect::<Vec<_>>(), positions);
    assert_eq!(recovered.counters, counters);
    assert_eq!(recovered.moved_aside, None);
    assert_eq!(inputs_of(&again, 0), shown(&inputs));
    assert_eq!(inputs_of(&again, 1), shown(&inputs[1..]));
    assert_eq!(again.incident(IncidentId(1)).unwrap(), Some(incident(1, 5, State::Open)));
    assert_eq!(again.outbox_due(Timestamp(10), 5), [notice(77, 10)]);
    assert_eq!(again.pepper().unwrap(), store.pepper().unwrap());
}

#[test]
fn a_snapshot_is_the_state_that_is_opened_again() {
    let dir = tempfile::tempdir().unwrap();
    let row = |id: &str, value: Option<&[u8]>| StateRow {
        id: id.to_owned(),
        value: value.map(<[u8]>::to_vec),
    };
    let large: Vec<u8> =
        (0..50_000u32).flat_map(|n| n.wrapping_mul(2_654_435_761).to_le_bytes()).collect();
    let store = opened(dir.path());
    commit_inputs(&store, &[(0, batch_input(0, 10)), (1, batch_input(10, 10))]);
    let rows = [row("a", Some(&large)), row("b", Some(b"two"))];
    store.snapshot(&rows.into_iter().collect(), 1).unwrap();
    let rows = [row("a", Some(b"small now")), row("b", None), row("c", Some(b""))];
    store.snapshot(&rows.into_iter().collect(), 2).unwrap();
    store.close().unwrap();

    let store = opened(dir.path());
    assert_eq!(state_of(&store), [row("a", Some(b"small now")), row("c", Some(b""))]);
    let recovered = store.recover().unwrap();
    assert_eq!((recovered.from_input, recovered.next_input), (2, 2));
}

#[test]
fn a_large_value_comes_back_from_its_parts() {
    let dir = tempfile::tempdir().unwrap();
    let store = opened(dir.path());
    let large: Vec<u8> =
        (0..50_000u32).flat_map(|n| n.wrapping_mul(2_654_435_761).to_le_bytes()).collect();
    store.meta_put("large", &large).unwrap();
    assert_eq!(store.meta_get("large").unwrap(), Some(large));
    assert_eq!(store.meta_get("other").unwrap(), None);
    assert_eq!(store.health().blobs, 0);
}

#[test]
fn blocks_are_chosen_by_time_and_key() {
    let dir = tempfile::tempdir().unwrap();
    let store = opened(dir.path());
    let inputs: Vec<_> = (0..4)
        .map(|n: i64| (n.unsigned_abs(), batch_input(n * 100, 3 + usize::try_from(n).unwrap())))
        .collect();
    commit_inputs(&store, &inputs);
    let rows = |wanted: &Wanted| -> Vec<usize> {
        store.blocks(wanted).unwrap().map(|batch| batch.unwrap().len()).collect()
    };
    let times = Timestamp(100_000)..Timestamp(200_000);
    assert_eq!(rows(&Wanted::default()), [3, 4, 5, 6]);
    assert_eq!(rows(&Wanted { times, ..Wanted::default() }), [4]);
    let key = Some("k_rare".to_owned());
    assert_eq!(rows(&Wanted { key, ..Wanted::default() }), [1, 1, 1], "its rows alone");
    assert_eq!(store.rows(&Wanted::default()).unwrap(), 18);
}

#[test]
fn incidents_come_newest_first() {
    let dir = tempfile::tempdir().unwrap();
    let store = opened(dir.path());
    let incidents = [
        incident(1, 10, State::Open),
        incident(2, 30, State::Resolved),
        incident(3, 20, State::Open),
    ];
    let stale = StaleFinding { key: "k".into(), kind: "unused".into(), ..StaleFinding::default() };
    let commit =
        Commit { incidents: &incidents, stale: &[Arc::new(stale.clone())], ..Commit::default() };
    store.commit(&commit).unwrap();
    let ids = |shown| -> Vec<u64> {
        store.incidents(shown).unwrap().iter().map(|incident| incident.id.0).collect()
    };
    assert_eq!(ids(Shown::All), [2, 3, 1]);
    assert_eq!(ids(Shown::Open), [3, 1]);
    assert_eq!(store.stale_findings().unwrap(), [stale]);
}

#[test]
fn a_notice_that_was_sent_is_not_due() {
    let dir = tempfile::tempdir().unwrap();
    let store = opened(dir.path());
    let mut first = notice(1, 20);
    let commit =
        Commit { outbox: &[first.clone(), notice(2, 10), notice(3, 99)], ..Commit::default() };
    store.commit(&commit).unwrap();
    let due = |limit| -> Vec<u64> {
        store.outbox_due(Timestamp(50), limit).iter().map(|row| row.notice.id).collect()
    };
    assert_eq!((due(9), due(1)), (vec![2, 1], vec![2]));
    first.state = OutboxState::Sent { at: Timestamp(21), reply: "250 ok".to_owned() };
    store.outbox_update(&[first]).unwrap();
    assert_eq!(due(9), [2]);
    assert_eq!(store.outbox().unwrap().len(), 3);
}

#[test]
fn old_blocks_are_forgotten_but_never_what_a_snapshot_does_not_know() {
    let dir = tempfile::tempdir().unwrap();
    let store = opened(dir.path());
    let inputs: Vec<_> = (0..6u64)
        .map(|n| match n {
            2 => (n, Input::Tick(Timestamp(1))),
            n => (n, batch_input(n.cast_signed() * 100, 10)),
        })
        .collect();
    commit_inputs(&store, &inputs);
    assert_eq!(store.prune(Timestamp(1_000_000), Millis(0)).unwrap(), 0);
    store.snapshot(&Parcels::default(), 5).unwrap();
    assert_eq!(store.prune(Timestamp(1_000_000), Millis(650_000)).unwrap(), 30);
    assert_eq!(inputs_of(&store, 0), shown(&inputs[4..]));
    assert_eq!(store.prune(Timestamp(1_000_000), Millis(0)).unwrap(), 10);
    assert_eq!((inputs_of(&store, 0), store.event_count()), (shown(&inputs[5..]), 10));
}

#[test]
fn numbers_do_not_go_back() {
    let dir = tempfile::tempdir().unwrap();
    let store = opened(dir.path());
    commit_inputs(&store, &[(0, batch_input(0, 1))]);
    let again = [(0, batch_input(0, 1))];
    let error = store.commit(&Commit { inputs: &again, ..Commit::default() }).unwrap_err();
    assert!(matches!(error, StoreError::Order { number: 0, next: 1 }));
}

#[test]
fn every_sort_of_input_is_journalled() {
    let text = "key_id,owner,role,created,last_rotated,expires,status,status_since\n\
                k_a,ann@example.com,reader,2026-01-01,,,revoked,2026-02-01T10:00:00Z\n";
    let (inventory, _) = Inventory::from_csv(text.as_bytes(), "inventory.csv").unwrap();
    let verdict = Verdict {
        incident: IncidentId(u64::MAX),
        at: Timestamp(7),
        by: "ann".to_owned(),
        judgement: Judgement::FalseAlarm,
        reason: String::new(),
    };
    let inputs = [
        (0, Input::Inventory(Arc::new(inventory))),
        (1, Input::Settings(Box::default())),
        (2, Input::Verdict(verdict)),
        (3, batch_input(0, 3)),
        (4, Input::Tick(Timestamp(-5))),
        (6, Input::Finish),
    ];
    let dir = tempfile::tempdir().unwrap();
    let store = opened(dir.path());
    commit_inputs(&store, &inputs);
    assert_eq!(inputs_of(&store, 0), shown(&inputs));
}

#[test]
fn a_line_from_the_future_keeps_no_block_for_ever() {
    let dir = tempfile::tempdir().unwrap();
    let store = opened(dir.path());
    let mut odd = events(0, 10);
    odd.time[7] = i64::MAX / 2;
    commit_inputs(&store, &[(0, Input::Batch(odd.into())), (1, batch_input(100, 10))]);
    store.snapshot(&Parcels::default(), 2).unwrap();
    assert_eq!(store.prune(Timestamp(100_000), Millis(50_000)).unwrap(), 10);
    assert_eq!(store.event_count(), 10);
}

#[test]
fn the_time_that_passed_in_silence_is_forgotten_with_its_blocks() {
    let dir = tempfile::tempdir().unwrap();
    let store = opened(dir.path());
    let ticks: Vec<_> = (0..9u64).map(|n| (n, Input::Tick(Timestamp(n.cast_signed())))).collect();
    commit_inputs(&store, &ticks);
    store.snapshot(&Parcels::default(), 7).unwrap();
    assert_eq!(store.prune(Timestamp(9), Millis(0)).unwrap(), 0);
    assert_eq!(inputs_of(&store, 0), shown(&ticks[7..]));
}

#[test]
fn settled_notices_are_forgotten_and_counted_over_a_restart() {
    let dir = tempfile::tempdir().unwrap();
    let at = Timestamp;
    let states = [
        OutboxState::Waiting,
        OutboxState::Sent { at: at(30), reply: String::new() },
        OutboxState::GivenUp { at: at(10), reason: "no such user".to_owned() },
        OutboxState::GivenUp { at: at(40), reason: "no such user".to_owned() },
        OutboxState::Unwanted { at: at(10) },
    ];
    let rows: Vec<_> =
        (1..).zip(states).map(|(id, state)| OutboxRow { state, ..notice(id, 5) }).collect();
    let store = opened(dir.path());
    store.commit(&Commit { outbox: &rows, ..Commit::default() }).unwrap();
    let counts = OutboxCounts {
        waiting: 1,
        refused: None,
        given_up: 2,
        last_sent: Some(at(30)),
        last_given_up: Some(at(40)),
    };
    assert_eq!(store.outbox_counts(), counts);
    drop(store);
    let store = opened(dir.path());
    assert_eq!(store.outbox_counts(), counts);
    assert_eq!(store.outbox_prune(at(20)).unwrap(), 2);
    assert_eq!(store.outbox_counts(), OutboxCounts { given_up: 1, ..counts });
    assert_eq!(store.outbox().unwrap().len(), 3);
    assert_eq!(store.outbox_prune(at(20)).unwrap(), 0);
}
