//! A store that cannot be opened, or should not be: in use, damaged, with another key.

use super::*;

#[test]
fn a_second_opener_is_told_to_leave() {
    let dir = tempfile::tempdir().unwrap();
    let _store = opened(dir.path());
    let error = Store::open(dir.path(), &OPTIONS).unwrap_err();
    assert!(matches!(error, StoreError::InUse { .. }));
    assert_eq!(error.exit_code(), Some(75));
    assert!(error.to_string().starts_with("another keyvigil uses this state directory"));
}

#[test]
fn another_key_does_not_open_it() {
    let dir = tempfile::tempdir().unwrap();
    opened(dir.path()).close().unwrap();
    let error =
        Store::open(dir.path(), &OpenOptions { key: Some([8; 32]), ..OPTIONS }).unwrap_err();
    assert!(matches!(error, StoreError::WrongKey { .. }), "{error}");
}

#[test]
fn a_key_is_made_where_none_is_given() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(dir.path(), &OpenOptions::default()).unwrap();
    assert!(store.health().key_is_beside);
    store.close().unwrap();
    fs::remove_file(dir.path().join(key_file::NAME)).unwrap();
    let error = Store::open(dir.path(), &OpenOptions::default()).unwrap_err();
    assert!(matches!(error, StoreError::KeyMissing { .. }), "{error}");
}

#[test]
fn a_flipped_byte_and_a_swapped_row_are_noticed() {
    let dir = tempfile::tempdir().unwrap();
    let store = opened(dir.path());
    commit_inputs(&store, &[(0, batch_input(0, 2000)), (1, batch_input(9, 2000))]);
    let database = &store.vault().database;
    let (one, two) = (keys::block_part(0, 1), keys::block_part(1, 1));
    let value = database.get(&one).unwrap().unwrap();
    let reads = |store: &Store| store.inputs_from(0).unwrap().next().unwrap();
    assert!(reads(&store).is_ok());

    let mut flipped = value.to_vec();
    flipped[40] ^= 1;
    let swapped = database.get(&two).unwrap().unwrap().to_vec();
    for altered in [flipped, swapped] {
        let mut batch = database::Batch::default();
        batch.insert(one.clone(), altered);
        database.write(batch).unwrap();
        assert!(matches!(reads(&store), Err(StoreError::Damaged { .. })));
    }
}

#[test]
fn a_store_of_a_newer_version_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let store = opened(dir.path());
    let database = &store.vault().database;
    let key = keys::part_of(&meta::meta_name(b"totals"), 0);
    let mut value = database.get(&key).unwrap().unwrap().to_vec();
    value[0] = 2;
    let mut batch = database::Batch::default();
    batch.insert(key, value);
    database.write(batch).unwrap();
    drop(store);
    let error = Store::open(dir.path(), &OPTIONS).unwrap_err();
    assert!(error.to_string().contains("newer keyvigil (version 2"), "{error}");
}

#[test]
fn a_store_that_opens_empty_but_was_not_is_moved_aside() {
    let dir = tempfile::tempdir().unwrap();
    let store = opened(dir.path());
    commit_inputs(&store, &[(0, batch_input(0, 10))]);
    store.snapshot(&Parcels::default(), 1).unwrap();
    store.close().unwrap();
    for entry in fs::read_dir(dir.path().join("store")).unwrap() {
        let path = entry.unwrap().path();
        if path.is_file() { fs::remove_file(path) } else { fs::remove_dir_all(path) }.unwrap();
    }

    let store = opened(dir.path());
    let aside = store.recover().unwrap().moved_aside.unwrap();
    assert!(aside.ends_with("store.damaged-1") && aside.is_dir());
    assert_eq!(store.recover().unwrap().next_input, 0);
    assert!(store.health().problems()[0].contains("was damaged"));
    store.close().unwrap();
    assert_eq!(opened(dir.path()).recover().unwrap().moved_aside, None);
}

#[test]
fn a_store_that_kills_every_opener_is_moved_aside() {
    let dir = tempfile::tempdir().unwrap();
    opened(dir.path()).close().unwrap();
    fs::write(dir.path().join("opening"), "5").unwrap();
    let store = opened(dir.path());
    assert!(store.recover().unwrap().moved_aside.is_some());
    store.close().unwrap();
    assert_eq!(opened(dir.path()).recover().unwrap().moved_aside, None);
}

#[test]
fn files_that_are_no_store_are_moved_aside() {
    let dir = tempfile::tempdir().unwrap();
    fs::create_dir_all(dir.path().join("store")).unwrap();
    fs::write(dir.path().join("store/conf"), "this is not sled").unwrap();
    fs::write(dir.path().join("store/db"), vec![0x5a; 300_000]).unwrap();
    let store = opened(dir.path());
    let aside = store.recover().unwrap().moved_aside.unwrap();
    assert_eq!(fs::metadata(aside.join("db")).unwrap().len(), 300_000);
    commit_inputs(&store, &[(0, batch_input(0, 10))]);
    assert_eq!(store.event_count(), 10);
}

#[test]
fn a_directory_that_cannot_be_made_is_named() {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("file"), "").unwrap();
    let error = Store::open(&dir.path().join("file/state"), &OPTIONS).unwrap_err();
    assert!(error.to_string().contains("file/state; give one"), "{error}");
}
