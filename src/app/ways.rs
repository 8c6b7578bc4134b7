//! The configured ways to people and programs, made ready.

use std::fs;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use super::job::JobError;
use super::routes;
use crate::alert::{
    self, Alertmanager, Frame, Notifier, Ocsf, Security, Sendmail, Signer, Slack, Smtp,
    SmtpOptions, Syslog, Ways, Web, Webhook,
};
use crate::config::{Config, Dkim, Mail, Notify, NotifyKind, Place, Tls};

pub(super) fn all(config: &Config) -> Result<Ways, JobError> {
    let mut ways = match &config.mail {
        Some(mail) => Ways::by_mail(by_mail(mail)?),
        None => Ways::default(),
    };
    for notify in &config.notify {
        ways.add(&notify.name, way(notify)?);
    }
    Ok(ways)
}

/// Sends a test mail to someone, or to all of `[mail] to`. What each server replied.
pub async fn send_test_mail(
    config: &Config,
    to: Option<&str>,
) -> Result<Vec<(String, String)>, JobError> {
    let frame = frame(config)?;
    let Some(mail) = &config.mail else {
        let hint = "there is no [mail] in the configuration, so nobody can be mailed";
        return Err(JobError::Refused(hint.to_owned()));
    };
    let notifier = by_mail(mail)?;
    let recipients = to.map_or_else(|| mail.to.clone(), |to| vec![to.to_owned()]);
    let mut replies = Vec::new();
    for to in recipients {
        let now = super::now();
        let reply = alert::send_test(notifier.as_ref(), &frame, &to, now).await?;
        replies.push((to, reply));
    }
    Ok(replies)
}

/// The bytes of a test mail, or of a mail about a made-up incident of a kind.
pub fn render_mail(config: &Config, kind: Option<&str>, to: &str) -> Result<Vec<u8>, JobError> {
    let frame = frame(config)?;
    let now = super::now();
    let letter = match kind {
        None => alert::test_letter(&frame, now)?,
        Some(kind) => alert::sample_letter(kind, &frame, now)?,
    };
    Ok(alert::render_eml(&letter, &frame, to, now)?)
}

/// What is the same in every mail, with the key that signs them.
pub(super) fn frame(config: &Config) -> Result<Frame, JobError> {
    let dkim = config.mail.as_ref().and_then(|mail| mail.dkim.as_ref());
    let signer = |dkim: &Dkim| -> Result<_, JobError> {
        Ok(Arc::new(Signer::new(&dkim.domain, &dkim.selector, &dkim.key.reveal()?)?))
    };
    Ok(Frame { signer: dkim.map(signer).transpose()?, ..routes::frame(config) })
}

fn by_mail(mail: &Mail) -> Result<Box<dyn Notifier>, JobError> {
    if let Some(program) = &mail.sendmail {
        return Ok(Box::new(Sendmail { program: program.clone() }));
    }
    Ok(Box::new(Smtp::new(&smtp_options(mail)?)?))
}

/// How to reach the mail server, with the password in it.
pub fn smtp_options(mail: &Mail) -> Result<SmtpOptions, JobError> {
    let login = match (&mail.user, &mail.password) {
        (Some(user), Some(password)) => Some((user.clone(), password.reveal()?)),
        (Some(_), None) | (None, _) => None,
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
        talk_max: mail
            .timeout
            .map(|timeout| Duration::from_millis(u64::try_from(timeout.0).unwrap_or(u64::MAX))),
    })
}

/// Whether a way can be made ready: its secret is there, and its address is one.
pub fn check_way(notify: &Notify) -> Result<(), JobError> {
    way(notify).map(drop)
}

/// One line for each kind of way.
fn way(notify: &Notify) -> Result<Box<dyn Notifier>, JobError> {
    let secret = notify.secret.as_ref().map(crate::config::Secret::reveal).transpose()?;
    let root = notify.root_certificate.as_ref().map(read).transpose()?;
    let web = |place: &Place| -> Result<Web, JobError> {
        let url = match place {
            Place::Url(url) => url.clone(),
            Place::SecretUrl(secret) => secret.reveal()?,
            Place::File(_) | Place::Syslog(_) => {
                let hint = format!("[[notify]] {} needs a url", notify.name);
                return Err(JobError::Refused(hint));
            }
        };
        Ok(Web::new(&url, root.as_deref())?)
    };
    Ok(match &notify.kind {
        NotifyKind::Webhook(place) => Box::new(Webhook { web: web(place)?, secret }),
        NotifyKind::Slack(place) => Box::new(Slack { web: web(place)? }),
        NotifyKind::Alertmanager(place) => Box::new(Alertmanager { web: web(place)? }),
        NotifyKind::Syslog(Place::Syslog(address)) => Box::new(Syslog::new(address)?),
        NotifyKind::Ocsf(Place::File(path)) => Box::new(Ocsf::to_file(path)),
        NotifyKind::Ocsf(Place::Syslog(address)) => Box::new(Ocsf::to_syslog(address)?),
        NotifyKind::Ocsf(place) | NotifyKind::Syslog(place) => {
            Box::new(Ocsf::to_web(web(place)?, secret))
        }
    })
}

fn read(path: &PathBuf) -> Result<Vec<u8>, JobError> {
    fs::read(path).map_err(|source| JobError::Unreadable { path: path.clone(), source })
}
