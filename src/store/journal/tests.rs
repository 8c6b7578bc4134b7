//! What somebody may do to the journal who has the key of the store, and how it is seen.

use super::*;
use crate::store::OpenOptions;

fn store() -> (tempfile::TempDir, Store) {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path(), &OpenOptions::default()).unwrap();
    (folder, store)
}

fn entry(what: &str) -> Entry {
    Entry { what: what.to_owned(), who: "ann".to_owned(), ..Entry::default() }
}

fn at_day(day: i64) -> Entry {
    Entry { at: Timestamp(day * 86_400_000), ..entry("looked") }
}

/// A journal of ten entries, and its head at the seventh and the last.
fn ten() -> (tempfile::TempDir, Store, [Head; 2]) {
    let (folder, store) = store();
    let mut heads = Vec::new();
    for number in 1..=10 {
        store.journal_add(vec![entry(&format!("did {number}"))]).unwrap();
        heads.push(store.journal_head().unwrap().unwrap().head);
    }
    let heads = [heads[6].clone(), heads[9].clone()];
    (folder, store, heads)
}

fn whats(entries: &[Entry]) -> Vec<(u64, &str)> {
    entries.iter().map(|entry| (entry.number, entry.what.as_str())).collect()
}

fn faults(store: &Store) -> Vec<Fault> {
    store.journal_check(&[]).unwrap().faults
}

fn standing(store: &Store, head: &Head) -> Standing {
    store.journal_check(std::slice::from_ref(head)).unwrap().given[0].standing
}

fn raw(store: &Store, number: u64) -> Vec<u8> {
    store.vault().get(&name_of(number)).unwrap().unwrap()
}

/// As somebody with the key does it: past the journal's own rules.
fn write(store: &Store, rows: &[(u64, Option<Vec<u8>>)]) {
    let mut batch = Batch::default();
    for (number, value) in rows {
        match value {
            Some(value) => store.vault().put(&mut batch, &name_of(*number), value).unwrap(),
            None => store.vault().remove(&mut batch, &name_of(*number)).unwrap(),
        }
    }
    store.vault().database.write(batch).unwrap();
}

fn replaced(store: &Store, number: u64, from: &str, to: &str) -> Vec<u8> {
    let text = String::from_utf8(raw(store, number)).unwrap();
    assert!(text.contains(from), "{text}");
    text.replace(from, to).into_bytes()
}

#[test]
fn entries_come_newest_first_and_outlive_the_daemon() {
    let (folder, store) = store();
    assert!(store.journal(None, 10).unwrap().is_empty());
    assert!(store.journal_check(&[]).unwrap().is_whole());
    store.journal_add(vec![entry("a"), entry("b")]).unwrap();
    store.clone().close().unwrap();
    drop(store);
    let store = Store::open(folder.path(), &OpenOptions::default()).unwrap();
    store.journal_add(vec![entry("c")]).unwrap();
    assert_eq!(whats(&store.journal(None, 2).unwrap()), [(3, "c"), (2, "b")]);
    assert_eq!(whats(&store.journal(Some(2), 2).unwrap()), [(1, "a")]);
    assert_eq!(whats(&store.journal(Some(99), 1).unwrap()), [(3, "c")]);
    assert_eq!(faults(&store), []);
}

#[test]
fn a_journal_that_nobody_touched_is_whole_and_has_its_heads() {
    let (_folder, store, heads) = ten();
    let checked = store.journal_check(&heads).unwrap();
    assert!(checked.is_whole(), "{checked:?}");
    assert_eq!((checked.entries, checked.first, checked.last), (10, 1, 10));
    let standings: Vec<Standing> = checked.given.iter().map(|it| it.standing).collect();
    assert_eq!(standings, [Standing::Holds { number: 7 }, Standing::Holds { number: 10 }]);
    let head = checked.head.unwrap();
    assert!(head.is_genuine());
    assert_eq!(head.head, heads[1]);
    let short: Head = heads[0].hash.get(..16).unwrap().parse().unwrap();
    assert_eq!(standing(&store, &short), Standing::Holds { number: 7 });
}

#[test]
fn a_change_is_found_where_it_is() {
    for (from, to) in [("did 4", "did 5"), ("ann", "eve"), ("\"at\":0", "\"at\":1")] {
        let (_folder, store, _) = ten();
        write(&store, &[(4, Some(replaced(&store, 4, from, to)))]);
        assert_eq!(faults(&store), [Fault::Changed { number: 4 }], "{from}");
    }
}

#[test]
fn a_change_with_a_new_hash_is_found_at_the_next_entry() {
    let (_folder, store, _) = ten();
    let before = store.link(3).unwrap().unwrap().hash;
    let other = Link::new(Entry { number: 4, ..entry("nothing") }, before).unwrap();
    write(&store, &[(4, Some(written(&other, "an entry").unwrap()))]);
    assert_eq!(faults(&store), [Fault::Unbound { number: 5 }]);
}

#[test]
fn a_cut_in_the_middle_is_found() {
    let (_folder, store, _) = ten();
    write(&store, &[(4, None), (5, None)]);
    assert_eq!(faults(&store), [Fault::Missing { from: 4, to: 5 }]);
}

#[test]
fn a_cut_at_the_beginning_is_found() {
    let (_folder, store, _) = ten();
    write(&store, &[(1, None), (2, None)]);
    assert_eq!(faults(&store), [Fault::Missing { from: 1, to: 2 }]);
    // With the note of where it begins changed to fit, nothing says that they were removed.
    let hash = store.link(3).unwrap().unwrap().before;
    let ends = store.stored_ends().unwrap().unwrap();
    forge(&store, &Ends { removed: 2, removed_hash: hash, ..ends });
    assert_eq!(faults(&store), [Fault::GoneInSilence { number: 2 }]);
}

#[test]
fn a_cut_at_the_end_is_found_by_the_store_and_by_a_head_kept_elsewhere() {
    let (folder, store, heads) = ten();
    write(&store, &[(9, None), (10, None)]);
    assert_eq!(faults(&store), [Fault::Missing { from: 9, to: 10 }]);
    // With the note of where it ends changed to fit, only a head kept elsewhere knows.
    let link = store.link(8).unwrap().unwrap();
    let ends = store.stored_ends().unwrap().unwrap();
    forge(&store, &Ends { last: 8, last_hash: link.hash, ..ends });
    assert_eq!(faults(&store), []);
    assert_eq!(standing(&store, &heads[0]), Standing::Holds { number: 7 });
    assert_eq!(standing(&store, &heads[1]), Standing::Cut);
    // Others in their place do not help.
    drop(store);
    let store = Store::open(folder.path(), &OpenOptions::default()).unwrap();
    store.journal_add(vec![entry("x"), entry("y"), entry("z")]).unwrap();
    assert_eq!(faults(&store), []);
    assert_eq!(standing(&store, &heads[1]), Standing::Other);
    assert!(!store.journal_check(&heads).unwrap().is_whole());
}

#[test]
fn an_insertion_is_found_in_the_middle_and_behind_the_end() {
    let (_folder, store, _) = ten();
    let moved = (5..=10).map(|number| (number + 1, Some(raw(&store, number))));
    let rows: Vec<_> = moved.chain([(5, Some(replaced(&store, 4, "did 4", "did x")))]).collect();
    write(&store, &rows);
    let found = faults(&store);
    assert_eq!(found[..2], [Fault::Moved { place: 5, number: 4 }, Fault::Changed { number: 5 }]);
    assert!(found.contains(&Fault::Beyond { number: 11, last: 10 }), "{found:?}");

    let (_folder, store, _) = ten();
    let hash = store.link(10).unwrap().unwrap().hash;
    let more = Link::new(Entry { number: 11, ..entry("more") }, hash).unwrap();
    write(&store, &[(11, Some(written(&more, "an entry").unwrap()))]);
    assert_eq!(faults(&store), [Fault::Beyond { number: 11, last: 10 }]);
}

#[test]
fn two_that_changed_places_are_found() {
    let (_folder, store, _) = ten();
    write(&store, &[(3, Some(raw(&store, 6))), (6, Some(raw(&store, 3)))]);
    let found = faults(&store);
    assert!(found.contains(&Fault::Moved { place: 3, number: 6 }), "{found:?}");
    assert!(found.contains(&Fault::Moved { place: 6, number: 3 }), "{found:?}");
    assert!(found.contains(&Fault::Unbound { number: 4 }), "{found:?}");
}

#[test]
fn a_journal_written_anew_from_the_middle_is_known_by_a_head_alone() {
    let (_folder, store, heads) = ten();
    let mut ends = store.stored_ends().unwrap().unwrap();
    ends.last = 3;
    ends.last_hash = store.link(3).unwrap().unwrap().hash;
    let mut batch = Batch::default();
    for number in 4..=10 {
        store.put_entry(&mut batch, &mut ends, entry(&format!("never did {number}"))).unwrap();
    }
    store.put_ends(&mut batch, &ends).unwrap();
    store.vault().database.write(batch).unwrap();
    assert_eq!(faults(&store), []);
    assert_eq!(standing(&store, &heads[0]), Standing::Other);
    let hash_only = Head { number: None, ..heads[0].clone() };
    assert_eq!(standing(&store, &hash_only), Standing::Unknown);
}

#[test]
fn what_cannot_be_read_is_said_and_the_rest_is_looked_at() {
    let (_folder, store, _) = ten();
    write(&store, &[(2, Some(b"{}".to_vec())), (8, Some(replaced(&store, 8, "did 8", "did 9")))]);
    let found = faults(&store);
    assert!(matches!(&found[0], Fault::Unreadable { number: 2, .. }), "{found:?}");
    assert_eq!(found[1..], [Fault::Changed { number: 8 }]);
}

#[test]
fn old_entries_go_and_the_chain_still_holds() {
    let (folder, store) = store();
    store.journal_add((0..100).map(at_day).collect()).unwrap();
    let early = store.journal_head().unwrap().unwrap().head;
    let now = Timestamp(100 * 86_400_000);
    assert_eq!(store.journal_prune(now, Millis::days(30)).unwrap(), 70);
    assert_eq!(store.journal_prune(now, Millis::days(30)).unwrap(), 0, "once a day");
    let checked = store.journal_check(&[early]).unwrap();
    assert!(checked.is_whole(), "{checked:?}");
    assert_eq!((checked.first, checked.last), (71, 101));
    let newest = &store.journal(None, 1).unwrap()[0];
    assert_eq!(newest.what, REMOVED);
    assert!(newest.about.starts_with("up to 70."), "{newest:?}");
    drop(store);
    let store = Store::open(folder.path(), &OpenOptions::default()).unwrap();
    store.journal_add(vec![at_day(101)]).unwrap();
    let later = Timestamp(1000 * 86_400_000);
    assert_eq!(store.journal_prune(later, Millis::days(30)).unwrap(), 31);
    assert!(store.journal_check(&[]).unwrap().is_whole());
    let removed = Head { number: Some(70), hash: "0".repeat(64) };
    assert_eq!(standing(&store, &removed), Standing::Removed);
}

#[test]
fn forgotten_words_leave_the_chain_whole_and_nothing_behind() {
    let (folder, store) = store();
    let about = |about: &str| Entry { about: about.to_owned(), ..entry("viewed a key") };
    store.journal_add(vec![about("k_ann"), about("k_bob"), about("k_ann")]).unwrap();
    let head = store.journal_head().unwrap().unwrap().head;
    assert_eq!(store.journal_forget(|text| text == "k_ann").unwrap(), 2);
    assert_eq!(store.journal_forget(|text| text == "k_ann").unwrap(), 0);
    drop(store);
    let store = Store::open(folder.path(), &OpenOptions::default()).unwrap();
    let checked = store.journal_check(std::slice::from_ref(&head)).unwrap();
    assert!(checked.is_whole(), "{checked:?}");
    assert_eq!((checked.forgotten, checked.given[0].standing), (2, Standing::Holds { number: 3 }));
    let abouts: Vec<String> =
        store.journal(None, 9).unwrap().into_iter().map(|entry| entry.about).collect();
    assert_eq!(abouts, ["(forgotten)", "k_bob", "(forgotten)"]);
}

#[test]
fn entries_of_before_the_chain_are_bound_when_the_next_comes() {
    let (_folder, store) = store();
    let old = |number| {
        let entry = Entry { number, ..entry("old") };
        (number, Some(written(&entry, "an entry").unwrap()))
    };
    write(&store, &[old(3), old(4), old(5)]);
    assert_eq!(store.journal(None, 9).unwrap().len(), 3);
    store.journal_add(vec![entry("new")]).unwrap();
    assert_eq!(whats(&store.journal(None, 2).unwrap()), [(6, "new"), (5, "old")]);
    assert_eq!(faults(&store), []);
}

fn forge(store: &Store, ends: &Ends) {
    let mut batch = Batch::default();
    store.put_ends(&mut batch, ends).unwrap();
    store.vault().database.write(batch).unwrap();
}

proptest::proptest! {
    #![proptest_config(proptest::test_runner::Config::with_cases(24))]

    /// Whatever is done to one entry, it is found, and at that entry or the next.
    #[test]
    fn any_one_change_is_found_near_where_it_was_made(
        (number, byte, flip) in (1u64..=10, 0usize..4000, 1u8..),
    ) {
        let (_folder, store, _) = ten();
        let mut value = raw(&store, number);
        let at = byte % value.len();
        value[at] ^= flip;
        let is_same = serde_json::from_slice::<Link>(&value).ok() == store.link(number).unwrap();
        write(&store, &[(number, Some(value))]);
        let found = faults(&store);
        let is_near = |fault: &Fault| match fault {
            Fault::Changed { number: it } | Fault::Unreadable { number: it, .. } => *it == number,
            Fault::Moved { place, .. } => *place == number,
            Fault::Unbound { number: it } => (number..=number + 1).contains(it),
            Fault::OtherEnd { .. } => number == 10,
            Fault::Missing { .. } | Fault::Beyond { .. } | Fault::GoneInSilence { .. } => false,
        };
        proptest::prop_assert!(is_same || found.iter().any(is_near), "{:?}", found);
    }
}
