//! Somebody is forgotten, or handed what is stored about them, while the daemon runs.

use std::sync::Arc;

use serde_json::Value;

use super::Desk;
use super::wire::{Because, Refusal, Whom};
use crate::app::diary::Asker;
use crate::app::exporting::export;
use crate::app::forgetting::{self, Forget, Wish};
use crate::app::orders::Change;
use crate::store::{Progress, Store};

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
        let how = if really { Progress::Remove } else { Progress::Count };
        let view = self.hearing.page.fresh();
        let keys = if really {
            let order = Forget::new(mention.clone());
            let given = self.hearing.orders.give(vec![Change::Forget(order.clone())]).await;
            given.map_err(|error| Refusal::new(Because::Failed, error.to_string()))?;
            order.keys()?
        } else {
            view.keys.iter().filter(|key| mention.is_in(&key.key)).count() as u64
        };
        let (state, board) = (self.state.clone(), self.hearing.board.clone());
        let work = move || {
            let wish = Wish { whom: &whom, mention: &mention, how, by: &by };
            let receipt = forgetting::forget(&store, (&config, &state), wish, keys)?;
            if really {
                board
                    .remember(&store)
                    .map_err(|error| Refusal::new(Because::Failed, error.to_string()))?;
            }
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
