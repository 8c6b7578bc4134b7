//! A new key for an old store: in pieces, over kills, with commits in between.

use super::*;

const NEW: [u8; 32] = [8; 32];

fn rotating() -> OpenOptions {
    OpenOptions { key: Some(NEW), previous: vec![[9; 32]] }
}

fn with_new_key() -> OpenOptions {
    OpenOptions { key: Some(NEW), ..OpenOptions::default() }
}

/// Enough for several pieces.
fn filled(dir: &Path) -> (u64, Vec<String>) {
    let store = opened(dir);
    let blocks: Vec<_> =
        (0..60u64).map(|n| (n, batch_input(n.cast_signed() * 9000, 4000))).collect();
    commit_inputs(&store, &blocks);
    let row = |n: u32| StateRow { id: format!("key {n}"), value: Some(vec![7; 50]) };
    store.snapshot(&(0..3000).map(row).collect(), 60).unwrap();
    let rows = inputs_of(&store, 0);
    store.close().unwrap();
    (60, rows)
}

fn rotate_to_its_end(store: &Store) -> Rotation {
    (0..1000).map(|_| store.rotate().unwrap()).find(|it| it.is_over).unwrap()
}

#[test]
fn old_values_are_read_until_all_are_encrypted_anew_and_commits_go_on() {
    let dir = tempfile::tempdir().unwrap();
    let (next, before) = filled(dir.path());
    let store = Store::open(dir.path(), &rotating()).unwrap();
    assert_eq!(inputs_of(&store, 0), before, "before the first piece");
    let first = store.rotate().unwrap();
    assert!(!first.is_over && first.percent < 100 && first.rewritten != 0, "{first:?}");
    assert_eq!(store.health().rotation, Some(first));
    commit_inputs(&store, &[(next, batch_input(1_000_000, 10))]);
    assert_eq!(inputs_of(&store, 0)[..before.len()], before, "in the middle");
    let last = rotate_to_its_end(&store);
    assert_eq!((last.percent, last.unreadable), (100, 0));
    assert_eq!((store.rotation(), store.health().rotation), (None, None));
    store.close().unwrap();

    let store = Store::open(dir.path(), &with_new_key()).unwrap();
    assert_eq!(inputs_of(&store, 0)[..before.len()], before);
    for row in store.vault().database.range(keys::from(&[])) {
        let (key, value) = row.unwrap();
        assert!(store.vault().cipher.is_current(&key, &value));
    }
    store.close().unwrap();
    let error = Store::open(dir.path(), &OPTIONS).unwrap_err();
    assert!(matches!(error, StoreError::WrongKey { .. }), "{error}");
}

#[test]
fn a_rotation_goes_on_where_the_process_died_and_asks_for_the_old_key() {
    let dir = tempfile::tempdir().unwrap();
    let (_, before) = filled(dir.path());
    let store = Store::open(dir.path(), &rotating()).unwrap();
    let first = store.rotate().unwrap();
    drop(store);
    let error = Store::open(dir.path(), &with_new_key()).unwrap_err();
    assert!(matches!(error, StoreError::OldKeyMissing { .. }), "{error}");
    assert_eq!(error.exit_code(), Some(78));
    assert!(error.to_string().contains("previous_keys"), "{error}");
    let store = Store::open(dir.path(), &rotating()).unwrap();
    assert_eq!(store.rotation().unwrap().rewritten, first.rewritten);
    let mut pieces = 0;
    while !store.rotate().unwrap().is_over {
        pieces += 1;
    }
    assert!(0 < pieces);
    assert_eq!(inputs_of(&store, 0), before);
}

#[test]
fn a_third_key_in_the_middle_needs_both_before_it() {
    let dir = tempfile::tempdir().unwrap();
    let (_, before) = filled(dir.path());
    let store = Store::open(dir.path(), &rotating()).unwrap();
    store.rotate().unwrap();
    store.close().unwrap();
    let third = |previous| OpenOptions { key: Some([7; 32]), previous };
    let error = Store::open(dir.path(), &third(vec![NEW])).unwrap_err();
    assert!(matches!(error, StoreError::OldKeyMissing { .. }), "{error}");
    let store = Store::open(dir.path(), &third(vec![NEW, [9; 32]])).unwrap();
    assert_eq!(inputs_of(&store, 0), before);
    rotate_to_its_end(&store);
    store.close().unwrap();
    let store = Store::open(dir.path(), &third(Vec::new())).unwrap();
    assert_eq!(inputs_of(&store, 0), before);
}

#[test]
fn a_key_beside_the_store_is_replaced_over_kills_and_the_old_one_goes_at_the_end() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(dir.path(), &OpenOptions::default()).unwrap();
    commit_inputs(&store, &[(0, batch_input(0, 100))]);
    let before = inputs_of(&store, 0);
    store.close().unwrap();
    let old = fs::read(dir.path().join(key_file::NAME)).unwrap();
    // Killed when the old one was laid aside, and nothing more.
    fs::write(dir.path().join("store.key.old"), &old).unwrap();
    let store = Store::open(dir.path(), &OpenOptions::default()).unwrap();
    assert_eq!(store.rotation(), None);
    store.close().unwrap();

    replace_key(dir.path()).unwrap();
    let new = fs::read(dir.path().join(key_file::NAME)).unwrap();
    assert_ne!(new, old);
    replace_key(dir.path()).unwrap();
    assert_eq!(fs::read(dir.path().join(key_file::NAME)).unwrap(), new, "one at a time");
    let store = Store::open(dir.path(), &OpenOptions::default()).unwrap();
    assert_eq!(inputs_of(&store, 0), before);
    rotate_to_its_end(&store);
    assert!(!dir.path().join("store.key.old").exists());
    store.close().unwrap();
    let store = Store::open(dir.path(), &OpenOptions::default()).unwrap();
    assert_eq!(inputs_of(&store, 0), before);
    store.close().unwrap();

    // From a key beside it to a configured one: the one beside it is found, and goes.
    let store = Store::open(dir.path(), &with_new_key()).unwrap();
    assert_eq!(inputs_of(&store, 0), before);
    rotate_to_its_end(&store);
    assert!(!dir.path().join(key_file::NAME).exists());
    store.close().unwrap();
    assert_eq!(inputs_of(&Store::open(dir.path(), &with_new_key()).unwrap(), 0), before);
}

#[test]
fn in_no_value_can_a_byte_be_flipped_unnoticed_and_no_two_rows_can_be_swapped() {
    let dir = tempfile::tempdir().unwrap();
    let store = opened(dir.path());
    commit_inputs(&store, &[(0, batch_input(0, 300)), (1, Input::Tick(Timestamp(7)))]);
    store
        .snapshot(
            &Parcels::from_iter([StateRow { id: "x".to_owned(), value: Some(vec![1; 40]) }]),
            2,
        )
        .unwrap();
    let Vault { database, cipher } = store.vault();
    let rows: Vec<_> = database.range(keys::from(&[])).map(Result::unwrap).collect();
    assert!(8 < rows.len());
    for (key, value) in &rows {
        assert!(cipher.open(key, value).is_ok());
        for at in 0..value.len() {
            let mut altered = value.to_vec();
            altered[at] ^= 1 << (at % 8);
            assert!(cipher.open(key, &altered).is_err(), "byte {at} of {key:?}");
        }
        for (other, _) in rows.iter().filter(|(other, _)| other != key) {
            assert!(cipher.open(other, value).is_err(), "{key:?} stands for {other:?}");
        }
    }
}

#[test]
fn two_installations_cannot_read_each_others_values_or_tell_who_is_who() {
    let dirs = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
    let stores = dirs.each_ref().map(|dir| Store::open(dir.path(), &OpenOptions::default()));
    let [one, two] = stores.map(Result::unwrap);
    assert_ne!(one.pepper().unwrap(), two.pepper().unwrap());
    let (mine, theirs) = (one.vault(), two.vault());
    for row in mine.database.range(keys::from(&[])) {
        let (key, value) = row.unwrap();
        assert!(mine.cipher.open(&key, &value).is_ok());
        assert!(theirs.cipher.open(&key, &value).is_err());
    }
}
