//! Why a format cannot be used, with a finger on the place.

use thiserror::Error;

/// A format that cannot be compiled, or was not found. Shown to the person who gave it.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum FormatError {
    #[error("there is no format {name:?}; {advice}")]
    Unknown { name: String, advice: String },
    #[error("format {name:?} needs --log-format with the string from the server's configuration")]
    NeedsLogFormat { name: String },
    #[error("{what}\n  {text}\n  {spaces}^ {advice}", spaces = " ".repeat(*column))]
    Syntax { what: String, text: String, column: usize, advice: String },
    #[error("there is no {name} in the log format; --key-from needs one of its variables")]
    NoSuchVariable { name: String },
    #[error("the format in {file} cannot be used: {what}")]
    File { file: String, what: String },
    #[error("no log_format or LogFormat is described there")]
    NothingDescribed,
    #[error("there is no format {name:?} described; there are {known}")]
    NotDescribed { name: String, known: String },
    #[error("several formats are described, {known}: say which one with log_format_name")]
    SeveralDescribed { known: String },
    #[error("no known format fits these lines; {closest}")]
    NotDetected { closest: String },
    #[error("there is no line to look at; name a log: keyvigil parse access.log")]
    NoSample,
}

impl FormatError {
    /// An error that points at byte `at` of what was pasted. Only that line is shown.
    pub(super) fn at(pasted: &str, at: usize, what: &str, advice: &str) -> Self {
        let before = pasted.get(..at).unwrap_or(pasted);
        let start = before.rfind('\n').map_or(0, |newline| newline + 1);
        let text = pasted.get(start..).unwrap_or("").lines().next().unwrap_or("");
        let column = before.get(start..).unwrap_or("").chars().count();
        Self::Syntax {
            what: what.to_owned(),
            text: text.to_owned(),
            column,
            advice: advice.to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_caret_stands_under_the_place() {
        let error = FormatError::at("a\nb $c$d", 6, "nothing between", "put a space here");
        assert_eq!(error.to_string(), "nothing between\n  b $c$d\n      ^ put a space here");
    }
}
