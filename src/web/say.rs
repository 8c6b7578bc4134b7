//! A person's word about an incident, from a form of the page or from the API.

use std::sync::Arc;

use axum::extract::{Extension, Path, State};
use axum::response::{IntoResponse, Response};

use super::WebState;
use super::access::{Posted, Visitor};
use super::errand::{Because, Errand, Refused, Word};
use super::text::{clean, cut};
use crate::engine::Judgement;
use crate::incident::Incident;
use crate::model::{Millis, Timestamp};

/// What can be said, as it stands in addresses.
pub(super) const ACTIONS: [&str; 6] =
    ["acknowledge", "confirm", "expected", "false-positive", "mute", "resolve"];

const REASON_CHARS_MAX: usize = 500;
const MUTE_MAX: Millis = Millis::days(366);

/// How long a form may ask for silence.
pub(super) const MUTES: [(&str, &str, Millis); 7] = [
    ("1h", "1 hour", Millis::hours(1)),
    ("4h", "4 hours", Millis::hours(4)),
    ("12h", "12 hours", Millis::hours(12)),
    ("1d", "1 day", Millis::days(1)),
    ("3d", "3 days", Millis::days(3)),
    ("7d", "7 days", Millis::days(7)),
    ("30d", "30 days", Millis::days(30)),
];

/// From a form. Done, the browser is sent back to the incident.
pub(super) async fn posted(
    State(state): State<Arc<WebState>>,
    Path((id, action)): Path<(String, String)>,
    Extension(visitor): Extension<Visitor>,
    Posted(fields): Posted,
) -> Response {
    let text = |name: &str| fields.get(name).map_or("", String::as_str);
    let now = state.fresh().now;
    let length = MUTES.iter().find(|(name, _, _)| *name == text("for"));
    let until = length.map(|(_, _, length)| now.plus(*length));
    let said = match judgement(&action, (now, until), text("reason")) {
        Ok(judgement) => say(&state, &visitor, (&id, judgement, text("reason"))).await,
        Err(refused) => Err(refused),
    };
    match said {
        Ok(incident) => {
            let to = format!("/incidents/{}?said={action}#act", incident.id);
            super::access::moved(&to, None)
        }
        Err(refused) => match refused.because {
            Because::Missing => super::pages::missing(&state, visitor),
            Because::Conflict | Because::Busy | Because::Failed => {
                let page = super::pages::incident_with(
                    &state,
                    visitor,
                    (&id, Some(refused.message.clone())),
                );
                (refused.status(), page.await).into_response()
            }
        },
    }
}

/// What an action's name means, if it can be said so.
pub(super) fn judgement(
    action: &str,
    (now, until): (Timestamp, Option<Timestamp>),
    reason: &str,
) -> Result<Judgement, Refused> {
    let conflict = |text: &str| Refused::new(Because::Conflict, text);
    Ok(match action {
        "acknowledge" => Judgement::Acknowledged,
        "confirm" => Judgement::Confirmed,
        "expected" => Judgement::Expected,
        "false-positive" => Judgement::FalseAlarm,
        "resolve" => Judgement::Resolved,
        "mute" => {
            let until = until.filter(|until| now < *until && until.since(now) <= MUTE_MAX);
            let until = until
                .ok_or_else(|| conflict("a mute needs an end that is to come, within 366 days"))?;
            if clean(reason).trim().is_empty() {
                return Err(conflict("a mute needs a reason, for whoever looks at it later"));
            }
            Judgement::Muted { until }
        }
        _ => return Err(Refused::new(Because::Missing, "nothing of that name can be said")),
    })
}

/// Tells the daemon, and waits until it holds.
pub(super) async fn say(
    state: &WebState,
    visitor: &Visitor,
    (id, judgement, reason): (&str, Judgement, &str),
) -> Result<Incident, Refused> {
    let from = match visitor.address.as_str() {
        "" => visitor.way.name().to_owned(),
        address => format!("{address}, {}", visitor.way.name()),
    };
    let word = Word {
        incident: id.to_owned(),
        judgement,
        reason: cut(clean(reason).trim(), REASON_CHARS_MAX),
        by: visitor.called().to_owned(),
        from,
    };
    state.errands.ask(|done| Errand::Say { word, done }).await
}

/// What the page says after it was done.
pub(super) fn told(action: &str) -> Option<&'static str> {
    Some(match action {
        "acknowledge" => "Acknowledged. Whoever was told of it is told that you look into it.",
        "confirm" => "Confirmed. Alarms of this kind come a little sooner from now on.",
        "expected" => "Taken as expected. What the key did is learned as usual.",
        "false-positive" => "Taken as a false alarm. Alarms come a little later from now on.",
        "mute" => "Muted. Nobody is told more about it until then.",
        "resolve" => "Resolved. It opens again if it gets worse.",
        _ => return None,
    })
}

/// Whether it tells of something that was done.
pub(super) fn is_told(message: &str) -> bool {
    ACTIONS.into_iter().filter_map(told).any(|told| told == message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_action_has_its_judgement_and_its_words() {
        let now = Timestamp(0);
        for action in ACTIONS {
            assert!(judgement(action, (now, Some(Timestamp(1))), "why").is_ok(), "{action}");
            assert!(told(action).is_some(), "{action}");
        }
        assert_eq!(judgement("delete", (now, None), "").unwrap_err().because, Because::Missing);
        assert_eq!(told("<script>"), None);
    }

    #[test]
    fn a_mute_needs_a_reason_and_an_end_to_come() {
        let mute = |until: Option<i64>, reason: &str| {
            judgement("mute", (Timestamp(10), until.map(Timestamp)), reason).is_ok()
        };
        assert!(mute(Some(11), "planned"));
        assert!(!mute(Some(10), "planned"));
        assert!(!mute(None, "planned"));
        assert!(!mute(Some(11), " \u{202e}"));
        assert!(!mute(Some(MUTE_MAX.0 + 11), "planned"));
    }
}
