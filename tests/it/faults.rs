//! What goes wrong around the daemon: it says so on the page and in the status, loses
//! nothing, and goes on by itself.

use std::fs;
use std::io::Write as _;
use std::net::TcpListener;
use std::os::unix::fs::{PermissionsExt as _, chown};
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::Duration;

use crate::parts::{Part, part, succeed, text, until};
use crate::program::{free_address, query, start_as, stdout};
use crate::site::{LINES_AND_PATHS, Site, lines_and_paths};
use crate::smtp::MailServer;

/// Nobody.
const OTHER_USER: u32 = 65_534;

/// A small disk of its own, gone with the test: it is mounted where only this test and
/// the programs that it starts see it.
struct Disk {
    holder: Part,
    at: PathBuf,
}

impl Disk {
    fn new(at: PathBuf, mib: u32) -> Self {
        fs::create_dir(&at).unwrap();
        let mut command = Command::new(part("unshare", "util-linux"));
        command.args(["--mount", "--propagation=private", "sleep", "600"]);
        let holder = Part::start(command.stderr(Stdio::null()));
        let disk = Self { holder, at };
        let own = format!("/proc/{}/ns/mnt", disk.holder.0.id());
        until("a mount namespace of its own (this test needs root)", || {
            let other = fs::read_link(&own).ok()?;
            (other != fs::read_link("/proc/self/ns/mnt").unwrap()).then_some(())
        });
        let size = format!("size={mib}m");
        succeed(disk.run("mount").args(["-t", "tmpfs", "-o", &size, "tmpfs", text(&disk.at)]));
        disk
    }

    /// A command that sees the disk.
    fn run(&self, program: &str) -> Command {
        let mut command = Command::new(part("nsenter", "util-linux"));
        command.arg(format!("--mount=/proc/{}/ns/mnt", self.holder.0.id())).arg(program);
        command
    }

    /// The same file, as this process sees it.
    fn file(&self, name: &str) -> PathBuf {
        PathBuf::from(format!("/proc/{}/root", self.holder.0.id()))
            .join(self.at.join(name).strip_prefix("/").unwrap())
    }

    /// To the last byte.
    fn fill(&self) {
        let mut filler = fs::File::create(self.file("filler")).unwrap();
        let mib = vec![7; 1 << 20];
        while filler.write_all(&mib).is_ok() {}
    }

    fn make_room(&self) {
        fs::remove_file(self.file("filler")).unwrap();
    }
}

#[test]
fn a_full_disk_is_waited_for_and_nothing_is_lost() {
    let mut site = Site::new();
    let disk = Disk::new(site.path("disk"), 96);
    let state = site.path("disk/state");
    let listen = free_address();
    let config = site.configured(&listen.to_string(), &state, "");
    let run = |disk: &Disk| {
        let mut command = disk.run(env!("CARGO_BIN_EXE_keyvigil"));
        command.args(["run", "--config", text(&config)]);
        command
    };
    let mut running = start_as(&mut run(&disk), listen, site.folder.path());
    running.wait_for("/api/v1/status", |body| body.contains("\"state\":\"idle\""));
    site.write(1000, "k_usual", 0);
    site.wait_until_all_is_read(&mut running);

    disk.fill();
    site.write(30_000, "k_usual", 0);
    site.write(1, "k_revoked", 0);
    let status =
        running.wait_for("/api/v1/status", |body| body.contains("\"verdict\":\"degraded\""));
    assert!(status.contains("nothing is written below 32 MiB"), "{status}");
    assert!(running.get("/").unwrap().1.contains("Degraded: one thing does not work"));
    site.write(30_000, "k_usual", 0);
    std::thread::sleep(Duration::from_secs(3));
    let status = running.get("/api/v1/status").unwrap().1;
    assert!(status.contains("\"verdict\":\"degraded\""), "{status}");
    assert!(status.contains("\"high\":0"), "an incident is shown that is not kept: {status}");

    disk.make_room();
    site.wait_until_all_is_read(&mut running);
    running.wait_for("/api/v1/status", |body| {
        body.contains("\"high\":1") && body.contains("\"verdict\":\"alert\"")
    });
    assert_eq!(running.stop(), 0);
    let output = succeed(disk.run(env!("CARGO_BIN_EXE_keyvigil")).args([
        "query",
        LINES_AND_PATHS,
        "--state",
        text(&state),
    ]));
    assert_eq!(stdout(&output).lines().skip(1).collect::<Vec<_>>(), lines_and_paths(site.lines));

    disk.fill();
    let refused = run(&disk).stdin(Stdio::null()).output().unwrap();
    let said = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert_eq!(refused.status.code(), Some(1), "it is to be started again later: {said}");
    assert!(said.contains("make room"), "{said}");
}

#[test]
fn a_mail_server_that_refuses_is_told_of_and_gets_every_mail_later() {
    let mut site = Site::new();
    let server = MailServer::start_plain(site.folder.path(), free_address());
    server.refuse();
    let mut running = site.start(&server.configuration());
    site.write(20, "k_revoked", 0);
    let status = running.wait_for("/api/v1/status", |body| body.contains("\"problems\":[\""));
    assert!(status.contains("Mail does not get through") && status.contains("451"), "{status}");
    assert!(status.contains("\"verdict\":\"degraded\""), "{status}");
    assert!(running.get("/").unwrap().1.contains("Mail does not get through"));

    fs::remove_file(server.folder.join("refuse")).unwrap();
    server.wait_for("the mail", |mail| mail.subject.contains("k_revoked"));
    let status = running.wait_for("/api/v1/status", |body| body.contains("\"problems\":[]"));
    assert!(status.contains("\"queued\":0") && status.contains("\"failed\":0"), "{status}");
    assert_eq!(running.stop(), 0);
    assert_eq!(server.mails().len(), 1);
}

#[test]
fn a_mail_server_that_hangs_holds_nobody_up() {
    let mut site = Site::new();
    let address = free_address();
    // Takes connections and never says a word.
    let silent = TcpListener::bind(address).unwrap();
    let mail = format!(
        "[mail]\nto = \"you@example.com\"\nserver = \"127.0.0.1\"\nport = {}\ntls = \"none\"\n\
         timeout = \"2s\"\n",
        address.port()
    );
    let mut running = site.start(&mail);
    site.write(20, "k_revoked", 0);
    let status = running.wait_for("/api/v1/status", |body| body.contains("Mail does not get"));
    assert!(status.contains("\"queued\":1"), "{status}");
    site.write(1000, "k_usual", 0);
    site.wait_until_all_is_read(&mut running);

    drop(silent);
    let server = MailServer::start_plain(site.folder.path(), address);
    server.wait_for("the mail", |mail| mail.subject.contains("k_revoked"));
    running.wait_for("/api/v1/status", |body| body.contains("\"problems\":[]"));
    assert_eq!(running.stop(), 0);
    assert_eq!(server.mails().len(), 1);
}

#[test]
fn a_log_that_may_not_be_read_is_told_of_and_read_from_its_start_later() {
    let mut site = Site::new();
    let listen = free_address();
    // Root may read everything, and so the daemon is somebody else, who reaches all this.
    let program = site.path("keyvigil");
    fs::copy(env!("CARGO_BIN_EXE_keyvigil"), &program).unwrap();
    fs::set_permissions(site.folder.path(), fs::Permissions::from_mode(0o755)).unwrap();
    fs::create_dir(site.path("state")).unwrap();
    chown(site.path("state"), Some(OTHER_USER), Some(OTHER_USER)).unwrap();
    let config = site.configured(&listen.to_string(), &site.path("state"), "");
    let mut command = Command::new(part("setpriv", "util-linux"));
    let user = OTHER_USER.to_string();
    command.args(["--reuid", &user, "--regid", &user, "--clear-groups", text(&program)]);
    command.args(["run", "--config", text(&config)]);
    let mut running = start_as(&mut command, listen, site.folder.path());
    running.wait_for("/api/v1/status", |body| body.contains("\"state\":\"idle\""));
    site.write(500, "k_usual", 0);
    site.wait_until_all_is_read(&mut running);

    // Rotated, and the new log is made for root alone.
    let log = site.path("access.log");
    fs::rename(&log, site.path("access.log.1")).unwrap();
    fs::write(&log, "").unwrap();
    fs::set_permissions(&log, fs::Permissions::from_mode(0o600)).unwrap();
    site.write(500, "k_revoked", 0);
    let status = running.wait_for("/api/v1/status", |body| body.contains("\"unreadable\""));
    assert!(status.contains("\"verdict\":\"blind\""), "{status}");
    let page = running.get("/").unwrap().1;
    assert!(page.contains("Blind: ") && page.contains("cannot be read"), "{page}");

    fs::set_permissions(&log, fs::Permissions::from_mode(0o644)).unwrap();
    site.wait_until_all_is_read(&mut running);
    running.wait_for("/api/v1/status", |body| body.contains("\"verdict\":\"alert\""));
    assert_eq!(running.stop(), 0);
    assert_eq!(query(&site.path("state"), LINES_AND_PATHS), lines_and_paths(site.lines));
}

#[test]
fn a_log_whose_clock_was_set_back_is_told_of_and_kept() {
    let mut site = Site::new();
    let mut running = site.start("");
    site.write(100, "k_usual", 0);
    site.wait_until_all_is_read(&mut running);
    // Until time has passed that moment, nothing is late.
    let lag =
        |body: &str| body.contains("\"lag_seconds\":5.") || body.contains("\"lag_seconds\":6.");
    running.wait_for("/api/v1/status", lag);

    site.write(1, "k_revoked", 3600);
    // For as long as it takes: one burst of old lines would be history that is caught up.
    let status = until("most lines come too late", || {
        site.write(20, "k_usual", 3600);
        std::thread::sleep(Duration::from_secs(1));
        let status = running.get("/api/v1/status")?.1;
        status.contains("came too late").then_some(status)
    });
    assert!(status.contains("\"verdict\":\"degraded\""), "{status}");
    assert!(running.get("/").unwrap().1.contains("came too late"));
    running.wait_for("/api/v1/incidents", |body| body.contains("revoked_key_used"));

    site.write(300, "k_usual", 0);
    running.wait_for("/api/v1/status", |body| body.contains("\"problems\":[]"));
    site.wait_until_all_is_read(&mut running);
    assert_eq!(running.stop(), 0);
    assert_eq!(query(&site.path("state"), LINES_AND_PATHS), lines_and_paths(site.lines));
}
