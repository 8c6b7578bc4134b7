//! What goes over the control socket: one line of JSON asks, one line of JSON answers. The
//! rows of a table follow their answer, a line each.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::engine::Judgement;
use crate::model::Timestamp;
use crate::store::Head;
use crate::web::Rank;

/// Another number is another language.
pub const VERSION: u32 = 1;

/// No question is longer.
pub(super) const REQUEST_BYTES_MAX: usize = 64 << 10;

/// No first line of an answer is longer: 100,000 keys fit.
pub const REPLY_BYTES_MAX: u64 = 256 << 20;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Request {
    pub version: u32,
    /// The state directory that is meant: a daemon of another one does not answer for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub state: Option<PathBuf>,
    pub ask: Question,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Question {
    /// How the daemon is doing: as `/api/v1/status`.
    Status,
    /// Every key: as `/api/v1/keys`.
    Keys,
    /// Who has access to what: as `/api/v1/third-parties`.
    ThirdParties,
    /// What the keys of each role did in the last days.
    Roles { days: i64 },
    /// As `/api/v1/incidents`; `since` in milliseconds.
    Incidents {
        which: Which,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        since: Option<Timestamp>,
    },
    /// As `/api/v1/incidents/ID`.
    Incident { id: String },
    /// The columns, then the rows.
    Query { sql: String },
    /// The report of a period, as data.
    Report { from: Timestamp, until: Timestamp },
    /// A person's word about an incident: its answer is the incident as it stands then.
    Verdict {
        id: String,
        judgement: Judgement,
        #[serde(default)]
        reason: String,
        /// Who says it, where the daemon cannot know.
        #[serde(default)]
        by: String,
    },
    /// The tokens by which people log in to the page.
    Token(TokenAsk),
    /// The audit journal.
    Journal(JournalAsk),
    /// What is stored about somebody goes, or is only counted: a receipt.
    Forget { whom: Whom, really: bool },
    /// What is stored about somebody.
    Export { whom: Whom },
    /// Read the configuration again.
    Reload,
}

/// Somebody, by one of their names.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Whom {
    Key(String),
    Address(String),
    /// Anybody, by a word of its own in the logs.
    Subject(String),
}

/// What is asked about the audit journal.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum JournalAsk {
    /// Whether it is as it was written; heads that were kept elsewhere.
    Verify {
        #[serde(default)]
        heads: Vec<Head>,
    },
    /// The newest first: those before a number.
    List {
        #[serde(default)]
        before: Option<u64>,
        limit: u32,
    },
}

/// What is asked about tokens.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum TokenAsk {
    /// The only answer that ever has the secret.
    Create {
        name: String,
        role: Rank,
        /// For how many days.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        days: Option<u32>,
    },
    List,
    Revoke {
        name: String,
    },
}

/// Which incidents are listed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Which {
    Open,
    /// Open ones, and those that were lately.
    Recent,
    /// Those under the alarm line too.
    All,
}

/// Either an answer or a refusal.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Reply {
    pub version: u32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answer: Option<Value>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refusal: Option<Refusal>,
}

/// Why there is no answer, for a program and for a person.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, thiserror::Error)]
#[error("{message}")]
pub struct Refusal {
    pub because: Because,
    pub message: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Because {
    /// Not the user to ask.
    NotAllowed,
    /// No question that this version knows.
    NotUnderstood,
    TooLong,
    OtherVersion,
    /// This daemon keeps another state directory.
    OtherState,
    /// There is no such incident.
    NotFound,
    /// It makes no sense as the incident stands: it is over, or part of another.
    Over,
    /// Too many ask at once, or too slowly.
    Busy,
    /// The new configuration is wrong; the old one stays in force.
    Configuration,
    /// It was tried, and did not work.
    Failed,
}

impl Request {
    /// What a line asks for.
    pub(super) fn read(line: &[u8]) -> Result<Self, Refusal> {
        #[derive(Deserialize)]
        struct Versioned {
            version: u32,
        }
        let wrong = |error: serde_json::Error| {
            let message = format!("the question cannot be understood: {error}");
            Refusal::new(Because::NotUnderstood, message)
        };
        let Versioned { version } = serde_json::from_slice(line).map_err(wrong)?;
        if version != VERSION {
            let message = format!(
                "the question is of version {version}, and this keyvigil ({}) knows version \
                 {VERSION}; after an upgrade, restart the daemon",
                env!("CARGO_PKG_VERSION")
            );
            return Err(Refusal::new(Because::OtherVersion, message));
        }
        serde_json::from_slice(line).map_err(wrong)
    }
}

impl Refusal {
    pub(crate) fn new(because: Because, message: impl Into<String>) -> Self {
        Self { because, message: message.into() }
    }
}

impl From<Result<Value, Refusal>> for Reply {
    fn from(result: Result<Value, Refusal>) -> Self {
        let (answer, refusal) = match result {
            Ok(answer) => (Some(answer), None),
            Err(refusal) => (None, Some(refusal)),
        };
        Self { version: VERSION, answer, refusal }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_question_is_one_readable_line() {
        let request = Request::read(br#"{"version":1,"ask":"status"}"#).unwrap();
        assert_eq!(request, Request { version: 1, state: None, ask: Question::Status });
    }

    #[test]
    fn what_is_not_understood_says_why() {
        let check = |line: &str, because: Because, part: &str| {
            let refusal = Request::read(line.as_bytes()).unwrap_err();
            assert_eq!(refusal.because, because, "{line}");
            assert!(refusal.message.contains(part), "{line}: {}", refusal.message);
        };
        check("", Because::NotUnderstood, "EOF");
        check("\u{1b}[2J", Because::NotUnderstood, "expected value");
        check(r#"{"ask":"status"}"#, Because::NotUnderstood, "missing field `version`");
        check(r#"{"version":1,"ask":"dance"}"#, Because::NotUnderstood, "unknown variant `dance`");
        check(r#"{"version":1,"ask":"status","x":1}"#, Because::NotUnderstood, "unknown field `x`");
        check(r#"{"version":2,"ask":"dance"}"#, Because::OtherVersion, "restart the daemon");
    }
}
