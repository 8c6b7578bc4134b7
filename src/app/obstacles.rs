//! What would keep `run` from working, told without starting it and without changing anything.

use std::fs::{self, File, TryLockError};
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::path::Path;

use super::ways::smtp_options;
use crate::alert::check_options;
use crate::config::{Config, Secret};
use crate::detect::SigmaRules;
use crate::identity::{Inventory, Networks};
use crate::store;
use crate::survey::{Access, Machine};
use crate::web::Listening;

/// What was found, in the order in which `run` would meet it.
#[derive(Debug, Default)]
pub struct Obstacles {
    /// `run` would end, or be blind.
    pub problems: Vec<Obstacle>,
    /// Worth a look, but `run` works.
    pub notes: Vec<String>,
    /// The state directory is in use: a daemon runs.
    pub is_running: bool,
}

/// What is in the way, and the lines that mend it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Obstacle {
    pub what: String,
    pub mend: Vec<String>,
}

/// Where systemd takes credentials from, before the service sees them.
const CREDENTIAL_STORES: [&str; 2] = ["/etc/credstore", "/etc/credstore.encrypted"];
/// Units that make the state directory by themselves.
const UNITS: [&str; 2] =
    ["/etc/systemd/system/keyvigil.service", "/usr/lib/systemd/system/keyvigil.service"];

/// Looks at all that `run` needs beside the logs: secrets, tables, state, port.
pub fn obstacles(config: &Config, machine: &Machine) -> Obstacles {
    let mut found = Obstacles::default();
    logs(config, machine, &mut found);
    tables(config, machine, &mut found);
    let secrets = [
        ("store-key", "[store] key", config.store.key.as_ref()),
        ("smtp", "[mail] password", config.mail.as_ref().and_then(|mail| mail.password.as_ref())),
    ];
    let previous = config
        .store
        .previous_keys
        .iter()
        .map(|it| ("store-key", "[store] previous_keys", Some(it)));
    let dkim = config.mail.as_ref().and_then(|mail| mail.dkim.as_ref());
    let dkim = dkim.map(|dkim| ("dkim", "[mail.dkim] key", Some(&dkim.key)));
    for (usual, name, secret) in secrets.into_iter().chain(previous).chain(dkim) {
        if let Some(secret) = secret {
            self::secret((usual, name, secret), machine, &mut found);
        }
    }
    rules(config, &mut found);
    mail(config, &mut found);
    state(config, machine, &mut found);
    page(config, &mut found);
    found
}

impl Obstacles {
    fn problem(&mut self, what: String, mend: &[String]) {
        self.problems.push(Obstacle { what, mend: mend.to_vec() });
    }
}

fn logs(config: &Config, machine: &Machine, found: &mut Obstacles) {
    for source in &config.sources {
        for log in machine.look_at(source) {
            match log.access {
                Access::Granted if Path::new(&log.path).is_dir() => found.problem(
                    format!(
                        "{} is a folder; name a file, or a pattern such as {0}/*.log",
                        log.path
                    ),
                    &[],
                ),
                Access::Granted => {}
                Access::Missing => found.notes.push(format!(
                    "{} is not there yet; it is read as soon as it appears",
                    log.path
                )),
                Access::Denied { what, mend } => found.problem(
                    format!("{} may not read {}: {what}", machine.reader.name, log.path),
                    &mend,
                ),
            }
        }
    }
}

fn tables(config: &Config, machine: &Machine, found: &mut Obstacles) {
    let read = |path: &Path, found: &mut Obstacles| {
        if let Access::Denied { what, mend } = machine.may_read(&path.display().to_string()) {
            found.problem(format!("{} may not read it: {what}", machine.reader.name), &mend);
        }
        match fs::read(path) {
            Ok(bytes) => Some(bytes),
            Err(error) => {
                found.problem(format!("cannot read {}: {error}", path.display()), &[]);
                None
            }
        }
    };
    if let Some(path) = &config.inventory
        && let Some(bytes) = read(path, found)
    {
        match Inventory::from_csv(&bytes, &path.display().to_string()) {
            Ok((_, warnings)) => found.notes.extend(warnings),
            Err(error) => found.problem(error.to_string(), &[]),
        }
    }
    if let Some(path) = &config.networks
        && let Some(bytes) = read(path, found)
    {
        match Networks::from_csv(&bytes, &path.display().to_string()) {
            Ok((_, warnings)) => found.notes.extend(warnings),
            Err(error) => found.problem(error.to_string(), &[]),
        }
    }
}

fn secret((usual, name, secret): (&str, &str, &Secret), machine: &Machine, found: &mut Obstacles) {
    let problem = match secret {
        Secret::Credential(credential) if std::env::var_os("CREDENTIALS_DIRECTORY").is_none() => {
            let file = format!("keyvigil.{usual}");
            let is_there = CREDENTIAL_STORES.iter().any(|it| machine.has(&format!("{it}/{file}")));
            let what = if credential != usual {
                format!(
                    "{name}: the service hands over the credential {usual:?}, and not {credential:?}"
                )
            } else if is_there {
                return;
            } else {
                format!("{name}: there is no /etc/credstore/{file} for the service to hand over")
            };
            let mend = [
                "sudo install -d -m 700 /etc/credstore".to_owned(),
                format!(
                    "sudo install -m 600 /dev/stdin /etc/credstore/{file}    # then type it, Ctrl-D"
                ),
            ];
            return found.problem(what, &mend);
        }
        Secret::Credential(_) | Secret::File(_) => secret.reveal().err(),
        Secret::Environment(_) => {
            if let Err(error) = secret.reveal() {
                found
                    .notes
                    .push(format!("{name}: {error} here; the service has its own environment"));
            }
            return;
        }
    };
    if let Some(error) = problem {
        let cause = std::error::Error::source(&error).map(|it| format!(": {it}"));
        found.problem(format!("{name}: {error}{}", cause.unwrap_or_default()), &[]);
    } else if usual == "store-key"
        && secret.reveal().is_ok_and(|text| store::key_of(&text).is_none())
    {
        let mend = ["openssl rand -hex 32".to_owned()];
        found.problem(format!("{name} is not 64 hexadecimal digits; make one"), &mend);
    }
}

/// Rules of a person's own, and kinds of finding that are not as usual.
fn rules(config: &Config, found: &mut Obstacles) {
    let rules = SigmaRules::read(&config.rules.sigma);
    for (title, file, what) in &rules.in_force {
        found.notes.push(format!("in force: the Sigma rule {title:?} of {file}: {what}"));
    }
    found.notes.extend(rules.refused.iter().map(|why| format!("not in force: {why}")));
    if rules.is_about_queries {
        found.notes.push("rules see the names in a query only: values are not kept".to_owned());
    }
    let said = config.alerts.kinds.said().into_iter();
    found.notes.extend(said.map(|said| format!("by [alerts.kinds] {said}")));
}

/// What can be known without asking the server.
fn mail(config: &Config, found: &mut Obstacles) {
    let Some(mail) = &config.mail else {
        found.notes.push("nobody is mailed: there is no [mail] in the configuration".to_owned());
        return;
    };
    // Its password was looked at already.
    let without_password = crate::config::Mail { password: None, ..mail.clone() };
    let made = smtp_options(&without_password)
        .and_then(|options| check_options(&options).map_err(super::JobError::from));
    // A key that is not there was told of with the other secrets.
    let signs = match super::ways::frame(config) {
        Ok(_) | Err(super::JobError::Secret(_)) => Ok(()),
        Err(error) => Err(error),
    };
    if let Err(error) = made.and(signs) {
        let cause = std::error::Error::source(&error).map(|it| format!(": {it}"));
        found.problem(format!("[mail] {error}{}", cause.unwrap_or_default()), &[]);
    }
}

fn state(config: &Config, machine: &Machine, found: &mut Obstacles) {
    let directory = &config.store.directory;
    let database = directory.join("store").join("db");
    match File::open(&database).map_err(TryLockError::Error).and_then(|it| it.try_lock()) {
        Err(TryLockError::WouldBlock) => found.is_running = true,
        Ok(()) | Err(TryLockError::Error(_)) => {}
    }
    let is_made_by_systemd = !directory.exists() && UNITS.iter().any(|unit| machine.has(unit));
    if found.is_running || is_made_by_systemd {
        return;
    }
    if let Access::Denied { what, .. } = machine.may_write(&directory.display().to_string()) {
        let (user, directory) = (&machine.reader.name, directory.display());
        let mend = [format!("sudo install -d -o {user} -m 700 {directory}")];
        found.problem(
            format!("{user} may not write to the state directory {directory}: {what}"),
            &mend,
        );
    }
}

fn page(config: &Config, found: &mut Obstacles) {
    let Some(address) = config.web.listen else { return };
    // Whether there is a token only the daemon knows.
    let has_tls = config.web.certificate.is_some();
    if let Err(error) = (Listening { address, has_tls, has_token: true }).check() {
        return found.problem(error.to_string(), &[]);
    }
    let Err(error) = TcpListener::bind(address) else {
        if found.is_running {
            found.problem(
                "another keyvigil uses the state directory, with another page; stop it first"
                    .to_owned(),
                &["systemctl status keyvigil".to_owned()],
            );
        }
        return;
    };
    if error.kind() == io::ErrorKind::AddrInUse && found.is_running {
        found.notes.push(format!("keyvigil is running already; its page is http://{address}/"));
        return;
    }
    found.problem(
        format!("cannot listen on {address}: {}", plain(&error)),
        &mend_port(address, &error),
    );
}

fn plain(error: &io::Error) -> String {
    if error.kind() == io::ErrorKind::AddrInUse {
        return "another program uses this port".to_owned();
    }
    error.to_string()
}

fn mend_port(address: SocketAddr, error: &io::Error) -> Vec<String> {
    if error.kind() != io::ErrorKind::AddrInUse {
        return Vec::new();
    }
    vec![
        format!("sudo ss -ltnp 'sport = :{}'    # says which program it is", address.port()),
        format!("or choose another port: [web] listen = \"127.0.0.1:{}\"", address.port() + 1),
    ]
}
