//! Letters, read again by another library than the one that wrote them.

use std::sync::Arc;

use mail_parser::{Address, HeaderValue, MessageParser};

use super::message::mail;
use super::summary::{Cause, summary};
use super::{Frame, Letter, Occasion, Reason, render_eml};
use crate::incident::{
    Contribution, EvidenceLine, Incident, IncidentId, Notice, StaleFinding, StaleState, State,
    Transition,
};
use crate::model::{Class, Entity, Millis, Severity, Timestamp};

pub(super) fn at(seconds: i64) -> Timestamp {
    Timestamp::from_seconds(1_773_738_000).plus(Millis::seconds(seconds))
}

pub(super) fn frame() -> Frame {
    Frame {
        from: "keyvigil <keyvigil@example.com>".to_owned(),
        base_url: Some("https://keyvigil.example.com/".to_owned()),
        host: "api-01".to_owned(),
        ..Frame::default()
    }
}

fn finding(kind: &str, because: &str) -> Contribution {
    Contribution {
        kind: kind.to_owned(),
        because: because.to_owned(),
        score: 8.0,
        at: at(0),
        ..Contribution::default()
    }
}

pub(super) fn incident() -> Incident {
    let title = "billing-sync: far more requests than usual".to_owned();
    let line = |second, ip: &str, path: &str, status| {
        Arc::new(EvidenceLine {
            at: at(second),
            source_ip: ip.to_owned(),
            method: "GET".to_owned(),
            path: path.to_owned(),
            status,
            user_agent: "curl/8".to_owned(),
        })
    };
    Incident {
        id: IncidentId(0x7f3c_9a12_3456_789a),
        kind: "volume_spike".to_owned(),
        entity: Entity::Key("k_83q1mz0p4w2c".to_owned()),
        label: "billing-sync".to_owned(),
        keys: vec!["k_83q1mz0p4w2c".to_owned()],
        addresses: vec!["203.0.113.9".to_owned(), "2001:db8:41::9".to_owned()],
        role: "partner".to_owned(),
        owner: "payments@example.com".to_owned(),
        severity: Severity::High,
        first_severity: Severity::High,
        opened: at(0),
        since: at(-600),
        last_seen: at(300),
        title: title.clone(),
        first_title: title,
        findings: vec![
            finding(
                "volume_spike",
                "8,200 requests a minute; 120 to 200 are usual at this hour (most ever 412)",
            ),
            finding("new_network", "first use from AS64496, used by 0 of 24 keys of the role"),
            finding("failures", "31 % answered with 403; 0.4 % is usual"),
        ],
        evidence: vec![
            line(-600, "203.0.113.9", "/v1/export", 200),
            line(-500, "203.0.113.9", "/v1/customers/{id}", 403),
            line(
                -400,
                "2001:db8:41::9",
                "/v1/customers/{id}/a/very/long/path/that/goes/on/and/on/and/does/not/end",
                200,
            ),
            line(-300, "203.0.113.9", "/v1/never/shown", 200),
            line(-200, "203.0.113.9", "/v1/export", 200),
            line(300, "198.51.100.23", "/v1/export", 429),
        ],
        events: 114_800,
        revision: 3,
        ..Incident::default()
    }
}

pub(super) fn notice(transition: Transition) -> Notice {
    let id = 42 + transition as u64;
    Notice { id, incident: incident().id, revision: 3, transition, due: at(3) }
}

fn reason() -> Reason {
    Reason { route: "high to oncall".to_owned(), number: 2 }
}

fn letter(incident: &Incident, transition: Transition) -> Letter {
    letter_after(incident, transition, u32::from(transition != Transition::Opened))
}

fn letter_after(incident: &Incident, transition: Transition, mails_before: u32) -> Letter {
    let occasion = Occasion {
        notice: &notice(transition),
        reason: &reason(),
        mails_before,
        is_owner: false,
        is_flapping: false,
        stale: &[],
    };
    Letter::of(incident, &occasion, &frame()).unwrap()
}

/// The whole mail as bytes.
fn eml(letter: &Letter) -> Vec<u8> {
    render_eml(letter, &frame(), "oncall@example.com", at(5)).unwrap()
}

/// Subject, text and HTML are harmless whatever stands in the incident.
fn check_harmless(incident: &Incident) {
    let letter = letter(incident, Transition::Opened);
    assert!(letter.subject.chars().count() <= 78, "{}", letter.subject);
    assert!(
        letter.subject.starts_with("[keyvigil HIGH] ") && letter.subject.ends_with(" (INC-7f3c9a)")
    );
    assert!(!letter.subject.chars().any(char::is_control));
    for part in [&letter.text, &letter.html] {
        assert!(!part.chars().any(|sign| sign.is_control() && sign != '\n'));
        assert!(!part.chars().any(|sign| ('\u{202a}'..='\u{202e}').contains(&sign)));
    }
    assert!(!letter.html.contains("<script") && !letter.html.contains("<img"));
    let bytes = eml(&letter);
    let parsed = MessageParser::default().parse(&bytes).unwrap();
    assert_eq!(parsed.subject(), Some(letter.subject.as_str()));
    assert!(parsed.header("Bcc").is_none() && parsed.header("X-Evil").is_none());
    let to = parsed.to().and_then(Address::first).and_then(|to| to.address()).unwrap();
    assert_eq!(to, "oncall@example.com");
}

#[test]
fn hostile_text_from_logs_stays_text() {
    let attacks = [
        "x\r\nBcc: victim@example.com\r\nX-Evil: 1\r\n\r\n<script>alert(1)</script>".to_owned(),
        "\u{1b}[2J\u{1b}]8;;http://example.com\u{7}click\u{202e}gnp.exe\u{2066}".to_owned(),
        "<img src=x onerror=alert(1)>\"'&".to_owned(),
        "=?utf-8?q?fake?= ".repeat(400),
        "z".repeat(10_000),
        "é\u{301}漢字🦀".repeat(2_000),
    ];
    for text in attacks {
        let mut evil = incident();
        evil.first_title.clone_from(&text);
        evil.title.clone_from(&text);
        evil.label.clone_from(&text);
        evil.role.clone_from(&text);
        evil.owner.clone_from(&text);
        evil.acknowledged_by.clone_from(&text);
        evil.addresses = vec![text.clone()];
        evil.findings[0].because.clone_from(&text);
        let line = Arc::make_mut(&mut evil.evidence[0]);
        for field in [&mut line.path, &mut line.source_ip, &mut line.method] {
            field.clone_from(&text);
        }
        check_harmless(&evil);
        evil.state = State::Acknowledged;
        check_harmless(&evil);
    }
}

#[test]
fn a_thread_holds_together_by_its_ids_and_its_subject() {
    let opened = letter(&incident(), Transition::Opened);
    let worse = Incident {
        title: "billing-sync: worse".to_owned(),
        severity: Severity::Critical,
        ..incident()
    };
    let update = letter(&worse, Transition::Update);
    assert_eq!(opened.subject, update.subject);
    let (first, second) = (eml(&opened), eml(&update));
    let first = MessageParser::default().parse(&first).unwrap();
    let second = MessageParser::default().parse(&second).unwrap();
    let id = first.message_id().unwrap();
    assert_eq!(id, "INC-7f3c9a123456789a@example.com");
    assert_ne!(second.message_id().unwrap(), id);
    for header in [second.in_reply_to(), second.references()] {
        assert!(matches!(header, HeaderValue::Text(text) if text == id), "{header:?}");
    }
    assert!(first.header("In-Reply-To").is_none());
    assert_eq!(first.header_raw("Auto-Submitted").unwrap().trim(), "auto-generated");
    assert!(first.header_raw("List-Id").unwrap().contains("<keyvigil.example.com>"));
    assert!(first.header_raw("Date").unwrap().trim().ends_with("+0000"));
}

#[test]
fn text_and_html_are_both_there_and_say_the_same() {
    let bytes = eml(&letter(&incident(), Transition::Opened));
    let parsed = MessageParser::default().parse(&bytes).unwrap();
    assert_eq!((parsed.text_body_count(), parsed.html_body_count()), (1, 1));
    let text = parsed.body_text(0).unwrap().split_whitespace().collect::<Vec<_>>().join(" ");
    let html = parsed.body_html(0).unwrap().split_whitespace().collect::<Vec<_>>().join(" ");
    for said in [
        "8,200 requests a minute; 120 to 200 are usual",
        "2026-03-17 08:50 UTC",
        "role partner, owner payments@example.com, from 203.0.113.9 and 1 more",
        "31 % answered with 403",
        "rotate the key",
        "5 of 114,800 lines",
        "https://keyvigil.example.com/incidents/INC-7f3c9a",
        "mail 2 of at most 6 an hour",
        "keyvigil on api-01",
        "T1530",
    ] {
        assert!(text.contains(said), "{said}: {text}");
        assert!(html.contains(said), "{said}: {html}");
    }
    assert!(text.starts_with("STATUS: OPEN · HIGH · INC-7f3c9a"));
    assert!(!html.contains("/v1/never/shown"));
}

#[test]
fn the_status_says_where_the_incident_stands() {
    let check = |incident: &Incident, transition, expected: &str| {
        let letter = letter(incident, transition);
        assert!(letter.text.starts_with(&format!("STATUS: {expected} · ")), "{}", letter.text);
    };
    check(&incident(), Transition::Opened, "OPEN");
    check(&incident(), Transition::Update, "OPEN, update 1");
    let over = Incident { state: State::Resolved, resolved: Some(at(23 * 60)), ..incident() };
    check(&over, Transition::Resolved, "RESOLVED after 23 min");
    let merged = Incident { merged_into: Some(IncidentId(0xab << 40)), ..over };
    check(&merged, Transition::Resolved, "RESOLVED, goes on as INC-0000ab");
    let by =
        Incident { state: State::Acknowledged, acknowledged_by: "ana".to_owned(), ..incident() };
    check(&by, Transition::Update, "ACKNOWLEDGED by ana");
}

#[test]
fn what_is_known_of_the_key_and_how_sure_it_is_are_said() {
    let stale = |key: &str, because: &str, severity, state| StaleFinding {
        key: key.into(),
        because: because.to_owned(),
        severity,
        state,
        ..StaleFinding::default()
    };
    let own = incident().entity.key().unwrap().to_owned();
    let known = [
        stale(&own, "never expires", Severity::Low, StaleState::Open),
        stale(&own, "last rotated 203 days ago", Severity::Medium, StaleState::Open),
        stale(&own, "was shared", Severity::High, StaleState::Resolved),
        stale("k_other", "unused for 90 days", Severity::High, StaleState::Open),
    ];
    let occasion = Occasion {
        notice: &notice(Transition::Opened),
        reason: &reason(),
        mails_before: 0,
        is_owner: true,
        is_flapping: false,
        stale: &known,
    };
    let rule = Incident { class: Class::Policy, ..incident() };
    let letter = Letter::of(&rule, &occasion, &frame()).unwrap();
    assert!(letter.text.contains("Known: last rotated 203 days ago\n       never expires\n"));
    assert!(!letter.text.contains("was shared") && !letter.text.contains("unused for"));
    assert!(letter.text.contains("A rule was broken: this is certain, not an estimate."));
    // Who is asked has nobody else to ask.
    assert!(letter.text.contains("One question:") && letter.text.contains("1. Find out whether"));
    for said in ["last rotated 203 days ago", "this is certain", "Find out whether"] {
        assert!(letter.html.contains(said), "{said}");
    }
}

#[test]
fn the_same_letter_gives_the_same_bytes() {
    let letter = letter(&incident(), Transition::Opened);
    assert_eq!(eml(&letter), eml(&letter));
}

#[test]
fn a_line_of_text_is_not_longer_than_78() {
    let letter = letter(&incident(), Transition::Opened);
    for line in
        letter.text.lines().filter(|line| !line.contains("/very/long/") && !line.contains("http"))
    {
        assert!(line.chars().count() <= 78, "{line}");
    }
}

#[test]
fn a_summary_names_each_incident_the_worst_first() {
    let critical =
        Incident { severity: Severity::Critical, title: "the worst".to_owned(), ..incident() };
    let letter = summary(Cause::Storm, &[incident(), critical], &frame(), "oncall").unwrap();
    assert_eq!(letter.subject, "[keyvigil CRITICAL] 2 more incidents at once");
    assert!(letter.text.find("the worst").unwrap() < letter.text.find("billing-sync").unwrap());
    assert!(letter.html.contains("the worst"));
    let many: Vec<Incident> = (0..500).map(|_| incident()).collect();
    let letter = summary(Cause::Outage, &many, &frame(), "oncall").unwrap();
    assert!(letter.text.contains("and 470 more") && letter.subject.chars().count() <= 78);
}

#[test]
fn letters_that_servers_refuse_in_an_address_are_an_error_too() {
    let letter = letter(&incident(), Transition::Opened);
    for to in ["ann@b\u{fc}ro.example", "\u{e4}nn@example.com"] {
        let error = render_eml(&letter, &frame(), to, at(0)).unwrap_err().to_string();
        assert!(error.contains("is not a mail address"), "{error}");
    }
    assert!(render_eml(&letter, &frame(), "ann@xn--bro-hoa.example", at(0)).is_ok());
}

#[test]
fn an_address_that_is_none_is_an_error_that_names_it() {
    let wrong =
        mail(&letter(&incident(), Transition::Opened), &frame(), "no address\r\nX: y", at(0));
    assert!(wrong.unwrap_err().to_string().contains("is not a mail address"));
}
