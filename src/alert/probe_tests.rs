//! A mail server that says what it is told to, and what the probe makes of it.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{TcpListener, TcpStream};
use std::thread;

use super::{Security, SmtpOptions, probe};

/// Answers each command by the first of these that begins like it; `None` hangs up.
type Answers = &'static [(&'static str, Option<&'static str>)];

const FINE: Answers = &[("EHLO", Some("250-x\r\n250 AUTH PLAIN")), ("", Some("250 fine"))];

/// The steps, a line each, and the commands that the server heard.
fn check(answers: Answers, login: bool) -> (String, Vec<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let heard = thread::spawn(move || {
        // The first connection only looks whether somebody listens.
        drop(listener.accept().unwrap());
        serve(&listener.accept().unwrap().0, answers).1
    });
    let said = steps(port, Security::Plain, login);
    (said, heard.join().unwrap())
}

fn steps(port: u16, security: Security, login: bool) -> String {
    let login = login.then(|| ("keyvigil".to_owned(), "correct horse".to_owned()));
    let host = "127.0.0.1".to_owned();
    let options =
        SmtpOptions { host, port, security, login, root_certificate: None, talk_max: None };
    let mut lines = Vec::new();
    let to = ["you@example.com".to_owned()];
    let well = probe(&options, ("keyvigil@example.com", &to), &mut |(name, outcome)| {
        lines.push(match outcome {
            Ok(said) => format!("{name}: {said}"),
            Err(advice) => format!("{name}: NO {}; {}", advice.what, advice.next),
        });
    });
    lines.push(format!("well: {well}"));
    lines.join("\n")
}

fn serve(stream: &TcpStream, answers: Answers) -> (Option<()>, Vec<String>) {
    let mut heard = Vec::new();
    let done = talk(stream, answers, &mut heard);
    (done, heard)
}

fn talk(mut out: &TcpStream, answers: Answers, heard: &mut Vec<String>) -> Option<()> {
    out.write_all(b"220 mail.example.com\r\n").ok()?;
    for line in BufReader::new(out).lines() {
        let line = line.ok()?;
        let answer = answers.iter().find(|(command, _)| line.starts_with(command))?.1?;
        heard.push(line);
        out.write_all(format!("{answer}\r\n").as_bytes()).ok()?;
    }
    Some(())
}

#[test]
fn everything_is_said_and_nothing_is_sent() {
    let (said, heard) = check(FINE, true);
    assert!(said.contains("log in: 250 fine"), "{said}");
    assert!(said.contains("to: you@example.com is taken (250 fine)\nwell: true"), "{said}");
    assert!(!said.contains("horse"), "{said}");
    let commands: Vec<&str> = heard.iter().map(|line| line.get(..4).unwrap()).collect();
    assert_eq!(commands, ["EHLO", "AUTH", "MAIL", "RCPT", "RSET", "QUIT"]);
}

#[test]
fn a_refused_log_in_says_what_to_check() {
    let (said, _) = check(
        &[
            ("EHLO", Some("250-x\r\n250 AUTH PLAIN")),
            ("AUTH", Some("535 5.7.8 bad credentials\u{1b}[31m")),
            ("", Some("250 fine")),
        ],
        true,
    );
    assert!(said.contains("log in: NO the log-in as \"keyvigil\" is refused"), "{said}");
    assert!(said.contains("app password\nwell: false"), "{said}");
    assert!(!said.contains('\u{1b}'), "{said:?}");
}

#[test]
fn a_server_without_log_in_is_told_from_a_wrong_password() {
    let (said, _) = check(&[("EHLO", Some("250 x")), ("", Some("250 fine"))], true);
    assert!(said.contains("offers no log-in on this port"), "{said}");
}

#[test]
fn a_refused_recipient_is_named_and_relaying_asks_for_a_log_in() {
    let (said, _) = check(
        &[
            ("EHLO", Some("250 x")),
            ("RCPT", Some("554 5.7.1 Relay access denied")),
            ("", Some("250 fine")),
        ],
        false,
    );
    assert!(said.contains("to: NO you@example.com is refused"), "{said}");
    assert!(said.contains("without a log-in: set user and password"), "{said}");
    let (said, _) = check(
        &[("EHLO", Some("250 x")), ("MAIL", Some("553 not your domain")), ("", Some("250 fine"))],
        false,
    );
    assert!(said.contains("set `from` to an address"), "{said}");
}

#[test]
fn a_server_that_hangs_up_is_no_panic() {
    let (said, _) = check(&[("EHLO", Some("250 x")), ("MAIL", None)], false);
    assert!(said.contains("from: NO") && said.ends_with("well: false"), "{said}");
}

#[test]
fn a_port_where_nobody_listens_is_said() {
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let said = steps(port, Security::Plain, false);
    assert!(said.contains(&format!("connect: NO nothing listens on port {port}")), "{said}");
}

#[test]
fn a_server_that_offers_no_tls_is_refused_before_anything_is_said() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let server = thread::spawn(move || {
        drop(listener.accept().unwrap());
        serve(&listener.accept().unwrap().0, FINE).1
    });
    let said = steps(port, Security::StartTls, true);
    assert!(said.contains("TLS: NO the server offers no STARTTLS"), "{said}");
    let heard = server.join().unwrap();
    assert!(!heard.iter().any(|line| line.starts_with("AUTH")), "{heard:?}");
}

#[test]
fn plain_text_in_the_place_of_tls_names_the_other_setting() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let server = thread::spawn(move || {
        drop(listener.accept().unwrap());
        serve(&listener.accept().unwrap().0, FINE).1
    });
    let said = steps(port, Security::Tls, false);
    assert!(said.contains("set tls = \"starttls\""), "{said}");
    server.join().unwrap();
}
