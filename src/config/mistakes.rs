//! What is wrong in the file, shown where it stands: line, caret, and what was meant.

use std::io;
use std::ops::Range;
use std::path::PathBuf;

use annotate_snippets::{AnnotationKind, Level, Renderer, Snippet};
use thiserror::Error;

#[derive(Debug, Error)]
pub enum ConfigError {
    #[error("cannot read the configuration {path}")]
    Unreadable { path: PathBuf, source: io::Error },
    #[error(transparent)]
    Formats(#[from] super::FormatsError),
    /// Every mistake in the file, ready to be printed.
    #[error("{text}")]
    Wrong { count: usize, text: String },
}

/// One mistake and its place in the text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Mistake {
    pub(super) at: Range<usize>,
    /// What is wrong, for the title.
    pub(super) what: String,
    /// What to write instead, beside the caret.
    pub(super) instead: String,
}

/// The mistakes of the file `name`, in the order in which they stand there.
pub(super) fn error(mut mistakes: Vec<Mistake>, text: &str, name: &str) -> ConfigError {
    mistakes.sort_by_key(|mistake| mistake.at.start);
    let renderer = Renderer::plain();
    let shown: Vec<String> = mistakes
        .iter()
        .map(|mistake| {
            let at = within(&mistake.at, text);
            let place = AnnotationKind::Primary.span(at).label(mistake.instead.as_str());
            let snippet = Snippet::source(text).path(name).annotation(place);
            let report = [Level::ERROR.primary_title(mistake.what.as_str()).element(snippet)];
            renderer.render(&report)
        })
        .collect();
    ConfigError::Wrong { count: mistakes.len(), text: shown.join("\n\n") }
}

/// The range, cut to the text; at its end a caret still has a place.
fn within(range: &Range<usize>, text: &str) -> Range<usize> {
    let end = range.end.min(text.len());
    range.start.min(end)..end
}

/// What was probably meant, if anything among `known` is close enough.
pub(super) fn closest<'a>(typed: &str, known: &[&'a str]) -> Option<&'a str> {
    known
        .iter()
        .map(|name| (strsim::damerau_levenshtein(typed, name), *name))
        .filter(|(distance, name)| *distance <= 1 + name.len() / 4)
        .min()
        .map(|(_, name)| name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_of_the_finger_is_recognised() {
        let known = ["listen", "base_url"];
        assert_eq!(closest("lisen", &known), Some("listen"));
        assert_eq!(closest("baseurl", &known), Some("base_url"));
        assert_eq!(closest("password", &known), None);
    }
}
