//! Signed mails: what the program signs is verified by another library, and a key that cannot
//! sign keeps nothing secret and starts nothing.

use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::parts::{part, succeed, text};
use crate::program::{keyvigil, stderr, stdout};
use crate::smtp::{MailServer, Manner};

const NAME: &str = "keyvigil._domainkey.example.com";

/// A key as people make one, and the record of the name system that goes with it.
fn key(folder: &Path, algorithm: &str) -> String {
    let openssl = part("openssl", "openssl");
    let pem = folder.join("dkim.pem");
    let make: &[&str] = match algorithm {
        "rsa" => &["genpkey", "-algorithm", "rsa", "-pkeyopt", "rsa_keygen_bits:2048"],
        _ => &["genpkey", "-algorithm", "ed25519"],
    };
    succeed(Command::new(&openssl).args(make).arg("-out").arg(&pem));
    let public = succeed(
        Command::new(&openssl).args(["pkey", "-pubout", "-outform", "DER", "-in"]).arg(&pem),
    );
    // Of Ed25519 the bare key is published, without what names its kind.
    let der = public.stdout;
    let der = if algorithm == "rsa" { &der[..] } else { &der[der.len() - 32..] };
    fs::write(folder.join("public"), der).unwrap();
    let base64 =
        succeed(Command::new(&openssl).args(["base64", "-A", "-in"]).arg(folder.join("public")));
    format!("v=DKIM1; k={algorithm}; p={}", String::from_utf8(base64.stdout).unwrap().trim())
}

fn verified(mail: &[u8], record: &str) -> String {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/dkim_verify.py");
    let mut child = Command::new("/usr/bin/python3")
        .arg(script)
        .args([NAME, record])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(mail).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "this test needs python3-dkim: scripts/test installs it");
    stdout(&output)
}

/// A configuration whose mails are signed.
fn configured(folder: &Path, mails: &MailServer) -> String {
    let path = folder.join("keyvigil.toml");
    let config = format!(
        "sources = [{{ path = \"{}\" }}]\n[web]\nlisten = \"off\"\n[store]\ndirectory = \"{}\"\n{}\
         reply_to = \"security@example.com\"\n\
         [mail.dkim]\ndomain = \"example.com\"\nselector = \"keyvigil\"\nkey = {{ file = \"{}\" }}\n",
        text(&folder.join("access.log")),
        text(&folder.join("state")),
        mails.configuration(),
        text(&folder.join("dkim.pem")),
    );
    fs::write(&path, config).unwrap();
    text(&path).to_owned()
}

#[test]
fn a_signed_mail_is_good_for_another_library_and_a_changed_one_is_not() {
    for algorithm in ["rsa", "ed25519"] {
        let folder = tempfile::tempdir().unwrap();
        let mails =
            MailServer::start(folder.path(), 0, Manner { security: "none", ..Manner::default() });
        let record = key(folder.path(), algorithm);
        let config = configured(folder.path(), &mails);
        let sent = keyvigil(&["mail", "test", "--config", &config]);
        assert!(sent.status.success(), "{}", stderr(&sent));
        let mail = mails.mails().remove(0).raw;
        assert!(mail.contains(&format!("a={algorithm}-sha256")), "{mail}");
        let said = verified(mail.as_bytes(), &record);
        assert!(said.starts_with("good:"), "{algorithm}: {said}");
        for header in ["from", "to", "reply-to", "subject", "date", "message-id", "list-id"] {
            assert!(said.contains(header), "{header} is not signed: {said}");
        }
        for (what, instead) in [
            ("Subject: [keyvigil TEST]", "Subject: [keyvigil EASY]"),
            ("It arrived", "It perished"),
            ("From: keyvigil@", "In-Reply-To: <x@example.com>\r\nFrom: keyvigil@"),
        ] {
            assert!(mail.contains(what), "{what}: {mail}");
            let said = verified(mail.replace(what, instead).as_bytes(), &record);
            assert!(said.starts_with("bad:"), "{algorithm}, {instead}: {said}");
        }
        let other = tempfile::tempdir().unwrap();
        let said = verified(mail.as_bytes(), &key(other.path(), algorithm));
        assert!(said.starts_with("bad:"), "{algorithm}, another key: {said}");
    }
}

#[test]
fn a_key_that_cannot_sign_stops_every_command_and_says_what_to_do() {
    let folder = tempfile::tempdir().unwrap();
    let mails =
        MailServer::start(folder.path(), 0, Manner { security: "none", ..Manner::default() });
    let config = configured(folder.path(), &mails);
    fs::write(folder.path().join("dkim.pem"), "very secret, and no key").unwrap();
    for command in [&["mail", "test"][..], &["run"]] {
        let output = keyvigil(&[command, &["--config", &config]].concat());
        let said = stderr(&output);
        assert_eq!(output.status.code(), Some(78), "{command:?}: {said}");
        assert!(said.contains("the key of [mail.dkim] cannot sign"), "{said}");
        assert!(said.contains("openssl genrsa") && !said.contains("very secret"), "{said}");
    }
    let output = keyvigil(&["check", "--config", &config]);
    assert_eq!(output.status.code(), Some(1));
    assert!(stdout(&output).contains("[mail.dkim] cannot sign"), "{}", stdout(&output));
    fs::remove_file(folder.path().join("dkim.pem")).unwrap();
    let output = keyvigil(&["mail", "test", "--config", &config]);
    assert_eq!(output.status.code(), Some(78));
    assert!(stderr(&output).contains("dkim.pem"), "{}", stderr(&output));
    assert!(mails.mails().is_empty());
}
