//! The verdict as a sentence, with the next step and where to go.

use super::parts::{clock_of, entity_name, keys_of_day, requests_of_day, seconds};
use super::text::{about, clean, count, cut, span};
use super::verdict::is_far_behind;
use super::view::{Reading, View};
use super::{Verdict, verdict};
use crate::incident::{Incident, words};
use crate::model::{Millis, Severity};

/// The answer to "is anything wrong, and what do I do next".
pub(super) struct Headline {
    pub verdict: &'static str,
    /// The tint and the icon: a severity for incidents.
    pub tone: &'static str,
    pub sentence: String,
    pub next: String,
    /// Where there are several: what is wrong, each with what to do.
    pub wrong: Vec<String>,
    pub command: Option<String>,
    pub button: Option<(String, String)>,
}

pub(super) fn headline(view: &View) -> Headline {
    let verdict = verdict(view);
    let empty = Headline {
        verdict: verdict.name(),
        tone: verdict.name(),
        sentence: String::new(),
        next: String::new(),
        wrong: Vec::new(),
        command: None,
        button: None,
    };
    match verdict {
        Verdict::Blind => blind(view, empty),
        Verdict::Degraded => degraded(view, empty),
        Verdict::Alert | Verdict::Warn => unwell(view, empty),
        Verdict::Learning => learning(view, empty),
        Verdict::Ok => all_clear(view, empty),
    }
}

fn blind(view: &View, empty: Headline) -> Headline {
    if view.sources.is_empty() {
        return Headline {
            sentence: "Nothing is being watched: no log file is given.".to_owned(),
            next: "let it find the logs of this machine and write its configuration:".to_owned(),
            command: Some("sudo keyvigil init".to_owned()),
            ..empty
        };
    }
    let problem = view.sources.iter().find_map(|source| source.problem.as_deref());
    let (next, command) = problem.map_or_else(
        || {
            let path = view.sources.first().map(|one| format!("ls -l '{}'", clean(&one.path)));
            ("check that the file exists and may be read:".to_owned(), path)
        },
        with_command,
    );
    Headline {
        sentence: match view.sources.as_slice() {
            [only] => format!("Blind: {} cannot be read.", clean(&only.path)),
            all => format!("Blind: none of {} log files can be read.", all.len()),
        },
        next,
        command,
        button: Some(("/health".to_owned(), "See the sources".to_owned())),
        ..empty
    }
}

/// A command between backticks stands apart, to be copied.
fn with_command(problem: &str) -> (String, Option<String>) {
    let problem = clean(problem);
    let mut parts = problem.splitn(3, '`');
    match (parts.next(), parts.next(), parts.next()) {
        (Some(before), Some(command), Some(after)) => {
            let words = format!("{}{after}", before.trim_end());
            (words, Some(command.to_owned()))
        }
        _ => (problem, None),
    }
}

/// What does not work as it should, each with what to do.
pub(super) fn problems(view: &View) -> Vec<String> {
    let unreadable = view.sources_in(&[Reading::Unreadable, Reading::Missing]);
    let mut reasons: Vec<String> = Vec::new();
    if 0 < unreadable {
        let mut bad = view.sources.iter().filter(|source| !source.state.is_readable());
        let path = bad.clone().next().map_or_else(String::new, |source| clean(&source.path));
        let mend = bad.find_map(|source| source.problem.clone());
        reasons.push(format!(
            "{unreadable} of {} log files cannot be read: {}",
            view.sources.len(),
            mend.unwrap_or(path)
        ));
    }
    if is_far_behind(view) {
        let lag = view.lag_seconds.map_or_else(String::new, |lag| span(seconds(lag)));
        reasons.push(format!("catching up: what is judged now happened {lag} ago"));
    }
    reasons.extend(view.degraded.iter().cloned());
    reasons
}

fn degraded(view: &View, empty: Headline) -> Headline {
    let reasons = problems(view);
    let open = view.open();
    let mut sentence = match reasons.len() {
        1 => "Degraded: one thing does not work as it should.".to_owned(),
        many => format!("Degraded: {many} things do not work as they should."),
    };
    if let Some(worst) = open.first() {
        let counted = count(open.len(), "open incident", "open incidents");
        sentence = format!("{sentence} {counted}, the worst {}.", worst.severity.name());
    }
    let button = match open.first() {
        Some(worst) => review(worst),
        None => ("/health".to_owned(), "See what is wrong".to_owned()),
    };
    let (next, wrong) = match reasons.as_slice() {
        [only] => (clean(only), Vec::new()),
        several => {
            let next = "mend these; until then some of what is shown may be old:".to_owned();
            (next, several.iter().map(|reason| super::overview::capital(&clean(reason))).collect())
        }
    };
    Headline { sentence, next, wrong, button: Some(button), ..empty }
}

fn unwell(view: &View, empty: Headline) -> Headline {
    let open = view.open();
    let Some(worst) = open.first() else {
        return stale_only(view, empty);
    };
    let counts: Vec<String> = [Severity::Critical, Severity::High, Severity::Medium, Severity::Low]
        .into_iter()
        .map(|severity| (view.open_count(severity), severity.name()))
        .filter(|(count, _)| 0 < *count)
        .map(|(count, name)| format!("{count} {name}"))
        .collect();
    let oldest = open.iter().map(|incident| incident.since).min().unwrap_or(view.now);
    Headline {
        tone: worst.severity.name(),
        sentence: format!(
            "{}: {}. Oldest: {}.",
            count(open.len(), "open incident", "open incidents"),
            counts.join(", "),
            clock_of(view).ago(oldest)
        ),
        next: next_step(worst),
        button: Some(review(worst)),
        ..empty
    }
}

fn stale_only(view: &View, empty: Headline) -> Headline {
    let next = view.stale_open().first().map(|worst| {
        let texts = [worst.because.as_str(), &worst.next].map(|text| cut(&clean(text), 200));
        format!("{}: {}", cut(&clean(&worst.key), 48), texts.join("; "))
    });
    Headline {
        sentence: format!(
            "No open incident. {}.",
            count(view.stale_keys(), "key is stale", "keys are stale")
        ),
        next: next.unwrap_or_default(),
        button: Some(("/keys?state=stale".to_owned(), "See stale keys".to_owned())),
        ..empty
    }
}

fn learning(view: &View, empty: Headline) -> Headline {
    if view.events == 0 {
        return Headline {
            sentence: "Waiting for the first event.".to_owned(),
            next: format!(
                "the {} open, but no line has been read as a request yet. If there is traffic, \
                 look whether the format fits:",
                if view.sources.len() == 1 { "log file is" } else { "log files are" }
            ),
            command: view
                .sources
                .first()
                .map(|source| format!("keyvigil parse '{}' | head", clean(&source.path))),
            button: Some(("/health".to_owned(), "See the sources".to_owned())),
            ..empty
        };
    }
    Headline {
        sentence: format!(
            "Learning what is usual: {} of {} ready after {}\u{202f}h.",
            view.learning.keys_ready,
            count(usize::try_from(view.learning.keys).unwrap_or(usize::MAX), "key", "keys"),
            view.hours.len()
        ),
        next: "nothing to do. Rules hold from the first second: use of revoked, retired, expired \
               and canary keys is reported while the rest is learned."
            .to_owned(),
        ..empty
    }
}

fn all_clear(view: &View, empty: Headline) -> Headline {
    let day = Millis::hours(24);
    let (requests, keys) = (requests_of_day(view), keys_of_day(view));
    let resolved = view
        .incidents
        .iter()
        .filter(|incident| !incident.below && view.now.back(day) <= incident.opened)
        .count();
    let first = if resolved == 0 {
        "Nothing unusual in 24\u{202f}h.".to_owned()
    } else {
        format!(
            "No open incident. {} in 24\u{202f}h.",
            count(resolved, "was resolved", "were resolved")
        )
    };
    Headline {
        sentence: format!(
            "{first} {}, {} requests checked.",
            count(keys, "key", "keys"),
            about(requests)
        ),
        next: "nothing to do.".to_owned(),
        ..empty
    }
}

fn review(incident: &Incident) -> (String, String) {
    (format!("/incidents/{}", incident.id), format!("Review {} incident", incident.severity.name()))
}

fn next_step(incident: &Incident) -> String {
    let step = words(&incident.kind).and_then(|words| words.next_steps.first().copied());
    let step = step.unwrap_or("look at the evidence and ask the owner whether this was planned");
    let whom = entity_name(incident);
    let owner = cut(&clean(&incident.owner), 60);
    if owner.is_empty() { format!("{whom}: {step}") } else { format!("{whom} ({owner}): {step}") }
}

#[cfg(test)]
mod tests {
    use super::super::sample;
    use super::*;

    #[test]
    fn each_state_says_what_it_is_and_what_to_do() {
        for (view, sentence, next) in [
            (View::default(), "Nothing is being watched", "let it find the logs"),
            (sample::blind(), "Blind: none of 3 log files can be read.", "permission denied: run"),
            (sample::degraded(), "Degraded: 2 things", "mend these"),
            (sample::catching_up(), "Degraded: one thing", "catching up: what is judged now"),
            (sample::alert(), "3 open incidents: 1 high, 1 medium, 1 low.", "erp-bridge (payments"),
            (sample::stale_only(), "No open incident. 5 keys are stale.", "legacy-import: never"),
            (sample::waiting(), "Waiting for the first event.", "the log file is open"),
            (sample::learning(), "Learning what is usual: 0 of 40 keys", "nothing to do"),
            (sample::calm(), "Nothing unusual in 24\u{202f}h. 37 keys", "nothing to do"),
        ] {
            let headline = headline(&view);
            assert!(headline.sentence.starts_with(sentence), "{}", headline.sentence);
            assert!(headline.next.starts_with(next), "{}", headline.next);
        }
    }

    #[test]
    fn a_command_in_a_problem_stands_apart() {
        let (words, command) = with_command("permission denied: run `chmod o+r a.log`");
        assert_eq!(
            (words.as_str(), command.as_deref()),
            ("permission denied: run", Some("chmod o+r a.log"))
        );
        assert_eq!(with_command("no such file"), ("no such file".to_owned(), None));
    }
}
