//! State to pages and JSON, read-only. Nothing here asks the engine: `app/` publishes a
//! [`View`], and every page is made from the newest one.

mod chart;
mod guard;
mod headline;
mod health;
mod incident_chart;
mod incident_page;
mod json;
mod keys_page;
mod limits;
mod metrics;
mod overview;
mod pages;
mod parts;
mod text;
mod third_parties;
mod tiles;
mod verdict;
mod view;
mod week;

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::routing::get;
use tokio::net::TcpListener;
use tokio::sync::watch;

use crate::model::{Millis, Timestamp};

pub use json::{incident_json, incidents_json, keys_json, status_json};
pub use text::is_inert;
pub use third_parties::third_parties_json;
pub use verdict::{Verdict, verdict};
pub use view::{HourPoint, Learning, Mail, Mode, Reading, Source, View};

/// What the pages need: the newest view, and the clock.
#[derive(Clone, Debug)]
pub struct WebState {
    pub view: watch::Receiver<Arc<View>>,
    pub now: fn() -> Timestamp,
    /// Names beside the loopback's by which the page may be asked for.
    pub hosts: Vec<String>,
}

#[derive(Debug, thiserror::Error)]
pub enum WebError {
    #[error(
        "the page would listen on {address}, which others can reach, and it has no login yet: \
         use a loopback address such as 127.0.0.1:8787, and reach it from elsewhere with \
         `ssh -L 8787:127.0.0.1:8787 HOST`"
    )]
    NotLoopback { address: SocketAddr },
    #[error("cannot serve the page")]
    Serve { source: io::Error },
}

/// After this long without a new view, a live page says so itself.
const VIEW_AGE_MAX: Millis = Millis::seconds(60);

/// How long a stopping server waits for answers that are on their way.
const DRAIN: Duration = Duration::from_secs(3);

/// Whether the page may listen there: on the loopback only.
pub fn check_listen_address(address: SocketAddr) -> Result<(), WebError> {
    if address.ip().to_canonical().is_loopback() {
        Ok(())
    } else {
        Err(WebError::NotLoopback { address })
    }
}

/// Serves pages and JSON until `stopped` becomes true.
pub async fn serve(
    listener: TcpListener,
    state: WebState,
    stopped: watch::Receiver<bool>,
) -> Result<(), WebError> {
    if let Ok(address) = listener.local_addr() {
        check_listen_address(address)?;
    }
    let drained = stopped.clone();
    let server = axum::serve(limits::Limited::new(listener), router(state))
        .with_graceful_shutdown(until_stopped(stopped));
    tokio::select! {
        ended = async { server.await } => ended.map_err(|source| WebError::Serve { source }),
        () = async { until_stopped(drained).await; tokio::time::sleep(DRAIN).await } => Ok(()),
    }
}

fn router(state: WebState) -> Router {
    let state = Arc::new(state);
    Router::new()
        .route("/", get(pages::overview))
        .route("/incidents", get(pages::incidents))
        .route("/incidents/{id}", get(pages::incident))
        .route("/keys", get(pages::keys))
        .route("/third-parties", get(third_parties::page))
        .route("/health", get(pages::health))
        .route("/assets/{name}", get(pages::asset))
        .route("/api/v1/status", get(json::status))
        .route("/api/v1/incidents", get(json::incidents))
        .route("/api/v1/incidents/{id}", get(json::incident))
        .route("/api/v1/keys", get(json::keys))
        .route("/api/v1/third-parties", get(third_parties::answer))
        .route("/healthz", get(pages::healthz))
        .route("/readyz", get(pages::readyz))
        .route("/metrics", get(metrics::metrics))
        .fallback(pages::not_found)
        .layer(axum::middleware::from_fn_with_state(Arc::clone(&state), guard::guard))
        .with_state(state)
}

impl WebState {
    /// The newest view, which knows how old it is.
    pub fn fresh(&self) -> Arc<View> {
        let view = Arc::clone(&self.view.borrow());
        if view.mode != Mode::Live {
            return view;
        }
        let mut fresh = View::clone(&view);
        fresh.now = (self.now)();
        let age = fresh.now.since(fresh.updated);
        if VIEW_AGE_MAX < age && !fresh.sources.is_empty() {
            fresh.degraded.push(format!(
                "no stage has reported for {}: what is shown is that old; look at \
                 `journalctl -u keyvigil`",
                text::span(age)
            ));
        }
        Arc::new(fresh)
    }
}

async fn until_stopped(mut stopped: watch::Receiver<bool>) {
    // A sender that is gone has stopped, too.
    drop(stopped.wait_for(|&stopped| stopped).await);
}

#[cfg(test)]
mod sample;
#[cfg(test)]
mod sample_incidents;
#[cfg(test)]
mod tests;
