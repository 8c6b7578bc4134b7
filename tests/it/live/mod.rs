//! The daemon between a real nginx, logrotate, mail server and browser, with all that
//! happens to a log on the way.

mod browser;
mod latency;
mod load;
mod nginx;

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::Value;

use crate::parts::{artefacts, text, until};
use crate::program::{LOG_FORMAT, Running, free_address, history, keyvigil, query, start, stderr};
use crate::smtp::MailServer;
use latency::{Latency, now_ms};
use load::{Request, send, send_one};
use nginx::{Nginx, Rotation};

/// Real requests, at least.
const REQUESTS_MIN: u64 = 50_000;

/// Lines whose way is timed, each time.
const PROBES: usize = 8;

/// Networks that the made-up inventory of networks lists as hosting, and nobody used.
const THIEF: &str = "127.204.66.6";
const GUESSER: &str = "127.208.9.9";
const LEFT_OVER: &str = "127.200.1.7";

/// All that stands for the length of the test.
struct Scene {
    /// Of no use afterwards, but left there if the test fails.
    folder: PathBuf,
    artefacts: PathBuf,
    nginx: Nginx,
    mails: MailServer,
    daemon: Running,
    past: Vec<Request>,
    sent: u64,
    revoked: String,
    stolen: String,
}

/// When it is measured how long a line takes.
#[derive(Clone, Copy, Debug)]
enum Probe {
    Idle,
    /// The first line after a rotation by rename.
    Rotated,
    UnderLoad,
}

impl Probe {
    fn name(self) -> &'static str {
        match self {
            Self::Idle => "idle",
            Self::Rotated => "right after a rotation",
            Self::UnderLoad => "under load",
        }
    }

    fn keys(self) -> impl Iterator<Item = String> {
        let times = if matches!(self, Self::Rotated) { 1 } else { PROBES };
        (0..times).map(move |number| format!("k_left_over_{self:?}_{number}").to_lowercase())
    }

    /// Rows of the inventory.
    fn rows(self) -> String {
        let row = |key| {
            format!(
                "{key},former@example.com,partner,2025-06-01,2025-06-01,,revoked,2026-01-01,,\n"
            )
        };
        self.keys().map(row).collect()
    }
}

#[test]
fn the_daemon_lives_between_a_real_server_a_real_mailbox_and_a_real_browser() {
    let mut scene = Scene::set();
    let mut latency = Latency::default();
    scene.calm();
    scene.use_the_revoked_key(&mut latency);
    scene.use_the_stolen_key();
    scene.guess();
    scene.await_mails(&mut latency);
    scene.show();
    scene.probe(Probe::Idle, &mut latency);
    scene.storm(&mut latency);
    scene.count();
    latency.write(&scene.artefacts.join("latency.txt"));
    scene.end();
}

impl Scene {
    /// Two weeks are learned, then nginx, the mail server and the daemon stand ready.
    fn set() -> Self {
        let artefacts = artefacts("live");
        let folder = artefacts.join("work");
        fs::create_dir(&folder).unwrap();
        let past = folder.join("past");
        let size = ["--days=14", "--end=now", "--keys=30", "--requests-per-day=30000", "--seed=8"];
        history(&past, &[&size[..], &["--calm", "--loopback"]].concat());
        let inventory = fs::read_to_string(past.join("inventory.csv")).unwrap();
        let inventory =
            inventory + &Probe::Idle.rows() + &Probe::Rotated.rows() + &Probe::UnderLoad.rows();
        fs::write(past.join("inventory.csv"), &inventory).unwrap();
        let keys: Vec<String> = inventory.lines().skip(1).map(|row| cell(row, 0)).collect();
        let revoked = inventory.lines().find(|row| cell(row, 6) == "revoked").unwrap();
        let nginx = Nginx::start(&folder, free_address(), &keys);
        let mails = MailServer::start_secured(&folder, free_address());
        let listen = free_address();
        let config = folder.join("keyvigil.toml");
        fs::write(&config, configuration(&folder, &nginx, &mails, &listen.to_string())).unwrap();
        let state = folder.join("state");
        let flags = ["--log-format", LOG_FORMAT, "--state", text(&state)];
        let log = past.join("access.log");
        let replay = ["replay", "--quiet", "--config", text(&config), text(&log)];
        let output = keyvigil(&[&replay[..], &flags].concat());
        assert!(matches!(output.status.code(), Some(0 | 1)), "{}", stderr(&output));
        let log = fs::read_to_string(log).unwrap();
        let past: Vec<Request> = log.lines().filter_map(Request::of_line).collect();
        let mut daemon = start(&["run", "--config", text(&config)], listen, &folder);
        daemon.wait_for("/api/v1/status", |body| body.contains("\"state\":\"idle\""));
        let stolen = busiest(&past, &inventory);
        Self {
            artefacts,
            nginx,
            mails,
            daemon,
            past,
            sent: 0,
            revoked: cell(revoked, 0),
            stolen,
            folder,
        }
    }

    /// What is usual, so that the daemon has seen everybody today.
    fn calm(&mut self) {
        let usual = self.past[self.past.len() - 600..].to_vec();
        self.send(usual, Duration::from_secs(6));
    }

    fn send(&mut self, requests: Vec<Request>, within: Duration) {
        self.sent += send(self.nginx.address, requests, within);
    }

    /// Policy: one request with a revoked key, from its line to the mail.
    fn use_the_revoked_key(&mut self, latency: &mut Latency) {
        let request = request(LEFT_OVER, "/v1/orders/17", "curl/8.5.0", Some(&self.revoked));
        let began = now_ms();
        send_one(self.nginx.address, request);
        self.sent += 1;
        let title = self.revoked.clone();
        self.daemon.wait_for("/api/v1/incidents", |body| body.contains(&title));
        latency.note("written line to committed, first", now_ms() - began);
        let mail = self
            .mails
            .wait_for("the mail about the revoked key", |mail| mail.subject.contains(&title));
        latency.note("policy: written line to mail taken by the server", mail.at - began);
    }

    /// From a line to its being committed, as the page's API shows it: each of these keys
    /// was revoked, and its first use is an incident.
    fn probe(&mut self, when: Probe, latency: &mut Latency) {
        let name = format!("written line to committed, {}", when.name());
        for key in when.keys() {
            let request = request(LEFT_OVER, "/v1/orders/18", "curl/8.5.0", Some(&key));
            let began = now_ms();
            send_one(self.nginx.address, request);
            self.sent += 1;
            let is_seen = || self.daemon.get("/api/v1/incidents").unwrap().1.contains(&key);
            until("the incident is shown", || is_seen().then_some(()));
            latency.note(&name, now_ms() - began);
        }
    }

    fn incidents(&self) -> Vec<Value> {
        let body = self.daemon.get("/api/v1/incidents").unwrap().1;
        let parsed: Value = serde_json::from_str(&body).unwrap();
        parsed["incidents"].as_array().unwrap().clone()
    }

    /// Somebody else has the key: another network, other software, all customers.
    fn use_the_stolen_key(&mut self) {
        let of = |number: u32| {
            let path = if number.is_multiple_of(4) {
                "/v1/export/customers".to_owned()
            } else {
                format!("/v1/customers/{}", 10_000 + number * 37)
            };
            request(THIEF, &path, "python-requests/2.31.0", Some(&self.stolen))
        };
        let requests = (0..400).map(of).collect();
        self.send(requests, Duration::from_secs(8));
    }

    fn guess(&mut self) {
        let one = Request {
            method: "POST".to_owned(),
            ..request(GUESSER, "/v1/login", "Go-http-client/1.1", None)
        };
        self.send(vec![one; 600], Duration::from_secs(6));
    }

    fn await_mails(&mut self, latency: &mut Latency) {
        for (what, name) in
            [("the stolen key", self.stolen.clone()), ("the guessing", GUESSER.to_owned())]
        {
            let mail = self
                .mails
                .wait_for(&format!("the mail about {what}"), |mail| mail.subject.contains(&name));
            let incident =
                self.incidents().into_iter().find(|it| it.to_string().contains(&name)).unwrap();
            let at =
                incident["findings"][0]["at"].as_str().unwrap().parse::<jiff::Timestamp>().unwrap();
            latency.note(
                "statistical: slot in which the limit is crossed to mail",
                mail.at - at.as_millisecond(),
            );
        }
    }

    /// Chromium sees all three incidents on the page.
    fn show(&self) {
        let page = format!("http://{}", self.daemon.address);
        let document = browser::document(&format!("{page}/incidents"), &self.folder);
        for name in [&self.revoked, &self.stolen, GUESSER] {
            assert!(document.contains(name), "{name} is not among the incidents:\n{document}");
        }
        browser::picture(&page, &self.folder, &self.artefacts.join("overview.png"));
        let stolen =
            self.incidents().into_iter().find(|it| it["keys"][0] == self.stolen.as_str()).unwrap();
        let url = format!("{page}/incidents/{}", stolen["id"].as_str().unwrap());
        browser::picture(&url, &self.folder, &self.artefacts.join("incident.png"));
    }

    /// The rest of the requests as fast as a busy server has them, with both rotations.
    fn storm(&mut self, latency: &mut Latency) {
        let all = self.past[self.past.len() - usize::try_from(REQUESTS_MIN).unwrap()..].to_vec();
        let (first, second) = all.split_at(all.len() / 2);
        let (address, first) = (self.nginx.address, first.to_vec());
        let sending = std::thread::spawn(move || send(address, first, Duration::from_secs(15)));
        std::thread::sleep(Duration::from_secs(5));
        self.nginx.rotate(Rotation::Rename);
        self.probe(Probe::Rotated, latency);
        self.probe(Probe::UnderLoad, latency);
        self.sent += sending.join().unwrap();
        // Nothing is written while it is copied and cut: nobody could tell what was lost.
        self.wait_until_all_is_read();
        self.nginx.rotate(Rotation::CopyTruncate);
        self.send(second.to_vec(), Duration::from_secs(12));
    }

    fn wait_until_all_is_read(&mut self) -> Value {
        let wanted = self.sent;
        let status = self.daemon.wait_for("/api/v1/status", |body| {
            let status: Value = serde_json::from_str(body).unwrap_or_default();
            status["sources"][0]["lines"].as_u64() == Some(wanted)
        });
        serde_json::from_str(&status).unwrap()
    }

    /// nginx, its log, the driver and the daemon have counted the same.
    fn count(&mut self) {
        assert!(REQUESTS_MIN <= self.sent);
        assert_eq!(
            self.nginx.lines_written(),
            self.sent,
            "the log has other lines than were answered"
        );
        let status = self.wait_until_all_is_read();
        assert_eq!(status["sources"][0]["rejected"], 0, "{status}");
        let health = self.daemon.get("/health").unwrap().1;
        fs::write(self.artefacts.join("health.html"), health).unwrap();
        fs::write(self.artefacts.join("status.json"), status.to_string()).unwrap();
    }

    /// Stops the daemon; the store has every request once.
    fn end(self) {
        let Self { folder, artefacts, mails, daemon, sent, past, .. } = self;
        let metrics = daemon.get("/metrics").unwrap().1;
        fs::write(artefacts.join("metrics.txt"), metrics).unwrap();
        assert_eq!(daemon.stop(), 0);
        for (number, mail) in mails.mails().iter().enumerate() {
            assert!(
                mail.raw.starts_with("X-Test-Received: TLS for you@example.com"),
                "{}",
                mail.raw
            );
            fs::write(artefacts.join(format!("{number:02}.eml")), &mail.raw).unwrap();
            fs::write(
                artefacts.join(format!("{number:02}.txt")),
                format!("{}\n\n{}", mail.subject, mail.text),
            )
            .unwrap();
        }
        fs::copy(folder.join("stderr"), artefacts.join("daemon.log")).unwrap();
        let stored = query(&folder.join("state"), "SELECT count(*) AS n FROM events");
        let learned = past.len() as u64;
        assert_eq!(stored, [(learned + sent).to_string()], "{learned} learned, {sent} sent");
    }
}

fn request(from: &str, path: &str, agent: &str, key: Option<&str>) -> Request {
    Request {
        from: from.parse().unwrap(),
        method: "GET".to_owned(),
        path: path.to_owned(),
        agent: agent.to_owned(),
        key: key.map(str::to_owned),
    }
}

fn cell(row: &str, number: usize) -> String {
    row.split(',').nth(number).unwrap().to_owned()
}

/// The key in use that was used most, from few addresses.
fn busiest(past: &[Request], inventory: &str) -> String {
    let mut uses: std::collections::BTreeMap<
        &str,
        (usize, std::collections::BTreeSet<std::net::IpAddr>),
    > = std::collections::BTreeMap::new();
    for request in past {
        if let Some(key) = &request.key {
            let entry = uses.entry(key).or_default();
            entry.0 += 1;
            entry.1.insert(request.from);
        }
    }
    let is_active =
        |key: &str| inventory.lines().any(|row| cell(row, 0) == key && cell(row, 6) == "active");
    let fits = uses.iter().filter(|(key, (_, addresses))| is_active(key) && addresses.len() <= 6);
    let most = fits.max_by_key(|(_, (count, _))| *count);
    (*most.unwrap().0).to_owned()
}

fn configuration(folder: &Path, nginx: &Nginx, mails: &MailServer, listen: &str) -> String {
    let path = |name: &str| text(&folder.join(name)).to_owned();
    format!(
        "key_is = \"id\"\ninventory = \"{}\"\nnetworks = \"{}\"\n\
         [[sources]]\npath = \"{}\"\nlog_format = '''{LOG_FORMAT}'''\n\
         [store]\ndirectory = \"{}\"\n[web]\nlisten = \"{listen}\"\n{}",
        path("past/inventory.csv"),
        path("past/networks.csv"),
        text(&nginx.log),
        path("state"),
        mails.configuration(),
    )
}
