//! How a server's configuration describes the lines of its logs: formats by their names.

use super::FormatError;
use super::statements::statements;

/// What one or several files of a server's configuration say.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Described {
    /// By name, each as the statement that makes it, to be pasted.
    formats: Vec<(String, String)>,
    /// Which log is written in which format, by path and name.
    logs: Vec<(String, String)>,
    /// Patterns of further files.
    pub includes: Vec<String>,
}

impl Described {
    /// Reads nginx's or Apache's configuration, whichever it is.
    pub fn read(text: &str) -> Self {
        let mut described = Self::default();
        for statement in statements(text) {
            let words: Vec<&str> = statement.words.iter().map(String::as_str).collect();
            match words.as_slice() {
                ["include", pattern] => described.includes.push((*pattern).to_owned()),
                ["log_format", name, ..] => {
                    described.formats.push(((*name).to_owned(), statement.text.to_owned()));
                }
                ["access_log", path, name, ..] if !name.contains('=') => {
                    described.logs.push(((*path).to_owned(), (*name).to_owned()));
                }
                _ => {}
            }
        }
        for line in text.replace("\\\n", " ").lines() {
            described.take_directive(line.trim());
        }
        described
    }

    /// Takes in what another file says; of two formats of one name the last counts.
    pub fn add(&mut self, other: Self) {
        self.formats.extend(other.formats);
        self.logs.extend(other.logs);
    }

    /// Whether it describes several formats, of which one is to be chosen.
    pub fn is_choice(&self) -> bool {
        1 < self.formats.len()
    }

    /// The statement of the named format; without a name, that of the log at the path, or the
    /// only one there is.
    pub fn choose(&self, name: Option<&str>, path: &str) -> Result<String, FormatError> {
        let of_path = self.logs.iter().rev().find(|(log, _)| log == path);
        let name = name.or_else(|| of_path.map(|(_, name)| name.as_str()));
        let mut known: Vec<&str> = self.formats.iter().map(|(name, _)| name.as_str()).collect();
        known.dedup();
        let found = match name {
            Some(name) => self.formats.iter().rev().find(|(known, _)| known == name),
            None => self.formats.last().filter(|_| known.len() == 1),
        };
        let known = known.join(", ");
        match (found, name) {
            (Some((_, statement)), _) => Ok(statement.clone()),
            (None, _) if known.is_empty() => Err(FormatError::NothingDescribed),
            (None, Some(name)) => Err(FormatError::NotDescribed { name: name.to_owned(), known }),
            (None, None) => Err(FormatError::SeveralDescribed { known }),
        }
    }

    /// A line of Apache's.
    fn take_directive(&mut self, line: &str) {
        let Some((directive, rest)) = line.split_once(char::is_whitespace) else { return };
        let rest = rest.trim();
        match directive.to_ascii_lowercase().as_str() {
            "logformat" => {
                let named = rest.rsplit_once('"').map(|(_, name)| name.trim());
                if let Some(name) = named.filter(|name| is_word(name)) {
                    self.formats.push((name.to_owned(), line.to_owned()));
                }
            }
            "customlog" => {
                let mut words = rest.split_whitespace();
                if let (Some(path), Some(name)) = (words.next(), words.next())
                    && is_word(name)
                {
                    let path = path.trim_matches('"').to_owned();
                    self.logs.push((path, name.to_owned()));
                }
            }
            // nginx's ends with a semicolon, and was read with its statements.
            "include" | "includeoptional" if !rest.ends_with(';') => {
                self.includes.push(rest.trim_matches('"').to_owned());
            }
            _ => {}
        }
    }
}

fn is_word(name: &str) -> bool {
    !name.is_empty() && !name.contains(['"', ' ', '%', '\\'])
}

#[cfg(test)]
mod tests {
    use super::*;

    const NGINX: &str = "http {\n  include conf.d/*.conf;\n  log_format main '$remote_addr \"$request\"';\n  \
        log_format api escape=json\n    '{\"key\":\"$http_x_api_key\"}';\n  access_log /var/log/a.log api;\n}";
    const APACHE: &str = "IncludeOptional sites-enabled/*.conf\n\
        LogFormat \"%h \\\"%r\\\" %>s\" short\nLogFormat \"%v %h\" \\\n  vhost\n\
        CustomLog \"/var/log/b.log\" short\n";

    fn check(text: &str, name: Option<&str>, path: &str) -> String {
        let chosen = Described::read(text).choose(name, path);
        chosen.unwrap_or_else(|error| error.to_string())
    }

    #[test]
    fn a_format_is_found_by_its_name_or_by_the_log_that_is_written_in_it() {
        let api = "log_format api escape=json\n    '{\"key\":\"$http_x_api_key\"}';";
        assert_eq!(check(NGINX, Some("api"), ""), api);
        assert_eq!(check(NGINX, None, "/var/log/a.log"), api);
        let short = "LogFormat \"%h \\\"%r\\\" %>s\" short";
        assert_eq!(check(APACHE, Some("short"), ""), short);
        assert_eq!(check(APACHE, None, "/var/log/b.log"), short);
        assert!(check(APACHE, Some("vhost"), "").starts_with("LogFormat \"%v %h\""));
        assert_eq!(Described::read(NGINX).includes, ["conf.d/*.conf"]);
        assert_eq!(Described::read(APACHE).includes, ["sites-enabled/*.conf"]);
    }

    #[test]
    fn a_name_that_is_not_there_is_told_with_those_that_are() {
        assert!(check(NGINX, Some("apu"), "").contains("there are main, api"));
        assert!(check(NGINX, None, "/var/log/c.log").contains("main, api"));
        assert_eq!(check("http {}", Some("api"), ""), FormatError::NothingDescribed.to_string());
        assert_eq!(check("log_format a '$status';", None, ""), "log_format a '$status';");
    }
}
