//! The tokens by which people log in to the page: kept in the store as hashes, made and
//! taken back from the command line.

use std::path::Path;
use std::sync::Arc;

use serde_json::{Value, json};
use tokio::sync::watch;

use super::control::{self, Because, Refusal, TokenAsk};
use super::diary::Asker;
use super::job::{self, JobError};
use crate::config::Config;
use crate::model::{Millis, Timestamp};
use crate::store::{Store, StoreError};
use crate::web::{Token, Tokens};

/// A clone is the same ring.
#[derive(Clone, Debug)]
pub(super) struct Keyring {
    /// Without a store there are none, and none can be made.
    store: Option<Store>,
    tokens: watch::Sender<Arc<Tokens>>,
}

/// The name of the tokens in the store.
const TOKENS: &str = "tokens";

impl Keyring {
    pub(super) fn open(store: Option<Store>) -> Result<Self, JobError> {
        let tokens = store.as_ref().map_or(Ok(Tokens::default()), read)?;
        Ok(Self { store, tokens: watch::Sender::new(Arc::new(tokens)) })
    }

    pub(super) fn tokens(&self) -> watch::Receiver<Arc<Tokens>> {
        self.tokens.subscribe()
    }

    /// Made, listed or taken back; at once, also for who is logged in.
    pub(super) fn answer(&self, ask: &TokenAsk, by: &Asker) -> Result<Value, Refusal> {
        let Some(store) = &self.store else {
            let message = "this keyvigil keeps nothing, so that it has no tokens; run it with \
                           --state or a configuration";
            return Err(Refusal::new(Because::Failed, message));
        };
        let mut tokens = Tokens::clone(&self.tokens.borrow());
        let answer = carry_out(store, &mut tokens, (ask, by))?;
        self.tokens.send_replace(Arc::new(tokens));
        Ok(answer)
    }
}

/// The same while no daemon runs.
pub fn ask_at_rest(
    config: &Config,
    state: &Path,
    ask: &TokenAsk,
) -> Result<Result<Value, Refusal>, JobError> {
    let store = job::open_existing(config, state)?;
    let mut tokens = read(&store)?;
    let by = control::ourselves();
    Ok(carry_out(&store, &mut tokens, (ask, &by)))
}

fn read(store: &Store) -> Result<Tokens, StoreError> {
    let value = store.meta_get(TOKENS)?;
    let read = |value: Vec<u8>| {
        serde_json::from_slice(&value)
            .map_err(|source| StoreError::Form { what: "the tokens", source })
    };
    value.map_or(Ok(Tokens::default()), read)
}

fn carry_out(
    store: &Store,
    tokens: &mut Tokens,
    (ask, by): (&TokenAsk, &Asker),
) -> Result<Value, Refusal> {
    let now = super::now();
    let wrong = |error: crate::web::TokenError| Refusal::new(Because::NotFound, error.to_string());
    let (answer, what, about) = match ask {
        TokenAsk::List => {
            let list: Vec<Value> = tokens.iter().map(|token| told(token, now)).collect();
            return Ok(json!({ "tokens": list }));
        }
        TokenAsk::Create { name, role, days } => {
            let expires = days.map(|days| now.plus(Millis::days(i64::from(days))));
            let secret = tokens.create(name, *role, (now, expires)).map_err(wrong)?;
            let about = format!("{name}, {}", role.name());
            (
                json!({ "token": secret, "expires": expires.and_then(written) }),
                "made a token",
                about,
            )
        }
        TokenAsk::Revoke { name } => {
            tokens.revoke(name).map_err(wrong)?;
            (json!({ "revoked": name }), "took back a token", name.clone())
        }
    };
    let failed = |error: &dyn std::fmt::Display| Refusal::new(Because::Failed, error.to_string());
    let value = serde_json::to_vec(tokens).map_err(|error| failed(&error))?;
    store.meta_put(TOKENS, &value).map_err(|error| failed(&error))?;
    store.journal_add(vec![by.did(what, about)]).map_err(|error| failed(&error))?;
    Ok(answer)
}

fn told(token: &Token, now: Timestamp) -> Value {
    json!({
        "name": token.name,
        "role": token.rank.name(),
        "created": written(token.created),
        "expires": token.expires.and_then(written),
        "is_valid": token.is_valid(now),
    })
}

fn written(at: Timestamp) -> Option<String> {
    jiff::Timestamp::from_second(at.seconds()).ok().map(|at| at.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::OpenOptions;
    use crate::web::Rank;

    fn by() -> Asker {
        Asker::command_line("root".to_owned())
    }

    #[test]
    fn a_token_outlives_the_daemon_and_its_secret_is_told_once() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path(), &OpenOptions::default()).unwrap();
        let ring = Keyring::open(Some(store.clone())).unwrap();
        let receiver = ring.tokens();
        let ask = TokenAsk::Create { name: "ann".to_owned(), role: Rank::Admin, days: Some(3) };
        let made = ring.answer(&ask, &by()).unwrap();
        assert!(made["token"].as_str().unwrap().starts_with("kv_"));
        assert_eq!(receiver.borrow().iter().count(), 1);
        let again = Keyring::open(Some(store.clone())).unwrap();
        let list = again.answer(&TokenAsk::List, &by()).unwrap().to_string();
        assert!(list.contains("ann") && list.contains("admin") && !list.contains("kv_"), "{list}");
        assert!(ring.answer(&ask, &by()).is_err(), "the name is taken");
        ring.answer(&TokenAsk::Revoke { name: "ann".to_owned() }, &by()).unwrap();
        assert!(receiver.borrow().is_empty());
        let told: Vec<String> =
            store.journal(None, 9).unwrap().into_iter().map(|entry| entry.what).collect();
        assert_eq!(told, ["took back a token", "made a token"]);
    }

    #[test]
    fn without_a_store_there_are_no_tokens() {
        let refused = Keyring::open(None).unwrap().answer(&TokenAsk::List, &by()).unwrap_err();
        assert!(refused.message.contains("--state"), "{refused}");
    }
}
