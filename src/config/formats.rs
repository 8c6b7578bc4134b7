//! A folder of files that describe formats of a person's own.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use thiserror::Error;

use crate::format::{FormatError, OwnFormats};

const FILES_MAX: usize = 200;
const FILE_BYTES_MAX: u64 = 256 * 1024;

/// Why a folder of formats cannot be used.
#[derive(Debug, Error)]
pub enum FormatsError {
    #[error("cannot read {path}: {source}")]
    Unreadable { path: PathBuf, source: io::Error },
    #[error("{path} is larger than 256 KiB: is it a format?")]
    TooLarge { path: PathBuf },
    #[error("{path} has more than {FILES_MAX} formats")]
    TooMany { path: PathBuf },
    #[error(transparent)]
    Wrong(#[from] FormatError),
}

/// The formats of a folder's files `*.toml`.
pub fn own_formats(folder: &Path) -> Result<OwnFormats, FormatsError> {
    let unreadable = |path: &Path| {
        let path = path.to_owned();
        move |source| FormatsError::Unreadable { path, source }
    };
    let mut paths = Vec::new();
    for entry in fs::read_dir(folder).map_err(unreadable(folder))? {
        let path = entry.map_err(unreadable(folder))?.path();
        if path.extension().is_some_and(|extension| extension == "toml") {
            paths.push(path);
        }
        if FILES_MAX < paths.len() {
            return Err(FormatsError::TooMany { path: folder.to_owned() });
        }
    }
    paths.sort();
    let mut files = Vec::new();
    for path in paths {
        if FILE_BYTES_MAX < fs::metadata(&path).map_err(unreadable(&path))?.len() {
            return Err(FormatsError::TooLarge { path });
        }
        let text = fs::read_to_string(&path).map_err(unreadable(&path))?;
        files.push((path.display().to_string(), text));
    }
    Ok(OwnFormats::read(&files)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_of_files_is_read_and_what_is_wrong_names_its_file() {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| fs::write(folder.path().join(name), text).unwrap();
        write("a.toml", "name = \"shop\"\nusual_names = true\n[fields]\nkey = \"account\"");
        write("notes.txt", "not a format");
        let own = own_formats(folder.path()).unwrap();
        assert_eq!(own.names().collect::<Vec<_>>(), ["shop"]);
        write("b.toml", "nome = \"shop\"");
        let error = own_formats(folder.path()).unwrap_err().to_string();
        assert!(error.contains("b.toml") && error.contains("unknown field `nome`"), "{error}");
        assert!(own_formats(&folder.path().join("none")).is_err());
    }
}
