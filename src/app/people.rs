//! Mail, as the configuration wants it: which server, to whom, with which password.

use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::JoinSet;

use super::job::JobError;
use crate::alert::{EmlDirectory, Frame, Notifier, Route, Security, Smtp, SmtpOptions, Worker};
use crate::config::{Config, Mail, Tls};
use crate::model::{Millis, Severity, Timestamp};
use crate::store::{OutboxRow, Store, StoreError};

/// How long a life has to last before it mails what an earlier one left.
const LEFT_OVER_WAITS: Millis = Millis::seconds(5);

/// The tasks beside the stages; the first that ends, ends the daemon.
pub(super) type Tasks = JoinSet<Result<(), String>>;

/// Starts the delivery of mails, if anybody is to be told.
pub(super) fn start(
    config: &Config,
    (store, now): (&Store, fn() -> Timestamp),
    letters: Option<PathBuf>,
    (tasks, stopped): (&mut Tasks, &watch::Receiver<bool>),
) -> Result<(), JobError> {
    let (notifier, recipients, from): (Box<dyn Notifier>, Vec<String>, String) =
        match (letters, &config.mail) {
            (Some(directory), _) => {
                let nobody = vec!["you@example.com".to_owned()];
                (
                    Box::new(EmlDirectory::open(&directory)?),
                    nobody,
                    "keyvigil@example.com".to_owned(),
                )
            }
            (None, Some(mail)) => {
                let smtp = Smtp::new(&smtp_options(mail)?)?;
                (Box::new(smtp), mail.to.clone(), mail.from.clone())
            }
            (None, None) => return Ok(()),
        };
    let route = Route {
        name: "everything of medium severity and above".to_owned(),
        severity_min: Severity::Medium,
        recipients,
        ..Route::default()
    };
    hold_back(store, now())?;
    let base_url = config
        .web
        .base_url
        .clone()
        .or_else(|| config.web.listen.map(|address| format!("http://{address}")));
    let frame = Frame { from, base_url, host: super::host_name() };
    let worker = Worker { store: store.clone(), notifier, routes: vec![route], frame, now };
    let stopped = stopped.clone();
    tasks.spawn(async move {
        crate::alert::run(worker, stopped).await.map_err(|error| error.to_string())
    });
    Ok(())
}

/// What an earlier life left may be with the mail server already, and only the word of it
/// lost: a program that dies again and again must not mail the same each time.
fn hold_back(store: &Store, now: Timestamp) -> Result<(), StoreError> {
    let until = now.plus(LEFT_OVER_WAITS);
    let due = store.outbox_due(until, usize::MAX).into_iter();
    let rows: Vec<OutboxRow> = due.map(|row| OutboxRow { next_try: until, ..row }).collect();
    if rows.is_empty() { Ok(()) } else { store.outbox_update(&rows) }
}

fn smtp_options(mail: &Mail) -> Result<SmtpOptions, JobError> {
    let login = match (&mail.user, &mail.password) {
        (Some(user), Some(password)) => Some((user.clone(), password.reveal()?)),
        (Some(_), None) | (None, _) => None,
    };
    let read = |path: &PathBuf| {
        fs::read(path).map_err(|source| JobError::Unreadable { path: path.clone(), source })
    };
    Ok(SmtpOptions {
        host: mail.server.clone(),
        port: mail.port,
        security: match mail.tls {
            Tls::Starttls => Security::StartTls,
            Tls::Implicit => Security::Tls,
            Tls::None => Security::Plain,
        },
        login,
        root_certificate: mail.root_certificate.as_ref().map(read).transpose()?,
        talk_max: Duration::from_millis(u64::try_from(mail.timeout.0).unwrap_or(u64::MAX)),
    })
}
