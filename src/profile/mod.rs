//! Events to profiles: what one key, role or address did in one slot and hour.
