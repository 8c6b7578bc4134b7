//! Where Caddy, Traefik, `HAProxy` and Kong say that they log to, and what is worth knowing
//! when they do not.

use super::Server;
use super::declared::{Declared, Said};
use super::files::Files;

const CADDY: &str = "/etc/caddy/Caddyfile";
const TRAEFIK: [&str; 3] =
    ["/etc/traefik/traefik.yml", "/etc/traefik/traefik.yaml", "/etc/traefik/traefik.toml"];
const HAPROXY: &str = "/etc/haproxy/haproxy.cfg";
const KONG: &str = "/etc/kong/kong.conf";
/// Where systemd finds the units of services.
const UNITS: [&str; 3] = ["/etc/systemd/system", "/usr/lib/systemd/system", "/lib/systemd/system"];
const RSYSLOG: &str = "/etc/rsyslog.d/49-haproxy.conf";

pub(super) fn said(files: &Files, said: &mut Said) {
    caddy(files, said);
    for path in TRAEFIK {
        traefik(files, path, said);
    }
    haproxy(files, said);
    kong(files, said);
    journals(files, said);
}

fn caddy(files: &Files, said: &mut Said) {
    let Ok(text) = files.text(CADDY) else { return };
    let mut logs = 0;
    for (line, words) in numbered(&text) {
        if let ["output", "file", path, ..] = words.as_slice() {
            logs += 1;
            said.add(declared(Server::Caddy, path, format!("{CADDY}:{line}")));
        }
    }
    if logs == 0 {
        said.hint(format!(
            "{CADDY}: Caddy writes no access log into a file yet; add to the site: \
             log {{ output file /var/log/caddy/access.log }}"
        ));
    }
}

fn traefik(files: &Files, path: &str, said: &mut Said) {
    let Ok(text) = files.text(path) else { return };
    let mut in_access_log = false;
    let mut found = false;
    for (number, line) in text.lines().enumerate() {
        let word = line.trim().trim_matches(['[', ']']).trim_end_matches(':');
        let is_section = !line.starts_with([' ', '\t']) && !line.trim().is_empty();
        if is_section && !line.trim_start().starts_with(['#', 'f']) {
            in_access_log = word.eq_ignore_ascii_case("accesslog");
        }
        let setting = line.trim().split_once([':', '=']);
        if let Some((name, value)) = setting
            && in_access_log
            && name.trim().eq_ignore_ascii_case("filepath")
        {
            let log = value.trim().trim_matches(['"', '\'']);
            said.add(declared(Server::Traefik, log, format!("{path}:{}", number + 1)));
            found = true;
        }
    }
    if !found {
        said.hint(format!(
            "{path}: Traefik writes no access log into a file yet; add accessLog with filePath \
             and format: json"
        ));
    }
}

/// `HAProxy` speaks syslog; Debian's rsyslog writes what it says into a file.
fn haproxy(files: &Files, said: &mut Said) {
    let Ok(text) = files.text(HAPROXY) else { return };
    let log = "/var/log/haproxy.log";
    if let Some((line, _)) = numbered(&text).find(|(_, words)| words.first() == Some(&"log")) {
        if files.exists(RSYSLOG) || files.exists(log) {
            said.add(declared(Server::Haproxy, log, format!("{HAPROXY}:{line}")));
        } else {
            said.hint(format!(
                "{HAPROXY}:{line}: HAProxy logs to syslog, and no rsyslog writes that into a file \
                 here; install rsyslog, or keyvigil sees nothing of it"
            ));
        }
    }
}

fn kong(files: &Files, said: &mut Said) {
    let Ok(text) = files.text(KONG) else { return };
    for (number, line) in text.lines().enumerate() {
        let Some((name, value)) = line.split_once('=') else { continue };
        let log = value.split_whitespace().next().unwrap_or_default();
        if name.trim() == "proxy_access_log" && log != "off" {
            let path = if log.starts_with('/') {
                log.to_owned()
            } else {
                format!("/usr/local/kong/{log}")
            };
            said.add(declared(Server::Kong, &path, format!("{KONG}:{}", number + 1)));
        }
    }
}

/// A server whose unit is there and whose log is nowhere probably writes to the journal.
fn journals(files: &Files, said: &mut Said) {
    for (unit, server) in [
        ("caddy", Server::Caddy),
        ("traefik", Server::Traefik),
        ("envoy", Server::Envoy),
        ("kong", Server::Kong),
    ] {
        let has_unit = UNITS.iter().any(|folder| files.exists(&format!("{folder}/{unit}.service")));
        let has_log = said.logs.iter().any(|log| log.server == server)
            || !files.glob(&format!("/var/log/{unit}/*.log")).is_empty();
        if has_unit && !has_log {
            said.hint(format!(
                "{unit}.service is installed, but no log file of it was found: what it writes goes \
                 to the journal (journalctl -u {unit}), which keyvigil does not read; let it write \
                 a file"
            ));
        }
    }
}

fn declared(server: Server, path: &str, place: String) -> Declared {
    let path = path.trim_matches(['"', '\'', '`']).to_owned();
    Declared { server, path, place, log_format: None, notes: Vec::new() }
}

fn numbered(text: &str) -> impl Iterator<Item = (usize, Vec<&str>)> {
    text.lines().enumerate().map(|(number, line)| {
        let line = line.split('#').next().unwrap_or_default();
        (number + 1, line.split_whitespace().collect())
    })
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn check(path: &str, text: &str) -> Said {
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join(path.trim_start_matches('/'));
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
        let mut found = Said::default();
        said(&Files::new(root.path()), &mut found);
        found
    }

    #[test]
    fn each_server_s_log_is_found_where_it_says() {
        let caddy = check(CADDY, ":80 {\n log {\n  output file /srv/a.log {\n }\n }\n}\n");
        assert_eq!(
            (caddy.logs[0].path.as_str(), caddy.logs[0].place.as_str()),
            ("/srv/a.log", "/etc/caddy/Caddyfile:3")
        );
        let yaml =
            "log:\n  filePath: /t.log\naccessLog:\n  filePath: \"/srv/t.log\"\n  format: json\n";
        assert_eq!(check(TRAEFIK[0], yaml).logs[0].path, "/srv/t.log");
        let toml = "[log]\n filePath = \"/t.log\"\n[accessLog]\nfilePath = \"/srv/u.log\"\n";
        assert_eq!(check(TRAEFIK[2], toml).logs[0].path, "/srv/u.log");
        assert_eq!(
            check(KONG, "proxy_access_log = logs/access.log\n").logs[0].path,
            "/usr/local/kong/logs/access.log"
        );
    }

    #[test]
    fn a_server_without_a_file_is_a_hint() {
        assert!(check(CADDY, ":80 {\n}\n").hints[0].contains("output file"));
        assert!(check(HAPROXY, "global\n log /dev/log local0\n").hints[0].contains("rsyslog"));
        let journal = check("/lib/systemd/system/envoy.service", "");
        assert!(journal.hints[0].contains("journalctl -u envoy"), "{:?}", journal.hints);
    }
}
