//! One test binary, so that everything is linked once.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test that panics is a test that fails"
)]
#![expect(
    clippy::disallowed_methods,
    reason = "what is tried from outside lives by the wall's clock"
)]

mod architecture;
mod config;
mod control;
mod crash;
mod demo;
mod evaluate;
mod mail;
mod people;
mod program;
mod readme;
mod replay;
mod scenarios;
mod wrong_input;
