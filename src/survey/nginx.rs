//! What nginx's configuration says about its access logs, in all files that it includes.

use std::collections::BTreeMap;
use std::io;

use super::Server;
use super::declared::{Declared, Said};
use super::files::Files;
use crate::format::{Statement, statements};

const CONFIGURATIONS: [&str; 5] = [
    "/etc/nginx/nginx.conf",
    "/usr/local/etc/nginx/nginx.conf",
    "/usr/local/nginx/conf/nginx.conf",
    "/usr/local/openresty/nginx/conf/nginx.conf",
    "/opt/nginx/conf/nginx.conf",
];
/// What a relative log path may be relative to.
const PREFIXES: [&str; 5] = [
    "/usr/share/nginx",
    "/etc/nginx",
    "/usr/local/nginx",
    "/usr/local/openresty/nginx",
    "/opt/nginx",
];
const FILES_MAX: usize = 1000;
const DEPTH_MAX: usize = 8;

pub(super) fn said(files: &Files, said: &mut Said) {
    for path in CONFIGURATIONS {
        let mut reading = Reading { files, folder: folder_of(path), ..Reading::new(files) };
        reading.read(path, 0);
        reading.tell(said);
    }
}

struct Reading<'f> {
    files: &'f Files,
    /// Of the main file: what includes are relative to.
    folder: &'f str,
    read: usize,
    /// Verbatim statements by the format's name.
    formats: BTreeMap<String, String>,
    /// The words of each `access_log`, with its place.
    logs: Vec<(Vec<String>, String)>,
    hints: Vec<String>,
}

impl<'f> Reading<'f> {
    fn new(files: &'f Files) -> Self {
        let (formats, logs, hints) = (BTreeMap::new(), Vec::new(), Vec::new());
        Self { files, folder: "", read: 0, formats, logs, hints }
    }

    fn read(&mut self, path: &str, depth: usize) {
        if DEPTH_MAX < depth || FILES_MAX <= self.read {
            return;
        }
        self.read += 1;
        let text = match self.files.text(path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {
                self.hints.push(format!(
                    "{path} cannot be read by this user, so logs that it names are not known; \
                     run this as root (sudo) to look there too"
                ));
                return;
            }
            Err(_) => return,
        };
        for statement in statements(&text) {
            self.take(&statement, path, depth);
        }
    }

    fn take(&mut self, statement: &Statement<'_>, path: &str, depth: usize) {
        let words: Vec<&str> = statement.words.iter().map(String::as_str).collect();
        match words.as_slice() {
            ["include", pattern] => {
                for included in self.files.glob(&absolute(pattern, self.folder)) {
                    self.read(&included, depth + 1);
                }
            }
            ["log_format", name, ..] => {
                self.formats.insert((*name).to_owned(), statement.text.to_owned());
            }
            ["access_log", rest @ ..] => {
                let place = format!("{path}:{}", statement.line);
                self.logs.push((rest.iter().map(|it| (*it).to_owned()).collect(), place));
            }
            _ => {}
        }
    }

    /// Formats may stand behind the logs that use them.
    fn tell(self, said: &mut Said) {
        self.hints.into_iter().for_each(|hint| said.hint(hint));
        for (words, place) in &self.logs {
            let Some(path) = words.first().filter(|it| *it != "off") else { continue };
            if path.starts_with("syslog:") || path.starts_with("memory:") {
                said.hint(format!(
                    "{place}: nginx sends this log to {path}; keyvigil reads files, so add a line \
                     for one: access_log /var/log/nginx/access.log;"
                ));
                continue;
            }
            let name = words.get(1).filter(|it| !it.contains('=')).map_or("combined", |it| it);
            let log_format = self.formats.get(name).cloned();
            let mut notes = Vec::new();
            for word in words.iter().skip(1) {
                notes.extend(note_about(word));
            }
            if log_format.is_none() && name != "combined" {
                notes.push(format!("its log_format {name} was not found"));
            }
            let path = with_stars(&on_disk(self.files, path));
            let (server, place) = (Server::Nginx, place.clone());
            said.add(Declared { server, path, place, log_format, notes });
        }
    }
}

fn note_about(word: &str) -> Option<String> {
    if word.starts_with("if=") {
        return Some(format!("{word} leaves requests out, and keyvigil does not see them"));
    }
    let is_packed = word == "gzip" || word.starts_with("gzip=");
    is_packed
        .then(|| "it is written compressed, which cannot be followed; leave gzip out".to_owned())
}

fn folder_of(path: &str) -> &str {
    path.rsplit_once('/').map_or("/", |(folder, _)| folder)
}

fn absolute(path: &str, folder: &str) -> String {
    if path.starts_with('/') { path.to_owned() } else { format!("{folder}/{path}") }
}

/// The prefix is compiled into nginx: it is the one under which there is something.
fn on_disk(files: &Files, path: &str) -> String {
    if path.starts_with('/') {
        return path.to_owned();
    }
    let candidates: Vec<String> =
        PREFIXES.iter().map(|prefix| format!("{prefix}/{path}")).collect();
    let there = candidates.iter().find(|candidate| files.exists(candidate));
    there.or(candidates.first()).cloned().unwrap_or_default()
}

/// `/var/log/nginx/$host.log` is many files: `/var/log/nginx/*.log`.
fn with_stars(path: &str) -> String {
    let mut pattern = String::new();
    let mut letters = path.chars().peekable();
    while let Some(letter) = letters.next() {
        if letter != '$' {
            pattern.push(letter);
            continue;
        }
        if letters.next_if_eq(&'{').is_some() {
            while letters.next().is_some_and(|it| it != '}') {}
        } else {
            while letters.next_if(|it| it.is_ascii_alphanumeric() || *it == '_').is_some() {}
        }
        if !pattern.ends_with('*') {
            pattern.push('*');
        }
    }
    pattern
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn check(configuration: &[(&str, &str)]) -> Said {
        let root = tempfile::tempdir().unwrap();
        for (path, text) in configuration {
            let path = root.path().join(path.trim_start_matches('/'));
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        let mut found = Said::default();
        said(&Files::new(root.path()), &mut found);
        found
    }

    #[test]
    fn a_log_in_an_included_file_gets_its_format_from_another() {
        let found = check(&[
            (
                "/etc/nginx/nginx.conf",
                "http {\n include conf.d/*.conf;\n include /etc/nginx/sites/*;\n access_log off;\n}",
            ),
            (
                "/etc/nginx/conf.d/formats.conf",
                "log_format api '$remote_addr '\n  '\"$http_x_api_key\"';",
            ),
            (
                "/etc/nginx/sites/shop",
                "server {\n\n  access_log /var/log/nginx/shop.log api if=$wanted;\n}",
            ),
        ]);
        assert_eq!(found.logs.len(), 1);
        let log = &found.logs[0];
        assert_eq!(log.path, "/var/log/nginx/shop.log");
        assert_eq!(log.place, "/etc/nginx/sites/shop:3");
        let format = log.log_format.as_deref().unwrap();
        assert!(format.starts_with("log_format api") && format.ends_with("';"), "{format}");
        assert!(log.notes[0].contains("leaves requests out"), "{:?}", log.notes);
    }

    #[test]
    fn a_host_in_a_name_is_a_pattern_and_syslog_is_a_hint() {
        let found = check(&[(
            "/etc/nginx/nginx.conf",
            "access_log /var/log/nginx/${host}_$server_port.log; access_log syslog:server=unix:/dev/log;",
        )]);
        assert_eq!(found.logs[0].path, "/var/log/nginx/*_*.log");
        assert_eq!(found.logs[0].log_format, None);
        assert!(found.hints[0].contains("keyvigil reads files"), "{:?}", found.hints);
    }

    #[test]
    fn files_that_include_each_other_come_to_an_end() {
        let found = check(&[("/etc/nginx/nginx.conf", "include nginx.conf; access_log /a.log;")]);
        assert_eq!(found.logs.len(), 1);
    }
}
