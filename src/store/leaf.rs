//! The pages of sled 0.34 and the changes to them: which keys they hold, and where in them the
//! values lie.

use super::segment::varint;

/// Where a value lies: from which byte on, and how many.
pub(super) type Range = (usize, usize);

/// A page that holds rows; one that only leads to others has none.
pub(super) struct Page {
    /// What all its keys begin with.
    pub(super) prefix: Vec<u8>,
    /// The rest of each key.
    pub(super) rows: Vec<(Vec<u8>, Range)>,
}

#[derive(Debug, PartialEq, Eq)]
pub(super) enum Change {
    Set(Vec<u8>, Range),
    Remove(Vec<u8>),
    /// Of the tree itself.
    Other,
}

/// No page has more rows.
const ROWS_MAX: u64 = 1 << 20;

pub(super) fn page(body: &[u8]) -> Option<Page> {
    let mut rest = body;
    varint(&mut rest)?;
    varint(&mut rest)?;
    let ([_merging, prefix_bytes], after) = rest.split_first_chunk()?;
    rest = after;
    let low = text(body, &mut rest)?;
    text(body, &mut rest)?;
    let (leads_on, after) = rest.split_first()?;
    rest = after;
    let prefix = slice(body, low)?.get(..usize::from(*prefix_bytes))?.to_vec();
    let count = varint(&mut rest).filter(|count| *count <= ROWS_MAX)?;
    if *leads_on != 0 {
        return Some(Page { prefix, rows: Vec::new() });
    }
    let mut keys = Vec::new();
    for _ in 0..count {
        let range = text(body, &mut rest)?;
        keys.push(slice(body, range)?.to_vec());
    }
    let rows = keys.into_iter().map(|key| Some((key, text(body, &mut rest)?)));
    Some(Page { prefix, rows: rows.collect::<Option<_>>()? })
}

pub(super) fn change(body: &[u8]) -> Option<Change> {
    let (kind, mut rest) = body.split_first()?;
    match kind {
        0 => {
            let key = text(body, &mut rest)?;
            let value = text(body, &mut rest)?;
            Some(Change::Set(slice(body, key)?.to_vec(), value))
        }
        1 => {
            let key = text(body, &mut rest)?;
            Some(Change::Remove(slice(body, key)?.to_vec()))
        }
        2..=4 => Some(Change::Other),
        _ => None,
    }
}

/// Bytes with their length in front.
fn text(body: &[u8], rest: &mut &[u8]) -> Option<Range> {
    let length = usize::try_from(varint(rest)?).ok()?;
    let (_, after) = rest.split_at_checked(length)?;
    let from = body.len() - rest.len();
    *rest = after;
    Some((from, length))
}

fn slice(body: &[u8], (from, length): Range) -> Option<&[u8]> {
    body.get(from..)?.get(..length)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_says_which_key_and_where_its_value_lies() {
        let body = [&[0, 2][..], b"k1", &[3], b"abc"].concat();
        assert_eq!(change(&body), Some(Change::Set(b"k1".to_vec(), (5, 3))));
        assert_eq!(change(&[1, 2, b'k', b'1']), Some(Change::Remove(b"k1".to_vec())));
        assert_eq!(change(&[0, 9, b'k']), None);
        assert_eq!(change(&[]), None);
    }
}
