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
    let mut rows: Vec<StateRow> = (0..200).map(of_key).collect();
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

/// As the daemon does it, parcel by parcel, or all at once.
fn write(store: &Store, snapshot: u64, is_ahead: bool) -> Result<(), StoreError> {
    let mut parcels = Parcels::default();
    for row in rows(snapshot) {
        parcels.push(&row);
        if is_ahead && let Some(parcel) = parcels.send_ahead() {
            store.write_parcel(&parcel)?;
        }
    }
    store.commit_with(&Commit::default(), (&parcels, snapshot + 1))?;
    store.settle(&mut || ())
}

/// How it ends if the write of that number fails there; `None` if it never comes to it.
fn cut_off_at(write_number: usize, point: &str, is_ahead: bool) -> Option<()> {
    let dir = tempfile::tempdir().unwrap();
    let store = opened(dir.path());
    write(&store, 0, is_ahead).unwrap();
    fail::cfg(point, &format!("{write_number}*off->1*return(broken)->off")).unwrap();
    let done = write(&store, 1, is_ahead);
    fail::remove(point);
    let is_cut_off = store.vault().database.is_stopped();
    drop(store);

    let store = opened(dir.path());
    let next_input = store.recover().unwrap().from_input;
    let of = format!("{point} {write_number} {is_ahead}: {next_input}");
    assert!(done.is_err() || next_input == 2, "{of}: it was said to be done");
    assert!(state_of(&store) == there(next_input - 1), "{of}");
    assert_eq!(parcels_in(&store), 0);
    write(&store, 2, is_ahead).unwrap();
    assert!(state_of(&store) == there(2), "{of}");
    store.close().unwrap();
    assert_eq!(opened(dir.path()).recover().unwrap().from_input, 3);
    is_cut_off.then_some(())
}

#[test]
fn wherever_it_is_cut_off_the_state_is_the_old_one_or_the_new() {
    let _scenario = fail::FailScenario::setup();
    for (point, is_ahead) in [
        ("store.batch", false),
        ("store.batch", true),
        ("store.flush", true),
        ("store.sync", false),
    ] {
        let cut_off =
            (0..100).take_while(|write| cut_off_at(*write, point, is_ahead).is_some()).count();
        // Ahead, the commit, in their places, and the end.
        assert!((2 * 3 + 2..100).contains(&cut_off), "{point}: {cut_off}");
    }
}

#[test]
fn a_state_that_is_forgotten_is_gone_wherever_that_is_cut_off() {
    let _scenario = fail::FailScenario::setup();
    let cut_off = (0..100).take_while(|number| {
        let dir = tempfile::tempdir().unwrap();
        let store = opened(dir.path());
        write(&store, 0, false).unwrap();
        fail::cfg("store.batch", &format!("{number}*off->1*return(broken)->off")).unwrap();
        let done = store.forget_state();
        fail::remove("store.batch");
        let is_cut_off = store.vault().database.is_stopped();
        drop(store);
        let store = opened(dir.path());
        let is_old = store.recover().unwrap().from_input == 1;
        assert!(if is_old { state_of(&store) == there(0) } else { state_of(&store).is_empty() });
        assert!(done.is_err() || !is_old);
        is_cut_off
    });
    assert!(2 < cut_off.count());
}

#[test]
fn a_parcel_that_is_lost_before_its_rows_are_in_their_places_makes_no_mixture() {
    let dir = tempfile::tempdir().unwrap();
    let store = opened(dir.path());
    write(&store, 0, false).unwrap();
    let parcels: Parcels = rows(2).into_iter().collect();
    store.commit_with(&Commit::default(), (&parcels, 3)).unwrap();
    let mut batch = Batch::default();
    store.vault().remove(&mut batch, &keys::numbered(keys::PARCEL, 1)).unwrap();
    store.vault().database.write(batch).unwrap();
    drop(store);
    let store = opened(dir.path());
    assert_eq!((state_of(&store).len(), store.recover().unwrap().from_input), (0, 0));
    write(&store, 2, true).unwrap();
    assert!(state_of(&store) == there(2));
}
