//! Notices -> people: letters, and the ways by which they are delivered.

mod budget;
mod eml;
mod error;
mod letter;
#[cfg(test)]
mod letter_tests;
mod message;
mod outbox;
#[cfg(test)]
mod outbox_tests;
mod plain;
mod probe;
mod probe_advice;
#[cfg(test)]
mod probe_tests;
mod progress;
mod retry;
mod round;
mod route;
mod smtp;
mod summary;
mod tone;

pub use budget::{Allowed, Budget};
pub use eml::EmlDirectory;
pub use error::AlertError;
pub use letter::{Frame, Letter, Reason};
pub use message::render_eml;
pub use outbox::{Worker, run};
pub use probe::{Step, check_options, probe};
pub use probe_advice::Advice;
pub use retry::{BACKOFF_MAX, backoff, is_given_up};
pub use route::Route;
pub use smtp::{Security, Smtp, SmtpOptions};
pub use summary::send_test;

use std::future::Future;
use std::pin::Pin;

/// A way to people. One mail to one recipient at a time, so that nobody's refusal keeps
/// another from being told.
pub trait Notifier: Send + Sync {
    fn send<'a>(
        &'a self,
        mail: &'a Mail,
    ) -> Pin<Box<dyn Future<Output = Result<String, Refusal>> + Send + 'a>>;
}

/// A finished mail.
#[derive(Clone, Debug)]
pub struct Mail {
    /// The recipient's address.
    pub to: String,
    pub message_id: String,
    pub message: lettre::Message,
}

/// Why a mail was not taken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The way itself is blocked: no connection, no TLS, a wrong password. What else is
    /// waiting would fare no better.
    #[error("the mail server cannot be used: {0}")]
    Unreachable(String),
    /// Not now (4xx).
    #[error("refused for now: {0}")]
    Later(String),
    /// This mail or this recipient will never be taken (5xx).
    #[error("refused for good: {0}")]
    Never(String),
}
