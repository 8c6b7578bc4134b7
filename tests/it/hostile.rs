//! The table of attacks by sink: log lines that attackers wrote, through the running daemon,
//! to everything that it writes; none of them may do harm anywhere.

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::{TcpListener, UdpSocket};
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::thread;

use mail_parser::MessageParser;
use serde_json::Value;

use crate::parts::{text, until};
use crate::program::{Running, free_address, keyvigil, start, stderr, stdout};
use crate::smtp::MailServer;

/// What stands in key ids, labels, roles, paths and user agents.
const ATTACKS: &[(&str, &str)] = &[
    ("CRLF", "x\r\nBcc: victim@example.com\r\nX-Evil: 1\r\n\r\n.\r\nMAIL FROM:<x@example.com>"),
    ("ANSI", "\u{1b}[2J\u{1b}]8;;http://example.com\u{7}click\u{1b}]8;;\u{7}\u{9b}31m"),
    ("bidi", "user\u{202e}gpj.exe\u{2066}\u{200f}\u{61c}\u{2029}\u{feff}"),
    ("HTML", "<script>alert(1)</script><img src=x onerror=alert(1)>\"'&</td><!--"),
    ("a formula", "=HYPERLINK(\"http://example.com\";\"x\")"),
    ("a formula with a plus", "+cmd|' /C calc'!A0"),
    ("a formula with an at", "@SUM(1+9)*cmd|' /C calc'!A0"),
    ("Slack's marks", "<!channel> <http://example.com|your bank> *bold* @here"),
    ("syslog's structure", "x\"] [evil@1 a=\"b\" \\"),
    ("an encoded word", "=?utf-8?q?=0d=0aBcc:_x?="),
    ("NUL and DEL", "a\0b\u{7f}c\u{85}d"),
    ("very long", LONG),
    // What is no UTF-8 stands in the log as it is, see `log_lines`.
    ("no UTF-8", NO_UTF8),
];
const NO_UTF8: &str = "caf_NOT_UTF8_";
const NO_UTF8_BYTES: &[u8] = b"\xff\xfe\xc3\x28\xed\xa0\x80";
const LONG: &str = match std::str::from_utf8(&[b'z'; 6_000]) {
    Ok(text) => text,
    Err(_) => "",
};

/// Everything that is written, by the name of where it goes; and what must hold there.
type Sink = (&'static str, fn(&Scene) -> Vec<String>, fn(&str));

const SINKS: &[Sink] = &[
    ("mail", mails, harmless_mail),
    ("webhook", |scene| scene.posts("/webhook"), harmless_json),
    ("Slack", |scene| scene.posts("/slack"), harmless_slack),
    ("Alertmanager", |scene| scene.posts("/alertmanager"), harmless_json),
    ("OCSF to a file", |scene| lines_of(&scene.path("ocsf.jsonl")), harmless_json),
    ("syslog", |scene| scene.syslog.lock().unwrap().clone(), harmless_line),
    ("terminal", terminal, harmless_text),
    ("CSV", csv_files, harmless_csv),
    ("journal", |scene| lines_of(&scene.path("stderr")), harmless_line),
    ("page", pages, harmless_html),
    ("JSON API", |scene| scene.get(&["/api/v1/incidents", "/api/v1/keys"]), harmless_json),
    ("metrics", |scene| scene.get(&["/metrics"]), harmless_text),
];

struct Scene {
    folder: tempfile::TempDir,
    daemon: Running,
    mails: MailServer,
    posts: Arc<Mutex<Vec<(String, String)>>>,
    syslog: Arc<Mutex<Vec<String>>>,
}

#[test]
fn no_attack_does_harm_at_any_sink() {
    let scene = Scene::begin();
    for (sink, collect, check) in SINKS {
        let texts = collect(&scene);
        assert!(!texts.is_empty(), "nothing came to {sink}");
        for text in &texts {
            let checked = std::panic::catch_unwind(|| check(text));
            let beginning: String = text.chars().take(4_000).collect();
            assert!(checked.is_ok(), "harm at {sink}:\n{beginning}");
        }
        // The test looks at something: what attacks leave behind is there to be read. The
        // journal names nobody, and a mail is in base64.
        if !matches!(*sink, "metrics" | "mail" | "Slack" | "journal") {
            let all = texts.concat();
            let traces = ["alert(1)", "HYPERLINK", "SUM(1", "caf", "evil@1", "your bank"];
            let left = traces.iter().filter(|trace| all.contains(**trace)).count();
            let beginning: String = all.chars().take(2_000).collect();
            assert!(2 <= left, "only {left} of {traces:?} came to {sink}:\n{beginning}");
        }
    }
    assert_eq!(scene.daemon.stop(), 0);
}

impl Scene {
    fn begin() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mails = MailServer::start_plain(folder.path(), free_address());
        let (url, posts) = web_server();
        let (place, syslog) = syslog_server();
        let listen = free_address();
        let config = configuration(
            folder.path(),
            &format!(
                "[web]\nlisten = \"{listen}\"\nbase_url = \"https://keyvigil.example.com\"\n{}severity = \"low\"\n{}",
                mails.configuration(),
                ways(&url, &place, folder.path()),
            ),
        );
        let mut daemon = start(&["run", "--config", &config], listen, folder.path());
        daemon.wait_for("/api/v1/status", |body| body.contains("\"state\":\"idle\""));
        let mut log =
            fs::OpenOptions::new().append(true).open(folder.path().join("access.log")).unwrap();
        log.write_all(&log_lines()).unwrap();
        let mut scene = Self { folder, daemon, mails, posts, syslog };
        scene.wait_until_all_is_told();
        scene
    }

    /// Each revoked key is an incident; what is told of it has left.
    fn wait_until_all_is_told(&mut self) {
        until("every program is told of every incident", || {
            let told = lines_of(&self.path("ocsf.jsonl"));
            let revoked = told.iter().filter(|line| line.contains("revoked_key_used")).count();
            (ATTACKS.len() <= revoked).then_some(())
        });
        self.mails.wait_for("the mail about many", |mail| mail.subject.contains("more incidents"));
        self.daemon.wait_for("/api/v1/status", |body| body.contains("\"queued\":0"));
    }

    fn path(&self, name: &str) -> std::path::PathBuf {
        self.folder.path().join(name)
    }

    fn posts(&self, path: &str) -> Vec<String> {
        let posts = self.posts.lock().unwrap();
        posts.iter().filter(|(to, _)| to == path).map(|(_, body)| body.clone()).collect()
    }

    fn get(&self, paths: &[&str]) -> Vec<String> {
        paths.iter().map(|path| self.daemon.get(path).unwrap().1).collect()
    }

    fn ask(&self, args: &[&str]) -> String {
        let config = self.path("keyvigil.toml");
        let output = keyvigil(&[args, &["--config", text(&config)]].concat());
        stdout(&output) + &stderr(&output)
    }

    fn ids(&self) -> Vec<String> {
        let listed: Value = serde_json::from_str(&self.get(&["/api/v1/incidents"])[0]).unwrap();
        let ids = listed.as_array().or_else(|| listed["incidents"].as_array()).unwrap();
        ids.iter().map(|it| it["id"].as_str().unwrap().to_owned()).collect()
    }
}

/// A revoked key for each attack, which the inventory calls so, too.
fn configuration(folder: &Path, more: &str) -> String {
    let mut rows = csv::Writer::from_path(folder.join("inventory.csv")).unwrap();
    rows.write_record(["key_id", "label", "role", "owner", "status", "status_since"]).unwrap();
    for (number, (_, attack)) in ATTACKS.iter().enumerate() {
        let id = format!("k_{number}");
        rows.write_record([&id, *attack, *attack, *attack, "revoked", "2025-06-01"]).unwrap();
    }
    rows.flush().unwrap();
    fs::write(folder.join("access.log"), "").unwrap();
    let config = format!(
        "key_is = \"id\"\ninventory = \"{}\"\nsources = [{{ path = \"{}\", format = \"json\" }}]\n\
         [store]\ndirectory = \"{}\"\n{more}",
        text(&folder.join("inventory.csv")),
        text(&folder.join("access.log")),
        text(&folder.join("state")),
    );
    fs::write(folder.join("keyvigil.toml"), config).unwrap();
    text(&folder.join("keyvigil.toml")).to_owned()
}

fn ways(url: &str, syslog: &str, folder: &Path) -> String {
    let web = ["webhook", "slack", "alertmanager"].map(|kind| {
        format!("[[notify]]\nname = \"{kind}\"\nkind = \"{kind}\"\nurl = \"{url}/{kind}\"\n")
    });
    let ocsf = text(&folder.join("ocsf.jsonl")).to_owned();
    format!(
        "{}[[notify]]\nname = \"ocsf\"\nkind = \"ocsf\"\npath = \"{ocsf}\"\n\
         [[notify]]\nname = \"syslog\"\nkind = \"syslog\"\nsyslog = \"{syslog}\"\n",
        web.concat()
    )
}

/// Of each attack a request of the revoked key, and one with the attack as its key.
fn log_lines() -> Vec<u8> {
    let at = jiff::Timestamp::now().as_second();
    let mut lines = Vec::new();
    for (number, (_, attack)) in ATTACKS.iter().enumerate() {
        for key in [format!("k_{number}"), (*attack).to_owned()] {
            let line = serde_json::json!({
                "time": at,
                "remote_addr": "198.51.100.9",
                "method": "GET",
                "path": format!("/v1/{attack}"),
                "status": 200,
                "key_id": key,
                "user_agent": attack,
            });
            let line = line.to_string().into_bytes();
            lines.extend(replaced(&line, NO_UTF8.as_bytes(), NO_UTF8_BYTES));
            lines.push(b'\n');
        }
    }
    lines
}

fn replaced(line: &[u8], what: &[u8], with: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    let mut rest = line;
    while let Some(place) = rest.windows(what.len()).position(|window| window == what) {
        out.extend_from_slice(&rest[..place]);
        out.extend_from_slice(with);
        rest = &rest[place + what.len()..];
    }
    out.extend_from_slice(rest);
    out
}

type Posts = Arc<Mutex<Vec<(String, String)>>>;

/// Takes every post: its path and its body.
fn web_server() -> (String, Posts) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let posts = Posts::default();
    let keep = Arc::clone(&posts);
    thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let (mut got, mut buffer) = (Vec::new(), [0; 16_384]);
            loop {
                let read = stream.read(&mut buffer).unwrap();
                got.extend_from_slice(&buffer[..read]);
                let said = String::from_utf8_lossy(&got).into_owned();
                let Some((head, body)) = said.split_once("\r\n\r\n") else { continue };
                let lower = head.to_ascii_lowercase();
                let length = lower.split("content-length: ").nth(1).unwrap();
                if length.lines().next().unwrap().parse::<usize>().unwrap() <= body.len() {
                    let path = head.split(' ').nth(1).unwrap().to_owned();
                    keep.lock().unwrap().push((path, body.to_owned()));
                    break;
                }
            }
            let answer = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok";
            stream.write_all(answer).unwrap();
        }
    });
    (url, posts)
}

fn syslog_server() -> (String, Arc<Mutex<Vec<String>>>) {
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    let place = format!("udp://{}", socket.local_addr().unwrap());
    let lines = Arc::new(Mutex::new(Vec::new()));
    let keep = Arc::clone(&lines);
    thread::spawn(move || {
        let mut buffer = vec![0; 65_536];
        while let Ok(length) = socket.recv(&mut buffer) {
            let line = String::from_utf8(buffer[..length].to_vec()).unwrap();
            keep.lock().unwrap().push(line);
        }
    });
    (place, lines)
}

fn lines_of(path: &Path) -> Vec<String> {
    let text = fs::read(path).unwrap_or_default();
    String::from_utf8(text)
        .unwrap()
        .split('\n')
        .map(str::to_owned)
        .collect::<Vec<_>>()
        .into_iter()
        .filter(|line| !line.is_empty())
        .collect()
}

fn mails(scene: &Scene) -> Vec<String> {
    scene.mails.mails().into_iter().map(|mail| mail.raw).collect()
}

fn terminal(scene: &Scene) -> Vec<String> {
    let mut said = vec![
        scene.ask(&["incidents"]),
        scene.ask(&["keys"]),
        scene.ask(&["status"]),
        scene.ask(&["query", "SELECT * FROM events", "--format", "table"]),
    ];
    said.extend(scene.ids().iter().map(|id| scene.ask(&["explain", id])));
    said
}

fn csv_files(scene: &Scene) -> Vec<String> {
    vec![
        scene.ask(&["keys", "--csv"]),
        scene.ask(&["query", "SELECT * FROM events", "--format", "csv"]),
    ]
}

fn pages(scene: &Scene) -> Vec<String> {
    let mut pages = scene.get(&["/", "/incidents", "/keys", "/health"]);
    for id in scene.ids() {
        pages.extend(scene.get(&[&format!("/incidents/{id}")]));
    }
    pages
}

/// Nothing that steers a terminal, turns text around or hides.
fn harmless_text(text: &str) {
    for sign in text.chars() {
        let turns = ('\u{202a}'..='\u{202e}').contains(&sign)
            || ('\u{2066}'..='\u{2069}').contains(&sign)
            || matches!(sign, '\u{200e}' | '\u{200f}' | '\u{61c}' | '\u{2028}' | '\u{2029}');
        let steers = sign.is_control() && sign != '\n';
        assert!(!turns && !steers, "{sign:?}");
    }
}

/// And of a length that nobody's reader chokes on.
fn harmless_line(line: &str) {
    harmless_text(line);
    assert!(!line.contains('\n') && line.len() <= 8_192, "{} bytes", line.len());
}

fn harmless_json(text: &str) {
    fn check(value: &Value) {
        match value {
            Value::String(text) => harmless_text(text),
            Value::Array(items) => items.iter().for_each(check),
            Value::Object(fields) => fields.values().for_each(check),
            Value::Null | Value::Bool(_) | Value::Number(_) => (),
        }
    }
    check(&serde_json::from_str(text).unwrap());
}

fn harmless_slack(text: &str) {
    harmless_json(text);
    for mark in ["<!", "<@", "<http://example", "|your bank>"] {
        assert!(!text.contains(mark), "{mark}");
    }
}

fn harmless_mail(raw: &str) {
    let mail = MessageParser::default().parse(raw.as_bytes()).unwrap();
    assert!(mail.header("Bcc").is_none() && mail.header("X-Evil").is_none());
    assert_eq!(mail.to().unwrap().iter().count(), 1);
    let subject = mail.subject().unwrap();
    harmless_line(subject);
    assert!(subject.chars().count() <= 78);
    assert!(!mail.header_raw("Subject").unwrap().contains("=?utf-8?q?=0d"));
    harmless_text(&mail.body_text(0).unwrap().replace("\r\n", "\n"));
    harmless_html(&mail.body_html(0).unwrap().replace("\r\n", "\n"));
    assert!(raw.len() < 256 * 1024, "{} bytes", raw.len());
}

fn harmless_html(html: &str) {
    harmless_text(html);
    for tag in ["<script>alert", "<img src=x", "<!--", "onerror=alert(1)>", "\"javascript:"] {
        assert!(!html.contains(tag), "{tag}");
    }
}

fn harmless_csv(text: &str) {
    let mut rows = csv::ReaderBuilder::new().flexible(true).from_reader(text.as_bytes());
    for row in rows.records() {
        for cell in &row.unwrap() {
            harmless_text(cell);
            let is_number = cell.parse::<f64>().is_ok();
            let is_formula = cell.trim_start().starts_with(['=', '+', '-', '@']);
            assert!(is_number || !is_formula, "{cell}");
        }
    }
}
