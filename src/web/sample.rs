//! Invented states of the daemon, for tests and for looking at.
