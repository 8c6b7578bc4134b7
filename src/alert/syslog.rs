//! One line a piece of news to a syslog, as RFC 5424 writes it: over UDP, TCP or a socket
//! of this machine.

use std::io::Write as _;
use std::net::{TcpStream, ToSocketAddrs as _, UdpSocket};
use std::os::unix::net::{UnixDatagram, UnixStream};
use std::path::PathBuf;
use std::time::Duration;

use super::plain::plain;
use super::webhook::rfc3339;
use super::{AlertError, Audience, Bulletin, News, Notifier, Refusal, Sending};
use crate::incident::Incident;
use crate::model::Severity;

#[derive(Debug)]
pub struct Syslog {
    wire: Wire,
}

/// Where lines go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Wire {
    Udp(String),
    /// Framed by the count of octets (RFC 6587).
    Tcp(String),
    Unix(PathBuf),
}

const TIME_MAX: Duration = Duration::from_secs(10);
/// With the asking for the name, which has no limit of its own.
const ANSWER_MAX: Duration = Duration::from_secs(20);
const VALUE_CHARS_MAX: usize = 300;
/// What a receiver has to take by RFC 5426 at best.
const LINE_BYTES_MAX: usize = 2048;
/// The facility "security and authorisation".
const FACILITY: u8 = 10;
/// An enterprise number of its own is not registered: this is the one for examples.
const STRUCTURE: &str = "keyvigil@32473";

impl Syslog {
    pub fn new(address: &str) -> Result<Self, AlertError> {
        Wire::of(address).map(|wire| Self { wire })
    }
}

impl Notifier for Syslog {
    fn send<'a>(&'a self, bulletin: &'a Bulletin) -> Sending<'a> {
        Box::pin(async move { self.wire.write(line(bulletin)).await })
    }

    fn audience(&self) -> Audience {
        Audience::Programs
    }
}

impl Wire {
    pub(super) fn of(address: &str) -> Result<Self, AlertError> {
        let has_port = |place: &str| {
            place
                .rsplit_once(':')
                .is_some_and(|(host, port)| !host.is_empty() && port.parse::<u16>().is_ok())
        };
        match address.split_once(':') {
            Some(("unix", path)) if path.starts_with('/') => Ok(Self::Unix(path.into())),
            Some(("udp", place)) if place.strip_prefix("//").is_some_and(has_port) => {
                Ok(Self::Udp(place.trim_start_matches('/').to_owned()))
            }
            Some(("tcp", place)) if place.strip_prefix("//").is_some_and(has_port) => {
                Ok(Self::Tcp(place.trim_start_matches('/').to_owned()))
            }
            Some(_) | None => Err(AlertError::NoSyslog { address: address.to_owned() }),
        }
    }

    pub(super) async fn write(&self, line: String) -> Result<String, Refusal> {
        let wire = self.clone();
        let writing = tokio::task::spawn_blocking(move || wire.write_now(line.as_bytes()));
        // A name may be asked for without end: nobody else is to wait for it.
        let written = tokio::time::timeout(ANSWER_MAX, writing).await;
        let unreachable = |error: &dyn std::fmt::Display| Refusal::Unreachable(error.to_string());
        let silent = || format!("no answer within {} s", ANSWER_MAX.as_secs());
        let written = written.map_err(|_elapsed| unreachable(&silent()))?;
        let written = written.map_err(|panic| unreachable(&panic))?;
        written.map_err(|error| unreachable(&error))?;
        Ok("written to syslog".to_owned())
    }

    fn write_now(&self, line: &[u8]) -> std::io::Result<()> {
        match self {
            Self::Udp(place) => {
                let any = if place.starts_with('[') { "[::]:0" } else { "0.0.0.0:0" };
                UdpSocket::bind(any)?.send_to(line, place).map(|_sent| ())
            }
            Self::Tcp(place) => {
                let none = || std::io::Error::other(format!("{place} is no address"));
                let address = place.to_socket_addrs()?.next().ok_or_else(none)?;
                let mut stream = TcpStream::connect_timeout(&address, TIME_MAX)?;
                stream.set_write_timeout(Some(TIME_MAX))?;
                stream.write_all(format!("{} ", line.len()).as_bytes())?;
                stream.write_all(line)
            }
            Self::Unix(path) => {
                let socket = UnixDatagram::unbound()?;
                socket.set_write_timeout(Some(TIME_MAX))?;
                if socket.connect(path).is_ok() {
                    return socket.send(line).map(|_sent| ());
                }
                let mut stream = UnixStream::connect(path)?;
                stream.set_write_timeout(Some(TIME_MAX))?;
                stream.write_all(line)?;
                stream.write_all(b"\n")
            }
        }
    }
}

fn line(bulletin: &Bulletin) -> String {
    let (id, severity, structure) = match &bulletin.news {
        News::Incident(incident, transition) => {
            (transition.name(), incident.severity, structured(incident))
        }
        News::Several(_) | News::Report => ("report", Severity::Low, "-".to_owned()),
    };
    with_head((id, severity), &structure, bulletin, &said(bulletin))
}

/// The head of RFC 5424, and what follows it.
pub(super) fn with_head(
    (id, severity): (&str, Severity),
    structure: &str,
    bulletin: &Bulletin,
    message: &str,
) -> String {
    let priority = FACILITY * 8 + level(severity);
    let host: String =
        bulletin.frame.host.chars().filter(char::is_ascii_graphic).take(255).collect();
    let host = if host.is_empty() { "-".to_owned() } else { host };
    let at = rfc3339(bulletin.at);
    format!("<{priority}>1 {at} {host} keyvigil - {id} {structure} \u{feff}{message}")
}

fn said(bulletin: &Bulletin) -> String {
    let what = match &bulletin.news {
        News::Incident(incident, _) => {
            incident.findings.first().map_or("", |finding| finding.because.as_str())
        }
        News::Several(_) | News::Report => "",
    };
    let text = format!("{} {}", bulletin.letter.subject, plain(what, VALUE_CHARS_MAX));
    let mut text = plain(&text, LINE_BYTES_MAX / 4);
    text.truncate(text.trim_end().len());
    text
}

fn structured(incident: &Incident) -> String {
    let values = [
        ("incident", incident.id.to_string()),
        ("kind", incident.kind.clone()),
        ("severity", incident.severity.name().to_owned()),
        ("state", incident.state.name().to_owned()),
        ("name", incident.name()),
        ("role", incident.role.clone()),
        ("owner", incident.owner.clone()),
        ("address", incident.addresses.first().cloned().unwrap_or_default()),
    ];
    let pairs: Vec<String> = values
        .iter()
        .filter(|(_, value)| !value.is_empty())
        .map(|(name, value)| format!("{name}=\"{}\"", escaped(value)))
        .collect();
    format!("[{STRUCTURE} {}]", pairs.join(" "))
}

/// Quotes, backslashes and brackets would end a value.
fn escaped(value: &str) -> String {
    let mut safe = String::new();
    for letter in plain(value, 120).chars() {
        if matches!(letter, '"' | '\\' | ']') {
            safe.push('\\');
        }
        safe.push(letter);
    }
    safe
}

const fn level(severity: Severity) -> u8 {
    match severity {
        Severity::Critical => 2,
        Severity::High => 3,
        Severity::Medium => 4,
        Severity::Low => 5,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_udp_tcp_or_a_socket_of_this_machine() {
        assert_eq!(Wire::of("udp://127.0.0.1:514").unwrap(), Wire::Udp("127.0.0.1:514".to_owned()));
        assert_eq!(Wire::of("tcp://[::1]:601").unwrap(), Wire::Tcp("[::1]:601".to_owned()));
        assert_eq!(Wire::of("unix:/dev/log").unwrap(), Wire::Unix("/dev/log".into()));
        for wrong in
            ["127.0.0.1:514", "udp://127.0.0.1", "udp:127.0.0.1:514", "unix:log", "tcp://:5"]
        {
            assert!(Wire::of(wrong).is_err(), "{wrong}");
        }
    }
}
