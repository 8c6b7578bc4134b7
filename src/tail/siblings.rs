//! The files that a log was rotated to: `access.log.1`, `access.log-20260309.gz`, `access-20260309.log`.

use std::cmp::Reverse;
use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::fs;
use std::io;
use std::path::Path;
use std::path::PathBuf;

use super::mark::{self, FileId};

/// So many entries of a directory are looked at.
const ENTRIES_MAX: usize = 65_536;
const LISTINGS_MAX: usize = 4;
/// So many directories are looked through for a file that was rotated into one of them.
const DIRECTORIES_MAX: usize = 64;
/// `20260309`, or seconds since 1970; a shorter number names one of several files.
const DATE_DIGITS_MIN: usize = 8;
/// `.1` to `.99999` count rotations; more digits are a date.
const NUMBER_DIGITS_MAX: usize = 5;

/// A file that exists, and what it was when it was looked at.
#[derive(Clone, Debug)]
pub(super) struct Sibling {
    pub(super) path: PathBuf,
    pub(super) file: FileId,
    pub(super) modified: i64,
    pub(super) size: u64,
}

/// How old a rotated file is by its name. The greater, the newer.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Age {
    Dated(String),
    Numbered(Reverse<u32>),
}

/// The rotated files of a path, oldest first, and last the path itself if it exists.
/// Listed until nothing was renamed meanwhile, or else one could be missed.
pub(super) fn list(path: &Path) -> Vec<Sibling> {
    list_with(path, None)
}

/// The same, and those that were rotated into another directory.
pub(super) fn list_with(path: &Path, other: Option<&Path>) -> Vec<Sibling> {
    let mut files = list_once(path, other);
    for _ in 0..LISTINGS_MAX {
        let again = list_once(path, other);
        let names = |files: &[Sibling]| -> Vec<(PathBuf, FileId)> {
            files.iter().map(|sibling| (sibling.path.clone(), sibling.file)).collect()
        };
        if names(&files) == names(&again) {
            break;
        }
        files = again;
    }
    files
}

fn list_once(path: &Path, other: Option<&Path>) -> Vec<Sibling> {
    let mut rotated = Vec::new();
    for base in bases_to_list(path, other) {
        for name in names_beside(&base) {
            if let Some(age) = age_of(&base, &name)
                && let Ok(sibling) = look_at(&base.with_file_name(&name))
            {
                rotated.push((age, sibling));
            }
        }
    }
    without_unfinished_copies(&mut rotated);
    sort(&mut rotated);
    let current = look_at(path).ok();
    let is_current = |file: FileId| current.as_ref().is_some_and(|current| current.file == file);
    let mut files: Vec<Sibling> = rotated
        .into_iter()
        .map(|(_, sibling)| sibling)
        .filter(|each| !is_current(each.file))
        .collect();
    files.extend(current);
    files
}

/// Whose rotated files are those of a path: its own, those of the file that a symlink
/// leads to, and those in another directory. If it leads to a dated file, as rotatelogs and
/// cronolog do it, the other dates are the rotated ones.
fn bases_to_list(path: &Path, other: Option<&Path>) -> Vec<PathBuf> {
    let mut bases = vec![path.to_owned()];
    bases.extend(other.zip(path.file_name()).map(|(directory, name)| directory.join(name)));
    if let Some(target) = fs::read_link(path).ok().and_then(|_| fs::canonicalize(path).ok()) {
        let name = target.file_name().and_then(OsStr::to_str).unwrap_or_default().to_owned();
        let is_dated = |base: &PathBuf| {
            let digits = |date: &str| date.chars().filter(char::is_ascii_digit).count();
            matches!(age_of(base, &name), Some(Age::Dated(date)) if DATE_DIGITS_MIN <= digits(&date))
        };
        bases.extend(bases_of(&target).into_iter().filter(is_dated));
        bases.push(target);
    }
    let mut seen = BTreeSet::new();
    bases.retain(|base| seen.insert(base.clone()));
    bases
}

/// The directories to which a log may be rotated: those in its own, and those beside it.
pub(super) fn other_directories(path: &Path) -> Vec<PathBuf> {
    let own = directory_of(path);
    let of = |directory: &Path| -> Vec<PathBuf> {
        let entries = fs::read_dir(directory).into_iter().flatten().filter_map(Result::ok);
        let directories = entries.map(|entry| entry.path()).filter(|path| path.is_dir());
        directories.take(DIRECTORIES_MAX).collect()
    };
    let beside = own.parent().map(of).unwrap_or_default();
    of(own).into_iter().chain(beside).filter(|directory| directory != own).collect()
}

/// The paths that this one may be a rotated file of, by its name.
pub(super) fn bases_of(path: &Path) -> Vec<PathBuf> {
    let Some(name) = path.file_name().and_then(OsStr::to_str) else {
        return Vec::new();
    };
    let extension = unpacked_name(name).rsplit_once('.').map_or("", |(_, extension)| extension);
    let splits = name.match_indices(['.', '-', '_']).map(|(at, _)| name.split_at(at).0);
    splits
        .flat_map(|stem| [stem.to_owned(), format!("{stem}.{extension}")])
        .map(|base| path.with_file_name(base))
        .filter(|base| base != path && age_of(base, name).is_some())
        .collect()
}

/// A file with this inode beside the path or beside what the path points to, by any name.
pub(super) fn with_inode(path: &Path, file: FileId) -> Option<Sibling> {
    use std::os::unix::fs::DirEntryExt;
    let target = fs::canonicalize(path).ok();
    [Some(path), target.as_deref()].into_iter().flatten().find_map(|place| {
        let entries = fs::read_dir(directory_of(place)).ok()?;
        entries
            .take(ENTRIES_MAX)
            .filter_map(Result::ok)
            .filter(|entry| entry.ino() == file.inode)
            .find_map(|entry| look_at(&entry.path()).ok().filter(|found| found.file == file))
    })
}

pub(super) fn look_at(path: &Path) -> io::Result<Sibling> {
    let metadata = fs::metadata(path)?;
    if !metadata.is_file() {
        return Err(io::ErrorKind::InvalidInput.into());
    }
    let modified = mark::modified(&metadata);
    let (file, size) = (FileId::of(&metadata), metadata.len());
    Ok(Sibling { path: path.to_owned(), file, modified, size })
}

fn directory_of(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    }
}

fn names_beside(path: &Path) -> Vec<String> {
    let Ok(entries) = fs::read_dir(directory_of(path)) else {
        return Vec::new();
    };
    entries
        .take(ENTRIES_MAX)
        .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
        .collect()
}

/// `access.log` has `access.log.1`, and `access-20260309.log` too.
fn age_of(path: &Path, name: &str) -> Option<Age> {
    let base = path.file_name()?.to_str()?;
    let name = unpacked_name(name);
    let suffix = name.strip_prefix(base).or_else(|| {
        let (stem, extension) = base.rsplit_once('.')?;
        name.strip_prefix(stem)?.strip_suffix(extension)?.strip_suffix('.')
    })?;
    let counted = suffix.strip_prefix('.').filter(|digits| digits.len() <= NUMBER_DIGITS_MAX);
    if let Some(number) = counted.and_then(|digits| digits.parse().ok()) {
        return Some(Age::Numbered(Reverse(number)));
    }
    let date = suffix.strip_prefix(['.', '-', '_'])?;
    let is_date = date.starts_with(|c: char| c.is_ascii_digit())
        && date.chars().all(|c| c.is_ascii_digit() || "-_.:T".contains(c));
    is_date.then(|| Age::Dated(date.to_owned()))
}

fn unpacked_name(name: &str) -> &str {
    [".gz", ".zst"].iter().find_map(|ending| name.strip_suffix(ending)).unwrap_or(name)
}

/// While `.1` is being compressed there are both; the plain one is whole.
fn without_unfinished_copies(rotated: &mut Vec<(Age, Sibling)>) {
    let plain: Vec<Age> = rotated
        .iter()
        .filter(|(_, sibling)| !is_packed_name(&sibling.path))
        .map(|(age, _)| age.clone())
        .collect();
    rotated.retain(|(age, sibling)| !is_packed_name(&sibling.path) || !plain.contains(age));
}

fn is_packed_name(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == "gz" || extension == "zst")
}

/// By name inside a scheme. Where both are in use, the scheme that was written to last
/// is the newer one.
fn sort(rotated: &mut [(Age, Sibling)]) {
    let newest = |is_dated: bool| {
        let of_scheme = rotated.iter().filter(|(age, _)| matches!(age, Age::Dated(_)) == is_dated);
        of_scheme.map(|(_, sibling)| sibling.modified).max()
    };
    let dated_first = newest(true) <= newest(false);
    rotated.sort_by(|(a, _), (b, _)| {
        let scheme = |age: &Age| matches!(age, Age::Dated(_)) != dated_first;
        scheme(a).cmp(&scheme(b)).then_with(|| a.cmp(b))
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(names: &[&str]) -> Vec<String> {
        let directory = tempfile::tempdir().unwrap();
        for name in names {
            fs::write(directory.path().join(name), name).unwrap();
        }
        list(&directory.path().join("access.log"))
            .iter()
            .map(|each| each.path.file_name().unwrap().to_str().unwrap().to_owned())
            .collect()
    }

    #[test]
    fn numbers_count_back_and_the_path_itself_is_the_newest() {
        let names = ["access.log", "access.log.1", "access.log.10.gz", "access.log.2.zst"];
        assert_eq!(
            check(&names),
            ["access.log.10.gz", "access.log.2.zst", "access.log.1", "access.log"]
        );
    }

    #[test]
    fn dates_count_forward_in_both_places() {
        let names = ["access.log-20260309.gz", "access.log-20260310", "access.log"];
        assert_eq!(check(&names), names);
        let names = ["access-2026-03-09.log.gz", "access-2026-03-10.log", "access.log"];
        assert_eq!(check(&names), names);
    }

    #[test]
    fn other_logs_and_half_compressed_copies_are_left_alone() {
        let names =
            ["access.log.1", "access.log.1.gz", "access.log.bak", "access.log2", "error.log.1"];
        assert_eq!(check(&names), ["access.log.1"]);
    }
}
