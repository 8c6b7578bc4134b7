//! Posts JSON to an address of the web: over TLS, without redirects, within limits.

use std::net::IpAddr;
use std::time::Duration;

use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;
use ureq::Agent;
use ureq::tls::{Certificate, RootCerts, TlsConfig};

use super::{AlertError, Refusal};

/// One address. Plain HTTP goes to this machine only, as with mail.
#[derive(Clone, Debug)]
pub struct Web {
    url: String,
    agent: Agent,
}

/// What is posted.
#[derive(Clone, Debug)]
pub(super) struct Post {
    pub(super) body: String,
    /// The same on every try: who takes it twice can tell.
    pub(super) idempotency_key: String,
    /// For the signature.
    pub(super) secret: Option<String>,
    /// Seconds since 1970, signed with the body, so that an old one cannot be sent again.
    pub(super) at: i64,
}

const TIME_MAX: Duration = Duration::from_secs(30);
const ANSWER_BYTES_MAX: u64 = 2_000;
const HEADER_BYTES_MAX: usize = 16 * 1024;

impl Web {
    pub fn new(url: &str, root_certificate: Option<&[u8]>) -> Result<Self, AlertError> {
        let is_plain = url.starts_with("http://");
        let host = host_of(url).ok_or(AlertError::NoUrl)?;
        if is_plain && !is_this_machine(host) {
            return Err(AlertError::PlainWeb { host: host.to_owned() });
        }
        let roots = match root_certificate {
            None => RootCerts::WebPki,
            Some(pem) => {
                let certificate =
                    Certificate::from_pem(pem).map_err(|_form| AlertError::NoCertificate)?;
                RootCerts::new_with_certs(&[certificate])
            }
        };
        let agent = Agent::config_builder()
            .https_only(!is_plain)
            .http_status_as_error(false)
            // A secret in a header or body does not follow to where an answer points.
            .max_redirects(0)
            .max_redirects_will_error(false)
            .proxy(None)
            .timeout_global(Some(TIME_MAX))
            .max_response_header_size(HEADER_BYTES_MAX)
            .user_agent(concat!("keyvigil/", env!("CARGO_PKG_VERSION")))
            .tls_config(TlsConfig::builder().root_certs(roots).build())
            .build()
            .new_agent();
        Ok(Self { url: url.to_owned(), agent })
    }

    pub(super) async fn post(&self, post: Post) -> Result<String, Refusal> {
        let web = self.clone();
        let posted = tokio::task::spawn_blocking(move || web.post_now(&post)).await;
        posted.unwrap_or_else(|error| Err(Refusal::Unreachable(error.to_string())))
    }

    fn post_now(&self, post: &Post) -> Result<String, Refusal> {
        let mut request = self
            .agent
            .post(&self.url)
            .header("Content-Type", "application/json")
            .header("Idempotency-Key", &post.idempotency_key);
        if let Some(secret) = &post.secret {
            let timestamp = post.at.to_string();
            let signed = signature(secret, &format!("{timestamp}.{}", post.body));
            request = request
                .header("X-Keyvigil-Timestamp", &timestamp)
                .header("X-Keyvigil-Signature", &format!("sha256={signed}"));
        }
        // The address may be a secret: no error repeats it.
        let sent = request.send(&post.body);
        let mut answer = sent.map_err(|error| Refusal::Unreachable(reason(&error)))?;
        let status = answer.status().as_u16();
        let body = answer.body_mut().with_config().limit(ANSWER_BYTES_MAX).read_to_string();
        let said = format!("{status} {}", body.unwrap_or_default());
        match status {
            200..=299 => Ok(said.trim_end().to_owned()),
            // Someone must mend the configuration or the receiver; the rest waits meanwhile.
            401 | 403 | 404 | 407 | 421 | 500..=599 => Err(Refusal::Unreachable(said)),
            408 | 409 | 425 | 429 => Err(Refusal::Later(said)),
            _ => Err(Refusal::Never(said)),
        }
    }
}

/// HMAC-SHA256 in hexadecimal digits.
pub(super) fn signature(secret: &str, text: &str) -> String {
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(secret.as_bytes()) else {
        return String::new();
    };
    mac.update(text.as_bytes());
    let bytes = mac.finalize().into_bytes();
    bytes.iter().fold(String::new(), |text, byte| text + &format!("{byte:02x}"))
}

fn host_of(url: &str) -> Option<&str> {
    let rest = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://"))?;
    let place = rest.split(['/', '?', '#']).next()?;
    let place = place.rsplit('@').next()?;
    let host = match place.strip_prefix('[') {
        Some(six) => six.split(']').next()?,
        None => place.split(':').next()?,
    };
    (!host.is_empty()).then_some(host)
}

fn is_this_machine(host: &str) -> bool {
    host == "localhost" || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

fn reason(error: &ureq::Error) -> String {
    if matches!(error, ureq::Error::Timeout(_)) {
        return format!("no answer within {} s", TIME_MAX.as_secs());
    }
    let is_about_the_way = matches!(
        error,
        ureq::Error::Io(_)
            | ureq::Error::Rustls(_)
            | ureq::Error::Tls(_)
            | ureq::Error::HostNotFound
            | ureq::Error::ConnectionFailed
    );
    if is_about_the_way { error.to_string() } else { "no answer that can be used".to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_goes_to_this_machine_only() {
        for url in
            ["http://127.0.0.1:9/x", "http://[::1]:9/", "http://localhost", "https://a.example.com"]
        {
            assert!(Web::new(url, None).is_ok(), "{url}");
        }
        for url in [
            "http://a.example.com/",
            "http://127.0.0.1@a.example.com/",
            "ftp://127.0.0.1/",
            "x",
            "https://",
        ] {
            assert!(Web::new(url, None).is_err(), "{url}");
        }
    }

    /// The second test case of RFC 4231.
    #[test]
    fn the_signature_is_that_of_the_standard() {
        let signed = signature("Jefe", "what do ya want for nothing?");
        assert_eq!(signed, "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
    }
}
