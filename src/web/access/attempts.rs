//! How often somebody may give a wrong token: some times a minute from one place, and from
//! all places together.

use std::collections::BTreeMap;
use std::net::IpAddr;

use super::Turned;
use crate::model::{Millis, Timestamp};

/// Wrong ones by network, in the running minute.
#[derive(Debug, Default)]
pub(super) struct Attempts {
    minute: Option<Timestamp>,
    by_place: BTreeMap<u128, u32>,
    all: u32,
}

const MINUTE: Millis = Millis::seconds(60);
const WRONG_BY_PLACE_MAX: u32 = 5;
const WRONG_MAX: u32 = 60;

impl Attempts {
    /// Whether another try is looked at, before it is.
    pub(super) fn admit(&mut self, address: IpAddr, now: Timestamp) -> Result<(), Turned> {
        self.turn(now);
        let here = self.by_place.get(&place_of(address)).copied().unwrap_or(0);
        if here < WRONG_BY_PLACE_MAX && self.all < WRONG_MAX {
            return Ok(());
        }
        let over = self.minute.unwrap_or(now).plus(MINUTE).since(now);
        Err(Turned::TooMany { seconds: (over.0 / 1000).clamp(1, 60) })
    }

    pub(super) fn note_wrong(&mut self, address: IpAddr, now: Timestamp) {
        self.turn(now);
        // Of as many places as wrong ones are looked at: the table has that limit too.
        *self.by_place.entry(place_of(address)).or_default() += 1;
        self.all = self.all.saturating_add(1);
    }

    fn turn(&mut self, now: Timestamp) {
        let is_over = |began: Timestamp| MINUTE <= now.since(began) || now < began;
        if self.minute.is_none_or(is_over) {
            *self = Self { minute: Some(now), ..Self::default() };
        }
    }
}

/// An address of IPv4, or the half of one of IPv6 that somebody is given.
fn place_of(address: IpAddr) -> u128 {
    match address.to_canonical() {
        IpAddr::V4(address) => u128::from(address.to_bits()),
        IpAddr::V6(address) => address.to_bits() >> 64 << 64,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn five_wrong_ones_a_minute_are_enough_for_one_place() {
        let mut attempts = Attempts::default();
        let (bad, good) = ("192.0.2.1".parse().unwrap(), "192.0.2.2".parse().unwrap());
        for _ in 0..WRONG_BY_PLACE_MAX {
            assert_eq!(attempts.admit(bad, Timestamp(0)), Ok(()));
            attempts.note_wrong(bad, Timestamp(0));
        }
        assert_eq!(attempts.admit(bad, Timestamp(20_000)), Err(Turned::TooMany { seconds: 40 }));
        assert_eq!(attempts.admit(good, Timestamp(20_000)), Ok(()));
        assert_eq!(attempts.admit(bad, Timestamp(60_000)), Ok(()));
    }

    #[test]
    fn a_thousand_places_together_have_a_limit_too() {
        let mut attempts = Attempts::default();
        for number in 0..WRONG_MAX {
            attempts
                .note_wrong(IpAddr::from([192, 0, 2, u8::try_from(number).unwrap()]), Timestamp(0));
        }
        let other = "198.51.100.1".parse().unwrap();
        assert!(attempts.admit(other, Timestamp(1)).is_err());
        let one = |text: &str| place_of(text.parse().unwrap());
        assert_eq!(one("2001:db8::1"), one("2001:db8::ffff"));
        assert_ne!(one("2001:db8::1"), one("2001:db8:0:1::1"));
    }
}
