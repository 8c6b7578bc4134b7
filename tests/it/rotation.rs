//! Killed and started again while its log is rotated, compressed and cut, the daemon
//! counts every line once.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread;
use std::time::Duration;

use crate::program::{query, run};

const ROUNDS: u64 = 6;

const LINES_A_ROUND: u64 = 400;

/// The log, and logrotate's work on it.
struct Rotated {
    folder: PathBuf,
    written: u64,
}

impl Rotated {
    fn log(&self) -> PathBuf {
        self.folder.join("access.log")
    }

    /// Some lines, each with its number; the last is cut in two.
    fn write(&mut self) {
        let line = |number: u64| {
            let at = 1_773_000_000 + number / 100;
            format!(
                "{{\"time\":{at},\"remote_addr\":\"192.0.2.7\",\"method\":\"GET\",\"path\":\"/e/{number}\",\"status\":200,\"key_id\":\"k_usual\"}}\n"
            )
        };
        let lines: String = (self.written..self.written + LINES_A_ROUND).map(line).collect();
        let (start, rest) = lines.split_at(lines.len() - 40);
        let mut log = fs::OpenOptions::new().append(true).create(true).open(self.log()).unwrap();
        log.write_all(start.as_bytes()).unwrap();
        thread::sleep(Duration::from_millis(30));
        log.write_all(rest.as_bytes()).unwrap();
        self.written += LINES_A_ROUND;
    }

    /// By renaming, with `delaycompress`: `.1` is plain, what is older is compressed.
    fn rotate(&self) {
        for number in (2..20).rev() {
            let name = |number: u64| self.folder.join(format!("access.log.{number}.gz"));
            if name(number).exists() {
                fs::rename(name(number), name(number + 1)).unwrap();
            }
        }
        let first = self.folder.join("access.log.1");
        if first.exists() {
            let second = self.folder.join("access.log.2");
            fs::rename(&first, &second).unwrap();
            gzip(&second);
        }
        fs::rename(self.log(), first).unwrap();
        fs::write(self.log(), "").unwrap();
    }
}

fn gzip(path: &Path) {
    assert!(Command::new("gzip").arg("-f").arg(path).status().unwrap().success());
}

#[test]
fn rotation_compression_and_kills_together_lose_and_double_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let mut rotated = Rotated { folder: folder.path().join("log"), written: 0 };
    fs::create_dir(&rotated.folder).unwrap();
    fs::write(rotated.log(), "").unwrap();
    let (log, state) = (path("log/access.log"), path("state"));
    let args = ["--state", &state, "--key-is", "id", "--format", "json", &log];
    // From here on there is a place to go on from.
    let mut running = run(&args, folder.path());
    running.wait_for("/api/v1/status", |body| body.contains("\"state\":\"idle\""));
    assert_eq!(running.stop(), 0);
    for round in 0..ROUNDS {
        rotated.write();
        let running = run(&args, folder.path());
        // Killed at another moment each time: before the first commit, in it, after it.
        thread::sleep(Duration::from_millis(150 + round * 170));
        rotated.write();
        if round % 2 == 0 {
            rotated.rotate();
            rotated.write();
        }
        thread::sleep(Duration::from_millis(50 * round));
        running.kill();
        // While it is down: up to two rotations.
        for _ in 0..=round % 3 {
            rotated.write();
            rotated.rotate();
        }
    }
    rotated.write();
    let mut running = run(&args, folder.path());
    let all = format!("\"lines\":{}", rotated.written);
    let status = running.wait_for("/api/v1/status", |body| body.contains(&all));
    assert!(status.contains("\"losses\":0"), "{status}");
    assert_eq!(running.stop(), 0);
    let counted = query(
        Path::new(&state),
        "SELECT count(*) AS lines, count(DISTINCT path) AS paths FROM events",
    );
    assert_eq!(counted, [format!("{0},{0}", rotated.written)]);
}
