//! Who is told, as the configuration wants it: which ways, which routes, with which
//! passwords.

use std::fs;
use std::path::{Path, PathBuf};

use jiff::tz::TimeZone;
use tokio::sync::watch;
use tokio::task::JoinSet;

use super::job::JobError;
use super::ways;
use crate::alert::{EmlDirectory, Frame, Quiet, Reports, Route, Ways, Worker};
use crate::config::{Config, Mail, QuietHours};
use crate::model::{Severity, Timestamp};
use crate::store::Store;

/// The tasks beside the stages; the first that ends, ends the daemon.
pub(super) type Tasks = JoinSet<Result<(), String>>;

const DEMO_SENDER: &str = "keyvigil@example.com";
const DEMO_RECIPIENT: &str = "you@example.com";

/// Starts the delivery, if anybody is to be told.
pub(super) fn start(
    config: &Config,
    (store, now): (&Store, fn() -> Timestamp),
    letters: Option<PathBuf>,
    (tasks, stopped): (&mut Tasks, &watch::Receiver<bool>),
) -> Result<(), JobError> {
    let worker = match letters {
        Some(directory) => of_demo(config, (store, now), &directory)?,
        None => Worker {
            store: store.clone(),
            ways: ways::all(config)?,
            routes: routes(config),
            reports: config.mail.as_ref().map(reports).unwrap_or_default(),
            opted_out: config.mail.as_ref().map(|mail| mail.opt_out.clone()).unwrap_or_default(),
            frame: frame(config),
            now,
        },
    };
    if worker.ways.is_empty() {
        return Ok(());
    }
    let stopped = stopped.clone();
    tasks.spawn(async move {
        crate::alert::run(worker, stopped).await.map_err(|error| error.to_string())
    });
    Ok(())
}

/// Mails as files, to nobody.
fn of_demo(
    config: &Config,
    (store, now): (&Store, fn() -> Timestamp),
    directory: &Path,
) -> Result<Worker, JobError> {
    let route = Route {
        name: "everything of medium severity and above".to_owned(),
        severity_min: Severity::Medium,
        recipients: vec![DEMO_RECIPIENT.to_owned()],
        ..Route::default()
    };
    Ok(Worker {
        store: store.clone(),
        ways: Ways::by_mail(Box::new(EmlDirectory::open(directory)?)),
        routes: vec![route],
        reports: Reports::default(),
        opted_out: Vec::new(),
        frame: Frame { from: DEMO_SENDER.to_owned(), ..frame(config) },
        now,
    })
}

/// The sender, and what else is the same in every mail.
pub(super) fn frame(config: &Config) -> Frame {
    let base_url = config.web.base_url.clone();
    let listen = || config.web.listen.map(|address| format!("http://{address}"));
    let mail = config.mail.as_ref();
    Frame {
        from: mail.map_or_else(|| "keyvigil@localhost".to_owned(), |mail| mail.from.clone()),
        reply_to: mail.and_then(|mail| mail.reply_to.clone()),
        base_url: base_url.or_else(listen),
        host: super::host_name(),
        zone: Some(TimeZone::system()),
    }
}

/// As configured; without any route the mail's own recipients are told what is severe
/// enough, and the other ways everything.
fn routes(config: &Config) -> Vec<Route> {
    if !config.routes.is_empty() {
        return config.routes.iter().map(route).collect();
    }
    let mails = config.mail.iter().map(|mail| Route {
        name: format!("{} and above", mail.severity.name()),
        severity_min: mail.severity,
        recipients: mail.to.clone(),
        quiet: mail.quiet.map(quiet),
        ..Route::default()
    });
    let others = config.notify.iter().map(|way| Route {
        name: way.name.clone(),
        recipients: vec![way.name.clone()],
        ..Route::default()
    });
    mails.chain(others).collect()
}

fn route(route: &crate::config::Route) -> Route {
    Route {
        name: route.name.clone(),
        severity_min: route.severity,
        kinds: route.kinds.clone(),
        roles: route.roles.clone(),
        owners: route.owners.clone(),
        keys: route.keys.clone(),
        recipients: route.to.clone(),
        quiet: route.quiet.map(quiet),
    }
}

fn quiet(hours: QuietHours) -> Quiet {
    Quiet { from: hours.from, to: hours.to, zone: TimeZone::system() }
}

fn reports(mail: &Mail) -> Reports {
    Reports { to: mail.to.clone(), zone: Some(TimeZone::system()), at: mail.reports_at }
}

pub(super) fn read(path: &PathBuf) -> Result<Vec<u8>, JobError> {
    fs::read(path).map_err(|source| JobError::Unreadable { path: path.clone(), source })
}
