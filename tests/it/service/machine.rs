//! A Debian that boots its own systemd over a throw-away copy of this machine's files.

use std::fs;
use std::io::{Read as _, Write as _};
use std::os::unix::process::ExitStatusExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use tempfile::TempDir;

/// Long enough for a busy machine.
const PATIENCE: Duration = Duration::from_mins(1);

/// How long the machine may take to shut down before its plug is pulled.
const SHUTDOWN_MAX: Duration = Duration::from_secs(10);

const POLL: Duration = Duration::from_millis(100);

/// What it stands on, besides root, each with the package of Debian that has it.
const TOOLS: [(&str, &str); 8] = [
    ("systemd-nspawn", "systemd-container"),
    ("systemd-analyze", "systemd"),
    ("setpriv", "util-linux"),
    ("flock", "util-linux"),
    ("unshare", "util-linux"),
    ("nsenter", "util-linux"),
    ("dpkg-deb", "dpkg"),
    ("strip", "binutils"),
];

/// Where control groups may be mounted.
const TREES: [&str; 3] = ["/sys/fs/cgroup", "/sys/fs/cgroup/unified", "/sys/fs/cgroup/systemd"];

/// In mounts of its own, which go with its last process; the lock, since two machines would
/// share one place among the control groups; and should the test be killed, so is all this.
const BOOT: &str = r#"
set -eu
mount -t tmpfs -o mode=0755 tmpfs "$0"
mkdir "$0/upper" "$0/work" "$0/system"
mount -t overlay -o "lowerdir=/,upperdir=$0/upper,workdir=$0/work" overlay "$0/system"
rm -f "$0/system/etc/machine-id"
: > "$0/system/etc/machine-id"
# No index of man pages is made; what images of containers forbid is allowed.
rm -f "$0/system/var/lib/man-db/auto-update"
rm -f "$0/system/usr/sbin/policy-rc.d" "$0"/system/etc/dpkg/dpkg.cfg.d/*
exec systemd-nspawn --directory="$0/system" --machine=keyvigil-test --private-network --boot \
  --register=no --keep-unit --console=pipe systemd.unit=basic.target </dev/null
"#;

pub(crate) struct Machine {
    child: Child,
    /// Its first process, as seen from here.
    leader: u32,
    /// What it said while booting, and where its files are mounted.
    folder: TempDir,
}

/// Why the test cannot be run here: it fails with this, it is never left out.
pub(crate) fn require_tools() {
    let is_root = fs::read_to_string("/proc/self/status").unwrap().contains("\nUid:\t0\t");
    assert!(is_root, "this test boots a systemd, which needs root");
    let path = std::env::var("PATH").unwrap();
    for (tool, package) in TOOLS {
        let is_there = path.split(':').any(|folder| Path::new(folder).join(tool).exists());
        assert!(is_there, "missing: {tool} of {package}; scripts/test installs it");
    }
}

impl Machine {
    pub(crate) fn boot() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().join("mounts");
        fs::create_dir(&root).unwrap();
        let console = fs::File::create(folder.path().join("console")).unwrap();
        let child = Command::new("setpriv")
            .args(["--pdeathsig", "KILL", "flock", "--no-fork", "/run/lock/keyvigil-test-machine"])
            .args(["unshare", "--mount", "--fork", "--kill-child", "sh", "-c", BOOT])
            .arg(&root)
            .env("SYSTEMD_NSPAWN_UNIFIED_HIERARCHY", "1")
            .stdin(Stdio::null())
            .stdout(console.try_clone().unwrap())
            .stderr(console)
            .spawn()
            .unwrap();
        let mut machine = Self { child, leader: 0, folder };
        machine.wait_until_booted();
        machine
    }

    fn wait_until_booted(&mut self) {
        let since = Instant::now();
        loop {
            let said = fs::read_to_string(self.folder.path().join("console")).unwrap_or_default();
            let ended = self.child.try_wait().unwrap();
            assert!(ended.is_none(), "systemd-nspawn cannot boot here ({ended:?}):\n{said}");
            assert!(since.elapsed() < 3 * PATIENCE, "it did not boot in time:\n{said}");
            let nspawn = child_of(self.child.id(), "systemd-nspawn");
            if let Some(leader) = nspawn.and_then(|nspawn| child_of(nspawn, "systemd")) {
                self.leader = leader;
                let state = self.try_run("systemctl is-system-running");
                if matches!(text(&state.stdout).trim(), "running" | "degraded") {
                    return;
                }
            }
            thread::sleep(POLL);
        }
    }

    /// A file of the machine, as it is reached from here.
    pub(crate) fn path(&self, path: &str) -> PathBuf {
        Path::new("/proc")
            .join(self.leader.to_string())
            .join("root")
            .join(path.trim_start_matches('/'))
    }

    /// Runs a line of shell as root; what it printed.
    pub(crate) fn run(&self, line: &str) -> String {
        let output = self.try_run(line);
        let said = format!("{}{}", text(&output.stdout), text(&output.stderr));
        assert!(output.status.success(), "{line}: {}\n{said}{}", output.status, self.journal());
        text(&output.stdout)
    }

    /// As [`Machine::run`], where a failure is expected.
    pub(crate) fn try_run(&self, line: &str) -> Output {
        Command::new("nsenter")
            .args(["--all", "--target", &self.leader.to_string(), "--", "/bin/sh", "-c", line])
            .env_clear()
            .env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin")
            .env("DEBIAN_FRONTEND", "noninteractive")
            .env("HOME", "/")
            .env("LC_ALL", "C.UTF-8")
            .current_dir("/")
            .stdin(Stdio::null())
            .output()
            .unwrap()
    }

    /// One property of the service.
    pub(crate) fn property(&self, name: &str) -> String {
        self.run(&format!("systemctl show --property {name} --value keyvigil.service"))
            .trim()
            .to_owned()
    }

    /// All that systemd and the daemon said.
    pub(crate) fn journal(&self) -> String {
        text(&self.try_run("journalctl --no-pager --output short-precise --unit keyvigil").stdout)
    }

    /// Asks until there is an answer.
    pub(crate) fn wait_for<T>(&self, what: &str, mut answer: impl FnMut() -> Option<T>) -> T {
        let since = Instant::now();
        loop {
            if let Some(answer) = answer() {
                return answer;
            }
            assert!(since.elapsed() < PATIENCE, "in vain for {what}:\n{}", self.journal());
            thread::sleep(POLL);
        }
    }
}

impl Drop for Machine {
    /// Shuts down, and does not wait for ever.
    fn drop(&mut self) {
        let since = Instant::now();
        if thread::panicking() {
            drop(writeln!(std::io::stderr(), "what it said:\n{}", self.journal()));
        }
        if self.leader != 0 {
            drop(self.try_run("systemctl --no-block poweroff"));
            while since.elapsed() < SHUTDOWN_MAX && matches!(self.child.try_wait(), Ok(None)) {
                thread::sleep(POLL);
            }
        }
        // Whoever is still there goes with the parent, and the mounts with the last of them.
        drop(self.child.kill());
        drop(self.child.wait());
        // The control groups in which systemd-nspawn puts itself and the machine, once empty.
        let groups = fs::read_to_string("/proc/self/cgroup").unwrap_or_default();
        for group in groups.lines().filter_map(|line| line.splitn(3, ':').nth(2)) {
            for (tree, name) in
                TREES.iter().flat_map(|tree| ["payload", "supervisor"].map(|name| (tree, name)))
            {
                drop(fs::remove_dir(format!("{tree}{group}/{name}")));
            }
        }
    }
}

/// The child of a process that has this name.
fn child_of(parent: u32, name: &str) -> Option<u32> {
    fs::read_dir("/proc").unwrap().find_map(|entry| {
        let pid: u32 = entry.ok()?.file_name().to_str()?.parse().ok()?;
        let mut stat = String::new();
        fs::File::open(format!("/proc/{pid}/stat")).ok()?.read_to_string(&mut stat).ok()?;
        // `7 (name) S 1 …`
        let (front, rest) = stat.rsplit_once(") ")?;
        let is_name = front.split_once('(')?.1 == name;
        let is_parent = rest.split(' ').nth(1)? == parent.to_string();
        (is_name && is_parent).then_some(pid)
    })
}

pub(crate) fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// A tool of this machine, which must succeed.
pub(crate) fn tool(program: &str, args: &[&str]) -> String {
    let output = Command::new(program).args(args).output().unwrap();
    let said = text(&output.stderr);
    assert!(
        output.status.success(),
        "{program} {args:?}: {:?}, signal {:?}\n{said}",
        output.status.code(),
        output.status.signal()
    );
    text(&output.stdout)
}
