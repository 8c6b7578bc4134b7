//! Rows of batches: added to others, kept, and told by whom they are about.

use super::column::{Column, Columns, View, ViewMut};
use crate::model::{EventBatch, Mention};

/// Adds the rows of a batch to another, column by column.
pub(in crate::store) fn append(to: &mut EventBatch, from: &EventBatch) {
    for column in Column::ALL {
        match (column.of_mut(to), column.of(from)) {
            (ViewMut::Text(to), View::Text(from)) => {
                for row in 0..from.rows.len() {
                    to.push(from.get(row));
                }
            }
            (ViewMut::Counts(to), View::Counts(from)) => to.extend_from_slice(from),
            (ViewMut::Times(to), View::Times(from)) => to.extend_from_slice(from),
            (ViewMut::Kinds(to), View::Kinds(from)) => to.extend_from_slice(from),
            (ViewMut::Statuses(to), View::Statuses(from)) => to.extend_from_slice(from),
            (ViewMut::Asns(to), View::Asns(from)) => to.extend_from_slice(from),
            (ViewMut::Flags(to), View::Flags(from)) => to.extend_from_slice(from),
            // One column has one sort of values.
            _ => (),
        }
    }
}

/// The rows that are marked.
pub(in crate::store) fn kept(from: &EventBatch, keep: &[bool]) -> EventBatch {
    fn some<T: Copy>(to: &mut Vec<T>, from: &[T], keep: &[bool]) {
        to.extend(from.iter().zip(keep).filter(|(_, keep)| **keep).map(|(value, _)| *value));
    }
    let mut batch = EventBatch::default();
    let to = &mut batch;
    for column in Column::ALL {
        match (column.of_mut(to), column.of(from)) {
            (ViewMut::Text(to), View::Text(from)) => {
                for (row, _) in (0..from.rows.len()).zip(keep).filter(|(_, keep)| **keep) {
                    to.push(from.get(row));
                }
            }
            (ViewMut::Counts(to), View::Counts(from)) => some(to, from, keep),
            (ViewMut::Times(to), View::Times(from)) => some(to, from, keep),
            (ViewMut::Kinds(to), View::Kinds(from)) => some(to, from, keep),
            (ViewMut::Statuses(to), View::Statuses(from)) => some(to, from, keep),
            (ViewMut::Asns(to), View::Asns(from)) => some(to, from, keep),
            (ViewMut::Flags(to), View::Flags(from)) => some(to, from, keep),
            // One column has one sort of values.
            _ => (),
        }
    }
    batch
}

/// The rows with these numbers, of these columns alone.
pub(super) fn picked(from: &EventBatch, places: &[usize], columns: Columns) -> EventBatch {
    fn some<T: Copy + Default>(to: &mut Vec<T>, from: &[T], places: &[usize]) {
        to.extend(places.iter().map(|place| from.get(*place).copied().unwrap_or_default()));
    }
    let mut batch = EventBatch::default();
    let to = &mut batch;
    for column in Column::ALL.into_iter().filter(|column| columns.holds(*column)) {
        match (column.of_mut(to), column.of(from)) {
            (ViewMut::Text(to), View::Text(from)) => {
                for place in places {
                    to.push(from.get(*place));
                }
            }
            (ViewMut::Counts(to), View::Counts(from)) => some(to, from, places),
            (ViewMut::Times(to), View::Times(from)) => some(to, from, places),
            (ViewMut::Kinds(to), View::Kinds(from)) => some(to, from, places),
            (ViewMut::Statuses(to), View::Statuses(from)) => some(to, from, places),
            (ViewMut::Asns(to), View::Asns(from)) => some(to, from, places),
            (ViewMut::Flags(to), View::Flags(from)) => some(to, from, places),
            // One column has one sort of values.
            _ => (),
        }
    }
    batch
}

/// The texts that name somebody, beside those of paths and routes.
pub(in crate::store) fn texts_about<'b>(
    batch: &'b EventBatch,
    mention: &'b Mention,
) -> impl Iterator<Item = &'b str> {
    let is_request = |column: &Column| matches!(column, Column::Path | Column::Route);
    let columns = Column::OF_PEOPLE.into_iter().filter(move |column| !is_request(column));
    let texts = columns.filter_map(|column| {
        let View::Text(text) = column.of(batch) else { return None };
        Some(text.dictionary.values())
    });
    texts.flatten().filter(|text| mention.is_in(text))
}

/// Which rows name somebody, in any column that tells of people.
pub(in crate::store) fn rows_about(batch: &EventBatch, mention: &Mention) -> Vec<bool> {
    let mut about = vec![false; batch.len()];
    for column in Column::OF_PEOPLE {
        let View::Text(text) = column.of(batch) else { continue };
        let named: Vec<bool> = text.dictionary.values().map(|it| mention.is_in(it)).collect();
        if !named.contains(&true) {
            continue;
        }
        for (row, about) in about.iter_mut().enumerate() {
            *about |= named.get(text.number(row) as usize) == Some(&true);
        }
    }
    about
}
