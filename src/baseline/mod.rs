//! Profiles to baselines: what is normal for a key and for its role, and how unusual it is
//! when it is not.

pub mod background;
pub mod calibration;
pub mod drift;
pub mod habit;
pub mod ratio;
pub mod series;
pub mod size;
pub mod steady;
pub mod tail;
mod week;

pub use background::{Background, PEAK_MIN};
pub use calibration::Calibration;
pub use drift::{Compared, Daily, Drift, median};
pub use habit::{Expected, Habit, RoleHabit};
pub use ratio::Ratio;
pub use series::Series;
pub use size::{Amount, Size};
pub use steady::Steady;
