//! A proxy in front of the page, as `docs/access.md` sets it up: real nginx asks who somebody is,
//! and nobody can say it in its place.

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::process::{Command, Stdio};

use crate::parts::{Part, part, text, until};
use crate::program::{free_address, start};

const GUIDE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/access.md");

#[test]
fn whom_the_proxy_names_is_known_and_nobody_can_name_himself() {
    let folder = tempfile::tempdir().unwrap();
    let (page, front, id) = (free_address(), free_address(), free_address());
    fs::write(folder.path().join("access.log"), "").unwrap();
    let config = format!(
        "sources = [{{ path = \"{}\", format = \"json\" }}]\n[store]\ndirectory = \"{}\"\n{}",
        text(&folder.path().join("access.log")),
        text(&folder.path().join("state")),
        block("toml").replacen("[web]\n", &format!("[web]\nlisten = \"{page}\"\n"), 1)
    );
    let file = folder.path().join("keyvigil.toml");
    fs::write(&file, config).unwrap();
    let mut daemon = start(&["run", "--config", text(&file)], page, folder.path());
    daemon.wait_for("/healthz", |body| body == "ok");
    let _nginx = nginx(folder.path(), (page, front, id));

    let stranger = ask(front, "/", "");
    assert!(
        stranger.starts_with("HTTP/1.1 302") && stranger.contains("//id.example.com/"),
        "{stranger}"
    );
    let forged = "X-Remote-User: ann@example.com\r\n";
    assert!(ask(front, "/", forged).starts_with("HTTP/1.1 302"), "forged before the proxy");
    let ann = ask(front, "/", "Cookie: id=ann\r\n");
    assert!(ann.starts_with("HTTP/1.1 200") && ann.contains("title=\"operator\">ann@example.com<"));
    let bob = ask(front, "/", &format!("Cookie: id=bob\r\n{forged}"));
    assert!(
        bob.contains("title=\"viewer\">bob@example.com<"),
        "the proxy's word replaces it: {bob}"
    );
    let behind = ask(page, "/", forged);
    assert!(behind.starts_with("HTTP/1.1 303") && behind.contains("/login"), "{behind}");
    let api = ask(page, "/api/v1/keys", &format!("{forged}X-Forwarded-For: 127.0.0.3\r\n"));
    assert!(api.starts_with("HTTP/1.1 401"), "{api}");
    assert_eq!(daemon.stop(), 0);
}

/// The first block of that language in the guide.
fn block(language: &str) -> String {
    let guide = fs::read_to_string(GUIDE).unwrap();
    let (_, rest) = guide.split_once(&format!("```{language}\n")).unwrap();
    rest.split_once("```").unwrap().0.to_owned()
}

/// The guide's nginx, and one in place of oauth2-proxy that knows two people by their cookies.
fn nginx(folder: &Path, (page, front, id): (SocketAddr, SocketAddr, SocketAddr)) -> Part {
    let guide = block("nginx")
        .replace("127.0.0.1:4180", &id.to_string())
        .replace("127.0.0.1:8787", &page.to_string());
    let folder = text(folder);
    let config = format!(
        r#"pid {folder}/nginx.pid;
error_log {folder}/nginx.log;
events {{}}
http {{
  access_log off;
  client_body_temp_path {folder}/tmp; proxy_temp_path {folder}/tmp;
  fastcgi_temp_path {folder}/tmp; uwsgi_temp_path {folder}/tmp; scgi_temp_path {folder}/tmp;
  map $cookie_id $email {{ ann "ann@example.com"; bob "bob@example.com"; default ""; }}
  server {{ listen {front}; {guide} }}
  server {{
    listen {id};
    location = /oauth2/auth {{
      if ($email = "") {{ return 401; }}
      add_header X-Auth-Request-Email $email always;
      return 202;
    }}
    location = /oauth2/start {{ return 302 https://id.example.com/authorize; }}
  }}
}}
"#
    );
    let file = Path::new(folder).join("nginx.conf");
    fs::write(&file, config).unwrap();
    let mut command = Command::new(part("nginx", "nginx-light"));
    command.args(["-c", text(&file), "-g", "daemon off;"]);
    let nginx = Part::start(command.stderr(Stdio::null()));
    until("nginx listens", || TcpStream::connect(front).ok());
    nginx
}

/// As a browser asks for the page by its name.
fn ask(address: SocketAddr, path: &str, headers: &str) -> String {
    let mut stream = TcpStream::connect(address).unwrap();
    let ask = format!(
        "GET {path} HTTP/1.1\r\nHost: keyvigil.example.com\r\n{headers}Connection: close\r\n\r\n"
    );
    stream.write_all(ask.as_bytes()).unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).unwrap();
    String::from_utf8_lossy(&answer).into_owned()
}
