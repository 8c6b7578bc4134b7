//! One incident's life in mails, as a person lives it: told, told that it got worse, taken up
//! on the command line, closed there; all in one thread over a real mail server.

use std::fs;
use std::io::Write as _;
use std::path::Path;

use mail_parser::{HeaderValue, MessageParser};

use crate::parts::{artefacts, text};
use crate::program::{free_address, keyvigil, start, stderr};
use crate::smtp::{MailServer, Taken};

fn configured(folder: &Path, mails: &MailServer, listen: &str) -> String {
    fs::write(
        folder.join("inventory.csv"),
        "key_id,owner,role,label,created,last_rotated,status,status_since\n\
         k_old,payments@example.com,partner,billing-sync,2020-01-01,2020-01-01,revoked,2025-06-01\n",
    )
    .unwrap();
    fs::write(folder.join("access.log"), "").unwrap();
    let config = format!(
        "key_is = \"id\"\ninventory = \"{}\"\nsources = [{{ path = \"{}\", format = \"json\" }}]\n\
         [web]\nlisten = \"{listen}\"\nbase_url = \"https://keyvigil.example.com\"\n\
         [store]\ndirectory = \"{}\"\n{}severity = \"medium\"\n",
        text(&folder.join("inventory.csv")),
        text(&folder.join("access.log")),
        text(&folder.join("state")),
        mails.configuration(),
    );
    let path = folder.join("keyvigil.toml");
    fs::write(&path, config).unwrap();
    text(&path).to_owned()
}

/// A request of the revoked key, answered with that.
fn request(folder: &Path, status: u16) {
    let at = jiff::Timestamp::now().as_second();
    let mut log = fs::OpenOptions::new().append(true).open(folder.join("access.log")).unwrap();
    writeln!(
        log,
        "{{\"time\":{at},\"remote_addr\":\"198.51.100.9\",\"method\":\"GET\",\
         \"path\":\"/v1/orders\",\"status\":{status},\"key_id\":\"k_old\"}}"
    )
    .unwrap();
}

fn answers<'a>(mail: &'a mail_parser::Message<'a>) -> Option<&'a str> {
    if let HeaderValue::Text(id) = mail.in_reply_to() { Some(id) } else { None }
}

/// Of the same thread as the first.
fn check_thread(first: &Taken, later: &Taken) {
    assert_eq!(first.subject, later.subject, "a thread has one subject");
    assert_ne!(first.message_id, later.message_id);
    let mail = MessageParser::default().parse(later.raw.as_bytes()).unwrap();
    assert_eq!(answers(&mail), Some(first.message_id.as_str()));
    let thread = mail.references();
    assert!(matches!(thread, HeaderValue::Text(id) if *id == first.message_id), "{thread:?}");
}

#[test]
fn an_incident_is_opened_grows_is_taken_up_and_is_closed_in_one_thread() {
    let folder = tempfile::tempdir().unwrap();
    let mails = MailServer::start_secured(folder.path(), free_address());
    let listen = free_address();
    let config = configured(folder.path(), &mails, &listen.to_string());
    let mut daemon = start(&["run", "--config", &config], listen, folder.path());
    daemon.wait_for("/api/v1/status", |body| body.contains("\"state\":\"idle\""));

    request(folder.path(), 401);
    let opened = mails.wait_for("the first mail", |mail| mail.text.starts_with("STATUS: OPEN"));
    assert!(opened.text.starts_with("STATUS: OPEN · MEDIUM · INC-"), "{}", opened.text);
    assert!(opened.subject.starts_with("[keyvigil MEDIUM] billing-sync: used after it was"));
    assert!(opened.text.contains("A rule was broken: this is certain"), "{}", opened.text);
    assert!(opened.name.contains(".secured.keyvigil."), "{}", opened.name);
    assert!(opened.raw.contains("X-Test-Received: TLS for you@example.com"));

    request(folder.path(), 200);
    let worse = mails.wait_for("an update", |mail| mail.text.contains("OPEN, update 1 · HIGH"));
    check_thread(&opened, &worse);
    assert!(worse.text.contains("(answered with 200)"), "{}", worse.text);

    let id = opened.subject.rsplit_once('(').unwrap().1.trim_end_matches(')').to_owned();
    let said = keyvigil(&["ack", &id, "--config", &config]);
    assert!(said.status.success(), "{}", stderr(&said));
    let taken = mails.wait_for("that someone looks into it", |mail| {
        mail.text.starts_with("STATUS: ACKNOWLEDGED by ")
    });
    check_thread(&opened, &taken);

    let said = keyvigil(&["resolve", &id, "--reason", "replaced", "--config", &config]);
    assert!(said.status.success(), "{}", stderr(&said));
    let over = mails.wait_for("the end", |mail| mail.text.starts_with("STATUS: RESOLVED after "));
    check_thread(&opened, &over);
    assert!(over.text.contains("It was closed."), "{}", over.text);
    assert_eq!(daemon.stop(), 0);
    assert_eq!(mails.mails().len(), 4, "no more than these");
    let kept = artefacts("mail-thread");
    for (name, mail) in [("1-open", opened), ("2-update", worse), ("3-ack", taken), ("4-end", over)]
    {
        fs::write(kept.join(format!("{name}.eml")), mail.raw).unwrap();
    }
}
