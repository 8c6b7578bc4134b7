//! A plain file beside the store that says how much it held: sled has opened empty before.

use std::fs::{self, File};
use std::io;
use std::path::Path;

use super::{StoreError, fault};

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Marker {
    pub(super) blocks: u64,
    pub(super) next_input: u64,
}

const NAME: &str = "marker";

/// What the store held at its last snapshot; nothing if there is no such file.
pub(super) fn read(state: &Path) -> Marker {
    let text = fs::read_to_string(state.join(NAME)).unwrap_or_default();
    let mut marker = Marker::default();
    for line in text.lines() {
        match line.split_once(' ') {
            Some(("blocks", number)) => marker.blocks = number.parse().unwrap_or(0),
            Some(("next_input", number)) => marker.next_input = number.parse().unwrap_or(0),
            _ => (),
        }
    }
    marker
}

/// Renamed into place, so that it is always one or the other, never half of it.
pub(super) fn write(state: &Path, marker: Marker) -> Result<(), StoreError> {
    let path = state.join(NAME);
    let fresh = state.join("marker.new");
    let failed = |source| StoreError::Sync { path: path.clone(), source };
    write_to(&fresh, marker).map_err(failed)?;
    fault::point("marker.rename").and_then(|()| fs::rename(&fresh, &path)).map_err(failed)
}

fn write_to(path: &Path, marker: Marker) -> io::Result<()> {
    let mut file = File::create(path)?;
    let text = format!("blocks {}\nnext_input {}\n", marker.blocks, marker.next_input);
    fault::write("marker.write", &mut file, text.as_bytes())?;
    file.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_marker_is_read_as_it_was_written() {
        let dir = tempfile::tempdir().unwrap();
        assert_eq!(read(dir.path()), Marker::default());
        let marker = Marker { blocks: 7, next_input: 12 };
        write(dir.path(), marker).unwrap();
        assert_eq!(read(dir.path()), marker);
    }
}
