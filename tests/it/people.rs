//! What people get: pages, JSON, and mails that wait for a server to come back.

use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::TcpListener;
use std::path::Path;
use std::sync::mpsc;
use std::thread;

use mail_parser::MessageParser;

use crate::program::{Running, free_address, start};

/// A log with a revoked key in it, and a configuration that mails to this port.
fn configured(folder: &Path, smtp_port: u16) -> Running {
    let path = |name: &str| folder.join(name).to_str().unwrap().to_owned();
    let now = jiff::Timestamp::now();
    let line = |second: i64, key: &str| {
        let at = now.as_second() - 60 + second;
        format!(
            "{{\"time\":{at},\"remote_addr\":\"198.51.100.9\",\"method\":\"GET\",\"path\":\"/v1/<script>alert(1)</script>\",\"status\":200,\"key_id\":\"{key}\",\"user_agent\":\"\\u001b[31mx\\u202e\"}}\n"
        )
    };
    let lines: String =
        (0..40).map(|it| line(it, if it % 10 == 0 { "k_revoked" } else { "k_usual" })).collect();
    fs::write(path("access.log"), lines).unwrap();
    fs::write(
        path("inventory.csv"),
        "key_id,owner,role,created,last_rotated,status,status_since\n\
         k_usual,a@example.com,partner,2020-01-01,2020-01-01,active,2020-01-01\n\
         k_revoked,b@example.com,partner,2020-01-01,2020-01-01,revoked,2020-06-01\n",
    )
    .unwrap();
    let address = free_address();
    let config = format!(
        "key_is = \"id\"\ninventory = \"{}\"\nsources = [{{ path = \"{}\", format = \"json\" }}]\n\
         [store]\ndirectory = \"{}\"\n[web]\nlisten = \"{address}\"\n\
         [mail]\nto = \"you@example.com\"\nserver = \"127.0.0.1\"\nport = {smtp_port}\ntls = \"none\"\n",
        path("inventory.csv"),
        path("access.log"),
        path("state"),
    );
    fs::write(path("keyvigil.toml"), config).unwrap();
    // A configured source is followed from its end; this history is to be read, too.
    let running = start(&["run", "--config", &path("keyvigil.toml")], address, folder);
    let mut log = fs::OpenOptions::new().append(true).open(path("access.log")).unwrap();
    let mut running = running;
    running.wait_for("/api/v1/status", |body| body.contains("\"state\":\"idle\""));
    for second in 40..60 {
        let key = if second % 10 == 0 { "k_revoked" } else { "k_usual" };
        log.write_all(line(second, key).as_bytes()).unwrap();
    }
    running
}

/// A mail server that takes everything: each message's text comes out.
pub(crate) fn mail_server(listener: TcpListener) -> mpsc::Receiver<String> {
    let (sender, received) = mpsc::channel();
    thread::spawn(move || {
        for stream in listener.incoming() {
            let stream = stream.unwrap();
            let sender = sender.clone();
            thread::spawn(move || serve_mail(&stream, &sender));
        }
    });
    received
}

fn serve_mail(stream: &std::net::TcpStream, sender: &mpsc::Sender<String>) -> Option<()> {
    let mut out = stream;
    let mut lines = BufReader::new(stream).lines();
    out.write_all(b"220 mail.example.com\r\n").ok()?;
    loop {
        let line = lines.next()?.ok()?;
        let answer: &[u8] = match line.get(..4)?.to_ascii_uppercase().as_str() {
            "EHLO" | "HELO" => b"250 mail.example.com\r\n",
            "QUIT" => b"221 bye\r\n",
            "DATA" => {
                out.write_all(b"354 go on\r\n").ok()?;
                let mut message = String::new();
                loop {
                    let line = lines.next()?.ok()?;
                    if line == "." {
                        break;
                    }
                    message.push_str(line.strip_prefix('.').unwrap_or(&line));
                    message.push_str("\r\n");
                }
                sender.send(message).ok()?;
                b"250 taken\r\n"
            }
            _ => b"250 fine\r\n",
        };
        out.write_all(answer).ok()?;
    }
}

#[test]
fn an_incident_is_shown_and_mailed_once_the_mail_server_is_back() {
    let folder = tempfile::tempdir().unwrap();
    // Nobody listens there yet.
    let smtp = free_address();
    let mut running = configured(folder.path(), smtp.port());
    let status = running.wait_for("/api/v1/status", |body| {
        body.contains("\"high\":1") && body.contains("\"queued\":1")
    });
    assert!(
        status.contains("\"verdict\":\"alert\"") || status.contains("\"verdict\":\"degraded\""),
        "{status}"
    );

    let received = mail_server(TcpListener::bind(smtp).unwrap());
    let message = received.recv_timeout(std::time::Duration::from_secs(90)).unwrap();
    let mail = MessageParser::default().parse(message.as_bytes()).unwrap();
    let subject = mail.subject().unwrap();
    assert!(subject.starts_with("[keyvigil HIGH] ") && subject.contains("(INC-"), "{subject}");
    assert!(subject.chars().count() <= 78, "{subject}");
    let text = mail.body_text(0).unwrap().into_owned();
    let html = mail.body_html(0).unwrap().into_owned();
    assert!(text.contains("STATUS: OPEN") && text.contains("k_revoked"), "{text}");
    assert!(!html.contains("<script>alert"), "{html}");
    assert!(!text.contains('\u{1b}') && !text.contains('\u{202e}'), "{text:?}");
    running.wait_for("/api/v1/status", |body| {
        body.contains("\"queued\":0") && !body.contains("\"last_sent\":null")
    });
    assert_eq!(running.stop(), 0);
}

#[test]
fn the_pages_show_incidents_and_stale_keys_and_harm_nobody() {
    let folder = tempfile::tempdir().unwrap();
    let mut running = configured(folder.path(), free_address().port());
    running.wait_for("/api/v1/status", |body| body.contains("\"high\":1"));
    let incidents = running.wait_for("/api/v1/incidents", |body| body.contains("INC-"));
    let id: String = incidents
        .split("INC-")
        .nth(1)
        .unwrap()
        .chars()
        .take_while(char::is_ascii_hexdigit)
        .collect();
    for path in ["/", "/incidents", &format!("/incidents/INC-{id}"), "/keys", "/health"] {
        let (head, body) = running.get(path).unwrap();
        assert!(head.starts_with("HTTP/1.1 200"), "{path}: {head}");
        let head = head.to_ascii_lowercase();
        assert!(head.contains("content-security-policy: default-src 'none'"), "{path}: {head}");
        assert!(!body.contains("<script>alert"), "{path} runs what a log says");
        assert!(!body.contains(" style="), "{path} has an inline style");
    }
    // Staleness is looked for with the first slot that is judged, a moment after the incident.
    let keys = running.wait_for("/api/v1/keys", |body| body.contains("rotation_overdue"));
    assert!(keys.contains("a@example.com"), "{keys}");
    let overview = running.get("/").unwrap().1;
    assert!(overview.contains("k_revoked") && overview.contains("k_usual"), "{overview}");
    assert!(running.get("/healthz").unwrap().0.starts_with("HTTP/1.1 200"));
    assert!(running.get("/readyz").unwrap().0.starts_with("HTTP/1.1 200"));
    let metrics = running.get("/metrics").unwrap().1;
    assert!(metrics.contains("keyvigil_") && !metrics.contains("k_revoked"), "{metrics}");
    assert!(running.get("/incidents/INC-000000").unwrap().0.starts_with("HTTP/1.1 404"));
    assert_eq!(running.stop(), 0);
}

#[test]
fn a_log_that_is_not_there_is_blind_and_never_green() {
    let folder = tempfile::tempdir().unwrap();
    let missing = folder.path().join("nowhere.log");
    let mut running = crate::program::run(&[missing.to_str().unwrap()], folder.path());
    let status = running.wait_for("/api/v1/status", |body| body.contains("\"missing\""));
    assert!(status.contains("\"verdict\":\"blind\""), "{status}");
    assert!(running.get("/readyz").unwrap().0.starts_with("HTTP/1.1 503"));
    assert!(running.get("/healthz").unwrap().0.starts_with("HTTP/1.1 200"));
    assert_eq!(running.stop(), 0);
}
