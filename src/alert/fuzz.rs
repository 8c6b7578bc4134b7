//! Letters about incidents in which any value is what a stranger would like it to be: each is a mail
//! of exactly its own headers, parts and marks, read again by another library.

use std::collections::BTreeSet;

use mail_parser::{MessageParser, MimeHeaders as _, PartType};
use serde_json::Value;

use super::letter_tests::{at, frame, incident, notice};
use super::summary::{Cause, summary};
use super::{Frame, Letter, Occasion, Reason, render_eml};
use crate::incident::{Incident, Mute, Remark, StaleFinding, Transition};
use crate::model::bent::{Bytes, fuzz_for};

/// Each once, and no others.
const HEADERS: [&str; 9] = [
    "Auto-Submitted",
    "Content-Type",
    "Date",
    "From",
    "List-Id",
    "MIME-Version",
    "Message-ID",
    "Subject",
    "To",
];
const HEADERS_OF_SOME: [&str; 3] = ["Importance", "In-Reply-To", "References"];

#[test]
fn no_incident_makes_a_mail_of_other_headers_parts_or_marks() {
    let marks = marks_of_harmless_letters();
    fuzz_for(300, |bytes| {
        let some: Vec<Incident> = (0..=bytes.below(3)).map(|_| hostile_incident(bytes)).collect();
        let frame = Frame { host: bytes.hostile(), ..frame() };
        let letter = if bytes.below(5) == 0 {
            let cause = [Cause::Storm, Cause::Outage, Cause::Quiet, Cause::Limit][bytes.below(4)];
            summary(cause, &some, &frame, &bytes.hostile()).unwrap()
        } else {
            letter(bytes, &some[0], &frame)
        };
        check(&letter, &frame, &marks);
    });
}

#[test]
fn no_address_is_two_and_none_brings_a_header_along() {
    let (incident, frame) = (incident(), frame());
    let letter = letter(&mut Bytes::new(7), &incident, &frame);
    fuzz_for(1_000, |bytes| {
        let corpus =
            ["ann@example.com", "Ann <ann@example.com>", "\"a, b\" <ann@example.com>", "a@b"]
                .map(|it| it.as_bytes().to_vec());
        let mut to = String::from_utf8_lossy(&bytes.bend(&corpus)).into_owned();
        if bytes.below(3) == 0 {
            to.push_str(&bytes.hostile());
        }
        // What is no address is an error; what is one is one, in letters that every server takes.
        let Ok(mail) = render_eml(&letter, &frame, &to, at(0)) else { return };
        let parsed = MessageParser::default().parse(&mail).unwrap();
        let recipients = parsed.to().map_or(0, |to| to.iter().count());
        assert_eq!(recipients, 1, "{to:?}: {}", mail.escape_ascii());
        check_headers(&mail);
    });
}

/// An incident of which some values are hostile, and others absent, huge or of another sort.
fn hostile_incident(bytes: &mut Bytes) -> Incident {
    let mut incident = incident();
    incident.remarks = vec![Remark::default(); bytes.below(3)];
    incident.mute = (bytes.below(3) == 0).then(Mute::default);
    for _ in 0..bytes.below(20) {
        let mut bent = serde_json::to_value(&incident).unwrap();
        if bytes.below(3) == 0 {
            bytes.bend_json(&mut bent);
        } else {
            let text = bytes.hostile();
            let at = bytes.below(60);
            put_text(&mut bent, &text, &mut { at });
        }
        incident = serde_json::from_value(bent).unwrap_or(incident);
    }
    incident
}

/// Puts a text in the place of one: the so manyth.
fn put_text(value: &mut Value, text: &str, left: &mut usize) {
    match value {
        Value::String(there) if *left == 0 => {
            text.clone_into(there);
            *left = usize::MAX;
        }
        Value::String(_) => *left = left.saturating_sub(1),
        Value::Array(items) => items.iter_mut().for_each(|item| put_text(item, text, left)),
        Value::Object(fields) => fields.values_mut().for_each(|item| put_text(item, text, left)),
        Value::Null | Value::Bool(_) | Value::Number(_) => (),
    }
}

fn letter(bytes: &mut Bytes, incident: &Incident, frame: &Frame) -> Letter {
    let transition = [Transition::Opened, Transition::Resolved][bytes.below(2)];
    let stale = StaleFinding {
        key: bytes.hostile().into(),
        owner: bytes.hostile().into(),
        kind: ["unused", "rotation_overdue"][bytes.below(2)].into(),
        ..StaleFinding::default()
    };
    let occasion = Occasion {
        notice: &notice(transition),
        reason: &Reason { route: bytes.hostile(), number: bytes.below(9) },
        mails_before: u32::from(bytes.below(2) == 0),
        is_owner: bytes.below(2) == 0,
        is_flapping: bytes.below(2) == 0,
        stale: &[stale],
    };
    Letter::of(incident, &occasion, frame).unwrap()
}

fn check(letter: &Letter, frame: &Frame, marks: &BTreeSet<String>) {
    let text = [&letter.subject, &letter.text, &letter.html].map(String::as_str).concat();
    for sign in text.chars() {
        let is_kept = !sign.is_control() || sign == '\n';
        let turns = matches!(sign, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{61c}' | '\u{2028}' | '\u{2029}' | '\u{feff}');
        assert!(is_kept && !turns, "{sign:?} in {text}");
    }
    assert!(letter.subject.chars().count() <= 78 && !letter.subject.contains('\n'));
    let html = &letter.html;
    let other: Vec<_> = marks_of(html).into_iter().filter(|it| !marks.contains(it)).collect();
    assert!(other.is_empty(), "{other:?} in {html}");
    let mail = render_eml(letter, frame, "oncall@example.com", at(0)).unwrap();
    assert_eq!(render_eml(letter, frame, "oncall@example.com", at(0)).unwrap(), mail);
    check_headers(&mail);
    let parsed = MessageParser::default().parse(&mail).unwrap();
    assert_eq!(parsed.subject(), Some(letter.subject.as_str()));
    assert_eq!(parsed.to().unwrap().iter().count(), 1);
    let mut kinds = Vec::new();
    for part in &parsed.parts {
        let kind = part.content_type().map(|it| format!("{}/{:?}", it.ctype(), it.subtype()));
        match &part.body {
            PartType::Text(text) => assert_eq!(lines_of(text), lines_of(&letter.text)),
            PartType::Html(html) => assert_eq!(lines_of(html), lines_of(&letter.html)),
            PartType::InlineBinary(_) | PartType::Multipart(_) => (),
            PartType::Binary(_) | PartType::Message(_) => panic!("a part {kind:?}"),
        }
        kinds.push(kind);
    }
    let expected = if letter.chart.is_some() { 5 } else { 3 };
    assert_eq!(kinds.len(), expected, "{kinds:?}");
}

/// The head of the mail as it crosses the network.
fn check_headers(mail: &[u8]) {
    let text = String::from_utf8(mail.to_vec()).unwrap();
    assert!(!text.replace("\r\n", "").contains(['\r', '\n', '\0']), "{text:?}");
    assert!(text.split("\r\n").all(|line| line.len() <= 998));
    let (head, _) = text.split_once("\r\n\r\n").unwrap();
    let mut names: Vec<&str> = head
        .split("\r\n")
        .filter(|line| !line.starts_with([' ', '\t']))
        .map(|line| line.split_once(':').unwrap().0)
        .collect();
    names.retain(|name| !HEADERS_OF_SOME.contains(name));
    names.sort_unstable();
    assert_eq!(names, HEADERS, "{head}");
    assert!(head.is_ascii(), "{head}");
}

fn lines_of(text: &str) -> Vec<&str> {
    text.trim_end().lines().collect()
}

/// Tags and the names of their attributes.
fn marks_of(html: &str) -> BTreeSet<String> {
    let mut marks = BTreeSet::new();
    for piece in html.split('<').skip(1) {
        let name: String =
            piece.chars().take_while(|it| !it.is_whitespace() && *it != '>').collect();
        let mut rest = piece.get(name.len()..).unwrap_or_default();
        marks.insert(name.clone());
        // Attributes, each `name="value"`, up to the end of the tag.
        while let Some((before, after)) = rest.split_once("=\"") {
            if before.contains('>') {
                break;
            }
            let (_, behind) = after.split_once('"').unwrap_or_default();
            marks.insert(format!("{name} {}", before.trim()));
            rest = behind;
        }
        assert!(rest.contains('>'), "a tag without an end: {piece}");
    }
    marks
}

/// What our own templates write.
fn marks_of_harmless_letters() -> BTreeSet<String> {
    let (incident, frame) = (incident(), frame());
    let mut bytes = Bytes::new(1);
    let mut marks =
        marks_of(&summary(Cause::Storm, &vec![incident.clone(); 40], &frame, "r").unwrap().html);
    for _ in 0..60 {
        marks.extend(marks_of(&letter(&mut bytes, &incident, &frame).html));
    }
    marks
}
