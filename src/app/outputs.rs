//! Alerts and findings as JSON lines, for other programs: `--alerts-json`, `--findings-json`.

use std::fs::File;
use std::io::{BufWriter, Write as _};
use std::path::{Path, PathBuf};

use serde::Serialize;

use super::job::{JobError, Outputs};
use crate::incident::{Alert, StaleFinding};

/// The files are made at once, so that they exist even when nothing is found.
#[derive(Debug, Default)]
pub(super) struct Writers {
    alerts: Option<Lines>,
    findings: Option<Lines>,
}

#[derive(Debug)]
struct Lines {
    path: PathBuf,
    file: BufWriter<File>,
}

impl Writers {
    pub(super) fn create(outputs: &Outputs) -> Result<Self, JobError> {
        let create = |path: &Option<PathBuf>| path.as_deref().map(Lines::create).transpose();
        Ok(Self {
            alerts: create(&outputs.alerts_json)?,
            findings: create(&outputs.findings_json)?,
        })
    }

    pub(super) fn alert(&mut self, alert: &Alert) -> Result<(), JobError> {
        self.alerts.as_mut().map_or(Ok(()), |lines| lines.write(alert))
    }

    pub(super) fn finding(&mut self, finding: &StaleFinding) -> Result<(), JobError> {
        self.findings.as_mut().map_or(Ok(()), |lines| lines.write(finding))
    }

    pub(super) fn flush(&mut self) -> Result<(), JobError> {
        for lines in [&mut self.alerts, &mut self.findings].into_iter().flatten() {
            lines.file.flush().map_err(|source| lines.failed(source))?;
        }
        Ok(())
    }
}

impl Lines {
    fn create(path: &Path) -> Result<Self, JobError> {
        let file = File::create(path)
            .map_err(|source| JobError::Output { path: path.to_owned(), source })?;
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
