//! A letter becomes a mail: headers, both forms of the text with the picture, and nothing
//! random, so that every try sends the same.

use lettre::Message;
use lettre::address::AddressError;
use lettre::message::header::{
    ContentDisposition, ContentId, ContentTransferEncoding, ContentType, Header, HeaderName,
    HeaderValue,
};
use lettre::message::{Mailbox, MultiPart, MultiPartKind, SinglePart};

use super::{AlertError, Bulletin, Frame, Letter};
use crate::model::Timestamp;

/// The mail to one recipient. `at` is its date.
pub(super) fn mail(
    letter: &Letter,
    frame: &Frame,
    to: &str,
    at: Timestamp,
) -> Result<Message, AlertError> {
    let mut builder = Message::builder()
        .from(mailbox(&frame.from)?)
        .to(mailbox(to)?)
        .subject(letter.subject.clone())
        .date(date(at))
        .message_id(Some(bracketed(&letter.message_id)))
        .header(AutoSubmitted("auto-generated".to_owned()))
        .header(ListId(format!("keyvigil incidents <keyvigil.{}>", frame.domain())));
    if let Some(reply_to) = &frame.reply_to {
        builder = builder.reply_to(mailbox(reply_to)?);
    }
    if letter.is_urgent {
        builder = builder.header(Importance("high".to_owned()));
    }
    if let Some(last) = letter.references.last() {
        let all: Vec<String> = letter.references.iter().map(|id| bracketed(id)).collect();
        builder = builder.in_reply_to(bracketed(last)).references(all.join(" "));
    }
    let mut mail = builder.multipart(body(letter)).map_err(AlertError::Message)?;
    if let Some(signer) = &frame.signer {
        signer.sign(&mut mail);
    }
    Ok(mail)
}

pub(super) fn mail_of(bulletin: &Bulletin) -> Result<Message, AlertError> {
    mail(&bulletin.letter, &bulletin.frame, &bulletin.to, bulletin.at)
}

/// The bytes of the mail, as a file that mail programs open.
pub fn render_eml(
    letter: &Letter,
    frame: &Frame,
    to: &str,
    at: Timestamp,
) -> Result<Vec<u8>, AlertError> {
    mail(letter, frame, to, at).map(|mail| mail.formatted())
}

/// The text, or the HTML with its picture.
fn body(letter: &Letter) -> MultiPart {
    let boundary = blake3::hash(letter.message_id.as_bytes()).to_hex();
    let body = MultiPart::builder()
        .kind(MultiPartKind::Alternative)
        .boundary(format!("kv-{boundary}"))
        .singlepart(part(ContentType::TEXT_PLAIN, &letter.text));
    let html = part(ContentType::TEXT_HTML, &letter.html);
    let Some(chart) = &letter.chart else { return body.singlepart(html) };
    let png = ContentType::parse("image/png").unwrap_or(ContentType::TEXT_PLAIN);
    let picture = SinglePart::builder()
        .header(png)
        .header(ContentDisposition::inline_with_name("chart.png"))
        .header(ContentId::from(bracketed(&letter.cid())))
        .header(ContentTransferEncoding::Base64)
        .body(chart.png.clone());
    body.multipart(
        MultiPart::builder()
            .kind(MultiPartKind::Related)
            .boundary(format!("kv-related-{boundary}"))
            .singlepart(html)
            .singlepart(picture),
    )
}

/// A header of lettre's kind that holds its text as it is.
macro_rules! text_header {
    ($name:ident, $header:literal) => {
        #[derive(Clone, Debug)]
        struct $name(String);

        impl Header for $name {
            fn name() -> HeaderName {
                HeaderName::new_from_ascii_str($header)
            }

            fn parse(text: &str) -> Result<Self, Box<dyn std::error::Error + Send + Sync>> {
                Ok(Self(text.to_owned()))
            }

            fn display(&self) -> HeaderValue {
                HeaderValue::new(Self::name(), self.0.clone())
            }
        }
    };
}

text_header!(AutoSubmitted, "Auto-Submitted");
text_header!(ListId, "List-Id");
text_header!(Importance, "Importance");

fn part(kind: ContentType, text: &str) -> SinglePart {
    SinglePart::builder().header(kind).body(text.to_owned())
}

/// Letters beyond ASCII would stand in the head as they are, and most servers refuse them: a domain
/// of such letters is written as `xn--…`.
fn mailbox(text: &str) -> Result<Mailbox, AlertError> {
    let wrong = |source| AlertError::Address { address: text.to_owned(), source };
    let mailbox: Mailbox = text.parse().map_err(wrong)?;
    match (mailbox.email.user().is_ascii(), mailbox.email.domain().is_ascii()) {
        (true, true) => Ok(mailbox),
        (false, _) => Err(wrong(AddressError::InvalidUser)),
        (true, false) => Err(wrong(AddressError::InvalidDomain)),
    }
}

fn bracketed(id: &str) -> String {
    format!("<{id}>")
}

/// lettre takes the clock's own type; this one comes from a number.
fn date(at: Timestamp) -> std::time::SystemTime {
    let millis = u64::try_from(at.0).unwrap_or(0);
    std::time::UNIX_EPOCH + std::time::Duration::from_millis(millis)
}
