//! A large snapshot is written in many steps: wherever it ends, the state is the old one or the new.

use super::*;

/// Much more than one parcel, that hardly gets smaller by compression.
fn rows(snapshot: u64) -> Vec<StateRow> {
    let of_key = |key: u64| {
        let words =
            (0..60u64).map(|n| (key * 61 + n + snapshot).wrapping_mul(0x9e37_79b9_7f4a_7c15));
        let value = words.flat_map(u64::to_le_bytes).collect();
        StateRow { id: format!("key/{key:04}"), value: Some(value) }
    };
    let mut rows: Vec<StateRow> = (0..3000).map(of_key).collect();
    // Some keys come and go.
    if snapshot % 2 == 1 {
        rows.iter_mut().step_by(5).for_each(|row| row.value = None);
    }
    rows
}

fn there(snapshot: u64) -> Vec<StateRow> {
    rows(snapshot).into_iter().filter(|row| row.value.is_some()).collect()
}

fn parcels_in(store: &Store) -> usize {
    store.vault().database.range(keys::under(&[keys::PARCEL])).count()
}

/// How it ends if the write of that number fails there; `None` if it never comes to it.
fn cut_off_at(write: usize, point: &str) -> Option<()> {
    let dir = tempfile::tempdir().unwrap();
    let store = opened(dir.path());
    store.snapshot(&rows(0).into_iter().collect(), 1).unwrap();
    fail::cfg(point, &format!("{write}*off->1*return(broken)->off")).unwrap();
    let done = store.snapshot(&rows(1).into_iter().collect(), 2);
    fail::remove(point);
    let is_cut_off = store.vault().database.is_stopped();
    drop(store);

    let store = opened(dir.path());
    let next_input = store.recover().unwrap().from_input;
    assert!(done.is_err() || next_input == 2, "{point} {write}: it was said to be done");
    assert!(state_of(&store) == there(next_input - 1), "{point} {write}: {next_input}");
    assert_eq!(parcels_in(&store), 0);
    store.snapshot(&rows(2).into_iter().collect(), 3).unwrap();
    assert!(state_of(&store) == there(2), "{point} {write}");
    store.close().unwrap();
    assert_eq!(opened(dir.path()).recover().unwrap().from_input, 3);
    is_cut_off.then_some(())
}

#[test]
fn wherever_it_is_cut_off_the_state_is_the_old_one_or_the_new() {
    let _scenario = fail::FailScenario::setup();
    for point in ["store.batch", "store.flush", "store.sync"] {
        let cut_off = (0..100).take_while(|write| cut_off_at(*write, point).is_some()).count();
        // Ahead, the commit, in their places, and the end.
        assert!((2 * 3 + 2..100).contains(&cut_off), "{point}: {cut_off}");
    }
}
