//! Real requests over keep-alive connections, each from the address of its client.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpSocket, TcpStream};
use tokio::task::JoinSet;

/// Clients that ask at the same time.
const WORKERS: usize = 8;

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Request {
    pub(super) from: IpAddr,
    pub(super) method: String,
    pub(super) path: String,
    pub(super) agent: String,
    pub(super) key: Option<String>,
}

impl Request {
    /// The request that a line of a simulated log tells of.
    pub(super) fn of_line(line: &str) -> Option<Self> {
        let from = line.split(' ').next()?.parse().ok()?;
        let mut quoted = line.split('"').skip(1).step_by(2);
        let mut request = quoted.next()?.split(' ');
        let agent = quoted.nth(1)?.to_owned();
        let key = quoted.next().filter(|key| *key != "-").map(str::to_owned);
        let (method, path) = (request.next()?.to_owned(), request.next()?.to_owned());
        Some(Self { from, method, path, agent, key })
    }

    fn bytes(&self) -> Vec<u8> {
        let Self { method, path, agent, .. } = self;
        let key = self.key.as_ref().map_or(String::new(), |key| format!("X-API-Key: {key}\r\n"));
        format!(
            "{method} {path} HTTP/1.1\r\nHost: api.example.com\r\nUser-Agent: {agent}\r\n{key}\
             Content-Length: 0\r\n\r\n"
        )
        .into_bytes()
    }
}

/// Sends them all in this time, evenly, and gives how many were answered.
pub(super) fn send(to: SocketAddr, requests: Vec<Request>, within: Duration) -> u64 {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        // One client's requests stay in order, and on its connection.
        let mut shares = vec![Vec::new(); WORKERS];
        let pause = within / u32::try_from(requests.len().max(1)).unwrap();
        for (number, request) in (0u32..).zip(requests) {
            let bytes = request.from.to_string().bytes().map(usize::from).sum::<usize>();
            shares[bytes % WORKERS].push((pause * number, request));
        }
        let began = tokio::time::Instant::now();
        let mut workers = JoinSet::new();
        for share in shares {
            workers.spawn(work(to, share, began));
        }
        let mut answered = 0;
        while let Some(count) = workers.join_next().await {
            answered += count.unwrap();
        }
        answered
    })
}

/// Sends one at once. It is answered when this returns.
pub(super) fn send_one(to: SocketAddr, request: Request) {
    assert_eq!(send(to, vec![request], Duration::ZERO), 1);
}

async fn work(to: SocketAddr, share: Vec<(Duration, Request)>, began: tokio::time::Instant) -> u64 {
    let mut connections: BTreeMap<IpAddr, TcpStream> = BTreeMap::new();
    let mut answered = 0;
    for (after, request) in share {
        tokio::time::sleep_until(began + after).await;
        let connection = match connections.entry(request.from) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(new) => new.insert(connect(request.from, to).await.unwrap()),
        };
        ask(connection, &request.bytes()).await.unwrap();
        answered += 1;
    }
    answered
}

async fn connect(from: IpAddr, to: SocketAddr) -> io::Result<TcpStream> {
    let socket = TcpSocket::new_v4()?;
    socket.bind(SocketAddr::new(from, 0))?;
    let stream = socket.connect(to).await?;
    stream.set_nodelay(true)?;
    Ok(stream)
}

/// Sends, and reads the whole answer: its length stands in its head.
async fn ask(connection: &mut TcpStream, request: &[u8]) -> io::Result<()> {
    connection.write_all(request).await?;
    let mut answer = Vec::with_capacity(1024);
    loop {
        if connection.read_buf(&mut answer).await? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        if is_whole(&answer) {
            return Ok(());
        }
    }
}

fn is_whole(answer: &[u8]) -> bool {
    let text = String::from_utf8_lossy(answer);
    let Some((head, body)) = text.split_once("\r\n\r\n") else { return false };
    let length = head.lines().find_map(|line| line.strip_prefix("Content-Length: "));
    length.is_none_or(|length| length.parse::<usize>().unwrap() <= body.len())
}
