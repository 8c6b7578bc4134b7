//! Findings -> incidents with a life, and the notices and alerts that are due from them.

mod alert;
mod case;
mod contribution;
mod curve;
mod family;
mod group;
#[cfg(test)]
mod group_tests;
mod held;
mod id;
mod life;
mod notice;
mod stale;
mod words;
mod words_hygiene;
mod words_messages;
mod words_policy;
mod words_stale;
mod words_use;

pub use alert::Alert;
pub use case::{EvidenceLine, Incident, Mute, POLICY_SCORE, Remark, State, TITLE_CHARS_MAX};
pub use contribution::Contribution;
pub use curve::{Curve, CurveHour};
pub use family::{Family, combined_score, family};
pub use group::{Change, Context, Incidents};
pub use id::{IncidentId, UnreadableId};
pub use notice::{GROUP_WAIT, Notice, Transition};
pub use stale::{StaleFinding, StaleState};
pub use words::{ATTACK_VERSION, Words, all_words, words};
