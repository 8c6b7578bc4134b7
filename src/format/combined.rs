//! What most lines of an access log have in common, read in one go:
//! `client - user [time] "request" status bytes "referer" "agent"`.

use std::borrow::Cow;

use crate::model::Record;
use crate::model::short::find;
use crate::model::short::find_either;

use super::ordinary::set_ordinary;
use super::ordinary::set_request;
use super::place::Place;
use super::place::set;
use super::time::TimeReader;

/// Fills the record from behind the client up to the bytes; what stands behind them. `None` for
/// what is odd in any way, and the record may then be half full.
pub(super) fn fill_common<'a>(
    record: &mut Record<'a>,
    behind_client: &'a [u8],
    (bytes, time): (Place, &mut TimeReader),
) -> Option<&'a [u8]> {
    let (user, rest) = user(behind_client)?;
    record.user = user.map(Cow::Borrowed);
    let (date, rest) = rest.split_first_chunk()?;
    record.time = Some(time.read_clf(date)?);
    let (request, rest) = plain_quoted(rest.strip_prefix(b"] \"")?)?;
    if !set_request(record, request) {
        set(record, Place::Request, Cow::Borrowed(request), time);
    }
    let (status, rest) = rest.split_first_chunk()?;
    let &[b' ', a @ b'0'..=b'9', b @ b'0'..=b'9', c @ b'0'..=b'9', b' '] = status else {
        return None;
    };
    let number = [a, b, c].iter().fold(0, |number, it| number * 10 + u16::from(it - b'0'));
    record.status = (number != 0).then_some(number);
    fill_bytes(record, rest, (bytes, time))
}

/// The same up to the agent; what follows begins with its closing quote.
pub(super) fn fill_combined<'a>(
    record: &mut Record<'a>,
    behind_client: &'a [u8],
    (bytes, time): (Place, &mut TimeReader),
) -> Option<&'a [u8]> {
    let rest = fill_common(record, behind_client, (bytes, &mut *time))?;
    let rest = if let Some(rest) = rest.strip_prefix(b" \"-\" \"") {
        rest
    } else {
        let (referer, rest) = plain_quoted(rest.strip_prefix(b" \"")?)?;
        set_ordinary(record, Place::Referer, referer, time);
        rest.strip_prefix(b" \"")?
    };
    let (agent, rest) = rest.split_at_checked(find_either(rest, [b'"', b'\\'])?)?;
    set_ordinary(record, Place::UserAgent, agent, time);
    Some(rest)
}

/// A field without escapes up to its closing quote, and what is behind.
pub(super) fn plain_quoted(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let (value, behind) = text.split_at_checked(find_either(text, [b'"', b'\\'])?)?;
    let is_end = matches!(behind, [b'"'] | [b'"', b' ', ..]);
    is_end.then_some((value, behind.get(1..)?))
}

/// Who stands in ` - user [`, if anybody does, and what is behind.
fn user(text: &[u8]) -> Option<(Option<&[u8]>, &[u8])> {
    if let Some(rest) = text.strip_prefix(b" - - [") {
        return Some((None, rest));
    }
    let text = text.strip_prefix(b" - ")?;
    let (user, rest) = text.split_at_checked(find(text, b' ')?)?;
    let is_plain = !user.is_empty() && find(user, b'"').is_none();
    is_plain.then_some((Some(user), rest.strip_prefix(b" [")?))
}

/// A number, or nothing that says it was none.
fn fill_bytes<'a>(
    record: &mut Record<'a>,
    text: &'a [u8],
    (place, time): (Place, &mut TimeReader),
) -> Option<&'a [u8]> {
    const DIGITS_MAX: usize = 18;
    if let [b'-', rest @ ..] = text {
        set(record, place, Cow::Borrowed(b"-"), time);
        return matches!(rest, [] | [b' ', ..]).then_some(rest);
    }
    let (mut number, mut count) = (0, 0);
    let mut rest = text;
    while let [digit @ b'0'..=b'9', behind @ ..] = rest {
        number = number * 10 + u64::from(digit - b'0');
        count += 1;
        rest = behind;
        if count == DIGITS_MAX {
            break;
        }
    }
    let is_number = 0 < count && matches!(rest, [] | [b' ', ..]);
    record.bytes = Some(number);
    is_number.then_some(rest)
}
