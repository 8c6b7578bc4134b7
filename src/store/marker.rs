//! A plain file beside the store that says how much it held: sled has opened empty before.

use std::fs::{self, File};
use std::io;
use std::path::Path;

use super::{StoreError, fault};

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Marker {
    pub(super) blocks: u64,
    pub(super) next_input: u64,
    /// It is not as it was written, and says nothing.
    pub(super) is_altered: bool,
}

const NAME: &str = "marker";

/// What the store held at its last snapshot; nothing if there is no such file.
pub(super) fn read(state: &Path) -> Marker {
    match fs::read(state.join(NAME)) {
        Err(_none) => Marker::default(),
        Ok(bytes) => {
            let text = String::from_utf8_lossy(&bytes);
            understood(&text).unwrap_or(Marker { is_altered: true, ..Marker::default() })
        }
    }
}

/// Nothing if a byte of it is another than it was; an older one has no sum at its end.
fn understood(text: &str) -> Option<Marker> {
    let mut marker = Marker::default();
    let mut lines = text.strip_suffix('\n')?.split('\n');
    marker.blocks = lines.next()?.strip_prefix("blocks ")?.parse().ok()?;
    marker.next_input = lines.next()?.strip_prefix("next_input ")?.parse().ok()?;
    let sum = lines.next();
    let is_good = lines.next().is_none() && sum.is_none_or(|line| line == sum_of(marker));
    is_good.then_some(marker)
}

fn sum_of(marker: Marker) -> String {
    let hash = blake3::hash(format!("{} {}", marker.blocks, marker.next_input).as_bytes());
    format!("sum {}", hash.to_hex().get(..16).unwrap_or_default())
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
    let sum = sum_of(marker);
    let text = format!("blocks {}\nnext_input {}\n{sum}\n", marker.blocks, marker.next_input);
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
        let marker = Marker { blocks: 7, next_input: 12, is_altered: false };
        write(dir.path(), marker).unwrap();
        assert_eq!(read(dir.path()), marker);
    }

    #[test]
    fn no_byte_of_it_can_be_another() {
        let dir = tempfile::tempdir().unwrap();
        write(dir.path(), Marker { blocks: 7, next_input: 12, is_altered: false }).unwrap();
        let whole = fs::read(dir.path().join(NAME)).unwrap();
        for at in 0..whole.len() * 8 {
            let mut altered = whole.clone();
            altered[at / 8] ^= 1 << (at % 8);
            fs::write(dir.path().join(NAME), &altered).unwrap();
            assert!(read(dir.path()).is_altered, "{}", altered.escape_ascii());
        }
        fs::write(dir.path().join(NAME), "blocks 7\nnext_input 12\n").unwrap();
        assert_eq!(read(dir.path()).next_input, 12, "as an older keyvigil wrote it");
    }
}
