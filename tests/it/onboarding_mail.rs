//! `check --mail` against a real mail server with a certificate that a test's own root signed.

use std::fs;
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};

use crate::program::{free_address, keyvigil, stderr, stdout};

/// Debian's aiosmtpd, with STARTTLS.
struct MailServer(Child);

impl MailServer {
    fn start(folder: &Path, address: SocketAddr, name: &str) -> Self {
        let path = |name: &str| folder.join(name).display().to_string();
        certificates(folder, name);
        let child = Command::new("/usr/bin/python3")
            .args(["-m", "aiosmtpd", "-n", "-l", &address.to_string()])
            .args(["--tlscert", &path("leaf.pem"), "--tlskey", &path("leaf.key")])
            .args(["-c", "aiosmtpd.handlers.Sink"])
            .stdin(Stdio::null())
            .stderr(fs::File::create(folder.join("smtp.err")).unwrap())
            .spawn()
            .unwrap();
        let server = Self(child);
        let since = Instant::now();
        while TcpStream::connect(address).is_err() {
            let said = || fs::read_to_string(folder.join("smtp.err")).unwrap_or_default();
            let waited = since.elapsed() < Duration::from_mins(1);
            assert!(waited, "this test needs python3-aiosmtpd: {}", said());
            thread::sleep(Duration::from_millis(50));
        }
        server
    }
}

impl Drop for MailServer {
    fn drop(&mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }
}

/// `root.pem`, and a certificate for `name` that it signed.
fn certificates(folder: &Path, name: &str) {
    let root_key = KeyPair::generate().unwrap();
    let mut root = CertificateParams::new(Vec::new()).unwrap();
    root.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let root_pem = root.self_signed(&root_key).unwrap().pem();
    let issuer = Issuer::new(root, root_key);
    let key = KeyPair::generate().unwrap();
    let leaf = CertificateParams::new(vec![name.to_owned()]).unwrap();
    let leaf = leaf.signed_by(&key, &issuer).unwrap();
    fs::write(folder.join("root.pem"), root_pem).unwrap();
    fs::write(folder.join("leaf.pem"), leaf.pem()).unwrap();
    fs::write(folder.join("leaf.key"), key.serialize_pem()).unwrap();
}

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
    let address = free_address();
    let _server = MailServer::start(folder.path(), address, "localhost");
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
    let address = free_address();
    let _server = MailServer::start(folder.path(), address, "mail.example.com");
    let root = format!("root_certificate = \"{}\"", folder.path().join("root.pem").display());
    let said = check(folder.path(), address, &root);
    assert!(said.contains("set `server` to a name that the certificate is for"), "{said}");
}
