//! Connections in plain text or over TLS 1.3 and 1.2, whose certificate may change while
//! the page is served.

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::serve::Listener as _;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc, watch};
use tokio_rustls::rustls;
pub use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::version::{TLS12, TLS13};
use tokio_rustls::{TlsAcceptor, server::TlsStream};

/// The newest certificate with its key.
pub type Tls = watch::Receiver<Arc<ServerConfig>>;

#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    #[error("there is no certificate in {path}: a PEM file with BEGIN CERTIFICATE is needed")]
    NoCertificate { path: String },
    #[error("there is no private key in {path}: a PEM file with BEGIN PRIVATE KEY is needed")]
    NoKey { path: String },
    #[error("the certificate and its key cannot be used")]
    Unusable { source: rustls::Error },
}

/// What comes in by the listener, shaken hands with.
pub(super) struct Doors {
    listener: Option<TcpListener>,
    local: io::Result<SocketAddr>,
    tls: Option<Tls>,
    greeted: Option<mpsc::Receiver<Arrived>>,
}

pub(super) enum Stream {
    Plain(TcpStream),
    Tls(Box<TlsStream<TcpStream>>),
}

type Arrived = (Stream, SocketAddr, Option<OwnedSemaphorePermit>);

/// Who does not shake hands in this time goes.
const HANDSHAKE: Duration = Duration::from_secs(10);
const GREETED_MAX: usize = 16;

/// A chain and its key, both PEM, with their names for messages.
pub fn tls_config(
    (chain, chain_name): (&[u8], &str),
    (key, key_name): (&[u8], &str),
) -> Result<Arc<ServerConfig>, TlsError> {
    let certificates: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(chain).collect();
    let certificates = certificates.ok().filter(|list| !list.is_empty());
    let certificates =
        certificates.ok_or_else(|| TlsError::NoCertificate { path: chain_name.to_owned() })?;
    let key = PrivateKeyDer::from_pem_slice(key)
        .map_err(|_no_key| TlsError::NoKey { path: key_name.to_owned() })?;
    let failed = |source| TlsError::Unusable { source };
    let provider = Arc::new(ring::default_provider());
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&TLS13, &TLS12])
        .map_err(failed)?
        .with_no_client_auth()
        .with_single_cert(certificates, key)
        .map_err(failed)?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(Arc::new(config))
}

impl Doors {
    pub(super) fn new(listener: TcpListener, tls: Option<Tls>) -> Self {
        let local = listener.local_addr();
        Self { listener: Some(listener), local, tls, greeted: None }
    }

    pub(super) fn local_addr(&self) -> io::Result<SocketAddr> {
        let failed = |error: &io::Error| io::Error::from(error.kind());
        self.local.as_ref().copied().map_err(failed)
    }

    /// The next connection, once there is a place for it.
    pub(super) async fn next(&mut self, places: &Arc<Semaphore>) -> Arrived {
        if let Some(tls) = &self.tls
            && let Some(listener) = self.listener.take()
        {
            let (sender, receiver) = mpsc::channel(GREETED_MAX);
            self.greeted = Some(receiver);
            // It ends with the receiver: whoever arrives then finds nobody.
            drop(tokio::spawn(greet_all(listener, tls.clone(), Arc::clone(places), sender)));
        }
        if let Some(greeted) = &mut self.greeted {
            if let Some(arrived) = greeted.recv().await {
                return arrived;
            }
            return std::future::pending().await;
        }
        let Some(listener) = &mut self.listener else { return std::future::pending().await };
        // The semaphore is never closed, so there always is a place in the end.
        let place = Arc::clone(places).acquire_owned().await.ok();
        let (stream, address) = listener.accept().await;
        (Stream::Plain(stream), address, place)
    }
}

/// Each hand is shaken on a task of its own: one that dawdles holds up nobody.
async fn greet_all(
    mut listener: TcpListener,
    tls: Tls,
    places: Arc<Semaphore>,
    greeted: mpsc::Sender<Arrived>,
) {
    loop {
        let place = Arc::clone(&places).acquire_owned().await.ok();
        let (stream, address) = tokio::select! {
            arrived = axum::serve::Listener::accept(&mut listener) => arrived,
            () = greeted.closed() => return,
        };
        let acceptor = TlsAcceptor::from(Arc::clone(&tls.borrow()));
        let greeted = greeted.clone();
        drop(tokio::spawn(async move {
            let shaken = tokio::time::timeout(HANDSHAKE, acceptor.accept(stream)).await;
            if let Ok(Ok(stream)) = shaken {
                // Who comes while the page ends is not served.
                drop(greeted.send((Stream::Tls(Box::new(stream)), address, place)).await);
            }
        }));
    }
}

impl AsyncRead for Stream {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_read(context, buffer),
            Self::Tls(stream) => Pin::new(stream.as_mut()).poll_read(context, buffer),
        }
    }
}

impl AsyncWrite for Stream {
    fn poll_write(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_write(context, bytes),
            Self::Tls(stream) => Pin::new(stream.as_mut()).poll_write(context, bytes),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_flush(context),
            Self::Tls(stream) => Pin::new(stream.as_mut()).poll_flush(context),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_shutdown(context),
            Self::Tls(stream) => Pin::new(stream.as_mut()).poll_shutdown(context),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_certificate_without_its_key_is_refused() {
        let made = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
        let other = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
        let chain = made.cert.pem();
        let with = |key: &str| tls_config((chain.as_bytes(), "c.pem"), (key.as_bytes(), "k.pem"));
        assert!(with(&made.signing_key.serialize_pem()).is_ok());
        assert!(matches!(with(&other.signing_key.serialize_pem()), Err(TlsError::Unusable { .. })));
        assert!(matches!(with("no key"), Err(TlsError::NoKey { .. })));
        let none = tls_config((b"none", "c.pem"), (b"", "k.pem"));
        assert!(matches!(none, Err(TlsError::NoCertificate { .. })));
    }
}
