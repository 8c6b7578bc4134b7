//! Wires the rooms together. The only room that knows them all, and the one that reads the clock.
