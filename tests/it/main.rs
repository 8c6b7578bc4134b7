//! One test binary, so that everything is linked once.

#![expect(clippy::unwrap_used, reason = "a test that panics is a test that fails")]

mod architecture;
mod config;
mod crash;
mod demo;
mod people;
mod program;
mod readme;
mod replay;
mod wrong_input;
