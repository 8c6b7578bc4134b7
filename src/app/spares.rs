//! Batches that were kept, on their way back to the reading stage: their room is used again, and not
//! given back to the system page by page.

use std::sync::Arc;
use std::sync::Mutex;
use std::sync::PoisonError;

use crate::engine::Input;
use crate::model::EventBatch;

/// Shared by the stage that reads and the one that keeps.
#[derive(Clone, Debug, Default)]
pub(super) struct Spares(Arc<Mutex<Vec<EventBatch>>>);

/// So many wait at most: what the one stage lets go of at once.
const SPARES_MAX: usize = 8;

impl Spares {
    /// An empty one with room for the next rows.
    pub(super) fn behind(&self, last: &EventBatch) -> EventBatch {
        let spare = if last.is_full() { self.take() } else { None };
        spare.unwrap_or_else(|| last.empty_alike())
    }

    fn take(&self) -> Option<EventBatch> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).pop()
    }

    /// Takes back the batches among the inputs that nobody else looks at any more. Of a log that is
    /// followed as it grows they are small, and of no use.
    pub(super) fn take_back(&self, inputs: impl IntoIterator<Item = Input>) {
        for input in inputs {
            let Input::Batch(batch) = input else { continue };
            let Ok(mut batch) = Arc::try_unwrap(batch) else { continue };
            // One of a flood is not worth its room.
            if !batch.is_full() || batch.has_much_text() {
                continue;
            }
            batch.empty();
            let mut spares = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            if spares.len() < SPARES_MAX {
                spares.push(batch);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_full_comes_back_empty_and_nothing_else_does() {
        let full = || {
            let mut batch =
                EventBatch { time: vec![7; EventBatch::ROWS_MAX], ..Default::default() };
            batch.path.push("/v1/orders");
            batch
        };
        let (spares, still_used) = (Spares::default(), Arc::new(full()));
        let long = "/".repeat(1 << 19);
        let mut flood = full();
        flood.path.push(&long);
        let few = EventBatch { time: vec![7], ..EventBatch::default() };
        let inputs = [Arc::clone(&still_used), Arc::new(flood), Arc::new(few), Arc::new(full())];
        spares.take_back(inputs.map(Input::Batch));
        let spare = spares.take().unwrap();
        assert_eq!(spare, EventBatch::default());
        assert!(EventBatch::ROWS_MAX <= spare.time.capacity());
        assert!(spares.take().is_none());
        spares.take_back((0..20).map(|_| Input::Batch(Arc::new(full()))));
        assert_eq!(std::iter::from_fn(|| spares.take()).count(), SPARES_MAX);
    }
}
