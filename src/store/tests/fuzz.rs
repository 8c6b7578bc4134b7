//! Rows that are bent behind the encryption, as a bug could, or somebody with the key: what is read
//! then is a value or an error, never a panic, and takes no memory that a length only claims.

use super::*;
use crate::engine::{Engine, Judgement, Settings, Verdict};
use crate::incident::{Notice, StaleFinding, Transition};
use crate::model::bent::{Bytes, fuzz_for};
use crate::model::{Mention, Position, SourceId};
use crate::tail::{FileReader, Limits};

/// More address space than before is for nothing in a store of some kilobytes.
const GROWTH_MIB_MAX: u64 = 512;

/// A row as it is, behind the encryption.
enum Plain {
    /// A part of a block, or its header.
    Part(Vec<u8>, Vec<u8>),
    Named(Vec<u8>, Vec<u8>),
}

#[test]
fn no_row_that_is_bent_makes_the_store_panic_or_grow() {
    let folder = tempfile::tempdir().unwrap();
    let store = filled(&folder.path().join("state"));
    let rows = rows_of(&store);
    let prefixes: std::collections::BTreeSet<u8> = rows.iter().map(Plain::prefix).collect();
    assert_eq!(prefixes.into_iter().collect::<Vec<_>>(), b"abghijklmnqst");
    let log = folder.path().join("access.log");
    fs::write(&log, "a line\n".repeat(100)).unwrap();
    let before = address_space_mib();
    let mut number = 0;
    fuzz_for(150, |bytes| {
        // Each in turn, so that a short run has met them all.
        let row = &rows[number % rows.len()];
        number += 1;
        bend(&store, bytes, row);
        read_all(&store, &log);
        put_back(&store, row);
    });
    assert!(store.journal_check(&[]).unwrap().is_whole());
    assert_eq!(store.inputs_from(0).unwrap().map(Result::unwrap).count(), 5);
    let grown = address_space_mib() - before;
    assert!(grown < GROWTH_MIB_MAX, "{grown} MiB more");
}

/// A store with a row of every kind that there is.
fn filled(state: &Path) -> Store {
    let store = opened(state);
    let mut engine = Engine::new(Settings::default());
    let verdict = Verdict {
        incident: IncidentId(1),
        at: Timestamp(9),
        by: "ann".to_owned(),
        judgement: Judgement::Confirmed,
        reason: "seen".to_owned(),
    };
    let inputs = [
        (0, batch_input(0, 300)),
        (1, Input::Tick(Timestamp(500_000))),
        (2, Input::Verdict(verdict)),
        (3, Input::Settings(Box::default())),
        (4, batch_input(1_000, 40)),
    ];
    for (_, input) in &inputs {
        drop(engine.step(input));
    }
    let notice = Notice {
        id: 7,
        incident: IncidentId(1),
        revision: 1,
        transition: Transition::Opened,
        due: Timestamp(0),
    };
    let unused = StaleFinding { key: "k_old".into(), ..StaleFinding::default() };
    let positions = [(SourceId("/var/log/a.log".to_owned()), Position(vec![1; 300]))];
    let commit = Commit {
        inputs: &inputs,
        positions: &positions,
        incidents: &[incident(1, 5, State::Open), incident(2, 9, State::Resolved)],
        stale: &[Arc::new(unused)],
        outbox: &[OutboxRow::waiting(notice, Topic::Incident)],
        counters: Some(&Counters::from([("lines".to_owned(), 340)])),
        memory: Some(&Memory::from([("once/a".to_owned(), vec![7; 40])])),
    };
    store.commit(&commit).unwrap();
    store.snapshot(&engine.changed_state().into_iter().collect(), 5).unwrap();
    let looked = || Entry { what: "looked".to_owned(), ..Entry::default() };
    store.journal_add((0..5).map(|_| looked()).collect()).unwrap();
    store.journal_head().unwrap();
    store
}

fn rows_of(store: &Store) -> Vec<Plain> {
    let mut rows = Vec::new();
    for row in store.vault().database.range(keys::from(&[])) {
        let (key, value) = row.unwrap();
        if matches!(key[0], keys::BLOCK | keys::HEADER) {
            let plain = store.vault().cipher.open(&key, &value).unwrap();
            rows.push(Plain::Part(key.to_vec(), plain));
        } else if let Some((name, 0)) = keys::split_part(&key) {
            rows.push(Plain::Named(name.to_vec(), store.vault().get(name).unwrap().unwrap()));
        }
    }
    rows
}

impl Plain {
    fn prefix(&self) -> u8 {
        let (Self::Part(name, _) | Self::Named(name, _)) = self;
        name[0]
    }
}

/// Another value under the same name, well sealed.
fn bend(store: &Store, bytes: &mut Bytes, row: &Plain) {
    let (vault, mut batch) = (store.vault(), Batch::default());
    match row {
        Plain::Part(key, plain) => {
            let bent = bytes.bend(std::slice::from_ref(plain));
            batch.insert(key.clone(), vault.cipher.seal(key, &bent).unwrap());
        }
        Plain::Named(name, plain) if bytes.below(3) == 0 => {
            // What stands around the value: its length, and how it is packed.
            let framed = vault::framed(plain).unwrap();
            let mut bent = bytes.bend(&[framed]);
            bent.push(0);
            vault.seal_parts(&mut batch, |part| keys::part_of(name, part), &bent).unwrap();
        }
        Plain::Named(name, plain) => {
            let bent = match serde_json::from_slice(plain) {
                Ok(mut value) => {
                    (0..=bytes.below(3)).for_each(|_| bytes.bend_json(&mut value));
                    serde_json::to_vec(&value).unwrap()
                }
                Err(_) => bytes.bend(std::slice::from_ref(plain)),
            };
            vault.put(&mut batch, name, &bent).unwrap();
        }
    }
    vault.database.write(batch).unwrap();
}

fn put_back(store: &Store, row: &Plain) {
    let (vault, mut batch) = (store.vault(), Batch::default());
    match row {
        Plain::Part(key, plain) => {
            batch.insert(key.clone(), vault.cipher.seal(key, plain).unwrap());
        }
        Plain::Named(name, plain) => vault.put(&mut batch, name, plain).unwrap(),
    }
    vault.database.write(batch).unwrap();
}

/// Everything that is ever read of a store. What comes of it does not matter here.
fn read_all(store: &Store, log: &Path) {
    let vault = store.vault();
    drop((meta::totals(vault), outbox::Waiting::read(vault), meta::pepper(vault)));
    let keys = crate::store::rotation::Keys::of(&store.inner.state, &OPTIONS, true).unwrap();
    drop((hidden::open(vault), crate::store::rotation::begin(vault, &keys, &store.inner.state)));
    if let Ok(recovered) = store.recover() {
        for position in recovered.positions.values() {
            drop(FileReader::open(log, Limits::default(), Some(position)));
        }
    }
    let mut engine = Engine::restoring(Settings::default());
    for row in store.state().map_while(Result::ok) {
        drop(engine.take_up(&row));
    }
    drop(engine.done());
    drop(snapshot::settle_all(vault, store.names()));
    store.inputs_from(0).into_iter().flatten().take(50).for_each(drop);
    store.newest_blocks(&Wanted::default()).into_iter().flatten().take(50).for_each(drop);
    drop((store.incidents(Shown::All), store.stale_findings(), store.outbox(), store.times()));
    drop((store.journal_check(&[]), store.journal(None, 100), store.journal_head()));
    drop(store.every_value(&mut |_, _| ()));
    drop(store.forget(&Mention::of(["k_rare".to_owned()]), Progress::Count));
    for row in vault.database.range(keys::under(&[keys::CHECKPOINT])) {
        let (key, _) = row.unwrap();
        let value = keys::split_part(&key).map(|(name, _)| vault.get(name));
        drop(value.and_then(Result::ok).flatten().map(|value| checkpoint::read(&value)));
    }
}

/// The most that this process ever asked for.
fn address_space_mib() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmPeak:")).unwrap();
    line.trim().trim_end_matches(" kB").parse::<u64>().unwrap() >> 10
}
