//! Mails signed with DKIM, so that who gets one can tell that its domain sent it.

use std::fmt;

use lettre::Message;
use lettre::message::Body;
use lettre::message::dkim::{
    DkimCanonicalization, DkimCanonicalizationType, DkimConfig, DkimSigningAlgorithm,
    DkimSigningKey,
};
use lettre::message::header::{ContentTransferEncoding, HeaderName};
use ureq::tls::PrivateKey;

use super::AlertError;

/// The domain that vouches, and its key.
pub struct Signer {
    domain: String,
    selector: String,
    config: DkimConfig,
}

/// Whatever is shown or acted upon. One that is not there is signed as missing, so that
/// nobody adds it on the way.
const SIGNED: [&str; 11] = [
    "From",
    "To",
    "Reply-To",
    "Subject",
    "Date",
    "Message-ID",
    "In-Reply-To",
    "References",
    "MIME-Version",
    "Auto-Submitted",
    "List-Id",
];
/// A key of RSA with 1,024 bits, the least that anybody accepts (RFC 8301).
const RSA_BYTES_MIN: usize = 600;
const ED25519_BYTES: usize = 32;
const RSA_OID: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01];
const ED25519_OID: &[u8] = &[0x2b, 0x65, 0x70];

impl Signer {
    /// The key in PEM form, as openssl writes it: RSA or Ed25519.
    pub fn new(domain: &str, selector: &str, pem: &str) -> Result<Self, AlertError> {
        let relaxed = DkimCanonicalization {
            header: DkimCanonicalizationType::Relaxed,
            body: DkimCanonicalizationType::Relaxed,
        };
        let headers = SIGNED.map(HeaderName::new_from_ascii_str).to_vec();
        let (domain, selector) = (domain.to_owned(), selector.to_owned());
        let key = signing_key(pem)?;
        let config = DkimConfig::new(selector.clone(), domain.clone(), key, headers, relaxed);
        Ok(Self { domain, selector, config })
    }

    pub(super) fn sign(&self, mail: &mut Message) {
        mail.sign(&self.config);
    }
}

/// Without the key.
impl fmt::Debug for Signer {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{} at {}", self.selector, self.domain)
    }
}

fn signing_key(pem: &str) -> Result<DkimSigningKey, AlertError> {
    let wrong = |why: &str| AlertError::DkimKey { why: why.to_owned() };
    let key = PrivateKey::from_pem(pem.as_bytes())
        .map_err(|_form| wrong("it is not a private key in PEM form"))?;
    let (algorithm, der) = inner_key(key.der()).ok_or_else(|| wrong(OTHER_KIND))?;
    let text = match algorithm {
        DkimSigningAlgorithm::Rsa if der.len() < RSA_BYTES_MIN => {
            return Err(wrong("it has fewer than 1,024 bits, which nobody accepts"));
        }
        DkimSigningAlgorithm::Rsa => format!(
            "-----BEGIN RSA PRIVATE KEY-----\n{}\n-----END RSA PRIVATE KEY-----\n",
            base64(der)
        ),
        DkimSigningAlgorithm::Ed25519 => base64(der),
    };
    DkimSigningKey::new(&text, algorithm).map_err(|error| wrong(&error.to_string()))
}

const OTHER_KIND: &str = "it is neither of RSA nor of Ed25519";

/// As PKCS #1 has it: a sequence of a version and the numbers of RSA. Or within PKCS #8: a
/// sequence of a version, the algorithm, and the key in an octet string; that of Ed25519 is
/// in another one.
fn inner_key(der: &[u8]) -> Option<(DkimSigningAlgorithm, &[u8])> {
    const INTEGER: u8 = 0x02;
    const OCTETS: u8 = 0x04;
    const OID: u8 = 0x06;
    const SEQUENCE: u8 = 0x30;
    let (content, _) = element(der, SEQUENCE)?;
    let (_version, rest) = element(content, INTEGER)?;
    if rest.first() == Some(&INTEGER) {
        return Some((DkimSigningAlgorithm::Rsa, der));
    }
    let (algorithm, rest) = element(rest, SEQUENCE)?;
    let (name, _) = element(algorithm, OID)?;
    let (key, _) = element(rest, OCTETS)?;
    if name == RSA_OID {
        return Some((DkimSigningAlgorithm::Rsa, key));
    }
    let (key, _) = element(key, OCTETS)?;
    (name == ED25519_OID && key.len() == ED25519_BYTES)
        .then_some((DkimSigningAlgorithm::Ed25519, key))
}

/// The content of the first element, which must be of that kind, and what follows it.
fn element(der: &[u8], kind: u8) -> Option<(&[u8], &[u8])> {
    let (&tag, rest) = der.split_first()?;
    let (&first, rest) = rest.split_first()?;
    let (length, rest) = match first {
        0..=0x7f => (usize::from(first), rest),
        0x81..=0x83 => {
            let (digits, rest) = rest.split_at_checked(usize::from(first & 0x7f))?;
            (digits.iter().fold(0, |length, &digit| length << 8 | usize::from(digit)), rest)
        }
        _ => return None,
    };
    (tag == kind).then(|| rest.split_at_checked(length))?
}

/// In lines of 64, as PEM has it; 32 bytes are one line.
fn base64(bytes: &[u8]) -> String {
    const LINE: usize = 64;
    let encoding = ContentTransferEncoding::Base64;
    let body = Body::new_with_encoding(bytes.to_vec(), encoding).unwrap_or_else(Body::new);
    let letters: Vec<u8> =
        body.as_ref().iter().copied().filter(|byte| !byte.is_ascii_whitespace()).collect();
    let lines: Vec<_> = letters.chunks(LINE).map(String::from_utf8_lossy).collect();
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(pem: &str, expected: &str) {
        let error = Signer::new("example.com", "keyvigil", pem).unwrap_err().to_string();
        assert!(error.contains(expected), "{error}");
    }

    #[test]
    fn a_key_that_cannot_sign_is_refused_with_the_reason() {
        check("", "not a private key in PEM form");
        check("-----BEGIN PRIVATE KEY-----\n####\n-----END PRIVATE KEY-----\n", "PEM form");
        check(&rcgen::KeyPair::generate().unwrap().serialize_pem(), OTHER_KIND);
        let short =
            "-----BEGIN RSA PRIVATE KEY-----\nMAYCAQACAQA=\n-----END RSA PRIVATE KEY-----\n";
        check(short, "fewer than 1,024 bits");
    }

    #[test]
    fn a_key_of_ed25519_as_openssl_writes_it_is_taken_and_not_shown() {
        let pair = rcgen::KeyPair::generate_for(&rcgen::PKCS_ED25519).unwrap();
        let signer = Signer::new("example.com", "keyvigil", &pair.serialize_pem());
        assert_eq!(format!("{:?}", signer.unwrap()), "keyvigil at example.com");
    }

    #[test]
    fn no_bytes_make_it_panic() {
        for length in 0..80 {
            for byte in [0, 0x02, 0x30, 0x7f, 0x81, 0x84, 0xff] {
                assert!(inner_key(&vec![byte; length]).is_none());
            }
        }
    }
}
