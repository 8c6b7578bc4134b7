//! Somebody is forgotten, or handed what is stored about them, while the daemon runs.

use std::sync::Arc;

use serde_json::Value;
use tracing::{info, warn};

use super::Desk;
use super::wire::{Because, Refusal, Whom};
use crate::app::diary::Asker;
use crate::app::exporting::export;
use crate::app::forgetting::{self, Forget, Wish};
use crate::app::orders::Change;
use crate::app::unfinished::Unfinished;
use crate::config::Config;
use crate::model::Mention;
use crate::store::{Progress, Store, fault};

impl Desk {
    /// The engine forgets first, and its state is written down: only then is nothing from
    /// before needed any more.
    pub(super) async fn forget(
        &self,
        whom: Whom,
        really: bool,
        by: Asker,
    ) -> Result<Value, Refusal> {
        let store = self.kept()?;
        let config = Arc::clone(&self.config.borrow());
        let mention = whom.mention(&store, &config)?;
        if really {
            Unfinished::new(&whom, &mention, config.key_is).write_down(&store)?;
            return self.remove((store, config), (whom.kind(), mention), by).await;
        }
        let view = self.hearing.page.fresh();
        let keys = view.keys.iter().filter(|key| mention.is_in(&key.key)).count() as u64;
        let state = self.state.clone();
        let work = move || {
            let wish = Wish { of: whom.kind(), mention: &mention, how: Progress::Count, by: &by };
            in_json(&forgetting::forget(&store, (&config, &state), wish, keys)?)
        };
        self.questions.in_turn(work).await
    }

    /// Brings to its end what the last daemon, or a command, was killed in.
    pub(super) async fn finish_forgetting(&self) {
        let Ok(store) = self.kept() else { return };
        let done = match Unfinished::find(&store) {
            Ok(None) => return,
            Ok(Some(unfinished)) => {
                let config = Arc::clone(&self.config.borrow());
                let whom = (unfinished.of.as_str(), unfinished.mention());
                self.remove((store, config), whom, Asker::ourselves()).await.map(drop)
            }
            Err(error) => Err(Refusal::new(Because::Failed, error.to_string())),
        };
        match done {
            Ok(()) => info!("somebody was being forgotten when it was cut off: that is done now"),
            Err(error) => warn!(
                %error,
                "somebody was being forgotten when it was cut off, and it cannot be finished: \
                 forget them again"
            ),
        }
    }

    async fn remove(
        &self,
        (store, config): (Store, Arc<Config>),
        (of, mention): (&str, Mention),
        by: Asker,
    ) -> Result<Value, Refusal> {
        let failed =
            |error: &dyn std::fmt::Display| Refusal::new(Because::Failed, error.to_string());
        fault::place("forgetting begins");
        let asked = (store.clone(), mention.clone());
        let found = move || forgetting::with_stored(&asked.0, &asked.1);
        let found = tokio::task::spawn_blocking(found).await.map_err(|panic| failed(&panic))?;
        let order = Forget::new(found.map_err(|error| failed(&error))?);
        let given = self.hearing.orders.give(vec![Change::Forget(order.clone())]).await;
        given.map_err(|error| failed(&error))?;
        let keys = order.keys()?;
        let (state, board) = (self.state.clone(), self.hearing.board.clone());
        let of = of.to_owned();
        let work = move || {
            let wish = Wish { of: &of, mention: &mention, how: Progress::Remove, by: &by };
            let receipt = forgetting::forget(&store, (&config, &state), wish, keys)?;
            board.remember(&store).map_err(|error| failed(&error))?;
            in_json(&receipt)
        };
        self.questions.in_turn(work).await
    }

    pub(super) async fn export(&self, whom: Whom, by: Asker) -> Result<Value, Refusal> {
        let store = self.kept()?;
        let config = Arc::clone(&self.config.borrow());
        let view = self.hearing.page.fresh();
        let work = move || {
            let mention = whom.mention(&store, &config)?;
            export(&store, &view.keys, (&whom, &mention, &by))
        };
        self.questions.in_turn(work).await
    }

    fn kept(&self) -> Result<Store, Refusal> {
        let nothing = "this keyvigil keeps nothing beyond its run";
        self.hearing.store.clone().ok_or_else(|| Refusal::new(Because::Failed, nothing))
    }
}

fn in_json<T: serde::Serialize>(value: &T) -> Result<Value, Refusal> {
    serde_json::to_value(value).map_err(|error| Refusal::new(Because::Failed, error.to_string()))
}
