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
