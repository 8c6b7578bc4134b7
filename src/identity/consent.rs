//! Who agreed to be written to, and who does not any more: lists of hashes, so that nobody's
//! number lies about.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use sha2::{Digest as _, Sha256};

use super::table::InventoryError;
use crate::model::{Flaw, Flaws, Timestamp};

const RECIPIENTS_MAX: usize = 5_000_000;
type Hash = [u8; 32];

/// Both lists; without one, nothing is said of what would stand in it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Consent {
    opt_in: Option<BTreeMap<Hash, Option<Timestamp>>>,
    opt_out: Option<BTreeMap<Hash, Option<Timestamp>>>,
}

impl Consent {
    /// Reads both lists, by their bytes and names: in each line a recipient or the SHA-256 of
    /// one (`4f1c…`, of the number's digits or of the address in lower case), and since when, if
    /// that is known: `4f1c…,2026-11-01`.
    pub fn read(
        opt_in: Option<(&[u8], &str)>,
        opt_out: Option<(&[u8], &str)>,
    ) -> Result<Self, InventoryError> {
        let list = |given: Option<(&[u8], &str)>| given.map(read).transpose();
        Ok(Self { opt_in: list(opt_in)?, opt_out: list(opt_out)? })
    }

    /// With what is wrong with a message to this recipient at this moment.
    pub(super) fn flaws_of(&self, (recipient, at): (&[u8], Timestamp), flaws: Flaws) -> Flaws {
        if self.opt_in.is_none() && self.opt_out.is_none() {
            return flaws;
        }
        let hash = hash_of(recipient);
        let since = |list: &BTreeMap<Hash, Option<Timestamp>>| {
            let since = list.get(&hash)?;
            Some(since.unwrap_or(Timestamp(i64::MIN))).filter(|since| *since <= at)
        };
        let agreed = self.opt_in.as_ref().map(since);
        let left = self.opt_out.as_ref().and_then(since);
        match (agreed, left) {
            // Who came back after they had left agrees again.
            (Some(Some(agreed)), Some(left)) if left < agreed => flaws,
            (_, Some(_)) => flaws.with(Flaw::OptedOut),
            (Some(None), None) => flaws.with(Flaw::NoOptIn),
            (Some(Some(_)) | None, None) => flaws,
        }
    }
}

fn read((bytes, name): (&[u8], &str)) -> Result<BTreeMap<Hash, Option<Timestamp>>, InventoryError> {
    let mut list = BTreeMap::new();
    for (number, line) in (1..).zip(bytes.split(|byte| *byte == b'\n')) {
        let text = String::from_utf8_lossy(line);
        let text = text.split('#').next().unwrap_or_default().trim();
        let (recipient, since) = text.split_once([',', ';', '\t']).unwrap_or((text, ""));
        let (recipient, since) = (recipient.trim().trim_matches('"'), since.trim());
        let is_name =
            number == 1 && !recipient.contains(|it: char| it.is_ascii_digit() || it == '@');
        if recipient.is_empty() || is_name {
            continue;
        }
        let wrong =
            |reason| InventoryError::Consent { name: name.to_owned(), line: number, reason };
        let Ok(since) = moment(since) else {
            let reason = format!("{since:?} is no date; write 2026-11-01 or leave it out");
            return Err(wrong(reason));
        };
        let hash = listed_hash(recipient).unwrap_or_else(|| hash_of(recipient.as_bytes()));
        list.insert(hash, since);
        if RECIPIENTS_MAX < list.len() {
            return Err(wrong(format!("more than {RECIPIENTS_MAX} recipients")));
        }
    }
    Ok(list)
}

fn moment(text: &str) -> Result<Option<Timestamp>, ()> {
    if text.is_empty() {
        return Ok(None);
    }
    let day = || {
        let date: jiff::civil::Date = text.parse().ok()?;
        date.to_zoned(jiff::tz::TimeZone::UTC).ok().map(|zoned| zoned.timestamp())
    };
    let at = text.parse::<jiff::Timestamp>().ok().or_else(day);
    at.map(|at| Some(Timestamp(at.as_millisecond()))).ok_or(())
}

/// 64 hexadecimal digits.
fn listed_hash(text: &str) -> Option<Hash> {
    let mut hash = [0; 32];
    if text.len() != 64 || !text.is_ascii() {
        return None;
    }
    for (place, pair) in hash.iter_mut().zip(text.as_bytes().chunks_exact(2)) {
        *place = u8::from_str_radix(str::from_utf8(pair).ok()?, 16).ok()?;
    }
    Some(hash)
}

/// Of a number its digits count, of a mail address its letters in lower case.
fn hash_of(recipient: &[u8]) -> Hash {
    let text = String::from_utf8_lossy(recipient);
    let text = text.trim().trim_start_matches("whatsapp:");
    let mut plain = String::with_capacity(text.len());
    if text.contains('@') {
        // Writing to a String cannot fail.
        write!(plain, "{}", text.to_lowercase()).unwrap_or_default();
    } else {
        let digits = text.trim_start_matches("00").chars().filter(char::is_ascii_digit);
        plain.extend(digits);
    }
    Sha256::digest(plain.as_bytes()).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(consent: &Consent, recipient: &str, at: &str, expected: &[Flaw]) {
        let at: jiff::Timestamp = at.parse().unwrap();
        let at = Timestamp(at.as_millisecond());
        let flaws = consent.flaws_of((recipient.as_bytes(), at), Flaws::default());
        let found: Vec<Flaw> = Flaw::ALL.into_iter().filter(|flaw| flaws.has(*flaw)).collect();
        assert_eq!(found, expected, "{recipient}");
    }

    #[test]
    fn who_is_on_which_list_decides() {
        // printf 15550100 | sha256sum
        let opt_in = b"recipient\n07e73d4c25449384f7c9ea83eb4802558df2a6ae9be7f6096fd4cb3a0debbaee\n+1 555 0101\nAna@example.com\n15550103,2026-11-10\n";
        let opt_out = b"# they left\n15550101,2026-11-01\n15550103,2026-11-05\n";
        let consent = Consent::read(Some((opt_in, "in")), Some((opt_out, "out"))).unwrap();
        let now = "2026-11-21T10:00:00Z";
        check(&consent, "15550100", now, &[]);
        check(&consent, "+1555-0100", now, &[]);
        check(&consent, "15550109", now, &[Flaw::NoOptIn]);
        check(&consent, "15550101", now, &[Flaw::OptedOut]);
        check(&consent, "15550101", "2026-10-31T10:00:00Z", &[]);
        check(&consent, "15550103", now, &[]);
        check(&consent, "15550103", "2026-11-07T10:00:00Z", &[Flaw::OptedOut]);
        check(&consent, "ANA@example.com", now, &[]);
        check(&Consent::default(), "15550109", now, &[]);
    }

    #[test]
    fn a_date_that_is_none_is_told_with_its_line() {
        let error = Consent::read(None, Some((b"15550100,gestern", "out.csv"))).unwrap_err();
        assert!(error.to_string().contains("out.csv"), "{error}");
    }
}
