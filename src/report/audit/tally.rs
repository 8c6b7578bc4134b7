//! Adds up events by what they have in common, in one pass over the stored blocks. What it
//! holds grows with the groups, not with the events.

use std::ops::Range;

use super::grouping::{Dim, Numbers};
use crate::model::{EventBatch, Timestamp};
use crate::store::{Columns, Store, StoreError, Wanted};
use hashbrown::HashMap;

/// By what is added up; by nothing: everything together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Plan {
    pub(super) name: &'static str,
    pub(super) title: &'static str,
    pub(super) by: &'static [Dim],
    /// Only events that have the first of them.
    pub(super) is_known: bool,
}

/// What the events of a group come to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Sums {
    pub(super) events: u64,
    pub(super) refused: u64,
    pub(super) failed: u64,
    pub(super) late: u64,
    pub(super) bytes: u64,
    pub(super) tokens_in: u64,
    pub(super) tokens_out: u64,
    pub(super) cost_micros: u64,
    pub(super) first: i64,
    pub(super) last: i64,
}

/// The groups of a plan.
#[derive(Debug, Default)]
pub(super) struct Groups {
    /// What the group has in common, one number for each of the plan's, and its sums.
    pub(super) rows: Vec<([u32; 2], Sums)>,
    places: HashMap<[u32; 2], usize, ahash::RandomState>,
}

/// All that was added up.
pub(super) struct Tally {
    pub(super) numbers: Numbers,
    pub(super) groups: Vec<(Plan, Groups)>,
}

/// The hash table lives as long as one report.
const SEEDS: [u64; 4] = [0x6b65_7976, 0x6967_696c, 0x7461_6c6c, 0x7969_6e67];

impl Tally {
    /// The events of a period, by every plan at once.
    pub(super) fn of(
        store: &Store,
        period: &Range<Timestamp>,
        plans: &[Plan],
    ) -> Result<Self, StoreError> {
        let columns = plans.iter().flat_map(|plan| plan.by).map(|dim| dim.column());
        let columns = columns.chain(Sums::COLUMNS).fold(Columns::NONE, Columns::with);
        let mut tally = Self {
            numbers: Numbers::default(),
            groups: plans.iter().map(|plan| (*plan, Groups::new())).collect(),
        };
        for batch in store.blocks(&Wanted { times: period.clone(), columns, key: None })? {
            tally.add(&batch?, period);
        }
        Ok(tally)
    }

    /// The groups of the plan of that name.
    pub(super) fn groups(&self, name: &str) -> &[([u32; 2], Sums)] {
        let found = self.groups.iter().find(|(plan, _)| plan.name == name);
        found.map_or(&[], |(_, groups)| groups.rows.as_slice())
    }

    fn add(&mut self, batch: &EventBatch, period: &Range<Timestamp>) {
        let events = Sums::of_each(batch);
        let is_in: Vec<bool> =
            batch.time.iter().map(|&time| period.contains(&Timestamp(time))).collect();
        let Self { numbers, groups } = self;
        numbers.turn_to(batch, groups.iter().flat_map(|(plan, _)| plan.by.iter().copied()));
        for (plan, groups) in groups {
            let mut dims = plan.by.iter();
            let (first, second) = (dims.next(), dims.next());
            let of = |dim: Option<&Dim>| dim.map(|dim| numbers.of(*dim));
            let (first, second) = (of(first), of(second));
            let number = |column: Option<&[u32]>, row: usize| {
                column.and_then(|column| column.get(row)).copied().unwrap_or(0)
            };
            for (row, event) in events.iter().enumerate() {
                let group = [number(first, row), number(second, row)];
                let is_wanted = !plan.is_known || group.first() != Some(&0);
                if is_wanted && is_in.get(row) == Some(&true) {
                    groups.add(group, event);
                }
            }
        }
    }
}

impl Groups {
    fn new() -> Self {
        let [a, b, c, d] = SEEDS;
        let hasher = ahash::RandomState::with_seeds(a, b, c, d);
        Self { rows: Vec::new(), places: HashMap::with_hasher(hasher) }
    }

    fn add(&mut self, group: [u32; 2], event: &Sums) {
        let Self { rows, places } = self;
        let place = *places.entry(group).or_insert_with(|| {
            rows.push((group, Sums::NONE));
            rows.len() - 1
        });
        if let Some((_, sums)) = rows.get_mut(place) {
            sums.add(event);
        }
    }
}

impl Sums {
    pub(super) const NONE: Self = Self {
        events: 0,
        refused: 0,
        failed: 0,
        late: 0,
        bytes: 0,
        tokens_in: 0,
        tokens_out: 0,
        cost_micros: 0,
        first: i64::MAX,
        last: i64::MIN,
    };

    const COLUMNS: [crate::store::Column; 7] = {
        use crate::store::Column;
        [
            Column::Time,
            Column::Status,
            Column::Late,
            Column::Bytes,
            Column::InputTokens,
            Column::OutputTokens,
            Column::Cost,
        ]
    };

    fn of_each(batch: &EventBatch) -> Vec<Self> {
        let statuses = batch.status.iter().zip(&batch.late).zip(&batch.bytes);
        let tokens = batch.input_tokens.iter().zip(&batch.output_tokens).zip(&batch.cost_micros);
        let rows = batch.time.iter().zip(statuses).zip(tokens);
        let event = |((&time, ((&status, &late), &bytes)), ((&input, &output), &cost))| Self {
            events: 1,
            refused: u64::from(matches!(status, 401 | 403)),
            failed: u64::from(500 <= status),
            late: u64::from(late),
            bytes,
            tokens_in: input,
            tokens_out: output,
            cost_micros: cost,
            first: time,
            last: time,
        };
        rows.map(event).collect()
    }

    pub(super) fn add(&mut self, other: &Self) {
        self.events += other.events;
        self.refused += other.refused;
        self.failed += other.failed;
        self.late += other.late;
        self.bytes = self.bytes.saturating_add(other.bytes);
        self.tokens_in = self.tokens_in.saturating_add(other.tokens_in);
        self.tokens_out = self.tokens_out.saturating_add(other.tokens_out);
        self.cost_micros = self.cost_micros.saturating_add(other.cost_micros);
        self.first = self.first.min(other.first);
        self.last = self.last.max(other.last);
    }
}
