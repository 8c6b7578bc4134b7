//! What stands open to people beside the stages: the page, and the socket by which other
//! commands ask.

use std::path::Path;
use std::sync::Arc;

use tokio::net::TcpListener;
use tokio::sync::watch;
use tracing::warn;

use super::board::Board;
use super::control::{Control, Desk, state_name};
use super::errands;
use super::hearing::Hearing;
use super::job::JobError;
use super::keyring::Keyring;
use super::monthly::Monthly;
use super::orders::Orders;
use super::people::Tasks;
use super::steward::Asking;
use super::tls::Certificate;
use crate::config::Config;
use crate::model::Timestamp;
use crate::store::Store;
use crate::web::{self, Access, Errands, Listening, Rules, Streams, Trail, WebState};

/// What stands open beside the stages.
pub(super) struct Hall<'a> {
    pub(super) config: &'a Config,
    pub(super) board: &'a Board,
    pub(super) tasks: &'a mut Tasks,
    pub(super) stopped: &'a watch::Receiver<bool>,
    pub(super) hearing: Hearing,
    pub(super) keyring: Keyring,
}

impl<'a> Hall<'a> {
    pub(super) fn new(
        config: &'a Config,
        (board, store): (&'a Board, Option<Store>),
        orders: Orders,
        (tasks, stopped): (&'a mut Tasks, &'a watch::Receiver<bool>),
    ) -> Result<Self, JobError> {
        let keyring = Keyring::open(store.clone())?;
        let hearing = Hearing { page: board.window(), store, orders, board: board.clone() };
        Ok(Self { config, board, tasks, stopped, hearing, keyring })
    }

    pub(super) async fn open_page(
        &mut self,
        any_port: bool,
        on_page: Box<dyn FnOnce(&str) + Send>,
    ) -> Result<(), JobError> {
        let Some(wanted) = self.config.web.listen else { return Ok(()) };
        let certificate = Certificate::open(self.config)?;
        let tls = certificate.as_ref().map(Certificate::tls);
        let has_token = !self.keyring.tokens().borrow().is_empty();
        Listening { address: wanted, has_tls: tls.is_some(), has_token }
            .check()
            .map_err(|error| JobError::Refused(error.to_string()))?;
        let listener = listen(wanted, any_port).await?;
        let address = listener.local_addr().unwrap_or(wanted);
        let scheme = if tls.is_some() { "https" } else { "http" };
        on_page(&format!("{scheme}://{address}/"));
        let (errands, inbox) = Errands::new();
        let rules = rules(self.config, tls.is_some(), wanted);
        let state = WebState {
            window: self.board.window(),
            access: Access::new(rules, self.keyring.tokens())?,
            errands,
            trail: Trail::default(),
            streams: Streams::new(self.stopped.clone()),
        };
        let stopped = self.stopped.clone();
        self.tasks.spawn(async move {
            fail::fail_point!("page");
            web::serve(listener, state, tls, stopped).await.map_err(|error| error.to_string())
        });
        self.tasks.spawn(errands::run(self.hearing.clone(), inbox, self.stopped.clone()));
        if let Some(certificate) = certificate {
            self.tasks.spawn(certificate.watch(self.board.clone(), self.stopped.clone()));
        }
        Ok(())
    }

    /// Reports are written when their time comes, if they are wanted then.
    pub(super) fn report_monthly(
        &mut self,
        store: Option<Store>,
        (config, state): (watch::Receiver<Arc<Config>>, &Path),
    ) {
        let (Some(store), state) = (store, state_name(state)) else { return };
        let (board, now) = (self.board.clone(), super::now as fn() -> Timestamp);
        let monthly = Monthly { store, config, state, board, now };
        self.tasks.spawn(monthly.run(self.stopped.clone()));
    }

    /// A daemon that cannot be asked still does its work, and says so.
    pub(super) fn open_control(
        &mut self,
        state: &Path,
        to: (Asking, watch::Receiver<Arc<Config>>),
    ) {
        let state = state_name(state);
        match Control::open(self.config.control.socket.as_deref(), &state) {
            Ok(control) => {
                let desk = Desk::new(state, (self.hearing.clone(), self.keyring.clone()), to);
                let stopped = self.stopped.clone();
                self.tasks.spawn(async move {
                    control.serve(desk, stopped).await;
                    Ok(())
                });
            }
            Err(error) => {
                let problem = format!(
                    "other commands cannot ask this daemon: its control socket cannot be made \
                     ({error})"
                );
                warn!("{problem}");
                self.board.note("control", Some(problem));
            }
        }
    }
}

/// Who may see the page, as configured.
fn rules(config: &Config, is_tls: bool, listen: std::net::SocketAddr) -> Rules {
    let own = config.web.base_url.as_deref().and_then(host_of);
    Rules {
        hosts: config.web.hosts.iter().cloned().chain(own).collect(),
        local_may_look: config.web.local_may_look && listen.ip().to_canonical().is_loopback(),
        proxy: config.web.proxy.clone(),
        is_tls,
    }
}

/// The name in `https://name:port/path`.
fn host_of(url: &str) -> Option<String> {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let host = rest.split(['/', ':']).next()?;
    (!host.is_empty()).then(|| host.to_owned())
}

/// Binds the address; a busy default port gives way to the next free one.
async fn listen(wanted: std::net::SocketAddr, any_port: bool) -> Result<TcpListener, JobError> {
    const TRIES: u16 = 20;
    let failed = |source| JobError::Listen { address: wanted.to_string(), source };
    let mut address = wanted;
    for _ in 0..TRIES {
        match TcpListener::bind(address).await {
            Ok(listener) => return Ok(listener),
            Err(busy) if any_port && busy.kind() == std::io::ErrorKind::AddrInUse => {
                warn!(%address, "this port is in use, trying the next one");
                address.set_port(address.port().saturating_add(1));
            }
            Err(error) => return Err(failed(error)),
        }
    }
    Err(failed(std::io::ErrorKind::AddrInUse.into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_behind_a_name_is_asked_for_by_that_name() {
        assert_eq!(host_of("https://keys.example.com:8443/x").as_deref(), Some("keys.example.com"));
        assert_eq!(host_of("keys.example.com").as_deref(), Some("keys.example.com"));
        assert_eq!(host_of("https:///x"), None);
    }
}
