//! What each kind of finding is called, why it matters and what to do: one table for the
//! mail, the page and the terminal.

use super::words_hygiene::HYGIENE;
use super::words_messages::MESSAGES;
use super::words_policy::POLICY;
use super::words_stale::STALE;
use super::words_use::USE;

/// The words of one kind. Written for someone without a security team.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Words {
    pub kind: &'static str,
    /// Follows a name and a colon: `billing-sync: far more requests than usual`.
    pub title: &'static str,
    pub why_it_matters: &'static str,
    pub next_steps: &'static [&'static str],
    /// MITRE ATT&CK techniques, by the numbers of [`ATTACK_VERSION`].
    pub attack: &'static [&'static str],
    /// OWASP API Security Top 10, 2023.
    pub owasp: &'static [&'static str],
}

/// ATT&CK renumbers its techniques now and then: ids are only good with their version.
pub const ATTACK_VERSION: &str = "17";

/// The words of a kind; `None` for a kind that nobody knows.
pub fn words(kind: &str) -> Option<&'static Words> {
    all_words().find(|words| words.kind == kind)
}

/// Every kind there is, those of use first.
pub fn all_words() -> impl Iterator<Item = &'static Words> {
    USE.iter().chain(MESSAGES).chain(POLICY).chain(STALE).chain(HYGIENE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_has_words_and_says_what_to_do() {
        for words in all_words() {
            assert!(!words.why_it_matters.is_empty(), "{}", words.kind);
            assert!(2 <= words.next_steps.len(), "{}", words.kind);
            assert!(
                words.next_steps.iter().all(|step| step.ends_with(['.', '?'])),
                "{}",
                words.kind
            );
            // Leaves at least 13 characters of a title for the name.
            assert!(words.title.chars().count() <= 30, "{}", words.kind);
        }
    }

    #[test]
    fn no_kind_is_named_twice() {
        let mut kinds: Vec<_> = all_words().map(|words| words.kind).collect();
        kinds.sort_unstable();
        let before = kinds.len();
        kinds.dedup();
        assert_eq!(kinds.len(), before);
        assert!(words("no_such_kind").is_none());
    }
}
