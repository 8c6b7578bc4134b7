//! What the program knows stays in its memory: it leaves no core dump, and others who run as the
//! same user cannot look into it.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::process::{CommandExt as _, ExitStatusExt as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use crate::program::free_address;

const PATIENCE: Duration = Duration::from_mins(2);

/// Debian's `nobody`; where the tests may not become it, they stay who they are.
const NOBODY: u32 = 65534;

#[test]
fn nothing_that_ends_the_program_leaves_a_core_dump() {
    for signal in ["-ABRT", "-TRAP", "-SEGV"] {
        // Another program, in the same folder and by the same signal, leaves one.
        let folder = tempfile::tempdir().unwrap();
        let other = limitless(folder.path(), "sleep 1000", None);
        assert!(ended(other, signal).core_dumped(), "core dumps are forbidden on this machine");
        let folder = tempfile::tempdir().unwrap();
        let program = running(folder.path(), None);
        let status = ended(program, signal);
        assert!(status.signal().is_some() && !status.core_dumped(), "{signal}: {status:?}");
        let names: Vec<PathBuf> = files(folder.path());
        assert!(names.iter().all(|name| !name.to_string_lossy().contains("core")), "{names:?}");
    }
}

#[test]
fn others_of_the_same_user_cannot_look_into_its_memory() {
    // Root may look everywhere.
    let root = fs::metadata("/proc/self").map(|it| std::os::unix::fs::MetadataExt::uid(&it));
    let user = (root.unwrap() == 0).then_some(NOBODY);
    let folder = tempfile::tempdir().unwrap();
    let mut other = limitless(folder.path(), "sleep 1000", user);
    let mut program = running(folder.path(), user);
    for name in ["maps", "environ", "mem", "fd"] {
        let read = |child: &Child| looked(&format!("/proc/{}/{name}", child.id()), user);
        assert!(name == "mem" || read(&other).status.success(), "{name} of another program");
        let refused = read(&program);
        assert!(!refused.status.success(), "{name}");
        let text = String::from_utf8_lossy(&refused.stderr).into_owned();
        assert!(text.contains("Permission denied"), "{name}: {text}");
    }
    for child in [&mut other, &mut program] {
        child.kill().unwrap();
        child.wait().unwrap();
    }
}

/// As another process of the user sees it.
fn looked(path: &str, user: Option<u32>) -> Output {
    let mut command = Command::new("sh");
    command.args(["-c", "if [ -d \"$0\" ]; then ls \"$0\"; else head -c 1 \"$0\"; fi", path]);
    if let Some(user) = user {
        command.uid(user).gid(user);
    }
    command.output().unwrap()
}

/// A daemon that is up, without any limit on core dumps.
fn running(folder: &Path, user: Option<u32>) -> Child {
    // Where it was built nobody else may look.
    let program = folder.join("keyvigil");
    fs::copy(env!("CARGO_BIN_EXE_keyvigil"), &program).unwrap();
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
    fs::set_permissions(folder, fs::Permissions::from_mode(0o777)).unwrap();
    fs::write(folder.join("access.log"), "").unwrap();
    let address = free_address();
    let run =
        format!("{} run access.log --state state --listen {address} >out 2>&1", program.display());
    let child = limitless(folder, &run, user);
    let since = Instant::now();
    while std::net::TcpStream::connect(address).is_err() {
        assert!(since.elapsed() < PATIENCE, "it does not come up");
        thread::sleep(Duration::from_millis(50));
    }
    child
}

fn limitless(folder: &Path, run: &str, user: Option<u32>) -> Child {
    let mut command = Command::new("sh");
    command.args(["-c", &format!("ulimit -c unlimited; exec {run}")]).current_dir(folder);
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    if let Some(user) = user {
        command.uid(user).gid(user);
    }
    command.spawn().unwrap()
}

fn ended(mut child: Child, signal: &str) -> std::process::ExitStatus {
    let id = child.id().to_string();
    // It has become what it is to be.
    thread::sleep(Duration::from_millis(200));
    let since = Instant::now();
    loop {
        if let Some(status) = child.try_wait().unwrap() {
            return status;
        }
        // Rust takes the first SEGV for a stack that is too small, and dies of the second.
        assert!(Command::new("kill").args([signal, &id]).status().unwrap().success());
        assert!(since.elapsed() < PATIENCE, "{signal} does not end it");
        thread::sleep(Duration::from_millis(50));
    }
}

fn files(folder: &Path) -> Vec<PathBuf> {
    fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect()
}
