//! Reading numbers and pieces out of bytes that may be anything.

use super::BlockError;

/// Walks over bytes; whatever would lie behind their end is an error.
pub(super) struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    /// How many bytes there still are.
    pub(super) const fn left(&self) -> usize {
        self.rest.len()
    }

    pub(super) fn byte(&mut self) -> Result<u8, BlockError> {
        let (&first, rest) = self.rest.split_first().ok_or(CUT_OFF)?;
        self.rest = rest;
        Ok(first)
    }

    /// Goes on behind the next byte, if it is this one.
    pub(super) fn skips(&mut self, byte: u8) -> bool {
        let behind = self.rest.strip_prefix(&[byte]);
        self.rest = behind.unwrap_or(self.rest);
        behind.is_some()
    }

    pub(super) fn take(&mut self, length: usize) -> Result<&'a [u8], BlockError> {
        let (taken, rest) = self.rest.split_at_checked(length).ok_or(CUT_OFF)?;
        self.rest = rest;
        Ok(taken)
    }

    pub(super) fn varint(&mut self) -> Result<u64, BlockError> {
        let mut value = 0u64;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            value |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return Ok(value);
            }
        }
        Err(BlockError::Damaged("a number does not end"))
    }

    /// A length that may be at most `max`.
    pub(super) fn length(&mut self, max: usize) -> Result<usize, BlockError> {
        let length = usize::try_from(self.varint()?).unwrap_or(usize::MAX);
        if max < length {
            return Err(BlockError::Damaged("a length is out of its range"));
        }
        Ok(length)
    }
}

const CUT_OFF: BlockError = BlockError::Damaged("it ends too early");

/// Seven bits a byte, the lowest first.
#[expect(clippy::cast_possible_truncation, reason = "the low seven bits are meant")]
pub(super) fn write_varint(out: &mut Vec<u8>, mut value: u64) {
    while 0x80 <= value {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

/// Small numbers of either sign become small numbers: 0, -1, 1, -2 are 0, 1, 2, 3.
pub(super) fn zigzag(value: i64) -> u64 {
    ((value << 1) ^ (value >> 63)).cast_unsigned()
}

pub(super) fn unzigzag(value: u64) -> i64 {
    (value >> 1).cast_signed() ^ -(value & 1).cast_signed()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_come_back_as_they_were() {
        for value in [0, 1, -1, 127, 128, -129, i64::MAX, i64::MIN] {
            let mut out = Vec::new();
            write_varint(&mut out, zigzag(value));
            let read = Reader::new(&out).varint().unwrap();
            assert_eq!(unzigzag(read), value);
        }
    }

    #[test]
    fn a_number_that_never_ends_is_damage() {
        assert!(Reader::new(&[0xff; 20]).varint().is_err());
        assert!(Reader::new(&[0xff]).varint().is_err());
    }
}
