//! Where a mark's file is now: at its path, under a rotated name, compressed, copied, or gone.

use std::path::Path;

use super::content::Content;
use super::lines::{Lines, Piece, Unfinished};
use super::mark::{FileId, Mark};
use super::siblings::{self, Sibling};
use super::{Limits, TailError};

/// Two seconds, in nanoseconds.
const TIME_CUT_OFF_MAX: i64 = 2_000_000_000;

pub(super) enum Search {
    Found {
        lines: Box<Lines>,
        newer: Vec<Sibling>,
    },
    /// Nothing holds what was read before; these are newer than it.
    Gone {
        newer: Vec<Sibling>,
    },
    /// The path cannot be opened, and so it may well be there.
    Hidden(TailError),
}

/// The place that is looked for, and the ends of files that were finished before it.
#[derive(Clone, Copy)]
pub(super) struct Sought<'m> {
    pub(super) mark: &'m Mark,
    pub(super) done: &'m [Mark],
}

/// Looks for the file of a mark, and for those that were begun after it, oldest first.
pub(super) fn find(path: &Path, sought: Sought<'_>, limits: Limits) -> Search {
    let search = find_among(path, &siblings::list(path), sought, limits);
    // While there is nothing newer, this comes again and again.
    match &search {
        Search::Gone { newer } if !newer.is_empty() => {
            in_other_directories(path, sought, limits).unwrap_or(search)
        }
        Search::Gone { .. } | Search::Found { .. } | Search::Hidden(_) => search,
    }
}

/// logrotate's `olddir`. It is the right one if it holds the file itself. Where a log of the same name is
/// written, its rotated files are its own, and may begin with the same lines.
fn in_other_directories(path: &Path, sought: Sought<'_>, limits: Limits) -> Option<Search> {
    if sought.mark.offset == 0 {
        return None;
    }
    siblings::other_directories(path).into_iter().find_map(|directory| {
        if path.file_name().is_some_and(|name| directory.join(name).exists()) {
            return None;
        }
        let files = siblings::list_with(path, Some(&directory));
        if files.iter().all(|sibling| sibling.path.parent() != Some(&*directory)) {
            return None;
        }
        let search = find_among(path, &files, sought, limits);
        matches!(search, Search::Found { .. }).then_some(search)
    })
}

fn find_among(path: &Path, files: &[Sibling], sought: Sought<'_>, limits: Limits) -> Search {
    let mark = sought.mark;
    let is_same = |sibling: &&Sibling| sibling.file == mark.file;
    let elsewhere = match files.iter().find(is_same) {
        Some(_) => None,
        None => siblings::with_inode(path, mark.file),
    };
    // The inode first: two young files may begin with the same bytes.
    let by_inode = files.iter().filter(is_same).chain(&elsewhere);
    // If it is there and was cut short, its copy is older than what it holds now.
    let copies_end = files.iter().position(|sibling| is_same(&sibling)).unwrap_or(files.len());
    let by_content = by_content(files.get(..copies_end).unwrap_or(&[]), mark);
    let by_content = by_content.into_iter().filter(|sibling| !is_done(sibling, sought, limits));
    for sibling in by_inode.chain(by_content) {
        if let Some(lines) = open_at(sibling, mark, limits) {
            let newer = newer_than(path, files, (sibling.file, mark.modified));
            return Search::Found { lines: Box::new(lines), newer };
        }
    }
    if let Err(error) = Content::open_file(path)
        && path.exists()
    {
        return Search::Hidden(error);
    }
    Search::Gone { newer: newer_than(path, files, (FileId::default(), mark.modified)) }
}

/// Those that may be a copy of the mark's file, the likeliest first: the oldest that was
/// written to no earlier. What is newer may begin with the same lines, and what is older
/// may have been read before. A compressor may cut off parts of a second.
fn by_content<'a>(files: &'a [Sibling], mark: &Mark) -> Vec<&'a Sibling> {
    if mark.offset == 0 {
        return Vec::new();
    }
    let cut_off = mark.modified.saturating_sub(TIME_CUT_OFF_MAX);
    let (later, rest): (Vec<&Sibling>, Vec<&Sibling>) =
        files.iter().partition(|sibling| mark.modified <= sibling.modified);
    let rounded = rest.into_iter().rev().filter(|sibling| cut_off <= sibling.modified);
    later.into_iter().chain(rounded).collect()
}

/// Whether it is a copy of a file that was finished before, and ends where that ended: logs may begin alike,
/// and a copy have any time.
fn is_done(sibling: &Sibling, sought: Sought<'_>, limits: Limits) -> bool {
    let mut longer = sought.done.iter().filter(|done| sought.mark.offset < done.offset);
    longer.any(|done| {
        let behind = open_at(sibling, done, limits).map(|mut lines| lines.next(Unfinished::Give));
        matches!(behind, Some(Ok(Piece::End)))
    })
}

/// The files behind that one; if it has no name any more, those written to after it, and
/// whatever is at the path itself.
pub(super) fn newer_than(path: &Path, files: &[Sibling], mark: (FileId, i64)) -> Vec<Sibling> {
    let (file, modified) = mark;
    if let Some(index) = files.iter().position(|sibling| sibling.file == file) {
        return files.get(index + 1..).unwrap_or(&[]).to_vec();
    }
    let is_newer = |sibling: &&Sibling| sibling.path == path || modified < sibling.modified;
    files.iter().filter(is_newer).cloned().collect()
}

fn open_at(sibling: &Sibling, mark: &Mark, limits: Limits) -> Option<Lines> {
    let content = Content::open_file(&sibling.path).ok()?;
    // A rotated file that is damaged or cannot be read is as good as gone.
    Lines::from_mark(content, limits, mark).ok().flatten()
}
