//! The server, asked over a real socket.

use std::sync::Arc;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

use super::access::{Access, Rules, Tokens};
use super::sample;
use super::{Errands, Listening, Streams, Trail, View, WebState, Window, serve};
use crate::model::Timestamp;

const PAGES: [&str; 10] = [
    "/",
    "/incidents",
    "/incidents/INC-7f3c9a",
    "/keys",
    "/keys?state=stale&page=9",
    "/keys/erp-bridge",
    "/roles",
    "/third-parties",
    "/health",
    "/api",
];

/// What the server sends for one request line and host.
async fn answer(view: Arc<View>, request: &str) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (stop, stopped) = watch::channel(false);
    let (_views, view) = watch::channel(view);
    let server = tokio::spawn(serve(listener, state(view, Tokens::default()), None, stopped));
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut text = Vec::new();
    stream.read_to_end(&mut text).await.unwrap();
    stop.send(true).unwrap();
    server.await.unwrap().unwrap();
    String::from_utf8(text).unwrap()
}

/// What a page on the loopback has, with nobody to do what is asked.
pub(super) fn state(view: watch::Receiver<Arc<View>>, tokens: Tokens) -> WebState {
    let hosts = vec!["status.example.com".into()];
    let rules = Rules { hosts, local_may_look: true, ..Rules::default() };
    WebState {
        window: Window { view, now: || sample::NOW },
        access: Access::new(rules, watch::channel(Arc::new(tokens)).1).unwrap(),
        errands: Errands::new().0,
        trail: Trail::default(),
        streams: Streams::new(never()),
    }
}

/// A daemon that does not end.
fn never() -> watch::Receiver<bool> {
    let (sender, receiver) = watch::channel(false);
    std::mem::forget(sender);
    receiver
}

async fn get(view: View, path: &str) -> String {
    let request = format!("GET {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n");
    answer(Arc::new(view), &request).await
}

pub(super) fn status_of(answer: &str) -> &str {
    answer.split(' ').nth(1).unwrap()
}

fn json_of(answer: &str) -> serde_json::Value {
    serde_json::from_str(answer.split_once("\r\n\r\n").unwrap().1).unwrap()
}

#[tokio::test]
async fn every_page_of_every_state_is_shown_small_and_strict() {
    for (name, view) in sample::all() {
        for path in PAGES {
            let request =
                format!("GET {path} HTTP/1.1\r\nhost: 127.0.0.1:8787\r\nconnection: close\r\n\r\n");
            let text = answer(Arc::clone(&view), &request).await;
            let is_known = match path {
                path if path.contains("INC-") => !view.incidents.is_empty(),
                path if path.starts_with("/keys/") => {
                    view.keys.iter().any(|it| it.key == "erp-bridge")
                }
                _ => true,
            };
            let is_gone = path.contains("INC-") && status_of(&text) == "404";
            let expected = if is_known { "200" } else { "404" };
            assert!(is_gone || status_of(&text) == expected, "{name} {path}: {text}");
            let size = text.len() + super::parts::CSS.len();
            assert!(name == "attack" || size < 60_000, "{name} {path}: {}", text.len());
            for wanted in [
                "content-security-policy: default-src 'none'; script-src 'self'",
                "x-content-type-options: nosniff",
                "referrer-policy: same-origin",
            ] {
                assert!(text.contains(wanted), "{name} {path}: {wanted}");
            }
            for banned in ["style=", "<script>", "<script\n", "onload", "<style", "javascript:"] {
                assert!(!text.contains(banned), "{name} {path}: {banned}");
            }
            keep(name, path, &text).await;
        }
    }
}

/// Leaves what was made for a look at it, in the folder that the environment names.
async fn keep(name: &str, path: &str, text: &str) {
    let Ok(folder) = std::env::var("KEYVIGIL_PAGES") else {
        return;
    };
    let page: String = path.chars().map(|c| if c.is_alphanumeric() { c } else { '_' }).collect();
    let html = text.split_once("\r\n\r\n").unwrap().1.replace("/assets/", "");
    tokio::fs::create_dir_all(&folder).await.unwrap();
    let sheet = format!("{folder}/{}", *super::parts::CSS_NAME);
    tokio::fs::write(format!("{folder}/{name}{page}.html"), html).await.unwrap();
    tokio::fs::write(sheet, super::parts::CSS).await.unwrap();
}

#[tokio::test]
async fn what_an_attacker_wrote_does_nothing() {
    for path in PAGES.into_iter().chain(["/api/v1/incidents", "/api/v1/keys", "/api/v1/status"]) {
        let text = get(sample::attack(), path).await;
        let text = text.replace("<script src=\"/assets/app-", "");
        for live in ["<script", "<img", "\u{202e}", "\u{1b}"] {
            assert!(
                !text.contains(live) || (path.starts_with("/api/") && live.starts_with('<')),
                "{path}: {live}"
            );
        }
        if path.starts_with("/api/") {
            assert!(text.contains("content-type: application/json"), "{path}");
        }
    }
    let echoed =
        get(sample::calm(), "/keys?q=%22%3E%3Cscript%3Ealert(1)%3C/script%3E&role=%3Cb%3E").await;
    assert!(!echoed.replace("<script src=\"/assets/app-", "").contains("<script"));
    assert!(!echoed.contains("<b>&"));
}

#[tokio::test]
async fn other_names_for_this_machine_are_refused() {
    for (request, status) in [
        ("GET / HTTP/1.1\r\nhost: evil.example\r\n", "421"),
        ("GET / HTTP/1.1\r\nhost: evil.example:8787\r\n", "421"),
        ("GET http://evil.example/ HTTP/1.1\r\nhost: localhost\r\n", "421"),
        ("GET / HTTP/1.1\r\nhost: localhost\r\nhost: evil.example\r\n", "421"),
        ("GET /metrics HTTP/1.0\r\n", "421"),
        ("GET / HTTP/1.1\r\nhost: STATUS.example.com:443\r\n", "303"),
        ("GET /healthz HTTP/1.1\r\nhost: STATUS.example.com:443\r\n", "200"),
        ("GET / HTTP/1.1\r\nhost: 192.0.2.7\r\n", "303"),
        ("GET / HTTP/1.1\r\nhost: [::1]:8787\r\n", "200"),
    ] {
        let request = format!("{request}connection: close\r\n\r\n");
        let text = answer(Arc::new(sample::calm()), &request).await;
        assert_eq!(status_of(&text), status, "{request}");
        assert!(text.contains("content-security-policy"), "{request}");
    }
}

#[tokio::test]
async fn nothing_can_be_changed_and_nothing_else_be_read() {
    for (method, path, status) in [
        ("POST", "/", "403"),
        ("POST", "/incidents/INC-7f3c9a/resolve", "403"),
        ("POST", "/api/v1/incidents/INC-7f3c9a/resolve", "401"),
        ("DELETE", "/api/v1/incidents/INC-7f3c9a", "405"),
        ("PUT", "/nowhere", "405"),
        ("OPTIONS", "/", "405"),
        ("HEAD", "/", "200"),
        ("GET", "/nowhere", "404"),
        ("GET", "/incidents/INC-ffffff", "404"),
        ("GET", "/incidents/%2e%2e%2f%2e%2e%2fetc%2fpasswd", "404"),
        ("GET", "/assets/..%2f..%2fCargo.toml", "404"),
        ("GET", "/assets/../../Cargo.toml", "404"),
        ("GET", "/api/v1/incidents/../status", "405"),
        ("GET", "/api/v1/incidents/INC-ffffff", "404"),
        ("GET", "/api/v1/incidents?state=bogus", "400"),
    ] {
        let request = format!(
            "{method} {path} HTTP/1.1\r\nhost: localhost\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
        );
        let text = answer(Arc::new(sample::alert()), &request).await;
        assert_eq!(status_of(&text), status, "{method} {path}");
    }
    let text = get(sample::alert(), "/api/v1/incidents/INC-ffffff").await;
    assert!(json_of(&text)["detail"].as_str().unwrap().contains("no such incident"));
}

#[tokio::test]
async fn an_open_incidents_page_shows_the_commands_that_its_mails_point_to() {
    let page = get(sample::alert(), "/incidents/INC-7f3c9a").await;
    for (anchor, command) in [
        ("acknowledge", "keyvigil ack INC-7f3c9a"),
        ("mute", "keyvigil mute INC-7f3c9a"),
        ("expected", "keyvigil expected INC-7f3c9a"),
    ] {
        assert!(page.contains(&format!("<li id=\"{anchor}\">")), "{anchor}: {page}");
        assert!(page.contains(command), "{command}: {page}");
    }
}

#[tokio::test]
async fn too_long_an_address_or_header_is_refused() {
    let text = get(sample::calm(), &format!("/keys?q={}", "a".repeat(2100))).await;
    assert_eq!(status_of(&text), "414");
    let request = format!(
        "GET / HTTP/1.1\r\nhost: localhost\r\nx: {}\r\nconnection: close\r\n\r\n",
        "a".repeat(17_000)
    );
    assert_eq!(status_of(&answer(Arc::new(sample::calm()), &request).await), "431");
}

#[tokio::test]
async fn monitors_get_the_status_as_agreed() {
    let status = json_of(&get(sample::alert(), "/api/v1/status").await);
    assert_eq!(status["verdict"], "alert");
    assert_eq!(
        status["incidents"],
        serde_json::json!({"critical": 0, "high": 1, "medium": 1, "low": 1})
    );
    assert_eq!(
        (&status["stale_keys"], &status["keys"], &status["roles"]),
        (&5.into(), &40.into(), &4.into())
    );
    assert_eq!(status["last_event"], "2026-11-21T09:04:31.000Z");
    assert_eq!(status["lag_seconds"], 0.4);
    assert_eq!(status["sources"][1]["state"], "idle");
    assert_eq!(status["mail"]["queued"], 0);

    let empty = json_of(&get(View::default(), "/api/v1/status").await);
    assert_eq!(empty["verdict"], "blind");
    for name in ["since", "last_event", "lag_seconds"] {
        assert!(empty[name].is_null(), "{name}");
    }
}

#[tokio::test]
async fn incidents_come_open_first_and_can_be_asked_for_by_state() {
    let all = json_of(&get(sample::alert(), "/api/v1/incidents").await);
    let ids: Vec<&str> = all["incidents"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["id"].as_str().unwrap())
        .collect();
    assert_eq!(ids, ["INC-7f3c9a", "INC-55ab01", "INC-1b2204", "INC-222222"]);
    let some = json_of(&get(sample::alert(), "/api/v1/incidents?state=resolved").await);
    assert_eq!(some["incidents"].as_array().unwrap().len(), 1);
    let one = json_of(&get(sample::alert(), "/api/v1/incidents/INC-7f3c9a").await);
    assert_eq!(one["findings"].as_array().unwrap().len(), 3);
}

#[tokio::test]
async fn keys_tell_owner_role_use_and_what_is_stale() {
    let keys = json_of(&get(sample::alert(), "/api/v1/keys").await);
    let key =
        keys["keys"].as_array().unwrap().iter().find(|key| key["key"] == "erp-bridge").unwrap();
    assert_eq!(key["owner"], "payments@example.com");
    assert_eq!(key["stale"][0]["kind"], "rotation_overdue");
    assert!(key["first_used"].as_str().unwrap().ends_with('Z'));
}

#[tokio::test]
async fn readiness_falls_when_blind_and_liveness_does_not() {
    for (view, ready) in
        [(sample::calm(), "200"), (sample::degraded(), "200"), (sample::blind(), "503")]
    {
        assert_eq!(status_of(&get(view.clone(), "/readyz").await), ready);
        assert!(get(view, "/healthz").await.ends_with("\r\n\r\nok"));
    }
}

#[tokio::test]
async fn metrics_name_no_key_path_or_address() {
    let text = get(sample::alert(), "/metrics").await;
    assert!(text.contains("keyvigil_verdict{verdict=\"alert\"} 1"), "{text}");
    assert!(text.contains("keyvigil_open_incidents{severity=\"high\"} 1"));
    assert!(text.contains("keyvigil_events_total 11712345"));
    assert!(text.ends_with("# EOF\n"));
    for secret in ["erp-bridge", "/var/log", "192.0.2", "example.com"] {
        assert!(!text.contains(secret), "{secret}");
    }
}

#[tokio::test]
async fn a_view_that_no_one_renews_is_not_green() {
    let mut view = sample::calm();
    assert!(get(view.clone(), "/api/v1/status").await.contains("\"verdict\":\"ok\""));
    view.updated = Timestamp(sample::NOW.0 - 60_001);
    assert!(get(view, "/api/v1/status").await.contains("\"verdict\":\"degraded\""));
}

#[test]
fn where_others_can_reach_it_there_must_be_tls_and_a_token() {
    let check = |address: &str, has_tls, has_token| {
        Listening { address: address.parse().unwrap(), has_tls, has_token }.check()
    };
    for good in ["127.0.0.1:8787", "[::1]:8787", "127.9.9.9:1", "[::ffff:127.0.0.1]:1"] {
        assert!(check(good, false, false).is_ok(), "{good}");
    }
    for bad in ["0.0.0.0:8787", "192.0.2.1:8787", "[::]:8787", "[2001:db8::1]:80"] {
        for (has_tls, has_token, missing) in [
            (false, false, "without TLS and a token"),
            (true, false, "without a token"),
            (false, true, "without TLS."),
        ] {
            let error = check(bad, has_tls, has_token).unwrap_err().to_string();
            assert!(error.contains(missing) && error.contains("ssh -L"), "{error}");
        }
        assert!(check(bad, true, true).is_ok(), "{bad}");
    }
}
