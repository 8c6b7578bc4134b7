//! Names of servers are asked for and no answer comes: everybody else is told, the page says it, and
//! the end does not wait for it.

use std::fs;
use std::net::UdpSocket;
use std::process::Command;
use std::time::{Duration, Instant};

use crate::parts::{part, text, until};
use crate::program::{free_address, start_as};
use crate::site::Site;

/// Takes every question about a name, and answers none.
const SILENT: &str = "127.0.0.153:53";

/// Longer than a stop ever takes, and shorter than the resolver would wait.
const STOP_MAX: Duration = Duration::from_secs(90);

#[test]
fn a_resolver_that_never_answers_holds_nobody_up() {
    let mut site = Site::new();
    let _silent = UdpSocket::bind(SILENT).expect("this test needs root, to answer no questions");
    fs::write(site.path("resolv.conf"), "nameserver 127.0.0.153\noptions timeout:30 attempts:5\n")
        .unwrap();
    fs::write(site.path("nsswitch.conf"), "hosts: files dns\n").unwrap();
    let told = site.path("told.jsonl");
    let people = format!(
        "[mail]\nto = \"you@example.com\"\nserver = \"mail.example.com\"\ntimeout = \"2s\"\n\
         [[notify]]\nname = \"hook\"\nkind = \"webhook\"\nurl = \"https://hooks.example.com/a\"\n\
         [[notify]]\nname = \"log\"\nkind = \"syslog\"\nsyslog = \"tcp://logs.example.com:514\"\n\
         [[notify]]\nname = \"soc\"\nkind = \"ocsf\"\npath = \"{}\"\n",
        text(&told)
    );
    let listen = free_address();
    let config = site.configured(&listen.to_string(), &site.path("state"), &people);
    // Where only the daemon sees it.
    let script = format!(
        "mount --bind {0}/resolv.conf /etc/resolv.conf && mount --bind {0}/nsswitch.conf \
         /etc/nsswitch.conf && exec {1} run --config {2}",
        text(site.folder.path()),
        env!("CARGO_BIN_EXE_keyvigil"),
        text(&config)
    );
    let mut command = Command::new(part("unshare", "util-linux"));
    command.args(["--mount", "--propagation=private", "sh", "-c", &script]);
    let mut running = start_as(&mut command, listen, site.folder.path());
    running.wait_for("/api/v1/status", |body| body.contains("\"state\":\"idle\""));
    site.write(20, "k_revoked", 0);
    let status = running.wait_for("/api/v1/status", |body| body.contains("Mail does not get"));
    assert!(status.contains("no answer within 2 s"), "{status}");
    assert!(running.get("/").unwrap().1.contains("Mail does not get through"));
    until("who can be reached is told", || {
        fs::read_to_string(&told).ok()?.contains("k_revoked").then_some(())
    });
    site.write(1000, "k_usual", 0);
    site.wait_until_all_is_read(&mut running);
    let since = Instant::now();
    assert_eq!(running.stop(), 0);
    assert!(since.elapsed() < STOP_MAX, "it took {:?} to end", since.elapsed());
}
