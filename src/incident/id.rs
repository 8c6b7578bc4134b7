//! What an incident is called: `INC-7f3c9a`. The name follows from the content alone.

use std::fmt;
use std::ops::RangeInclusive;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::model::{Entity, Millis, Timestamp};

/// A hash of the entity and the 6-hour window in which its incident began. People read
/// its first six digits; the whole sixteen tell two apart that share them (`{:#}`).
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
pub struct IncidentId(pub u64);

/// A text that names no incident.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is not the id of an incident: INC- and 6 to 16 hexadecimal digits")]
pub struct UnreadableId {
    pub text: String,
}

const WINDOW: Millis = Millis::hours(6);
const DIGITS_MIN: usize = 6;
const DIGITS_MAX: usize = 16;

impl IncidentId {
    /// The detector that spoke first is left out on purpose: an entity has one incident
    /// in a window, and which of two detectors came first may depend on how two files
    /// were interleaved.
    pub fn of(entity: &Entity, began: Timestamp) -> Self {
        let (kind, name) = match entity {
            Entity::Key(key) => ("key", key.as_str()),
            Entity::Address(address) => ("address", address.as_str()),
            Entity::Route(route) => ("route", route.as_str()),
            Entity::App(app) => ("app", app.as_str()),
            Entity::Fleet => ("fleet", ""),
        };
        let window = began.0.div_euclid(WINDOW.0);
        let mut hasher = blake3::Hasher::new();
        hasher.update(kind.as_bytes()).update(&[0]).update(name.as_bytes()).update(&[0]);
        hasher.update(&window.to_be_bytes());
        Self(first_eight(&hasher))
    }

    /// All ids that a shortened text may stand for.
    pub fn range_of(text: &str) -> Result<RangeInclusive<Self>, UnreadableId> {
        let refused = || UnreadableId { text: text.chars().take(40).collect() };
        let digits =
            text.strip_prefix("INC-").or_else(|| text.strip_prefix("inc-")).unwrap_or(text);
        let hexadecimal = digits.bytes().all(|byte| byte.is_ascii_hexdigit());
        if !hexadecimal || !(DIGITS_MIN..=DIGITS_MAX).contains(&digits.len()) {
            return Err(refused());
        }
        let low =
            u64::from_str_radix(&format!("{digits:0<16}"), 16).map_err(|_not_hex| refused())?;
        let high =
            u64::from_str_radix(&format!("{digits:f<16}"), 16).map_err(|_not_hex| refused())?;
        Ok(Self(low)..=Self(high))
    }
}

impl fmt::Display for IncidentId {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        if out.alternate() {
            return write!(out, "INC-{:016x}", self.0);
        }
        write!(out, "INC-{:06x}", self.0 >> 40)
    }
}

impl FromStr for IncidentId {
    type Err = UnreadableId;

    /// The least id that begins with the digits given: see [`IncidentId::range_of`].
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::range_of(text).map(|range| *range.start())
    }
}

/// The first eight bytes of the hash as a number.
pub(super) fn first_eight(hasher: &blake3::Hasher) -> u64 {
    let mut bytes = [0; 8];
    hasher.finalize_xof().fill(&mut bytes);
    u64::from_be_bytes(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_shows_six_digits_and_is_found_again_by_them() {
        let id = IncidentId(0x7f3c_9a12_3456_789a);
        assert_eq!(id.to_string(), "INC-7f3c9a");
        assert_eq!(format!("{id:#}"), "INC-7f3c9a123456789a");
        assert!(IncidentId::range_of("INC-7f3c9a").unwrap().contains(&id));
        assert_eq!("7f3c9a123456789a".parse(), Ok(id));
        assert!(!IncidentId::range_of("INC-7f3c9b").unwrap().contains(&id));
    }

    #[test]
    fn what_is_no_id_is_refused_without_a_panic() {
        for text in ["", "INC-", "INC-7f3c9", "INC-7f3c9g", "INC-éééééé", "INC-0123456789abcdef0"]
        {
            assert!(text.parse::<IncidentId>().is_err(), "{text}");
        }
    }

    #[test]
    fn the_same_entity_in_the_same_window_has_the_same_id() {
        let key = Entity::Key("k_alpha".to_owned());
        let at = |hours| Timestamp::default().plus(Millis::hours(hours));
        assert_eq!(IncidentId::of(&key, at(6)), IncidentId::of(&key, at(11)));
        assert_ne!(IncidentId::of(&key, at(6)), IncidentId::of(&key, at(12)));
        assert_ne!(IncidentId::of(&key, at(6)), IncidentId::of(&Entity::Fleet, at(6)));
        let address = Entity::Address("k_alpha".to_owned());
        assert_ne!(IncidentId::of(&key, at(6)), IncidentId::of(&address, at(6)));
    }
}
