//! What can go wrong with a log file, and what a person should do about it.

use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::path::PathBuf;

#[derive(Debug, thiserror::Error)]
pub enum TailError {
    #[error("cannot read {path}: {advice}")]
    Open { path: PathBuf, advice: String, source: io::Error },
    #[error(
        "cannot read {path}: it is a directory; name a file, or a pattern such as {path}/*.log"
    )]
    Directory { path: PathBuf },
    #[error("cannot read {path} after byte {offset}{advice}")]
    Read { path: PathBuf, offset: u64, advice: &'static str, source: io::Error },
    #[error(
        "{path} is not the file that was read before: its content differs from the stored \
         position; read it from the beginning, or name the file that it was rotated to"
    )]
    OtherFile { path: PathBuf },
    #[error("the stored position of {path} cannot be understood; read it from the beginning")]
    Position { path: PathBuf },
    #[error("the pattern {pattern} is wrong at character {at}: {reason}")]
    Pattern { pattern: String, at: usize, reason: &'static str },
}

impl TailError {
    pub(super) fn open(path: &Path, source: io::Error) -> Self {
        Self::Open { path: path.to_owned(), advice: advice(path, &source), source }
    }

    /// Whether it is only that there is no such file.
    pub(super) fn is_missing(&self) -> bool {
        matches!(self, Self::Open { source, .. } if source.kind() == io::ErrorKind::NotFound)
    }

    pub(super) fn read(path: &Path, offset: u64, source: io::Error) -> Self {
        let kind = source.kind();
        let advice = if kind == io::ErrorKind::UnexpectedEof {
            "; it ends too early, was it still being written?"
        } else if matches!(kind, io::ErrorKind::InvalidInput | io::ErrorKind::InvalidData) {
            "; it is damaged"
        } else if source.to_string().contains(NEEDS_TOO_MUCH) {
            "; unpack it first (zstd -d --long=31): a window of more than 128 MiB is not held for it"
        } else {
            ""
        };
        Self::Read { path: path.to_owned(), offset, advice, source }
    }
}

/// What was seen and what to do, for a file that cannot be opened.
pub(super) fn advice(path: &Path, error: &io::Error) -> String {
    if error.kind() == io::ErrorKind::PermissionDenied {
        return format!("permission denied; {}", who_may_read(path));
    }
    if error.raw_os_error() == Some(TOO_MANY_OPEN) {
        return "too many open files; raise LimitNOFILE of the service or `ulimit -n`".into();
    }
    if error.kind() != io::ErrorKind::NotFound {
        return error.to_string();
    }
    match path.parent() {
        Some(directory) if !directory.as_os_str().is_empty() && !directory.exists() => {
            format!("there is no directory {}; check the path", directory.display())
        }
        _ => "there is no such file; check the path, it is read as soon as it appears".into(),
    }
}

/// What zstd says of a window that is too large.
const NEEDS_TOO_MUCH: &str = "too much memory";

/// EMFILE.
const TOO_MANY_OPEN: i32 = 24;

const GROUP_MAY_READ: u32 = 0o040;

fn who_may_read(path: &Path) -> String {
    let Ok(metadata) = fs::metadata(path) else {
        let directory = path.parent().unwrap_or(path).display().to_string();
        return format!(
            "let the user keyvigil enter {directory} (chmod o+x, or add it to the group)"
        );
    };
    match group_name(metadata.gid()) {
        Some(group) if metadata.mode() & GROUP_MAY_READ != 0 => {
            format!("add the user keyvigil to group {group} (usermod -aG {group} keyvigil)")
        }
        _ => format!("let the user keyvigil read it (setfacl -m u:keyvigil:r {})", path.display()),
    }
}

fn group_name(gid: u32) -> Option<String> {
    let groups = fs::read_to_string("/etc/group").ok()?;
    let gid = gid.to_string();
    groups.lines().find_map(|line| {
        let mut fields = line.split(':');
        let name = fields.next()?;
        (fields.nth(1)? == gid).then(|| name.to_owned())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_is_denied_says_whom_to_add_to_which_group() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("access.log");
        fs::write(&path, "x").unwrap();
        let error = TailError::open(&path, io::ErrorKind::PermissionDenied.into());
        let text = error.to_string();
        assert!(
            text.contains("access.log: permission denied; add the user keyvigil to group "),
            "{text}"
        );
    }

    #[test]
    fn a_missing_directory_is_named() {
        let error = TailError::open(Path::new("/no/such/x.log"), io::ErrorKind::NotFound.into());
        assert!(error.to_string().ends_with("there is no directory /no/such; check the path"));
    }
}
