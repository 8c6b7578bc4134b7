//! The package for Debian, installed under a really booted systemd, and lived with: killed,
//! stopped, made to fail, upgraded, removed.

use std::fs;
use std::path::{Path, PathBuf};

use mail_parser::MessageParser;

use self::daemon::Service;
use self::machine::{Machine, require_tools, tool};
use crate::stages::STAGES;

mod daemon;
mod machine;

const MAIL_PASSWORD: &str = "correct horse 7 battery";

const MAIL_SERVER: &str = include_str!("../mail_server.py");

/// Everything as a user would set it up; the page stays where it is by default.
const CONFIG: &str = r#"
key_is = "id"
inventory = "/etc/keyvigil/inventory.csv"
[[sources]]
path = "/var/log/api/access.log"
format = "json"
[mail]
to = "you@example.com"
server = "localhost"
port = 1587
user = "keyvigil"
password = { credential = "smtp" }
root_certificate = "/etc/keyvigil/mail.pem"
[store]
key = { credential = "store-key" }
"#;

/// Shortens the limit of the watchdog, while that is tried.
const DROP_IN_WATCHDOG: &str = "/etc/systemd/system/keyvigil.service.d/watchdog.conf";

/// For a test there is less time than in life.
const DROP_IN: &str = "[Service]\nRestartSec=200ms\nEnvironmentFile=-/run/keyvigil-test.env\n";

const ENVIRONMENT: &str = "/run/keyvigil-test.env";

#[test]
fn the_package_installs_runs_recovers_upgrades_and_goes_under_a_real_systemd() {
    require_tools();
    let folder = tempfile::tempdir().unwrap();
    let (package, newer) = packages(folder.path());
    let machine = Machine::boot();
    fs::copy(package, machine.path("/srv/keyvigil.deb")).unwrap();
    fs::copy(newer, machine.path("/srv/newer.deb")).unwrap();
    let mut service = Service { machine, written: 0 };

    service.starts_after_the_installation_and_says_what_is_missing();
    service.is_not_started_again_and_again_without_its_secret();
    service.reads_a_log_of_group_adm_with_no_more_rights_than_that();
    service.mails_with_the_password_it_was_handed();
    service.takes_up_a_good_configuration_and_keeps_the_old_one_instead_of_a_bad_one();
    service.comes_back_after_kill_9();
    service.is_started_again_by_the_watchdog_when_it_hangs();
    service.is_started_again_by_the_watchdog_when_one_stage_hangs();
    service.ends_when_a_stage_panics_and_comes_back();
    service.keeps_its_state_over_an_upgrade();
    let journal = Path::new(env!("CARGO_TARGET_TMPDIR")).join("service-journal.txt");
    fs::write(journal, service.machine.journal()).unwrap();
    service.says_all_this_clearly();
    service.leaves_what_is_yours_when_removed_and_nothing_when_purged();
}

#[test]
fn the_unit_exposes_little() {
    tool(
        "systemd-analyze",
        &["security", "--offline=true", "--threshold=15", "systemd/keyvigil.service"],
    );
}

/// The package of the very program that the tests use, and one that calls itself newer.
fn packages(folder: &Path) -> (PathBuf, PathBuf) {
    let path = |name: &str| folder.join(name).display().to_string();
    let (package, newer) = (path("keyvigil.deb"), path("newer.deb"));
    tool(
        "scripts/package",
        &["--binary", env!("CARGO_BIN_EXE_keyvigil"), "--", "--fast", "--output", &package],
    );
    tool("dpkg-deb", &["--raw-extract", &package, &path("files")]);
    let control = folder.join("files/DEBIAN/control");
    let told = fs::read_to_string(&control).unwrap();
    let version = format!("\nVersion: {}-1\n", env!("CARGO_PKG_VERSION"));
    assert!(told.contains(&version), "{told}");
    fs::write(&control, told.replace(&version, "\nVersion: 999.0-1\n")).unwrap();
    tool("dpkg-deb", &["-Znone", "--build", &path("files"), &newer]);
    (package.into(), newer.into())
}

impl Service {
    fn starts_after_the_installation_and_says_what_is_missing(&self) {
        let machine = &self.machine;
        machine.run("dpkg --install /srv/keyvigil.deb");
        assert_eq!(machine.run("systemctl is-enabled keyvigil").trim(), "enabled");
        assert_eq!(machine.property("ActiveState"), "active");
        assert_eq!(machine.property("NRestarts"), "0");
        assert_eq!(self.status()["verdict"], "blind");
        assert!(machine.property("StatusText").contains("watching nothing yet"));
        assert!(machine.journal().contains("add [[sources]]"), "{}", machine.journal());
        assert!(machine.run("id keyvigil").contains("(adm)"));
        for file in [
            "/usr/share/man/man1/keyvigil.1",
            "/usr/share/bash-completion/completions/keyvigil",
            "/usr/share/doc/keyvigil/copyright",
            "/etc/keyvigil/keyvigil.toml",
        ] {
            let is_there = [file.to_owned(), format!("{file}.gz")]
                .iter()
                .any(|file| machine.path(file).exists());
            assert!(is_there, "{file} is not installed");
        }
    }

    /// A missing secret needs a person: exit code 78, and no further start.
    fn is_not_started_again_and_again_without_its_secret(&self) {
        let machine = &self.machine;
        self.prepare_log_inventory_and_mail_server();
        fs::write(machine.path("/etc/keyvigil/keyvigil.toml"), CONFIG).unwrap();
        let drop_in = machine.path("/etc/systemd/system/keyvigil.service.d");
        fs::create_dir_all(&drop_in).unwrap();
        fs::write(drop_in.join("test.conf"), DROP_IN).unwrap();
        machine.run("systemctl daemon-reload && systemctl stop keyvigil");
        // The store of the first start was made with a key of its own.
        machine.run("find /var/lib/keyvigil -mindepth 1 -delete");
        assert!(!machine.try_run("systemctl start keyvigil").status.success());
        assert_eq!(machine.property("ExecMainStatus"), "78", "{}", machine.journal());
        assert_eq!(machine.property("ActiveState"), "failed");
        assert!(machine.journal().contains("/etc/credstore/keyvigil.store-key"));

        machine.run("install -d -m 700 /etc/credstore");
        machine.run(&format!(
            "echo '{MAIL_PASSWORD}' | install -m 600 /dev/stdin /etc/credstore/keyvigil.smtp && \
             printf '%064d' 7 | install -m 600 /dev/stdin /etc/credstore/keyvigil.store-key"
        ));
        machine.run("systemctl start keyvigil");
        assert_eq!(machine.property("ActiveState"), "active");
        assert_eq!(machine.property("NRestarts"), "0");
    }

    fn prepare_log_inventory_and_mail_server(&self) {
        let machine = &self.machine;
        machine.run(
            "install -d -o root -g adm -m 750 /var/log/api && \
             install -o root -g adm -m 640 /dev/null /var/log/api/access.log",
        );
        fs::write(
            machine.path("/etc/keyvigil/inventory.csv"),
            "key_id,owner,role,created,status,status_since\n\
             k_usual,a@example.com,partner,2025-01-01,active,2025-01-01\n\
             k_revoked,b@example.com,partner,2025-01-01,revoked,2025-06-01\n",
        )
        .unwrap();
        let certified = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
        fs::write(machine.path("/etc/keyvigil/mail.pem"), certified.cert.pem()).unwrap();
        fs::write(machine.path("/srv/mail.key"), certified.signing_key.serialize_pem()).unwrap();
        fs::write(machine.path("/srv/mail_server.py"), MAIL_SERVER).unwrap();
        machine.run(&format!(
            "systemd-run --quiet --unit=mail-server /usr/bin/python3 /srv/mail_server.py \
             /srv/mails --port 1587 --security starttls --certificate /etc/keyvigil/mail.pem \
             --key /srv/mail.key --password '{MAIL_PASSWORD}'"
        ));
    }

    fn reads_a_log_of_group_adm_with_no_more_rights_than_that(&mut self) {
        self.wait_for_state("idle");
        self.write_lines(200);
        self.wait_for_all_lines();
        let process =
            self.machine.path(&format!("/proc/{}/status", self.machine.property("MainPID")));
        let process = fs::read_to_string(process).unwrap();
        for expected in ["CapEff:\t0000000000000000", "NoNewPrivs:\t1", "Seccomp:\t2"] {
            assert!(process.contains(expected), "{expected} is not in\n{process}");
        }
        assert!(!process.contains("\nUid:\t0"), "it runs as root:\n{process}");
        let state = self.machine.run("stat --format '%U %a' /var/lib/keyvigil").trim().to_owned();
        assert_eq!(state, "keyvigil 700");
    }

    fn mails_with_the_password_it_was_handed(&self) {
        let machine = &self.machine;
        let mails = machine.path("/srv/mails");
        let mail = machine.wait_for("the mail about the revoked key", || {
            let files = fs::read_dir(&mails).ok()?.filter_map(|file| Some(file.ok()?.path()));
            let mut mails = files.filter(|path| path.extension().is_some_and(|it| it == "eml"));
            fs::read(mails.next()?).ok()
        });
        let mail = MessageParser::default().parse(&mail).unwrap();
        let body = mail.body_text(0).unwrap();
        assert!(mail.subject().unwrap().contains("k_revoked"), "{:?}", mail.subject());
        assert!(body.contains("b@example.com"), "{body}");
        let log_ins = fs::read_to_string(machine.path("/srv/mails/log-ins")).unwrap();
        assert!(log_ins.lines().all(|line| line.ends_with(" tls good")), "{log_ins}");
        machine.wait_for("the mail in the status", || {
            let status = self.status();
            (status["mail"]["queued"] == 0 && !status["mail"]["last_sent"].is_null()).then_some(())
        });
        assert_eq!(self.status()["incidents"]["high"], 1);
    }

    fn takes_up_a_good_configuration_and_keeps_the_old_one_instead_of_a_bad_one(&mut self) {
        let process = self.machine.property("MainPID");
        let write = |text: &str| {
            fs::write(self.machine.path("/etc/keyvigil/keyvigil.toml"), text).unwrap();
        };
        let second = "[[sources]]\npath = \"/var/log/api/second.log\"\n[mail]";
        write(&CONFIG.replace("[mail]", second));
        self.machine.run("systemctl reload keyvigil");
        self.machine.wait_for("the second source", || {
            (self.status()["sources"][1]["path"] == "/var/log/api/second.log").then_some(())
        });
        assert_eq!(self.machine.property("StatusText"), "watching 2 sources");

        write("[web]\nlisen = \"off\"\n");
        assert!(!self.machine.try_run("systemctl reload keyvigil").status.success());
        assert!(!self.machine.try_run("keyvigil reload").status.success());
        assert_eq!(self.machine.property("MainPID"), process, "it did not stay");
        assert_eq!(self.machine.property("ActiveState"), "active");
        assert_eq!(self.status()["verdict"], "degraded");
        assert_eq!(self.status()["sources"][1]["path"], "/var/log/api/second.log");

        write(CONFIG);
        let said = self.machine.run("keyvigil reload");
        assert!(said.contains("now in force: sources"), "{said}");
        self.machine.wait_for("one source", || {
            (self.status()["sources"].as_array().map(Vec::len) == Some(1)).then_some(())
        });
        assert_ne!(self.status()["verdict"], "degraded");
        self.write_lines(100);
        self.wait_for_all_lines();
        assert_eq!(self.machine.property("MainPID"), process);
    }

    fn comes_back_after_kill_9(&mut self) {
        let before = self.machine.property("MainPID");
        self.machine.run("systemctl kill --kill-who=main --signal=KILL keyvigil");
        // What is written meanwhile is read afterwards.
        self.write_lines(100);
        self.wait_for_another_than(&before);
        self.wait_for_all_lines();
        assert_eq!(self.status()["incidents"]["high"], 1);
    }

    fn is_started_again_by_the_watchdog_when_it_hangs(&mut self) {
        fs::write(self.machine.path(DROP_IN_WATCHDOG), "[Service]\nWatchdogSec=6s\n").unwrap();
        self.machine.run("systemctl daemon-reload && systemctl restart keyvigil");
        let before = self.machine.property("MainPID");
        self.machine.run("systemctl kill --kill-who=main --signal=STOP keyvigil");
        self.write_lines(100);
        self.wait_for_another_than(&before);
        self.wait_for_all_lines();
        let journal = self.machine.journal();
        assert!(journal.contains("Watchdog timeout"), "{journal}");
    }

    /// The rest of it lives, but a half-dead watchman looks alive.
    fn is_started_again_by_the_watchdog_when_one_stage_hangs(&mut self) {
        let machine = &self.machine;
        fs::write(machine.path(ENVIRONMENT), "FAILPOINTS=judging=pause\n").unwrap();
        let timeouts = || machine.journal().matches("Watchdog timeout").count();
        let before = timeouts();
        machine.run("systemctl restart --no-block keyvigil");
        machine.wait_for("the watchdog", || (before < timeouts()).then_some(()));
        fs::remove_file(machine.path(ENVIRONMENT)).unwrap();
        fs::remove_file(machine.path(DROP_IN_WATCHDOG)).unwrap();
        machine.run("systemctl daemon-reload && systemctl restart keyvigil");
        let journal = machine.journal();
        assert!(journal.contains("no sign of life stage=\"judging\""), "{journal}");
        self.write_lines(100);
        self.wait_for_all_lines();
    }

    fn ends_when_a_stage_panics_and_comes_back(&mut self) {
        for stage in STAGES {
            let machine = &self.machine;
            fs::write(machine.path(ENVIRONMENT), format!("FAILPOINTS={stage}=panic\n")).unwrap();
            machine.run("systemctl restart --no-block keyvigil");
            let panic = format!("failpoint {stage} panic");
            machine.wait_for(&panic, || machine.journal().contains(&panic).then_some(()));
            machine
                .wait_for("another start", || (machine.property("NRestarts") != "0").then_some(()));
            fs::remove_file(machine.path(ENVIRONMENT)).unwrap();
            self.write_lines(10);
            self.wait_for_all_lines();
        }
    }

    fn keeps_its_state_over_an_upgrade(&mut self) {
        let before = self.machine.property("MainPID");
        self.machine.run("dpkg --install /srv/newer.deb");
        let version = self.machine.run("dpkg-query --show --showformat '${Version}' keyvigil");
        assert_eq!(version, "999.0-1");
        assert_ne!(self.machine.property("MainPID"), before, "the old program still runs");
        assert_eq!(self.machine.property("ActiveState"), "active");
        let config = fs::read_to_string(self.machine.path("/etc/keyvigil/keyvigil.toml")).unwrap();
        assert_eq!(config, CONFIG);
        self.write_lines(100);
        self.wait_for_all_lines();
        assert_eq!(self.status()["incidents"]["high"], 1);
        let mails = fs::read_dir(self.machine.path("/srv/mails")).unwrap().count();
        assert_eq!(mails, 2, "one mail and the log of log-ins");
    }

    /// The daemon's own lines: each with its level and without a second clock.
    fn says_all_this_clearly(&self) {
        let lines = self.machine.run(
            "journalctl --no-pager --output json --output-fields PRIORITY,MESSAGE --unit keyvigil \
             _COMM=keyvigil",
        );
        let lines: Vec<serde_json::Value> =
            lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        let level_of = |what: &str| {
            let is_it =
                |line: &&serde_json::Value| line["MESSAGE"].as_str().unwrap().contains(what);
            lines.iter().find(is_it).and_then(|line| line["PRIORITY"].as_str())
        };
        assert_eq!(level_of("watching"), Some("6"));
        assert_eq!(level_of("add [[sources]]"), Some("4"));
        assert_eq!(level_of("there is no credential"), Some("3"));
        assert_eq!(level_of("failpoint judging panic"), Some("3"));
        assert_eq!(level_of("k_revoked"), Some("4"));
        assert_eq!(level_of("lisen"), Some("3"));
        let year = jiff::Timestamp::now().strftime("%Y-").to_string();
        for line in lines.iter().map(|line| line["MESSAGE"].as_str().unwrap()) {
            assert!(!line.starts_with(&year) && !line.contains('\u{1b}'), "{line}");
            assert!(!line.contains(MAIL_PASSWORD), "{line}");
        }
    }

    fn leaves_what_is_yours_when_removed_and_nothing_when_purged(&self) {
        let machine = &self.machine;
        let (config, state) = ("/etc/keyvigil/keyvigil.toml", "/var/lib/keyvigil");
        machine.run("dpkg --remove keyvigil");
        assert!(!machine.try_run("systemctl is-active keyvigil").status.success());
        assert!(machine.path(config).exists() && machine.path(state).exists());
        assert!(!machine.path("/usr/bin/keyvigil").exists());
        machine.run("dpkg --purge keyvigil");
        assert!(!machine.path(config).exists() && !machine.path(state).exists());
    }
}
