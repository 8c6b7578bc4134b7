//! What the configuration in force says about the data that keyvigil handles.

use crate::model::Millis;

/// In words and numbers, without a secret.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Facts {
    /// Each log, and how it is read.
    pub logs: Vec<(String, String)>,
    /// Lists of keys and their owners.
    pub lists: Vec<String>,
    /// Lists of networks and countries.
    pub networks: Vec<String>,
    /// Whether the logs hold whole keys, which are replaced, or public ids.
    pub keys_are_secret: bool,
    pub state: String,
    /// How much of a request is kept, in words.
    pub kept: String,
    /// How long all else is kept, in words.
    pub other_times: String,
    /// How long events are kept.
    pub retention: Option<Millis>,
    /// Where the key of the store is.
    pub key_place: String,
    pub is_key_beside: bool,
    /// Who is told of incidents, and by what.
    pub recipients: Vec<(String, String)>,
    /// Where the page is served.
    pub page: Option<String>,
    /// Days after which a key counts as unused, and as overdue for rotation.
    pub unused_days: Option<i64>,
    pub rotation_days: Option<i64>,
}

impl Facts {
    pub(super) fn retention_days(&self) -> Option<i64> {
        self.retention.map(Millis::whole_days)
    }

    pub(super) fn retention_in_words(&self) -> String {
        self.retention_days().map_or_else(
            || "without end".to_owned(),
            |days| format!("{days} days, counted back from the newest event"),
        )
    }

    pub(super) fn keys_in_words(&self) -> &'static str {
        if self.keys_are_secret {
            "replaced by a keyed hash before anything is stored, mailed or shown"
        } else {
            "the logs hold public ids of keys, which are kept as they are"
        }
    }
}

/// `a, b and 3 more`.
pub(super) fn listed(texts: impl IntoIterator<Item = String>) -> String {
    const NAMED_MAX: usize = 12;
    let texts: Vec<String> = texts.into_iter().collect();
    let named = texts.iter().take(NAMED_MAX).cloned().collect::<Vec<_>>().join(", ");
    match texts.len().saturating_sub(NAMED_MAX) {
        0 if texts.is_empty() => "none".to_owned(),
        0 => named,
        more => format!("{named} and {more} more"),
    }
}
