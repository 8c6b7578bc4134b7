//! Mail, as the configuration wants it: which server, to whom, with which password. Another
//! configuration is another delivery.

use std::fs;
use std::path::PathBuf;
use std::sync::Arc;

use tokio::sync::watch;
use tokio::task::JoinSet;
use tracing::error;

use super::job::JobError;
use crate::alert::{EmlDirectory, Frame, Notifier, Route, Security, Smtp, SmtpOptions, Worker};
use crate::config::{Config, Mail, Tls};
use crate::model::{Severity, Timestamp};
use crate::store::Store;

/// The tasks beside the stages; the first that ends, ends the daemon.
pub(super) type Tasks = JoinSet<Result<(), String>>;

/// What a delivery needs beside the configuration.
pub(super) struct Post {
    pub(super) store: Store,
    pub(super) now: fn() -> Timestamp,
    /// Mails are put here, as files, to nobody.
    pub(super) letters: Option<PathBuf>,
}

/// Starts the delivery of mails, now or as soon as anybody is to be told.
pub(super) fn start(
    mut config: watch::Receiver<Arc<Config>>,
    post: Post,
    (tasks, stopped): (&mut Tasks, &watch::Receiver<bool>),
) -> Result<(), JobError> {
    let first = post.worker(&config.borrow_and_update())?;
    tasks.spawn(deliver(config, post, first, stopped.clone()));
    Ok(())
}

/// Whether mail can be sent with this configuration, as far as this machine knows.
pub(super) fn check(config: &Config) -> Result<(), JobError> {
    if let Some(mail) = &config.mail {
        Smtp::new(&smtp_options(mail)?)?;
    }
    Ok(())
}

/// One delivery after the other, each as the configuration then says.
async fn deliver(
    mut config: watch::Receiver<Arc<Config>>,
    post: Post,
    mut worker: Option<Worker>,
    mut stopped: watch::Receiver<bool>,
) -> Result<(), String> {
    while !*stopped.borrow() {
        let old = Arc::clone(&config.borrow());
        let (end, ended) = watch::channel(false);
        let mut delivery = tokio::spawn(run(worker.take(), ended));
        let done = tokio::select! {
            done = &mut delivery => Some(done),
            () = until_changed(&mut config, &old) => None,
            _ = stopped.wait_for(|&stopped| stopped) => None,
        };
        end.send_replace(true);
        let done = match done {
            Some(done) => done,
            None => delivery.await,
        };
        done.map_err(|panic| panic.to_string())??;
        if !*stopped.borrow() {
            let next = post.worker(&config.borrow());
            worker = next.unwrap_or_else(|error| {
                error!(%error, "nobody can be mailed with this configuration");
                None
            });
        }
    }
    Ok(())
}

async fn run(worker: Option<Worker>, mut ended: watch::Receiver<bool>) -> Result<(), String> {
    if let Some(worker) = worker {
        return crate::alert::run(worker, ended).await.map_err(|error| error.to_string());
    }
    drop(ended.wait_for(|&ended| ended).await);
    Ok(())
}

/// Until the configuration says something else about mail.
async fn until_changed(config: &mut watch::Receiver<Arc<Config>>, old: &Config) {
    let is_other = |now: &Arc<Config>| now.mail != old.mail || now.web != old.web;
    if config.wait_for(is_other).await.is_err() {
        // Nobody changes it any more.
        std::future::pending::<()>().await;
    }
}

impl Post {
    /// `None` if nobody is to be told.
    fn worker(&self, config: &Config) -> Result<Option<Worker>, JobError> {
        let (notifier, recipients, from): (Box<dyn Notifier>, Vec<String>, String) =
            match (&self.letters, &config.mail) {
                (Some(directory), _) => {
                    let nobody = vec!["you@example.com".to_owned()];
                    let letters = Box::new(EmlDirectory::open(directory)?);
                    (letters, nobody, "keyvigil@example.com".to_owned())
                }
                (None, Some(mail)) => {
                    let smtp = Smtp::new(&smtp_options(mail)?)?;
                    (Box::new(smtp), mail.to.clone(), mail.from.clone())
                }
                (None, None) => return Ok(None),
            };
        let route = Route {
            name: "everything of medium severity and above".to_owned(),
            severity_min: Severity::Medium,
            recipients,
            ..Route::default()
        };
        let base_url = config.web.base_url.clone();
        let base_url =
            base_url.or_else(|| config.web.listen.map(|address| format!("http://{address}")));
        let frame = Frame { from, base_url, host: super::host_name() };
        let store = self.store.clone();
        Ok(Some(Worker { store, notifier, routes: vec![route], frame, now: self.now }))
    }
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
    })
}
