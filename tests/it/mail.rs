//! Mails to a real SMTP server, over TLS, refused, hung up on, and read again.

use std::fs;
use std::path::Path;
use std::time::Duration;

use keyvigil::alert::{
    AlertError, Bulletin, Frame, News, Notifier as _, Refusal, Security, Sendmail, Smtp,
    SmtpOptions, sample_letter,
};
use keyvigil::model::Timestamp;
use mail_parser::{Message, MessageParser, MimeHeaders as _, PartType};

use crate::smtp::{MailServer, Manner, Taken};

/// A mail server, and where its things lie.
struct Server {
    mails: MailServer,
    _folder: tempfile::TempDir,
}

impl Server {
    fn start(manner: Manner<'_>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        Self { mails: MailServer::start(folder.path(), 0, manner), _folder: folder }
    }

    fn secured(security: &str) -> Self {
        Self::start(Manner { security, ..Manner::default() })
    }

    fn smtp(&self, security: Security) -> Smtp {
        self.smtp_with(SmtpOptions { security, ..SmtpOptions::default() })
    }

    fn smtp_with(&self, options: SmtpOptions) -> Smtp {
        Smtp::new(&SmtpOptions {
            host: "127.0.0.1".to_owned(),
            port: self.mails.address.port(),
            root_certificate: Some(self.mails.root()),
            ..options
        })
        .unwrap()
    }

    fn mails(&self) -> Vec<Taken> {
        self.mails.mails()
    }
}

fn frame() -> Frame {
    Frame {
        from: "keyvigil <keyvigil@example.com>".to_owned(),
        reply_to: Some("security@example.com".to_owned()),
        base_url: Some("https://keyvigil.example.com".to_owned()),
        host: "api-01".to_owned(),
        ..Frame::default()
    }
}

fn bulletin(to: &str) -> Bulletin {
    let at = Timestamp::from_seconds(1_773_738_000);
    let letter = sample_letter("volume_spike", &frame(), at).unwrap();
    Bulletin { to: to.to_owned(), letter, news: News::Report, frame: frame(), at }
}

async fn send(smtp: &Smtp, to: &str) -> Result<String, Refusal> {
    smtp.send(&bulletin(to)).await
}

/// As another library reads it: the text, the HTML, and the picture that it points to.
fn check_whole(bytes: &[u8]) {
    let mail = MessageParser::default().parse(bytes).unwrap();
    assert_eq!(mail.from().unwrap().first().unwrap().address(), Some("keyvigil@example.com"));
    assert_eq!(mail.reply_to().unwrap().first().unwrap().address(), Some("security@example.com"));
    assert!(mail.subject().unwrap().starts_with("[keyvigil HIGH] billing-sync: far more"));
    assert!(mail.subject().unwrap().chars().count() <= 78);
    assert_eq!(mail.header_raw("Auto-Submitted").unwrap().trim(), "auto-generated");
    assert!(mail.header_raw("List-Id").unwrap().contains("<keyvigil.example.com>"));
    assert!(mail.header_raw("Date").unwrap().trim().ends_with("+0000"));
    let text = mail.body_text(0).unwrap();
    let html = mail.body_html(0).unwrap();
    assert!(text.starts_with("STATUS: OPEN"), "{text}");
    for said in ["Ask payments@example.com whether", "8,200 requests", "api-01", "INC-7f3c9a"] {
        assert!(text.contains(said) && html.contains(said), "{said}");
    }
    let picture = picture_of(&mail);
    let cid = picture.content_id().unwrap();
    assert!(html.contains(&format!("src=\"cid:{cid}\"")), "{cid}: {html}");
    assert!(picture.contents().starts_with(b"\x89PNG"));
    let kinds: Vec<&str> =
        mail.parts.iter().filter_map(|part| part.content_type()?.subtype()).collect();
    assert_eq!(kinds, ["alternative", "plain", "related", "html", "png"]);
}

fn picture_of<'a>(mail: &'a Message<'a>) -> &'a mail_parser::MessagePart<'a> {
    let is_picture = |part: &&mail_parser::MessagePart<'_>| {
        matches!(part.body, PartType::Binary(_) | PartType::InlineBinary(_))
    };
    mail.parts.iter().find(is_picture).unwrap()
}

#[tokio::test]
async fn a_mail_arrives_whole_over_starttls_and_over_implicit_tls() {
    for (name, security) in [("starttls", Security::StartTls), ("implicit", Security::Tls)] {
        let server = Server::secured(name);
        let reply = send(&server.smtp(security), "oncall@example.com").await.unwrap();
        assert!(reply.contains("taken"), "{reply}");
        let mails = server.mails();
        assert_eq!(mails.len(), 1, "{name}");
        assert!(mails[0].name.contains(".secured."), "{name}: {}", mails[0].name);
        check_whole(mails[0].raw.as_bytes());
    }
}

#[tokio::test]
async fn a_certificate_that_nobody_vouches_for_or_for_another_name_is_refused() {
    for (name, security) in [("starttls", Security::StartTls), ("implicit", Security::Tls)] {
        let server = Server::secured(name);
        let stranger = Smtp::new(&SmtpOptions {
            host: "127.0.0.1".to_owned(),
            port: server.mails.address.port(),
            security,
            ..SmtpOptions::default()
        })
        .unwrap();
        let refused = send(&stranger, "oncall@example.com").await.unwrap_err();
        assert!(matches!(refused, Refusal::Unreachable(_)), "{refused}");
        let other = Server::start(Manner {
            security: name,
            names: &["other.example.com"],
            ..Manner::default()
        });
        let refused = send(&other.smtp(security), "oncall@example.com").await.unwrap_err();
        assert!(matches!(refused, Refusal::Unreachable(_)), "{refused}");
        assert!(server.mails().is_empty() && other.mails().is_empty());
    }
}

#[tokio::test]
async fn a_server_that_offers_no_tls_is_not_given_the_mail_nor_the_password() {
    let server = Server::secured("none");
    let login = Some(("keyvigil".to_owned(), "correct horse".to_owned()));
    let smtp = server.smtp_with(SmtpOptions { login, ..SmtpOptions::default() });
    assert!(matches!(send(&smtp, "oncall@example.com").await, Err(Refusal::Unreachable(_))));
    assert!(server.mails().is_empty());
}

#[tokio::test]
async fn a_password_opens_the_server_and_a_wrong_one_blocks_the_way_without_being_said() {
    let server = Server::start(Manner { password: Some("correct horse"), ..Manner::default() });
    let smtp = |password: &str| {
        let login = Some(("keyvigil".to_owned(), password.to_owned()));
        server.smtp_with(SmtpOptions { login, ..SmtpOptions::default() })
    };
    send(&smtp("correct horse"), "oncall@example.com").await.unwrap();
    assert!(server.mails()[0].name.contains(".keyvigil."));
    let refused = send(&smtp("battery staple"), "oncall@example.com").await.unwrap_err();
    assert!(matches!(refused, Refusal::Unreachable(_)), "{refused}");
    assert!(!refused.to_string().contains("battery"), "{refused}");
}

#[tokio::test]
async fn what_the_server_says_tells_now_from_never() {
    let server = Server::secured("starttls");
    let smtp = server.smtp(Security::StartTls);
    let gone = send(&smtp, "gone@example.com").await.unwrap_err();
    assert!(matches!(&gone, Refusal::Never(text) if text.contains("no such user")), "{gone}");
    let busy = send(&smtp, "busy@example.com").await.unwrap_err();
    assert!(matches!(&busy, Refusal::Later(text) if text.contains("try again")), "{busy}");
    send(&smtp, "oncall@example.com").await.unwrap();
    for (mode, is_final) in [("full", false), ("spam", true)] {
        let server = Server::start(Manner { mode, security: "implicit", ..Manner::default() });
        let refused = send(&server.smtp(Security::Tls), "oncall@example.com").await.unwrap_err();
        assert_eq!(matches!(refused, Refusal::Never(_)), is_final, "{mode}: {refused}");
        assert_eq!(matches!(refused, Refusal::Later(_)), !is_final, "{mode}: {refused}");
    }
}

#[tokio::test]
async fn a_server_that_falls_silent_is_left_after_a_while() {
    let server = Server::start(Manner { mode: "hang", ..Manner::default() });
    let talk_max = Some(Duration::from_secs(2));
    let smtp = server.smtp_with(SmtpOptions { talk_max, ..SmtpOptions::default() });
    let refused = send(&smtp, "oncall@example.com").await.unwrap_err();
    assert!(
        matches!(&refused, Refusal::Unreachable(text) if text.contains("no answer within 2 s")),
        "{refused}"
    );
}

#[tokio::test]
async fn plain_to_another_machine_is_refused_before_anything_is_sent() {
    let host = "mail.example.com".to_owned();
    let refused =
        Smtp::new(&SmtpOptions { host, security: Security::Plain, ..SmtpOptions::default() });
    assert!(matches!(refused.err(), Some(AlertError::PlainToAnotherMachine { .. })));
}

/// A program that does with its input what the test wants.
fn sendmail(folder: &Path, script: &str) -> Sendmail {
    use std::os::unix::fs::PermissionsExt as _;
    let program = folder.join("sendmail");
    fs::write(&program, format!("#!/bin/sh\ncd '{}'\n{script}\n", folder.display())).unwrap();
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
    Sendmail { program }
}

#[tokio::test]
async fn the_machines_own_sendmail_takes_the_whole_mail_or_says_why_not() {
    let folder = tempfile::tempdir().unwrap();
    let send = async |script: &str| {
        let sendmail = sendmail(folder.path(), script);
        sendmail.send(&bulletin("oncall@example.com")).await
    };
    send("echo \"$@\" > args; cat > mail").await.unwrap();
    let args = fs::read_to_string(folder.path().join("args")).unwrap();
    assert_eq!(args.trim(), "-i -f keyvigil@example.com -- oncall@example.com");
    check_whole(&fs::read(folder.path().join("mail")).unwrap());
    assert!(matches!(send("exit 75").await, Err(Refusal::Later(_))));
    assert!(matches!(send("exit 67").await, Err(Refusal::Never(_))));
    let missing = Sendmail { program: folder.path().join("none") };
    let refused = missing.send(&bulletin("oncall@example.com")).await;
    assert!(matches!(refused, Err(Refusal::Unreachable(_))));
}
