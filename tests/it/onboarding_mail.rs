//! `check --mail` against a real mail server with a certificate that a test's own root signed.

use std::fs;
use std::net::{SocketAddr, TcpListener};
use std::path::Path;

use crate::program::{free_address, keyvigil, stderr, stdout};
use crate::smtp::{MailServer, Manner};

/// What `check --mail` says with these settings of `[mail]`.
fn check(folder: &Path, address: SocketAddr, settings: &str) -> String {
    let config = folder.join("keyvigil.toml");
    let text = format!(
        "sources = [{{ path = \"{}\" }}]\n[web]\nlisten = \"off\"\n[store]\ndirectory = \"{}\"\n\
         [mail]\nto = [\"you@example.com\", \"other@example.com\"]\nfrom = \"keyvigil@example.com\"\n\
         server = \"localhost\"\nport = {}\n{settings}\n",
        folder.join("access.log").display(),
        folder.join("state").display(),
        address.port(),
    );
    fs::write(&config, text).unwrap();
    let output = keyvigil(&["check", "--mail", "--config", config.to_str().unwrap()]);
    stdout(&output) + &stderr(&output)
}

#[test]
fn each_step_of_a_talk_over_starttls_is_said() {
    let folder = tempfile::tempdir().unwrap();
    let server = MailServer::start(folder.path(), 0, Manner::default());
    let address = server.address;
    let root = format!("root_certificate = \"{}\"", folder.path().join("root.pem").display());
    let said = check(folder.path(), address, &root);
    assert!(said.contains("the certificate is good for localhost"), "{said}");
    assert!(said.contains("other@example.com is taken"), "{said}");
    assert!(said.contains("mails would be taken; nothing was sent"), "{said}");

    let said = check(folder.path(), address, "");
    assert!(said.contains("set root_certificate"), "{said}");
    let said = check(folder.path(), address, &format!("{root}\ntls = \"implicit\""));
    assert!(said.contains("set tls = \"starttls\""), "{said}");
}

#[test]
fn a_certificate_for_another_name_is_told_from_an_unknown_one() {
    let folder = tempfile::tempdir().unwrap();
    let manner = Manner { names: &["mail.example.com"], ..Manner::default() };
    let server = MailServer::start(folder.path(), 0, manner);
    let address = server.address;
    let root = format!("root_certificate = \"{}\"", folder.path().join("root.pem").display());
    let said = check(folder.path(), address, &root);
    assert!(said.contains("set `server` to a name that the certificate is for"), "{said}");
}

#[test]
fn the_machines_own_sendmail_and_the_ways_beside_mail_are_looked_at_too() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).display().to_string();
    let chat = TcpListener::bind("127.0.0.1:0").unwrap();
    let nobody = free_address();
    fs::write(path("secret"), format!("http://{}/hook/very-secret", chat.local_addr().unwrap()))
        .unwrap();
    let ways = format!(
        "sendmail = \"/bin/true\"\n\
         [[notify]]\nname = \"chat\"\nkind = \"slack\"\nurl = {{ file = \"{}\" }}\n\
         [[notify]]\nname = \"soc\"\nkind = \"webhook\"\nurl = \"http://{nobody}/x\"\n\
         [[notify]]\nname = \"collector\"\nkind = \"ocsf\"\npath = \"{}\"\n\
         [[notify]]\nname = \"log\"\nkind = \"syslog\"\nsyslog = \"unix:{}\"\n",
        path("secret"),
        path("findings.jsonl"),
        path("no-such-socket"),
    );
    let said = check(folder.path(), nobody, &ways);
    for part in [
        "mail by the program /bin/true; `keyvigil mail test` sends one",
        "Slack \"chat\"\n  its server answers",
        &format!("webhook \"soc\"\n  PROBLEM: {nobody} cannot be reached"),
        "findings.jsonl can be written by this user",
        "no-such-socket is not there",
    ] {
        assert!(said.contains(part), "{part}: {said}");
    }
    assert!(!said.contains("very-secret"), "{said}");
    assert!(!folder.path().join("findings.jsonl").exists(), "a check leaves nothing behind");
    let said = check(folder.path(), nobody, "sendmail = \"/no/such/program\"");
    assert!(said.contains("it is not there"), "{said}");
}
