//! One byte of any file is flipped: it is noticed, or it stood where nothing stands, and everything
//! is read as before. `KEYVIGIL_FLIPS=4000` flips so many.

use super::*;
use crate::model::bent::{Bytes, asked};

const FLIPS: u64 = 150;

/// A store with some of everything; what is read of it is compared as text.
fn filled(state: &Path) {
    let store = opened(state);
    for n in 0..4 {
        commit_inputs(&store, &[(n, batch_input(n.cast_signed() * 1000, 60))]);
    }
    let commit = Commit {
        incidents: &[incident(1, 5, State::Open)],
        counters: Some(&Counters::from([("lines".to_owned(), 240)])),
        ..Commit::default()
    };
    store.commit(&commit).unwrap();
    let row = |id: u8| StateRow { id: format!("key/{id}"), value: Some(vec![id; 300]) };
    store.snapshot(&(0..20).map(row).collect(), 4).unwrap();
    store.journal_add(vec![Entry { what: "looked".to_owned(), ..Entry::default() }]).unwrap();
    // With it comes the key that signs it.
    store.journal_head().unwrap();
    store.close().unwrap();
}

/// Everything that is in it, or what is wrong with it.
fn read(state: &Path) -> Result<String, String> {
    let survey = Store::verify(state, &OPTIONS).map_err(|error| error.to_string())?;
    if !survey.is_whole() {
        return Err(survey.problems().join("; "));
    }
    let store = Store::open(state, &OPTIONS).map_err(|error| error.to_string())?;
    let problems = store.health().problems();
    if !problems.is_empty() {
        return Err(problems.join("; "));
    }
    let mut texts = inputs_of(&store, 0);
    let seen = store.every_value(&mut |name, value| {
        if name != b"b" {
            texts.push(format!("{name:?} {value:?}"));
        }
    });
    seen.map_err(|error| error.to_string())?;
    let journal = store.journal_check(&[]).map_err(|error| error.to_string())?;
    if journal.is_whole() { Ok(texts.join("\n")) } else { Err(format!("{:?}", journal.faults)) }
}

#[test]
fn one_byte_of_any_file_is_noticed_or_stood_for_nothing() {
    let dir = tempfile::tempdir().unwrap();
    filled(dir.path());
    let before = read(dir.path()).unwrap();
    assert_eq!(read(dir.path()).unwrap(), before);
    let mut files: Vec<_> = fs::read_dir(dir.path().join("store")).unwrap().collect();
    files.extend(fs::read_dir(dir.path()).unwrap());
    let files: Vec<_> = files
        .into_iter()
        .map(|file| file.unwrap().path())
        .filter(|file| file.is_file() && fs::metadata(file).unwrap().len() != 0)
        .map(|file| (file.clone(), fs::read(file).unwrap()))
        .collect();
    let flips = asked("KEYVIGIL_FLIPS").unwrap_or(FLIPS);
    let (mut bytes, mut noticed) = (Bytes::new(77), 0u64);
    for number in 0..flips {
        // Small files as often as large ones, and of the large one rather what is written to.
        let (path, whole) = &files[usize::try_from(number).unwrap() % files.len()];
        let used = whole.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1);
        let at = bytes.below(if number % 4 == 3 { whole.len() } else { used.max(1) });
        let mut altered = whole.clone();
        altered[at] ^= 1 << bytes.below(8);
        let state = tempfile::tempdir().unwrap();
        fs::create_dir(state.path().join("store")).unwrap();
        for (other, content) in &files {
            let to = state.path().join(other.strip_prefix(dir.path()).unwrap());
            fs::write(to, if other == path { &altered } else { content }).unwrap();
        }
        match read(state.path()) {
            Ok(after) => {
                let is_same = after == before;
                assert!(is_same, "byte {at} of {} goes unnoticed", path.display());
            }
            Err(_) => noticed += 1,
        }
    }
    writeln!(std::io::stdout(), "{noticed} of {flips} were noticed; the rest changed nothing")
        .unwrap();
    assert!(flips / 10 < noticed, "{noticed} of {flips}");
}
