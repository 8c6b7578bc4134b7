//! A real mail server for tests: Debian's aiosmtpd, and the mails that it took.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use mail_parser::MessageParser;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};

use crate::parts::{Part, text, until};

pub(crate) const USER: &str = "keyvigil";
pub(crate) const PASSWORD: &str = "a password of the test";

/// What the server does, and what it asks for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Manner<'a> {
    /// `starttls`, `implicit` or `none`.
    pub(crate) security: &'a str,
    /// Whose certificate it shows.
    pub(crate) names: &'a [&'a str],
    /// `take`, `hang`, `full` or `spam`.
    pub(crate) mode: &'a str,
    pub(crate) password: Option<&'a str>,
}

impl Default for Manner<'_> {
    fn default() -> Self {
        Self {
            security: "starttls",
            names: &["127.0.0.1", "localhost"],
            mode: "take",
            password: None,
        }
    }
}

pub(crate) struct MailServer {
    pub(crate) address: SocketAddr,
    pub(crate) folder: PathBuf,
    is_secured: bool,
    _part: Part,
}

/// A mail that was taken.
#[derive(Clone, Debug)]
pub(crate) struct Taken {
    /// Milliseconds since 1970.
    pub(crate) at: i64,
    /// How it came: `1742202000000-001.secured.keyvigil.eml`.
    pub(crate) name: String,
    pub(crate) raw: String,
    pub(crate) subject: String,
    pub(crate) text: String,
    pub(crate) message_id: String,
}

impl MailServer {
    /// Takes mails over STARTTLS and after a log-in only.
    pub(crate) fn start_secured(folder: &Path, address: SocketAddr) -> Self {
        let manner = Manner { password: Some(PASSWORD), ..Manner::default() };
        Self::start(folder, address.port(), manner)
    }

    /// Takes mails from this machine as they come.
    pub(crate) fn start_plain(folder: &Path, address: SocketAddr) -> Self {
        Self::start(folder, address.port(), Manner { security: "none", ..Manner::default() })
    }

    /// Its root certificate and the password lie in the folder as `root.pem` and `password`.
    /// Port 0 is any that is free.
    pub(crate) fn start(folder: &Path, port: u16, manner: Manner<'_>) -> Self {
        let mails = folder.join("mails");
        fs::create_dir_all(&mails).unwrap();
        certify(folder, manner.names);
        fs::write(folder.join("password"), manner.password.unwrap_or_default()).unwrap();
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/mail_server.py");
        let stderr = fs::File::create(folder.join("mail-server-stderr")).unwrap();
        // Debian's Python, whatever other is first in the path.
        let mut command = Command::new("/usr/bin/python3");
        command.arg(script).arg(&mails).args(["--port", &port.to_string()]);
        command.args(["--security", manner.security, "--mode", manner.mode]);
        command.arg("--certificate").arg(folder.join("own.pem"));
        command.arg("--key").arg(folder.join("own.key"));
        command.args(manner.password.iter().flat_map(|it| ["--password", it]));
        let mut server = Part::start(command.stdout(Stdio::piped()).stderr(Stdio::from(stderr)));
        let mut line = String::new();
        BufReader::new(server.0.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let said = || fs::read_to_string(folder.join("mail-server-stderr")).unwrap();
        let port = line.trim().parse::<u16>();
        assert!(port.is_ok(), "this test needs python3-aiosmtpd: {}", said());
        let address = SocketAddr::from(([127, 0, 0, 1], port.unwrap()));
        until("the mail server listens", || TcpStream::connect(address).ok());
        Self { address, folder: mails, is_secured: manner.security != "none", _part: server }
    }

    /// Lines of a configuration that sends mails here.
    pub(crate) fn configuration(&self) -> String {
        let port = self.address.port();
        let secrets = self.folder.parent().unwrap();
        let tls = if self.is_secured {
            format!(
                "tls = \"starttls\"\nuser = \"{USER}\"\npassword = {{ file = \"{}\" }}\n\
                 root_certificate = \"{}\"\n",
                text(&secrets.join("password")),
                text(&secrets.join("root.pem")),
            )
        } else {
            "tls = \"none\"\n".to_owned()
        };
        format!(
            "[mail]\nto = \"you@example.com\"\nserver = \"127.0.0.1\"\nport = {port}\n\
             from = \"keyvigil@example.com\"\n{tls}"
        )
    }

    /// The root that vouches for it, as PEM.
    pub(crate) fn root(&self) -> Vec<u8> {
        fs::read(self.folder.with_file_name("root.pem")).unwrap()
    }

    /// What was taken so far, in order.
    pub(crate) fn mails(&self) -> Vec<Taken> {
        let mut mails: Vec<Taken> = fs::read_dir(&self.folder)
            .unwrap()
            .filter_map(|file| taken(&file.unwrap().path()))
            .collect();
        mails.sort_by(|a, b| a.name.cmp(&b.name));
        mails
    }

    /// The first mail that suits, now or later.
    pub(crate) fn wait_for(&self, what: &str, suits: impl Fn(&Taken) -> bool) -> Taken {
        until(what, || self.mails().into_iter().find(|mail| suits(mail)))
    }

    pub(crate) fn refuse(&self) {
        fs::write(self.folder.join("refuse"), "").unwrap();
    }
}

/// A root of the test's own, and a certificate that it signed.
fn certify(folder: &Path, names: &[&str]) {
    let mut params = CertificateParams::new([]).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let root = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
    let key = KeyPair::generate().unwrap();
    let names: Vec<String> = names.iter().map(|&name| name.to_owned()).collect();
    let own = CertificateParams::new(names).unwrap().signed_by(&key, &root).unwrap();
    fs::write(folder.join("root.pem"), root.pem()).unwrap();
    fs::write(folder.join("own.pem"), own.pem()).unwrap();
    fs::write(folder.join("own.key"), key.serialize_pem()).unwrap();
}

fn taken(path: &Path) -> Option<Taken> {
    let name = path.file_name()?.to_str()?;
    let name = name.strip_suffix(".eml").map(|_| name.to_owned())?;
    let raw = fs::read_to_string(path).unwrap();
    let mail = MessageParser::default().parse(raw.as_bytes()).unwrap();
    let body = mail.body_text(0).unwrap_or_default().into_owned();
    Some(Taken {
        at: name.split('-').next()?.parse().unwrap(),
        subject: mail.subject().unwrap_or_default().to_owned(),
        text: body,
        message_id: mail.message_id().unwrap_or_default().to_owned(),
        name,
        raw,
    })
}
