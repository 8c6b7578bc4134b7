//! Requests to the whole server, over real sockets, in which method, path, headers and body are
//! bent: it answers each in time, gives nothing to those who have no token, and never falls.

use std::fmt::Write as _;
use std::sync::atomic::{AtomicI64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Builder;
use tokio::sync::watch;

use super::access::{Access, Rank, Rules, Tokens};
use super::fuzz_words::{BODIES, FIELDS, METHODS, OUR_HEADERS, PATHS};
use super::tests::state;
use super::{Errand, Errands, WebState, Window, Word, sample, serve};
use crate::model::Timestamp;
use crate::model::bent::{Bytes, HOSTILE, fuzz_for};

/// Each look at the clock is two minutes later: wrong tokens do not shut everybody out for long.
static CLOCK: AtomicI64 = AtomicI64::new(0);

/// How long an answer may take on a busy machine, and a request that is not whole be waited for.
const PATIENCE: Duration = Duration::from_mins(1);
const CUT_OFF: Duration = Duration::from_millis(20);

/// A server that shows nothing to strangers, and what they have tried.
struct Server {
    address: std::net::SocketAddr,
    token: String,
    /// What somebody said who had no token.
    by_strangers: Arc<Mutex<Vec<Word>>>,
}

struct Bent {
    bytes: Vec<u8>,
    is_known: bool,
    /// The server may rightly wait for more of it.
    is_whole: bool,
}

#[test]
fn no_request_makes_the_server_fall_or_tell_a_stranger_anything() {
    let fallen = Arc::new(AtomicUsize::new(0));
    watch_for_panics(&fallen);
    let runtime = Builder::new_multi_thread().enable_all().build().unwrap();
    let server = runtime.block_on(Server::start());
    fuzz_for(1_000, |bytes| {
        let request = server.request(bytes);
        let answer = runtime.block_on(server.answer(&request));
        let shown = || format!("{}\n->\n{}", request.bytes.escape_ascii(), answer.escape_ascii());
        assert_eq!(fallen.load(Ordering::Relaxed), 0, "{}", shown());
        check(&request, &answer, &shown);
        assert!(server.by_strangers.lock().unwrap().is_empty(), "{}", shown());
    });
    let last = Bent { bytes: server.plain("GET", "/"), is_known: true, is_whole: true };
    let answer = runtime.block_on(server.answer(&last));
    assert!(answer.starts_with(b"HTTP/1.1 200 "), "{}", answer.escape_ascii());
}

/// A panic in a task is told to nobody else: the connection just ends.
fn watch_for_panics(fallen: &Arc<AtomicUsize>) {
    let (fallen, usual) = (Arc::clone(fallen), std::panic::take_hook());
    std::panic::set_hook(Box::new(move |panic| {
        if tokio::task::try_id().is_some() {
            fallen.fetch_add(1, Ordering::Relaxed);
        }
        usual(panic);
    }));
}

fn check(request: &Bent, answer: &[u8], shown: &impl Fn() -> String) {
    // What comes before the answer to a body that is waited for.
    let answer = answer.strip_prefix(b"HTTP/1.1 100 Continue\r\n\r\n").unwrap_or(answer);
    if answer.is_empty() {
        assert!(!request.is_whole, "no answer: {}", shown());
        return;
    }
    let head = answer.split(|byte| *byte == b'\n').next().unwrap_or_default();
    let head = std::str::from_utf8(head).unwrap_or_default();
    let status: u16 = head.split(' ').nth(1).unwrap_or_default().parse().unwrap_or_default();
    assert!(head.starts_with("HTTP/1.") && (200..600).contains(&status), "{}", shown());
    assert_ne!(status, 500, "{}", shown());
    let text = String::from_utf8_lossy(answer);
    let (head, body) = text.split_once("\r\n\r\n").unwrap_or((&text, ""));
    for line in head.split("\r\n").skip(1) {
        let name = line.split(':').next().unwrap_or_default();
        assert!(OUR_HEADERS.contains(&name), "{name}: {}", shown());
    }
    let does_harm = ["<script>alert", "<img src=x"].iter().any(|it| body.contains(it));
    assert!(!does_harm || !head.contains("content-type: text/html"), "{}", shown());
    if !request.is_known && matches!(status, 200..=299) {
        // Names of the view have this in them, and no request has it.
        assert!(!text.contains("alert(2)") && !text.contains("erp-bridge\""), "{}", shown());
        let is_open = ["\r\n\r\nok", "\r\n\r\nready", "immutable", "name=\"token\""];
        let is_open = is_open.iter().any(|it| text.contains(it)) || body.is_empty();
        // Of one who sent two in one, the second answer stands behind the first.
        assert!(is_open || body.contains("HTTP/1.1 "), "{}", shown());
    }
}

impl Server {
    async fn start() -> Self {
        let mut tokens = Tokens::default();
        let token = tokens.create("ann", Rank::Operator, (sample::NOW, None)).unwrap();
        let (errands, mut inbox) = Errands::new();
        let (views, view) = watch::channel(Arc::new(sample::attack()));
        // It lives as long as the server.
        std::mem::forget(views);
        let hosts = vec!["status.example.com".into()];
        let rules = Rules { hosts, local_may_look: false, ..Rules::default() };
        let access = Access::new(rules, watch::channel(Arc::new(tokens.clone())).1).unwrap();
        let window = Window { view: view.clone(), now };
        let state = WebState { window, access, errands, ..state(view, tokens) };
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (stop, stopped) = watch::channel(false);
        std::mem::forget(stop);
        drop(tokio::spawn(serve(listener, state, None, stopped)));
        let by_strangers = Arc::<Mutex<Vec<Word>>>::default();
        let strangers = Arc::clone(&by_strangers);
        drop(tokio::spawn(async move {
            while let Some(errand) = inbox.recv().await {
                match errand {
                    Errand::Say { word, .. } if word.by != "ann" => {
                        strangers.lock().unwrap().push(word);
                    }
                    Errand::Say { .. }
                    | Errand::Find { .. }
                    | Errand::Key { .. }
                    | Errand::Journal { .. }
                    | Errand::Note(_) => {}
                }
            }
        }));
        Self { address, token, by_strangers }
    }

    fn plain(&self, method: &str, path: &str) -> Vec<u8> {
        let Self { token, address, .. } = self;
        let head = format!("{method} {path} HTTP/1.1\r\nhost: {address}\r\n");
        format!("{head}authorization: Bearer {token}\r\nconnection: close\r\n\r\n").into_bytes()
    }

    fn request(&self, bytes: &mut Bytes) -> Bent {
        let method = METHODS[bytes.below(METHODS.len())];
        let path = bent_path(bytes);
        let mut head = format!("{method} {path} HTTP/1.1\r\n");
        if bytes.below(20) != 0 {
            write!(head, "host: {}\r\n", self.address).unwrap();
        }
        let is_known = bytes.below(2) == 0;
        if is_known {
            write!(head, "authorization: Bearer {}\r\n", self.token).unwrap();
        }
        for _ in 0..bytes.below(5) {
            head += FIELDS[bytes.below(FIELDS.len())];
            if bytes.below(6) == 0 {
                head += HOSTILE[bytes.below(HOSTILE.len())];
            }
            head += "\r\n";
        }
        if bytes.below(60) == 0 {
            head += &"x: y\r\n".repeat(bytes.below(3_000));
        }
        let mut body = String::new();
        if bytes.below(2) == 0 {
            let corpus: Vec<_> = BODIES.iter().map(|it| it.as_bytes().to_vec()).collect();
            body = String::from_utf8_lossy(&bytes.bend(&corpus)).into_owned();
            if bytes.below(50) == 0 {
                body = body.repeat(2_000);
            }
            write!(head, "content-length: {}\r\n", body.len()).unwrap();
        }
        let mut request = format!("{head}connection: close\r\n\r\n{body}").into_bytes();
        let is_bent = bytes.below(6) == 0;
        if is_bent {
            request = bytes.bend(&[request]);
        }
        // Chunks, promised bodies and cut heads may be waited for.
        let text = String::from_utf8_lossy(&request).to_ascii_lowercase();
        let waits = ["chunked", "expect:", "upgrade", "connect ", "pri "];
        let is_whole = !is_bent
            && !waits.iter().any(|it| text.contains(it))
            && text.matches("content-length").count() < 2;
        Bent { bytes: request, is_known: is_known || is_bent, is_whole }
    }

    /// As far as it comes: a stream of events has no end.
    async fn answer(&self, request: &Bent) -> Vec<u8> {
        let mut stream = TcpStream::connect(self.address).await.unwrap();
        // It may be refused before all of it is read.
        let written = stream.write_all(&request.bytes).await;
        drop(written);
        let mut answer = Vec::new();
        let patience = if request.is_whole { PATIENCE } else { CUT_OFF };
        loop {
            let mut piece = [0; 16 << 10];
            let read = tokio::time::timeout(patience, stream.read(&mut piece)).await;
            let Ok(Ok(read @ 1..)) = read else { break };
            answer.extend_from_slice(&piece[..read]);
            let is_endless = answer.windows(17).any(|it| it == b"text/event-stream");
            if is_endless && answer.windows(4).any(|it| it == b"\r\n\r\n") {
                break;
            }
        }
        answer
    }
}

fn now() -> Timestamp {
    Timestamp(sample::NOW.0 + CLOCK.fetch_add(120_000, Ordering::Relaxed))
}

/// Pieces of it are others, or stand in the notation of addresses.
fn bent_path(bytes: &mut Bytes) -> String {
    let mut path = PATHS[bytes.below(PATHS.len())].to_owned();
    if bytes.below(3) == 0 {
        return path;
    }
    for _ in 0..bytes.below(3) {
        let places: Vec<usize> =
            path.match_indices(['/', '=', '&', '?']).map(|(at, _)| at + 1).collect();
        let at = places.get(bytes.below(places.len())).copied().unwrap_or(path.len());
        let piece = bytes.hostile().bytes().fold(String::new(), |mut piece, byte| {
            write!(piece, "%{byte:02X}").unwrap();
            piece
        });
        match bytes.below(5) {
            0 => path.insert_str(at, &piece),
            1 => path.insert_str(at, "18446744073709551616"),
            2 => path.insert_str(at, "-1"),
            3 => path.insert(at, '%'),
            _ => path.truncate(at),
        }
    }
    path.truncate(3_000);
    path
}
