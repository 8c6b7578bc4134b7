//! Properties of the whole judgement, over seeded histories.

mod history;
mod limits;
mod properties;
mod walk;
