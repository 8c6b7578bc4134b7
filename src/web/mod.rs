//! State to pages and JSON, read-only. Nothing here asks the engine: `app/` publishes a
//! [`View`], and every page is made from the newest one.

mod access;
mod api;
mod api_page;
mod chart;
mod errand;
mod events;
mod guard;
mod headline;
mod health;
mod heat;
mod history;
mod incident_chart;
mod incident_page;
mod journal_page;
mod key_page;
mod keys_csv;
mod keys_page;
mod limits;
mod metrics;
mod overview;
mod pages;
mod parts;
mod problem;
mod roles_page;
mod say;
mod scale;
mod standing;
mod text;
mod third_parties;
mod tiles;
mod tls;
mod trail;
mod verdict;
mod view;
mod week;
mod why;

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::routing::{get, post};
use tokio::net::TcpListener;
use tokio::sync::watch;

use crate::model::{Millis, Timestamp};

pub use access::{Access, Proxy, Rank, Rules, Token, TokenError, Tokens, Visitor, Way};
pub use api::{incident_json, incidents_json, keys_json, status_json, third_parties_json};
pub use errand::{
    Because, Beside, Done, Errand, Errands, Found, KeyFile, Pair, Refused, Used, Word,
};
pub use events::Streams;
pub use standing::Shelf;
pub use text::is_inert;
pub use tls::{ServerConfig as TlsConfig, Tls, TlsError, tls_config};
pub use trail::Trail;
pub use verdict::{Verdict, verdict};
pub use view::{HourPoint, Learning, Mail, Mode, Reading, Source, StoreFacts, View};

/// The newest view, and the clock.
#[derive(Clone, Debug)]
pub struct Window {
    pub view: watch::Receiver<Arc<View>>,
    pub now: fn() -> Timestamp,
}

/// What the pages need: something to show, who may see it, and who does what is asked.
#[derive(Debug)]
pub struct WebState {
    pub window: Window,
    pub access: Access,
    pub errands: Errands,
    pub trail: Trail,
    pub streams: Streams,
}

#[derive(Debug, thiserror::Error)]
pub enum WebError {
    #[error(
        "the page would listen on {address}, which others can reach, without {missing}. Either \
         use a loopback address such as 127.0.0.1:8787, and reach it from elsewhere with `ssh -L \
         8787:127.0.0.1:8787 HOST`; or name certificate and key under [web] in the configuration \
         and make a token with `keyvigil token create --role admin --name NAME`"
    )]
    Open { address: SocketAddr, missing: &'static str },
    #[error("cannot serve the page")]
    Serve { source: io::Error },
}

/// After this long without a new view, a live page says so itself.
const VIEW_AGE_MAX: Millis = Millis::seconds(60);

/// How long a stopping server waits for answers that are on their way.
const DRAIN: Duration = Duration::from_secs(3);

/// Where the page is to be served, and how far that is protected.
#[derive(Clone, Copy, Debug)]
pub struct Listening {
    pub address: SocketAddr,
    pub has_tls: bool,
    pub has_token: bool,
}

impl Listening {
    /// Where others can reach it, it is served over TLS and with a token only.
    pub fn check(self) -> Result<(), WebError> {
        let address = self.address;
        if address.ip().to_canonical().is_loopback() {
            return Ok(());
        }
        match (self.has_tls, self.has_token) {
            (true, true) => Ok(()),
            (true, false) => Err(WebError::Open { address, missing: "a token to log in with" }),
            (false, true) => Err(WebError::Open { address, missing: "TLS" }),
            (false, false) => Err(WebError::Open { address, missing: "TLS and a token" }),
        }
    }
}

/// Serves pages and JSON until `stopped` becomes true.
pub async fn serve(
    listener: TcpListener,
    state: WebState,
    tls: Option<Tls>,
    stopped: watch::Receiver<bool>,
) -> Result<(), WebError> {
    let drained = stopped.clone();
    let service = router(state).into_make_service_with_connect_info::<limits::Peer>();
    let server = axum::serve(limits::Limited::new(listener, tls), service)
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
        .route("/incidents/{id}/{action}", post(say::posted))
        .route("/keys", get(pages::keys))
        .route("/keys.csv", get(pages::keys_as_csv))
        .route("/keys/{key}", get(pages::key))
        .route("/roles", get(pages::roles))
        .route("/api", get(pages::api))
        .route("/events", get(events::events))
        .route("/third-parties", get(third_parties::page))
        .route("/health", get(pages::health))
        .route("/journal", get(journal_page::journal))
        .route("/login", get(access::login_page).post(access::log_in))
        .route("/logout", post(access::log_out))
        .route("/assets/{name}", get(pages::asset))
        .route("/healthz", get(pages::healthz))
        .route("/readyz", get(pages::readyz))
        .route("/metrics", get(metrics::metrics))
        .merge(api::routes())
        .fallback(pages::not_found)
        .layer(axum::middleware::from_fn_with_state(Arc::clone(&state), guard::guard))
        .with_state(state)
}

impl Window {
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

impl WebState {
    fn fresh(&self) -> Arc<View> {
        self.window.fresh()
    }

    /// The newest view, as this visitor sees it.
    fn seen_by(&self, visitor: Visitor) -> View {
        View { visitor, ..View::clone(&self.fresh()) }
    }
}

async fn until_stopped(mut stopped: watch::Receiver<bool>) {
    // A sender that is gone has stopped, too.
    drop(stopped.wait_for(|&stopped| stopped).await);
}

#[cfg(test)]
mod attack_tests;
#[cfg(test)]
mod fuzz;
#[cfg(test)]
mod fuzz_words;
#[cfg(test)]
mod many_tests;
#[cfg(test)]
mod sample;
#[cfg(test)]
mod sample_incidents;
#[cfg(test)]
mod tests;
