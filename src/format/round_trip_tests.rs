//! For every format: a record that is written as the format says is read again as it was.

#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "most places and outcomes have no part in these questions"
)]

use proptest::prelude::*;

use super::nginx;
use super::place::Place;
use super::preset::{PLACES, Preset, Rows};
use super::presets::PRESETS;
use super::{FORMATS, Joins, Options, Outcome, Parser, Parts, Turn};
use crate::model::Record;

/// What a request says, in texts that every format can hold.
#[derive(Clone, Debug)]
struct Said {
    seconds: i64,
    last: u8,
    path: String,
    key: String,
    user: String,
    agent: String,
    status: u16,
    bytes: u64,
}

fn said() -> impl Strategy<Value = Said> {
    (
        (0..86_400_i64, 1u8..255, 100u16..600, 1u64..1_000_000_000),
        (
            "/[a-z0-9][a-z0-9/._-]{0,20}",
            "[a-z0-9]{4,20}",
            "[a-z][a-z0-9]{0,8}",
            "[A-Za-z]{2,8}/[0-9.]{1,5}",
        ),
    )
        .prop_map(|((seconds, last, status, bytes), (path, key, user, agent))| Said {
            seconds,
            last,
            path,
            key,
            user,
            agent,
            status,
            bytes,
        })
}

impl Said {
    const DAY: i64 = 1_795_219_200;

    fn clock(&self) -> String {
        let (hours, rest) = (self.seconds / 3600, self.seconds % 3600);
        format!("{hours:02}:{:02}:{:02}", rest / 60, rest % 60)
    }

    fn client(&self) -> String {
        format!("192.0.2.{}", self.last)
    }

    /// The text of a value in a place; `None` where this record has none for it.
    fn of(&self, place: Place) -> Option<String> {
        Some(match place {
            Place::Client | Place::Address => self.client(),
            Place::User => self.user.clone(),
            Place::Key => self.key.clone(),
            Place::Request => format!("GET {} HTTP/1.1", self.path),
            Place::Method => "GET".to_owned(),
            Place::Target | Place::Path => self.path.clone(),
            Place::Status => self.status.to_string(),
            Place::Bytes | Place::BytesOrDash => self.bytes.to_string(),
            Place::UserAgent => self.agent.clone(),
            _ => return None,
        })
    }

    /// Of all that this record holds, what another says that it should not.
    fn differs(&self, record: &Record<'_>, places: &[Place]) -> Option<String> {
        let text = |field: &Option<std::borrow::Cow<'_, [u8]>>| {
            field.as_ref().map(|it| String::from_utf8_lossy(it).into_owned())
        };
        let at = Some((Self::DAY + self.seconds) * 1000);
        let pairs = [
            (Place::Client, text(&record.source_ip), Some(self.client())),
            (Place::Target, text(&record.path), Some(self.path.clone())),
            (Place::Method, text(&record.method), Some("GET".to_owned())),
            (Place::User, text(&record.user), Some(self.user.clone())),
            (Place::UserAgent, text(&record.user_agent), Some(self.agent.clone())),
            (Place::Status, record.status.map(|it| it.to_string()), Some(self.status.to_string())),
            (Place::Bytes, record.bytes.map(|it| it.to_string()), Some(self.bytes.to_string())),
            (Place::Time, record.time.map(|it| it.0.to_string()), at.map(|it| it.to_string())),
        ];
        let wrong =
            pairs.into_iter().find(|(place, found, said)| places.contains(place) && found != said);
        wrong.map(|(place, found, said)| format!("{place:?}: {found:?} instead of {said:?}"))
    }
}

/// The line that a format string in nginx's manner makes, and which places it holds.
fn written(format: &str, said: &Said) -> Option<(String, Vec<Place>)> {
    let mut line = String::new();
    let mut places = Vec::new();
    for (literal, name, place) in nginx::pieces(format)? {
        line.push_str(&literal);
        if name.is_empty() {
            continue;
        }
        let value = match place {
            Place::Time => Some(time_in(&name, &line, said)),
            place => said.of(place),
        };
        match (&value, place) {
            (Some(_), Place::Request) => places.extend([Place::Method, Place::Target]),
            (Some(_), Place::BytesOrDash) => places.push(Place::Bytes),
            (Some(_), Place::Path) => places.push(Place::Target),
            (Some(_), Place::Address) => places.push(Place::Client),
            (Some(_), place) => places.push(place),
            (None, _) => {}
        }
        line.push_str(value.as_deref().unwrap_or("0"));
    }
    Some((line, places))
}

/// As the format's neighbours say that a time looks: in brackets as in the common log format.
fn time_in(name: &str, line: &str, said: &Said) -> String {
    match name {
        "time_iso8601" | "time" if !line.ends_with('[') => format!("2026-11-21T{}Z", said.clock()),
        "msec" => format!("{}.000", Said::DAY + said.seconds),
        _ => format!("21/Nov/2026:{} +0000", said.clock()),
    }
}

/// A JSON record with each value at the first path of its field.
fn json_of(preset: &Preset, said: &Said) -> Option<(String, Vec<Place>)> {
    if !preset.explode.is_empty() || preset.inside.is_some() || !preset.ups.is_empty() {
        return None;
    }
    let mut object = serde_json::Map::new();
    let mut places = Vec::new();
    for pattern in preset.patterns.iter().filter(|it| it.hit.rank == 0 && it.hit.slot < PLACES) {
        let place = pattern.hit.place;
        let value = if place == Place::Time {
            Some(format!("2026-11-21T{}Z", said.clock()))
        } else {
            said.of(place)
        };
        let Some(value) = value else { continue };
        if pattern.steps.iter().any(|step| step.starts_with('$'))
            || !put(&mut object, &pattern.steps, &value)
        {
            continue;
        }
        places.push(if place == Place::Path { Place::Target } else { place });
    }
    let has_request = places.contains(&Place::Request);
    if has_request && !places.contains(&Place::Target) {
        places.extend([Place::Method, Place::Target]);
    }
    Some((serde_json::Value::Object(object).to_string(), places))
}

fn put(
    object: &mut serde_json::Map<String, serde_json::Value>,
    steps: &[String],
    value: &str,
) -> bool {
    let Some((first, rest)) = steps.split_first() else { return false };
    if rest.is_empty() {
        return object.insert(first.clone(), value.into()).is_none();
    }
    let inner = object.entry(first.clone()).or_insert_with(|| serde_json::json!({}));
    inner.as_object_mut().is_some_and(|inner| put(inner, rest, value))
}

fn check(name: &str, line: &str, (said, places): (&Said, &[Place])) -> Result<(), TestCaseError> {
    let mut parser = Parser::by_name(name, &Options::default()).unwrap();
    match parser.parse(line.as_bytes()) {
        Outcome::Event(record) => {
            let differs = said.differs(&record, places);
            prop_assert!(differs.is_none(), "{name}: {}\n{line}", differs.unwrap_or_default());
        }
        other => prop_assert!(places.len() < 2, "{name}: {other:?}\n{line}"),
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn what_a_format_writes_is_read_again(said in said()) {
        let mut tried = 0;
        for preset in PRESETS.iter() {
            let written = match &preset.shape {
                Rows::Text(strings) => strings.first().and_then(|text| written(text, &said)),
                Rows::Json | Rows::JsonOrClf => json_of(preset, &said),
                Rows::Csv | Rows::Regex(_) | Rows::GoAccess(_) => None,
            };
            let Some((line, places)) = written else { continue };
            check(&preset.name, &line, (&said, &places))?;
            tried += usize::from(1 < places.len());
        }
        prop_assert!(25 < tried, "{tried} formats were tried");
    }

    #[test]
    fn what_the_common_family_writes_is_read_again(said in said()) {
        let Said { path, user, agent, status, bytes, .. } = &said;
        let (client, clock) = (said.client(), said.clock());
        let common = format!("{client} - {user} [21/Nov/2026:{clock} +0000] \"GET {path} HTTP/1.1\" {status} {bytes}");
        let places = [Place::Client, Place::User, Place::Time, Place::Method, Place::Target, Place::Status, Place::Bytes];
        for name in ["nginx", "apache", "clf", "syslog", "k8s-cri", "docker-json"] {
            check(name, &common, (&said, &places))?;
            let combined = format!("{common} \"-\" \"{agent}\"");
            check(name, &combined, (&said, &[places.as_slice(), &[Place::UserAgent]].concat()))?;
        }
        check("nginx-vhost", &format!("example.com {common} \"-\" \"{agent}\""), (&said, &places))?;
    }

    /// Wherever a stream of lines is cut, the records are the same: parts, laid out JSON, rows.
    #[test]
    fn where_lines_end_up_in_parts_nothing_is_lost(said in said(), cut in 1usize..40) {
        let whole = format!("{{\"client_ip\":\"{}\",\"status\":{},\"path\":\"{}\"}}", said.client(), said.status, said.path);
        let cut = cut.min(whole.len() - 1);
        let (first, rest) = whole.split_at_checked(cut).unwrap();
        let lines = [
            format!("2026-11-21T10:00:00Z stdout P {first}"),
            format!("2026-11-21T10:00:00Z stdout F {rest}"),
        ];
        let mut parts = Parts::default();
        parts.set_joins(Joins::Json);
        prop_assert_eq!(parts.push(lines[0].as_bytes()), Turn::Later);
        prop_assert_eq!(parts.push(lines[1].as_bytes()), Turn::AllReady);
        let joined = parts.take().remove(0).line;
        let mut parser = Parser::by_name("json", &Options::default()).unwrap();
        let read = parser.parse(&joined).into_owned();
        prop_assert_eq!(read, parser.parse(whole.as_bytes()).into_owned());
        let laid_out: serde_json::Value = serde_json::from_str(&whole).unwrap();
        let laid_out = serde_json::to_string_pretty(&laid_out).unwrap();
        let mut last = Turn::Now;
        for line in laid_out.lines() {
            last = parts.push(line.as_bytes());
        }
        prop_assert_eq!(last, Turn::AllReady);
        let joined = parts.take().remove(0).line;
        prop_assert_eq!(parser.parse(&joined).into_owned(), parser.parse(whole.as_bytes()).into_owned());
    }
}

#[test]
fn every_format_that_is_not_of_code_has_been_given_a_file() {
    assert_eq!(FORMATS.len() - PRESETS.len(), 15);
}
