//! `check --mail`: the ways beside mail, and who is told by which route.

use std::fmt::Write as _;
use std::fs::OpenOptions;
use std::net::{TcpStream, ToSocketAddrs as _};
use std::path::Path;
use std::time::Duration;

use super::tell::shown;
use crate::app;
use crate::config::{Config, NotifyKind, Place};

const CONNECT_MAX: Duration = Duration::from_secs(5);

/// Each way with what keeps it from working; nothing is sent. Whether all would.
pub(super) fn run(text: &mut String, config: &Config) -> bool {
    let mut well = true;
    for way in &config.notify {
        let (kind, place) = parts(&way.kind);
        let tried = app::check_way(way).map_err(|error| chain(&error)).and_then(|()| reach(place));
        well &= tried.is_ok();
        let said = match tried {
            Ok(said) => said,
            Err(problem) => format!("PROBLEM: {problem}"),
        };
        // Writing to a String cannot fail.
        writeln!(text, "\n{kind} {:?}\n  {}", shown(&way.name), shown(&said)).unwrap_or_default();
    }
    well
}

const fn parts(kind: &NotifyKind) -> (&'static str, &Place) {
    match kind {
        NotifyKind::Webhook(place) => ("webhook", place),
        NotifyKind::Slack(place) => ("Slack", place),
        NotifyKind::Alertmanager(place) => ("Alertmanager", place),
        NotifyKind::Ocsf(place) => ("OCSF", place),
        NotifyKind::Syslog(place) => ("syslog", place),
    }
}

/// As far as one can know without telling it anything.
fn reach(place: &Place) -> Result<String, String> {
    match place {
        Place::Url(url) => connect(url),
        Place::SecretUrl(secret) => {
            let url = secret.reveal().map_err(|error| chain(&error))?;
            // The address itself is the secret.
            connect(&url).map(|_| "its server answers".to_owned())
        }
        Place::File(path) => writable(path),
        Place::Syslog(address) => match address.split_once(':') {
            Some(("tcp", rest)) => connect_to(rest.trim_start_matches('/')),
            Some(("unix", path)) if Path::new(path).exists() => Ok(format!("{path} is there")),
            Some(("unix", path)) => Err(format!("{path} is not there")),
            _ => Ok("over UDP nobody says whether a line arrives".to_owned()),
        },
    }
}

fn connect(url: &str) -> Result<String, String> {
    let (usual, rest) = match url.split_once("://") {
        Some(("http", rest)) => (80, rest),
        Some((_, rest)) => (443, rest),
        None => return Err("it is no web address".to_owned()),
    };
    let host = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let host = host.rsplit('@').next().unwrap_or_default();
    let has_port = host.rsplit_once(':').is_some_and(|(_, port)| port.parse::<u16>().is_ok());
    connect_to(&if has_port { host.to_owned() } else { format!("{host}:{usual}") })
}

fn connect_to(place: &str) -> Result<String, String> {
    let failed = |error: std::io::Error| format!("{place} cannot be reached: {error}");
    let mut last = std::io::Error::from(std::io::ErrorKind::NotFound);
    for address in place.to_socket_addrs().map_err(failed)? {
        match TcpStream::connect_timeout(&address, CONNECT_MAX) {
            Ok(_) => return Ok(format!("{place} answers; nothing was sent")),
            Err(error) => last = error,
        }
    }
    Err(failed(last))
}

/// Whoever asks may be another user than the daemon.
fn writable(path: &Path) -> Result<String, String> {
    let is_new = !path.exists();
    let opened = OpenOptions::new().create(true).append(true).open(path);
    opened.map_err(|error| format!("cannot write {}: {error}", path.display()))?;
    if is_new {
        std::fs::remove_file(path).map_err(|error| error.to_string())?;
    }
    Ok(format!("{} can be written by this user", path.display()))
}

fn chain(error: &dyn std::error::Error) -> String {
    let cause = error.source().map(|cause| format!(": {cause}"));
    format!("{error}{}", cause.unwrap_or_default())
}
