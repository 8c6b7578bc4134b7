//! A person's word about an incident, to the engine that runs or to the state that one left.

use std::path::Path;
use std::sync::Arc;

use serde_json::{Value, json};

use super::Desk;
use super::answer::find;
use super::noted::ourselves;
use super::wire::{Because, Question, Refusal};
use crate::app::diary::COMMAND_LINE;
use crate::app::hearing::Hearing;
use crate::app::job::JobError;
use crate::app::look::{self, look};
use crate::app::orders::Change;
use crate::config::Config;
use crate::engine::{Judgement, Verdict};
use crate::incident::{Incident, State};
use crate::model::Timestamp;
use crate::store::Entry;
use crate::web::incident_json;

/// Reasons are cut to this.
const REASON_CHARS_MAX: usize = 500;

const NAME_CHARS_MAX: usize = 100;

impl Desk {
    /// The incident as it stands once the word is on the disk.
    pub(super) async fn hear(&self, question: Question) -> Result<Value, Refusal> {
        self.hearing.hear(question, COMMAND_LINE).await.map(|it| told(&it))
    }
}

impl Hearing {
    /// The incident as it stands once the word is on the disk.
    pub(in crate::app) async fn hear(
        &self,
        question: Question,
        from: &str,
    ) -> Result<Incident, Refusal> {
        let (view, store) = (self.page.fresh(), self.store.clone());
        let now = view.now;
        let found = tokio::task::spawn_blocking(move || {
            let known = |id: &str| find(id, &view, store.as_ref());
            verdict(question, now, known)
        });
        let verdict = found.await.map_err(|panic| failed(&panic))??;
        let id = format!("{:#}", verdict.incident);
        let entry = entry_of(&verdict, from);
        let given = self.orders.give(vec![Change::Verdict(verdict)]).await;
        given.map_err(|error| failed(&error))?;
        let (view, store) = (Arc::clone(&self.page.view.borrow()), self.store.clone());
        let after = tokio::task::spawn_blocking(move || {
            let noted = store.as_ref().map_or(Ok(()), |store| store.journal_add(vec![entry]));
            noted.map_err(|error| failed(&error))?;
            find(&id, &view, store.as_ref())
        });
        after.await.map_err(|panic| failed(&panic))?
    }
}

/// The same while no daemon runs: the word is journalled, and the next start knows it.
pub fn say_at_rest(
    config: &Config,
    state: &Path,
    question: Question,
) -> Result<Result<Value, Refusal>, JobError> {
    let resting = look(config, state)?;
    let known = |id: &str| find(id, &resting.view, Some(&resting.store));
    let question = match question {
        Question::Verdict { id, judgement, reason, .. } => {
            let by = ourselves().who;
            Question::Verdict { id, judgement, reason, by }
        }
        other @ (Question::Status
        | Question::Keys
        | Question::ThirdParties
        | Question::Roles { .. }
        | Question::Incidents { .. }
        | Question::Incident { .. }
        | Question::Query { .. }
        | Question::Token(_)
        | Question::Report { .. }
        | Question::Journal(_)
        | Question::Forget { .. }
        | Question::Export { .. }
        | Question::Reload) => other,
    };
    let verdict = match verdict(question, crate::app::now(), known) {
        Ok(verdict) => verdict,
        Err(refusal) => return Ok(Err(refusal)),
    };
    let id = format!("{:#}", verdict.incident);
    let entry = entry_of(&verdict, COMMAND_LINE);
    look::hear(config, &resting, verdict)?;
    resting.store.journal_add(vec![entry])?;
    Ok(find(&id, &resting.view, Some(&resting.store)).map(|it| told(&it)))
}

/// What is asked, if it makes sense of the incident as it stands.
fn verdict(
    question: Question,
    at: Timestamp,
    known: impl Fn(&str) -> Result<Incident, Refusal>,
) -> Result<Verdict, Refusal> {
    let Question::Verdict { id, judgement, reason, by } = question else {
        return Err(Refusal::new(Because::NotUnderstood, "this is no word about an incident"));
    };
    let incident = known(&id)?;
    let refuse = |message: String| Err(Refusal::new(Because::Over, message));
    if let Some(other) = incident.merged_into {
        return refuse(format!("{} is part of {other} now", incident.id));
    }
    let needs_life = match judgement {
        Judgement::Acknowledged | Judgement::Muted { .. } | Judgement::Resolved => true,
        Judgement::Confirmed | Judgement::FalseAlarm | Judgement::Expected => false,
    };
    if needs_life && incident.state == State::Resolved {
        return refuse(format!("{} is over already", incident.id));
    }
    let cut = |text: &str, most| text.chars().take(most).collect::<String>();
    Ok(Verdict {
        incident: incident.id,
        at,
        by: cut(&by, NAME_CHARS_MAX),
        judgement,
        reason: cut(&reason, REASON_CHARS_MAX),
    })
}

fn told(incident: &Incident) -> Value {
    json!({ "incident": incident_json(incident) })
}

fn entry_of(verdict: &Verdict, from: &str) -> Entry {
    Entry {
        at: crate::app::now(),
        who: verdict.by.clone(),
        from: from.to_owned(),
        what: verdict.judgement.name().to_owned(),
        about: verdict.incident.to_string(),
        reason: verdict.reason.clone(),
        ..Entry::default()
    }
}

fn failed(error: &dyn std::fmt::Display) -> Refusal {
    Refusal::new(Because::Failed, error.to_string())
}
