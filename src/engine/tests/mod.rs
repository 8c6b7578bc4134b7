//! Properties of the whole judgement, over seeded histories.

mod habits;
mod history;
mod life;
mod limits;
mod lives;
mod lives_of_dates;
mod lives_of_use;
mod messages;
mod properties;
mod walk;
