//! What a simulation is asked for, and from when to when it goes.

use super::hit::LineFormat;
use super::key::DAY;
use crate::model::Millis;
use crate::model::Timestamp;

/// What is to be made up.
#[derive(Clone, Debug, PartialEq)]
pub struct Options {
    pub seed: u64,
    pub days: u32,
    pub keys: usize,
    /// The first moment after the history; it is cut to a whole hour.
    pub end: Timestamp,
    pub requests_per_day: f64,
    /// Exactly so many lines.
    pub lines: Option<u64>,
    pub format: LineFormat,
    /// Names of keys look like secrets.
    pub key_secrets: bool,
    pub profile: Profile,
    pub staging: Staging,
    /// All addresses are of this machine: real requests can come from them.
    pub loopback: bool,
}

/// What sort of service it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Profile {
    #[default]
    Rest,
    Llm,
    Partners,
    /// Like rest, but each key follows a law of its own: clockwork, on and off, bursts.
    Uneven,
}

/// Which incidents are staged, and when.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Staging {
    /// All kinds, from `eval_start` to the end.
    #[default]
    Spread,
    /// One easy incident of each short kind in the last so many hours.
    Showcase {
        last_hours: u32,
    },
    Nothing,
}

/// When the story begins and ends, and from when on alerts count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Meta {
    pub start: Timestamp,
    pub end: Timestamp,
    pub eval_start: Timestamp,
}

/// 1 June 2026, midnight.
pub const DEFAULT_END: Timestamp = Timestamp::from_seconds(1_780_272_000);

impl Default for Options {
    fn default() -> Self {
        Self {
            seed: 1,
            days: 28,
            keys: 120,
            end: DEFAULT_END,
            requests_per_day: 100_000.0,
            lines: None,
            format: LineFormat::Combined,
            key_secrets: false,
            profile: Profile::Rest,
            staging: Staging::Spread,
            loopback: false,
        }
    }
}

impl Options {
    pub fn start(&self) -> Timestamp {
        self.end.hour().start().back(Millis::days(i64::from(self.days)))
    }

    /// 8 days after the start; 30 % of the time if that is less.
    pub fn eval_start(&self) -> Timestamp {
        let days = i64::from(self.days);
        let learning = if 27 <= days { 8 * DAY } else { days * DAY * 3 / 10 };
        let at = Timestamp(self.start().0 + learning);
        at.hour().start()
    }
}

impl Profile {
    pub(super) const fn number(self) -> usize {
        match self {
            Self::Rest | Self::Uneven => 0,
            Self::Llm => 1,
            Self::Partners => 2,
        }
    }
}

impl Profile {
    /// How much nobody's key does, against the profile rest.
    pub(super) const fn noise(self) -> f64 {
        match self {
            Self::Rest => 1.0,
            Self::Llm => 2.5,
            Self::Partners => 0.3,
            Self::Uneven => 1.5,
        }
    }

    /// How much one day of a key differs from the next.
    pub(super) const fn wildness(self) -> f64 {
        match self {
            Self::Rest => 0.22,
            Self::Llm => 0.38,
            Self::Partners => 0.16,
            Self::Uneven => 0.3,
        }
    }
}

impl Meta {
    /// Whole or broken days in which alerts count.
    pub fn eval_days(&self) -> f64 {
        (self.end.since(self.eval_start).0 as f64 / DAY as f64).max(0.0)
    }
}
