//! Why an incident was raised: of each reason what was seen, what is usual, and how rare that is.

use super::overview::{because, capital};
use super::text::{Clock, about, clean};
use crate::incident::{Contribution, Incident, words};
use crate::model::Class;

pub(super) struct Reason {
    pub title: String,
    pub at: String,
    pub seen: String,
    pub usual: String,
    pub rare: String,
    /// Of a rule there is none.
    pub score: Option<String>,
    /// Of the longest bar.
    pub width: f64,
}

/// From here on it is a rule.
const RULE: f64 = 99.0;

/// The strongest first.
pub(super) fn reasons(incident: &Incident, clock: &Clock) -> Vec<Reason> {
    let mut findings: Vec<&Contribution> = incident.findings.iter().collect();
    findings.sort_by(|a, b| b.score.total_cmp(&a.score));
    let scores = findings.iter().map(|one| one.score).filter(|score| *score < RULE);
    let highest = scores.fold(1.0, f64::max);
    findings.into_iter().map(|one| reason(one, highest, clock)).collect()
}

fn reason(one: &Contribution, highest: f64, clock: &Clock) -> Reason {
    let said = because(&one.because);
    let (seen, usual, more) = parts(&said);
    let is_rule = RULE <= one.score || one.class == Class::Policy;
    let odds = if is_rule { "a rule forbids it".to_owned() } else { odds(one.score) };
    Reason {
        title: words(&one.kind).map_or_else(
            || capital(&clean(&one.kind).replace('_', " ")),
            |words| capital(words.title),
        ),
        at: clock.when(one.at),
        seen: capital(seen),
        usual: capital(usual),
        rare: if more.is_empty() { capital(&odds) } else { format!("{}; {more}", capital(&odds)) },
        score: (!is_rule).then(|| format!("{:.1}", one.score)),
        width: (one.score / highest * 100.0).clamp(2.0, 100.0).round(),
    }
}

/// What was seen, what is usual, and what else is told of how rare it is: findings are worded so,
/// by all detectors.
fn parts(said: &str) -> (&str, &str, &str) {
    let (head, tail) = said.split_once("; ").unwrap_or((said, ""));
    let is_more = ["the most", "none of", "one of"].iter().any(|start| tail.starts_with(start))
        || tail.contains(" other keys ");
    let (usual, more) = if is_more { ("", tail) } else { (tail, "") };
    if !usual.is_empty() {
        return (head, usual, more);
    }
    let is_usual = |text: &str| {
        ["usual", "expected", "before", "as a rule"].iter().any(|word| text.contains(word))
    };
    match head.rsplit_once(", ") {
        Some((seen, usual)) if is_usual(usual) => (seen, usual, more),
        Some(_) | None => (head, usual, more),
    }
}

/// A score is the decimal logarithm of how rarely chance alone does the same.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "two digits of a number below ten thousand millions"
)]
fn odds(score: f64) -> String {
    const SCORE_MAX: f64 = 9.0;
    if SCORE_MAX <= score {
        return "less than 1 in 1.0\u{202f}G by chance".to_owned();
    }
    let times = 10_f64.powf(score.max(0.0));
    let digits = 10_f64.powf(times.log10().floor() - 1.0).max(1.0);
    format!("1 in {} by chance", about(((times / digits).round() * digits) as u64))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::baseline::{Amount, Expected};
    use crate::detect::{Failures, LargeAnswers, SilentKey, TokenBurn, VolumeSpike};
    use crate::model::{Hour, Timestamp};
    use crate::profile::{Counts, Failure};

    #[test]
    fn what_detectors_say_falls_into_what_was_seen_and_what_is_usual() {
        let expected = Expected { mean: 100.0, ..Expected::default() };
        let volume = VolumeSpike::because(1240, 96, (Hour(3), &expected));
        let (seen, usual, more) = parts(&volume);
        assert!(seen.starts_with("1,240 requests"), "{seen}");
        assert!(usual.contains("expected") && more.starts_with("the most"), "{usual} {more}");
        let failures = Failures::because(Failure::Forbidden, (30, 64), (Hour(3), 0.012));
        assert!(parts(&failures).1.ends_with("is usual"), "{failures}");
        let large = LargeAnswers::because(&Counts::default(), Hour(3), 2100.4);
        assert!(parts(&large).1.ends_with("is usual"), "{large}");
        let burn = TokenBurn::because((Amount::Tokens, &Counts::default()), Hour(3), 1400.2);
        assert!(parts(&burn).1.ends_with("are usual"), "{burn}");
        let silent = SilentKey::because(Timestamp(0), 40.0, 5);
        assert!(parts(&silent).1.contains("expected"), "{silent}");
        assert_eq!(parts("used 4 times, revoked on 2026-11-02").1, "");
        assert_eq!(parts("").0, "");
    }

    #[test]
    fn a_score_is_told_as_odds() {
        assert_eq!(odds(0.0), "1 in 1 by chance");
        assert_eq!(odds(3.0), "1 in 1\u{202f}000 by chance");
        assert_eq!(odds(5.2), "1 in 160\u{202f}000 by chance");
        assert_eq!(odds(40.0), "less than 1 in 1.0\u{202f}G by chance");
    }
}
