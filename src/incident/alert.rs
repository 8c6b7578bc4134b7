//! One line of `alerts.jsonl`: what a program that counts alerts is told.

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use super::{Incident, IncidentId};
use crate::model::{Entity, Severity, Timestamp};

/// Serialized, it is exactly the line that is promised. It is written and not stored:
/// what is absent is left out, so only formats with names can read it again.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Alert {
    /// When it is raised, on the log's own clock.
    #[serde(serialize_with = "write_time", deserialize_with = "read_time")]
    pub time: Timestamp,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ip: Option<String>,
    pub kind: String,
    pub severity: Severity,
    /// Higher is more suspicious, on one scale whatever the kind. Policy is 99.
    pub score: f64,
    #[serde(serialize_with = "write_id", deserialize_with = "read_id")]
    pub incident: IncidentId,
    /// Under the threshold: written only so that the whole curve can be drawn.
    #[serde(default, skip_serializing_if = "is_false")]
    pub below: bool,
}

/// Kinds that are about everyone, whichever keys they name.
const ABOUT_ALL: [&str; 3] = ["key_flood", "fleet_errors", "traffic_shift"];

/// The lines of an incident as it stands: one, or one a key where several keys have no
/// address in common.
pub(super) fn alerts_of(incident: &Incident, at: Timestamp) -> Vec<Alert> {
    let line = |key: Option<&String>, ip: Option<&String>| Alert {
        time: at,
        key: key.cloned(),
        ip: ip.cloned(),
        kind: incident.kind.clone(),
        severity: incident.severity,
        score: rounded(incident.score),
        incident: incident.id,
        below: incident.below,
    };
    let address = incident.addresses.first();
    match &incident.entity {
        Entity::Key(key) => vec![line(Some(key), address)],
        Entity::Address(address) => {
            let only = if incident.keys.len() == 1 { incident.keys.first() } else { None };
            vec![line(only, Some(address))]
        }
        Entity::Route(_) | Entity::App(_) | Entity::Fleet => {
            let named = !incident.keys.is_empty() && !ABOUT_ALL.contains(&incident.kind.as_str());
            match (&incident.entity, incident.main_address()) {
                (Entity::Route(_), Some(common)) => vec![line(None, Some(&common))],
                _ if named => incident.keys.iter().map(|key| line(Some(key), None)).collect(),
                _ => vec![line(None, None)],
            }
        }
    }
}

/// Four digits behind the point are enough, and the same on every machine.
fn rounded(score: f64) -> f64 {
    (score * 10_000.0).round() / 10_000.0
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands out references")]
fn is_false(value: &bool) -> bool {
    !value
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands out references")]
fn write_time<S: Serializer>(time: &Timestamp, out: S) -> Result<S::Ok, S::Error> {
    let time = jiff::Timestamp::from_millisecond(time.0).unwrap_or_default();
    out.collect_str(&time)
}

fn read_time<'de, D: Deserializer<'de>>(input: D) -> Result<Timestamp, D::Error> {
    let text = String::deserialize(input)?;
    let time: jiff::Timestamp = text.parse().map_err(de::Error::custom)?;
    Ok(Timestamp(time.as_millisecond()))
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands out references")]
fn write_id<S: Serializer>(id: &IncidentId, out: S) -> Result<S::Ok, S::Error> {
    out.collect_str(id)
}

fn read_id<'de, D: Deserializer<'de>>(input: D) -> Result<IncidentId, D::Error> {
    String::deserialize(input)?.parse().map_err(de::Error::custom)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn alert() -> Alert {
        Alert {
            time: Timestamp(1_773_712_800_000),
            key: Some("k_alpha".to_owned()),
            ip: None,
            kind: "volume_spike".to_owned(),
            severity: Severity::High,
            score: 7.25,
            incident: IncidentId(0x7f3c_9a00_0000_0000),
            below: false,
        }
    }

    #[test]
    fn a_line_is_as_promised_and_leaves_out_what_is_absent() {
        let line = serde_json::to_string(&alert()).unwrap();
        let expected = r#"{"time":"2026-03-17T02:00:00Z","key":"k_alpha","kind":"volume_spike","severity":"high","score":7.25,"incident":"INC-7f3c9a"}"#;
        assert_eq!(line, expected);
        assert_eq!(serde_json::from_str::<Alert>(&line).unwrap(), alert());
    }

    #[test]
    fn only_a_line_under_the_threshold_says_so() {
        let below = Alert { below: true, ip: Some("192.0.2.1".to_owned()), ..alert() };
        let line = serde_json::to_string(&below).unwrap();
        assert!(line.contains(r#""below":true"#) && line.contains(r#""ip":"192.0.2.1""#));
    }
}
