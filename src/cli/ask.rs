//! Asks the running daemon over its control socket, wherever that is.

use std::io::{self, BufRead as _, BufReader, Read as _, Write as _};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Context as _;
use clap::Args;

use crate::app::control::{
    self, Because, Question, REPLY_BYTES_MAX, Refusal, Reply, Request, RowsEnd, VERSION,
};
use crate::config::{Config, Places};
use crate::report;

/// Longer than the daemon may take for an answer.
const PATIENCE: Duration = Duration::from_secs(90);

/// A question in SQL may take longer.
const QUERY_PATIENCE: Duration = Duration::from_mins(11);

/// Which daemon, or which store, is asked.
#[derive(Clone, Debug, Args)]
pub(super) struct WhomArgs {
    /// The daemon's configuration
    #[arg(long, value_name = "FILE", default_value = Config::DEFAULT_PATH)]
    pub(super) config: PathBuf,
    /// The state directory that keyvigil was run with; the configuration's if not given
    #[arg(long, value_name = "DIR")]
    pub(super) state: Option<PathBuf>,
}

/// A table that comes row by row.
#[derive(Debug)]
pub(super) struct Rows {
    pub(super) columns: Vec<String>,
    lines: BufReader<UnixStream>,
    end: Option<RowsEnd>,
}

impl Rows {
    /// Whether there are more rows than came.
    pub(super) fn is_cut(&self) -> bool {
        self.end.is_none_or(|end| end.cut)
    }
}

impl Iterator for Rows {
    type Item = io::Result<Vec<report::Value>>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.end.is_some() {
            return None;
        }
        let mut line = String::new();
        if let Err(error) = self.lines.read_line(&mut line) {
            return Some(Err(error));
        }
        if line.starts_with('[') {
            return Some(serde_json::from_str(&line).map_err(io::Error::from));
        }
        match serde_json::from_str(&line) {
            Ok(end) => {
                self.end = Some(end);
                None
            }
            Err(error) => Some(Err(error.into())),
        }
    }
}

/// What came of asking.
#[derive(Debug)]
pub(super) enum Asked {
    Answer(serde_json::Value),
    /// Nobody runs with this state directory.
    Nobody,
}

impl WhomArgs {
    pub(super) fn state(&self) -> PathBuf {
        self.state.clone().unwrap_or_else(|| Places::in_file(&self.config).directory)
    }

    /// The answer of the daemon, if one runs.
    pub(super) fn ask(&self, question: &Question) -> anyhow::Result<Asked> {
        let Some(mut line) = self.reach(question)? else { return Ok(Asked::Nobody) };
        if let Question::Report { .. } | Question::Forget { .. } | Question::Export { .. } =
            question
        {
            line.get_ref().set_read_timeout(Some(QUERY_PATIENCE))?;
        }
        let reply = read_reply(&mut line)?;
        match reply.refusal {
            Some(refusal) => Err(refusal.into()),
            None => Ok(Asked::Answer(reply.answer.unwrap_or_default())),
        }
    }

    /// The rows that the daemon answers, if one runs.
    pub(super) fn query(&self, sql: &str) -> anyhow::Result<Option<Rows>> {
        #[derive(serde::Deserialize)]
        struct Heads {
            columns: Vec<String>,
        }
        let Some(mut line) = self.reach(&Question::Query { sql: sql.to_owned() })? else {
            return Ok(None);
        };
        line.get_ref().set_read_timeout(Some(QUERY_PATIENCE))?;
        let reply = read_reply(&mut line)?;
        if let Some(refusal) = reply.refusal {
            return Err(refusal.into());
        }
        let heads: Heads = serde_json::from_value(reply.answer.unwrap_or_default())
            .context("the daemon's answer cannot be understood")?;
        Ok(Some(Rows { columns: heads.columns, lines: line, end: None }))
    }

    /// A connection that the question was put to; none if nobody listens.
    fn reach(&self, question: &Question) -> anyhow::Result<Option<BufReader<UnixStream>>> {
        let state = self.state();
        let named = match &self.state {
            Some(_) => None,
            None => Places::in_file(&self.config).socket,
        };
        let request = Request {
            version: VERSION,
            state: Some(control::state_name(&state)),
            ask: question.clone(),
        };
        let mut locked = None;
        for place in control::places(named.as_deref(), &state) {
            let stream = match control::connect(&place) {
                Ok(stream) => stream,
                Err(error) if is_nobody(&error) => continue,
                Err(error) => {
                    locked = locked.or(Some((error, place)));
                    continue;
                }
            };
            let mut line = put(stream, &request)
                .with_context(|| format!("the daemon at {} does not listen", place.display()))?;
            if !is_of_other_state(&mut line) {
                return Ok(Some(line));
            }
        }
        match locked {
            Some((error, place)) => Err(error).with_context(|| closed(&place)),
            None => Ok(None),
        }
    }
}

fn closed(place: &Path) -> String {
    format!(
        "a daemon may run, but you may not use its socket {}; ask as root, as the daemon's user, \
         or as a member of its group",
        place.display()
    )
}

fn is_nobody(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::ConnectionRefused)
}

fn put(stream: UnixStream, request: &Request) -> io::Result<BufReader<UnixStream>> {
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    let mut line = serde_json::to_vec(request)?;
    line.push(b'\n');
    match (&stream).write_all(&line) {
        // It has refused already, and says why.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => {}
        written => written?,
    }
    Ok(BufReader::new(stream))
}

/// A look ahead: such a refusal is short, and then another daemon is meant.
fn is_of_other_state(line: &mut BufReader<UnixStream>) -> bool {
    let first = line.fill_buf().unwrap_or_default();
    serde_json::from_slice::<Reply>(first)
        .is_ok_and(|reply| reply.refusal.is_some_and(|it| it.because == Because::OtherState))
}

fn read_reply(line: &mut BufReader<UnixStream>) -> anyhow::Result<Reply> {
    let mut text = Vec::new();
    line.take(REPLY_BYTES_MAX)
        .read_until(b'\n', &mut text)
        .context("the daemon does not answer")?;
    let reply: Reply =
        serde_json::from_slice(&text).context("the daemon's answer cannot be understood")?;
    if reply.version == VERSION {
        return Ok(reply);
    }
    let message = format!(
        "the daemon speaks version {}, and this keyvigil ({}) version {VERSION}; restart the daemon",
        reply.version,
        env!("CARGO_PKG_VERSION")
    );
    Err(Refusal { because: Because::OtherVersion, message }.into())
}
