//! A log's description as a person gives it: pasted, or by the file and name in a server's
//! configuration.

use std::fs;
use std::io;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use jiff::tz::TimeZone;
use thiserror::Error;

use crate::format::{Described, FormatError};

const FILE_BYTES_MAX: u64 = 1 << 20;
const FILES_MAX: usize = 1000;
const DEPTH_MAX: usize = 8;

/// What a person gave. Without anything, the format is told from the lines.
#[derive(Clone, Copy, Debug, Default)]
pub struct Pasted<'a> {
    /// A statement, its string, or a whole configuration.
    pub log_format: Option<&'a str>,
    /// The path of a server's configuration.
    pub file: Option<&'a Path>,
    /// Of the format in it.
    pub name: Option<&'a str>,
    /// Of the log, which the configuration may name.
    pub path: &'a str,
}

/// Why there is no description.
#[derive(Debug, Error)]
pub enum LogFormatError {
    #[error("cannot read {path}: {source}")]
    Unreadable { path: PathBuf, source: io::Error },
    #[error("both the log_format and the file that holds it are given; leave one out")]
    Twice,
    #[error("log_format_name needs log_format_file, the configuration that holds the format")]
    NameOfNothing,
    #[error(transparent)]
    Wrong(#[from] FormatError),
}

impl Pasted<'_> {
    /// The one description that counts.
    pub fn settle(&self) -> Result<Option<String>, LogFormatError> {
        match (self.log_format, self.file) {
            (Some(_), Some(_)) => Err(LogFormatError::Twice),
            (Some(pasted), None) => {
                let described = Described::read(pasted);
                if self.name.is_none() && !described.is_choice() {
                    return Ok(Some(pasted.to_owned()));
                }
                Ok(Some(described.choose(self.name, self.path)?))
            }
            (None, Some(file)) => {
                let described = read(file)?;
                let wrong = |error: FormatError| FormatError::File {
                    file: file.display().to_string(),
                    what: error.to_string(),
                };
                Ok(Some(described.choose(self.name, self.path).map_err(wrong)?))
            }
            (None, None) if self.name.is_some() => Err(LogFormatError::NameOfNothing),
            (None, None) => Ok(None),
        }
    }
}

/// A time zone by its name, `Europe/Oslo`, by its distance from UTC, `+05:30`, or by its rule,
/// `CET-1CEST,M3.5.0,M10.5.0/3`, which needs no table of zones on the machine.
pub fn zone(name: &str) -> Option<TimeZone> {
    if let Some(sign) = name.chars().next().filter(|sign| matches!(sign, '+' | '-')) {
        let (hours, minutes) = name.get(1..)?.split_once(':').unwrap_or((name.get(1..)?, "0"));
        let (hours, minutes): (i32, i32) = (hours.parse().ok()?, minutes.parse().ok()?);
        let seconds = hours.checked_mul(3600)?.checked_add(minutes.checked_mul(60)?)?;
        let seconds = if sign == '-' { -seconds } else { seconds };
        return jiff::tz::Offset::from_seconds(seconds).ok().map(TimeZone::fixed);
    }
    if name == "UTC" {
        return Some(TimeZone::UTC);
    }
    TimeZone::get(name).ok().or_else(|| TimeZone::posix(name).ok())
}

/// What a configuration says, with all the files that it includes.
fn read(file: &Path) -> Result<Described, LogFormatError> {
    let text = text_of(file)
        .map_err(|source| LogFormatError::Unreadable { path: file.to_owned(), source })?;
    let mut all = Described::read(&text);
    let folder = file.parent().unwrap_or(Path::new("/"));
    let mut patterns: Vec<(String, usize)> =
        all.includes.iter().map(|pattern| (pattern.clone(), 1)).collect();
    let mut left = FILES_MAX;
    while let Some((pattern, depth)) = patterns.pop() {
        let pattern = folder.join(pattern).display().to_string();
        for path in glob::glob(&pattern).into_iter().flatten().flatten() {
            if left == 0 {
                return Ok(all);
            }
            left -= 1;
            // What this user may not read is not what the format stands in, or it is missed.
            let Ok(text) = text_of(&path) else { continue };
            let described = Described::read(&text);
            if depth < DEPTH_MAX {
                patterns.extend(described.includes.iter().map(|it| (it.clone(), depth + 1)));
            }
            all.add(described);
        }
    }
    Ok(all)
}

fn text_of(path: &Path) -> io::Result<String> {
    if !fs::metadata(path)?.is_file() {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "it is not a file"));
    }
    let mut bytes = Vec::new();
    fs::File::open(path)?.take(FILE_BYTES_MAX).read_to_end(&mut bytes)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_format_in_an_included_file_is_found_by_its_name() {
        let folder = tempfile::tempdir().unwrap();
        let main = folder.path().join("nginx.conf");
        fs::write(&main, "http { include conf.d/*.conf; include nginx.conf; }").unwrap();
        fs::create_dir(folder.path().join("conf.d")).unwrap();
        let formats = "log_format a '$status'; log_format b '$host $status';";
        fs::write(folder.path().join("conf.d/formats.conf"), formats).unwrap();
        let settle = |name| {
            let pasted = Pasted { file: Some(&main), name, ..Pasted::default() };
            pasted.settle().map_err(|error| error.to_string())
        };
        assert_eq!(settle(Some("b")), Ok(Some("log_format b '$host $status';".to_owned())));
        let error = settle(None).unwrap_err();
        assert!(
            error.contains("nginx.conf cannot be used: several formats are described, a, b"),
            "{error}"
        );
        assert!(settle(Some("c")).is_err());
    }

    #[test]
    fn of_a_pasted_configuration_one_format_is_chosen() {
        let text = "log_format a '$status'; log_format b '$host $status';";
        let pasted = Pasted { log_format: Some(text), name: Some("a"), ..Pasted::default() };
        assert_eq!(pasted.settle().unwrap().as_deref(), Some("log_format a '$status';"));
        assert!(Pasted { name: None, ..pasted }.settle().is_err());
        let bare = Pasted { log_format: Some("$status"), ..Pasted::default() };
        assert_eq!(bare.settle().unwrap().as_deref(), Some("$status"));
        let lost = Pasted { name: Some("a"), ..Pasted::default() };
        assert!(lost.settle().unwrap_err().to_string().contains("log_format_file"));
    }

    #[test]
    fn a_zone_has_a_name_or_a_distance() {
        assert!(zone("CET-1CEST,M3.5.0,M10.5.0/3").is_some() && zone("UTC").is_some());
        assert_eq!(zone("+05:30"), zone("+5:30"));
        assert_eq!(zone("-08").map(|zone| zone.to_fixed_offset().unwrap().seconds()), Some(-28800));
        assert!(zone("Olso").is_none() && zone("+99").is_none() && zone("").is_none());
    }
}
