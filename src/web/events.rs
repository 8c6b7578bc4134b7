//! What has changed, told as it happens: a page that is open asks for its parts again.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::RETRY_AFTER;
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use futures_core::Stream;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc, watch};

use super::view::View;
use super::{WebState, verdict};

/// Places for those who listen, and when the daemon ends.
#[derive(Clone, Debug)]
pub struct Streams {
    places: Arc<Semaphore>,
    stopped: watch::Receiver<bool>,
}

/// More are turned away: their pages work, but do not refresh themselves.
const STREAMS_MAX: usize = 64;

/// No two events come closer together, whatever happens.
const PAUSE_MIN: Duration = Duration::from_millis(200);
/// Nor where numbers change and nothing else.
const PAUSE: Duration = Duration::from_secs(1);

/// Shorter than an idle connection may be.
const SIGN_OF_LIFE: Duration = Duration::from_secs(5);

/// Then the browser asks again, and has to be somebody who may look.
const LIFE: Duration = Duration::from_mins(5);

impl Streams {
    pub fn new(stopped: watch::Receiver<bool>) -> Self {
        Self { places: Arc::new(Semaphore::new(STREAMS_MAX)), stopped }
    }
}

pub(super) async fn events(State(state): State<Arc<WebState>>) -> Response {
    let Ok(place) = Arc::clone(&state.streams.places).try_acquire_owned() else {
        let text = "too many pages listen already; this one is as of its time\n";
        return (StatusCode::SERVICE_UNAVAILABLE, [(RETRY_AFTER, "60")], text).into_response();
    };
    let (sender, receiver) = mpsc::channel(2);
    let (view, stopped) = (state.window.view.clone(), state.streams.stopped.clone());
    drop(tokio::spawn(tell((view, stopped), sender, place)));
    let alive = KeepAlive::new().interval(SIGN_OF_LIFE).text("alive");
    Sse::new(Told(receiver)).keep_alive(alive).into_response()
}

/// Sends the id and the revision of each new state, until nobody listens.
async fn tell(
    (mut view, mut stopped): (watch::Receiver<Arc<View>>, watch::Receiver<bool>),
    sender: mpsc::Sender<Event>,
    _place: OwnedSemaphorePermit,
) {
    let end = tokio::time::sleep(LIFE);
    tokio::pin!(end);
    let mut number = 0_u64;
    loop {
        let (event, told) = {
            let view = view.borrow_and_update();
            (event_of(&view, number), revision(&view))
        };
        if sender.send(event).await.is_err() {
            return;
        }
        number += 1;
        tokio::time::sleep(PAUSE_MIN).await;
        let change = async {
            let news = view.wait_for(|view| revision(view) != told);
            let news = tokio::time::timeout(PAUSE, news).await.map(|news| news.is_ok());
            match news {
                Ok(goes_on) => goes_on,
                Err(_nothing_new) => view.changed().await.is_ok(),
            }
        };
        tokio::select! {
            goes_on = change => if !goes_on { return },
            _ = stopped.wait_for(|&stopped| stopped) => return,
            () = sender.closed() => return,
            () = &mut end => return,
        }
    }
}

fn event_of(view: &View, number: u64) -> Event {
    let data = serde_json::json!({
        "revision": format!("{:016x}", revision(view)),
        "verdict": verdict(view).name(),
        "open": view.open().len(),
    });
    Event::default().event("state").id(number.to_string()).data(data.to_string())
}

/// Another number when something is there that a person would want to see at once.
fn revision(view: &View) -> u64 {
    let mut hasher = blake3::Hasher::new();
    hasher.update(verdict(view).name().as_bytes());
    for incident in view.incidents.iter() {
        hasher.update(&incident.id.0.to_be_bytes());
        hasher.update(&incident.revision.to_be_bytes());
        hasher.update(incident.state.name().as_bytes());
        hasher.update(&[u8::try_from(incident.remarks.len()).unwrap_or(u8::MAX)]);
    }
    for source in &view.sources {
        hasher.update(source.state.name().as_bytes());
    }
    for text in &view.degraded {
        hasher.update(text.as_bytes());
    }
    hasher.update(&view.stale.len().to_be_bytes());
    let hash = hasher.finalize();
    hash.as_bytes().first_chunk().map_or(0, |bytes| u64::from_be_bytes(*bytes))
}

/// What `tell` sends, as a stream.
struct Told(mpsc::Receiver<Event>);

impl Stream for Told {
    type Item = Result<Event, Infallible>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.0.poll_recv(context).map(|event| event.map(Ok))
    }
}

#[cfg(test)]
mod tests {
    use super::super::sample;
    use super::*;
    use crate::incident::State as Life;

    #[test]
    fn only_what_people_want_to_see_at_once_is_another_revision() {
        let mut view = sample::alert();
        let before = revision(&view);
        view.events += 1;
        view.lag_seconds = Some(0.5);
        assert_eq!(revision(&view), before);
        Arc::make_mut(&mut view.incidents)[0].state = Life::Acknowledged;
        assert_ne!(revision(&view), before);
    }
}
