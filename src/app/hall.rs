//! What stands open to people beside the stages: the page, and the socket by which other
//! commands ask.

use std::path::Path;
use std::sync::Arc;

use tokio::net::TcpListener;
use tokio::sync::watch;
use tracing::warn;

use super::board::Board;
use super::control::{Control, Desk, state_name};
use super::job::JobError;
use super::monthly::Monthly;
use super::orders::Orders;
use super::people::Tasks;
use super::steward::Asking;
use crate::config::Config;
use crate::model::Timestamp;
use crate::store::Store;
use crate::web;

/// What stands open beside the stages.
pub(super) struct Hall<'a> {
    pub(super) config: &'a Config,
    pub(super) board: &'a Board,
    pub(super) tasks: &'a mut Tasks,
    pub(super) stopped: &'a watch::Receiver<bool>,
}

impl Hall<'_> {
    pub(super) async fn open_page(
        &mut self,
        any_port: bool,
        on_page: Box<dyn FnOnce(&str) + Send>,
    ) -> Result<(), JobError> {
        let Some(wanted) = self.config.web.listen else { return Ok(()) };
        let listener = listen(wanted, any_port).await?;
        let address = listener.local_addr().unwrap_or(wanted);
        on_page(&format!("http://{address}/"));
        let (state, stopped) = (self.board.web_state(self.config), self.stopped.clone());
        self.tasks.spawn(async move {
            fail::fail_point!("page");
            web::serve(listener, state, stopped).await.map_err(|error| error.to_string())
        });
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
        store: Option<Store>,
        to: (Asking, Orders, watch::Receiver<Arc<Config>>),
    ) {
        let state = state_name(state);
        match Control::open(self.config.control.socket.as_deref(), &state) {
            Ok(control) => {
                let page = self.board.web_state(self.config);
                let desk = Desk::new(state, (page, store), to);
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

/// Binds the address; a busy default port gives way to the next free one.
async fn listen(wanted: std::net::SocketAddr, any_port: bool) -> Result<TcpListener, JobError> {
    const TRIES: u16 = 20;
    web::check_listen_address(wanted).map_err(|error| JobError::Refused(error.to_string()))?;
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
