//! What a question of the API asks for, read strictly: what is not known is refused, and not
//! passed over.

use std::collections::BTreeMap;

use axum::extract::{FromRequestParts, Query};
use axum::http::StatusCode;
use axum::http::request::Parts;

use super::super::problem::Wrong;
use super::super::text::{clean, cut};
use crate::model::{Severity, Timestamp};

/// The part of the address behind the question mark.
#[derive(Debug, Default)]
pub(super) struct Asked(BTreeMap<String, String>);

/// Which part of a list is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Part {
    pub limit: usize,
    /// How many come before it.
    pub skip: usize,
}

const LIMIT: usize = 100;
pub(super) const LIMIT_MAX: usize = 1000;
const TEXT_CHARS_MAX: usize = 200;
/// What other languages call an integer.
const NUMBER_MAX: u64 = i64::MAX.cast_unsigned();

impl<S: Send + Sync> FromRequestParts<S> for Asked {
    type Rejection = Wrong;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Wrong> {
        let wrong = |_| bad("what stands behind the question mark cannot be read");
        let list: Query<Vec<(String, String)>> = Query::try_from_uri(&parts.uri).map_err(wrong)?;
        let mut fields = BTreeMap::new();
        for (name, value) in list.0 {
            if TEXT_CHARS_MAX < value.chars().count() {
                return Err(bad(&format!("{} is too long", cut(&clean(&name), 40))));
            }
            if fields.insert(name.clone(), value).is_some() {
                return Err(bad(&format!("{} is there twice", cut(&clean(&name), 40))));
            }
        }
        Ok(Self(fields))
    }
}

impl Asked {
    /// Refuses what is not in the list.
    pub(super) fn only(&self, known: &[&str]) -> Result<(), Wrong> {
        match self.0.keys().find(|name| !known.contains(&name.as_str())) {
            None => Ok(()),
            Some(_) if known.is_empty() => Err(bad("this takes no parameters")),
            Some(name) => {
                let name = cut(&clean(name), 40);
                Err(bad(&format!("{name} is not known here: there are {}", known.join(", "))))
            }
        }
    }

    pub(super) fn text(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    /// One of a list.
    pub(super) fn choice(&self, name: &str, known: &[&str]) -> Result<Option<&str>, Wrong> {
        let Some(value) = self.text(name) else { return Ok(None) };
        if known.contains(&value) {
            return Ok(Some(value));
        }
        let value = cut(&clean(value), 40);
        Err(bad(&format!("{name} cannot be {value}: use one of {}", known.join(", "))))
    }

    pub(super) fn severity(&self) -> Result<Option<Severity>, Wrong> {
        let all = [Severity::Low, Severity::Medium, Severity::High, Severity::Critical];
        let chosen = self.choice("severity", &["low", "medium", "high", "critical"])?;
        Ok(chosen.and_then(|name| all.into_iter().find(|it| it.name() == name)))
    }

    pub(super) fn time(&self, name: &str) -> Result<Option<Timestamp>, Wrong> {
        let read = |value: &str| {
            moment(value).ok_or_else(|| {
                bad(&format!("{name} is not a time: write RFC 3339, such as 2026-03-09T08:00:00Z"))
            })
        };
        self.text(name).map(read).transpose()
    }

    pub(super) fn number(&self, name: &str) -> Result<Option<u64>, Wrong> {
        let read = |value: &str| {
            let is_plain = value.bytes().all(|byte| byte.is_ascii_digit());
            let number = value.parse().ok().filter(|it| is_plain && *it <= NUMBER_MAX);
            number.ok_or_else(|| bad(&format!("{name} is not a whole number")))
        };
        self.text(name).map(read).transpose()
    }

    pub(super) fn part(&self) -> Result<Part, Wrong> {
        Ok(Part { limit: self.limit()?, skip: self.cursor()? })
    }

    pub(super) fn limit(&self) -> Result<usize, Wrong> {
        let limit = self.number("limit")?.map_or(Some(LIMIT), |it| usize::try_from(it).ok());
        let limit = limit.filter(|limit| (1..=LIMIT_MAX).contains(limit));
        limit.ok_or_else(|| bad(&format!("limit is a number from 1 to {LIMIT_MAX}")))
    }

    fn cursor(&self) -> Result<usize, Wrong> {
        let Some(text) = self.text("cursor") else { return Ok(0) };
        let digits = text.strip_prefix('n').filter(|rest| rest.len() <= 9);
        let skip = digits.and_then(|digits| usize::from_str_radix(digits, 36).ok());
        skip.ok_or_else(|| bad("this cursor is none: take it from `next` of the answer before"))
    }
}

impl Part {
    /// The part itself, and where the next begins.
    pub(super) fn of<T>(self, all: Vec<T>) -> (Vec<T>, Option<String>) {
        let rest = all.len().saturating_sub(self.skip.saturating_add(self.limit));
        let next = (0 < rest).then(|| written(self.skip + self.limit));
        (all.into_iter().skip(self.skip).take(self.limit).collect(), next)
    }
}

/// A cursor is nobody's to read.
fn written(mut skip: usize) -> String {
    let mut digits = Vec::new();
    while 0 < skip || digits.is_empty() {
        let digit = u32::try_from(skip % 36).ok().and_then(|it| char::from_digit(it, 36));
        digits.extend(digit);
        skip /= 36;
    }
    digits.push('n');
    digits.into_iter().rev().collect()
}

pub(super) fn moment(text: &str) -> Option<Timestamp> {
    let at: jiff::Timestamp = text.parse().ok()?;
    Some(Timestamp(at.as_millisecond()))
}

pub(super) fn bad(detail: &str) -> Wrong {
    Wrong::new(StatusCode::BAD_REQUEST, detail)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(list: &[(&str, &str)]) -> Asked {
        Asked(list.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect())
    }

    #[test]
    fn pages_follow_each_other_without_a_gap() {
        let all: Vec<usize> = (0..250).collect();
        let (mut seen, mut cursor) = (Vec::new(), None::<String>);
        loop {
            let mut list = vec![("limit", "60")];
            list.extend(cursor.as_deref().map(|cursor| ("cursor", cursor)));
            let (part, next) = asked(&list).part().unwrap().of(all.clone());
            seen.extend(part);
            cursor = next;
            if cursor.is_none() {
                break;
            }
        }
        assert_eq!(seen, all);
    }

    #[test]
    fn what_is_not_understood_is_refused() {
        for (name, value) in [
            ("limit", "0"),
            ("limit", "1001"),
            ("limit", "-1"),
            ("limit", "+5"),
            ("limit", "x"),
            ("cursor", "5"),
            ("cursor", "n"),
            ("cursor", "nzzzzzzzzzzzzzz"),
            ("cursor", ""),
        ] {
            assert!(asked(&[(name, value)]).part().is_err(), "{name}={value}");
        }
        assert!(asked(&[("since", "yesterday")]).time("since").is_err());
        assert!(asked(&[("severity", "worst")]).severity().is_err());
        assert!(asked(&[("offset", "1")]).only(&["limit", "cursor"]).is_err());
    }
}
