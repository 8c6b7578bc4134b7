//! What a column's values were the last time, so that most rows cost one lookup a column.

use super::address::address_of;
use super::cells::put;
use super::clean::{cut, text_of};
use super::inventory::Inventory;
use super::memo::Memo;
use super::namer::Named;
use super::networks::Networks;
use super::privacy::{Kept, Privacy};
use super::private::may_have_private;
use super::pseudonym::Pseudonyms;
use super::scrub::{Hides, Own, Scratch, Scrubber};
use super::shapes::Place;
use crate::model::{EventBatch, Seat, TextColumn, is_same};

/// A value that is fit to be stored, and the number that it had in the last batch.
#[derive(Default)]
pub(super) struct Known {
    text: Box<str>,
    seat: Seat,
}

/// A column, and the row that may get a value there. Without one it is left behind.
pub(super) type Cell<'b> = (&'b mut TextColumn, usize);

/// A credential that was seen before.
#[derive(Default)]
pub(super) struct KnownKey {
    pub id: Known,
    pub role: Known,
    /// What must not stand elsewhere in the line.
    pub own: Option<Own>,
}

/// An address that was seen before.
#[derive(Default)]
pub(super) struct KnownAddress {
    pub text: Known,
    pub asn: u32,
    pub country: Known,
    pub city: Known,
    pub spot: u32,
}

/// What is needed to scrub one line's texts.
pub(super) struct Desk<'a> {
    pub scrubber: &'a Scrubber,
    pub scratch: &'a mut Scratch,
    /// The line's own credential.
    pub own: Option<&'a Own>,
}

/// The texts of a column by the bytes of the line.
pub(super) struct TextMemo {
    memo: Memo<Known>,
    limits: Limits,
    /// What takes the place of each value, where it is a name that is not kept.
    hides: Option<Pseudonyms>,
}

/// How a column's texts are read and where they are cut.
#[derive(Clone, Copy)]
pub(super) struct Limits {
    pub place: Place,
    pub hides: Hides,
    pub bytes_max: usize,
}

impl Known {
    pub(super) fn of(text: &str) -> Self {
        Self { text: text.into(), seat: Seat::default() }
    }

    /// Another value takes its place, if it is another.
    #[inline]
    pub(super) fn become_of(&mut self, text: &str) -> &mut Self {
        if !is_same(self.text.as_bytes(), text.as_bytes()) {
            *self = Self::of(text);
        }
        self
    }

    /// Puts it into the cell, unless it is nothing.
    #[inline]
    pub(super) fn put_in(&mut self, (column, row): Cell<'_>) {
        if self.text.is_empty() {
            return;
        }
        column.fill_up(row);
        column.push_seated(&self.text, &mut self.seat);
    }
}

impl KnownKey {
    pub(super) fn of(named: &Named<'_>, inventory: &Inventory) -> Self {
        let role = inventory.get(&named.id).map_or("", |key| key.role.as_str());
        Self {
            id: Known::of(&named.id),
            role: Known::of(role),
            own: named.secret.and_then(Own::of),
        }
    }
}

impl KnownAddress {
    pub(super) fn of(raw: &[u8], networks: &Networks, privacy: &Privacy) -> Self {
        let Some(address) = address_of(raw) else {
            return Self::default();
        };
        let is_kept = privacy.keeps(Kept::SourceIp);
        let text = if is_kept { privacy.address(address).to_string() } else { String::new() };
        let text = Known::of(&text);
        if !privacy.keeps(Kept::Place) {
            return Self { text, ..Self::default() };
        }
        // Where it is on the net is told before it is cut.
        let place = networks.place(address);
        Self {
            text,
            asn: place.asn,
            country: Known::of(&place.country),
            city: Known::of(&place.city),
            spot: place.spot.0,
        }
    }
}

impl KnownAddress {
    /// Puts it into its row, less the country. The line may know better of which network it is.
    #[inline]
    pub(super) fn put_in(&mut self, (batch, row): (&mut EventBatch, usize), asn: Option<u32>) {
        self.text.put_in((&mut batch.source_ip, row));
        put(&mut batch.asn, row, asn.unwrap_or(self.asn));
        self.city.put_in((&mut batch.city, row));
        put(&mut batch.spot, row, self.spot);
    }
}

impl Desk<'_> {
    /// The text as it may be stored.
    pub(super) fn put(&mut self, raw: &[u8], (column, row): Cell<'_>, limits: Limits) {
        if raw.is_empty() {
            return;
        }
        column.fill_up(row);
        let text = text_of(raw);
        match self.scrubbed(&text, limits) {
            Some(scrubbed) => column.push(scrubbed),
            None => column.push(&text),
        }
    }

    /// The text without secrets and cut, or nothing if it may stay as it is.
    pub(super) fn scrubbed(&mut self, text: &str, limits: Limits) -> Option<&str> {
        let out = &mut *self.scratch;
        if !self.scrubber.replaces((text, limits.place, limits.hides), self.own, out) {
            if text.len() <= limits.bytes_max {
                return None;
            }
            out.text.clear();
            out.text.push_str(text);
        }
        cut(&mut out.text, limits.bytes_max);
        Some(&out.text)
    }
}

impl TextMemo {
    pub(super) fn new(seeds: [u64; 4], bytes_max: usize) -> Self {
        let limits = Limits { place: Place::Text, hides: Hides::Secrets, bytes_max };
        Self { memo: Memo::new(seeds), limits, hides: None }
    }

    /// Of a free text, in which anybody may be named.
    pub(super) const fn without_people(mut self) -> Self {
        self.limits.hides = Hides::People;
        self
    }

    /// From now on each value is replaced by its pseudonym, or none is.
    pub(super) fn hide(&mut self, by: Option<Pseudonyms>) {
        self.hides = by;
        self.memo.clear();
    }

    /// Puts the text into the cell as it may be stored, unless it is absent.
    #[expect(
        clippy::inline_always,
        reason = "most columns are absent: a call would be all it costs"
    )]
    #[inline(always)]
    pub(super) fn put(&mut self, raw: Option<&[u8]>, cell: Cell<'_>, desk: &mut Desk<'_>) {
        match raw {
            None | Some([]) => {}
            Some(raw) => self.put_some(raw, cell, desk),
        }
    }

    #[inline(never)]
    fn put_some(&mut self, raw: &[u8], cell: Cell<'_>, desk: &mut Desk<'_>) {
        if let Some(pseudonyms) = &self.hides {
            let known = self.memo.of(raw, || Known::of(&pseudonyms.user_id(raw)));
            known.put_in(cell);
            return;
        }
        let mut limits = self.limits;
        if desk.own.is_some_and(|own| own.is_in(raw)) {
            desk.put(raw, cell, limits);
            return;
        }
        let known = self.memo.of(raw, || {
            if !may_have_private(raw) {
                limits.hides = Hides::Secrets;
            }
            let text = text_of(raw);
            Known::of(desk.scrubbed(&text, limits).unwrap_or(&text))
        });
        known.put_in(cell);
    }
}
