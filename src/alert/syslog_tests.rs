//! Lines to listeners of each kind.

use std::io::Read as _;
use std::net::{TcpListener, UdpSocket};
use std::os::unix::net::{UnixDatagram, UnixListener};

use super::letter_tests::{at, frame, incident, notice};
use super::{Bulletin, Letter, News, Notifier as _, Occasion, Ocsf, Reason, Refusal, Syslog};
use crate::incident::Transition;

fn bulletin() -> Bulletin {
    let incident = incident();
    let occasion = Occasion {
        notice: &notice(Transition::Opened),
        reason: &Reason::default(),
        mails_before: 0,
        is_owner: false,
        is_flapping: false,
        stale: &[],
    };
    let letter = Letter::of(&incident, &occasion, &frame()).unwrap();
    let news = News::Incident(Box::new(incident), Transition::Opened);
    Bulletin { to: "syslog".to_owned(), letter, news, frame: frame(), at: at(0) }
}

/// As RFC 5424 has it: priority, version, time, host, program, process, kind, structure, text.
fn check(line: &str) {
    let parts: Vec<&str> = line.splitn(7, ' ').collect();
    assert_eq!(parts[..6], ["<83>1", "2026-03-17T09:00:00Z", "api-01", "keyvigil", "-", "opened"]);
    let rest = parts[6];
    assert!(rest.starts_with("[keyvigil@32473 incident=\"INC-7f3c9a\" "), "{rest}");
    let (structure, said) = rest.split_once("] ").unwrap();
    assert!(structure.contains("severity=\"high\"") && structure.contains("role=\"partner\""));
    assert!(said.starts_with("\u{feff}[keyvigil HIGH] billing-sync: far more"), "{said}");
    assert!(said.contains("8,200 requests a minute") && !said.contains('\n'), "{said}");
}

#[tokio::test]
async fn over_udp_a_line_is_a_packet() {
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    let way = Syslog::new(&format!("udp://{}", socket.local_addr().unwrap())).unwrap();
    way.send(&bulletin()).await.unwrap();
    let mut buffer = [0; 8_192];
    let length = socket.recv(&mut buffer).unwrap();
    check(std::str::from_utf8(&buffer[..length]).unwrap());
}

#[tokio::test]
async fn over_tcp_each_line_says_its_length_first() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let way = Syslog::new(&format!("tcp://{}", listener.local_addr().unwrap())).unwrap();
    for _ in 0..2 {
        way.send(&bulletin()).await.unwrap();
        let mut said = String::new();
        listener.accept().unwrap().0.read_to_string(&mut said).unwrap();
        let (length, line) = said.split_once(' ').unwrap();
        assert_eq!(length.parse::<usize>().unwrap(), line.len(), "in bytes");
        check(line);
    }
}

#[tokio::test]
async fn a_socket_of_this_machine_may_take_packets_or_a_stream() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("log");
    let way = Syslog::new(&format!("unix:{}", path.display())).unwrap();
    let refused = way.send(&bulletin()).await;
    assert!(matches!(refused, Err(Refusal::Unreachable(_))), "{refused:?}");

    let packets = UnixDatagram::bind(&path).unwrap();
    way.send(&bulletin()).await.unwrap();
    let mut buffer = [0; 8_192];
    let length = packets.recv(&mut buffer).unwrap();
    check(std::str::from_utf8(&buffer[..length]).unwrap());

    drop(packets);
    std::fs::remove_file(&path).unwrap();
    let stream = UnixListener::bind(&path).unwrap();
    way.send(&bulletin()).await.unwrap();
    let mut said = String::new();
    stream.accept().unwrap().0.read_to_string(&mut said).unwrap();
    check(said.strip_suffix('\n').unwrap());
}

#[tokio::test]
async fn a_finding_goes_to_a_syslog_in_one_line() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let way = Ocsf::to_syslog(&format!("tcp://{}", listener.local_addr().unwrap())).unwrap();
    way.send(&bulletin()).await.unwrap();
    let mut said = String::new();
    listener.accept().unwrap().0.read_to_string(&mut said).unwrap();
    let (head, finding) = said.split_once("\u{feff}").unwrap();
    assert!(head.ends_with(" ocsf - "), "{head}");
    let finding: serde_json::Value = serde_json::from_str(finding).unwrap();
    assert_eq!(finding["type_uid"], 200_401);
}

#[tokio::test]
async fn nobody_who_listens_is_a_way_that_cannot_be_used() {
    let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let way = Syslog::new(&format!("tcp://{address}")).unwrap();
    let refused = way.send(&bulletin()).await;
    assert!(matches!(refused, Err(Refusal::Unreachable(_))), "{refused:?}");
}
