//! Labelled traffic from a seed: a log, what was staged in it, and what only looks like it.
#![expect(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    clippy::cast_sign_loss,
    reason = "made-up counts and times are small, and rounding them does no harm"
)]

mod benign;
mod draw;
mod hit;
mod key;
mod kinds;
mod law;
mod loopback;
mod options;
mod people;
mod places;
mod plan;
mod roles;
mod routes;
mod simulation;
mod stage;
mod staged;
mod strangers;
mod tables;
mod theft;
mod traffic;
mod unusual;
mod write;

pub use benign::Confounder;
pub use hit::LOG_FORMAT;
pub use hit::LineFormat;
pub use options::DEFAULT_END;
pub use options::Meta;
pub use options::Options;
pub use options::Profile;
pub use options::Staging;
pub use simulation::Simulation;
pub use staged::Label;
pub use write::write_to;

/// A history for these options.
pub fn simulate(options: &Options) -> Simulation {
    Simulation::new(options)
}
