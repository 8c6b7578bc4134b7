//! What can be wrong with a mail or a way to people, before anything is sent.

use std::io;
use std::path::PathBuf;

#[derive(Debug, thiserror::Error)]
pub enum AlertError {
    #[error(
        "plain SMTP to {host} is refused: mails and passwords would cross the network readable; \
         use starttls or tls, plain only for a relay on this machine"
    )]
    PlainToAnotherMachine { host: String },
    #[error("{address:?} is not a mail address")]
    Address { address: String, source: lettre::address::AddressError },
    #[error("cannot prepare TLS to {host}")]
    Tls { host: String, source: lettre::transport::smtp::Error },
    #[error("the root certificate is not a certificate in PEM form")]
    NoCertificate,
    #[error("cannot fill in a mail's template")]
    Template(#[source] askama::Error),
    #[error("cannot put a mail together")]
    Message(#[source] lettre::error::Error),
    #[error("cannot use {path} for mails")]
    Directory { path: PathBuf, source: io::Error },
    #[error(
        "plain HTTP to {host} is refused: what is told would cross the network readable; use \
         https, http only to this machine"
    )]
    PlainWeb { host: String },
    #[error(
        "the key of [mail.dkim] cannot sign: {why}; make one with: openssl genrsa -out dkim.pem 2048"
    )]
    DkimKey { why: String },
    #[error("a url begins with https:// and names a machine")]
    NoUrl,
    #[error(
        "{address:?} is no place of a syslog; write udp://host:514, tcp://host:601 or unix:/dev/log"
    )]
    NoSyslog { address: String },
    #[error("there is no kind of incident {kind:?}; there are {known}")]
    NoKind { kind: String, known: String },
    #[error("the test mail was not taken: {0}")]
    Test(super::Refusal),
}
