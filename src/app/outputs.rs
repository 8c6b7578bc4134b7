//! Alerts and findings as JSON lines, for other programs: `--alerts-json`, `--findings-json`.

use std::fs::File;
use std::io::{self, BufWriter, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};

use serde::Serialize;

use super::job::{JobError, Outputs};
use crate::incident::{Alert, StaleFinding, StaleState};
use crate::model::{Name, Severity, Timestamp};
use crate::store::fault;

/// How a file that is there already begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Beginning {
    /// A replay writes its own file.
    Anew,
    /// The daemon goes on where it stopped.
    AtTheEnd,
}

/// The files are made at once, so that they exist even when nothing is found.
#[derive(Debug, Default)]
pub(super) struct Writers {
    alerts: Option<Lines>,
    findings: Option<Lines>,
}

/// A finding as other programs read it: as alerts are written, with times in RFC 3339.
#[derive(Debug, Serialize)]
struct FindingLine<'a> {
    time: String,
    #[serde(skip_serializing_if = "str::is_empty")]
    key: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    route: &'a str,
    kind: &'a str,
    severity: Severity,
    owner: &'a str,
    role: &'a str,
    since: String,
    because: &'a str,
    next: &'a str,
    state: StaleState,
    first_used: Option<String>,
    last_used: Option<String>,
    may: &'a [Name],
    did: &'a [Name],
}

impl<'a> FindingLine<'a> {
    fn of(finding: &'a StaleFinding) -> Self {
        Self {
            time: rfc3339(finding.at),
            key: &finding.key,
            route: &finding.route,
            kind: &finding.kind,
            severity: finding.severity,
            owner: &finding.owner,
            role: &finding.role,
            since: rfc3339(finding.since),
            because: &finding.because,
            next: &finding.next,
            state: finding.state,
            first_used: finding.first_used.map(rfc3339),
            last_used: finding.last_used.map(rfc3339),
            may: &finding.may,
            did: &finding.did,
        }
    }
}

fn rfc3339(at: Timestamp) -> String {
    jiff::Timestamp::from_second(at.seconds()).map_or_else(|_| String::new(), |at| at.to_string())
}

#[derive(Debug)]
struct Lines {
    path: PathBuf,
    file: BufWriter<File>,
}

impl Writers {
    pub(super) fn create(outputs: &Outputs, beginning: Beginning) -> Result<Self, JobError> {
        let create = |path: &Option<PathBuf>| {
            path.as_deref().map(|path| Lines::create(path, beginning)).transpose()
        };
        Ok(Self {
            alerts: create(&outputs.alerts_json)?,
            findings: create(&outputs.findings_json)?,
        })
    }

    pub(super) fn alert(&mut self, alert: &Alert) -> Result<(), JobError> {
        self.alerts.as_mut().map_or(Ok(()), |lines| lines.write(alert))
    }

    pub(super) fn finding(&mut self, finding: &StaleFinding) -> Result<(), JobError> {
        self.findings.as_mut().map_or(Ok(()), |lines| lines.write(&FindingLine::of(finding)))
    }

    pub(super) fn flush(&mut self) -> Result<(), JobError> {
        for lines in [&mut self.alerts, &mut self.findings].into_iter().flatten() {
            let flushed = fault::point("outputs.flush").and_then(|()| lines.file.flush());
            flushed.map_err(|source| lines.failed(source))?;
        }
        Ok(())
    }
}

impl Lines {
    fn create(path: &Path, beginning: Beginning) -> Result<Self, JobError> {
        let file = match beginning {
            Beginning::Anew => File::create(path),
            Beginning::AtTheEnd => at_the_end(path),
        };
        let file = file.map_err(|source| JobError::Output { path: path.to_owned(), source })?;
        Ok(Self { path: path.to_owned(), file: BufWriter::new(file) })
    }

    fn write<T: Serialize>(&mut self, value: &T) -> Result<(), JobError> {
        let result = serde_json::to_writer(&mut self.file, value)
            .map_err(std::io::Error::from)
            .and_then(|()| self.file.write_all(b"\n"));
        result.map_err(|source| self.failed(source))
    }

    fn failed(&self, source: std::io::Error) -> JobError {
        JobError::Output { path: self.path.clone(), source }
    }
}

/// Half a line that a full disk or a kill left there is ended first.
fn at_the_end(path: &Path) -> io::Result<File> {
    let mut file = File::options().create(true).append(true).read(true).open(path)?;
    let mut last = [b'\n'];
    if file.seek(SeekFrom::End(0))? != 0 {
        file.seek(SeekFrom::End(-1))?;
        file.read_exact(&mut last)?;
    }
    if last != [b'\n'] {
        file.write_all(b"\n")?;
    }
    Ok(file)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_finding_is_a_line_with_times_that_other_programs_read() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("findings");
        let outputs = Outputs { alerts_json: None, findings_json: Some(path.clone()) };
        let mut writers = Writers::create(&outputs, Beginning::Anew).unwrap();
        let finding = StaleFinding {
            key: "k_alpha".into(),
            kind: "no_expiry".into(),
            at: Timestamp::from_seconds(1_773_000_000),
            since: Timestamp::from_seconds(0),
            ..StaleFinding::default()
        };
        writers.finding(&finding).unwrap();
        writers.flush().unwrap();
        let whole = std::fs::read_to_string(&path).unwrap();
        let line: serde_json::Value = serde_json::from_str(&whole).unwrap();
        assert_eq!(line["time"], "2026-03-08T20:00:00Z");
        assert_eq!(line["since"], "1970-01-01T00:00:00Z");
        let mut again = Writers::create(&outputs, Beginning::AtTheEnd).unwrap();
        again.finding(&finding).unwrap();
        again.flush().unwrap();
        assert_eq!(std::fs::read_to_string(&path).unwrap().lines().count(), 2);
        let (half, _) = whole.split_at(whole.len() - 9);
        std::fs::write(&path, half).unwrap();
        let mut again = Writers::create(&outputs, Beginning::AtTheEnd).unwrap();
        again.finding(&finding).unwrap();
        again.flush().unwrap();
        assert_eq!(std::fs::read_to_string(&path).unwrap(), format!("{half}\n{whole}"));
        assert_eq!((&line["key"], &line["state"]), (&"k_alpha".into(), &"open".into()));
    }
}
