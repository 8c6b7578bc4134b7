//! The one word about everything. Green is what is left when nothing else holds.

use super::view::{Reading, View};
use crate::model::Severity;

/// As monitors read it; the first that holds, in this order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// No source can be read.
    Blind,
    /// Something does not work as it should.
    Degraded,
    /// An open incident of medium or above.
    Alert,
    /// An open low incident, or stale keys.
    Warn,
    /// No baseline is ready.
    Learning,
    Ok,
}

/// While a source catches up, what the page says of the present is not yet known.
const CATCHING_UP_LAG_SECONDS_MAX: f64 = 300.0;

pub fn verdict(view: &View) -> Verdict {
    if is_blind(view) {
        Verdict::Blind
    } else if is_degraded(view) {
        Verdict::Degraded
    } else if view.open().iter().any(|incident| Severity::Medium <= incident.severity) {
        Verdict::Alert
    } else if !view.open().is_empty() || 0 < view.stale_keys() {
        Verdict::Warn
    } else if is_learning(view) {
        Verdict::Learning
    } else {
        Verdict::Ok
    }
}

impl Verdict {
    pub const ALL: [Self; 6] =
        [Self::Blind, Self::Degraded, Self::Alert, Self::Warn, Self::Learning, Self::Ok];

    pub const fn name(self) -> &'static str {
        match self {
            Self::Blind => "blind",
            Self::Degraded => "degraded",
            Self::Alert => "alert",
            Self::Warn => "warn",
            Self::Learning => "learning",
            Self::Ok => "ok",
        }
    }
}

fn is_blind(view: &View) -> bool {
    !view.sources.iter().any(|source| source.state.is_readable())
}

fn is_degraded(view: &View) -> bool {
    !view.degraded.is_empty()
        || view.sources.iter().any(|source| !source.state.is_readable())
        || is_far_behind(view)
}

/// Reading old bytes, and more than some minutes of them.
pub(super) fn is_far_behind(view: &View) -> bool {
    0 < view.sources_in(&[Reading::CatchingUp])
        && view.lag_seconds.is_some_and(|lag| CATCHING_UP_LAG_SECONDS_MAX < lag)
}

fn is_learning(view: &View) -> bool {
    view.events == 0 || (view.learning.keys_ready == 0 && view.learning.roles_ready == 0)
}

#[cfg(test)]
mod tests {
    use super::super::view::{Learning, Source};
    use std::sync::Arc;

    use super::*;
    use crate::incident::{Incident, StaleFinding, StaleState, State};

    /// One readable source, traffic, one ready baseline: nothing to say.
    fn calm() -> View {
        View {
            events: 1,
            sources: vec![source(Reading::Reading)],
            learning: Learning { keys_ready: 1, keys: 1, ..Learning::default() },
            ..View::default()
        }
    }

    fn source(state: Reading) -> Source {
        Source { state, ..Source::default() }
    }

    fn incident(severity: Severity, state: State) -> Incident {
        Incident { severity, state, ..Incident::default() }
    }

    #[test]
    fn nothing_known_is_not_green() {
        assert_eq!(verdict(&View::default()), Verdict::Blind);
    }

    #[test]
    fn blind_is_when_no_source_can_be_read() {
        let mut view = calm();
        for state in Reading::ALL {
            view.sources = vec![source(state)];
            assert_eq!(verdict(&view) == Verdict::Blind, !state.is_readable(), "{state:?}");
        }
        view.sources = vec![source(Reading::Unreadable), source(Reading::Idle)];
        assert_eq!(verdict(&view), Verdict::Degraded);
    }

    #[test]
    fn degraded_comes_before_an_alert() {
        let mut view = calm();
        view.incidents = [incident(Severity::High, State::Open)].into();
        assert_eq!(verdict(&view), Verdict::Alert);
        view.degraded = vec!["the disk is full".to_owned()];
        assert_eq!(verdict(&view), Verdict::Degraded);
    }

    #[test]
    fn five_minutes_behind_is_still_the_present() {
        let mut view = calm();
        view.sources = vec![source(Reading::CatchingUp)];
        view.lag_seconds = Some(300.0);
        assert_eq!(verdict(&view), Verdict::Ok);
        view.lag_seconds = Some(300.5);
        assert_eq!(verdict(&view), Verdict::Degraded);
        view.sources = vec![source(Reading::Idle)];
        assert_eq!(verdict(&view), Verdict::Ok);
    }

    #[test]
    fn medium_alerts_and_low_warns_while_open() {
        let mut view = calm();
        for (severity, state, expected) in [
            (Severity::Critical, State::Open, Verdict::Alert),
            (Severity::Medium, State::Open, Verdict::Alert),
            (Severity::Medium, State::Acknowledged, Verdict::Alert),
            (Severity::Low, State::Open, Verdict::Warn),
            (Severity::High, State::Resolved, Verdict::Ok),
            (Severity::High, State::Muted, Verdict::Ok),
        ] {
            view.incidents = [incident(severity, state)].into();
            assert_eq!(verdict(&view), expected, "{severity:?} {state:?}");
        }
        view.incidents = [Incident { below: true, ..incident(Severity::High, State::Open) }].into();
        assert_eq!(verdict(&view), Verdict::Ok);
    }

    #[test]
    fn a_stale_key_warns_until_it_is_mended() {
        let mut view = calm();
        view.stale = [Arc::default()].into();
        assert_eq!(verdict(&view), Verdict::Warn);
        let over = StaleFinding { state: StaleState::Resolved, ..StaleFinding::default() };
        view.stale = [Arc::new(over)].into();
        assert_eq!(verdict(&view), Verdict::Ok);
    }

    #[test]
    fn learning_ends_with_the_first_ready_baseline() {
        let mut view = calm();
        assert_eq!(verdict(&view), Verdict::Ok);
        view.events = 0;
        assert_eq!(verdict(&view), Verdict::Learning);
        view.events = 1;
        view.learning.keys_ready = 0;
        assert_eq!(verdict(&view), Verdict::Learning);
        view.learning.roles_ready = 1;
        assert_eq!(verdict(&view), Verdict::Ok);
    }
}
