//! Whether the mail server would take a mail: everything but the mail itself, step by step.

use std::error::Error as _;
use std::io;
use std::net::{SocketAddr, TcpStream, ToSocketAddrs as _};
use std::time::Duration;

use lettre::Address;
use lettre::transport::smtp::Error;
use lettre::transport::smtp::authentication::{Credentials, DEFAULT_MECHANISMS};
use lettre::transport::smtp::client::SmtpConnection;
use lettre::transport::smtp::commands::{Mail, Rcpt, Rset};
use lettre::transport::smtp::extension::ClientId;
use lettre::transport::smtp::response::Response;

use super::plain::plain;
use super::probe_advice::{self, Advice};
use super::smtp::{is_this_machine, parameters};
use super::{AlertError, Security, SmtpOptions};

/// How far it came: `Err` is where it stopped, and what to do.
pub type Step = (&'static str, Result<String, Advice>);

/// For each answer of the server.
const ANSWER_MAX: Duration = Duration::from_secs(10);
const CONNECT_MAX: Duration = Duration::from_secs(8);
/// For ports that are tried only to give a hint.
const HINT_MAX: Duration = Duration::from_secs(2);
const REPLY_CHARS_MAX: usize = 200;

/// Connects, logs in, names sender and recipients, and takes all of it back. Nothing is
/// sent. Each step is told as it is done; whether all went well is returned.
pub fn probe(
    options: &SmtpOptions,
    (from, to): (&str, &[String]),
    tell: &mut dyn FnMut(Step),
) -> bool {
    let mut well = true;
    let mut step = |name, outcome: Result<String, Advice>| {
        well &= outcome.is_ok();
        tell((name, outcome));
    };
    let mut connection = match connected(options, &mut step) {
        Ok(connection) => connection,
        Err((name, advice)) => {
            step(name, Err(advice));
            return false;
        }
    };
    if let Some((user, password)) = &options.login {
        let credentials = Credentials::new(user.clone(), password.clone());
        let outcome = connection.auth(DEFAULT_MECHANISMS, &credentials);
        let refused = outcome.is_err();
        step("log in", told(outcome, |text, _| probe_advice::login(user, text)));
        if refused {
            connection.abort();
            return false;
        }
    }
    let has_login = options.login.is_some();
    let named = |outcome, what: &str, advice: fn(&str, &str, bool) -> String| {
        told(outcome, |text, _| {
            Advice::new(format!("{what} is refused: {text}"), advice(what, text, has_login))
        })
        .map(|reply| format!("{what} is taken ({reply})"))
    };
    match from.parse::<Address>() {
        Ok(address) => {
            let sender = connection.command(Mail::new(Some(address), vec![]));
            let refused = sender.is_err();
            step("from", named(sender, from, probe_advice::sender));
            if refused {
                connection.abort();
                return false;
            }
        }
        Err(error) => step("from", Err(not_an_address(from, error))),
    }
    for recipient in to {
        match recipient.parse::<Address>() {
            Ok(address) => {
                let taken = connection.command(Rcpt::new(address, vec![]));
                step("to", named(taken, recipient, probe_advice::recipient));
            }
            Err(error) => step("to", Err(not_an_address(recipient, error))),
        }
    }
    // Whether the server says goodbye nicely is its own affair.
    drop(connection.command(Rset));
    drop(connection.quit());
    well
}

/// What can be known without asking the server.
pub fn check_options(options: &SmtpOptions) -> Result<(), AlertError> {
    match options.security {
        Security::Plain if is_this_machine(&options.host) => Ok(()),
        Security::Plain => Err(AlertError::PlainToAnotherMachine { host: options.host.clone() }),
        Security::StartTls | Security::Tls => parameters(options).map(drop),
    }
}

type Failed = (&'static str, Advice);

/// A connection that is as safe as it was asked for.
fn connected(
    options: &SmtpOptions,
    step: &mut dyn FnMut(&'static str, Result<String, Advice>),
) -> Result<SmtpConnection, Failed> {
    let (host, port) = (options.host.as_str(), port_of(options));
    check_options(options).map_err(|error| {
        let cause = error.source().map(|cause| format!(": {cause}")).unwrap_or_default();
        ("settings", Advice::new(format!("{error}{cause}"), "correct [mail]"))
    })?;
    let addresses = resolved(host, port)?;
    let address = reachable(host, &addresses)?;
    step("connect", Ok(format!("{address} answers")));
    let tls = match options.security {
        Security::Plain => None,
        Security::StartTls | Security::Tls => Some(parameters(options).map_err(|error| {
            ("TLS", Advice::new(error.to_string(), "correct root_certificate"))
        })?),
    };
    let name = ClientId::default();
    let wrapped = if options.security == Security::Tls { tls.as_ref() } else { None };
    let opened = SmtpConnection::connect(address, Some(ANSWER_MAX), &name, wrapped, None);
    let mut connection = opened.map_err(|error| {
        let text = text_of(&error);
        ("greeting", probe_advice::greeting(options.security, &text, is_timeout(&error)))
    })?;
    step("greeting", Ok("it speaks SMTP".to_owned()));
    if let (Security::StartTls, Some(tls)) = (options.security, &tls) {
        if !connection.can_starttls() {
            connection.abort();
            return Err(("TLS", probe_advice::no_starttls()));
        }
        connection
            .starttls(tls, &name)
            .map_err(|error| ("TLS", probe_advice::tls(&text_of(&error))))?;
    }
    if tls.is_some() {
        step("TLS", Ok(format!("encrypted, and the certificate is good for {host}")));
    }
    Ok(connection)
}

fn port_of(options: &SmtpOptions) -> u16 {
    match (options.port, options.security) {
        (0, Security::StartTls) => 587,
        (0, Security::Tls) => 465,
        (0, Security::Plain) => 25,
        (port, _) => port,
    }
}

fn resolved(host: &str, port: u16) -> Result<Vec<SocketAddr>, Failed> {
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    match (bare, port).to_socket_addrs().map(Iterator::collect::<Vec<_>>) {
        Ok(addresses) if !addresses.is_empty() => Ok(addresses),
        Ok(_) => Err(("name", probe_advice::no_name(host, "it has no address"))),
        Err(error) => Err(("name", probe_advice::no_name(host, &error.to_string()))),
    }
}

/// The first address that takes a connection.
fn reachable(host: &str, addresses: &[SocketAddr]) -> Result<SocketAddr, Failed> {
    let mut last = io::Error::from(io::ErrorKind::NotFound);
    for address in addresses {
        match TcpStream::connect_timeout(address, CONNECT_MAX) {
            Ok(_) => return Ok(*address),
            Err(error) => last = error,
        }
    }
    let port = addresses.first().map_or(0, SocketAddr::port);
    let answering = [587, 465, 25].into_iter().find(|other| {
        let answers = |address: &SocketAddr| {
            let address = SocketAddr::new(address.ip(), *other);
            TcpStream::connect_timeout(&address, HINT_MAX).is_ok()
        };
        *other != port && addresses.first().is_some_and(answers)
    });
    Err(("connect", probe_advice::no_connection((host, port), &last, answering)))
}

fn told(
    outcome: Result<Response, Error>,
    advice: impl FnOnce(&str, bool) -> Advice,
) -> Result<String, Advice> {
    match outcome {
        Ok(reply) => {
            let lines: Vec<&str> = reply.message().collect();
            Ok(plain(&format!("{} {}", reply.code(), lines.join(" ")), REPLY_CHARS_MAX))
        }
        Err(error) if is_timeout(&error) => Err(probe_advice::silent()),
        Err(error) => Err(advice(&text_of(&error), error.is_permanent())),
    }
}

fn not_an_address(text: &str, error: lettre::address::AddressError) -> Advice {
    Advice::new(format!("{text:?} is no mail address: {error}"), "correct it in [mail]")
}

/// What went wrong with all its causes; a server's words are cleaned.
fn text_of(error: &Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let more = error.to_string();
        if !text.contains(&more) {
            text = format!("{text}: {more}");
        }
        cause = error.source();
    }
    plain(&text, 2 * REPLY_CHARS_MAX)
}

fn is_timeout(error: &Error) -> bool {
    let mut cause = error.source();
    while let Some(error) = cause {
        let kind = error.downcast_ref::<io::Error>().map(io::Error::kind);
        // A socket that waited in vain says `WouldBlock`.
        if matches!(kind, Some(io::ErrorKind::TimedOut | io::ErrorKind::WouldBlock)) {
            return true;
        }
        cause = error.source();
    }
    false
}
