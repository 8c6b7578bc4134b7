//! Openings that never ended. Where a panic ends the process, only the next one can tell.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use super::fault;

const NAME: &str = "opening";
/// A kill may hit an opening by chance, but not so often in a row.
const MAX: u32 = 5;

/// The state directory whose store this process opened last.
static OPENED: Mutex<Option<PathBuf>> = Mutex::new(None);

/// Notes that an opening begins. An error says that too many before it never ended.
pub(super) fn begin(state: &Path) -> Result<(), String> {
    let path = state.join(NAME);
    let before = fs::read_to_string(&path).ok();
    let before = before.and_then(|text| text.trim().parse().ok()).unwrap_or(0);
    if MAX <= before {
        end(state);
        return Err(format!("keyvigil died {before} times while it was opening it"));
    }
    // A directory that cannot be written to is told of by what comes next.
    let written = || fs::write(path, format!("{}\n", before + 1));
    drop(fault::point("opening.write").and_then(|()| written()));
    Ok(())
}

/// What is there was found to be damaged.
pub(super) fn suspect(state: &Path) {
    // Whoever cannot write it meets the damage again, and says so again.
    drop(fs::write(state.join(NAME), "1\n"));
}

/// The store is open: whatever panics from now on may have met damage in it.
pub(super) fn opened(state: &Path) {
    if let Ok(mut opened) = OPENED.lock() {
        *opened = Some(state.to_owned());
    }
}

/// For the hook of panics: the next opening looks at the file before sled does. Where a panic ends
/// the process, nothing else can tell it.
pub fn suspect_after_panic() {
    // Who panics while this is held has not opened anything.
    if let Ok(opened) = OPENED.try_lock()
        && let Some(state) = opened.as_deref()
    {
        suspect(state);
    }
}

/// Whether an opening before this one never ended.
pub(super) fn has_begun(state: &Path) -> bool {
    state.join(NAME).exists()
}

/// The opening ended, with success or with an error.
pub(super) fn end(state: &Path) {
    drop(fs::remove_file(state.join(NAME)));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn five_openings_that_never_ended_are_enough() {
        let dir = tempfile::tempdir().unwrap();
        for _ in 0..5 {
            assert!(begin(dir.path()).is_ok());
        }
        assert!(begin(dir.path()).is_err());
        assert!(begin(dir.path()).is_ok(), "the store was moved aside: the count begins anew");
        end(dir.path());
        end(dir.path());
    }
}
