//! A table of attacks by log line, each tried on each sink.

use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::sync::{Arc, Mutex};

use mail_parser::MessageParser;
use serde_json::Value;

use super::letter_tests::{at, frame, incident, notice};
use super::{
    Alertmanager, Bulletin, Letter, News, Notifier, Occasion, Ocsf, Reason, Refusal, Slack, Syslog,
    Web, Webhook, render_eml,
};
use crate::incident::{Incident, Transition};

const ATTACKS: &[(&str, &str)] = &[
    (
        "CRLF",
        "x\r\nBcc: victim@example.com\r\nX-Evil: 1\r\n\r\nbody\r\n.\r\nMAIL FROM:<x@example.com>",
    ),
    ("ANSI", "\u{1b}[2J\u{1b}]8;;http://example.com\u{7}click\u{1b}]8;;\u{7}\u{9b}31m"),
    ("bidi", "user\u{202e}gpj.exe\u{2066}\u{200f}\u{61c}\u{2029}\u{feff}"),
    ("HTML", "<script>alert(1)</script><img src=x onerror=alert(1)>\"'&</td><!--"),
    ("formula", "=HYPERLINK(\"http://example.com\";\"x\")"),
    ("formula with a plus", "+cmd|' /C calc'!A0"),
    ("Slack's marks", "<!channel> <http://example.com|your bank> *bold* @here"),
    ("syslog's structure", "x\"] [evil@1 a=\"b\" \\"),
    ("encoded word", "=?utf-8?q?=0d=0aBcc:_x?="),
    ("NUL and DEL", "a\0b\u{7f}c\u{85}d"),
    ("very long", LONG),
    ("what was no UTF-8", "caf\u{fffd}\u{fffd}("),
];
const LONG: &str = match std::str::from_utf8(&[b'z'; 100_000]) {
    Ok(text) => text,
    Err(_) => "",
};

/// Every text that a log line or an inventory can bring is the attack.
fn evil(text: &str) -> Incident {
    let mut evil = incident();
    for field in [
        &mut evil.first_title,
        &mut evil.title,
        &mut evil.label,
        &mut evil.role,
        &mut evil.owner,
        &mut evil.acknowledged_by,
    ] {
        text.clone_into(field);
    }
    evil.keys = vec![text.to_owned()];
    evil.addresses = vec![text.to_owned()];
    evil.entity = crate::model::Entity::Key(text.to_owned());
    for finding in &mut evil.findings {
        text.clone_into(&mut finding.because);
    }
    for line in evil.evidence.iter_mut().map(std::sync::Arc::make_mut) {
        for field in [&mut line.path, &mut line.source_ip, &mut line.method, &mut line.user_agent] {
            text.clone_into(field);
        }
    }
    evil
}

fn bulletin(text: &str) -> Bulletin {
    let incident = evil(text);
    let occasion = Occasion {
        notice: &notice(Transition::Opened),
        reason: &Reason { route: text.to_owned(), number: 1 },
        mails_before: 0,
        is_owner: true,
        is_flapping: false,
        stale: &[],
    };
    let frame = super::Frame { host: text.to_owned(), ..frame() };
    let letter = Letter::of(&incident, &occasion, &frame).unwrap();
    let news = News::Incident(Box::new(incident), Transition::Opened);
    Bulletin { to: "oncall@example.com".to_owned(), letter, news, frame, at: at(0) }
}

/// Nothing that steers, hides or turns around.
fn check_text(sink: &str, attack: &str, text: &str) {
    for sign in text.chars() {
        let turns = ('\u{202a}'..='\u{202e}').contains(&sign)
            || ('\u{2066}'..='\u{2069}').contains(&sign)
            || matches!(sign, '\u{200b}'..='\u{200f}' | '\u{61c}' | '\u{2028}' | '\u{2029}');
        let steers = sign.is_control() && sign != '\n';
        assert!(!turns && !steers, "{sink}, {attack}: {sign:?} in {text:?}");
    }
}

/// Every text in it, keys too.
fn check_json(sink: &str, attack: &str, value: &Value) {
    match value {
        Value::String(text) => {
            check_text(sink, attack, text);
            assert!(!text.contains('\n'), "{sink}, {attack}: {text:?}");
        }
        Value::Array(items) => items.iter().for_each(|item| check_json(sink, attack, item)),
        Value::Object(fields) => fields.values().for_each(|item| check_json(sink, attack, item)),
        Value::Null | Value::Bool(_) | Value::Number(_) => (),
    }
}

#[test]
fn in_a_mail() {
    for (attack, text) in ATTACKS {
        let bulletin = bulletin(text);
        let letter = &bulletin.letter;
        check_text("mail", attack, &letter.text);
        check_text("mail", attack, &letter.html);
        check_text("mail", attack, &letter.subject);
        assert!(letter.subject.chars().count() <= 78 && !letter.subject.contains('\n'));
        for tag in ["<script", "<img src=x", "<!--", "onerror=alert(1)>"] {
            assert!(!letter.html.contains(tag), "{attack}: {tag}");
        }
        let bytes = render_eml(letter, &bulletin.frame, &bulletin.to, at(0)).unwrap();
        let parsed = MessageParser::default().parse(&bytes).unwrap();
        assert!(parsed.header("Bcc").is_none() && parsed.header("X-Evil").is_none(), "{attack}");
        assert_eq!(parsed.to().unwrap().iter().count(), 1, "{attack}");
        assert_eq!(parsed.subject(), Some(letter.subject.as_str()), "{attack}");
        assert!(!parsed.header_raw("Subject").unwrap().contains("=?utf-8?q?"), "{attack}");
    }
}

type Posts = Arc<Mutex<Vec<(String, String)>>>;

/// A web server that takes everything and keeps what it got: heads and bodies.
fn web_server() -> (String, Posts) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/hook", listener.local_addr().unwrap());
    let taken = Posts::default();
    let keep = Arc::clone(&taken);
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let (mut got, mut buffer) = (Vec::new(), [0; 4096]);
            let (head, body) = loop {
                let read = stream.read(&mut buffer).unwrap();
                got.extend_from_slice(&buffer[..read]);
                let text = String::from_utf8_lossy(&got).into_owned();
                let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
                let length = head.to_ascii_lowercase();
                let length = length.split("content-length: ").nth(1).unwrap();
                let length: usize = length.lines().next().unwrap().parse().unwrap();
                if length <= body.len() {
                    break (head.to_owned(), body.to_owned());
                }
            };
            keep.lock().unwrap().push((head, body));
            stream
                .write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok")
                .unwrap();
        }
    });
    (url, taken)
}

#[tokio::test]
async fn in_a_webhook_in_slack_in_alertmanager_and_in_ocsf() {
    let (url, taken) = web_server();
    let web = || Web::new(&url, None).unwrap();
    let secret = Some("a secret".to_owned());
    let ways: [(&str, Box<dyn Notifier>); 4] = [
        ("webhook", Box::new(Webhook { web: web(), secret: secret.clone() })),
        ("slack", Box::new(Slack { web: web() })),
        ("alertmanager", Box::new(Alertmanager { web: web() })),
        ("ocsf", Box::new(Ocsf::to_web(web(), secret))),
    ];
    for (attack, text) in ATTACKS {
        for (sink, way) in &ways {
            let bulletin = bulletin(text);
            way.send(&bulletin).await.unwrap();
            let (head, body) = taken.lock().unwrap().pop().unwrap();
            let said: Value = serde_json::from_str(&body).unwrap();
            if *sink == "slack" {
                let texts = said.to_string();
                for mark in ["<!", "<http://example", "<@", "|your bank>"] {
                    assert!(!texts.contains(mark), "{attack}: {texts}");
                }
            } else {
                check_json(sink, attack, &said);
            }
            let head = head.to_ascii_lowercase();
            assert!(head.contains("idempotency-key: inc-7f3c9a123456789a@example.com"), "{head}");
            if matches!(*sink, "webhook" | "ocsf") {
                let at = bulletin.at.seconds();
                let signed = super::web::signature("a secret", &format!("{at}.{body}"));
                assert!(head.contains(&format!("x-keyvigil-signature: sha256={signed}")), "{head}");
            }
        }
    }
}

#[tokio::test]
async fn in_a_syslog_line() {
    let listener = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
    let syslog = Syslog::new(&format!("udp://{}", listener.local_addr().unwrap())).unwrap();
    let mut buffer = [0; 8_192];
    for (attack, text) in ATTACKS {
        syslog.send(&bulletin(text)).await.unwrap();
        let length = listener.recv(&mut buffer).unwrap();
        let line = std::str::from_utf8(&buffer[..length]).unwrap().replace('\u{feff}', "");
        check_text("syslog", attack, &line);
        assert!(!line.contains('\n') && line.starts_with("<83>1 2026-03-17T09:00:00Z "), "{line}");
        // One structure, whatever a value brings along.
        let after = line.split(" opened ").nth(1).unwrap();
        let mut escaped = false;
        let mut depth_end = 0;
        for (place, sign) in after.char_indices() {
            match sign {
                '\\' if !escaped => escaped = true,
                ']' if !escaped => {
                    depth_end = place;
                    break;
                }
                _ => escaped = false,
            }
        }
        let (structure, rest) = after.split_at(depth_end + 1);
        assert!(
            structure.contains("severity=\"high\"") && structure.contains("address="),
            "{line}"
        );
        assert!(rest.starts_with(" [keyvigil HIGH] "), "{attack}: {line}");
    }
}

#[tokio::test]
async fn in_a_file_of_findings() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ocsf.jsonl");
    let ocsf = Ocsf::to_file(&path);
    for (_, text) in ATTACKS {
        ocsf.send(&bulletin(text)).await.unwrap();
    }
    let lines = std::fs::read_to_string(&path).unwrap();
    assert_eq!(lines.lines().count(), ATTACKS.len(), "a line each");
    for (line, (attack, _)) in lines.lines().zip(ATTACKS) {
        let finding: Value = serde_json::from_str(line).unwrap();
        check_json("ocsf file", attack, &finding);
        assert_eq!((&finding["class_uid"], &finding["type_uid"]), (&2004.into(), &200_401.into()));
        let analysis = &finding["anomaly_analyses"][0];
        assert_eq!(analysis["anomalies"].as_array().unwrap().len(), 3);
        assert_eq!(analysis["analysis_targets"][0]["type"], "API key");
    }
}

/// What the journal gets, as text.
#[derive(Clone, Default)]
struct Journal(Arc<Mutex<Vec<u8>>>);

impl std::io::Write for Journal {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[test]
fn in_the_journal() {
    let journal = Journal::default();
    let writer = journal.clone();
    let subscriber =
        tracing_subscriber::fmt().with_ansi(false).with_writer(move || writer.clone()).finish();
    tracing::subscriber::with_default(subscriber, || {
        for (_, text) in ATTACKS {
            super::outbox_settle::log_reply(text, &Ok((*text).to_owned()));
            super::outbox_settle::log_reply(text, &Err(Refusal::Never((*text).to_owned())));
        }
    });
    let said = String::from_utf8(journal.0.lock().unwrap().clone()).unwrap();
    assert_eq!(said.lines().count(), 2 * ATTACKS.len(), "{said}");
    check_text("journal", "all", &said);
    assert!(said.contains("refused for good"));
}
