//! What a Sigma rule says of itself: shown with every incident that it leads to.

use rsigma_parser::{CorrelationRule, Level, SigmaRule};
use serde::{Deserialize, Serialize};

use crate::model::Severity;

/// In the rule's own words, cut to what a page and a mail have room for.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct SigmaNote {
    pub title: String,
    /// Empty if it has none.
    pub id: String,
    /// `high`; empty if it says none.
    pub level: String,
    pub description: String,
    /// ATT&CK techniques, as its tags name them.
    pub attack: Vec<String>,
    pub references: Vec<String>,
    /// What it matches that is no attack.
    pub false_positives: Vec<String>,
}

const TITLE_CHARS_MAX: usize = 160;
const TEXT_CHARS_MAX: usize = 400;
const TEXTS_MAX: usize = 8;

impl SigmaNote {
    pub(super) fn of(rule: &SigmaRule) -> Self {
        let texts = (rule.title.as_str(), rule.id.as_deref(), rule.description.as_deref());
        Self::with(texts, rule.level, [&rule.tags, &rule.references, &rule.falsepositives])
    }

    pub(super) fn of_count(rule: &CorrelationRule) -> Self {
        let texts = (rule.title.as_str(), rule.id.as_deref(), rule.description.as_deref());
        Self::with(texts, rule.level, [&rule.tags, &rule.references, &rule.falsepositives])
    }

    fn with(
        (title, id, description): (&str, Option<&str>, Option<&str>),
        level: Option<Level>,
        [tags, references, false_positives]: [&Vec<String>; 3],
    ) -> Self {
        Self {
            title: cut(title, TITLE_CHARS_MAX),
            id: cut(id.unwrap_or_default(), TITLE_CHARS_MAX),
            level: name_of(level).to_owned(),
            description: cut(description.unwrap_or_default(), TEXT_CHARS_MAX),
            attack: techniques(tags),
            references: few(references),
            false_positives: few(false_positives),
        }
    }

    pub fn severity(&self) -> Severity {
        match self.level.as_str() {
            "critical" => Severity::Critical,
            "high" => Severity::High,
            "low" | "informational" => Severity::Low,
            _ => Severity::Medium,
        }
    }

    /// `rule "Looks for backups" (T1595.003)`.
    pub fn named(&self) -> String {
        let ids = self.attack.join(", ");
        let ids = if ids.is_empty() { ids } else { format!(" ({ids})") };
        format!("rule \"{}\"{ids}", self.title)
    }

    /// What was seen, in a sentence: method, path and status of the request.
    pub fn because(&self, (method, path, status): (&str, &str, u16)) -> String {
        format!("{}: {method} {path} answered with {status}", self.named())
    }
}

const fn name_of(level: Option<Level>) -> &'static str {
    match level {
        Some(Level::Critical) => "critical",
        Some(Level::High) => "high",
        Some(Level::Medium) => "medium",
        Some(Level::Low) => "low",
        Some(Level::Informational) => "informational",
        None => "",
    }
}

/// `attack.t1190` to `T1190`; tactics and all other tags are left out.
fn techniques(tags: &[String]) -> Vec<String> {
    let technique = |tag: &String| {
        let id = tag.get(7..).filter(|_| tag.to_ascii_lowercase().starts_with("attack."))?;
        let number = id.strip_prefix(['t', 'T'])?;
        number.starts_with(|it: char| it.is_ascii_digit()).then(|| cut(&format!("T{number}"), 12))
    };
    tags.iter().filter_map(technique).take(TEXTS_MAX).collect()
}

fn few(texts: &[String]) -> Vec<String> {
    texts.iter().take(TEXTS_MAX).map(|text| cut(text, TEXT_CHARS_MAX)).collect()
}

/// On one line.
fn cut(text: &str, chars_max: usize) -> String {
    let words: Vec<&str> = text.split_whitespace().collect();
    words.join(" ").chars().take(chars_max).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_that_are_no_techniques_are_left_out() {
        let tags = ["attack.T1110.001", "attack.credential-access", "attack.t1190", "cve.2021-1"];
        assert_eq!(techniques(&tags.map(str::to_owned)), ["T1110.001", "T1190"]);
    }

    #[test]
    fn long_texts_are_cut_and_stand_on_one_line() {
        assert_eq!(cut("one\n  two   three", 9), "one two t");
    }

    #[test]
    fn a_rule_without_a_level_is_of_medium_severity() {
        assert_eq!(SigmaNote::default().severity(), Severity::Medium);
    }
}
