//! Kinds of finding that are turned off or made quieter.

use super::history::{history, inputs_of};
use crate::detect::Loudness;
use crate::engine::{Action, Engine, Settings};

/// The kinds of all findings with the highest score of each, and the findings not told.
fn played(set: &[(&str, Loudness)]) -> (Vec<(String, f64)>, u64) {
    let mut settings = Settings::default();
    for (kind, loudness) in set {
        settings.kinds.set((*kind).to_owned(), *loudness);
    }
    let mut engine = Engine::new(settings);
    let mut kinds: Vec<(String, f64)> = Vec::new();
    let inputs = inputs_of(&history(1), 700);
    for action in inputs.iter().flat_map(|input| engine.step(input)) {
        let Action::Incident(incident) = action else { continue };
        for finding in &incident.findings {
            match kinds.iter_mut().find(|(kind, _)| *kind == finding.kind) {
                Some((_, score)) => *score = score.max(finding.score),
                None => kinds.push((finding.kind.clone(), finding.score)),
            }
        }
    }
    (kinds, engine.overview().kinds_off.1)
}

fn score_of(kinds: &[(String, f64)], wanted: &str) -> Option<f64> {
    kinds.iter().find(|(kind, _)| kind == wanted).map(|(_, score)| *score)
}

#[test]
fn what_is_off_is_not_told_but_counted() {
    let (usual, none) = played(&[]);
    assert!(score_of(&usual, "scanning").is_some() && none == 0, "{usual:?}");
    let (kinds, not_told) = played(&[("scanning", Loudness::Off), ("failures", Loudness::Off)]);
    assert_eq!((score_of(&kinds, "scanning"), score_of(&kinds, "failures")), (None, None));
    assert!(0 < not_told);
    assert!(score_of(&kinds, "brute_force").is_some(), "{kinds:?}");
}

#[test]
fn what_is_quieter_scores_less() {
    let (usual, _) = played(&[]);
    let (quiet, _) = played(&[("failures", Loudness::Quieter)]);
    let (loud, _) = played(&[("failures", Loudness::Louder)]);
    let of = |kinds| score_of(kinds, "failures").unwrap_or_default();
    assert!(of(&quiet) + 0.5 < of(&usual) && of(&usual) + 0.5 < of(&loud), "{usual:?}");
}
