//! How much memory this process may take, and whether that is enough: who has too little dies in the
//! middle of his work, and mostly without a word.

use std::fs;
use std::path::{Path, PathBuf};

/// What a flood of invented keys may take, by the limits that are tested.
const MIB_MIN: u64 = 256;

/// Of addresses much more is reserved than is ever used.
const ADDRESSES_MIB_MIN: u64 = 512;

/// A limit that somebody set, and what it should be at least.
#[derive(Debug, PartialEq, Eq)]
struct Limit {
    what: String,
    mib: u64,
    mib_min: u64,
}

/// What there is to say about it when the daemon starts.
pub(super) fn too_little() -> Option<String> {
    let text = |path: &str| fs::read_to_string(path).unwrap_or_default();
    let groups = groups(&text("/proc/self/cgroup"));
    let of_groups = groups.into_iter().filter_map(|group| {
        let bytes = fs::read_to_string(group.join("memory.max")).ok()?.trim().parse().ok()?;
        Some(limit(&format!("MemoryMax of {}", group.display()), bytes, MIB_MIN))
    });
    let limits = of_process(&text("/proc/self/limits")).into_iter().chain(of_groups);
    let least = limits.filter(|it| it.mib < it.mib_min).min_by_key(|it| it.mib)?;
    Some(format!(
        "Only {} MiB of memory may be used ({}). A quiet log may do with that; a flood takes up to \
         {MIB_MIN} MiB, and whoever has less is ended by the system in the middle of it. Nothing is \
         lost then, but nobody watches: set it to {} MiB or more.",
        least.mib, least.what, least.mib_min
    ))
}

/// `Max data size  67108864  unlimited  bytes`
fn of_process(limits: &str) -> Vec<Limit> {
    let known = [("Max address space", ADDRESSES_MIB_MIN), ("Max data size", MIB_MIN)];
    let of_line = |line: &str| {
        let (name, min) = known.iter().find(|(name, _)| line.starts_with(name))?;
        let soft = line.strip_prefix(name)?.split_whitespace().next()?;
        Some(limit(&format!("ulimit: {name}"), soft.parse().ok()?, *min))
    };
    limits.lines().filter_map(of_line).collect()
}

fn limit(what: &str, bytes: u64, mib_min: u64) -> Limit {
    Limit { what: what.to_owned(), mib: bytes >> 20, mib_min }
}

/// The group of this process and those that it is in, in the tree of version 2: `0::/a/b`.
fn groups(of_process: &str) -> Vec<PathBuf> {
    let ours = of_process.lines().find_map(|line| line.strip_prefix("0::/")).unwrap_or_default();
    let root = Path::new("/sys/fs/cgroup");
    let path = root.join(ours);
    path.ancestors().take_while(|path| path.starts_with(root)).map(Path::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_of_a_process_are_read_as_the_kernel_writes_them() {
        let text = "Limit                     Soft Limit           Hard Limit           Units     \n\
                    Max cpu time              unlimited            unlimited            seconds   \n\
                    Max data size             67108864             unlimited            bytes     \n\
                    Max address space         unlimited            unlimited            bytes     \n";
        assert_eq!(of_process(text), [limit("ulimit: Max data size", 64 << 20, MIB_MIN)]);
        assert_eq!(of_process(""), []);
    }

    #[test]
    fn every_group_that_a_process_is_in_may_set_a_limit() {
        let found = groups("0::/system.slice/keyvigil.service\n");
        let expected = ["/system.slice/keyvigil.service", "/system.slice", ""];
        assert_eq!(found, expected.map(|it| PathBuf::from(format!("/sys/fs/cgroup{it}"))));
        assert_eq!(groups("4:memory:/a\n"), [PathBuf::from("/sys/fs/cgroup")]);
    }
}
