//! Personal data in one value of a URL: addresses, numbers of phones, cards and people.

use core::ops::Range;

/// What a value is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Personal {
    Mail,
    Phone,
    Card,
    NationalId,
    /// A number that could be a card's; its check digit fits, or does not.
    CardLike,
    NoCard,
}

/// What looks like an address's end, and is a file's.
const EXTENSIONS: [&str; 22] = [
    "js", "css", "png", "jpg", "jpeg", "svg", "gif", "json", "map", "html", "php", "ico", "webp",
    "woff", "woff2", "xml", "txt", "zip", "gz", "pdf", "jsp", "asp",
];
const PHONES: [&[u8]; 9] = [
    b"phone",
    b"phonenumber",
    b"mobile",
    b"msisdn",
    b"tel",
    b"to",
    b"from",
    b"whatsapp",
    b"recipient",
];
const CARDS: [&[u8]; 6] = [b"card", b"cardnumber", b"creditcard", b"ccnumber", b"pan", b"cardno"];
const PEOPLE: [&[u8]; 16] = [
    b"ssn",
    b"socialsecurity",
    b"nationalid",
    b"cpf",
    b"aadhaar",
    b"nino",
    b"dni",
    b"nif",
    b"passport",
    b"taxid",
    b"curp",
    b"iban",
    b"dob",
    b"dateofbirth",
    b"birthdate",
    b"birthday",
];

/// What the value of an argument is, or what stands in it; in a path, arguments have no name.
pub(super) fn personal(name: &[u8], value: &[u8]) -> Option<Personal> {
    let text = core::str::from_utf8(value).ok()?;
    if let Some(whole) = whole(name, text) {
        return Some(whole);
    }
    let mut found = None;
    if text.contains('@') || text.contains(' ') {
        in_words(text, |_, what| found = found.or(Some(what).filter(|it| *it != Personal::NoCard)));
    }
    found
}

/// Hands out what stands in a sentence, with its place.
pub(super) fn in_words(text: &str, mut find: impl FnMut(Range<usize>, Personal)) {
    let mut start = 0;
    let is_between = |it: char| !(it.is_alphanumeric() || "@._%+-".contains(it));
    for word in text.split_inclusive(is_between) {
        let bare = word.trim_end_matches(is_between).trim_end_matches('.');
        if let Some(what) = whole(b"", bare) {
            find(start..start + bare.len(), what);
        }
        start += word.len();
    }
    in_numbers(text, &mut find);
}

/// Numbers that are written with blanks between their parts.
fn in_numbers(text: &str, find: &mut impl FnMut(Range<usize>, Personal)) {
    let is_of_number = |byte: u8| byte.is_ascii_digit() || b" -+()".contains(&byte);
    let mut start = 0;
    for run in text.as_bytes().split(|byte| !is_of_number(*byte)) {
        let digits: String =
            run.iter().filter(|it| it.is_ascii_digit()).map(|it| char::from(*it)).collect();
        if let Some(what) = number(run, &digits) {
            let first = run.iter().position(|it| it.is_ascii_digit() || *it == b'+').unwrap_or(0);
            let last = run.iter().rposition(u8::is_ascii_digit).unwrap_or(0);
            find(start + first..start + last + 1, what);
        }
        start += run.len() + 1;
    }
}

/// A run of digits, blanks and signs.
fn number(run: &[u8], digits: &str) -> Option<Personal> {
    if matches!(digits.len(), 15 | 16) && is_issued(digits) && luhn(digits) {
        return Some(Personal::CardLike);
    }
    let is_international = matches!(run.trim_ascii(), [b'+', b'0'..=b'9', ..])
        && memchr::memchr_iter(b'+', run).count() == 1;
    (is_international && (8..=15).contains(&digits.len())).then_some(Personal::Phone)
}

fn whole(name: &[u8], text: &str) -> Option<Personal> {
    if is_mail(text) {
        return Some(Personal::Mail);
    }
    let digits: String = text.chars().filter(char::is_ascii_digit).collect();
    if digits.is_empty() {
        return None;
    }
    let is_number = text.chars().all(|it| it.is_ascii_digit() || " -+().".contains(it));
    if CARDS.contains(&name) && is_number && (12..=19).contains(&digits.len()) && luhn(&digits) {
        return Some(Personal::Card);
    }
    if PEOPLE.contains(&name) && 6 <= digits.len() || is_national(text) {
        return Some(Personal::NationalId);
    }
    // `+` is a blank in a query unless it is encoded: a number that begins with it is a phone's.
    let is_phone_named = PHONES.contains(&name) && !text.contains('.');
    let is_international = text.starts_with('+');
    if is_number
        && (8..=15).contains(&digits.len())
        && (is_international || is_phone_named && !is_date(text) && 10 <= digits.len())
    {
        return Some(Personal::Phone);
    }
    // Numbers that only could be cards; what a key shows of them tells.
    let is_plain = digits.len() == text.len() && matches!(digits.len(), 15 | 16);
    if is_plain && is_issued(&digits) {
        return Some(if luhn(&digits) { Personal::CardLike } else { Personal::NoCard });
    }
    None
}

fn is_mail(text: &str) -> bool {
    let Some((local, domain)) = text.split_once('@') else { return false };
    let Some((host, end)) = domain.rsplit_once('.') else { return false };
    let is_word = |it: char| it.is_alphanumeric() || "._%+-".contains(it);
    !local.is_empty()
        && !host.is_empty()
        && local.len() <= 64
        && local.chars().all(is_word)
        && host.chars().all(|it| it.is_alphanumeric() || "-.".contains(it))
        && (2..=24).contains(&end.len())
        && end.chars().all(char::is_alphabetic)
        && !EXTENSIONS.contains(&end.to_ascii_lowercase().as_str())
}

/// `2026-01-01`, `20260101`.
fn is_date(text: &str) -> bool {
    (text.starts_with("19") || text.starts_with("20")) && text.len() <= 10
}

/// Numbers of people that can be told by their form alone.
fn is_national(text: &str) -> bool {
    let bytes = text.as_bytes();
    let form: String = bytes
        .iter()
        .map(|byte| if byte.is_ascii_digit() { '9' } else { char::from(*byte) })
        .collect();
    match form.as_str() {
        // United States.
        "999-99-9999" => {
            let area = text.get(..3).unwrap_or("");
            area != "000" && area != "666" && !area.starts_with('9')
        }
        // Brazil.
        "999.999.999-99" => is_cpf(bytes),
        _ => is_iban(text),
    }
}

fn is_cpf(text: &[u8]) -> bool {
    let digits: Vec<u32> =
        text.iter().filter(|it| it.is_ascii_digit()).map(|it| u32::from(it - b'0')).collect();
    let check = |count: usize| {
        let weights = (2..).take(count);
        let sum: u32 = digits.iter().take(count).rev().zip(weights).map(|(a, b)| a * b).sum();
        sum * 10 % 11 % 10
    };
    digits.len() == 11
        && digits.get(9) == Some(&check(9))
        && digits.get(10) == Some(&check(10))
        && digits.windows(2).any(|pair| pair.first() != pair.last())
}

/// Two letters, two digits, and a remainder of 1 by 97.
fn is_iban(text: &str) -> bool {
    let text: String = text.chars().filter(|it| *it != ' ').collect();
    let begins = matches!(text.as_bytes(), [a, b, c, d, ..]
        if a.is_ascii_uppercase() && b.is_ascii_uppercase() && c.is_ascii_digit() && d.is_ascii_digit());
    if !begins || !(15..=34).contains(&text.len()) {
        return false;
    }
    let (head, rest) = text.split_at(4);
    let mut remainder = 0;
    for letter in rest.chars().chain(head.chars()) {
        let Some(value) = letter.to_digit(36).filter(|_| !letter.is_ascii_lowercase()) else {
            return false;
        };
        remainder = (remainder * if value < 10 { 10 } else { 100 } + value) % 97;
    }
    remainder == 1
}

/// Begins like a card of Visa, Mastercard, American Express, Discover or JCB.
fn is_issued(digits: &str) -> bool {
    let first = |count: usize| digits.get(..count).and_then(|it| it.parse::<u32>().ok());
    matches!(
        (digits.len(), first(2), first(4)),
        (15, Some(34 | 37), _)
            | (16, Some(40..=49 | 51..=55 | 65), _)
            | (16, _, Some(2221..=2720 | 6011 | 6440..=6499 | 3528..=3589))
    )
}

fn luhn(digits: &str) -> bool {
    let values = digits.bytes().rev().map(|byte| u32::from(byte - b'0'));
    let sum: u32 = values
        .enumerate()
        .map(|(place, value)| match (place % 2, value * 2) {
            (0, _) => value,
            (_, double) if 9 < double => double - 9,
            (_, double) => double,
        })
        .sum();
    sum.is_multiple_of(10) && digits.bytes().any(|byte| byte != b'0')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(name: &str, value: &str, expected: Option<Personal>) {
        assert_eq!(personal(name.as_bytes(), value.as_bytes()), expected, "{name}={value}");
    }

    #[test]
    fn each_is_told_by_its_form_or_its_name() {
        check("", "ana.b+c@mail.example.com", Some(Personal::Mail));
        check("x", "+49 151 12345678", Some(Personal::Phone));
        check("phone", "15112345678", Some(Personal::Phone));
        check("card", "4111 1111 1111 1111", Some(Personal::Card));
        check("x", "4111111111111111", Some(Personal::CardLike));
        check("x", "4111111111111112", Some(Personal::NoCard));
        check("x", "378282246310005", Some(Personal::CardLike));
        for of_others in ["6011111111111117", "2223003122003222", "3530111333300000"] {
            check("x", of_others, Some(Personal::CardLike));
        }
        check("dob", "1990-01-02", Some(Personal::NationalId));
        check("x", "123-45-6789", Some(Personal::NationalId));
        check("x", "529.982.247-25", Some(Personal::NationalId));
        check("x", "DE89370400440532013000", Some(Personal::NationalId));
        check("aadhaar", "234567890123", Some(Personal::NationalId));
    }

    #[test]
    fn what_only_looks_so_is_none() {
        for (name, value) in [
            ("", "logo@2x.png"),
            ("", "@scope"),
            ("", "a@b"),
            ("phone", "2026-01-01"),
            ("to", "1773000000.123"),
            ("card", "4111111111111112345678"),
            ("x", "000-45-6789"),
            ("x", "529.982.247-26"),
            ("x", "DE89370400440532013001"),
            ("x", "1773000000123"),
            ("x", "6111111111111111"),
            ("to", "123"),
        ] {
            check(name, value, None);
        }
    }
}
