//! What stands in the memory of the program is nobody else's: not in a core dump, and not for other
//! programs of the same user.

use rustix::process::{DumpableBehavior, set_dumpable_behavior};

/// Keys and events are in it from the first moment on, in the daemon and in every other command.
pub(super) fn keep_private() {
    // The kernel has no reason to refuse it; where it does, the service's own limit still holds.
    set_dumpable_behavior(DumpableBehavior::NotDumpable).unwrap_or_default();
}
