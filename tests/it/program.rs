//! The program as a user has it: started, asked over HTTP, stopped or killed.

use std::fs;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::thread;
use std::time::{Duration, Instant};

/// Long enough for a busy machine.
const PATIENCE: Duration = Duration::from_mins(2);

pub(crate) const LOG_FORMAT: &str = "$remote_addr - $remote_user [$time_local] \"$request\" $status $body_bytes_sent \"$http_referer\" \"$http_user_agent\" \"$http_x_api_key\" $request_time";

/// A program that is still running; killed when it goes out of sight.
pub(crate) struct Running {
    pub(crate) child: Child,
    pub(crate) address: SocketAddr,
    pub(crate) stderr: PathBuf,
}

pub(crate) fn keyvigil(args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_keyvigil")).args(args).output().unwrap()
}

pub(crate) fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

pub(crate) fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// A made-up history in a directory, as `keyvigil simulate` writes it.
pub(crate) fn history(folder: &Path, args: &[&str]) {
    let folder = folder.to_str().unwrap();
    let output = keyvigil(&[&["simulate", "--out", folder], args].concat());
    assert!(output.status.success(), "{}", stderr(&output));
}

/// `replay` with the flags of a simulated history; what it printed, and its alerts.
pub(crate) fn replay(folder: &Path, more: &[&str]) -> (Output, String) {
    let path = |name: &str| folder.join(name).to_str().unwrap().to_owned();
    let alerts = tempfile::NamedTempFile::new().unwrap();
    let args = [
        "replay".to_owned(),
        "--log-format".to_owned(),
        LOG_FORMAT.to_owned(),
        "--key-is=id".to_owned(),
        format!("--inventory={}", path("inventory.csv")),
        format!("--networks={}", path("networks.csv")),
        format!("--alerts-json={}", alerts.path().display()),
        path("access.log"),
    ];
    let args: Vec<&str> = args.iter().map(String::as_str).chain(more.iter().copied()).collect();
    let output = keyvigil(&args);
    assert!(matches!(output.status.code(), Some(0 | 1)), "{}", stderr(&output));
    (output, fs::read_to_string(alerts.path()).unwrap())
}

/// Starts `run` with these flags and a page on a free port.
pub(crate) fn run(args: &[&str], folder: &Path) -> Running {
    let address = free_address();
    let listen = address.to_string();
    start(&[&["run", "--listen", &listen], args].concat(), address, folder)
}

pub(crate) fn start(args: &[&str], address: SocketAddr, folder: &Path) -> Running {
    let mut command = Command::new(env!("CARGO_BIN_EXE_keyvigil"));
    start_as(command.args(args), address, folder)
}

/// Starts the program by a command of one's own: from within another one, say.
pub(crate) fn start_as(command: &mut Command, address: SocketAddr, folder: &Path) -> Running {
    let stderr = folder.join("stderr");
    let out = |name: &str| {
        let file = fs::OpenOptions::new().create(true).append(true).open(folder.join(name));
        Stdio::from(file.unwrap())
    };
    let child =
        command.stdin(Stdio::null()).stdout(out("stdout")).stderr(out("stderr")).spawn().unwrap();
    Running { child, address, stderr }
}

pub(crate) fn free_address() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap()
}

impl Running {
    /// Asks until the answer suits, and gives it.
    pub(crate) fn wait_for(&mut self, path: &str, suits: impl Fn(&str) -> bool) -> String {
        let since = Instant::now();
        loop {
            let answer = self.get(path).map(|(_, body)| body).unwrap_or_default();
            if suits(&answer) {
                return answer;
            }
            let said = || fs::read_to_string(&self.stderr).unwrap_or_default();
            let ended = self.child.try_wait().unwrap();
            assert!(ended.is_none(), "it ended ({ended:?}):\n{}", said());
            assert!(since.elapsed() < PATIENCE, "{path} stayed\n{answer}\n{}", said());
            thread::sleep(Duration::from_millis(50));
        }
    }

    /// The head and the body of an answer; `None` while nobody listens.
    pub(crate) fn get(&self, path: &str) -> Option<(String, String)> {
        let mut stream = TcpStream::connect(self.address).ok()?;
        stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
        let host = self.address;
        let request = format!("GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).ok()?;
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).ok()?;
        let answer = String::from_utf8_lossy(&answer).into_owned();
        let (head, body) = answer.split_once("\r\n\r\n")?;
        Some((head.to_owned(), body.to_owned()))
    }

    pub(crate) fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Asks it to stop, as systemd does, and waits until it has.
    pub(crate) fn stop(mut self) -> i32 {
        let id = self.child.id().to_string();
        assert!(Command::new("kill").args(["-TERM", &id]).status().unwrap().success());
        let since = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status.code().unwrap_or(-1);
            }
            assert!(since.elapsed() < PATIENCE, "it does not stop");
            thread::sleep(Duration::from_millis(20));
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if self.child.try_wait().is_ok_and(|ended| ended.is_none()) {
            self.child.kill().unwrap();
            self.child.wait().unwrap();
        }
    }
}

/// What a query prints behind its header.
pub(crate) fn query(state: &Path, sql: &str) -> Vec<String> {
    let output = keyvigil(&["query", sql, "--state", state.to_str().unwrap()]);
    assert!(output.status.success(), "{}", stderr(&output));
    stdout(&output).lines().skip(1).map(str::to_owned).collect()
}
