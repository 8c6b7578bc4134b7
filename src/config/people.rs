//! Who is told, by which way: `[mail]`, `[[notify]]` and `[[routes]]`.

use std::path::PathBuf;

use glob::Pattern;
use toml::Spanned;
use toml::de::DeTable;

use super::Config;
use super::dkim::{Dkim, dkim};
use super::mistakes::Mistake;
use super::secret::Secret;
use super::table::Table;
use crate::incident::words;
use crate::model::{Millis, Severity};

#[derive(Clone, Debug, PartialEq)]
pub struct Mail {
    pub server: String,
    pub port: u16,
    pub tls: Tls,
    /// Instead of a server: this program takes the mails.
    pub sendmail: Option<PathBuf>,
    pub from: String,
    pub reply_to: Option<String>,
    pub to: Vec<String>,
    /// What is less severe comes in the daily digest.
    pub severity: Severity,
    pub quiet: Option<QuietHours>,
    /// Never written to, whoever names them.
    pub opt_out: Vec<String>,
    /// When digest and reports are due, in minutes of the day.
    pub reports_at: u16,
    pub user: Option<String>,
    pub password: Option<Secret>,
    pub root_certificate: Option<PathBuf>,
    /// How long the talk about one mail may take, if not the usual time.
    pub timeout: Option<Millis>,
    /// Mails are signed.
    pub dkim: Option<Dkim>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tls {
    Starttls,
    Implicit,
    /// To loopback only.
    None,
}

/// From one minute of the day to another, over midnight if need be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct QuietHours {
    pub from: u16,
    pub to: u16,
}

/// An empty list takes all.
#[derive(Clone, Debug, PartialEq)]
pub struct Route {
    pub name: String,
    pub severity: Severity,
    pub kinds: Vec<String>,
    pub roles: Vec<String>,
    pub owners: Vec<String>,
    pub keys: Vec<Pattern>,
    pub to: Vec<String>,
    pub quiet: Option<QuietHours>,
}

/// A way beside mail.
#[derive(Clone, Debug, PartialEq)]
pub struct Notify {
    pub name: String,
    pub kind: NotifyKind,
    /// The key of its signatures.
    pub secret: Option<Secret>,
    pub root_certificate: Option<PathBuf>,
}

#[derive(Clone, Debug, PartialEq)]
pub enum NotifyKind {
    /// JSON of our own.
    Webhook(Place),
    Slack(Place),
    Alertmanager(Place),
    /// Where findings of the Open Cybersecurity Schema go: a web address, a file, a syslog.
    Ocsf(Place),
    Syslog(Place),
}

/// Where a way leads to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    Url(String),
    /// The address itself is the secret, as with Slack.
    SecretUrl(Secret),
    File(PathBuf),
    /// `udp://host:port`, `tcp://host:port` or `unix:/path`.
    Syslog(String),
}

const SUBMISSION_PORT: u16 = 587;
const SUBMISSIONS_PORT: u16 = 465;
const SMTP_PORT: u16 = 25;
const REPORTS_AT: u16 = 8 * 60;
const DAY_MINUTES: u16 = 24 * 60;
const SEVERITIES: [(&str, Severity); 4] = [
    ("low", Severity::Low),
    ("medium", Severity::Medium),
    ("high", Severity::High),
    ("critical", Severity::Critical),
];

pub(super) fn mail(mail: &mut Option<Mail>, values: &DeTable<'_>) -> Vec<Mistake> {
    let mut table = Table::new("mail", values);
    let at = beginning(values);
    let known = [("starttls", Tls::Starttls), ("implicit", Tls::Implicit), ("none", Tls::None)];
    let tls = table.choice("tls", &known).unwrap_or(Tls::Starttls);
    let usual = match tls {
        Tls::Starttls => SUBMISSION_PORT,
        Tls::Implicit => SUBMISSIONS_PORT,
        Tls::None => SMTP_PORT,
    };
    let port = table.number("port").map_or(Some(usual), as_port);
    let to = table.texts("to");
    if to.is_empty() {
        table.complain::<()>(at, "[mail] names nobody to write to".into(), "add to = \"…\"");
    }
    if port.is_none() {
        let place = table.place_of("port");
        table.complain::<()>(place, "there is no such port".into(), "write 1 to 65535");
    }
    let (from, reply_to) = (table.text("from"), table.text("reply_to"));
    let opt_out = table.texts("opt_out");
    let named = [("from", &from), ("reply_to", &reply_to)];
    for (name, address) in named.iter().filter_map(|(name, it)| Some((*name, it.as_ref()?))) {
        check_address(&mut table, name, address);
    }
    for (name, addresses) in [("to", &to), ("opt_out", &opt_out)] {
        for address in addresses {
            check_address(&mut table, name, address);
        }
    }
    let reports_at = table.text("reports_at").map(|text| minute(&text));
    if reports_at == Some(None) {
        let place = table.place_of("reports_at");
        table.complain::<()>(place, "`reports_at` is not a time".into(), "write \"08:00\"");
    }
    let from = from.unwrap_or_else(|| "keyvigil@localhost".to_owned());
    let (dkim, mistakes) =
        table.table("dkim").map(|values| dkim(&from, values)).unwrap_or_default();
    *mail = Some(Mail {
        server: table.text("server").unwrap_or_else(|| "localhost".to_owned()),
        port: port.unwrap_or(usual),
        tls,
        sendmail: table.text("sendmail").map(PathBuf::from),
        from,
        reply_to,
        to,
        severity: table.choice("severity", &SEVERITIES).unwrap_or(Severity::High),
        quiet: quiet(&mut table),
        opt_out,
        reports_at: reports_at.flatten().unwrap_or(REPORTS_AT),
        user: table.text("user"),
        password: table.secret("password"),
        root_certificate: table.text("root_certificate").map(PathBuf::from),
        timeout: table.duration("timeout"),
        dkim,
    });
    table.finish().into_iter().chain(mistakes).collect()
}

pub(super) fn notify(all: &mut Vec<Notify>, values: &DeTable<'_>) -> Vec<Mistake> {
    type Make = fn(Place) -> NotifyKind;
    const KINDS: [(&str, Make); 5] = [
        ("webhook", NotifyKind::Webhook),
        ("slack", NotifyKind::Slack),
        ("alertmanager", NotifyKind::Alertmanager),
        ("ocsf", NotifyKind::Ocsf),
        ("syslog", NotifyKind::Syslog),
    ];
    let mut table = Table::new("notify", values);
    let at = beginning(values);
    let name = table.text("name").unwrap_or_default();
    if name.is_empty() || name.contains('@') || all.iter().any(|known| known.name == name) {
        let what = "a [[notify]] needs a name of its own, without @".to_owned();
        table.complain::<()>(at.clone(), what, "add name = \"chat\"");
    }
    let kind = table.choice("kind", &KINDS);
    if kind.is_none() && !values.contains_key("kind") {
        let what = "a [[notify]] has no `kind`".to_owned();
        let instead = "add kind = \"webhook\", \"slack\", \"alertmanager\", \"ocsf\" or \"syslog\"";
        table.complain::<()>(at.clone(), what, instead);
    }
    let places = [
        table.url("url"),
        table.text("path").map(|path| Place::File(path.into())),
        table.text("syslog").map(Place::Syslog),
    ];
    let mut places = places.into_iter().flatten();
    let place = places.next();
    let fits = match (values.get("kind").map(|kind| kind.get_ref().as_str()), &place) {
        (Some(Some("syslog")), Some(Place::Syslog(_))) | (Some(Some("ocsf")), Some(_)) => true,
        (Some(Some("syslog")), _) => false,
        (_, Some(Place::Url(_) | Place::SecretUrl(_))) => true,
        (_, _) => false,
    };
    if !fits || places.next().is_some() {
        let what = "a [[notify]] leads to one place".to_owned();
        let instead = "add url = \"https://…\"; for syslog: syslog = \"udp://127.0.0.1:514\", for ocsf also path = \"/…\"";
        table.complain::<()>(at, what, instead);
    }
    let secret = table.secret("secret");
    let root_certificate = table.text("root_certificate").map(PathBuf::from);
    if let (Some(make), Some(place)) = (kind, place) {
        all.push(Notify { name, kind: make(place), secret, root_certificate });
    }
    table.finish()
}

pub(super) fn route(config: &mut Config, values: &DeTable<'_>) -> Vec<Mistake> {
    let mut table = Table::new("routes", values);
    let to = table.texts("to");
    if to.is_empty() {
        let what = "a route leads to nobody".to_owned();
        table.complain::<()>(beginning(values), what, "add to = [\"you@example.com\", \"@owner\"]");
    }
    for recipient in &to {
        let is_way = config.notify.iter().any(|way| way.name == *recipient);
        let place = table.place_of("to");
        if recipient.contains('@') && config.mail.is_none() {
            let what = format!("{recipient:?} cannot be written to without [mail]");
            table.complain::<()>(place, what, "add [mail] with its server");
        } else if !recipient.contains('@') && !is_way {
            let what = format!("{recipient:?} is neither a mail address nor a [[notify]]");
            table.complain::<()>(place, what, "write an address, \"@owner\", or its name");
        } else if recipient.contains('@') && recipient != "@owner" {
            check_address(&mut table, "to", recipient);
        }
    }
    let kinds = table.texts("kinds");
    for kind in kinds.iter().filter(|kind| words(kind).is_none()) {
        let place = table.place_of("kinds");
        let what = format!("there is no kind of incident {kind:?}");
        table.complain::<()>(place, what, "the README lists them");
    }
    let mut keys = Vec::new();
    for text in table.texts("keys") {
        match Pattern::new(&text) {
            Ok(pattern) => keys.push(pattern),
            Err(error) => {
                let what = format!("{text:?} is not a pattern for keys");
                table.complain::<()>(table.place_of("keys"), what, &error.to_string());
            }
        }
    }
    let severity = table.choice("severity", &SEVERITIES).unwrap_or(Severity::Low);
    let name = table.text("name").unwrap_or_else(|| format!("route {}", config.routes.len() + 1));
    let (roles, owners) = (table.texts("roles"), table.texts("owners"));
    let quiet = quiet(&mut table);
    config.routes.push(Route { name, severity, kinds, roles, owners, keys, to, quiet });
    table.finish()
}

/// `quiet = "22:00-07:00"`.
fn quiet(table: &mut Table<'_, '_>) -> Option<QuietHours> {
    let text = table.text("quiet")?;
    let hours = text.split_once('-').and_then(|(from, to)| {
        let (from, to) = (minute(from)?, minute(to)?);
        (from != to).then_some(QuietHours { from, to })
    });
    hours.or_else(|| {
        let place = table.place_of("quiet");
        table.complain(place, "`quiet` is not a span of the day".into(), "write \"22:00-07:00\"")
    })
}

fn minute(text: &str) -> Option<u16> {
    let (hours, minutes) = text.trim().split_once(':')?;
    let (hours, minutes): (u16, u16) = (hours.parse().ok()?, minutes.parse().ok()?);
    let minute = hours.checked_mul(60)?.checked_add(minutes)?;
    (minutes < 60 && minute < DAY_MINUTES).then_some(minute)
}

/// As `someone@example.com`, or with a name before it in angle brackets.
fn check_address(table: &mut Table<'_, '_>, name: &str, address: &str) {
    let bare = address.rsplit('<').next().unwrap_or_default().trim_end_matches('>');
    let is_whole = bare.split_once('@').is_some_and(|(who, at)| !who.is_empty() && !at.is_empty());
    if !is_whole || bare.contains(char::is_whitespace) {
        let what = format!("{address:?} is not a mail address");
        table.complain::<()>(table.place_of(name), what, "write somebody@example.com");
    }
}

fn beginning(values: &DeTable<'_>) -> std::ops::Range<usize> {
    values.keys().next().map_or(0..0, Spanned::span)
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "checked to be a whole number of a port's range"
)]
fn as_port(number: f64) -> Option<u16> {
    let fits = (1.0..=65_535.0).contains(&number) && number.fract() == 0.0;
    fits.then_some(number as u16)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_of_the_day_has_hours_and_minutes() {
        assert_eq!(minute("07:30"), Some(450));
        assert_eq!(minute("0:00"), Some(0));
        for wrong in ["24:00", "7", "07:60", "-1:00", "a:b", ""] {
            assert_eq!(minute(wrong), None, "{wrong}");
        }
    }
}
