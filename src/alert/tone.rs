//! The colours of a letter's head. They repeat what the words say, and never alone.

use crate::model::Severity;

/// Text on ground is at least 4.5 to 1, by day and by night.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Tone {
    pub(super) mark: &'static str,
    /// Names the rule for the night in the template.
    pub(super) name: &'static str,
    pub(super) text: &'static str,
    pub(super) ground: &'static str,
}

pub(super) const OVER: Tone =
    Tone { mark: "✓", name: "over", text: "#12603a", ground: "#e6f5ec" };
pub(super) const CALM: Tone =
    Tone { mark: "●", name: "calm", text: "#274690", ground: "#e8eefb" };
const WARM: Tone = Tone { mark: "◆", name: "warm", text: "#7a4b00", ground: "#fdf1d8" };
const HOT: Tone = Tone { mark: "▲", name: "hot", text: "#a31621", ground: "#fdeaea" };

pub(super) const fn of(severity: Severity) -> Tone {
    match severity {
        Severity::Low => CALM,
        Severity::Medium => WARM,
        Severity::High | Severity::Critical => HOT,
    }
}
