//! The page as people use it, in a real browser: logging in, finding what is worst, saying what
//! it is; with scripts and without; by keyboard; and whether everybody can read it.

mod browser;
mod proxy;
mod scene;
mod states;

use std::fs;

use serde_json::{Value, json};

use crate::parts::artefacts;
use crate::program::{keyvigil, stderr};
use browser::Browser;
use scene::Scene;

const PAGES: [&str; 14] = [
    "/",
    "/incidents",
    "/incidents/{id}",
    "/keys",
    "/keys/k_usual",
    "/roles",
    "/health",
    "/api",
    "/journal",
    "/third-parties",
    "/keys?q=nothing",
    "/incidents?state=closed",
    "/nowhere",
    "/login",
];

/// Name, width and colours.
const LOOKS: [(&str, u32, &str); 4] = [
    ("light", 1280, "light"),
    ("dark", 1280, "dark"),
    ("phone", 390, "light"),
    ("night", 390, "dark"),
];

#[test]
fn a_person_finds_the_worst_incident_and_says_what_it_is() {
    let scene = Scene::open();
    let mut browser = Browser::open(scene.folder.path(), (1280, 1000));
    walk(&scene, &mut browser);
    // A script refreshed the page meanwhile, or could have.
    browser.go(&scene.url("/"));
    browser.until("!!document.querySelector('.live')");
    assert!(browser.complaints.is_empty(), "{:#?}", browser.complaints);
}

#[test]
fn without_scripts_all_of_it_works_too() {
    let scene = Scene::open();
    let mut browser = Browser::open(scene.folder.path(), (1280, 1000));
    browser.without_scripts();
    walk(&scene, &mut browser);
    assert_eq!(browser.eval("!!document.querySelector('.live')"), json!(false));
}

/// Log in, worst incident, why, acknowledge, mute, expected, stale keys, export.
fn walk(scene: &Scene, browser: &mut Browser) {
    browser.go(&scene.url("/"));
    let title = browser.eval("document.title");
    assert!(title.as_str().unwrap().starts_with('▲'), "{title}");
    browser.click_text("Review high incident");
    browser.until("location.pathname.startsWith('/incidents/INC-')");
    for wanted in
        ["Why", "Evidence", "Before and during", "Next steps", "k_revoked", "keyvigil ack INC-"]
    {
        browser.until_text(wanted);
    }
    assert_eq!(
        browser.eval("document.scripts.length"),
        json!(1),
        "what a log line says is no script"
    );
    browser.click_text("log in");
    browser.until("location.pathname === '/login'");
    browser.fill("input[name=token]", &scene.operator);
    browser.click("main button");
    browser.until("location.pathname.startsWith('/incidents/INC-')");
    browser.fill("#act input[name=reason]", "looking <b>into</b> it");
    browser.click("#acknowledge");
    browser.until_text("Acknowledged by ann");
    browser.until_text("looking <b>into</b> it");
    browser.until_text("Acknowledged. Whoever was told");
    browser.click_text("Mute with a reason");
    browser.fill("#mute input[name=reason]", "planned until tomorrow");
    browser.click("#mute button");
    browser.until_text("Muted until");
    browser.until_text("planned until tomorrow");
    browser.click_text("Expected");
    browser.until_text("Expected by ann");
    browser.until_text("Resolved");
    browser.click_text("Keys");
    browser.until("location.pathname === '/keys'");
    browser.eval("document.querySelector('select[name=state]').value = 'stale'");
    browser.click(".filter button");
    browser.until("location.search.includes('state=stale')");
    browser.until_text("k_usual");
    let export = browser.eval(
        "[...document.links].find((it) => it.innerText.includes('Export')).getAttribute('href')",
    );
    let csv = scene.get(export.as_str().unwrap(), &scene.operator);
    assert!(csv.contains("text/csv") && csv.contains("\"k_usual\""), "{csv}");
    let csv = scene.get("/keys.csv", &scene.operator);
    assert!(!csv.contains("\n=") && csv.contains("\"'=cmd|"), "{csv}");
    browser.click_text("Log out");
    browser.until("location.pathname === '/login'");
}

#[test]
fn every_page_can_be_read_by_everybody() {
    let scene = Scene::open();
    let axe = fs::read_to_string(scene::axe()).unwrap();
    let pictures = artefacts("page");
    let mut browser = Browser::open(scene.folder.path(), (1280, 1000));
    browser.go(&scene.url("/login?next=/journal"));
    let mut found = check(&mut browser, &axe);
    browser.fill("input[name=token]", &scene.admin);
    browser.click("main button");
    browser.until("location.pathname === '/journal'");
    for (look, width, scheme) in LOOKS {
        browser.size(width, 1000);
        browser.dark(scheme);
        for page in PAGES {
            browser.go(&scene.url(&page.replace("{id}", &scene.incident)));
            let name = page.trim_start_matches('/').replace("/{id}", "-one");
            let name = if name.is_empty() { "overview".to_owned() } else { name };
            let name = name.replace(['/', '?', '='], "-");
            browser.picture(&pictures.join(format!("{look}-{name}.png")));
            let wide = browser.eval(&format!("document.documentElement.scrollWidth > {width}"));
            assert_eq!(wide, json!(false), "{look} {page} is wider than the screen");
            let more = check(&mut browser, &axe);
            found.extend(more.into_iter().map(|one| format!("{look} {page}: {one}")));
        }
    }
    browser.size(1280, 1000);
    browser.dark("light");
    for page in ["/", "/incidents/{id}", "/keys"] {
        browser.go(&scene.url(&page.replace("{id}", &scene.incident)));
        let name = page.replace("/{id}", "-one").replace('/', "");
        browser.print(&pictures.join(format!("print-{name}.pdf")));
    }
    assert!(found.is_empty(), "{found:#?}");
    let is_missing = |it: &String| it.contains("/nowhere");
    browser.complaints.retain(|it| !is_missing(it));
    assert!(browser.complaints.is_empty(), "{:#?}", browser.complaints);
}

fn check(browser: &mut Browser, axe: &str) -> Vec<String> {
    browser.eval(&format!("{axe}; true"));
    let violations = browser.eval("axe.run(document).then((it) => it.violations)");
    let told = |one: &Value| {
        let nodes: Vec<String> = one["nodes"]
            .as_array()
            .unwrap()
            .iter()
            .take(3)
            .map(|it| format!("{} {}", it["target"], it["failureSummary"]))
            .collect();
        format!("{}: {} {nodes:?}", one["id"], one["help"])
    };
    violations.as_array().unwrap().iter().map(told).collect()
}

#[test]
fn the_keyboard_leads_to_every_page_and_an_open_page_refreshes_itself() {
    let scene = Scene::open();
    let mut browser = Browser::open(scene.folder.path(), (1280, 1000));
    browser.go(&scene.url("/"));
    browser.until("!!document.querySelector('.live')");
    browser.key("j");
    browser.until("document.activeElement.matches('.rows a')");
    browser.key("g");
    browser.key("k");
    browser.until("location.pathname === '/keys'");
    browser.until("document.readyState === 'complete'");
    browser.key("/");
    browser.until("document.activeElement.matches('input[type=search]')");
    browser.go(&scene.url(&format!("/incidents/{}", scene.incident)));
    browser.until("!!document.querySelector('.live')");
    let said =
        keyvigil(&["ack", &scene.incident, "--reason", "by hand", "--config", &scene.config()]);
    assert!(said.status.success(), "{}", stderr(&said));
    browser.until_text("by hand");
    assert!(browser.complaints.is_empty(), "{:#?}", browser.complaints);
}
