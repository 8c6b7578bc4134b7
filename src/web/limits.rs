//! How much one connection, and all of them together, may ask for.

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::extract::connect_info::Connected;
use axum::serve::{IncomingStream, Listener};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpListener;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Sleep, sleep};

use super::tls::{Doors, Stream};

/// More than this many wait in the system's queue. Every stream of events may stay open, and
/// people still come through.
const CONNECTIONS_MAX: usize = 192;

/// A connection that neither asks nor takes for this long is closed.
const IDLE: Duration = Duration::from_secs(10);

/// A question has to be whole after this long, however busily it drips in.
const ASKING: Duration = Duration::from_secs(15);

/// No connection lives longer, however slowly it asks; browsers open another.
const LIFE: Duration = Duration::from_mins(10);

/// What one connection may send: some hundred questions, and no body worth the name.
const READ_BYTES_MAX: u64 = 512 * 1024;

/// A listener that gives out a bounded number of bounded connections.
pub(super) struct Limited {
    doors: Doors,
    places: Arc<Semaphore>,
}

/// A connection with its limits. It gives its place back when it is dropped.
pub(super) struct Connection {
    stream: Stream,
    idle: Pin<Box<Sleep>>,
    life: Pin<Box<Sleep>>,
    /// From the first byte of a question until the first of its answer.
    asking: Option<Pin<Box<Sleep>>>,
    read_bytes: u64,
    /// Held, never read: its drop frees the place.
    _place: Option<OwnedSemaphorePermit>,
}

/// Who is at the other end.
#[derive(Clone, Copy, Debug)]
pub(super) struct Peer(pub SocketAddr);

impl Limited {
    pub(super) fn new(listener: TcpListener, tls: Option<super::Tls>) -> Self {
        Self { doors: Doors::new(listener, tls), places: Arc::new(Semaphore::new(CONNECTIONS_MAX)) }
    }
}

impl Listener for Limited {
    type Io = Connection;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Connection, SocketAddr) {
        let (stream, address, place) = self.doors.next(&self.places).await;
        let (idle, life) = (Box::pin(sleep(IDLE)), Box::pin(sleep(LIFE)));
        (Connection { stream, idle, life, asking: None, read_bytes: 0, _place: place }, address)
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.doors.local_addr()
    }
}

impl Connected<IncomingStream<'_, Limited>> for Peer {
    fn connect_info(stream: IncomingStream<'_, Limited>) -> Self {
        Self(*stream.remote_addr())
    }
}

impl Connection {
    /// Whether the time is up; wakes the task when it will be.
    fn is_over(&mut self, context: &mut Context<'_>) -> bool {
        self.idle.as_mut().poll(context).is_ready() || self.life.as_mut().poll(context).is_ready()
    }

    /// Passes on what happened to the stream, unless nothing did for too long.
    fn bounded<T>(
        &mut self,
        polled: Poll<io::Result<T>>,
        context: &mut Context<'_>,
    ) -> Poll<io::Result<T>> {
        if polled.is_ready() {
            self.idle.as_mut().set(sleep(IDLE));
            return polled;
        }
        if self.is_over(context) {
            return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
        }
        Poll::Pending
    }
}

impl AsyncRead for Connection {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let polled = Pin::new(&mut self.stream).poll_read(context, buffer);
        let more = buffer.filled().len().saturating_sub(before);
        self.read_bytes = self.read_bytes.saturating_add(u64::try_from(more).unwrap_or(u64::MAX));
        if READ_BYTES_MAX < self.read_bytes {
            return Poll::Ready(Err(io::ErrorKind::QuotaExceeded.into()));
        }
        if 0 < more && self.asking.is_none() {
            self.asking = Some(Box::pin(sleep(ASKING)));
        }
        if self.asking.as_mut().is_some_and(|asking| asking.as_mut().poll(context).is_ready()) {
            return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
        }
        self.bounded(polled, context)
    }
}

impl AsyncWrite for Connection {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.asking = None;
        let polled = Pin::new(&mut self.stream).poll_write(context, bytes);
        self.bounded(polled, context)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
