//! Memory: blocks of events, positions, state, incidents and the outbox, in sled.
