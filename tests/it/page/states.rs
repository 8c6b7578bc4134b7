//! Every state of the page, made by daemons that are in it: pictures of each in the light, in the
//! dark, on a phone and on paper, and whether everybody can read it.

use std::fs;
use std::path::Path;

use serde_json::json;
use tempfile::TempDir;

use super::browser::Browser;
use super::scene::axe;
use super::{LOOKS, check};
use crate::parts::{artefacts, text};
use crate::program::{Running, free_address, keyvigil, start, stderr};

/// A state, what its tab says, and what a stranger has to find on its first screen.
struct State {
    name: &'static str,
    sign: char,
    says: [&'static str; 2],
    make: fn(&Path) -> String,
    /// Of `/api/v1/status`.
    verdict: &'static str,
}

const STATES: [State; 5] = [
    State {
        name: "empty",
        sign: '✕',
        says: ["Nothing is being watched", "sudo keyvigil init"],
        make: |_| "sources = []\n".to_owned(),
        verdict: "blind",
    },
    State {
        name: "blind",
        sign: '✕',
        says: ["Blind:", "cannot be read"],
        make: |folder| format!("sources = [{}]\n", entry(folder, "missing.txt")),
        verdict: "blind",
    },
    State {
        name: "degraded",
        sign: '⚠',
        says: ["Degraded: one thing does not work as it should", "1 of 3 log files cannot be read"],
        make: |folder| {
            fs::write(folder.join("access.later"), log(3)).unwrap();
            let entries = ["*.log", "missing.txt"].map(|name| entry(folder, name));
            format!("sources = [{}, {}]\n", entries[0], entries[1])
        },
        verdict: "degraded",
    },
    State {
        name: "learning",
        sign: '◐',
        says: ["Learning what is usual", "Rules hold from the first second"],
        make: |folder| {
            fs::write(folder.join("access.later"), log(3)).unwrap();
            format!("sources = [{}]\n", entry(folder, "*.log"))
        },
        verdict: "learning",
    },
    State {
        name: "all-clear",
        sign: '✓',
        says: ["Nothing unusual in 24", "checked"],
        make: |folder| {
            // What happened before it began was judged once.
            fs::write(folder.join("access.old"), log(24 * 9)).unwrap();
            let (state, old) = (path(folder, "state"), path(folder, "access.old"));
            let form = ["--format", "json", "--key-is", "id", "--state", &state];
            let replayed = keyvigil(&[&["replay", "--quiet"], &form[..], &[&old]].concat());
            assert!(replayed.status.success(), "{}", stderr(&replayed));
            format!("sources = [{}]\n", entry(folder, "*.log"))
        },
        verdict: "ok",
    },
];

#[test]
fn every_state_says_what_it_is_on_its_first_screen() {
    let axe = fs::read_to_string(axe()).unwrap();
    let pictures = artefacts("page-states");
    let folder = tempfile::tempdir().unwrap();
    let mut browser = Browser::open(folder.path(), (1280, 900));
    let mut found = Vec::new();
    for state in &STATES {
        let (_folder, daemon) = open(state);
        let url = format!("http://{}/", daemon.address);
        for (look, width, scheme) in LOOKS {
            browser.size(width, 900);
            browser.dark(scheme);
            browser.go(&url);
            let title = browser.eval("document.title");
            assert!(title.as_str().unwrap().starts_with(state.sign), "{}: {title}", state.name);
            for says in state.says {
                browser.until_text(says);
            }
            browser.picture(&pictures.join(format!("{look}-{}.png", state.name)));
            let wide = browser.eval(&format!("document.documentElement.scrollWidth > {width}"));
            assert_eq!(wide, json!(false), "{look} {} is wider than the screen", state.name);
            let more = check(&mut browser, &axe);
            found.extend(more.into_iter().map(|one| format!("{look} {}: {one}", state.name)));
        }
        // An open page would miss it.
        browser.go("about:blank");
        assert_eq!(daemon.stop(), 0);
    }
    assert!(found.is_empty(), "{found:#?}");
    assert!(browser.complaints.is_empty(), "{:#?}", browser.complaints);
}

fn open(state: &State) -> (TempDir, Running) {
    let folder = tempfile::tempdir().unwrap();
    let address = free_address();
    let sources = (state.make)(folder.path());
    let config = format!(
        "key_is = \"id\"\n{sources}[web]\nlisten = \"{address}\"\n[store]\ndirectory = \"{}\"\n",
        path(folder.path(), "state")
    );
    let file = path(folder.path(), "keyvigil.toml");
    fs::write(&file, config).unwrap();
    fs::write(folder.path().join("other.log"), "").unwrap();
    let mut daemon = start(&["run", "--config", &file], address, folder.path());
    let later = folder.path().join("access.later");
    if later.exists() {
        // A file that comes later is read from its beginning.
        daemon.wait_for("/api/v1/status", |body| body.contains("other.log"));
        fs::rename(later, folder.path().join("access.log")).unwrap();
        daemon.wait_for("/api/v1/keys/k_stock", |body| body.contains("last_used"));
    }
    let wanted = format!("\"verdict\":\"{}\"", state.verdict);
    daemon.wait_for("/api/v1/status", |body| body.contains(&wanted));
    (folder, daemon)
}

fn entry(folder: &Path, name: &str) -> String {
    format!("{{ path = \"{}\", format = \"json\" }}", path(folder, name))
}

fn path(folder: &Path, name: &str) -> String {
    text(&folder.join(name)).to_owned()
}

/// Quiet use by two keys, up to now.
fn log(hours: i64) -> String {
    let now = jiff::Timestamp::now().as_second();
    let mut log = String::new();
    for at in ((now - hours * 3600)..now).step_by(120) {
        for key in ["k_orders", "k_stock"] {
            log.extend([format!(
                "{{\"time\":{at},\"remote_addr\":\"192.0.2.7\",\"method\":\"GET\",\
                 \"path\":\"/v1/orders\",\"status\":200,\"key_id\":\"{key}\",\
                 \"user_agent\":\"client/1.0\"}}\n"
            )]);
        }
    }
    log
}
