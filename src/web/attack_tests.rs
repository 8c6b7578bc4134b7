//! What an attacker may try on the page, over real sockets.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{mpsc, watch};
use tokio_rustls::rustls;

use super::access::{Rank, Tokens};
use super::tests::{state, status_of};
use super::{Errand, Errands, View, WebState, sample, serve};
use crate::store::Entry;

/// A page that is served, with the token of an operator.
struct Page {
    address: std::net::SocketAddr,
    token: String,
    asked: Arc<Mutex<Asked>>,
    _views: watch::Sender<Arc<View>>,
    stop: watch::Sender<bool>,
}

/// What reached the daemon.
#[derive(Default)]
struct Asked {
    words: usize,
    notes: Vec<Entry>,
}

const FORM: &str = "content-type: application/x-www-form-urlencoded\r\n";

impl Page {
    async fn open() -> Self {
        let mut tokens = Tokens::default();
        let token = tokens.create("ann", Rank::Operator, (sample::NOW, None)).unwrap();
        let (errands, inbox) = Errands::new();
        let (views, view) = watch::channel(Arc::new(sample::alert()));
        let state = WebState { errands, ..state(view, tokens) };
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (stop, stopped) = watch::channel(false);
        drop(tokio::spawn(serve(listener, state, None, stopped)));
        let asked = Arc::default();
        drop(tokio::spawn(take(inbox, Arc::clone(&asked))));
        Self { address, token, asked, _views: views, stop }
    }

    async fn ask(&self, request: &str) -> String {
        let mut stream = TcpStream::connect(self.address).await.unwrap();
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut bytes = Vec::new();
        // The server may close before it has taken all of it.
        drop(stream.read_to_end(&mut bytes).await);
        String::from_utf8(bytes).unwrap()
    }

    async fn get(&self, path: &str, headers: &str) -> String {
        self.ask(&format!(
            "GET {path} HTTP/1.1\r\nhost: {}\r\n{headers}connection: close\r\n\r\n",
            self.address
        ))
        .await
    }

    /// As a browser sends a form of ours, but for what the headers say otherwise.
    async fn post(&self, path: &str, headers: &str, body: &str) -> String {
        self.ask(&format!(
            "POST {path} HTTP/1.1\r\nhost: {}\r\n{headers}content-length: {}\r\nconnection: close\r\n\r\n{body}",
            self.address,
            body.len()
        ))
        .await
    }

    fn ours(&self) -> String {
        format!("{FORM}origin: http://{}\r\n", self.address)
    }

    /// The cookie of a session, and the proof of its forms.
    async fn log_in(&self, before: &str) -> (String, String) {
        let page = self.get("/login", before).await;
        let body = format!("csrf={}&token={}&next=/keys", proof(&page), self.token);
        let answer = self.post("/login", &format!("{}{before}", self.ours()), &body).await;
        assert_eq!(status_of(&answer), "303", "{answer}");
        assert!(answer.contains("location: /keys\r\n"), "{answer}");
        let cookie = answer.lines().find_map(|line| line.strip_prefix("set-cookie: ")).unwrap();
        for wanted in ["HttpOnly", "SameSite=Strict", "Path=/"] {
            assert!(cookie.contains(wanted), "{cookie}");
        }
        let cookie = format!("cookie: {}\r\n", cookie.split(';').next().unwrap());
        let page = self.get("/incidents/INC-7f3c9a", &cookie).await;
        (cookie, proof(&page))
    }
}

/// Takes up what is asked, and does nothing of it.
async fn take(mut inbox: mpsc::Receiver<Errand>, asked: Arc<Mutex<Asked>>) {
    while let Some(errand) = inbox.recv().await {
        let mut asked = asked.lock().unwrap();
        match errand {
            Errand::Note(entry) => asked.notes.push(entry),
            Errand::Say { .. } => asked.words += 1,
            Errand::Find { .. } | Errand::Key { .. } | Errand::Journal { .. } => {}
        }
    }
}

impl Drop for Page {
    fn drop(&mut self) {
        self.stop.send_replace(true);
    }
}

fn proof(page: &str) -> String {
    let (_, rest) = page.split_once("name=\"csrf\" value=\"").expect(page);
    rest.split('"').next().unwrap().to_owned()
}

#[tokio::test]
async fn nothing_is_done_for_a_form_of_another_site() {
    let page = Page::open().await;
    let (cookie, proof) = page.log_in("").await;
    let path = "/incidents/INC-7f3c9a/resolve";
    let (ours, body) = (page.ours(), format!("csrf={proof}&reason=x"));
    for (headers, body) in [
        (format!("{FORM}{cookie}origin: https://evil.example\r\n"), body.as_str()),
        (format!("{FORM}{cookie}origin: null\r\n"), &body),
        (format!("{FORM}{cookie}"), &body),
        (format!("{ours}{cookie}sec-fetch-site: cross-site\r\n"), &body),
        (format!("{ours}{cookie}"), "reason=x"),
        (format!("{ours}{cookie}"), "csrf=&reason=x"),
        (format!("{ours}{cookie}"), "csrf=0123456789abcdef&reason=x"),
        // The proof of one who is not logged in, or without the session itself.
        (ours.clone(), &body),
    ] {
        let answer = page.post(path, &headers, body).await;
        assert_eq!(status_of(&answer), "403", "{headers} {body}: {answer}");
    }
    let text = ours.replace("application/x-www-form-urlencoded", "text/plain");
    let answer = page.post(path, &format!("{text}{cookie}"), &body).await;
    assert_eq!(status_of(&answer), "415");
    // Looking changes nothing: scanners of mails open every link.
    for path in [path, "/incidents/INC-7f3c9a/acknowledge", "/logout"] {
        assert_eq!(status_of(&page.get(path, &cookie).await), "405", "{path}");
    }
    assert_eq!(page.asked.lock().unwrap().words, 0);
}

#[tokio::test]
async fn a_session_that_somebody_else_fixed_is_not_taken_over() {
    let page = Page::open().await;
    let fixed = "cookie: keyvigil=0123456789abcdef0123456789abcdef\r\n";
    let (cookie, _) = page.log_in(fixed).await;
    assert_ne!(cookie, fixed);
    let strange = fixed.to_owned() + "x-forwarded-for: 192.0.2.1\r\n";
    assert_eq!(status_of(&page.get("/keys", &strange).await), "303");
    let (again, proof) = page.log_in(&cookie).await;
    assert_ne!(again, cookie, "each log-in has an id of its own");
    let old = format!("{cookie}x-forwarded-for: 192.0.2.1\r\n");
    assert_eq!(status_of(&page.get("/keys", &old).await), "303", "the old one is over");
    let (headers, body) = (format!("{}{again}", page.ours()), format!("csrf={proof}"));
    assert!(page.post("/logout", &headers, &body).await.contains("Max-Age=0"));
    let gone = format!("{again}x-forwarded-for: 192.0.2.1\r\n");
    assert_eq!(status_of(&page.get("/keys", &gone).await), "303");
}

#[tokio::test]
async fn guessed_tokens_are_slowed_down_and_written_down() {
    let page = Page::open().await;
    let csrf = proof(&page.get("/login", "").await);
    let mut statuses = Vec::new();
    for number in 0..7 {
        let body = format!("csrf={csrf}&token=kv_{number:064}");
        statuses.push(status_of(&page.post("/login", &page.ours(), &body).await).to_owned());
    }
    assert_eq!(statuses, ["401", "401", "401", "401", "401", "429", "429"]);
    let bearer = format!("authorization: Bearer {}\r\n", page.token);
    assert_eq!(status_of(&page.get("/api/v1/status", &bearer).await), "429");
    let notes = page.asked.lock().unwrap().notes.clone();
    assert!(notes.iter().any(|it| it.what == "log-in refused" && it.from == "127.0.0.1"));
    assert!(!format!("{notes:?}").contains("kv_"), "what was guessed is not kept");
}

#[tokio::test]
async fn a_log_in_leads_to_no_other_site() {
    let page = Page::open().await;
    for next in
        ["https://evil.example/", "//evil.example/", "/%5Cevil.example", "javascript:alert(1)"]
    {
        let csrf = proof(&page.get(&format!("/login?next={next}"), "").await);
        let body = format!("csrf={csrf}&token={}&next={next}", page.token);
        let answer = page.post("/login", &page.ours(), &body).await;
        assert!(answer.contains("location: /\r\n"), "{next}: {answer}");
    }
}

#[tokio::test]
async fn what_is_too_large_is_refused() {
    let page = Page::open().await;
    let (cookie, proof) = page.log_in("").await;
    let large = format!("csrf={proof}&reason={}", "a".repeat(17_000));
    let path = "/incidents/INC-7f3c9a/acknowledge";
    let answer = page.post(path, &format!("{}{cookie}", page.ours()), &large).await;
    assert_eq!(status_of(&answer), "413", "{answer}");
    let headers = "x: y\r\n".repeat(200);
    let answer = page.get("/", &headers).await;
    assert!(["400", "431"].contains(&status_of(&answer)), "{answer}");
}

#[tokio::test]
async fn a_request_that_drips_in_is_cut_off() {
    let page = Page::open().await;
    let mut stream = TcpStream::connect(page.address).await.unwrap();
    stream.write_all(b"GET / HTTP/1.1\r\nhost: localhost\r\n").await.unwrap();
    let mut closed = false;
    for _ in 0..240 {
        tokio::time::sleep(Duration::from_millis(500)).await;
        if stream.write_all(b"x: y\r\n").await.is_err() {
            closed = true;
            break;
        }
    }
    assert!(closed, "it may drip for two minutes");
}

#[tokio::test]
async fn the_sixty_fifth_listener_is_turned_away_and_pages_still_come() {
    let page = Page::open().await;
    let mut listeners = Vec::new();
    let ask = format!("GET /events HTTP/1.1\r\nhost: {}\r\n\r\n", page.address);
    for _ in 0..64 {
        let mut stream = TcpStream::connect(page.address).await.unwrap();
        stream.write_all(ask.as_bytes()).await.unwrap();
        let mut head = [0; 256];
        let read = stream.read(&mut head).await.unwrap();
        assert!(head[..read].starts_with(b"HTTP/1.1 200"), "{:?}", String::from_utf8_lossy(&head));
        listeners.push(stream);
    }
    let turned = page.get("/events", "").await;
    assert_eq!(status_of(&turned), "503");
    assert!(turned.contains("retry-after: "), "{turned}");
    assert_eq!(status_of(&page.get("/", "").await), "200");
    listeners.truncate(10);
    for _ in 0..200 {
        let mut stream = TcpStream::connect(page.address).await.unwrap();
        stream.write_all(ask.as_bytes()).await.unwrap();
        let mut head = [0; 16];
        let read = stream.read(&mut head).await.unwrap();
        if head[..read].starts_with(b"HTTP/1.1 200") {
            return;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("those who left still hold their places");
}

/// What a browser that speaks only these versions gets of the page.
async fn over_tls(
    versions: &[&'static rustls::SupportedProtocolVersion],
    address: std::net::SocketAddr,
    certificate: &[u8],
) -> std::io::Result<String> {
    let mut roots = rustls::RootCertStore::empty();
    roots.add(certificate.to_vec().into()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(versions)
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let connector = tokio_rustls::TlsConnector::from(Arc::new(config));
    let stream = TcpStream::connect(address).await?;
    let mut stream = connector.connect("localhost".try_into().unwrap(), stream).await?;
    let ask = "GET /login HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n";
    stream.write_all(ask.as_bytes()).await?;
    let mut bytes = Vec::new();
    drop(stream.read_to_end(&mut bytes).await);
    Ok(String::from_utf8(bytes).unwrap())
}

#[tokio::test]
async fn over_tls_the_page_comes_with_its_newest_certificate_and_not_in_plain_text() {
    let made = || rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
    let config = |made: &rcgen::CertifiedKey<rcgen::KeyPair>| {
        let (chain, key) = (made.cert.pem(), made.signing_key.serialize_pem());
        super::tls_config((chain.as_bytes(), "c"), (key.as_bytes(), "k")).unwrap()
    };
    let (old, new) = (made(), made());
    let (turn, tls) = watch::channel(config(&old));
    let (_views, view) = watch::channel(Arc::new(sample::alert()));
    let rules = super::Rules { is_tls: true, ..super::Rules::default() };
    let access = super::Access::new(rules, watch::channel(Arc::default()).1).unwrap();
    let state = WebState { access, ..state(view, Tokens::default()) };
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (stop, stopped) = watch::channel(false);
    let server = tokio::spawn(serve(listener, state, Some(tls), stopped));
    for versions in [&[&rustls::version::TLS13], &[&rustls::version::TLS12]] {
        let answer = over_tls(versions, address, old.cert.der()).await.unwrap();
        assert_eq!(status_of(&answer), "200");
        assert!(answer.contains("strict-transport-security: max-age="), "{answer}");
    }
    let both = [&rustls::version::TLS13, &rustls::version::TLS12];
    assert!(over_tls(&both, address, new.cert.der()).await.is_err());
    turn.send_replace(config(&new));
    assert!(over_tls(&both, address, new.cert.der()).await.is_ok());
    // One who never shakes hands holds up nobody, and plain text gets no page.
    let _silent = TcpStream::connect(address).await.unwrap();
    let mut plain = TcpStream::connect(address).await.unwrap();
    plain.write_all(b"GET /login HTTP/1.1\r\nhost: localhost\r\n\r\n").await.unwrap();
    let mut bytes = Vec::new();
    drop(plain.read_to_end(&mut bytes).await);
    assert!(!bytes.starts_with(b"HTTP"), "{bytes:?}");
    assert!(over_tls(&both, address, new.cert.der()).await.is_ok());
    stop.send_replace(true);
    server.await.unwrap().unwrap();
}
