//! Properties of the whole judgement, over seeded histories.

mod flows;
mod habits;
mod history;
mod kinds;
mod life;
mod limits;
mod lives;
mod lives_of_dates;
mod lives_of_use;
mod messages;
mod poisoning;
mod properties;
mod quotas;
mod sigma;
mod state;
mod stories;
mod town;
mod walk;

use super::{Engine, EngineError, Settings, StateRow};

impl Engine {
    pub fn changed_state(&mut self) -> Vec<StateRow> {
        let mut rows = Vec::new();
        self.hand_out_changed(&mut |row| rows.push(row));
        rows
    }
}

fn restored(rows: &[StateRow]) -> Result<Engine, EngineError> {
    let mut engine = Engine::restoring(Settings::default());
    rows.iter().try_for_each(|row| engine.take_up(row))?;
    Ok(engine.done())
}
