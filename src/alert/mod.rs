//! Notices -> people: letters, and the ways by which they are delivered.

mod alertmanager;
#[cfg(test)]
mod attack_tests;
#[cfg(test)]
mod bench_for_tests;
mod budget;
mod chart;
mod digits;
mod dkim;
mod eml;
mod error;
#[cfg(test)]
mod fuzz;
mod journal_head;
mod letter;
mod letter_parts;
#[cfg(test)]
mod letter_tests;
mod memory;
mod message;
mod ocsf;
#[cfg(test)]
mod ocsf_tests;
mod outbox;
#[cfg(test)]
mod outbox_life_tests;
mod outbox_settle;
mod outbox_tell;
#[cfg(test)]
mod outbox_tests;
mod picture;
mod plain;
mod probe;
mod probe_advice;
#[cfg(test)]
mod probe_tests;
mod reports;
mod retry;
mod round;
mod route;
mod sample;
mod sample_lines;
mod sample_said;
mod sendmail;
mod slack;
mod smtp;
mod summary;
mod syslog;
#[cfg(test)]
mod syslog_tests;
mod tone;
mod ways;
mod web;
mod webhook;

pub use alertmanager::Alertmanager;
pub use budget::{Allowed, Budget};
pub use dkim::Signer;
pub use eml::EmlDirectory;
pub use error::AlertError;
pub use letter::{Frame, Letter, Occasion, Reason};
pub use message::render_eml;
pub use ocsf::Ocsf;
pub use outbox::{NotKnown, Worker, run};
pub use plain::plain;
pub use probe::{Step, check_options, probe};
pub use probe_advice::Advice;
pub use reports::Reports;
pub use retry::{BACKOFF_MAX, backoff, is_given_up};
pub use route::{Quiet, Route};
pub use sample::sample_letter;
pub use sendmail::Sendmail;
pub use slack::Slack;
pub use smtp::{Security, Smtp, SmtpOptions};
pub use summary::{send_test, test_letter};
pub use syslog::Syslog;
pub use ways::Ways;
pub use web::Web;
pub use webhook::Webhook;

use std::future::Future;
use std::pin::Pin;

use crate::incident::{Incident, Transition};
use crate::model::Timestamp;

/// A way to people or programs. One message to one recipient at a time, so that nobody's
/// refusal keeps another from being told.
pub trait Notifier: Send + Sync {
    fn send<'a>(&'a self, bulletin: &'a Bulletin) -> Sending<'a>;

    fn audience(&self) -> Audience {
        Audience::People
    }
}

/// The recipient's reply, or its refusal.
pub type Sending<'a> = Pin<Box<dyn Future<Output = Result<String, Refusal>> + Send + 'a>>;

/// Who reads what arrives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Audience {
    /// They are told little: there are budgets, quiet hours, and one message for many.
    People,
    /// They are told everything, each incident by itself.
    Programs,
}

/// What is to be told to one recipient. Every way takes of it what it can carry.
#[derive(Clone, Debug)]
pub struct Bulletin {
    /// A mail address, or the name of a way.
    pub to: String,
    /// Its `message_id` is the same on every try.
    pub letter: Letter,
    pub news: News,
    pub frame: Frame,
    pub at: Timestamp,
}

/// What the letter is about, for ways that carry more than text.
#[derive(Clone, Debug)]
pub enum News {
    Incident(Box<Incident>, Transition),
    Several(Vec<Incident>),
    /// A report, or a test.
    Report,
}

/// Why a message was not taken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The way itself is blocked: no connection, no TLS, a wrong password. What else is
    /// waiting for it would fare no better.
    #[error("the way there cannot be used: {0}")]
    Unreachable(String),
    /// Not now (4xx).
    #[error("refused for now: {0}")]
    Later(String),
    /// This message or this recipient will never be taken (5xx).
    #[error("refused for good: {0}")]
    Never(String),
}
