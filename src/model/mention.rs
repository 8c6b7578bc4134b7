//! The names of somebody who is to be forgotten, and a look for them in any text.

use std::collections::BTreeSet;

/// What stands in the place of a name that was forgotten.
pub const FORGOTTEN: &str = "(forgotten)";

/// All the names that one subject has.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Mention {
    /// In small letters, the longest first; none is empty.
    names: Vec<String>,
    stored: Stored,
    /// What the names became where only a hash of them is kept. Ascending.
    hashes: Vec<u64>,
}

/// What stored events say, for whoever keeps only hashes of such texts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Stored {
    /// Path and route of what was asked for, where the names stand in one of them.
    pub requests: BTreeSet<(String, String)>,
    /// All else in which the names stand: keys, users, clients, what was answered.
    pub texts: BTreeSet<String>,
    /// Routes that anybody asked for: what is not stored any more had mostly the same forms.
    pub routes: BTreeSet<String>,
}

/// Of a hash that is forgotten, the first 12 bits stay.
const HASH_KEPT: u64 = 0xfff << 52;

/// Names of nothing but signs could go on for ever.
const ROUNDS_MAX: usize = 16;

/// Shorter names are parts of too many words.
pub const NAME_CHARS_MIN: usize = 3;

impl Mention {
    /// Of names, each in every form in which a log writes it.
    pub fn of(names: impl IntoIterator<Item = String>) -> Self {
        let mut all = Vec::new();
        for name in names {
            let name = name.trim().to_ascii_lowercase();
            // As it stands in a URL.
            all.push(name.replace('%', "%25").replace('@', "%40").replace(' ', "%20"));
            all.push(name.replace(' ', "+"));
            all.push(name);
        }
        let is_ours = |name: &str| FORGOTTEN.trim_matches(['(', ')']) == name;
        all.retain(|name| NAME_CHARS_MIN <= name.chars().count() && !is_ours(name));
        all.sort_by(|a, b| (b.len(), a).cmp(&(a.len(), b)));
        all.dedup();
        Self { names: all, ..Self::default() }
    }

    /// The same, known by these hashes too.
    #[must_use]
    pub fn with_hashes(self, hashes: impl IntoIterator<Item = u64>) -> Self {
        let mut hashes: Vec<u64> = hashes.into_iter().filter(|hash| *hash != 0).collect();
        hashes.sort_unstable();
        hashes.dedup();
        Self { hashes, ..self }
    }

    /// The same, with what stored events say: of some of it only a hash is kept, too.
    #[must_use]
    pub fn with_stored(self, stored: Stored) -> Self {
        Self { stored, ..self }
    }

    pub const fn stored(&self) -> &Stored {
        &self.stored
    }

    /// Every text that is only kept as a hash, in small letters: the names, and all in which they stand.
    pub fn texts(&self) -> impl Iterator<Item = String> {
        let paths = self.stored.requests.iter().map(|(path, _)| path.as_str());
        let paths = paths.filter(|path| self.is_in(path));
        let texts = self.names().chain(self.stored.texts.iter().map(String::as_str)).chain(paths);
        texts.map(str::to_ascii_lowercase)
    }

    /// A number that tells nothing, in place of a hash. It keeps the hash's place among others,
    /// which stand in order, and shares its beginning with thousands of names.
    pub fn blurred(&self, number: u64) -> u64 {
        if self.hashes.binary_search(&number).is_ok() { number & HASH_KEPT | 1 } else { number }
    }

    pub const fn is_empty(&self) -> bool {
        self.names.is_empty()
    }

    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.names.iter().map(String::as_str)
    }

    /// Whether a name stands in the text as a word of its own: `ann`, but not in `joanna`,
    /// `ann-2` or `ann@example.com`.
    pub fn is_in(&self, text: &str) -> bool {
        self.first_in(text).is_some()
    }

    /// The text without the names; `None` if there is none in it.
    pub fn removed_from(&self, text: &str) -> Option<String> {
        let mut clean: Option<String> = None;
        // What stands before a name that went may be one itself, now that it ends there.
        for _ in 0..ROUNDS_MAX {
            let now = clean.as_deref().unwrap_or(text);
            let Some(next) = self.removed_once(now) else { break };
            clean = Some(next);
        }
        clean
    }

    fn removed_once(&self, text: &str) -> Option<String> {
        let mut rest = text;
        let mut out = String::new();
        while let Some((start, end)) = self.first_in(rest) {
            out.push_str(rest.get(..start).unwrap_or_default());
            out.push_str(FORGOTTEN);
            rest = rest.get(end..).unwrap_or_default();
        }
        if out.is_empty() {
            return None;
        }
        out.push_str(rest);
        Some(out)
    }

    fn first_in(&self, text: &str) -> Option<(usize, usize)> {
        if self.names.iter().all(|name| text.len() < name.len()) {
            return None;
        }
        let small = text.to_ascii_lowercase();
        let found = self.names.iter().filter_map(|name| word_in(&small, name));
        found.min_by_key(|(start, end)| (*start, usize::MAX - end))
    }
}

fn word_in(text: &str, name: &str) -> Option<(usize, usize)> {
    let found = text.match_indices(name).map(|(start, _)| (start, start + name.len()));
    found.into_iter().find(|&(start, end)| {
        let before = text.get(..start).unwrap_or_default().chars().rev();
        let after = text.get(end..).unwrap_or_default().chars();
        !goes_on(before) && !goes_on(after)
    })
}

/// Whether the word goes on: signs belong to it if there is a letter behind them.
fn goes_on(mut letters: impl Iterator<Item = char>) -> bool {
    match letters.next() {
        Some('.' | '-' | '@' | '_' | '%') => letters.next().is_some_and(char::is_alphanumeric),
        Some(letter) => letter.is_alphanumeric(),
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(name: &str, text: &str, expected: &str) {
        let mention = Mention::of([name.to_owned()]);
        assert_eq!(mention.removed_from(text).as_deref().unwrap_or("-"), expected, "{text}");
        assert_eq!(mention.is_in(text), expected != "-");
    }

    #[test]
    fn a_name_is_found_as_a_word_and_in_no_other() {
        check("ann", "ann", "(forgotten)");
        check(
            "ann",
            "Ann, /users/ANN/orders?by=ann.",
            "(forgotten), /users/(forgotten)/orders?by=(forgotten).",
        );
        check("ann", "joanna anna ann-2 ann@example.com ann_b x.ann", "-");
        check(
            "192.0.2.1",
            "from 192.0.2.1, 192.0.2.10 and 192.0.2.1.",
            "from (forgotten), 192.0.2.10 and (forgotten).",
        );
        check("192.0.2.1", "5.192.0.2.1 192.0.2.1.7", "-");
        check("ann@example.com", "u=ann%40example.com&x", "u=(forgotten)&x");
        check("Ann Lee", "q=ann+lee q=ann%20lee", "q=(forgotten) q=(forgotten)");
        check("k_abc", "k_abcd", "-");
        check("münch", "é münch é", "é (forgotten) é");
    }

    #[test]
    fn the_longest_of_several_names_goes() {
        let mention = Mention::of(["ann".to_owned(), "ann lee".to_owned(), "  ".to_owned()]);
        assert_eq!(mention.removed_from("ann lee").as_deref(), Some("(forgotten)"));
        assert!(Mention::of(["ab".to_owned()]).is_empty());
    }

    proptest::proptest! {
        #[test]
        fn what_was_removed_is_not_found_again(
            name in "[a-z0-9@.]{3,6}", before in "[a-zA-Z0-9@. /é-]{0,9}", after in "[a-z0-9@. %é-]{0,9}",
        ) {
            let mention = Mention::of([name.clone()]);
            let text = format!("{before}{name}{after}{name}");
            if let Some(clean) = mention.removed_from(&text) {
                proptest::prop_assert!(!mention.is_in(&clean), "{text} {clean}");
            }
            let alone = format!("{before} {name} {after}");
            proptest::prop_assert!(mention.is_in(&alone), "{alone}");
        }
    }
}
