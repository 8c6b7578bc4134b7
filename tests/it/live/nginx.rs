//! Debian's nginx as a small API with keys, and Debian's logrotate on its log.

use std::fs;
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::parts::{Part, part, succeed, text, until};
use crate::program::LOG_FORMAT;

pub(super) struct Nginx {
    pub(super) address: SocketAddr,
    pub(super) log: PathBuf,
    folder: PathBuf,
    _part: Part,
}

/// How logrotate makes room for a new log.
#[derive(Clone, Copy, Debug)]
pub(super) enum Rotation {
    Rename,
    CopyTruncate,
}

impl Nginx {
    /// Answers 200 to these keys, 401 to others and to every log-in, 200 without a key.
    pub(super) fn start(folder: &Path, address: SocketAddr, keys: &[String]) -> Self {
        let program = part("nginx", "nginx-light");
        fs::write(folder.join("nginx.conf"), configuration(folder, address, keys)).unwrap();
        let mut command = Command::new(program);
        command.args(["-p", text(folder), "-c", "nginx.conf", "-g", "daemon off;"]);
        let part = Part::start(command.stderr(Stdio::null()));
        until("nginx listens", || TcpStream::connect(address).ok());
        let log = folder.join("access.log");
        Self { address, log, folder: folder.to_owned(), _part: part }
    }

    /// Rotates the log as Debian does it every night, now.
    pub(super) fn rotate(&self, rotation: Rotation) {
        let nginx = part("nginx", "nginx-light");
        let how = match rotation {
            Rotation::Rename => format!(
                "create 0640\npostrotate\n{} -p {} -c nginx.conf -s reopen\nendscript",
                text(&nginx),
                text(&self.folder)
            ),
            Rotation::CopyTruncate => "copytruncate".to_owned(),
        };
        let rules = format!("{} {{\nrotate 9\n{how}\n}}\n", text(&self.log));
        let file = self.folder.join("logrotate.conf");
        fs::write(&file, rules).unwrap();
        let state = self.folder.join("logrotate.state");
        let mut command = Command::new(part("logrotate", "logrotate"));
        succeed(command.args(["--force", "--state", text(&state), text(&file)]));
    }

    /// Lines in the log and in what it was rotated to.
    pub(super) fn lines_written(&self) -> u64 {
        let files = ["access.log", "access.log.1", "access.log.2", "access.log.3"];
        let read = |name: &&str| fs::read(self.folder.join(name)).unwrap_or_default();
        let newlines = |bytes: Vec<u8>| memchr::memchr_iter(b'\n', &bytes).count() as u64;
        files.iter().map(read).map(newlines).sum()
    }
}

/// The `log_format` is pasted as it is in the README and in the daemon's configuration.
fn configuration(folder: &Path, address: SocketAddr, keys: &[String]) -> String {
    let folder = text(folder);
    let known = keys.join(" 1;\n    ");
    format!(
        r#"pid nginx.pid;
error_log {folder}/error.log;
worker_processes 2;
events {{ worker_connections 4096; }}
http {{
  log_format api '{LOG_FORMAT}';
  access_log {folder}/access.log api;
  client_body_temp_path {folder}/tmp; proxy_temp_path {folder}/tmp;
  fastcgi_temp_path {folder}/tmp; uwsgi_temp_path {folder}/tmp; scgi_temp_path {folder}/tmp;
  keepalive_requests 1000000;
  keepalive_timeout 600s;
  default_type application/json;
  map $http_x_api_key $is_known {{
    default 0;
    "" 1;
    {known} 1;
  }}
  server {{
    listen {address};
    location = /nginx_status {{ stub_status; access_log off; }}
    location = /v1/login {{ return 401 "{{}}\n"; }}
    location / {{
      if ($is_known = 0) {{ return 401 "{{}}\n"; }}
      return 200 "{{\"answer\": \"of nginx\"}}\n";
    }}
  }}
}}
"#
    )
}
