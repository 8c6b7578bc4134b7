//! Whether requests are stored, or only what follows from them.

use crate::identity::Privacy;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Keeping {
    /// Requests, with the positions up to which they were read: what the state does not know
    /// yet is judged again from them after a kill.
    #[default]
    Events,
    /// None. How far the logs were read is written down with the state, and only with it: after a
    /// kill the lines since then are read again from the logs.
    State,
}

impl Keeping {
    pub(super) fn of(privacy: &Privacy) -> Self {
        if privacy.stores_events() { Self::Events } else { Self::State }
    }
}
