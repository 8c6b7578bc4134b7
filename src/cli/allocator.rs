//! The C library keeps what a thread lets go of for that thread, and large pieces for ever larger
//! ones. It listens to its settings only when a program begins: so a long work begins once more.

use std::env;
use std::os::unix::process::CommandExt as _;
use std::process::Command;

/// Events are read by one thread and let go of by another: two stocks are enough for all of them, and
/// what is free goes back to the system. In a flood of invented values that is a quarter less memory.
/// Pieces of half a MiB, as sled writes them, are too many to be asked of the system one by one.
const SETTINGS: [(&str, &str); 3] = [
    ("MALLOC_ARENA_MAX", "2"),
    ("MALLOC_TRIM_THRESHOLD_", "1048576"),
    ("MALLOC_MMAP_THRESHOLD_", "1048576"),
];

/// Returns at once where they are set, or where it cannot be done: it is only a matter of memory.
pub(super) fn keep_lean() {
    let is_set = SETTINGS.iter().any(|(name, _)| env::var_os(name).is_some());
    if is_set || !cfg!(target_env = "gnu") {
        return;
    }
    let mut words = env::args_os();
    if let (Ok(program), Some(name)) = (env::current_exe(), words.next()) {
        // The same process, under the same number. Only a failure comes back.
        let _error = Command::new(program).arg0(name).args(words).envs(SETTINGS).exec();
    }
}
