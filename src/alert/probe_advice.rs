//! What to do when a mail server cannot be used, by the step at which it failed.

use std::io;

use super::Security;

/// What was seen, and what to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Advice {
    pub what: String,
    pub next: String,
}

impl Advice {
    pub(super) fn new(what: impl Into<String>, next: impl Into<String>) -> Self {
        Self { what: what.into(), next: next.into() }
    }
}

pub(super) fn no_name(host: &str, why: &str) -> Advice {
    Advice::new(
        format!("no address is known for {host:?} ({why})"),
        "check `server` in [mail] for a slip, and the machine's DNS",
    )
}

pub(super) fn no_connection(
    (host, port): (&str, u16),
    error: &io::Error,
    answering: Option<u16>,
) -> Advice {
    let kind = error.kind();
    let what = if kind == io::ErrorKind::ConnectionRefused {
        format!("nothing listens on port {port} of {host}")
    } else if matches!(kind, io::ErrorKind::TimedOut | io::ErrorKind::WouldBlock) {
        format!("port {port} of {host} does not answer")
    } else {
        format!("cannot connect to port {port} of {host}: {error}")
    };
    let next = match answering {
        Some(other) => {
            let tls = if other == 465 { "implicit" } else { "starttls" };
            format!("port {other} answers there: set port = {other} and tls = \"{tls}\"")
        }
        None if port == 25 => {
            "many networks block port 25: use a submission server, port = 587".to_owned()
        }
        None => "check `server` and `port`, and whether a firewall stands between".to_owned(),
    };
    Advice::new(what, next)
}

/// No SMTP came, or no TLS.
pub(super) fn greeting(security: Security, text: &str, is_timeout: bool) -> Advice {
    match security {
        Security::Tls if is_plain_text(text) => Advice::new(
            "the server does not begin with TLS on this port",
            "set tls = \"starttls\" (usually port 587)",
        ),
        Security::Tls if !is_timeout => tls(text),
        Security::StartTls | Security::Plain if is_timeout => Advice::new(
            "the server says nothing",
            "a port that wants TLS at once waits like this: set tls = \"implicit\" (usually port \
             465); else ask who runs it",
        ),
        Security::Tls | Security::StartTls | Security::Plain => Advice::new(
            format!("this is no SMTP: {text}"),
            "check `server` and `port`: another program listens there",
        ),
    }
}

pub(super) fn no_starttls() -> Advice {
    Advice::new(
        "the server offers no STARTTLS, and nothing is sent readable over a network",
        "use a port with TLS (tls = \"implicit\", port 465), or tls = \"none\" for a server on \
         this machine",
    )
}

pub(super) fn tls(text: &str) -> Advice {
    let next = if text.contains("UnknownIssuer") || text.contains("self-signed") {
        "this machine does not know who signed the certificate: set root_certificate to that \
         root's PEM file"
    } else if text.contains("not valid for name") || text.contains("NotValidForName") {
        "set `server` to a name that the certificate is for"
    } else if text.contains("Expired") || text.contains("expired") {
        "the certificate has expired: renew it on the server, and check this machine's clock"
    } else if text.contains("CaUsedAsEndEntity") {
        "the server shows a root in the place of its certificate: give it one that the root signed"
    } else if is_plain_text(text) {
        "the server does not speak TLS here: check `port` and `tls`"
    } else {
        "check `port` and `tls`; TLS 1.2 or newer is needed"
    };
    Advice::new(format!("no TLS: {text}"), next)
}

pub(super) fn login(user: &str, text: &str) -> Advice {
    let next = if text.contains("No compatible authentication") {
        "the server offers no log-in on this port: take user and password out, or use port 587"
    } else if text.contains("534") {
        "the server wants another way to log in; many providers need an app password"
    } else {
        "check `user` and the password's place; many providers need an app password"
    };
    Advice::new(format!("the log-in as {user:?} is refused: {text}"), next)
}

pub(super) fn sender(_from: &str, text: &str, has_login: bool) -> String {
    if wants_login(text) && !has_login {
        return "the server wants a log-in: set user and password".to_owned();
    }
    "set `from` to an address that this server may send for".to_owned()
}

pub(super) fn recipient(to: &str, text: &str, has_login: bool) -> String {
    let lower = text.to_ascii_lowercase();
    if (wants_login(text) || lower.contains("relay")) && !has_login {
        return "the server passes nothing on without a log-in: set user and password".to_owned();
    }
    if lower.starts_with("transient") {
        return "it is refused for now only: mails are tried again for a day".to_owned();
    }
    format!("check the address {to}; the others get their mails all the same")
}

pub(super) fn silent() -> Advice {
    Advice::new(
        "the server has stopped answering",
        "try again; if it stays so, ask who runs it: mails would wait and be tried again",
    )
}

fn wants_login(text: &str) -> bool {
    text.contains("530") || text.to_ascii_lowercase().contains("authenticat")
}

fn is_plain_text(text: &str) -> bool {
    text.contains("InvalidContentType") || text.contains("corrupt message")
}
