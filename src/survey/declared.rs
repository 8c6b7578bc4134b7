//! A log that a server's configuration names, and where it does.

use super::Server;

/// What a server's configuration says about one log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Declared {
    pub server: Server,
    /// As the server writes it, or a pattern where its name holds variables.
    pub path: String,
    /// `/etc/nginx/nginx.conf:36`.
    pub place: String,
    /// The server's own description of its lines, to be pasted; none for a usual one.
    pub log_format: Option<String>,
    /// What a person should know about it.
    pub notes: Vec<String>,
}

/// What the configurations of this machine say.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Said {
    pub(super) logs: Vec<Declared>,
    /// About logs that are nowhere: switched off, sent elsewhere, not readable.
    pub(super) hints: Vec<String>,
}

impl Said {
    /// The same log in the same format is named once, however many hosts write to it.
    pub(super) fn add(&mut self, log: Declared) {
        let is_known = |known: &&mut Declared| known.path == log.path;
        match self.logs.iter_mut().find(is_known) {
            Some(known) if known.log_format == log.log_format => {}
            Some(known) => {
                let note = format!("{} writes it in another format", log.place);
                if !known.notes.contains(&note) {
                    known.notes.push(note);
                }
            }
            None => self.logs.push(log),
        }
    }

    pub(super) fn hint(&mut self, hint: String) {
        if !self.hints.contains(&hint) {
            self.hints.push(hint);
        }
    }
}
