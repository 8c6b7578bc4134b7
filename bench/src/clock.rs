//! Seconds: those that passed, and those that this thread had a core.

use std::time::Instant;

/// Runs it and gives the seconds that this thread had a core: other programs do not count.
pub(crate) fn on_core<T>(run: impl FnOnce() -> T) -> (f64, T) {
    let begun = seconds_on_core();
    let done = run();
    (seconds_on_core() - begun, done)
}

pub(crate) fn wall<T>(run: impl FnOnce() -> T) -> (f64, T) {
    let begun = Instant::now();
    let done = run();
    (begun.elapsed().as_secs_f64(), done)
}

pub(crate) fn seconds_on_core() -> f64 {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    let nanos = text.split(' ').next().and_then(|nanos| nanos.parse::<f64>().ok());
    nanos.unwrap_or(0.0) / 1e9
}
