//! What is answered to a question: the same from a running daemon and from a store at rest.

use std::ops::RangeInclusive;

use serde_json::{Value, json};

use super::wire::{Because, JournalAsk, Question, Refusal, Which};
use crate::config::Config;
use crate::identity::Mode;
use crate::incident::{Incident, IncidentId, State};
use crate::model::{Millis, Timestamp};
use crate::report;
use crate::store::{Shown, Store, StoreError};
use crate::web::{View, incident_json, incidents_json, keys_json, status_json, third_parties_json};

/// How long those that are over are listed when nothing else is asked for.
const RECENT: Millis = Millis::days(7);

/// Ids of one beginning that are named.
const NAMED_MAX: usize = 5;

/// Where no requests are kept, nobody is to think that there were none.
pub fn answerable(
    question: &Question,
    config: &Config,
    store: Option<&Store>,
) -> Result<(), Refusal> {
    let keeps_none = config.privacy.mode == Mode::ZeroRetention;
    if keeps_none && asks_for_events(question) && !has_events(store) {
        let message = "no requests are stored: [privacy] mode is zero_retention; what there is \
                       stands in the tables incidents, stale and keys";
        return Err(Refusal::new(Because::Failed, message));
    }
    Ok(())
}

/// What to think of an empty answer where the configuration is not known.
pub fn note_on_emptiness(question: &Question, store: &Store) -> Option<&'static str> {
    (asks_for_events(question) && !has_events(Some(store))).then_some(
        "no requests are stored here: none was read yet, all became too old, or [privacy] mode is \
         zero_retention",
    )
}

fn asks_for_events(question: &Question) -> bool {
    matches!(question, Question::Query { sql } if sql.to_ascii_lowercase().contains("events"))
}

fn has_events(store: Option<&Store>) -> bool {
    store.is_some_and(|store| 0 < store.event_count())
}

/// `store` knows every incident there was; the view those that matter now.
pub fn answer(question: &Question, view: &View, store: Option<&Store>) -> Result<Value, Refusal> {
    match question {
        Question::Status => Ok(status_json(view)),
        Question::Keys => Ok(keys_json(view)),
        Question::ThirdParties => Ok(third_parties_json(view)),
        Question::Roles { days } => roles(store, *days),
        Question::Incidents { which, since } => {
            let listed = |it: &Incident| which.lists(it, *since, view.now);
            let mut view = view.clone();
            let mut incidents = known(&view, store)?;
            incidents.retain(listed);
            view.incidents = incidents.into();
            Ok(incidents_json(&view))
        }
        Question::Incident { id } => {
            let incident = find(id, view, store)?;
            Ok(json!({ "incident": incident_json(&incident) }))
        }
        Question::Journal(ask) => journal(store, ask),
        Question::Query { .. }
        | Question::Report { .. }
        | Question::Verdict { .. }
        | Question::Token(_)
        | Question::Forget { .. }
        | Question::Export { .. }
        | Question::Reload => {
            Err(Refusal::new(Because::NotUnderstood, "this has no answer of one line"))
        }
    }
}

fn roles(store: Option<&Store>, days: i64) -> Result<Value, Refusal> {
    let failed = |error: &dyn std::fmt::Display| Refusal::new(Because::Failed, error.to_string());
    let store = store.ok_or_else(|| failed(&"this keyvigil stores no events (run --state DIR)"))?;
    let suggested = report::roles(store, days).map_err(|error| failed(&error))?;
    serde_json::to_value(suggested).map_err(|error| failed(&error))
}

/// Also of a store whose engine's state cannot be read.
pub fn journal(store: Option<&Store>, ask: &JournalAsk) -> Result<Value, Refusal> {
    let nothing = "this keyvigil keeps nothing, so that it has no journal; run it with --state or a \
                   configuration";
    let store = store.ok_or_else(|| Refusal::new(Because::Failed, nothing))?;
    let value = match ask {
        JournalAsk::Verify { heads } => {
            serde_json::to_value(store.journal_check(heads).map_err(|error| failed(&error))?)
        }
        JournalAsk::List { before, limit } => {
            let entries = store.journal(*before, usize::try_from(*limit).unwrap_or(usize::MAX));
            serde_json::to_value(entries.map_err(|error| failed(&error))?)
        }
    };
    value.map_err(|error| Refusal::new(Because::Failed, error.to_string()))
}

impl Which {
    fn lists(self, incident: &Incident, since: Option<Timestamp>, now: Timestamp) -> bool {
        let is_shown = !incident.below && incident.merged_into.is_none();
        let is_open = is_shown && incident.is_open();
        let since = since.or_else(|| (self == Self::Recent).then(|| now.back(RECENT)));
        let is_late = since.is_none_or(|since| since <= incident.last_seen);
        match self {
            Self::Open => is_open && incident.state != State::Muted && is_late,
            Self::Recent => is_shown && (is_late || is_open),
            Self::All => is_late,
        }
    }
}

/// The incident that an id, or the beginning of one, stands for.
pub(in crate::app) fn find(
    id: &str,
    view: &View,
    store: Option<&Store>,
) -> Result<Incident, Refusal> {
    let wrong = |error: &dyn std::fmt::Display| Refusal::new(Because::NotFound, error.to_string());
    let range = IncidentId::range_of(id).map_err(|error| wrong(&error))?;
    let among = match store {
        Some(store) => store.incidents_among(&range).map_err(|error| failed(&error))?,
        None => view.incidents.iter().filter(|it| range.contains(&it.id)).cloned().collect(),
    };
    one(&among, &range)
}

fn known(view: &View, store: Option<&Store>) -> Result<Vec<Incident>, Refusal> {
    store.map_or_else(
        || Ok(view.incidents.to_vec()),
        |store| store.incidents(Shown::All).map_err(|error| failed(&error)),
    )
}

fn one(among: &[Incident], range: &RangeInclusive<IncidentId>) -> Result<Incident, Refusal> {
    let wrong = |message| Refusal::new(Because::NotFound, message);
    match among {
        [incident] => Ok(incident.clone()),
        [] => Err(wrong(format!(
            "there is no incident {}; `keyvigil incidents --all` lists those that are known",
            range.start()
        ))),
        several => {
            let ids: Vec<String> =
                several.iter().take(NAMED_MAX).map(|it| format!("{:#}", it.id)).collect();
            Err(wrong(format!("several incidents begin so: {}", ids.join(", "))))
        }
    }
}

pub(super) fn failed(error: &StoreError) -> Refusal {
    Refusal::new(Because::Failed, format!("the store cannot be read: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn incident(id: u64, state: State, seen: i64) -> Incident {
        let last_seen = Timestamp::from_seconds(seen);
        Incident { id: IncidentId(id << 40), state, last_seen, ..Incident::default() }
    }

    fn view() -> View {
        let day = 86_400;
        let incidents = vec![
            incident(0x0a_0001, State::Open, 10 * day),
            incident(0x0a_0002, State::Resolved, 95 * day),
            incident(0x0a_0003, State::Resolved, 50 * day),
            incident(0x0a_0004, State::Muted, 99 * day),
            Incident { below: true, ..incident(0x0a_0005, State::Open, 99 * day) },
        ];
        View {
            now: Timestamp::from_seconds(100 * day),
            incidents: incidents.into(),
            ..View::default()
        }
    }

    fn ids(which: Which, since: Option<i64>) -> Vec<u64> {
        let since = since.map(|day| Timestamp::from_seconds(day * 86_400));
        let question = Question::Incidents { which, since };
        let answer = answer(&question, &view(), None).unwrap();
        let list = answer["incidents"].as_array().unwrap();
        let number = |it: &Value| {
            u64::from_str_radix(it["id"].as_str().unwrap().strip_prefix("INC-0a000").unwrap(), 16)
        };
        let mut ids: Vec<u64> = list.iter().map(|it| number(it).unwrap()).collect();
        ids.sort_unstable();
        ids
    }

    #[test]
    fn open_ones_are_listed_however_old_and_those_that_are_over_for_a_week() {
        assert_eq!(ids(Which::Recent, None), [1, 2, 4]);
        assert_eq!(ids(Which::Recent, Some(40)), [1, 2, 3, 4]);
        assert_eq!(ids(Which::Open, None), [1]);
        assert_eq!(ids(Which::All, None), [1, 2, 3, 4, 5]);
        assert_eq!(ids(Which::All, Some(96)), [4, 5]);
    }

    #[test]
    fn an_id_may_be_shortened_as_far_as_it_is_one() {
        let ask = |id: &str| {
            let question = Question::Incident { id: id.to_owned() };
            answer(&question, &view(), None)
        };
        assert_eq!(ask("INC-0a0001").unwrap()["incident"]["id"], "INC-0a0001");
        assert!(ask("0a0001").is_ok());
        let refused = ask("INC-0b0000").unwrap_err();
        assert!(refused.message.contains("no incident INC-0b0000"), "{refused}");
        let refused = ask("\u{1b}[2J").unwrap_err();
        assert!(!refused.message.contains('\u{1b}'), "{refused}");
    }
}
