//! A mail server in miniature, and a desk that writes to it: for the tests of the outbox.

use std::sync::Arc;
use std::sync::Mutex;

use mail_parser::MessageParser;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};

use super::letter_tests::{frame, incident, notice};
use super::outbox::Desk;
use super::{Reports, Route, Security, Smtp, SmtpOptions, Ways, Worker};
use crate::incident::{Incident, IncidentId, Notice, Transition};
use crate::model::Timestamp;
use crate::store::{Commit, OpenOptions, OutboxRow, Store, Topic};

/// Takes mails; what it answers to a recipient follows from the address.
#[derive(Clone, Default)]
pub(super) struct Sink {
    pub(super) mails: Arc<Mutex<Vec<String>>>,
}

impl Sink {
    pub(super) async fn start(&self) -> u16 {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let sink = self.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(sink.clone().talk(stream));
            }
        });
        port
    }

    async fn talk(self, stream: TcpStream) {
        let (read, mut write) = stream.into_split();
        let mut lines = BufReader::new(read).lines();
        write.write_all(b"220 sink\r\n").await.unwrap();
        let mut mail: Option<String> = None;
        while let Ok(Some(line)) = lines.next_line().await {
            if let Some(text) = &mut mail {
                if line != "." {
                    text.push_str(line.strip_prefix('.').unwrap_or(&line));
                    text.push_str("\r\n");
                    continue;
                }
                self.mails.lock().unwrap().extend(mail.take());
                write.write_all(b"250 taken\r\n").await.unwrap();
                continue;
            }
            let reply = reply_to(&line);
            if reply.starts_with("354") {
                mail = Some(String::new());
            }
            write.write_all(format!("{reply}\r\n").as_bytes()).await.unwrap();
        }
    }

    pub(super) fn subjects(&self) -> Vec<String> {
        let mails = self.mails.lock().unwrap();
        let subject = |mail: &String| {
            let parsed = MessageParser::default().parse(mail.as_bytes()).unwrap();
            format!("{} {}", parsed.message_id().unwrap_or("?"), parsed.subject().unwrap_or("?"))
        };
        mails.iter().map(subject).collect()
    }
}

fn reply_to(line: &str) -> &'static str {
    match line.get(..4).unwrap_or_default() {
        "EHLO" => "250 sink",
        "RCPT" if line.contains("gone@") => "550 no such user",
        "RCPT" if line.contains("busy@") => "451 try again later",
        "DATA" => "354 go on",
        "QUIT" => "221 bye",
        _ => "250 fine",
    }
}

pub(super) fn smtp(port: u16, security: Security) -> Smtp {
    let host = "127.0.0.1".to_owned();
    Smtp::new(&SmtpOptions { host, port, security, ..SmtpOptions::default() }).unwrap()
}

pub(super) type Clock = fn() -> Timestamp;

pub(super) struct Bench {
    pub(super) desk: Desk,
    pub(super) store: Store,
    pub(super) sink: Sink,
    state: tempfile::TempDir,
}

/// Each test has a clock of its own.
macro_rules! clock {
    ($set:ident, $now:ident) => {
        static CLOCK: std::sync::atomic::AtomicI64 = std::sync::atomic::AtomicI64::new(0);
        let $set =
            |at: crate::model::Timestamp| CLOCK.store(at.0, std::sync::atomic::Ordering::Relaxed);
        $set(crate::alert::letter_tests::at(10));
        let $now: fn() -> crate::model::Timestamp =
            || crate::model::Timestamp(CLOCK.load(std::sync::atomic::Ordering::Relaxed));
    };
}
pub(super) use clock;

pub(super) async fn bench(now: Clock, recipients: &[&str]) -> Bench {
    let sink = Sink::default();
    let port = sink.start().await;
    bench_at(now, recipients, (sink, port))
}

pub(super) fn bench_at(now: Clock, recipients: &[&str], (sink, port): (Sink, u16)) -> Bench {
    let state = tempfile::tempdir().unwrap();
    let store = Store::open(state.path(), &OpenOptions::default()).unwrap();
    let route = Route {
        name: "oncall".to_owned(),
        recipients: recipients.iter().map(|&name| name.to_owned()).collect(),
        ..Route::default()
    };
    Bench { desk: desk_of(&store, vec![route], (port, now)), store, sink, state }
}

pub(super) fn desk_of(store: &Store, routes: Vec<Route>, (port, now): (u16, Clock)) -> Desk {
    let worker = Worker {
        store: store.clone(),
        ways: Ways::by_mail(Box::new(smtp(port, Security::Plain))),
        routes,
        reports: Reports::default(),
        opted_out: Vec::new(),
        frame: frame(),
        not_known: std::sync::Arc::new(|| vec!["what is unused can be said later".to_owned()]),
        now,
    };
    Desk::new(worker).unwrap()
}

impl Bench {
    pub(super) fn put(&self, incident: &Incident, notice: &Notice) {
        let row = OutboxRow::waiting(notice.clone(), Topic::Incident);
        let commit = Commit {
            incidents: std::slice::from_ref(incident),
            outbox: &[row],
            ..Commit::default()
        };
        self.store.commit(&commit).unwrap();
    }

    /// An incident of its own for each number.
    pub(super) fn put_number(&self, number: u64) {
        let id = IncidentId(number << 40);
        let incident = Incident { id, ..incident() };
        self.put(&incident, &Notice { id: number, incident: id, ..notice(Transition::Opened) });
    }

    /// A new desk, as after a restart.
    pub(super) fn restart(self, now: Clock) -> Self {
        let Self { desk, store, sink, state } = self;
        let desk = Desk::new(Worker { now, ..desk.into_worker() }).unwrap();
        Self { desk, store, sink, state }
    }

    /// What each mail says first, with its recipient.
    pub(super) fn told(&self) -> Vec<String> {
        let mails = self.sink.mails.lock().unwrap();
        let line = |mail: &String| {
            let parsed = MessageParser::default().parse(mail.as_bytes()).unwrap();
            let to = parsed.to().unwrap().first().unwrap().address().unwrap().to_owned();
            let text = parsed.body_text(0).unwrap();
            format!("{to} {}", text.lines().next().unwrap())
        };
        mails.iter().map(line).collect()
    }

    pub(super) fn row(&self, notice: u64) -> OutboxRow {
        self.store.outbox().unwrap().into_iter().find(|row| row.notice.id == notice).unwrap()
    }
}
