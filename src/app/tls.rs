//! The page's certificate: read from its files, and again when they change. A broken one
//! changes nothing, and is said.

use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tracing::{error, info};

use super::board::Board;
use super::job::JobError;
use crate::config::Config;
use crate::web::{self, Tls};

/// How often the files are looked at.
const LOOK_EVERY: Duration = Duration::from_secs(2);

/// What the page says of it stands under this name.
const CERTIFICATE: &str = "certificate";

/// The files, and what was made of them.
pub(super) struct Certificate {
    chain: PathBuf,
    key: PathBuf,
    seen: Stamp,
    sender: watch::Sender<Arc<web::TlsConfig>>,
}

/// Sizes, times and inodes of both.
type Stamp = [(u64, i64, i64, u64); 2];

impl Certificate {
    /// As configured; a broken one is no reason to serve without.
    pub(super) fn open(config: &Config) -> Result<Option<Self>, JobError> {
        let Some((chain, key)) = config.web.certificate.clone().zip(config.web.key.clone()) else {
            return Ok(None);
        };
        let seen = stamp(&chain, &key);
        let read = read(&chain, &key).map_err(JobError::Refused)?;
        Ok(Some(Self { chain, key, seen, sender: watch::Sender::new(read) }))
    }

    pub(super) fn tls(&self) -> Tls {
        self.sender.subscribe()
    }

    /// Until stopped.
    pub(super) async fn watch(
        mut self,
        board: Board,
        mut stopped: watch::Receiver<bool>,
    ) -> Result<(), String> {
        let mut clock = tokio::time::interval(LOOK_EVERY);
        let mut last = self.seen;
        while !*stopped.borrow() {
            tokio::select! {
                _ = clock.tick() => {
                    let now = stamp(&self.chain, &self.key);
                    // What is still being written is not read yet.
                    let is_quiet = std::mem::replace(&mut last, now) == now;
                    if is_quiet && now != self.seen {
                        self.seen = now;
                        self.turn(&board);
                    }
                }
                _ = stopped.changed() => break,
            }
        }
        Ok(())
    }

    fn turn(&self, board: &Board) {
        match read(&self.chain, &self.key) {
            Ok(read) => {
                self.sender.send_replace(read);
                board.note(CERTIFICATE, None);
                info!("the page's certificate has changed and was read again");
            }
            Err(problem) => {
                error!(problem, "the page's certificate cannot be used; the old one stays");
                let note = format!(
                    "the page's new certificate cannot be used: {problem}; the old one stays in \
                     force until it is corrected"
                );
                board.note(CERTIFICATE, Some(note));
            }
        }
    }
}

fn read(chain: &Path, key: &Path) -> Result<Arc<web::TlsConfig>, String> {
    let bytes = |path: &Path| {
        std::fs::read(path).map_err(|error| format!("cannot read {}: {error}", path.display()))
    };
    let (chain_bytes, key_bytes) = (bytes(chain)?, bytes(key)?);
    let names = (chain.display().to_string(), key.display().to_string());
    web::tls_config((&chain_bytes, &names.0), (&key_bytes, &names.1)).map_err(|error| {
        let cause = std::error::Error::source(&error).map(|cause| format!(": {cause}"));
        format!("{error}{}", cause.unwrap_or_default())
    })
}

fn stamp(chain: &Path, key: &Path) -> Stamp {
    [chain, key].map(|path| {
        let known = std::fs::metadata(path);
        known.map_or((0, 0, 0, 0), |it| (it.size(), it.mtime(), it.mtime_nsec(), it.ino()))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn write(folder: &Path) {
        let made = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
        std::fs::write(folder.join("chain.pem"), made.cert.pem()).unwrap();
        std::fs::write(folder.join("key.pem"), made.signing_key.serialize_pem()).unwrap();
    }

    fn config(folder: &Path) -> Config {
        let mut config = Config::default();
        config.web.certificate = Some(folder.join("chain.pem"));
        config.web.key = Some(folder.join("key.pem"));
        config
    }

    #[tokio::test]
    async fn a_new_certificate_is_taken_up_and_a_broken_one_is_not() {
        let folder = tempfile::tempdir().unwrap();
        write(folder.path());
        let certificate = Certificate::open(&config(folder.path())).unwrap().unwrap();
        let (tls, board) = (certificate.tls(), Board::collecting(Arc::default()));
        let first = Arc::clone(&tls.borrow());
        std::fs::write(folder.path().join("key.pem"), "broken").unwrap();
        certificate.turn(&board);
        assert!(Arc::ptr_eq(&first, &tls.borrow()));
        let said = board.view().borrow().degraded.join("");
        assert!(said.contains("key.pem") && said.contains("the old one stays"), "{said}");
        write(folder.path());
        certificate.turn(&board);
        assert!(!Arc::ptr_eq(&first, &tls.borrow()));
        assert!(board.view().borrow().degraded.is_empty());
    }

    #[test]
    fn a_broken_certificate_does_not_start() {
        let folder = tempfile::tempdir().unwrap();
        assert!(matches!(Certificate::open(&config(folder.path())), Err(JobError::Refused(_))));
        assert!(Certificate::open(&Config::default()).unwrap().is_none());
    }
}
