//! The files of this machine, or of a folder that stands for one.

use std::fs::{self, File};
use std::io::{self, Read as _, Seek as _, SeekFrom};
use std::path::{Path, PathBuf};

use crate::format::is_whole_json;

/// A configuration file longer than this is read to here.
const TEXT_BYTES_MAX: u64 = 1 << 20;
/// So much of the end of a log is looked at.
const SAMPLE_BYTES_MAX: u64 = 512 << 10;
const SAMPLE_LINES_MAX: usize = 1000;
/// And so much of its beginning, where the end is not enough.
const HEAD_BYTES_MAX: u64 = 8 << 10;
const HEAD_LINES_MAX: usize = 5;
/// Files that one pattern may name.
const MATCHES_MAX: usize = 2000;

/// Paths are given and returned as the machine names them: `/etc/nginx/nginx.conf`.
#[derive(Clone, Debug)]
pub(super) struct Files {
    root: PathBuf,
}

impl Files {
    pub(super) fn new(root: &Path) -> Self {
        Self { root: root.to_owned() }
    }

    /// Where the file really lies.
    pub(super) fn real(&self, path: &str) -> PathBuf {
        self.root.join(path.trim_start_matches('/'))
    }

    pub(super) fn exists(&self, path: &str) -> bool {
        self.real(path).exists()
    }

    /// The text of a file; bytes that are no text are replaced.
    pub(super) fn text(&self, path: &str) -> io::Result<String> {
        let real = self.real(path);
        if !fs::metadata(&real)?.is_file() {
            return Err(io::ErrorKind::InvalidInput.into());
        }
        let mut bytes = Vec::new();
        File::open(real)?.take(TEXT_BYTES_MAX).read_to_end(&mut bytes)?;
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    }

    /// The paths that fit, sorted. A pattern that is none fits nothing.
    pub(super) fn glob(&self, pattern: &str) -> Vec<String> {
        let root = glob::Pattern::escape(&self.root.display().to_string());
        let whole = format!("{}/{}", root.trim_end_matches('/'), pattern.trim_start_matches('/'));
        let Ok(paths) = glob::glob(&whole) else { return Vec::new() };
        let named = |path: PathBuf| {
            path.strip_prefix(&self.root).ok().map(|inside| format!("/{}", inside.display()))
        };
        paths.filter_map(Result::ok).filter_map(named).take(MATCHES_MAX).collect()
    }

    /// The first lines of a log: what its columns are may stand there and nowhere else.
    pub(super) fn first_lines(&self, path: &str) -> io::Result<Vec<Vec<u8>>> {
        let real = self.real(path);
        if !fs::metadata(&real)?.is_file() {
            return Ok(Vec::new());
        }
        let mut bytes = Vec::new();
        File::open(real)?.take(HEAD_BYTES_MAX).read_to_end(&mut bytes)?;
        let lines = bytes.split(|byte| *byte == b'\n').take(HEAD_LINES_MAX);
        Ok(lines.filter(|line| !line.is_empty()).map(<[u8]>::to_vec).collect())
    }

    /// The last whole lines of a log, as they are now: its format may have been another
    /// at its beginning.
    pub(super) fn last_lines(&self, path: &str) -> io::Result<Vec<Vec<u8>>> {
        let real = self.real(path);
        // A pipe would wait for somebody to write.
        if !fs::metadata(&real)?.is_file() {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "it is not a file"));
        }
        let mut file = File::open(real)?;
        let from = file.metadata()?.len().saturating_sub(SAMPLE_BYTES_MAX);
        file.seek(SeekFrom::Start(from))?;
        let mut bytes = Vec::new();
        file.take(SAMPLE_BYTES_MAX).read_to_end(&mut bytes)?;
        let mut lines: Vec<Vec<u8>> =
            bytes.split_inclusive(|byte| *byte == b'\n').map(<[u8]>::to_vec).collect();
        if 0 < from && !lines.is_empty() {
            lines.remove(0);
        }
        lines.retain(|line| (line.last() == Some(&b'\n') && 1 < line.len()) || is_whole_json(line));
        for line in &mut lines {
            line.pop_if(|last| *last == b'\n');
        }
        Ok(lines.split_off(lines.len().saturating_sub(SAMPLE_LINES_MAX)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_whole_lines_are_looked_at() {
        let root = tempfile::tempdir().unwrap();
        fs::create_dir_all(root.path().join("var/log")).unwrap();
        let long = format!("{}\nb\n\nc\nhalf", "x".repeat(600_000));
        fs::write(root.path().join("var/log/a.log"), long).unwrap();
        let files = Files::new(root.path());
        assert_eq!(files.last_lines("/var/log/a.log").unwrap(), [b"b".to_vec(), b"c".to_vec()]);
        assert_eq!(files.glob("/var/log/*.log"), ["/var/log/a.log"]);
        assert!(files.last_lines("/var/log").is_err());
    }
}
