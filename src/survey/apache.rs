//! What Apache's configuration says about its access logs, in all files that it includes.

use std::collections::BTreeMap;

use super::Server;
use super::declared::{Declared, Said};
use super::files::Files;

/// The main file, and what its relative paths are relative to unless it says so.
const CONFIGURATIONS: [(&str, &str); 3] = [
    ("/etc/apache2/apache2.conf", "/etc/apache2"),
    ("/etc/httpd/conf/httpd.conf", "/etc/httpd"),
    ("/usr/local/apache2/conf/httpd.conf", "/usr/local/apache2"),
];
const ENVIRONMENT: &str = "/etc/apache2/envvars";
/// Formats that are told from the lines themselves.
const USUAL: [&str; 4] = ["combined", "common", "vhost_combined", "combinedio"];
const FILES_MAX: usize = 1000;
const DEPTH_MAX: usize = 8;

pub(super) fn said(files: &Files, said: &mut Said) {
    for (path, server_root) in CONFIGURATIONS {
        let mut reading = Reading {
            files,
            server_root: server_root.to_owned(),
            variables: environment(files),
            read: 0,
            formats: BTreeMap::new(),
            logs: Vec::new(),
        };
        reading.read(path, 0);
        reading.tell(said);
    }
}

struct Reading<'f> {
    files: &'f Files,
    server_root: String,
    /// `${NAME}`: of the environment and of `Define`.
    variables: BTreeMap<String, String>,
    read: usize,
    /// The quoted string of a format, by its nickname.
    formats: BTreeMap<String, String>,
    /// Path, nickname or quoted string, place.
    logs: Vec<(String, Word, String)>,
}

/// A word of a directive, and the same as it was typed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Word {
    value: String,
    typed: String,
}

impl Reading<'_> {
    fn read(&mut self, path: &str, depth: usize) {
        if DEPTH_MAX < depth || FILES_MAX <= self.read {
            return;
        }
        self.read += 1;
        let Ok(text) = self.files.text(path) else { return };
        let mut lines = text.lines().enumerate();
        while let Some((number, line)) = lines.next() {
            let mut whole = line.trim().to_owned();
            while whole.ends_with('\\') {
                whole.pop();
                let Some((_, more)) = lines.next() else { break };
                whole.push_str(more.trim());
            }
            self.take(&words(&whole), &format!("{path}:{}", number + 1), depth);
        }
    }

    fn take(&mut self, words: &[Word], place: &str, depth: usize) {
        let Some((directive, rest)) = words.split_first() else { return };
        match (directive.value.to_ascii_lowercase().as_str(), rest) {
            ("serverroot", [root]) => self.server_root.clone_from(&root.value),
            ("define", [name, value]) => {
                self.variables.insert(name.value.clone(), value.value.clone());
            }
            ("include" | "includeoptional", [pattern]) => self.include(&pattern.value, depth),
            ("logformat", [format, name]) => {
                self.formats.insert(name.value.clone(), format.typed.clone());
            }
            ("customlog" | "globallog", [path, format, ..]) => {
                self.logs.push((path.value.clone(), format.clone(), place.to_owned()));
            }
            ("transferlog", [path]) => {
                let usual = Word { value: "common".to_owned(), typed: "common".to_owned() };
                self.logs.push((path.value.clone(), usual, place.to_owned()));
            }
            _ => {}
        }
    }

    fn include(&mut self, pattern: &str, depth: usize) {
        let pattern = self.absolute(pattern);
        for path in self.files.glob(&pattern) {
            if self.files.real(&path).is_dir() {
                let inside = self.files.glob(&format!("{path}/*"));
                for path in &inside {
                    self.read(path, depth + 1);
                }
            } else {
                self.read(&path, depth + 1);
            }
        }
    }

    fn absolute(&self, path: &str) -> String {
        let path = with_values(path, &self.variables);
        if path.starts_with('/') { path } else { format!("{}/{path}", self.server_root) }
    }

    /// Formats may stand behind the logs that use them.
    fn tell(self, said: &mut Said) {
        for (path, format, place) in &self.logs {
            if path.starts_with('|') || path.starts_with("syslog") {
                said.hint(format!(
                    "{place}: Apache hands this log to another program ({path}); name the file \
                     that it writes, if it writes one"
                ));
                continue;
            }
            let mut notes = Vec::new();
            let typed = if format.value.contains('%') {
                Some(format.typed.clone())
            } else if USUAL.contains(&format.value.as_str()) {
                None
            } else {
                let known = self.formats.get(&format.value).cloned();
                if known.is_none() {
                    notes.push(format!("its LogFormat {} was not found", format.value));
                }
                known
            };
            let path = self.absolute(path);
            let log_format = typed.map(|typed| format!("LogFormat {typed} keyvigil"));
            let (server, place) = (Server::Apache, place.clone());
            said.add(Declared { server, path, place, log_format, notes });
        }
    }
}

/// The variables that Debian's `envvars` exports.
fn environment(files: &Files) -> BTreeMap<String, String> {
    let text = files.text(ENVIRONMENT).unwrap_or_default();
    let assignment = |line: &str| {
        let (name, value) = line.trim().strip_prefix("export ")?.split_once('=')?;
        let value = value.trim_matches(['"', '\'']).replace("$SUFFIX", "");
        Some((name.to_owned(), value))
    };
    text.lines().filter_map(assignment).collect()
}

fn with_values(text: &str, variables: &BTreeMap<String, String>) -> String {
    let mut text = text.to_owned();
    for (name, value) in variables {
        text = text.replace(&format!("${{{name}}}"), value);
    }
    text
}

/// The words of a directive; inside quotes a backslash keeps a quote.
fn words(line: &str) -> Vec<Word> {
    let mut words = Vec::new();
    let mut letters = line.chars().peekable();
    while let Some(letter) = letters.next() {
        if letter.is_whitespace() {
            continue;
        }
        if letter == '#' && words.is_empty() {
            break;
        }
        let mut word = Word { value: String::new(), typed: letter.to_string() };
        let is_quoted = letter == '"';
        if !is_quoted {
            word.value.push(letter);
        }
        while let Some(next) = letters.next() {
            if !is_quoted && next.is_whitespace() {
                break;
            }
            word.typed.push(next);
            if is_quoted && next == '"' {
                break;
            }
            let escaped = if is_quoted && next == '\\' { letters.next() } else { None };
            word.typed.extend(escaped);
            word.value.push(escaped.unwrap_or(next));
        }
        words.push(word);
    }
    words
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn debian_s_apache_with_a_format_of_its_own_is_understood() {
        let root = tempfile::tempdir().unwrap();
        for (path, text) in [
            ("etc/apache2/envvars", "export APACHE_LOG_DIR=/var/log/apache2$SUFFIX\n"),
            (
                "etc/apache2/apache2.conf",
                "IncludeOptional conf-enabled/*.conf\nIncludeOptional sites-enabled/*.conf\n",
            ),
            ("etc/apache2/conf-enabled/api.conf", "LogFormat \"%h %t \\\"%r\\\" \\\n  %>s\" api\n"),
            (
                "etc/apache2/sites-enabled/a.conf",
                "<VirtualHost *:80>\n CustomLog ${APACHE_LOG_DIR}/api.log api\n CustomLog \"${APACHE_LOG_DIR}/access.log\" combined\n CustomLog \"|/usr/bin/rotatelogs x\" combined\n</VirtualHost>\n",
            ),
        ] {
            let path = root.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        let mut found = Said::default();
        said(&Files::new(root.path()), &mut found);
        assert_eq!(found.logs.len(), 2);
        assert_eq!(found.logs[0].path, "/var/log/apache2/api.log");
        assert_eq!(
            found.logs[0].log_format.as_deref(),
            Some("LogFormat \"%h %t \\\"%r\\\" %>s\" keyvigil")
        );
        assert_eq!(found.logs[1].path, "/var/log/apache2/access.log");
        assert_eq!(found.logs[1].log_format, None);
        assert!(found.hints[0].contains("a.conf:4"), "{:?}", found.hints);
    }
}
