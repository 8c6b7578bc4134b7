//! Windows of usage that are asked for again and again while they fill: what is new of them.

use std::collections::{BTreeMap, BTreeSet};

use super::whose::Whose;
use crate::model::Record;
use crate::store::Memory;

/// Windows that are remembered, the newest; of an older one every reading counts whole.
const WINDOWS_MAX: usize = 1 << 14;
const WINDOW: &str = "used/";
const AMOUNT_BYTES: usize = 32;

/// By the window's time, and whose and what it is.
pub(super) type Window = (i64, u128);

#[derive(Debug, Default)]
pub(super) struct Windows {
    known: BTreeMap<Window, (Amounts, Whose)>,
    changed: BTreeSet<Window>,
    /// Records of the line at hand that look the same: they may differ in what is not read.
    of_line: BTreeMap<u128, u64>,
}

/// Count, cost, tokens in, tokens out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Amounts([u64; 4]);

impl Windows {
    /// As an earlier process stored them.
    pub(super) fn recall(memory: &Memory) -> Self {
        let mut windows = Self::default();
        for (name, value) in memory.range(WINDOW.to_owned()..) {
            let Some(name) = name.strip_prefix(WINDOW) else { break };
            if let (Some(window), Some(amounts)) = (window_of(name), read(value)) {
                windows.known.insert(window, amounts);
            }
        }
        windows
    }

    /// What is to be stored, because it has changed; what is to be forgotten is empty.
    pub(super) fn take_news(&mut self) -> Memory {
        let changed = std::mem::take(&mut self.changed).into_iter();
        let news = |window: Window| {
            let amounts = self.known.get(&window).map_or_else(Vec::new, written);
            let (time, hash) = window;
            (format!("{WINDOW}{:016x}{hash:032x}", time.cast_unsigned()), amounts)
        };
        changed.map(news).collect()
    }

    pub(super) fn begin_line(&mut self) {
        if !self.of_line.is_empty() {
            self.of_line.clear();
        }
    }

    pub(super) fn whose_mut(&mut self, window: Window) -> Option<&mut Whose> {
        self.known.get_mut(&window).map(|(_, whose)| whose)
    }

    /// Without those of somebody.
    pub(super) fn forget(&mut self, tags: &BTreeSet<u32>) {
        self.known.retain(|window, (_, whose)| {
            let is_theirs = whose.is_one_of(tags);
            if is_theirs {
                self.changed.insert(*window);
            }
            !is_theirs
        });
    }

    /// The window, if it has grown; the record then says by how much.
    pub(super) fn admits(&mut self, record: &mut Record<'_>, hash: u128) -> Option<Window> {
        let turn = self.of_line.entry(hash).or_default();
        let hash = hash.wrapping_add(u128::from(*turn));
        *turn += 1;
        let window = (record.time.map_or(0, |time| time.0), hash);
        let now = Amounts::of(record);
        let before = self.known.get(&window).map(|(amounts, _)| *amounts);
        if before == Some(now) {
            return None;
        }
        self.known.insert(window, (now, Whose::default()));
        self.changed.insert(window);
        if WINDOWS_MAX < self.known.len()
            && let Some((oldest, _)) = self.known.pop_first()
        {
            self.changed.insert(oldest);
        }
        if let Some(before) = before {
            now.less(before).put(record);
            record.quirk = Some("a window that has grown since it was read");
        }
        Some(window)
    }
}

impl Amounts {
    fn of(record: &Record<'_>) -> Self {
        let amounts = [record.count, record.cost_micros, record.input_tokens, record.output_tokens];
        Self(amounts.map(Option::unwrap_or_default))
    }

    fn less(mut self, before: Self) -> Self {
        for (now, before) in self.0.iter_mut().zip(before.0) {
            *now = now.saturating_sub(before);
        }
        self
    }

    fn put(self, record: &mut Record<'_>) {
        let Self([count, cost, input, output]) = self;
        record.count = record.count.map(|_| count);
        record.cost_micros = record.cost_micros.map(|_| cost);
        record.input_tokens = record.input_tokens.map(|_| input);
        record.output_tokens = record.output_tokens.map(|_| output);
    }
}

fn written((amounts, whose): &(Amounts, Whose)) -> Vec<u8> {
    amounts.0.iter().flat_map(|amount| amount.to_le_bytes()).chain(whose.written()).collect()
}

fn read(value: &[u8]) -> Option<(Amounts, Whose)> {
    let (amounts, whose) = value.split_first_chunk::<AMOUNT_BYTES>()?;
    let (amounts, []) = amounts.as_chunks() else { return None };
    let amounts: &[[u8; 8]; 4] = amounts.try_into().ok()?;
    Some((Amounts(amounts.map(u64::from_le_bytes)), Whose::read(whose)?))
}

fn window_of(name: &str) -> Option<Window> {
    let (time, hash) = name.split_at_checked(16)?;
    let time = u64::from_str_radix(time, 16).ok()?.cast_signed();
    Some((time, u128::from_str_radix(hash, 16).ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Timestamp;

    fn taken(windows: &mut Windows, (hour, hash): (i64, u128), tokens: u64) -> Option<u64> {
        let time = Some(Timestamp(hour * 3_600_000));
        let mut record = Record { time, input_tokens: Some(tokens), ..Record::default() };
        windows.admits(&mut record, hash).and(record.input_tokens)
    }

    #[test]
    fn of_a_window_that_is_read_again_the_growth_counts_over_a_restart_too() {
        let mut windows = Windows::default();
        assert_eq!(taken(&mut windows, (1, 7), 100), Some(100));
        windows.begin_line();
        assert_eq!(taken(&mut windows, (1, 7), 100), None);
        windows.begin_line();
        assert_eq!(taken(&mut windows, (1, 7), 150), Some(50));
        let memory = windows.take_news();
        assert!(windows.take_news().is_empty());
        let mut windows = Windows::recall(&memory);
        assert_eq!(taken(&mut windows, (1, 7), 150), None);
        windows.begin_line();
        assert_eq!(taken(&mut windows, (2, 7), 30), Some(30));
        windows.begin_line();
        assert_eq!(taken(&mut windows, (2, 7), 20), Some(0), "it was corrected");
    }

    #[test]
    fn two_that_look_the_same_in_one_line_are_two() {
        let mut windows = Windows::default();
        for _ in 0..2 {
            windows.begin_line();
            let both = (taken(&mut windows, (1, 7), 100), taken(&mut windows, (1, 7), 60));
            assert!(both == (Some(100), Some(60)) || both == (None, None), "{both:?}");
        }
    }

    #[test]
    fn windows_without_end_are_not_all_remembered() {
        let mut windows = Windows::default();
        let mut memory = Memory::new();
        for hour in 0..2 * i64::try_from(WINDOWS_MAX).unwrap() {
            assert_eq!(taken(&mut windows, (hour, 7), 5), Some(5));
            windows.begin_line();
            memory.extend(windows.take_news());
        }
        memory.retain(|_, value| !value.is_empty());
        assert_eq!((windows.known.len(), memory.len()), (WINDOWS_MAX, WINDOWS_MAX));
    }
}
