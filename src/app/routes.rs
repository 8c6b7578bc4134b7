//! Who is told what, as the configuration says it.

use jiff::tz::TimeZone;

use crate::alert::{Frame, Quiet, Reports, Route};
use crate::config::{Config, Mail, QuietHours};

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
        signer: None,
    }
}

/// As configured; without any route the mail's own recipients are told what is severe
/// enough, and the other ways everything.
pub(super) fn all(config: &Config) -> Vec<Route> {
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

pub(super) fn reports(mail: &Mail) -> Reports {
    Reports { to: mail.to.clone(), zone: Some(TimeZone::system()), at: mail.reports_at }
}
