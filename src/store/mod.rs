//! Memory: blocks of events, positions, state, incidents and the outbox, in one encrypted store.

pub mod block;
