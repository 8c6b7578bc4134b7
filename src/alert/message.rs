//! A letter becomes a mail: headers, both forms of the text, and nothing random, so that
//! every try sends the same bytes.

use lettre::Message;
use lettre::message::header::{ContentType, Header, HeaderName, HeaderValue};
use lettre::message::{Mailbox, MultiPart, MultiPartKind, SinglePart};

use super::{AlertError, Frame, Letter, Mail};
use crate::model::Timestamp;

/// The mail to one recipient. `at` is its date.
pub(super) fn mail(
    letter: &Letter,
    frame: &Frame,
    to: &str,
    at: Timestamp,
) -> Result<Mail, AlertError> {
    let mut builder = Message::builder()
        .from(mailbox(&frame.from)?)
        .to(mailbox(to)?)
        .subject(letter.subject.clone())
        .date(date(at))
        .message_id(Some(bracketed(&letter.message_id)))
        .header(AutoSubmitted("auto-generated".to_owned()))
        .header(ListId(format!("keyvigil incidents <keyvigil.{}>", frame.domain())));
    if let Some(last) = letter.references.last() {
        let all: Vec<String> = letter.references.iter().map(|id| bracketed(id)).collect();
        builder = builder.in_reply_to(bracketed(last)).references(all.join(" "));
    }
    let boundary = format!("kv-{}", blake3::hash(letter.message_id.as_bytes()).to_hex());
    let body = MultiPart::builder()
        .kind(MultiPartKind::Alternative)
        .boundary(boundary)
        .singlepart(part(ContentType::TEXT_PLAIN, &letter.text))
        .singlepart(part(ContentType::TEXT_HTML, &letter.html));
    let message = builder.multipart(body).map_err(AlertError::Message)?;
    Ok(Mail { to: to.to_owned(), message_id: letter.message_id.clone(), message })
}

/// The bytes of the mail, as a file that mail programs open.
pub fn render_eml(
    letter: &Letter,
    frame: &Frame,
    to: &str,
    at: Timestamp,
) -> Result<Vec<u8>, AlertError> {
    mail(letter, frame, to, at).map(|mail| mail.message.formatted())
}

#[derive(Clone, Debug)]
struct AutoSubmitted(String);

#[derive(Clone, Debug)]
struct ListId(String);

type BoxError = Box<dyn std::error::Error + Send + Sync>;

impl Header for AutoSubmitted {
    fn name() -> HeaderName {
        HeaderName::new_from_ascii_str("Auto-Submitted")
    }

    fn parse(text: &str) -> Result<Self, BoxError> {
        Ok(Self(text.to_owned()))
    }

    fn display(&self) -> HeaderValue {
        HeaderValue::new(Self::name(), self.0.clone())
    }
}

impl Header for ListId {
    fn name() -> HeaderName {
        HeaderName::new_from_ascii_str("List-Id")
    }

    fn parse(text: &str) -> Result<Self, BoxError> {
        Ok(Self(text.to_owned()))
    }

    fn display(&self) -> HeaderValue {
        HeaderValue::new(Self::name(), self.0.clone())
    }
}

fn part(kind: ContentType, text: &str) -> SinglePart {
    SinglePart::builder().header(kind).body(text.to_owned())
}

fn mailbox(text: &str) -> Result<Mailbox, AlertError> {
    text.parse().map_err(|source| AlertError::Address { address: text.to_owned(), source })
}

fn bracketed(id: &str) -> String {
    format!("<{id}>")
}

/// lettre takes the clock's own type; this one comes from a number.
fn date(at: Timestamp) -> std::time::SystemTime {
    let millis = u64::try_from(at.0).unwrap_or(0);
    std::time::UNIX_EPOCH + std::time::Duration::from_millis(millis)
}
