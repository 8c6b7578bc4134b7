//! Two numbers to one, in the order in which the pairs first come.

use hashbrown::HashMap;

pub(super) enum Pairs {
    /// A line of cells for each first number. In what was not seen yet stands [`NEW`].
    Table {
        cells: Vec<u32>,
        width: usize,
        len: u32,
    },
    Hashed(HashMap<(u32, u32), u32, ahash::RandomState>),
}

const NEW: u32 = u32::MAX;
/// A table may have so many cells, or so many for a pair, before it is hashed.
const CELLS_FEW: usize = 1 << 22;
const CELLS_A_PAIR: usize = 4;
/// What a pair takes in a hash table that is full, or half full.
const HASHED_BYTES: usize = 20;
/// The table lives as long as a question.
const SEEDS: [u64; 4] = [0x6b65_7976, 0x6967_696c, 0x616c_696b, 0x7061_6972];

impl Default for Pairs {
    fn default() -> Self {
        Self::Table { cells: Vec::new(), width: 1, len: 0 }
    }
}

impl Pairs {
    pub(super) fn len(&self) -> usize {
        match self {
            Self::Table { len, .. } => *len as usize,
            Self::Hashed(known) => known.len(),
        }
    }

    pub(super) fn bytes(&self) -> usize {
        match self {
            Self::Table { cells, .. } => cells.len() * size_of::<u32>(),
            Self::Hashed(known) => known.len() * HASHED_BYTES,
        }
    }

    /// Each first number becomes that of its pair. All numbers are below these limits.
    pub(super) fn put_together(
        &mut self,
        firsts: &mut [u32],
        seconds: &[u32],
        (firsts_max, seconds_max): (usize, usize),
    ) {
        self.make_room(firsts_max, seconds_max);
        let pairs = firsts.iter_mut().zip(seconds);
        match self {
            Self::Table { cells, width, len } => {
                for (first, second) in pairs {
                    let cell = *first as usize * *width + *second as usize;
                    let Some(cell) = cells.get_mut(cell) else { continue };
                    if *cell == NEW {
                        *cell = *len;
                        *len += 1;
                    }
                    *first = *cell;
                }
            }
            Self::Hashed(known) => {
                for (first, second) in pairs {
                    let new = u32::try_from(known.len()).unwrap_or(NEW);
                    *first = *known.entry((*first, *second)).or_insert(new);
                }
            }
        }
    }

    fn make_room(&mut self, firsts_max: usize, seconds_max: usize) {
        let Self::Table { cells, width, len } = self else { return };
        let wanted = if *width < seconds_max { seconds_max.next_power_of_two() } else { *width };
        let cells_max = CELLS_FEW.max(CELLS_A_PAIR * *len as usize);
        if cells_max < firsts_max.saturating_mul(wanted) {
            *self = hashed(cells, *width);
            return;
        }
        if *width < wanted {
            let lines = cells.len() / *width;
            let mut wider = vec![NEW; lines * wanted];
            for (to, from) in wider.chunks_mut(wanted).zip(cells.chunks(*width)) {
                to.iter_mut().zip(from).for_each(|(to, from)| *to = *from);
            }
            (*cells, *width) = (wider, wanted);
        }
        let cells_now = cells.len().max(firsts_max * *width);
        cells.resize(cells_now, NEW);
    }
}

fn hashed(cells: &[u32], width: usize) -> Pairs {
    let [a, b, c, d] = SEEDS;
    let mut known = HashMap::with_hasher(ahash::RandomState::with_seeds(a, b, c, d));
    for (line, first) in cells.chunks(width).zip(0u32..) {
        for (number, second) in line.iter().zip(0u32..) {
            if *number != NEW {
                known.insert((first, second), *number);
            }
        }
    }
    Pairs::Hashed(known)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The same pairs by a table that grows and by one that is hashed.
    #[test]
    fn a_pair_has_its_number_whatever_it_is_kept_in() {
        let mut table = Pairs::default();
        let mut hashes = hashed(&[], 1);
        for round in 1..40u32 {
            let seconds: Vec<u32> = (0..50).map(|n| n * n % round).collect();
            let firsts: Vec<u32> = (0..50).map(|n| n * 7 % (round / 3 + 1)).collect();
            let limits = (round as usize / 3 + 1, round as usize);
            let (mut one, mut other) = (firsts.clone(), firsts.clone());
            table.put_together(&mut one, &seconds, limits);
            hashes.put_together(&mut other, &seconds, limits);
            assert_eq!(one, other, "{round}");
        }
        assert_eq!(table.len(), hashes.len());
        assert!(matches!(table, Pairs::Table { .. }));
    }

    #[test]
    fn a_table_that_would_be_mostly_empty_is_hashed() {
        let mut pairs = Pairs::default();
        let mut first = vec![0, 1, 2];
        pairs.put_together(&mut first, &[0, 1, 2], (3, 3));
        let mut again = vec![2, 70_000, 1, 70_000];
        pairs.put_together(&mut again, &[2, 70_000, 1, 70_000], (70_001, 70_001));
        assert_eq!((first, again), (vec![0, 1, 2], vec![2, 3, 1, 3]));
        assert!(matches!(pairs, Pairs::Hashed(_)) && pairs.len() == 4);
    }
}
