//! The whole of the judgement, as one function of its inputs.
//!
//! **Invariant:** the same inputs in the same order give the same actions, live or
//! replayed. The engine reads no clock, no file and no network; the passing of time is an
//! input like any other.
//!
//! **Invariant:** the order of lines within `patience` does not matter, so that several
//! files may be read in any interleaving.

mod accounted;
mod allowed;
mod arrivals;
mod audit;
mod budget;
mod causes;
mod close;
mod curve;
mod days;
mod deeds;
mod described;
mod drift;
mod fleet;
mod flows;
mod forget;
mod hours;
mod hygiene;
mod intake;
mod io;
mod key;
mod keys;
mod late;
mod let_in;
mod measures;
mod novelty;
mod order;
mod others;
mod outsiders;
mod overview;
mod parties;
mod parts;
mod portrait;
mod quiet;
mod quotas;
mod raise;
mod role;
mod roles;
mod routine;
mod ruled;
mod rules;
mod settings;
mod shared;
mod sigma;
mod stale;
mod state;
mod strangers;
mod suspicion;
mod tallies;
mod travel;
mod values;
mod verdicts;
mod waiting;

#[cfg(test)]
mod tests;

use std::sync::Arc;

pub use forget::Forgotten;
pub use io::{Action, EngineError, Input, Judgement, StateRow, Verdict};
pub use overview::{HourRow, KeyRow, Overview, RoleRow};
pub use parties::Party;
pub use parts::Part;
pub use portrait::Portrait;
pub use settings::Settings;
pub use state::Restoring;

use crate::detect::{RoleRules, SigmaRules};
use crate::identity::Inventory;
use crate::incident::Incidents;
use crate::model::{Entity, Hour, Timestamp};
use crate::profile::{Forms, Guessers, SlotUse, Sorting, Sources};

/// One thread owns it; everyone else reads what it publishes.
#[derive(Debug, Default)]
pub struct Engine {
    settings: Settings,
    inventory: Option<Arc<Inventory>>,
    keys: keys::Keys,
    roles: roles::Roles,
    waiting: waiting::Waiting,
    /// The hour that is open.
    hour: Option<Hour>,
    totals: Totals,
    fleet: fleet::Fleet,
    sources: Sources,
    forms: Forms,
    guessers: Guessers,
    strangers: strangers::Strangers,
    causes: causes::Causes,
    budget: budget::Budget,
    incidents: Incidents,
    others: others::Others,
    stale: stale::StaleFindings,
    gathered: hygiene::Gathered,
    travels: travel::Travels,
    audits: audit::Audits,
    /// Broken rules of lines that lie ahead of the watermark, until it comes to them.
    ahead: rules::Ahead,
    /// A person's own rules, made ready, and what they matched.
    sigma: SigmaRules,
    matches: sigma::Matches,
    tallies: tallies::Tallies,
    /// What roles may do, in the order of their names.
    policies: Vec<RoleRules>,
    scratch: intake::Scratch,
    sorting: Sorting,
    /// Room of slots that were judged, for those to come.
    emptied: Vec<SlotUse>,
    written: state::Written,
    parties_revision: u64,
}

/// Counts since the beginning.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
struct Totals {
    events: u64,
    late: u64,
    since: Option<Timestamp>,
    alarms: u64,
    /// Keys that were ever let in.
    keys_accepted: u32,
    keys_forgotten: u64,
    /// Findings of kinds that are turned off.
    turned_off: u64,
    /// The inventory has not been looked through yet: the next tick does.
    inventory_is_new: bool,
}

impl Engine {
    pub fn new(settings: Settings) -> Self {
        let mut engine = Self { settings, ..Self::default() };
        engine.make_rules_ready();
        engine
    }

    /// After any change of the settings.
    fn make_rules_ready(&mut self) {
        let rules = &self.settings.rules;
        self.sigma = SigmaRules::read(&rules.sigma);
        self.policies = rules.roles.values().cloned().collect();
        self.keys.forget_rules();
    }

    /// Takes in one input and says what must be done now.
    pub fn step(&mut self, input: &Input) -> Vec<Action> {
        let mut actions = Vec::new();
        match input {
            Input::Batch(batch) => self.take_in(batch, &mut actions),
            Input::Tick(watermark) => self.tick(*watermark, &mut actions),
            Input::Verdict(verdict) => self.hear(verdict, &mut actions),
            Input::Inventory(inventory) => {
                let today = self.waiting.watermark.map(Timestamp::day);
                self.keys.describe(inventory, today);
                let inventory = self.with_audits(inventory);
                self.inventory = (!inventory.is_empty()).then_some(inventory);
                self.totals.inventory_is_new = true;
                self.keys.forget_rules();
                self.parties_revision += 1;
            }
            Input::Settings(settings) => {
                self.settings = settings.as_ref().clone();
                self.make_rules_ready();
                self.tallies.retain(|rule| self.sigma.count(rule).is_some());
                self.parties_revision += 1;
            }
            Input::Finish => self.finish(&mut actions),
        }
        actions
    }

    /// Up to when time has passed.
    pub fn judged(&self) -> Option<Timestamp> {
        self.waiting.watermark
    }

    /// Whether a tick with this watermark would lead to more than knowing it: a slot has
    /// waited long enough.
    pub fn is_due(&self, watermark: Timestamp) -> bool {
        let end = |watermark: Timestamp| watermark.back(self.settings.patience).slot();
        self.waiting.watermark.is_none_or(|known| end(known) < end(watermark))
    }

    /// The watermark has come this far: closes every slot that has waited long enough.
    fn tick(&mut self, watermark: Timestamp, actions: &mut Vec<Action>) {
        if self.waiting.watermark.is_some_and(|known| watermark <= known) {
            return;
        }
        self.waiting.watermark = Some(watermark);
        self.close_until(watermark.back(self.settings.patience).slot(), actions);
        self.raise_ahead(watermark, actions);
        if std::mem::take(&mut self.totals.inventory_is_new) {
            self.look_for_stale(watermark, actions);
        }
    }

    /// Nothing more will come: closes every slot up to the watermark.
    fn finish(&mut self, actions: &mut Vec<Action>) {
        if let Some(watermark) = self.waiting.watermark {
            self.close_until(watermark.slot().next(), actions);
            self.raise_ahead(watermark, actions);
        }
        self.totals.late += self.waiting.take_rest();
    }

    pub const fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Whether this is what the engine was told last. Then it goes on with this one: two of a hundred
    /// thousand keys would take their room twice.
    pub fn recognise_inventory(&mut self, inventory: &Arc<Inventory>) -> bool {
        match &mut self.inventory {
            Some(known) if **known == **inventory => {
                *known = Arc::clone(inventory);
                true
            }
            known => known.is_none() && inventory.is_empty(),
        }
    }

    /// Whether an incident that people see is open on the key.
    fn is_suspect(&self, id: &str) -> bool {
        !self.incidents.is_empty() && self.incidents.open_on(&Entity::Key(id.to_owned())).is_some()
    }
}
