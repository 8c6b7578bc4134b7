//! Mails by SMTP, over TLS unless the relay is this machine.

use std::fmt;
use std::net::IpAddr;
use std::time::Duration;

use lettre::AsyncSmtpTransport;
use lettre::AsyncTransport;
use lettre::Tokio1Executor;
use lettre::transport::smtp;
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Certificate, Tls, TlsParameters};

use super::message::mail_of;
use super::{AlertError, Bulletin, Notifier, Refusal, Sending};

#[derive(Clone, Default)]
pub struct SmtpOptions {
    pub host: String,
    /// The usual one of its security if 0.
    pub port: u16,
    pub security: Security,
    /// User and password.
    pub login: Option<(String, String)>,
    /// A root certificate of one's own, as PEM, beside those of the system.
    pub root_certificate: Option<Vec<u8>>,
    /// How long the talk about one mail may take, if not the usual time.
    pub talk_max: Option<Duration>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Security {
    /// Begins readable, and must turn to TLS before anything is said. Port 587.
    #[default]
    StartTls,
    /// TLS from the first byte. Port 465.
    Tls,
    /// None. Only to this machine. Port 25.
    Plain,
}

/// A mail server.
pub struct Smtp {
    transport: AsyncSmtpTransport<Tokio1Executor>,
    talk_max: Duration,
}

const CONNECT_MAX: Duration = Duration::from_secs(15);
/// The whole talk about one mail.
const TALK_MAX: Duration = Duration::from_secs(45);
const PEM_BEGIN: &[u8] = b"-----BEGIN CERTIFICATE-----";
/// Replies about the log-in or about TLS: someone must mend the configuration, and the
/// mails wait meanwhile.
const ABOUT_THE_LOGIN: [u16; 5] = [530, 534, 535, 538, 454];

impl Smtp {
    pub fn new(options: &SmtpOptions) -> Result<Self, AlertError> {
        let (tls, usual_port) = match options.security {
            Security::StartTls => (Tls::Required(parameters(options)?), 587),
            Security::Tls => (Tls::Wrapper(parameters(options)?), 465),
            Security::Plain if is_this_machine(&options.host) => (Tls::None, 25),
            Security::Plain => {
                return Err(AlertError::PlainToAnotherMachine { host: options.host.clone() });
            }
        };
        let port = if options.port == 0 { usual_port } else { options.port };
        // "Dangerous" is only that TLS is not chosen by this call: it is by the next.
        let mut builder = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(&options.host)
            .port(port)
            .timeout(Some(CONNECT_MAX))
            .tls(tls);
        if let Some((user, password)) = &options.login {
            builder = builder.credentials(Credentials::new(user.clone(), password.clone()));
        }
        Ok(Self { transport: builder.build(), talk_max: options.talk_max.unwrap_or(TALK_MAX) })
    }
}

impl Notifier for Smtp {
    fn send<'a>(&'a self, bulletin: &'a Bulletin) -> Sending<'a> {
        Box::pin(async move {
            let mail = mail_of(bulletin).map_err(|error| Refusal::Never(error.to_string()))?;
            let sending = self.transport.send(mail);
            // lettre limits only the connecting; a server may fall silent later.
            let sent = tokio::time::timeout(self.talk_max, sending).await;
            let reply =
                sent.map_err(|_elapsed| silent(self.talk_max))?.map_err(|error| refusal(&error))?;
            let lines: Vec<&str> = reply.message().collect();
            Ok(format!("{} {}", reply.code(), lines.join(" ")))
        })
    }
}

/// Without the password.
impl fmt::Debug for SmtpOptions {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("SmtpOptions")
            .field("host", &self.host)
            .field("port", &self.port)
            .field("security", &self.security)
            .field("login", &self.login.is_some())
            .finish_non_exhaustive()
    }
}

pub(super) fn parameters(options: &SmtpOptions) -> Result<TlsParameters, AlertError> {
    let failed = |source| AlertError::Tls { host: options.host.clone(), source };
    let mut builder = TlsParameters::builder(options.host.clone());
    if let Some(pem) = &options.root_certificate {
        if memchr::memmem::find(pem, PEM_BEGIN).is_none() {
            return Err(AlertError::NoCertificate);
        }
        builder = builder.add_root_certificate(Certificate::from_pem(pem).map_err(failed)?);
    }
    builder.build().map_err(failed)
}

pub(super) fn is_this_machine(host: &str) -> bool {
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost" || bare.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

fn silent(waited: Duration) -> Refusal {
    Refusal::Unreachable(format!("no answer within {} s", waited.as_secs()))
}

fn refusal(error: &smtp::Error) -> Refusal {
    let text = error.to_string();
    let code: u16 = error.status().map_or(0, |code| code.to_string().parse().unwrap_or(0));
    if error.is_permanent() && !ABOUT_THE_LOGIN.contains(&code) {
        return Refusal::Never(text);
    }
    // 421 is the server as a whole, other 4xx are about the mail or its recipient.
    if error.is_transient() && code != 421 && !ABOUT_THE_LOGIN.contains(&code) {
        return Refusal::Later(text);
    }
    Refusal::Unreachable(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn options(host: &str, security: Security) -> SmtpOptions {
        SmtpOptions { host: host.to_owned(), security, ..SmtpOptions::default() }
    }

    #[test]
    fn plain_goes_to_this_machine_only() {
        for host in ["127.0.0.1", "::1", "[::1]", "127.8.8.8"] {
            assert!(is_this_machine(host), "{host}");
        }
        for host in ["192.0.2.1", "mail.example.com", "localhost.example.com", "0.0.0.0"] {
            assert!(!is_this_machine(host), "{host}");
        }
        let refused = Smtp::new(&options("mail.example.com", Security::Plain)).err();
        let said = refused.map(|error| error.to_string()).unwrap_or_default();
        assert!(said.contains("plain SMTP to mail.example.com is refused"), "{said}");
    }

    #[test]
    fn a_root_certificate_that_is_none_is_refused() {
        let root_certificate = Some(b"not a certificate".to_vec());
        let options =
            SmtpOptions { root_certificate, ..options("mail.example.com", Security::Tls) };
        assert!(matches!(Smtp::new(&options), Err(AlertError::NoCertificate)));
    }

    #[test]
    fn a_password_is_not_in_what_is_printed_for_debugging() {
        let login = Some(("keyvigil".to_owned(), "hunter2".to_owned()));
        let options = SmtpOptions { login, ..options("127.0.0.1", Security::Plain) };
        assert!(!format!("{options:?}").contains("hunter2"));
    }
}
