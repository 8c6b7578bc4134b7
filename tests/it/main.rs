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

mod allocator;
mod architecture;
mod asking;
mod at_rest;
mod bombs;
mod bombs_rotated;
mod burst;
mod clock;
mod config;
mod control;
mod crash;
mod damaged;
mod demo;
mod dkim;
mod evaluate;
mod faults;
mod forget;
mod forget_killed;
mod fuzz;
mod hangs;
mod hostile;
mod live;
mod mail;
mod mail_thread;
mod memory;
mod memory_limit;
mod onboarding;
mod onboarding_mail;
mod page;
mod parts;
mod people;
mod privacy;
mod program;
mod readme;
mod replay;
mod report;
mod resolver;
mod rotation;
mod scenarios;
mod secrets;
mod service;
mod site;
mod smtp;
mod stages;
mod supply_chain;
mod traffic;
mod vault;
mod writes;
mod wrong_input;
