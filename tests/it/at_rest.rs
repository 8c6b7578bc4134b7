//! The state directory without its key: names that were planted everywhere are in none of its files,
//! in no notation and in nothing that was packed; nor in a copy of it, nor after a kill.

use std::fmt::Write as _;
use std::fs;
use std::io::Read as _;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use memchr::memmem;

use crate::asking::ask;
use crate::program::{LOG_FORMAT, Running, free_address, start, stderr, stdout};

/// Each where only a log, an inventory, a person or the configuration can have brought it in.
const PLANTED: [&str; 15] = [
    "zq-planted-key-71",
    "Planted Label Ostrich",
    "planted-owner@example.com",
    "planted-role-heron",
    "planted-path-lemur",
    "planted-user-okapi",
    "PlantedAgent-quokka",
    "planted-ref-tapir",
    "planted-oncall@example.com",
    "planted-reason-narwhal",
    "planted-token-ibis",
    "planted-route-kiwi",
    "planted-log-vole",
    "203.0.113.77",
    "2001:db8:aa55::7717",
];

/// What is packed is looked into so far.
const UNPACKED_BYTES_MAX: u64 = 16 << 20;

#[test]
fn without_its_key_the_state_tells_no_name_in_any_notation() {
    let folder = tempfile::tempdir().unwrap();
    let state = folder.path().join("state");
    let mut running = watched(folder.path());
    append(folder.path());
    let listed = running.wait_for("/api/v1/incidents", |body| body.contains(PLANTED[0]));
    running.wait_for("/api/v1/status", |body| body.contains("\"queued\":1"));
    let id = listed.split("\"id\":\"").nth(1).unwrap().split('"').next().unwrap();
    for said in [
        &["ack", id, "--reason", PLANTED[9]][..],
        &["token", "create", "--name", PLANTED[10], "--role", "viewer"],
        &["query", "SELECT * FROM events"],
        &["export", "--key", PLANTED[0]],
    ] {
        let output = ask(folder.path(), said);
        assert!(output.status.success(), "{said:?}: {}", stderr(&output));
    }
    check(&state, "while it runs");
    running.kill();
    check(&state, "after a kill");
    let running = watched(folder.path());
    assert_eq!(running.stop(), 0);
    check(&state, "after a stop");
    let compacted = ask(folder.path(), &["store", "compact"]);
    assert!(compacted.status.success(), "{}", stderr(&compacted));
    check(&state, "compacted");
    // All of it is there for who has the key.
    let events = stdout(&ask(folder.path(), &["query", "SELECT * FROM events"]));
    let journal = stdout(&ask(folder.path(), &["journal", "list"]));
    let told = ask(folder.path(), &["incidents", "--all", "--json"]);
    let seen = events + &journal + &stdout(&told);
    let missing: Vec<_> = PLANTED.iter().filter(|name| !seen.contains(**name)).collect();
    assert!(missing.len() <= 3, "{missing:?} came nowhere, so that nothing was tested");
}

#[test]
fn the_search_finds_what_is_hidden_as_it_looks_for_it() {
    let [name, .., address] = PLANTED;
    let inside = |text: &[u8]| [b"\x01\x02".as_slice(), text, b"\xff"].concat();
    let wide: Vec<u8> = name.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let mut packed = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::best());
    std::io::Write::write_all(&mut packed, name.as_bytes()).unwrap();
    let IpAddr::V6(number) = address.parse().unwrap() else { panic!("{address}") };
    for (bytes, what) in [
        (inside(name.as_bytes()), name),
        (inside(name.to_uppercase().as_bytes()), name),
        (inside(&wide), name),
        (inside(b"enEtcGxhbnRlZC1rZXktNzE="), name),
        (inside(b"AHpxLXBsYW50ZWQta2V5LTcx"), name),
        (inside(b"7a712d706c616e7465642d6b65792d3731"), name),
        (inside(&zstd::encode_all(name.as_bytes(), 1).unwrap()), name),
        (inside(&packed.finish().unwrap()), name),
        (inside(&number.octets()), address),
    ] {
        assert_eq!(traces(&bytes), [what], "{}", bytes.escape_ascii());
    }
    assert!(traces(b"nothing of it").is_empty());
}

/// No name in any file, or in the name of one.
fn check(state: &Path, when: &str) {
    let mut bytes_seen = 0;
    for path in files_under(state) {
        // The key's place is beside the store here, and its file is all that is not looked at.
        let bytes = fs::read(&path).unwrap_or_default();
        bytes_seen += bytes.len();
        let found = traces(&bytes);
        assert!(found.is_empty(), "{when}: {found:?} in {}", path.display());
        let named = traces(path.strip_prefix(state).unwrap().to_str().unwrap().as_bytes());
        assert!(named.is_empty(), "{when}: {}", path.display());
    }
    assert!(10_000 < bytes_seen, "{bytes_seen} bytes");
}

fn files_under(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(files_under(&path));
        } else if path.is_file() {
            files.push(path);
        }
    }
    files
}

/// Which names stand in these bytes, or in what was packed into them.
fn traces(bytes: &[u8]) -> Vec<&'static str> {
    let mut looked_at = vec![bytes.to_ascii_lowercase()];
    let mut cased = vec![bytes.to_vec()];
    for at in memmem::find_iter(bytes, &[0x28, 0xB5, 0x2F, 0xFD]) {
        let frame = zstd::stream::read::Decoder::new(&bytes[at..]).unwrap().single_frame();
        cased.push(unpacked(frame));
    }
    for magic in [&[0x1F, 0x8B][..], &[0x78, 0x01], &[0x78, 0x5E], &[0x78, 0x9C], &[0x78, 0xDA]] {
        for at in memmem::find_iter(bytes, magic) {
            cased.push(unpacked(flate2::read::ZlibDecoder::new(&bytes[at..])));
            cased.push(unpacked(flate2::read::GzDecoder::new(&bytes[at..])));
        }
    }
    looked_at.extend(cased.iter().skip(1).map(|it| it.to_ascii_lowercase()));
    let is_there = |name: &str| {
        let (folded, exact) = disguises(name);
        let has = |all: &[Vec<u8>], it: &Vec<u8>| all.iter().any(|b| memmem::find(b, it).is_some());
        folded.iter().any(|it| has(&looked_at, it)) || exact.iter().any(|it| has(&cased, it))
    };
    PLANTED.into_iter().filter(|name| is_there(name)).collect()
}

fn unpacked(from: impl std::io::Read) -> Vec<u8> {
    let mut bytes = Vec::new();
    // Most that looks like the beginning of something packed is none.
    from.take(UNPACKED_BYTES_MAX).read_to_end(&mut bytes).ok();
    bytes
}

/// How it can be written: where capitals do not matter, and where they do.
fn disguises(name: &str) -> (Vec<Vec<u8>>, Vec<Vec<u8>>) {
    let low = name.to_lowercase();
    let reversed: String = low.chars().rev().collect();
    let hex = name.bytes().fold(String::new(), |mut hex, byte| {
        write!(hex, "{byte:02x}").unwrap();
        hex
    });
    let wide: Vec<u8> = low.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let mut exact: Vec<Vec<u8>> = (0..3).map(|shift| in_base64(name, shift)).collect();
    match name.parse() {
        Ok(IpAddr::V4(address)) => {
            exact.push([b"\0".as_slice(), &address.octets(), b"\0"].concat());
        }
        Ok(IpAddr::V6(address)) => exact.push(address.octets().to_vec()),
        Err(_) => {}
    }
    // In the other order of bytes the same stands one byte later.
    let folded = vec![low.into_bytes(), reversed.into_bytes(), hex.into_bytes(), wide];
    (folded, exact)
}

/// The digits that are the same whatever stands before and behind it.
fn in_base64(name: &str, shift: usize) -> Vec<u8> {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let bytes = [&vec![0; shift], name.as_bytes()].concat();
    let bit = |at: usize| bytes.get(at / 8).map_or(0, |byte| byte >> (7 - at % 8) & 1);
    let digit = |at: usize| (0..6).fold(0, |number, place| number << 1 | bit(at * 6 + place));
    let (from, until) = ((shift * 8).div_ceil(6), bytes.len() * 8 / 6);
    (from..until).map(|at| DIGITS[usize::from(digit(at))]).collect()
}

fn watched(folder: &Path) -> Running {
    let path = |name: &str| folder.join(name).to_str().unwrap().to_owned();
    let inventory = format!(
        "key_id,label,role,owner,status,status_since\n{},{},{},{},revoked,2026-01-01\n",
        PLANTED[0], PLANTED[1], PLANTED[3], PLANTED[2]
    );
    fs::write(path("inventory.csv"), inventory).unwrap();
    let log = path(&format!("{}.log", PLANTED[12]));
    fs::OpenOptions::new().create(true).append(true).open(&log).unwrap();
    let (address, nobody) = (free_address(), free_address());
    let config = format!(
        "key_is = \"id\"\ninventory = \"{}\"\n[[sources]]\npath = \"{log}\"\nlog_format = '{LOG_FORMAT}'\n\
         [store]\ndirectory = \"{}\"\n[web]\nlisten = \"{address}\"\n\
         [mail]\nserver = \"127.0.0.1\"\nport = {}\ntls = \"none\"\nfrom = \"keyvigil@example.com\"\n\
         to = [\"{}\"]\n[[routes]]\nname = \"{}\"\nto = [\"{}\"]\n",
        path("inventory.csv"),
        path("state"),
        nobody.port(),
        PLANTED[8],
        PLANTED[11],
        PLANTED[8],
    );
    fs::write(path("keyvigil.toml"), config).unwrap();
    let mut running = start(&["run", "--config", &path("keyvigil.toml")], address, folder);
    running.wait_for("/api/v1/status", |body| body.contains("\"state\":\"idle\""));
    running
}

/// Lines of the revoked key, from both addresses.
fn append(folder: &Path) {
    let [key, _, _, _, path, user, agent, referer, ..] = PLANTED;
    let mut lines = String::new();
    for second in 0..60 {
        let at = jiff::Timestamp::now() - Duration::from_secs(90 - second);
        let at = at.strftime("%d/%b/%Y:%H:%M:%S +0000");
        let address = PLANTED[13 + usize::try_from(second % 2).unwrap()];
        writeln!(
            lines,
            "{address} - {user} [{at}] \"GET /v1/{path} HTTP/1.1\" 200 512 \"https://{referer}.example.com/\" \"{agent}/7\" \"{key}\" 0.010"
        )
        .unwrap();
    }
    fs::write(folder.join(format!("{}.log", PLANTED[12])), lines).unwrap();
}
