//! A daemon with something to see, and tokens to log in with.

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use crate::program::{Running, free_address, keyvigil, start, stderr, stdout};

pub(super) struct Scene {
    pub(super) folder: TempDir,
    pub(super) daemon: Running,
    pub(super) operator: String,
    pub(super) admin: String,
    pub(super) incident: String,
}

impl Scene {
    /// A revoked key is used, by somebody who writes scripts into log lines.
    pub(super) fn open() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
        let address = free_address();
        fs::write(path("access.log"), log()).unwrap();
        let inventory = "key_id,owner,role,created,last_rotated,status,status_since\n\
             k_revoked,former@example.com,batch,2025-06-03,2025-06-03,revoked,2026-01-15\n\
             k_usual,b@example.com,partner,2025-06-03,2025-06-03,active,\n";
        fs::write(path("inventory.csv"), inventory).unwrap();
        let config = format!(
            "key_is = \"id\"\ninventory = \"{}\"\nsources = [{{ path = \"{}\", format = \"json\" }}]\n\
             [web]\nlisten = \"{address}\"\n[store]\ndirectory = \"{}\"\nretention = \"3650d\"\n",
            path("inventory.csv"),
            path("*.log"),
            path("state")
        );
        fs::write(path("keyvigil.toml"), config).unwrap();
        fs::rename(path("access.log"), path("access.later")).unwrap();
        fs::write(path("other.log"), "").unwrap();
        let args = ["run", "--config", &path("keyvigil.toml")];
        let mut daemon = start(&args, address, folder.path());
        daemon.wait_for("/api/v1/status", |body| body.contains("other.log"));
        fs::rename(path("access.later"), path("access.log")).unwrap();
        let incidents =
            daemon.wait_for("/api/v1/incidents?severity=high", |body| body.contains("INC-"));
        daemon.wait_for("/api/v1/keys/k_usual", |body| body.contains("rotation_overdue"));
        let token = |role: &str, name: &str| {
            let made = keyvigil(&[
                "token",
                "create",
                "--role",
                role,
                "--name",
                name,
                "--config",
                &path("keyvigil.toml"),
            ]);
            assert!(made.status.success(), "{}", stderr(&made));
            stdout(&made).trim().to_owned()
        };
        let (operator, admin) = (token("operator", "ann"), token("admin", "eva"));
        let incidents: serde_json::Value = serde_json::from_str(&incidents).unwrap();
        let incident = incidents["incidents"][0]["id"].as_str().unwrap().to_owned();
        Self { folder, daemon, operator, admin, incident }
    }

    pub(super) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.daemon.address)
    }

    pub(super) fn config(&self) -> String {
        self.folder.path().join("keyvigil.toml").to_str().unwrap().to_owned()
    }

    /// As a program with a token gets it, with its head.
    pub(super) fn get(&self, path: &str, token: &str) -> String {
        let address = self.daemon.address;
        let mut stream = TcpStream::connect(address).unwrap();
        let ask = format!(
            "GET {path} HTTP/1.1\r\nhost: {address}\r\nauthorization: Bearer {token}\r\n\
             connection: close\r\n\r\n"
        );
        stream.write_all(ask.as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    }
}

/// Some hours of it, so that there is something to draw.
fn log() -> String {
    let now = jiff::Timestamp::now().as_second();
    let keys = ["=cmd|'/C calc'!A0", "k_usual", "k_usual", "k_usual"];
    let agent = "<script>alert(1)</script><img src=x onerror=alert(2)>";
    let mut log = String::new();
    let mut line = |at: i64, key: &str, path: &str| {
        log.extend([format!(
            "{{\"time\":{at},\"remote_addr\":\"192.0.2.7\",\"method\":\"GET\",\"path\":\"{path}\",\
             \"status\":200,\"key_id\":\"{key}\",\"user_agent\":\"{agent}\"}}\n"
        )]);
    };
    for number in 0..600_i64 {
        let key = keys[usize::try_from(number).unwrap() % keys.len()];
        line(now - 36 * 3600 + number * 210, key, "/v1/orders");
    }
    for number in 0..20 {
        line(now - 120 + number, "k_revoked", "/v1/<script>alert(3)</script>/orders");
    }
    log
}

/// What `scripts/test` installs beside what is built.
pub(super) fn axe() -> PathBuf {
    let program = Path::new(env!("CARGO_BIN_EXE_keyvigil"));
    let target = program.parent().and_then(Path::parent).unwrap();
    let file = target.join("tools/axe/node_modules/axe-core/axe.min.js");
    assert!(file.exists(), "{} is missing: scripts/test installs it", file.display());
    file
}
