//! Everything that the pages and the JSON show, as plain data. `app/` fills it; nothing
//! in this room asks the engine.

use std::sync::Arc;

use jiff::tz::TimeZone;

use super::access::Visitor;
use super::standing::Shelf;
use crate::engine::{HourRow, KeyRow, Party, RoleRow};
use crate::incident::{Incident, StaleFinding, State};
use crate::model::{Hour, Severity, Timestamp};

/// One published moment of the daemon. The empty one says that nothing is watched.
#[derive(Clone, Debug, Default)]
pub struct View {
    /// The clock that the shown times are compared with: the wall's when live, the log's
    /// own in a replay or the demo.
    pub now: Timestamp,
    /// When this was published, by the wall's clock.
    pub updated: Timestamp,
    pub mode: Mode,
    /// The zone of the shown times; UTC if none.
    pub zone: Option<TimeZone>,
    /// The machine's name, beside the program's.
    pub host: String,
    pub version: String,
    pub started: Option<Timestamp>,
    pub last_event: Option<Timestamp>,
    /// From the wall's clock back to the watermark.
    pub lag_seconds: Option<f64>,
    pub watermark: Option<Timestamp>,
    pub events: u64,
    pub late: u64,
    pub roles: u64,
    pub role_rows: Arc<[RoleRow]>,
    /// By id.
    pub keys: Arc<Vec<KeyRow>>,
    /// Who has access to what.
    pub parties: Arc<Vec<Party>>,
    /// What cannot be said yet about stale keys, and when it can.
    pub not_known: Vec<String>,
    /// The open ones and those of late, in any order.
    pub incidents: Arc<[Incident]>,
    pub stale: Arc<[Arc<StaleFinding>]>,
    pub sources: Vec<Source>,
    pub mail: Mail,
    /// The last 168 hours at most, oldest first; those without a request may be left out.
    pub hours: Vec<HourPoint>,
    pub learning: Learning,
    /// What does not work as it should, in words, each with what to do.
    pub degraded: Vec<String>,
    /// Scores from here on are alarms, by the budget of false alarms.
    pub alarm_line: Option<f64>,
    /// Kinds of finding that are turned off, and how many findings of them there were.
    pub kinds_off: (Vec<String>, u64),
    /// What is stored, for how long, and what went: a name, and how it is.
    pub kept: Vec<(&'static str, String)>,
    /// The configuration file in force, if there is one.
    pub config: Option<String>,
    /// What is remembered; nothing of a temporary state.
    pub store: Option<StoreFacts>,
    /// Who looks at it.
    pub visitor: Visitor,
    /// What was found out of the above, for all views in which it is the same.
    pub shelf: Shelf,
}

/// The store at a glance.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct StoreFacts {
    pub events: u64,
    pub disk_bytes: u64,
    /// A new key is taking the place of an old one, and has come so far.
    pub rotation_percent: Option<u8>,
}

/// What is being watched.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Mode {
    #[default]
    Live,
    Replay,
    Demo,
}

/// One log that is read.
#[derive(Clone, Debug, Default)]
pub struct Source {
    /// Lines of those whose requests are never stored.
    pub withheld: u64,
    pub path: String,
    pub state: Reading,
    pub format: String,
    pub offset: u64,
    pub size: u64,
    pub lines: u64,
    pub rejected: u64,
    /// Why lines were rejected, and how many.
    pub reasons: Vec<(String, u64)>,
    /// The last rejected lines, scrubbed.
    pub last_rejects: Vec<String>,
    pub rotations: u64,
    /// How often lines may have been lost, because a file was cut short or is gone.
    pub losses: u64,
    /// Bytes of them that had been seen.
    pub lost_bytes: u64,
    /// What is wrong and the exact way to mend it.
    pub problem: Option<String>,
}

/// How the reading of a source goes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reading {
    Reading,
    Idle,
    CatchingUp,
    Unreadable,
    #[default]
    Missing,
}

#[derive(Clone, Debug, Default)]
pub struct Mail {
    pub enabled: bool,
    pub queued: u64,
    pub failed: u64,
    pub last_sent: Option<Timestamp>,
}

/// Everyone's requests in one hour.
#[derive(Clone, Copy, Debug, Default)]
pub struct HourPoint {
    pub hour: Hour,
    pub requests: u64,
    pub errors: u64,
    pub active_keys: u64,
    /// Both 0 while nothing is expected yet.
    pub expected_low: f64,
    pub expected_high: f64,
}

/// How many baselines are ready.
#[derive(Clone, Copy, Debug, Default)]
pub struct Learning {
    pub keys_ready: u64,
    pub keys: u64,
    pub roles_ready: u64,
    pub roles: u64,
}

impl View {
    pub fn open_count(&self, severity: Severity) -> usize {
        self.incidents.iter().filter(|one| is_open(one) && one.severity == severity).count()
    }

    pub fn sources_in(&self, states: &[Reading]) -> usize {
        self.sources.iter().filter(|source| states.contains(&source.state)).count()
    }
}

impl From<&HourRow> for HourPoint {
    fn from(row: &HourRow) -> Self {
        Self {
            hour: row.hour,
            requests: u64::from(row.requests),
            errors: u64::from(row.errors),
            active_keys: u64::from(row.active_keys),
            expected_low: f64::from(row.expected_low),
            expected_high: f64::from(row.expected_high),
        }
    }
}

impl Reading {
    pub const ALL: [Self; 5] =
        [Self::Reading, Self::Idle, Self::CatchingUp, Self::Unreadable, Self::Missing];

    /// As monitors read it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Reading => "reading",
            Self::Idle => "idle",
            Self::CatchingUp => "catching_up",
            Self::Unreadable => "unreadable",
            Self::Missing => "missing",
        }
    }

    pub const fn is_readable(self) -> bool {
        match self {
            Self::Reading | Self::Idle | Self::CatchingUp => true,
            Self::Unreadable | Self::Missing => false,
        }
    }
}

impl Mode {
    pub const fn name(self) -> &'static str {
        match self {
            Self::Live => "live",
            Self::Replay => "replay",
            Self::Demo => "demo",
        }
    }
}

pub(super) fn is_open(incident: &Incident) -> bool {
    match incident.state {
        State::Open | State::Acknowledged => !incident.below && incident.merged_into.is_none(),
        State::Resolved | State::Muted => false,
    }
}
