//! A new user's first commands: `init` and `check`, on machines made of a few files, and on a
//! real nginx.

use std::fs;
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use keyvigil::config::Config;

use crate::program::{free_address, keyvigil, start, stderr, stdout};

const NGINX: &str = "http {\n  log_format api '$remote_addr [$time_local] \"$request\" '\n                 '$status \"$http_x_api_key\"';\n  access_log /var/log/nginx/access.log api;\n  access_log /var/log/nginx/plain.log;\n}\n";

/// A folder that stands for a machine.
struct Machine(tempfile::TempDir);

impl Machine {
    fn new(files: &[(&str, &str)]) -> Self {
        let root = tempfile::tempdir().unwrap();
        fs::set_permissions(root.path(), fs::Permissions::from_mode(0o755)).unwrap();
        for (path, text) in files {
            let path = root.path().join(path.trim_start_matches('/'));
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        Self(root)
    }

    fn path(&self, path: &str) -> PathBuf {
        self.0.path().join(path.trim_start_matches('/'))
    }

    /// Runs a command on this machine; what it said, and how it ended.
    fn run(&self, args: &[&str]) -> (String, Option<i32>) {
        let root = self.0.path().to_str().unwrap();
        let output = keyvigil(&[args, &["--root", root]].concat());
        (stdout(&output) + &stderr(&output), output.status.code())
    }
}

fn line(key: &str) -> String {
    format!("192.0.2.1 [09/Mar/2026:00:00:00 +0000] \"GET /a HTTP/1.1\" 200 \"{key}\"\n")
}

#[test]
fn init_takes_the_format_from_nginx_and_never_overwrites() {
    let machine = Machine::new(&[
        ("/etc/nginx/nginx.conf", NGINX),
        ("/var/log/nginx/access.log", &line("k_1").repeat(9)),
        ("/var/log/nginx/error.log", "2026/03/09 00:00:00 [error] 1#1: no\n"),
        ("/var/log/dpkg.log", "2026-03-09 00:00:00 startup archives unpack\n"),
    ]);
    let (said, code) = machine.run(&[
        "init",
        "--mail",
        "you@example.com",
        "--smtp",
        "mail.example.com:465",
        "--smtp-tls",
        "implicit",
        "--smtp-user",
        "keyvigil",
    ]);
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains("9 of 9 requests say which key was used"), "{said}");
    let written = machine.path(Config::DEFAULT_PATH);
    let config = Config::load(&written).unwrap_or_else(|error| panic!("{error}"));
    let paths: Vec<&str> = config.sources.iter().map(|source| source.path.as_str()).collect();
    assert_eq!(paths, ["/var/log/nginx/access.log", "/var/log/nginx/plain.log"]);
    assert!(config.sources[0].log_format.as_deref().unwrap().starts_with("log_format api"));
    assert_eq!(config.sources[1].log_format, None);
    let mail = config.mail.unwrap();
    assert_eq!((mail.server.as_str(), mail.port), ("mail.example.com", 465));

    let before = fs::read(&written).unwrap();
    let (said, code) = machine.run(&["init"]);
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("is there already and stays as it is"), "{said}");
    assert_eq!(fs::read(&written).unwrap(), before);
    let (said, _) = machine.run(&["init", "--print", "--key-is", "id"]);
    assert!(said.contains("key_is = \"id\"") && said.contains("# [mail]"), "{said}");
    assert_eq!(machine.run(&["init", "--force"]).1, Some(0));
    assert_ne!(fs::read(&written).unwrap(), before);
}

#[test]
fn a_machine_without_logs_gets_a_configuration_that_says_what_to_add() {
    let machine = Machine::new(&[]);
    let (said, code) = machine.run(&["init"]);
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains("no access log was found"), "{said}");
    let config = machine.path(Config::DEFAULT_PATH);
    let (said, code) = machine.run(&["check", "--config", config.to_str().unwrap()]);
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("there is no log to watch"), "{said}");
}

#[test]
fn a_log_that_the_service_may_not_read_is_named_with_the_line_that_mends_it() {
    let machine = Machine::new(&[
        ("/etc/nginx/nginx.conf", NGINX),
        ("/var/log/nginx/access.log", &line("-")),
        ("/etc/passwd", "root:x:0:0::/:\nkeyvigil:x:4242:4242::/:\n"),
    ]);
    let log = machine.path("/var/log/nginx/access.log");
    fs::set_permissions(&log, fs::Permissions::from_mode(0o640)).unwrap();
    let gid = std::os::unix::fs::MetadataExt::gid(&fs::metadata(&log).unwrap());
    fs::write(machine.path("/etc/group"), format!("adm:x:{gid}:\nkeyvigil:x:4242:\n")).unwrap();
    let (said, _) = machine.run(&["check", "--logs", "--config", "/nowhere/keyvigil.toml"]);
    assert!(said.contains("keyvigil init makes one"), "{said}");
    assert!(said.contains("keyvigil may not read it") && said.contains("mode 640"), "{said}");
    assert!(said.contains("sudo usermod -aG adm keyvigil"), "{said}");
    assert!(said.contains("no request says which key was used"), "{said}");
    assert!(said.contains("map $http_x_api_key $key_id"), "{said}");
}

/// Each is said, and where it stands nothing is changed.
#[test]
fn check_names_all_that_would_keep_run_from_working() {
    let busy = TcpListener::bind("127.0.0.1:0").unwrap();
    let machine =
        Machine::new(&[("/inventory.csv", "key_id,owner\nk_a,\nk_a,\n"), ("/folder/x", "")]);
    let path = |name: &str| machine.path(name).display().to_string();
    let config = format!(
        "inventory = \"{}\"\nnetworks = \"{}\"\nsources = [{{ path = \"{}\" }}, {{ path = \"{}\" }}]\n[web]\nlisten = \"{}\"\n[store]\ndirectory = \"{}\"\nkey = {{ file = \"{}\" }}\n[mail]\nto = \"you@example.com\"\nuser = \"k\"\npassword = {{ credential = \"smtp\" }}\n",
        path("inventory.csv"),
        path("networks.csv"),
        path("folder"),
        path("later.log"),
        busy.local_addr().unwrap(),
        path("state"),
        path("key"),
    );
    fs::write(machine.path("keyvigil.toml"), config).unwrap();
    let (said, code) = machine_check(&machine);
    assert_eq!(code, Some(1), "{said}");
    for expected in [
        "have the same key_id",
        "networks.csv",
        "another program uses this port",
        "is a folder; name a file",
        "later.log is not there yet",
        "[store] key: cannot read the secret",
        "there is no /etc/credstore/keyvigil.smtp",
    ] {
        assert!(said.contains(expected), "{expected:?} is not in\n{said}");
    }
    assert!(!machine.path("state").exists(), "check made the state directory");
}

fn machine_check(machine: &Machine) -> (String, Option<i32>) {
    let config = machine.path("keyvigil.toml");
    let output = keyvigil(&["check", "--config", config.to_str().unwrap()]);
    (stdout(&output) + &stderr(&output), output.status.code())
}

#[test]
fn check_beside_a_running_daemon_is_no_alarm() {
    let machine = Machine::new(&[("/access.log", "")]);
    let path = |name: &str| machine.path(name).display().to_string();
    let address = free_address();
    let config = format!(
        "sources = [{{ path = \"{}\" }}]\n[web]\nlisten = \"{address}\"\n[store]\ndirectory = \"{}\"\n[control]\nsocket = \"{}\"\n",
        path("access.log"),
        path("state"),
        path("control.sock"),
    );
    fs::write(machine.path("keyvigil.toml"), config).unwrap();
    let listen = address.to_string();
    let args = ["run", "--config", &path("keyvigil.toml"), "--listen", &listen];
    let mut daemon = start(&args, address, machine.0.path());
    daemon.wait_for("/healthz", |_| true);
    daemon.wait_for("/api/v1/status", |body| body.contains("sources"));
    let (said, code) = machine_check(&machine);
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains("keyvigil is running already"), "{said}");
    assert_eq!(daemon.stop(), 0);
}

/// The lines for nginx, used by a real nginx; the settings that go with them, used by `check`.
#[test]
fn the_lines_for_nginx_let_it_log_which_key_was_used_and_not_the_key() {
    let machine = Machine::new(&[("/error.log", "")]);
    let output = keyvigil(&["check", "--key-lines", "nginx", "--key-header", "X-Shop-Key"]);
    let advice: Vec<String> = stdout(&output)
        .lines()
        .filter_map(|line| line.strip_prefix("    ").map(str::to_owned))
        .collect();
    let settings = advice.iter().position(|line| line.starts_with("key_from")).unwrap();
    let (lines, settings) = advice.split_at(settings);
    let log = machine.path("access.log").display().to_string();
    let lines = lines.join("\n").replace("/var/log/nginx/access.log", &log);
    let address = free_address();
    let folder = machine.0.path().display();
    let temporary: String = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
        .map(|name| format!("{name}_temp_path {folder}/{name};\n"))
        .concat();
    let conf = format!(
        "daemon off;\npid {folder}/pid;\nerror_log {folder}/error.log;\nevents {{}}\nhttp {{\n{temporary}{lines}\nserver {{ listen {address}; location / {{ return 200 ok; }} }}\n}}\n"
    );
    fs::write(machine.path("nginx.conf"), conf).unwrap();
    let _nginx = Nginx::start(&machine.path("nginx.conf"), address);
    let key = "sk_live_0123456789abcdefGHIJKLMN";
    get(address, &format!("X-Shop-Key: {key}\r\n"));
    get(address, "X-Shop-Key: short\r\n");
    get(address, "");
    let logged = wait_for_lines(Path::new(&log), 3);
    assert!(logged.contains("\"GHIJKLMN\"") && !logged.contains("sk_live"), "{logged}");
    assert!(!logged.contains("short"), "{logged}");

    let config =
        format!("key_is = \"id\"\n[[sources]]\npath = \"{log}\"\n{}\n", settings.join("\n"));
    fs::write(machine.path("keyvigil.toml"), config).unwrap();
    let output = keyvigil(&[
        "check",
        "--logs",
        "--config",
        &machine.path("keyvigil.toml").display().to_string(),
        "--root",
        "/",
    ]);
    let said = stdout(&output);
    assert!(said.contains("1 of 3 requests say which key was used"), "{said}");
}

struct Nginx(Child);

impl Nginx {
    fn start(conf: &Path, address: std::net::SocketAddr) -> Self {
        let folder = conf.parent().unwrap();
        let path = std::env::var("PATH").unwrap_or_default() + ":/usr/sbin:/sbin";
        let child = Command::new("nginx")
            .env("PATH", path)
            .args(["-p", folder.to_str().unwrap(), "-c", conf.to_str().unwrap()])
            .args(["-e", folder.join("error.log").to_str().unwrap()])
            .stdin(Stdio::null())
            .spawn()
            .expect("this test needs nginx: apt-get install nginx-light");
        let nginx = Self(child);
        let since = Instant::now();
        while TcpStream::connect(address).is_err() {
            let errors = || fs::read_to_string(folder.join("error.log")).unwrap_or_default();
            assert!(since.elapsed() < Duration::from_mins(1), "nginx does not start: {}", errors());
            thread::sleep(Duration::from_millis(50));
        }
        nginx
    }
}

impl Drop for Nginx {
    fn drop(&mut self) {
        let id = self.0.id().to_string();
        Command::new("kill").args(["-TERM", &id]).status().unwrap();
        self.0.wait().unwrap();
    }
}

fn get(address: std::net::SocketAddr, header: &str) {
    use std::io::{Read as _, Write as _};
    let mut stream = TcpStream::connect(address).unwrap();
    let request =
        format!("GET /a HTTP/1.1\r\nHost: {address}\r\n{header}Connection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
}

fn wait_for_lines(log: &Path, lines: usize) -> String {
    let since = Instant::now();
    loop {
        let text = fs::read_to_string(log).unwrap_or_default();
        if lines <= text.lines().count() {
            return text;
        }
        assert!(since.elapsed() < Duration::from_mins(1), "nginx logged only\n{text}");
        thread::sleep(Duration::from_millis(50));
    }
}
