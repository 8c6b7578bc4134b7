//! A real mail server for tests: Debian's aiosmtpd, and the mails that it took.

use std::fs;
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use mail_parser::MessageParser;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};

use crate::parts::{Part, part, text, until};

/// As `smtp_server.py` knows them.
pub(crate) const USER: &str = "keyvigil";
pub(crate) const PASSWORD: &str = "a password of the test";

pub(crate) struct MailServer {
    pub(crate) address: SocketAddr,
    pub(crate) folder: PathBuf,
    secured: Option<[PathBuf; 2]>,
    part: Option<Part>,
}

/// A mail that was taken.
#[derive(Clone, Debug)]
pub(crate) struct Taken {
    /// Milliseconds since 1970.
    pub(crate) at: i64,
    pub(crate) raw: String,
    pub(crate) subject: String,
    pub(crate) text: String,
    pub(crate) message_id: String,
}

impl MailServer {
    /// Takes mails over STARTTLS and after a log-in only. Its root certificate and the
    /// password lie in the folder as `root.pem` and `password`.
    pub(crate) fn start_secured(folder: &Path, address: SocketAddr) -> Self {
        let mut params = CertificateParams::new([]).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let root = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
        let key = KeyPair::generate().unwrap();
        let own = CertificateParams::new(["127.0.0.1".to_owned()]).unwrap();
        let own = own.signed_by(&key, &root).unwrap();
        fs::write(folder.join("root.pem"), root.pem()).unwrap();
        fs::write(folder.join("own.pem"), own.pem()).unwrap();
        fs::write(folder.join("own.key"), key.serialize_pem()).unwrap();
        fs::write(folder.join("password"), PASSWORD).unwrap();
        let secured = ["own.pem", "own.key"].map(|name| folder.join(name));
        Self { secured: Some(secured), ..Self::new(folder, address) }.started()
    }

    /// Takes mails from this machine as they come.
    pub(crate) fn start_plain(folder: &Path, address: SocketAddr) -> Self {
        Self::new(folder, address).started()
    }

    fn new(folder: &Path, address: SocketAddr) -> Self {
        let folder = folder.join("mails");
        fs::create_dir_all(&folder).unwrap();
        Self { address, folder, secured: None, part: None }
    }

    fn started(mut self) -> Self {
        let python = part("python3", "python3");
        part("aiosmtpd", "python3-aiosmtpd");
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/smtp_server.py");
        let mut command = Command::new(python);
        command.arg(script).arg(self.address.port().to_string()).arg(&self.folder);
        command.args(self.secured.iter().flatten());
        let stderr = fs::File::create(self.folder.with_file_name("mail-server-stderr")).unwrap();
        self.part = Some(Part::start(command.stderr(Stdio::from(stderr))));
        until("the mail server listens", || TcpStream::connect(self.address).ok());
        self
    }

    /// Lines of a configuration that sends mails here.
    pub(crate) fn configuration(&self) -> String {
        let port = self.address.port();
        let secrets = self.folder.parent().unwrap();
        let tls = if self.secured.is_some() {
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

    /// What was taken so far, in order.
    pub(crate) fn mails(&self) -> Vec<Taken> {
        let mut mails: Vec<Taken> = fs::read_dir(&self.folder)
            .unwrap()
            .filter_map(|file| taken(&file.unwrap().path()))
            .collect();
        mails.sort_by_key(|mail| mail.at);
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

fn taken(path: &Path) -> Option<Taken> {
    let name = path.file_name()?.to_str()?.strip_suffix(".eml")?;
    let raw = fs::read_to_string(path).unwrap();
    let mail = MessageParser::default().parse(raw.as_bytes()).unwrap();
    let body = mail.body_text(0).unwrap_or_default().into_owned();
    Some(Taken {
        at: name.split('-').next()?.parse().unwrap(),
        subject: mail.subject().unwrap_or_default().to_owned(),
        text: body,
        message_id: mail.message_id().unwrap_or_default().to_owned(),
        raw,
    })
}
