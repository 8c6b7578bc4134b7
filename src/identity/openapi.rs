//! Routes as an API's own description names them: the paths of an `OpenAPI` document.

use std::collections::BTreeMap;

use serde_json::Value;

use super::table::InventoryError;

const SEGMENTS_MAX: usize = 32;
const TEMPLATES_MAX: usize = 20_000;
const TEMPLATE_BYTES_MAX: usize = 256;

/// The paths of one or several documents, to be looked up segment by segment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Templates {
    root: Node,
    number: usize,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Node {
    words: BTreeMap<String, Node>,
    /// `{id}`, with what stands before and behind it in the segment.
    holes: Vec<(String, String, Node)>,
    /// The template that ends here.
    template: Option<String>,
}

impl Templates {
    /// Takes in a document, JSON or YAML, under the name of its file.
    pub fn add(&mut self, bytes: &[u8], name: &str) -> Result<(), InventoryError> {
        let text = String::from_utf8_lossy(bytes);
        let (bases, paths) = match serde_json::from_str::<Value>(&text) {
            Ok(document) => of_json(&document),
            Err(_) => of_yaml(&text),
        };
        if paths.is_empty() {
            return Err(InventoryError::NoPaths { name: name.to_owned() });
        }
        for path in &paths {
            for base in bases.iter().map(String::as_str).chain([""]) {
                self.insert(&format!(
                    "{}/{}",
                    base.trim_end_matches('/'),
                    path.trim_start_matches('/')
                ));
            }
        }
        Ok(())
    }

    pub const fn is_empty(&self) -> bool {
        self.number == 0
    }

    /// The template that the path fits; of several the one with the most words.
    pub(super) fn of(&self, path: &str) -> Option<&str> {
        let end = path.find(['?', '#']).unwrap_or(path.len());
        let path = path.get(..end)?;
        let path = path
            .strip_prefix("http://")
            .or(path.strip_prefix("https://"))
            .map_or(path, |rest| rest.find('/').and_then(|slash| rest.get(slash..)).unwrap_or("/"));
        let segments: Vec<&str> =
            path.split('/').filter(|it| !it.is_empty()).take(SEGMENTS_MAX + 1).collect();
        if SEGMENTS_MAX < segments.len() {
            return None;
        }
        self.root.find(&segments)
    }

    fn insert(&mut self, template: &str) {
        let segments: Vec<&str> = template.split('/').filter(|it| !it.is_empty()).collect();
        let is_too_much = TEMPLATES_MAX <= self.number || TEMPLATE_BYTES_MAX < template.len();
        if is_too_much || SEGMENTS_MAX < segments.len() {
            return;
        }
        let mut node = &mut self.root;
        for segment in &segments {
            node = match split_hole(segment) {
                None => node.words.entry((*segment).to_owned()).or_default(),
                Some((before, behind)) => {
                    let is_it = |(known_before, known_behind, _): &(String, String, Node)| {
                        known_before == before && known_behind == behind
                    };
                    let place = node.holes.iter().position(is_it).unwrap_or(node.holes.len());
                    if place == node.holes.len() {
                        node.holes.push((before.to_owned(), behind.to_owned(), Node::default()));
                        // The one that asks for more comes first.
                        node.holes.sort_by_key(|(before, behind, _)| {
                            std::cmp::Reverse(before.len() + behind.len())
                        });
                    }
                    let place = node.holes.iter().position(is_it).unwrap_or(0);
                    let Some((_, _, inner)) = node.holes.get_mut(place) else { return };
                    inner
                }
            };
        }
        if node.template.is_none() {
            node.template = Some(format!("/{}", segments.join("/")));
            self.number += 1;
        }
    }
}

impl Node {
    fn find(&self, segments: &[&str]) -> Option<&str> {
        let Some((first, rest)) = segments.split_first() else { return self.template.as_deref() };
        let word = self.words.get(*first).and_then(|node| node.find(rest));
        word.or_else(|| {
            self.holes.iter().find_map(|(before, behind, node)| {
                let inner = first.strip_prefix(before.as_str())?.strip_suffix(behind.as_str())?;
                if inner.is_empty() { None } else { node.find(rest) }
            })
        })
    }
}

/// What stands before `{` and behind `}`.
fn split_hole(segment: &str) -> Option<(&str, &str)> {
    let (before, rest) = segment.split_once('{')?;
    let (_, behind) = rest.rsplit_once('}')?;
    Some((before, behind))
}

/// The paths of the servers, and those of the document.
fn of_json(document: &Value) -> (Vec<String>, Vec<String>) {
    let servers = document.get("servers").and_then(Value::as_array).into_iter().flatten();
    let urls = servers.filter_map(|server| server.get("url")?.as_str());
    // Swagger 2 has one base, and no servers.
    let base = document.get("basePath").and_then(Value::as_str);
    let bases = urls.map(path_of_url).chain(base.map(str::to_owned)).collect();
    let paths = document.get("paths").and_then(Value::as_object);
    (bases, paths.into_iter().flat_map(|paths| paths.keys().cloned()).collect())
}

/// As far as it is needed: the keys right below `paths:`, and the addresses below `servers:`.
fn of_yaml(text: &str) -> (Vec<String>, Vec<String>) {
    let (mut bases, mut paths) = (Vec::new(), Vec::new());
    let (mut section, mut indent) = ("", None);
    for line in text.lines() {
        let inner = line.trim_start();
        let depth = line.len() - inner.len();
        if inner.is_empty() || inner.starts_with('#') {
            continue;
        }
        if depth == 0 && !inner.starts_with('-') {
            section = inner.split(':').next().unwrap_or("");
            indent = None;
            if section == "basePath" {
                bases.extend(inner.split_once(':').map(|(_, base)| unquoted(base).to_owned()));
            }
            continue;
        }
        match section {
            "paths" if *indent.get_or_insert(depth) == depth => {
                let key = inner.split(" #").next().unwrap_or(inner).trim_end();
                let key =
                    key.strip_suffix(':').or_else(|| key.split_once(": ").map(|(key, _)| key));
                paths.extend(key.map(unquoted).filter(|it| it.starts_with('/')).map(str::to_owned));
            }
            "servers" => {
                let url = inner.trim_start_matches("- ").strip_prefix("url:");
                bases.extend(url.map(|url| path_of_url(unquoted(url))));
            }
            _ => {}
        }
    }
    (bases, paths)
}

fn unquoted(text: &str) -> &str {
    text.trim().trim_matches(['"', '\''])
}

/// `https://example.com/v1` is at `/v1`.
fn path_of_url(url: &str) -> String {
    let rest = url
        .split_once("://")
        .map_or(url, |(_, rest)| rest.find('/').and_then(|slash| rest.get(slash..)).unwrap_or(""));
    rest.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    const YAML: &str = "openapi: 3.1.0\nservers:\n  - url: https://api.example.com/v1\n    description: live\n\
        paths:\n  # all of it\n  /users/{name}:\n    get:\n      summary: /not/{this}\n  \"/users/me\":\n    get: {}\n  \
        /files/{file}.pdf:\n    get: {}\n  /files/{file}: {}\ncomponents:\n  /no/{no}: {}\n";

    fn check(document: &str, cases: &[(&str, Option<&str>)]) {
        let mut templates = Templates::default();
        templates.add(document.as_bytes(), "api.yaml").unwrap();
        for (path, expected) in cases {
            assert_eq!(templates.of(path), *expected, "{path}");
        }
    }

    #[test]
    fn a_path_gets_the_name_that_the_document_has_for_it() {
        let cases = [
            ("/v1/users/ana", Some("/v1/users/{name}")),
            ("/v1/users/me?x=/y", Some("/v1/users/me")),
            ("/users/ana", Some("/users/{name}")),
            ("https://api.example.com/v1/users/ana/", Some("/v1/users/{name}")),
            ("/v1/files/a.pdf", Some("/v1/files/{file}.pdf")),
            ("/v1/files/a.txt", Some("/v1/files/{file}")),
            ("/v1/users", None),
            ("/v1/users/ana/x", None),
            ("/not/a", None),
            ("/no/a", None),
            ("", None),
        ];
        check(YAML, &cases);
        let json = r#"{"servers":[{"url":"/v1"}],"paths":{"/users/{name}":{},"/users/me":{}}}"#;
        check(json, &cases[..3]);
        check(r#"{"swagger":"2.0","basePath":"/v1","paths":{"/users/{name}":{}}}"#, &cases[..1]);
    }

    #[test]
    fn a_document_without_paths_is_refused() {
        for text in ["", "{}", "openapi: 3.1.0\npaths:\n", "no: document"] {
            let error = Templates::default().add(text.as_bytes(), "api.yaml").unwrap_err();
            assert!(error.to_string().starts_with("api.yaml"), "{error}");
        }
    }
}
