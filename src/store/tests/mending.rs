//! Damaged files: cut, zeroed, with one byte flipped. Nothing goes missing in silence, and what
//! is whole is kept.

use super::*;
use crate::model::{Position, SourceId};
use std::collections::BTreeSet;

const ROWS: usize = 500;
/// Another one damages other bytes.
const SEED: u64 = 20;
const FLIPS: usize = 5;

/// Sixty blocks; checkpoints before the 21st and the 51st; some were merged, some forgotten.
fn filled(dir: &Path) {
    let store = opened(dir);
    let position = |n: u64| (SourceId("log".to_owned()), Position(n.to_be_bytes().to_vec()));
    for n in 0..60u64 {
        let rows = if n < 10 { 5 } else { ROWS };
        let inputs = [(n, batch_input(n.cast_signed() * 1000, rows))];
        let positions = [position(n + 1)];
        let incidents = [incident(n, 7, State::Open)];
        let commit = Commit {
            inputs: &inputs,
            positions: &positions,
            incidents: &incidents,
            ..Commit::default()
        };
        store.commit(&commit).unwrap();
        if n == 20 || n == 50 {
            let row = |number: u64| StateRow {
                id: format!("key {number}"),
                value: Some((n + number).to_be_bytes().repeat(30)),
            };
            store.snapshot(&(0..200).map(row).collect(), n + 1).unwrap();
        }
    }
    store.prune(Timestamp(60_000_000), Millis(54_500_000)).unwrap();
    store.merge_small(0).unwrap();
    store.close().unwrap();
}

/// Each event once; what cannot be read is an error.
fn seconds(store: &Store) -> Result<BTreeSet<i64>, StoreError> {
    let mut seconds = BTreeSet::new();
    for batch in store.blocks(&Wanted::default())? {
        for time in batch?.time {
            assert!(seconds.insert(time), "an event is there twice");
        }
    }
    Ok(seconds)
}

fn copied(from: &Path) -> tempfile::TempDir {
    let to = tempfile::tempdir().unwrap();
    copy_into(from, to.path());
    to
}

fn copy_into(from: &Path, to: &Path) {
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            fs::create_dir(&target).unwrap();
            copy_into(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}

#[test]
fn what_is_read_without_sled_is_what_sled_reads() {
    let dir = tempfile::tempdir().unwrap();
    filled(dir.path());
    for _ in 0..3 {
        let path = dir.path().join("store");
        let remains = remains::Remains::of(&path).unwrap();
        assert_eq!((remains.damaged_bytes, remains.misfits), (0, 0));
        let left: Vec<_> = remains.range(keys::from(&[])).map(Result::unwrap).collect();
        let store = opened(dir.path());
        let rows = store.vault().database.range(keys::from(&[])).map(Result::unwrap);
        let rows: Vec<_> = rows.map(|(key, value)| (key.to_vec(), value.to_vec())).collect();
        assert!(100 < rows.len());
        assert_eq!(left, rows);
        // More of everything, and pages that were split and joined.
        let next = store.recover().unwrap().next_input;
        commit_inputs(&store, &[(next, batch_input(1_000_000 + next.cast_signed() * 1000, 400))]);
        store.snapshot(&Parcels::default(), next + 1).unwrap();
        store.merge_small(0).unwrap();
        store.close().unwrap();
    }
}

#[test]
fn a_whole_store_is_whole_and_a_repair_changes_nothing() {
    let dir = tempfile::tempdir().unwrap();
    filled(dir.path());
    let survey = Store::verify(dir.path(), &OPTIONS).unwrap();
    assert!(survey.is_whole(), "{:?}", survey.problems());
    let store = opened(dir.path());
    let (before, recovered) = (seconds(&store).unwrap(), store.recover().unwrap());
    assert_eq!(survey.events, before.len() as u64);
    store.close().unwrap();
    let rebuilt = Store::repair(dir.path(), &OPTIONS).unwrap();
    assert!(rebuilt.moved_to.is_dir() && !rebuilt.learns_anew && !rebuilt.has_new_pepper);
    let store = opened(dir.path());
    assert_eq!(seconds(&store).unwrap(), before);
    assert_eq!(format!("{:?}", store.recover().unwrap()), format!("{recovered:?}"));
    assert_eq!(store.incidents(Shown::All).unwrap().len(), 60);
    let error = Store::verify(dir.path(), &OpenOptions { key: Some([1; 32]), ..OPTIONS });
    assert!(matches!(error.unwrap_err(), StoreError::WrongKey { .. } | StoreError::InUse { .. }));
}

/// One damage, on a copy: it opens with all, or says what it lost; and a repair keeps the rest.
fn check(
    whole: &Path,
    (all, ever): (&BTreeSet<i64>, &BTreeSet<i64>),
    (name, what, at): (&str, &str, usize),
) {
    let case = format!("{name}: {what} at {at}");
    let damage = |state: &Path| {
        let path = state.join("store").join(name);
        let mut bytes = fs::read(&path).unwrap();
        match what {
            "cut" => bytes.truncate(at),
            "zeroed" => bytes.iter_mut().skip(at).take(70_000).for_each(|byte| *byte = 0),
            _ => bytes[at] ^= 1 << (at % 8),
        }
        fs::write(path, bytes).unwrap();
    };
    let opened_copy = copied(whole);
    damage(opened_copy.path());
    let store = opened(opened_copy.path());
    let told = store.health().problems();
    match seconds(&store).and_then(|there| Ok((there, store.recover()?))) {
        Ok((there, _)) => {
            assert!(there.is_subset(ever), "{case}: events that never were");
            assert!(there.len() == all.len() || !told.is_empty(), "{case}: lost in silence");
        }
        // Met only now: it is said, and the next opening mends it.
        Err(StoreError::Database { .. }) => {
            drop(store);
            let again = opened(opened_copy.path());
            assert!(!again.health().problems().is_empty(), "{case}");
            assert!(seconds(&again).unwrap().is_subset(ever), "{case}");
            return;
        }
        Err(error) => panic!("{case}: {error}"),
    }
    // Where the logs are read from fits to what is stored.
    let recovered = store.recover().unwrap();
    let position = recovered.positions.values().next().map(|it| it.0.clone());
    let next = position.map_or(0, |it| u64::from_be_bytes(it.try_into().unwrap()));
    assert_eq!(next, recovered.next_input, "{case}: {told:?}");
    drop(store);

    let mended = copied(whole);
    damage(mended.path());
    let rebuilt = match Store::repair(mended.path(), &OPTIONS) {
        Ok(rebuilt) => rebuilt,
        // Nothing at all is left of it.
        Err(error) => panic!("{case}: {error}"),
    };
    let after = Store::verify(mended.path(), &OPTIONS).unwrap();
    assert!(after.is_whole(), "{case}: {:?}", after.problems());
    let store = opened(mended.path());
    assert!(store.health().problems().is_empty(), "{case}");
    let kept = seconds(&store).unwrap();
    assert!(kept.is_subset(ever) && kept.len() as u64 == rebuilt.events, "{case}");
    if what == "flipped" && name == "db" {
        // What came after the last checkpoint, and a page at most: one of headers stands for
        // sixteen blocks or so.
        assert!(all.len() <= kept.len() + 28 * ROWS, "{case}: {} of {}", kept.len(), all.len());
    }
}

#[test]
fn every_file_may_be_cut_zeroed_or_flipped_and_nothing_is_lost_in_silence() {
    let dir = tempfile::tempdir().unwrap();
    filled(dir.path());
    let store = opened(dir.path());
    let all = seconds(&store).unwrap();
    store.close().unwrap();
    // What was forgotten may come back from an older page, until it is forgotten again.
    let of = |n: i64| n * 1_000_000..(n * 1000 + if n < 10 { 5 } else { 500 }) * 1000;
    let ever: BTreeSet<i64> = (0..60).flat_map(|n| of(n).step_by(1000)).collect();
    assert!(all.is_subset(&ever));
    let mut number = SEED;
    let mut next = |below: usize| -> usize {
        number ^= number << 13;
        number ^= number >> 7;
        number ^= number << 17;
        usize::try_from(number % below.max(1) as u64).unwrap()
    };
    writeln!(std::io::stdout(), "seed {SEED}").unwrap();
    for entry in fs::read_dir(dir.path().join("store")).unwrap() {
        let entry = entry.unwrap();
        let name = entry.file_name().into_string().unwrap();
        let length = usize::try_from(entry.metadata().unwrap().len()).unwrap();
        if !entry.path().is_file() || length == 0 {
            continue;
        }
        for part in [0, 1, 3, 4] {
            check(dir.path(), (&all, &ever), (&name, "cut", length * part / 5));
        }
        for part in [0, 2] {
            check(dir.path(), (&all, &ever), (&name, "zeroed", length * part / 5));
        }
        for _ in 0..FLIPS {
            check(dir.path(), (&all, &ever), (&name, "flipped", next(length)));
        }
    }
}

#[test]
fn a_store_in_which_most_was_forgotten_becomes_small() {
    let dir = tempfile::tempdir().unwrap();
    let store = opened(dir.path());
    let inputs: Vec<_> =
        (0..300u64).map(|n| (n, batch_input(n.cast_signed() * 9000, 8000))).collect();
    for inputs in inputs.chunks(8) {
        commit_inputs(&store, inputs);
    }
    store.snapshot(&Parcels::default(), 300).unwrap();
    while 0 < store.prune(Timestamp(2_700_000_000), Millis(90_000_000)).unwrap() {}
    let before = (inputs_of(&store, 0), store.event_count());
    store.close().unwrap();
    let Compacted { bytes_before, bytes_after } = Store::compact(dir.path(), &OPTIONS).unwrap();
    assert!(bytes_after * 2 < bytes_before, "{bytes_after} of {bytes_before}");
    let names = || -> BTreeSet<_> {
        let entries = fs::read_dir(dir.path()).unwrap();
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
    };
    assert!(names().iter().all(|name| !name.starts_with("store.")), "{:?}", names());
    let store = opened(dir.path());
    assert_eq!((inputs_of(&store, 0), store.event_count()), before);
    store.close().unwrap();

    // Killed before the new one was ready, between the two names, and before the old one went.
    let path = |name: &str| dir.path().join(name);
    fs::create_dir(path("store.partial")).unwrap();
    fs::rename(path("store"), path("store.new")).unwrap();
    let store = opened(dir.path());
    assert_eq!((inputs_of(&store, 0), store.event_count()), before);
    store.close().unwrap();
    fs::create_dir(path("store.before")).unwrap();
    drop(opened(dir.path()));
    assert!(!path("store.before").exists());
    Store::compact(dir.path(), &OPTIONS).unwrap();
    assert_eq!(inputs_of(&opened(dir.path()), 0), before.0);
}
