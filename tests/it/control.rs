//! The control socket of a running daemon: who may ask, what is refused, and `reload`.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::thread;
use std::time::{Duration, Instant};

use crate::program::{Running, free_address, keyvigil, start, stderr, stdout};

const PATIENCE: Duration = Duration::from_mins(1);

/// A directory with a log, an inventory and a configuration.
struct Place {
    folder: tempfile::TempDir,
    address: std::net::SocketAddr,
}

impl Place {
    fn new() -> Self {
        let place = Self { folder: tempfile::tempdir().unwrap(), address: free_address() };
        place.inventory("k_usual,a@example.com\n");
        place.log("access.log", "k_usual", 30);
        place.configure("");
        place
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn state(&self) -> PathBuf {
        self.path("state")
    }

    fn text(&self, name: &str) -> String {
        self.path(name).to_str().unwrap().to_owned()
    }

    fn inventory(&self, rows: &str) {
        let text = format!("key_id,owner\n{rows}");
        // Renamed into its place, as exports do.
        fs::write(self.path("inventory.new"), text).unwrap();
        fs::rename(self.path("inventory.new"), self.path("inventory.csv")).unwrap();
    }

    fn log(&self, name: &str, key: &str, lines: i64) {
        let now = jiff::Timestamp::now().as_second();
        let line = |number: i64| {
            let at = now - lines + number;
            format!(
                "{{\"time\":{at},\"remote_addr\":\"192.0.2.7\",\"method\":\"GET\",\"path\":\"/e/{number}\",\"status\":200,\"key_id\":\"{key}\"}}\n"
            )
        };
        let text: String = (0..lines).map(line).collect();
        let file = fs::OpenOptions::new().create(true).append(true).open(self.path(name));
        file.unwrap().write_all(text.as_bytes()).unwrap();
    }

    /// The three lines that are always there, and more.
    fn configure(&self, more: &str) {
        let text = format!(
            "key_is = \"id\"\ninventory = \"{}\"\n\
             sources = [{{ path = \"{}\", format = \"json\" }}]\n\
             [web]\nlisten = \"{}\"\n[store]\ndirectory = \"{}\"\n{more}",
            self.text("inventory.csv"),
            self.text("access.log"),
            self.address,
            self.text("state"),
        );
        fs::write(self.path("keyvigil.toml"), text).unwrap();
    }

    fn run(&self) -> Running {
        let config = self.text("keyvigil.toml");
        let mut running = start(&["run", "--config", &config], self.address, self.folder.path());
        // Stages, page and socket are there.
        running.wait_for("/api/v1/status", |body| body.contains("\"state\":\"idle\""));
        running
    }

    fn ask(&self, args: &[&str]) -> Output {
        keyvigil(&[args, &["--config", &self.text("keyvigil.toml")]].concat())
    }

    /// Sends these bytes as they are; what comes back, as far as it is text.
    fn say(&self, bytes: &[u8]) -> String {
        let mut stream = UnixStream::connect(self.path("state/control.sock")).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        // It may be refused before all of it is read.
        stream.write_all(bytes).ok();
        let mut line = String::new();
        BufReader::new(stream).read_line(&mut line).unwrap();
        line
    }
}

fn eventually<T>(mut find: impl FnMut() -> Option<T>) -> T {
    let since = Instant::now();
    loop {
        if let Some(found) = find() {
            return found;
        }
        assert!(since.elapsed() < PATIENCE, "it does not come");
        thread::sleep(Duration::from_millis(50));
    }
}

#[test]
fn a_good_configuration_is_taken_up_and_a_bad_one_changes_nothing() {
    let place = Place::new();
    let mut running = place.run();
    let output = place.ask(&["reload"]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    assert_eq!(stdout(&output), "read again; nothing has changed\n");

    place.configure("[alerts]\nfalse_alarms_per_day = \"many\"\n[mial]\n");
    let output = place.ask(&["reload"]);
    assert_eq!(output.status.code(), Some(78), "{}", stdout(&output));
    let said = stderr(&output);
    let parts = [
        "`false_alarms_per_day` is a text",
        "keyvigil.toml:9:24",
        "^^^^^^",
        "did you mean `mail`?",
        "the old configuration stays in force",
    ];
    for part in parts {
        assert!(said.contains(part), "{part} is not in\n{said}");
    }
    let status = running.wait_for("/api/v1/status", |body| body.contains("old one stays"));
    assert!(status.contains("\"verdict\":\"degraded\""), "{status}");

    place.log("more.log", "k_more", 3);
    let more =
        "[alerts]\npatience = \"2s\"\n[mail]\nto = \"you@example.com\"\nserver = \"192.0.2.1\"\n";
    place.configure(more);
    let config = fs::read_to_string(place.path("keyvigil.toml")).unwrap();
    let source =
        format!("sources = [{{ path = \"{}\", format = \"json\" }}, ", place.text("more.log"));
    fs::write(place.path("keyvigil.toml"), config.replace("sources = [", &source)).unwrap();
    let output = place.ask(&["reload"]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    assert_eq!(stdout(&output), "read again; now in force: sources, [alerts], [mail]\n");
    running
        .wait_for("/api/v1/status", |body| body.contains("more.log") && !body.contains("old one"));
    place.log("more.log", "k_more", 20);
    running.wait_for("/api/v1/keys", |body| body.contains("k_more"));

    let config = fs::read_to_string(place.path("keyvigil.toml")).unwrap();
    fs::write(
        place.path("keyvigil.toml"),
        config.replace("key_is = \"id\"", "key_is = \"secret\""),
    )
    .unwrap();
    let output = place.ask(&["reload"]);
    let said = stdout(&output);
    assert!(said.contains("only after a restart (systemctl restart keyvigil): key_is"), "{said}");
    assert_eq!(running.stop(), 0);
}

#[test]
fn lines_go_on_being_counted_while_the_configuration_is_read_again_and_again() {
    let place = Place::new();
    let mut running = place.run();
    let mut lines = 0;
    for round in 0..10 {
        place.log("access.log", "k_usual", 200);
        lines += 200;
        let patience = format!("[alerts]\npatience = \"{}s\"\n", 3 + round % 2);
        place.configure(&patience);
        if round % 3 == 0 {
            let id = running.child.id().to_string();
            assert!(Command::new("kill").args(["-HUP", &id]).status().unwrap().success());
        } else {
            assert_eq!(place.ask(&["reload"]).status.code(), Some(0));
        }
    }
    let counted = format!("\"lines\":{lines}");
    running.wait_for("/api/v1/status", |body| body.contains(&counted));
    running.wait_for("/api/v1/keys", |body| body.contains(&format!("\"requests\":{lines}")));
    assert_eq!(running.stop(), 0);
}

#[test]
fn an_inventory_is_read_again_by_itself_and_a_broken_one_changes_nothing() {
    let place = Place::new();
    let mut running = place.run();
    place.inventory("k_usual,b@example.com\n");
    running.wait_for("/api/v1/keys", |body| body.contains("b@example.com"));
    place.inventory("k_usual,c@example.com\nk_usual,d@example.com\n");
    let status = running.wait_for("/api/v1/status", |body| body.contains("same key_id"));
    assert!(status.contains("inventory.csv: lines 2 and 3"), "{status}");
    let keys = running.get("/api/v1/keys").unwrap().1;
    assert!(keys.contains("b@example.com"), "{keys}");
    let output = place.ask(&["reload"]);
    assert_eq!(output.status.code(), Some(1), "{}", stdout(&output));
    assert!(stdout(&output).contains("lines 2 and 3"), "{}", stdout(&output));
    place.inventory("k_usual,e@example.com\n");
    running.wait_for("/api/v1/keys", |body| body.contains("e@example.com"));
    running.wait_for("/api/v1/status", |body| body.contains("\"degraded\":[]"));
    assert_eq!(running.stop(), 0);
}

/// The lines that come meanwhile are counted like any others.
#[test]
fn an_inventory_of_a_hundred_thousand_keys_is_taken_up_while_lines_come() {
    let place = Place::new();
    let mut running = place.run();
    let row = |number: u32| format!("k_{number:06},owner{number}@example.com");
    let rows: Vec<String> = (0..100_000).map(row).collect();
    place.inventory(&(rows.join("\n") + "\n"));
    let mut lines = 0;
    let since = Instant::now();
    loop {
        place.log("access.log", "k_usual", 50);
        lines += 50;
        let output = place.ask(&["status", "--json"]);
        if stdout(&output).contains("\"keys\": 100001") {
            break;
        }
        assert!(since.elapsed() < PATIENCE, "{}", stdout(&output));
        thread::sleep(Duration::from_millis(100));
    }
    let counted = format!("\"lines\":{lines}");
    running.wait_for("/api/v1/status", |body| body.contains(&counted));
    let output = place.ask(&["keys", "--csv"]);
    assert_eq!(stdout(&output).lines().count(), 100_002, "{}", stderr(&output));
    running.kill();
}

#[test]
fn what_is_not_a_question_is_refused_and_harms_nobody() {
    let place = Place::new();
    let running = place.run();
    let long = vec![b'x'; 100_000];
    for (bytes, because) in [
        (&b"\n"[..], "not_understood"),
        (b"\xff\xfe\x00\n", "not_understood"),
        (b"{\"version\":1,\"ask\":\"dance\"}\n", "not_understood"),
        (b"{\"version\":7,\"ask\":\"status\"}\n", "other_version"),
        (b"{\"version\":1,\"state\":\"/elsewhere\",\"ask\":\"status\"}\n", "other_state"),
        (b"GET / HTTP/1.1\r\n\r\n", "not_understood"),
        (&long, "too_long"),
    ] {
        let answer = place.say(bytes);
        let wanted = format!("{{\"version\":1,\"refusal\":{{\"because\":\"{because}\"");
        assert!(answer.starts_with(&wanted), "{because}: {answer}");
    }
    let answer = place.say(b"{\"version\":1,\"ask\":\"status\"}\n");
    assert!(answer.starts_with("{\"version\":1,\"answer\":{"), "{answer}");
    assert_eq!(running.stop(), 0);
    assert!(!place.path("state/control.sock").exists());
}

#[test]
fn those_who_ask_nothing_do_not_keep_others_from_asking() {
    let place = Place::new();
    let running = place.run();
    let connect = || UnixStream::connect(place.path("state/control.sock")).unwrap();
    let silent: Vec<UnixStream> = (0..40).map(|_| connect()).collect();
    let mut told = 0;
    for mut stream in silent {
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        told += usize::from(answer.contains("\"because\":\"busy\""));
    }
    assert_eq!(told, 40);
    let output = place.ask(&["status"]);
    assert!(stdout(&output).contains("access.log is"), "{}", stderr(&output));
    assert_eq!(running.stop(), 0);
}

/// Only root can become somebody else. Anyone else sees that the file is closed to others,
/// which is what the kernel goes by.
#[test]
fn other_users_are_refused() {
    let place = Place::new();
    let running = place.run();
    let socket = place.path("state/control.sock");
    let metadata = fs::metadata(&socket).unwrap();
    assert_eq!(metadata.permissions().mode() & 0o777, 0o600);
    if metadata.uid() == 0 {
        let program = place.path("keyvigil");
        fs::copy(env!("CARGO_BIN_EXE_keyvigil"), &program).unwrap();
        let open = |path: &Path, mode| {
            fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
        };
        open(place.folder.path(), 0o755);
        let closed = as_nobody(&program, &place.text("state"));
        assert!(stderr(&closed).contains("you may not use its socket"), "{}", stderr(&closed));
        // Even where somebody has opened the files, the daemon looks who asks.
        open(&place.state(), 0o755);
        open(&socket, 0o666);
        let refused = as_nobody(&program, &place.text("state"));
        assert!(stderr(&refused).contains("user 65534 may not ask"), "{}", stderr(&refused));
        assert_eq!(refused.status.code(), Some(1));
    }
    assert_eq!(running.stop(), 0);
}

fn as_nobody(program: &Path, state: &str) -> Output {
    let who = ["--reuid=65534", "--regid=65534", "--clear-groups"];
    let mut command = Command::new("setpriv");
    command.args(who).arg(program).args(["reload", "--state", state]).output().unwrap()
}

#[test]
fn the_socket_of_a_killed_daemon_is_replaced() {
    let place = Place::new();
    let running = place.run();
    running.kill();
    assert!(place.path("state/control.sock").exists());
    let output = place.ask(&["reload"]);
    assert_eq!(output.status.code(), Some(69), "{}", stderr(&output));
    assert!(stderr(&output).contains("no daemon runs"), "{}", stderr(&output));
    let running = place.run();
    let output = eventually(|| Some(place.ask(&["reload"])).filter(|it| it.status.success()));
    assert_eq!(stdout(&output), "read again; nothing has changed\n");
    assert_eq!(running.stop(), 0);
}

#[test]
fn a_socket_in_another_place_is_found_by_the_configuration_and_by_the_state() {
    let place = Place::new();
    place.configure(&format!("[control]\nsocket = \"{}\"\n", place.text("it.sock")));
    let running = place.run();
    assert_eq!(fs::metadata(place.path("it.sock")).unwrap().permissions().mode() & 0o777, 0o660);
    assert!(place.ask(&["reload"]).status.success());
    let output = keyvigil(&["reload", "--state", &place.text("state")]);
    assert!(output.status.success(), "{}", stderr(&output));
    assert_eq!(running.stop(), 0);
    assert!(!place.path("it.sock").exists());
}
