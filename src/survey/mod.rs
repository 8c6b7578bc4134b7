//! The logs of this machine: where they are, what they are, who may read them, what they lack.

mod apache;
mod content;
mod declared;
mod files;
mod key_lines;
mod nginx;
mod others;
mod places;
mod reader;

use std::collections::BTreeSet;
use std::path::Path;

pub use content::{Content, Keys, Lines, tried};
pub use declared::Declared;
pub use key_lines::{KeyLines, SERVERS, key_lines};
pub use reader::{Access, Reader};

use declared::Said;
use files::Files;
use reader::Right;

use crate::config::Source;
use crate::format::Options;

/// Who writes a log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Server {
    Nginx,
    Apache,
    Caddy,
    Traefik,
    Haproxy,
    Envoy,
    Kong,
    ApiGateway,
    Container,
    Unknown,
}

/// A log that was found.
#[derive(Clone, Debug)]
pub struct Found {
    pub path: String,
    pub server: Server,
    /// What the server's configuration says about it.
    pub declared: Option<Declared>,
    pub access: Access,
    pub content: Content,
}

/// The machine, or a folder that stands for one.
#[derive(Debug)]
pub struct Machine {
    files: Files,
    pub reader: Reader,
}

/// All that was found on a machine.
#[derive(Debug, Default)]
pub struct Survey {
    pub logs: Vec<Found>,
    /// What else a person should know: folders that are closed, logs that are nowhere.
    pub hints: Vec<String>,
}

/// Logs that are looked into.
const LOGS_MAX: usize = 500;

impl Machine {
    pub fn new(root: &Path) -> Self {
        let files = Files::new(root);
        Self { reader: Reader::of(&files), files }
    }

    /// Looks for logs where servers say that they are, and where they usually are.
    pub fn survey(&self) -> Survey {
        let mut said = Said::default();
        nginx::said(&self.files, &mut said);
        apache::said(&self.files, &mut said);
        others::said(&self.files, &mut said);
        let mut survey = Survey { logs: Vec::new(), hints: said.hints };
        let mut known: BTreeSet<String> = BTreeSet::new();
        for declared in said.logs {
            known.insert(declared.path.clone());
            for path in self.paths_of(&declared.path) {
                known.insert(path);
            }
            survey.logs.push(self.declared(declared));
        }
        for (pattern, server) in places::PLACES {
            for path in self.files.glob(pattern) {
                let is_new = !known.contains(&path) && places::is_worth_a_look(&path);
                if is_new && survey.logs.len() < LOGS_MAX {
                    known.insert(path.clone());
                    survey.logs.extend(self.undeclared(path, *server));
                }
            }
        }
        self.closed_folders(&mut survey);
        survey
    }

    /// A source of the configuration, as its lines are now.
    pub fn look_at(&self, source: &Source) -> Vec<Found> {
        let options = source.options();
        let look = |path: String| Found {
            access: self.reader.may_read(&self.files, &path),
            content: self.content(&path, &source.format, &options),
            server: server_of(&path),
            declared: None,
            path,
        };
        self.paths_of(&source.path).into_iter().map(look).collect()
    }

    /// A log that a person named.
    pub fn found(&self, path: &str) -> Found {
        Found {
            access: self.reader.may_read(&self.files, path),
            content: self.content(path, "auto", &Options::default()),
            server: server_of(path),
            declared: None,
            path: path.to_owned(),
        }
    }

    /// Whether the reader may make files in that folder, or make the folder.
    pub fn may_write(&self, folder: &str) -> Access {
        let there = Path::new(folder)
            .ancestors()
            .map(|it| it.display().to_string())
            .find(|it| self.files.exists(it))
            .unwrap_or_else(|| "/".to_owned());
        self.reader.may(&self.files, &there, Right::Write)
    }

    pub fn may_read(&self, path: &str) -> Access {
        self.reader.may_read(&self.files, path)
    }

    /// Whether there is such a file, wherever the machine's root is.
    pub fn has(&self, path: &str) -> bool {
        self.files.exists(path)
    }

    /// A pattern's paths; the path itself if nothing is there yet.
    fn paths_of(&self, pattern: &str) -> Vec<String> {
        let found = if self.files.exists(pattern) {
            vec![pattern.to_owned()]
        } else {
            self.files.glob(pattern)
        };
        if found.is_empty() { vec![pattern.to_owned()] } else { found }
    }

    fn declared(&self, declared: Declared) -> Found {
        let options = Options { log_format: declared.log_format.clone(), ..Options::default() };
        // Of many files of one pattern, one shows what they are.
        let path = self.paths_of(&declared.path).pop().unwrap_or_default();
        let mut content = self.content(&path, "auto", &options);
        let misses = |it: &Content| matches!(it, Content::Lines(lines) if !lines.is_access_log());
        if options.log_format.is_some() && misses(&content) {
            let fitting = self.content(&path, "auto", &Options::default());
            content = if misses(&fitting) { content } else { fitting };
        }
        Found {
            access: self.reader.may_read(&self.files, &path),
            path: declared.path.clone(),
            server: declared.server,
            content,
            declared: Some(declared),
        }
    }

    /// A log that no configuration names, if it is one of requests.
    fn undeclared(&self, path: String, server: Server) -> Option<Found> {
        let content = self.content(&path, "auto", &Options::default());
        let is_access_log = match &content {
            Content::Lines(lines) => lines.is_access_log(),
            // By its name, it may become one.
            Content::Empty | Content::Unseen(_) => {
                server != Server::Unknown && server != Server::Container && path.contains("access")
            }
            Content::Unknown(_) => false,
        };
        let access = self.reader.may_read(&self.files, &path);
        is_access_log.then_some(Found { path, server, declared: None, access, content })
    }

    fn content(&self, path: &str, format: &str, options: &Options) -> Content {
        let lines = match self.files.last_lines(path) {
            Ok(lines) => lines,
            Err(error) => return Content::Unseen(error.to_string()),
        };
        let content = content::of_lines(&lines, format, options);
        let is_of_use = match &content {
            Content::Lines(lines) => 0 < lines.requests,
            Content::Empty | Content::Unseen(_) => true,
            Content::Unknown(_) => false,
        };
        if is_of_use {
            return content;
        }
        // What its columns are may stand at its head alone.
        let head = self.files.first_lines(path).unwrap_or_default();
        match content::of_lines(&[head, lines].concat(), format, options) {
            Content::Lines(lines) if 0 < lines.requests => Content::Lines(lines),
            Content::Lines(_) | Content::Empty | Content::Unseen(_) | Content::Unknown(_) => {
                content
            }
        }
    }

    fn closed_folders(&self, survey: &mut Survey) {
        for folder in places::FOLDERS {
            let is_inside = |log: &Found| log.path.starts_with(&format!("{folder}/"));
            if !self.files.exists(folder) || survey.logs.iter().any(is_inside) {
                continue;
            }
            if let Access::Denied { what, mend } =
                self.reader.may(&self.files, folder, Right::Enter)
            {
                let mend: Vec<String> = mend.iter().map(|line| format!("\n    {line}")).collect();
                survey.hints.push(format!(
                    "{folder} may hold logs, but {} cannot look into it ({what}):{}",
                    self.reader.name,
                    mend.concat()
                ));
            }
        }
    }
}

impl Server {
    pub const fn title(self) -> &'static str {
        match self {
            Self::Nginx => "nginx",
            Self::Apache => "Apache",
            Self::Caddy => "Caddy",
            Self::Traefik => "Traefik",
            Self::Haproxy => "HAProxy",
            Self::Envoy => "Envoy",
            Self::Kong => "Kong",
            Self::ApiGateway => "API Gateway",
            Self::Container => "a container",
            Self::Unknown => "an unknown server",
        }
    }
}

/// By the place where a log usually lies.
fn server_of(path: &str) -> Server {
    let fits = |(pattern, _): &&(&str, Server)| {
        glob::Pattern::new(pattern).is_ok_and(|pattern| pattern.matches(path))
    };
    places::PLACES.iter().find(fits).map_or(Server::Unknown, |(_, server)| *server)
}
