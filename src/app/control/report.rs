//! The report of a period: the same from a running daemon and from a store at rest.

use std::sync::Arc;

use serde_json::Value;

use super::Desk;
use super::facts::facts;
use super::wire::{Because, Refusal};
use crate::config::Config;
use crate::model::Timestamp;
use crate::report::{self, Asked, Known, Report, ReportError};
use crate::store::Store;
use crate::web::View;

/// What is known of the period, with the configuration in force.
pub fn report(
    (store, view): (&Store, &View),
    config: &Config,
    asked: Asked,
) -> Result<Report, ReportError> {
    let known = Known {
        host: view.host.clone(),
        keys: &view.keys,
        parties: &view.parties,
        facts: facts(config),
    };
    report::report(store, &known, asked)
}

impl Desk {
    pub(super) async fn report(&self, from: Timestamp, until: Timestamp) -> Result<Value, Refusal> {
        let failed =
            |error: &dyn std::fmt::Display| Refusal::new(Because::Failed, error.to_string());
        let store = self.hearing.store.clone();
        let store =
            store.ok_or_else(|| failed(&"this keyvigil stores no events (run --state DIR)"))?;
        let (view, config) = (self.hearing.page.fresh(), Arc::clone(&self.config.borrow()));
        let asked = Asked { from, until, made: crate::app::now() };
        let work = move || {
            let made = report((&store, &view), &config, asked).map_err(|error| failed(&error))?;
            serde_json::to_value(made).map_err(|error| failed(&error))
        };
        self.questions.in_turn(work).await
    }
}
