//! The many small blocks of a quiet log, and what is left of them.

use super::*;

fn merge_all(store: &Store, from: u64) -> u64 {
    let mut next = from;
    for _ in 0..100 {
        let merged = store.merge_small(next).unwrap();
        next = merged.next;
        if merged.is_done {
            return next;
        }
    }
    panic!("it never ends");
}

fn rows_of(store: &Store) -> Vec<String> {
    let batches = store.blocks(&Wanted::default()).unwrap().map(Result::unwrap);
    let rows = |batch: EventBatch| -> Vec<String> {
        let row = |row| format!("{:?} {:?}", batch.event(row), batch.late.get(row));
        (0..batch.len()).map(row).collect()
    };
    batches.flat_map(rows).collect()
}

#[test]
fn small_blocks_become_one_and_no_event_changes() {
    let dir = tempfile::tempdir().unwrap();
    let store = opened(dir.path());
    let inputs: Vec<_> = (0..40u64)
        .map(|n| match n {
            7 => (n, Input::Tick(Timestamp(1))),
            20 => (n, batch_input(20_000, 3000)),
            n => (n, batch_input(n.cast_signed() * 100, 7)),
        })
        .collect();
    commit_inputs(&store, &inputs);
    assert_eq!(merge_all(&store, 0), 0, "what no snapshot knows is not touched");
    store.snapshot(&Parcels::default(), 38).unwrap();
    let (before, events) = (rows_of(&store), store.event_count());
    let next = merge_all(&store, 0);
    assert_eq!(rows_of(&store), before);
    let health = store.health();
    // Two of many, the large one between them, and two that the snapshot does not know.
    assert_eq!((health.blocks, health.events), (5, events));
    assert_eq!(merge_all(&store, next), next, "there is nothing left to do");
    assert_eq!(inputs_of(&store, 38), shown(&inputs[38..]));
    drop(store);
    let again = opened(dir.path());
    assert_eq!((rows_of(&again), again.event_count()), (before, events));
}

#[test]
fn days_are_not_merged_so_that_each_is_forgotten_in_its_time() {
    let dir = tempfile::tempdir().unwrap();
    let store = opened(dir.path());
    let days = (0..9u64).map(|n| (n, batch_input(n.cast_signed() * 43_200, 3)));
    commit_inputs(&store, &days.collect::<Vec<_>>());
    store.snapshot(&Parcels::default(), 9).unwrap();
    merge_all(&store, 0);
    assert_eq!(store.health().blocks, 5, "two at a time");
    assert_eq!(store.prune(Timestamp(400_000_000), Millis::days(3)).unwrap(), 12);
}

#[test]
fn a_day_of_three_lines_a_time_becomes_full_blocks() {
    let dir = tempfile::tempdir().unwrap();
    let store = opened(dir.path());
    let inputs: Vec<_> = (0..6000u64).map(|n| (n, batch_input(n.cast_signed() * 3, 3))).collect();
    commit_inputs(&store, &inputs);
    store.snapshot(&Parcels::default(), 6000).unwrap();
    merge_all(&store, 0);
    assert_eq!(store.event_count(), 18_000);
    assert!(store.health().blocks <= 9, "{:?}", store.health());
}
