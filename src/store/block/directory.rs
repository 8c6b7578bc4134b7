//! Where the columns of a block lie. It is found column by column, so that no more of a block need
//! be there than what is wanted of it.

use std::ops::Range;

use super::bytes::Reader;
use super::column::{Column, Columns};
use super::header::Header;
use super::{ARRANGED, BlockError};

/// The columns as far as they were found.
#[derive(Debug)]
pub struct Directory {
    places: Vec<Place>,
    /// Where the next column begins.
    next: usize,
    bytes: usize,
    pub(super) rows: usize,
}

#[derive(Debug)]
struct Place {
    column: Column,
    is_arranged: bool,
    bytes: Range<usize>,
}

/// A column as it lies in a block.
pub(super) struct Packed<'b> {
    pub(super) column: Column,
    pub(super) is_arranged: bool,
    pub(super) bytes: &'b [u8],
}

/// A column's number and its length.
const HEAD_BYTES_MAX: usize = 6;

impl Directory {
    /// Nothing is found yet.
    pub fn of(header: &Header) -> Result<Self, BlockError> {
        header.check_form()?;
        let places = Vec::with_capacity(Column::ALL.len());
        Ok(Self { places, next: 0, bytes: header.bytes as usize, rows: header.rows as usize })
    }

    /// Every column of a block that is there as a whole.
    pub(super) fn whole(header: &Header, block: &[u8]) -> Result<Self, BlockError> {
        header.verify(block)?;
        let mut directory = Self::of(header)?;
        while directory.next < directory.bytes {
            directory.find(block)?;
        }
        Ok(directory)
    }

    /// The bytes that tell of the next column, as long as one that is needed was not found.
    pub fn next_head(&self, wanted: Columns) -> Option<Range<usize>> {
        let found = self.places.iter().fold(Columns::NONE, |found, it| found.with(it.column));
        let is_missing = !found.hold_all(self.needed(wanted)) && self.next < self.bytes;
        is_missing.then(|| self.next..self.bytes.min(self.next + HEAD_BYTES_MAX))
    }

    /// Finds the next column; columns that nobody knows are left out.
    pub fn find(&mut self, block: &[u8]) -> Result<(), BlockError> {
        let rest = block.get(self.next..self.bytes).unwrap_or_default();
        let mut reader = Reader::new(rest);
        let number = reader.byte()?;
        let length = reader.length(self.bytes)?;
        let start = self.bytes - reader.left();
        reader.take(length)?;
        self.next = start + length;
        if let Some(column) = Column::of_number(number & !ARRANGED) {
            let is_arranged = number & ARRANGED != 0;
            self.places.push(Place { column, is_arranged, bytes: start..self.next });
        }
        Ok(())
    }

    /// Those that are wanted, and those that lead them, or lead a leader.
    pub(super) fn needed(&self, wanted: Columns) -> Columns {
        let mut needed = wanted;
        for it in self.places.iter().filter(|it| it.is_arranged && wanted.holds(it.column)) {
            let leaders = std::iter::successors(it.column.leader(), |leader| leader.leader());
            needed = leaders.fold(needed, Columns::with);
        }
        needed
    }

    /// The bytes that have to be there before wanted columns are read.
    pub fn ranges(&self, wanted: Columns) -> impl Iterator<Item = Range<usize>> {
        let needed = self.needed(wanted);
        let places = self.places.iter().filter(move |it| needed.holds(it.column));
        places.map(|it| it.bytes.clone())
    }

    /// The columns that are needed, each leader before those that it leads.
    pub(super) fn packed<'b>(&self, block: &'b [u8], wanted: Columns) -> Vec<Packed<'b>> {
        let needed = self.needed(wanted);
        let places = self.places.iter().filter(|it| needed.holds(it.column));
        let mut packed: Vec<Packed<'b>> = places
            .map(|Place { column, is_arranged, bytes }| Packed {
                column: *column,
                is_arranged: *is_arranged,
                bytes: block.get(bytes.clone()).unwrap_or_default(),
            })
            .collect();
        packed.sort_by_key(|it| it.column.leader().map_or(0, |by| 1 + u8::from(by != Column::Key)));
        packed
    }
}
