//! Ten thousand keys and a thousand incidents: pages stay as small as they are.

use std::sync::Arc;
use std::time::Instant;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

use super::access::Tokens;
use super::tests::{state, status_of};
use super::{View, sample, serve};
use crate::incident::{Incident, IncidentId, StaleFinding};

fn many() -> View {
    let view = sample::alert();
    let key = |number: usize| {
        let mut key = view.keys[number % view.keys.len()].clone();
        key.key = format!("{}-{number}", key.key).into();
        key
    };
    let incident = |number: usize| {
        let known = &view.incidents[number % view.incidents.len()];
        let id = IncidentId((number as u64) << 32 | 7);
        Incident { id, keys: vec![format!("billing-sync-{number}")], ..known.clone() }
    };
    let finding = |number: usize| {
        let known = &view.stale[number % view.stale.len()];
        let known = StaleFinding::clone(known);
        Arc::new(StaleFinding { key: format!("erp-bridge-{number}").into(), ..known })
    };
    View {
        keys: Arc::new((0..10_000).map(key).collect()),
        incidents: (0..1000).map(incident).collect(),
        stale: (0..3000).map(finding).collect(),
        ..view.clone()
    }
}

/// What each took is printed: nothing is asserted of it, for machines differ and are busy.
#[tokio::test]
#[expect(clippy::disallowed_methods, reason = "how long it took is printed, and nothing more")]
async fn of_many_keys_and_incidents_a_page_shows_some_and_leads_on() {
    let (_views, view) = watch::channel(Arc::new(many()));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (stop, stopped) = watch::channel(false);
    let server = tokio::spawn(serve(listener, state(view, Tokens::default()), None, stopped));
    for path in [
        "/",
        "/incidents",
        "/keys",
        "/keys?q=billing&order=last&page=7",
        "/keys?state=stale",
        "/keys/billing-sync-0",
        "/roles",
        "/health",
        "/api/v1/keys?limit=1000",
        "/api/v1/incidents",
        "/metrics",
    ] {
        let began = Instant::now();
        let mut stream = TcpStream::connect(address).await.unwrap();
        let ask = format!("GET {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n");
        stream.write_all(ask.as_bytes()).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        eprintln!("{path}: {} ms, {} kB", began.elapsed().as_millis(), answer.len() / 1000);
        assert_eq!(status_of(&answer), "200", "{path}");
        assert!(path.starts_with("/api") || answer.len() < 76_000, "{path}: {}", answer.len());
    }
    stop.send_replace(true);
    server.await.unwrap().unwrap();
}
