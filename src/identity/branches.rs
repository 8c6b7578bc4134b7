//! Paths that differ in their last number alone, as most of a busy API do: what stands before it was
//! looked through with an earlier one, and its route is known.

use super::memo::Form;
use crate::model::short::last_digits;
use crate::model::{Seat, TextColumn, is_same};

/// The branches of lately, each at its place. Another one with the same place takes it.
pub(super) struct Branches(Vec<Branch>);

/// A path up to its last number, of plain words and short numbers.
#[derive(Clone, Default)]
pub(super) struct Branch {
    before: Vec<u8>,
    /// With the place of the number.
    route: String,
    seat: Seat,
}

/// Room for a text, aligned so that it is looked through eight bytes at a time.
#[repr(align(16))]
pub(super) struct Room([u8; Room::BYTES]);

const BRANCHES: usize = 256;
const BEFORE_BYTES_MAX: usize = 64;

impl Branches {
    /// Where the branch of such a path is, whichever is there.
    pub(super) fn at(&mut self, before: &[u8]) -> Option<&mut Branch> {
        let place = Form::of(before).place(before) % BRANCHES;
        self.0.get_mut(place)
    }
}

impl Default for Branches {
    fn default() -> Self {
        Self(vec![Branch::default(); BRANCHES])
    }
}

impl Branch {
    pub(super) fn is_of(&self, before: &[u8]) -> bool {
        is_same(&self.before, before)
    }

    /// The path is a plain one with this route.
    pub(super) fn become_of(&mut self, before: &[u8], route: &str) {
        self.before.clear();
        self.before.extend_from_slice(before);
        route.clone_into(&mut self.route);
        self.seat = Seat::default();
    }

    pub(super) fn put_in(&mut self, (column, row): (&mut TextColumn, usize)) {
        column.fill_up(row);
        column.push_seated(&self.route, &mut self.seat);
    }
}

impl Room {
    const BYTES: usize = 256;

    /// The bytes as a text, if they are one, and not a long one.
    pub(super) fn text_of(&mut self, bytes: &[u8]) -> Option<&str> {
        let whole = bytes.len().next_multiple_of(16);
        let room = self.0.get_mut(..whole)?;
        let (start, rest) = room.split_at_mut_checked(bytes.len())?;
        start.copy_from_slice(bytes);
        rest.fill(0);
        str::from_utf8(room).ok()?.get(..bytes.len())
    }
}

impl Default for Room {
    fn default() -> Self {
        Self([0; Self::BYTES])
    }
}

/// What stands before the number of up to eight digits with which a path ends.
pub(super) fn before_number(path: &[u8]) -> Option<&[u8]> {
    let (digits, _) = last_digits(path)?;
    let before = path.get(..path.len().checked_sub(digits)?)?;
    let is_branch = digits != 0 && before.last() == Some(&b'/') && before.len() <= BEFORE_BYTES_MAX;
    is_branch.then_some(before)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_number_is_found_wherever_it_begins() {
        for (path, expected) in [
            ("/v1/orders/76397250", Some("/v1/orders/")),
            ("/v1/orders/7", Some("/v1/orders/")),
            ("/orders/123456789", None),
            ("/orders/\u{3a}7", None),
            ("/orders/a7", None),
            ("/orders/", None),
            ("/a/1", None),
            ("/v1/ü/1234", Some("/v1/ü/")),
            ("/v1/x\u{7f}\u{80}1", None),
        ] {
            let found = before_number(path.as_bytes());
            assert_eq!(found, expected.map(str::as_bytes), "{path}");
        }
        for end in 0..=u8::MAX {
            let path = [b"/v1/orders/", [b'7', end].as_slice()].concat();
            assert_eq!(before_number(&path).is_some(), end.is_ascii_digit(), "{end}");
        }
    }

    #[test]
    fn what_stood_in_the_room_before_is_gone() {
        let mut room = Room::default();
        assert_eq!(room.text_of("/v1/ü/long/long/long".as_bytes()), Some("/v1/ü/long/long/long"));
        assert_eq!(room.text_of(b"/v1/\xff"), None);
        assert_eq!(room.text_of(b"/v1"), Some("/v1"));
        assert_eq!(room.text_of(&[b'a'; Room::BYTES + 1]), None);
        assert_eq!(room.text_of(&[b'a'; Room::BYTES]).map(str::len), Some(Room::BYTES));
    }
}
