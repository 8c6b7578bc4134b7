//! What the daemon writes into the audit journal by itself, and the head of it, told where
//! somebody else keeps it.

use std::time::Duration;

use tracing::{info, warn};

use crate::config::Config;
use crate::store::{Entry, Store, StoreError};

/// Who asked for something, and how it came.
#[derive(Clone, Debug, Default)]
pub(super) struct Asker {
    pub(super) who: String,
    pub(super) from: String,
}

/// How what is typed on a terminal comes.
pub(super) const COMMAND_LINE: &str = "command line";

/// How long the last entry of a life may take.
const LAST_WORDS_MAX: Duration = Duration::from_secs(5);

const OURSELVES: &str = "keyvigil";

/// Under this name the store keeps whether a daemon works on it.
const LIFE: &str = "life";
const LIVES: &[u8] = b"lives";

/// Under this name the store keeps which configuration was in force last.
const CONFIGURATION: &str = "configuration";

impl Asker {
    pub(super) fn command_line(who: String) -> Self {
        Self { who, from: COMMAND_LINE.to_owned() }
    }

    /// The daemon, on its own.
    pub(super) fn ourselves() -> Self {
        Self { who: OURSELVES.to_owned(), from: String::new() }
    }

    pub(super) fn did(&self, what: &str, about: String) -> Entry {
        Entry {
            at: super::now(),
            who: self.who.clone(),
            from: self.from.clone(),
            what: what.to_owned(),
            about,
            ..Entry::default()
        }
    }
}

/// Of one life of the daemon.
pub(super) struct Diary(Option<Store>);

impl Diary {
    pub(super) fn begin(store: Option<Store>, config: &Config) -> Result<Self, StoreError> {
        store.iter().try_for_each(|store| begins(store, config))?;
        Ok(Self(store))
    }

    /// Writes down that the daemon has ended, and tells the last head. A disk that hangs does not
    /// hold up the end.
    pub(super) async fn end<T>(self, ended: T) -> T {
        let Some(store) = self.0 else { return ended };
        let last = tokio::task::spawn_blocking(move || {
            let stopped = Asker::ourselves().did("stopped", String::new());
            let written = store.journal_add(vec![stopped]);
            warned(written.and_then(|()| store.meta_put(LIFE, &[])));
            tell_head(&store);
        });
        if tokio::time::timeout(LAST_WORDS_MAX, last).await.is_err() {
            warn!("the audit journal cannot be written: the disk does not answer");
        }
        ended
    }
}

/// Writes down that the daemon began, and whether with another configuration than before.
fn begins(store: &Store, config: &Config) -> Result<(), StoreError> {
    let print = fingerprint(config);
    let known = store.meta_get(CONFIGURATION)?;
    let before = known.as_deref().map(String::from_utf8_lossy).filter(|it| *it != print);
    let about = match before {
        Some(before) => format!("configuration {print}, which was {before} before"),
        None => format!("configuration {print}"),
    };
    let was_cut_off = store.meta_get(LIFE)?.as_deref() == Some(LIVES);
    let after = if was_cut_off { "; the last life ended without a word" } else { "" };
    if was_cut_off {
        warn!(
            "the last keyvigil here ended without a word: it was killed, or had no memory left, or \
             the machine fell; `journalctl -k` and `journalctl -u keyvigil` may say which"
        );
    }
    store.journal_add(vec![Asker::ourselves().did("started", about + after)])?;
    store.meta_put(LIFE, LIVES)?;
    store.meta_put(CONFIGURATION, print.as_bytes())
}

/// Writes down what is another in the configuration since now.
pub(super) fn changed(store: &Store, by: &Asker, (config, names): (&Config, &[String])) {
    let print = fingerprint(config);
    let about = if names.is_empty() { "nothing".to_owned() } else { names.join(", ") };
    let about = format!("{about} (configuration {print})");
    let noted = store
        .journal_add(vec![by.did("read the configuration again", about)])
        .and_then(|()| store.meta_put(CONFIGURATION, print.as_bytes()));
    warned(noted);
}

/// The head of the journal goes to the system's own journal, where another program keeps it:
/// `keyvigil journal verify --head` asks for it.
pub(super) fn tell_head(store: &Store) {
    match store.journal_head() {
        Ok(Some(signed)) => info!(
            head = %signed.head, signature = signed.signature, key = signed.key,
            "head of the audit journal"
        ),
        Ok(None) => {}
        Err(error) => warn!(%error, "the audit journal cannot be read"),
    }
}

/// What cannot be written down is said where it can.
pub(super) fn warned(noted: Result<(), StoreError>) {
    if let Err(error) = noted {
        warn!(%error, "the audit journal cannot be written");
    }
}

/// Two configurations that say the same have the same; secrets are not in a configuration.
fn fingerprint(config: &Config) -> String {
    let hash = blake3::hash(format!("{config:?}").as_bytes());
    hash.to_hex().chars().take(16).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::OpenOptions;

    #[tokio::test]
    async fn a_start_with_another_configuration_is_written_down() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path(), &OpenOptions::default()).unwrap();
        let config = Config::default();
        let begin = |config: &Config| Diary::begin(Some(store.clone()), config).unwrap();
        drop(begin(&config));
        drop(begin(&config));
        let other = Config::parse("[store]\nretention = \"7d\"", "it.toml").unwrap();
        begin(&other).end(()).await;
        let told: Vec<(String, bool)> = store
            .journal(None, 9)
            .unwrap()
            .into_iter()
            .map(|entry| (entry.what, entry.about.contains("before")))
            .collect();
        let started = |is_other| ("started".to_owned(), is_other);
        let stopped = ("stopped".to_owned(), false);
        assert_eq!(told, [stopped, started(true), started(false), started(false)]);
    }
}
