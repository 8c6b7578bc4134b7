//! A secret that stands in every corner of a log is found nowhere afterwards.

use std::fs;
use std::io::Write as _;
use std::net::TcpListener;
use std::path::Path;
use std::time::Duration;

use keyvigil::store::{OpenOptions, Shown, Store, Wanted};

use crate::people::mail_server;
use crate::program::{Running, free_address, keyvigil, start, stderr};

const CANARY: &str = "Kq7xV2mPz9TfW4hJr8LsB3nYc6DgE1aU";
/// The canary between `user:` and the end, and as a JWT's payload, in base64.
const BASIC: &str = "dXNlcjpLcTd4VjJtUHo5VGZXNGhKcjhMc0IzblljNkRnRTFhVQ==";
const JWT: &str = "eyJhbGciOiJub25lIn0.eyJzZXNzaW9uIjoiS3E3eFYybVB6OVRmVzRoSnI4THNCM25ZYzZEZ0UxYVUifQ.Kq7xV2mPz9TfW4hJr8LsB3nYc6DgE1aU";

/// Somebody's own data: mail, phone, card, number of a person, and bank account.
const PEOPLE: [&str; 5] = [
    "cleo.canary@example.com",
    "4915112340987",
    "4111111111111111",
    "123-45-6789",
    "DE89370400440532013000",
];

/// What must not be found: the canary, and enough of each disguise to be it.
const FORBIDDEN: [&str; 10] = [
    CANARY,
    "LcTd4VjJtUHo5VGZXNGhKcjhMc0IzblljNkRnRTFhVQ",
    "S3E3eFYybVB6OVRmVzRoSnI4THNCM25ZYzZEZ0UxYVUi",
    "Kq7xV2mPz9",
    PEOPLE[0],
    "cleo.canary",
    PEOPLE[1],
    PEOPLE[2],
    PEOPLE[3],
    PEOPLE[4],
];

/// Lines of an nginx log with the canary in each column, in words that cannot be read, and
/// in lines that are too long.
fn lines(now: i64) -> Vec<Vec<u8>> {
    let time = jiff::Timestamp::from_second(now).unwrap().strftime("%d/%b/%Y:%H:%M:%S +0000");
    let line = |user: &str, target: &str, referer: &str, agent: &str, key: &str| {
        format!(
            "198.51.100.9 - {user} [{time}] \"GET {target} HTTP/1.1\" 200 512 \"{referer}\" \"{agent}\" \"{key}\" 0.010"
        )
        .into_bytes()
    };
    let c = CANARY;
    let filler = "x".repeat(70 * 1024);
    let encoded = c.replace('K', "%4B");
    let mut lines = vec![
        line("-", "/v1/a", "-", "sdk/1", c),
        line("-", "/v1/a", "-", "sdk/1", &format!("Bearer {c}")),
        line("-", "/v1/a", "-", "sdk/1", &format!("Basic {BASIC}")),
        line("-", "/v1/a", "-", "sdk/1", &format!("ApiKey {c}")),
        line("-", "/v1/a", "-", "sdk/1", JWT),
        line("-", &format!("/v1/a?api_key={c}"), "-", "sdk/1", "-"),
        line("-", &format!("/v1/a?x=1&access_token={c}&y=2"), "-", "sdk/1", "-"),
        line("-", &format!("/v1/a?api%5Fkey={encoded}"), "-", "sdk/1", "-"),
        line("-", &format!("/v1/a?q={c}"), "-", "sdk/1", c),
        line("-", &format!("/v1/a?jwt={JWT}"), "-", "sdk/1", "-"),
        line("-", &format!("/v1/a?X-Amz-Signature={c}&X-Amz-Credential={c}"), "-", "sdk/1", "-"),
        line("-", &format!("/v1/keys/{c}/use"), "-", "sdk/1", "-"),
        line("-", &format!("/v1/a;jsessionid={c}"), "-", "sdk/1", "-"),
        line("-", "/v1/a", "-", &format!("curl/8 (Authorization: Bearer {c})"), "-"),
        line("-", "/v1/a", "-", &format!("bot/{c}"), "-"),
        line("-", "/v1/a", "-", &format!("bot/1 token={c}; cookie: a={c}"), c),
        line("-", "/v1/a", &format!("https://example.com/?token={c}"), "sdk/1", "-"),
        line("-", "/v1/a", &format!("https://user:{c}@example.com/"), "sdk/1", "-"),
        line("-", "/v1/a", &format!("https://example.com/a/{c}/b"), "sdk/1", "-"),
        line(c, "/v1/a", "-", "sdk/1", "-"),
        line("-", &format!("/hooks/{c}"), "-", "sdk/1", "-"),
        line("-", &format!("/v1/a#access_token={c}"), "-", "sdk/1", "-"),
        line("-", &format!("/v1/a?next=%2Fcb%3Ftoken%3D{c}"), "-", "sdk/1", "-"),
        line(
            "-",
            "/v1/a",
            "-",
            "sdk/1",
            &format!("AWS4-HMAC-SHA256 Credential={c}/1, Signature={c}"),
        ),
        format!("garbage {c} garbage").into_bytes(),
        format!("198.51.100.9 - - [{time}] \"GET /?api_key={c}").into_bytes(),
        format!("198.51.100.9 - - [not a time] \"GET / HTTP/1.1\" 200 1 \"-\" \"a\" \"{c}\"")
            .into_bytes(),
        [b"\x16\x03\x01\xff\x00 ".as_slice(), c.as_bytes(), b" \xfe"].concat(),
        format!("{{\"api_key\": \"{c}\", \"authorization\": \"Bearer {c}\"").into_bytes(),
        line("-", &format!("/v1/a?{filler}&api_key={c}"), "-", "sdk/1", "-"),
        format!("{filler} {c} {filler}").into_bytes(),
    ];
    lines.extend(people(&line));
    // Once more, so that the key with the most lines is the canary.
    lines.extend((0..9).map(|_| line("-", "/v1/b", "-", "sdk/1", c)));
    lines
}

/// User, target, referrer, user agent and key of a line.
type Line<'a> = &'a dyn Fn(&str, &str, &str, &str, &str) -> Vec<u8>;

/// People in paths, queries, referrers and sentences.
fn people(line: Line<'_>) -> Vec<Vec<u8>> {
    let mut lines = Vec::new();
    for (name, who) in ["mail", "phone", "card", "ssn", "iban"].into_iter().zip(PEOPLE) {
        let encoded = who.replace('@', "%40");
        // Only with its sign a number that stands alone is a phone's.
        let alone = if name == "phone" { format!("+{who}") } else { encoded };
        lines.push(line("-", &format!("/v1/find/{alone}/x"), "-", "sdk/1", "-"));
        lines.push(line("-", &format!("/v1/find?a=1&{name}={who}&b=2"), "-", "sdk/1", "-"));
        let referer = format!("https://example.com/find?{name}={who}");
        lines.push(line("-", "/v1/a", &referer, "sdk/1", "-"));
    }
    lines.push(line("-", "/v1/a", "-", &format!("bot/1 (+mailto:{})", PEOPLE[0]), "-"));
    lines.push(format!("garbage of {} and +{}", PEOPLE[0], PEOPLE[1]).into_bytes());
    lines
}

/// The same in JSON, in known fields and in others.
fn json_lines(now: i64) -> Vec<Vec<u8>> {
    let c = CANARY;
    let fields = [
        format!("\"api_key\":\"{c}\""),
        format!("\"authorization\":\"Bearer {c}\""),
        format!("\"headers\":{{\"X-Api-Key\":[\"{c}\"],\"Cookie\":[\"session={c}\"]}}"),
        format!("\"request\":{{\"headers\":{{\"authorization\":\"Basic {BASIC}\"}}}}"),
        format!("\"cookie\":\"session={c}\""),
        format!("\"user\":\"{c}\""),
        format!("\"note\":\"{c}\",\"message\":\"token={c}\""),
        format!("\"referer\":\"https://example.com/?secret={c}\""),
        format!("\"user_agent\":\"a {JWT}\""),
        format!("\"model\":\"{c}\",\"country\":\"{c}\""),
        format!("\"key_id\":\"{JWT}\""),
        format!("\"tenant\":\"{c}\",\"operation\":\"{c}\",\"outcome\":\"{c}\""),
        format!("\"outcome\":\"nobody called {} or +{}\"", PEOPLE[0], PEOPLE[1]),
        format!("\"ssl_client_s_dn\":\"{c}\",\"tls_version\":\"{c}\",\"scheme\":\"{c}\""),
        format!("\"http_x_forwarded_for\":\"{c}, 198.51.100.7\",\"host\":\"{c}.example.com\""),
    ];
    let line = |field: &String| {
        format!(
            "{{\"time\":{now},\"remote_addr\":\"198.51.100.9\",\"method\":\"GET\",\"path\":\"/v1/a?password={c}\",\"status\":200,{field}}}"
        )
        .into_bytes()
    };
    let mut lines: Vec<Vec<u8>> = fields.iter().map(line).collect();
    lines.push(format!("{{\"time\":{now},\"api_key\":\"{c}\",").into_bytes());
    lines.push(
        format!("{{\"method\":\"{c}\",\"remote_addr\":\"{c}\",\"time\":\"{c}\"}}").into_bytes(),
    );
    lines
}

#[test]
fn a_secret_in_fifty_places_is_found_nowhere() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let now = jiff::Timestamp::now().as_second();
    let first = "198.51.100.1 - - [01/Jan/2026:00:00:00 +0000] \"GET / HTTP/1.1\" 200 1 \"-\" \"a\" \"-\" 0.001\n";
    fs::write(path("access.log"), first).unwrap();
    fs::write(path("api.jsonl"), "{\"time\":1767225600,\"method\":\"GET\",\"path\":\"/\"}\n")
        .unwrap();
    // The list names the key itself: it was revoked, so that people hear of it.
    fs::write(
        path("inventory.csv"),
        format!("key_id,owner,status,status_since\n{CANARY},ana@example.com,revoked,2026-01-01\n"),
    )
    .unwrap();
    let smtp = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = smtp.local_addr().unwrap().port();
    let mails = mail_server(smtp);
    let address = free_address();
    let config = format!(
        "inventory = \"{}\"\nkeys_in_paths = [\"/hooks/{{key}}\"]\n[[sources]]\npath = \"{}\"\nlog_format = '{}'\n\
         [[sources]]\npath = \"{}\"\nformat = \"json\"\n\
         [store]\ndirectory = \"{}\"\n[web]\nlisten = \"{address}\"\n\
         [mail]\nto = \"you@example.com\"\nserver = \"127.0.0.1\"\nport = {port}\ntls = \"none\"\n",
        path("inventory.csv"),
        path("access.log"),
        crate::program::LOG_FORMAT,
        path("api.jsonl"),
        path("state"),
    );
    fs::write(path("keyvigil.toml"), config).unwrap();
    let mut running = start(&["run", "--config", &path("keyvigil.toml")], address, folder.path());
    running.wait_for("/api/v1/status", |body| body.matches("\"state\":\"idle\"").count() == 2);
    append(&path("access.log"), &lines(now));
    append(&path("api.jsonl"), &json_lines(now));
    running.wait_for("/api/v1/incidents", |body| body.contains("revoked_key_used"));
    running.wait_for("/health", |body| body.contains("garbage"));

    let mut seen: Vec<(String, Vec<u8>)> = Vec::new();
    let mail = mails.recv_timeout(Duration::from_mins(2)).unwrap();
    assert!(mail.contains("k_"), "the mail is about the key:\n{mail}");
    seen.push(("the mail".to_owned(), mail.into_bytes()));
    seen.extend(pages_of(&running));
    seen.extend(asked(folder.path()));
    assert_eq!(running.stop(), 0);
    seen.extend(stored(&folder.path().join("state")));
    seen.extend(after(folder.path()));
    check(&seen);
}

/// Nothing of it anywhere; and the events are there, with labels in its place.
fn check(seen: &[(String, Vec<u8>)]) {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let events = seen.iter().find(|(name, _)| name == "events").map(|(_, bytes)| text(bytes));
    let events = events.unwrap_or_default();
    let rows = events.lines().count();
    assert!(60 <= rows && events.contains("[secret:"), "{rows} rows of events");
    for label in ["[mail:", "[phone:", "[card:", "[person:"] {
        assert!(events.contains(label), "no {label} in the events");
    }
    for (name, bytes) in seen {
        for forbidden in FORBIDDEN {
            let place = bytes.windows(forbidden.len()).position(|it| it == forbidden.as_bytes());
            let around = place.map(|at| text(&bytes[at.saturating_sub(200)..at + forbidden.len()]));
            assert_eq!(around, None, "{forbidden} stands in {name}");
        }
    }
}

/// What a running daemon answers over its control socket.
fn asked(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let config = folder.join("keyvigil.toml");
    let questions: [&[&str]; 8] = [
        &["status"],
        &["keys", "--json"],
        &["incidents", "--all", "--json"],
        &["third-parties", "--json"],
        &["roles", "suggest"],
        &["query", "SELECT * FROM events"],
        &[
            "query",
            "SELECT key, path, query, referer, user_agent, outcome FROM events",
            "--format",
            "json",
        ],
        &["reload"],
    ];
    let ask = |question: &&[&str]| {
        let args = [*question, &["--config", config.to_str().unwrap()]].concat();
        let output = keyvigil(&args);
        assert!(matches!(output.status.code(), Some(0 | 1)), "{args:?}: {}", stderr(&output));
        (args.join(" "), [output.stdout, output.stderr].concat())
    };
    questions.iter().map(ask).collect()
}

/// What is in the store once it is deciphered: state, journal, events, incidents, mails.
fn stored(state: &Path) -> Vec<(String, Vec<u8>)> {
    let store = Store::open(state, &OpenOptions::default()).unwrap();
    let recovered = store.recover().unwrap();
    let mut seen: Vec<(String, Vec<u8>)> = Vec::new();
    for row in store.state().map(Result::unwrap) {
        seen.push((format!("the state's row {}", row.id), row.value.unwrap_or_default()));
        seen.push(("the name of a row".to_owned(), row.id.into_bytes()));
    }
    for input in store.inputs_from(0).unwrap() {
        let (number, input) = input.unwrap();
        seen.push((format!("input {number}"), format!("{input:?}").into_bytes()));
    }
    let mut texts = vec![
        format!("{:?}", store.incidents(Shown::All).unwrap()),
        format!("{:?}", store.stale_findings().unwrap()),
        format!("{:?}", store.outbox().unwrap()),
        format!("{:?}", store.counters().unwrap()),
        format!("{:?}", recovered.positions.keys()),
    ];
    for batch in store.blocks(&Wanted::default()).unwrap() {
        texts.push(format!("{:?}", batch.unwrap()));
    }
    assert!(texts.iter().any(|text| text.contains("[secret:")), "events are there");
    seen.extend(texts.into_iter().map(|text| ("the store".to_owned(), text.into_bytes())));
    store.close().unwrap();
    seen
}

/// Everything that is served.
fn pages_of(running: &Running) -> Vec<(String, Vec<u8>)> {
    let incidents = running.get("/api/v1/incidents").unwrap().1;
    let is_id = |it: &char| it.is_ascii_hexdigit();
    let id = |it: &str| it.chars().take_while(is_id).collect::<String>();
    let ids: Vec<String> = incidents.split("INC-").skip(1).map(id).collect();
    let pages = [
        "/",
        "/incidents",
        "/keys",
        "/third-parties",
        "/health",
        "/metrics",
        "/api/v1/status",
        "/api/v1/incidents",
        "/api/v1/keys",
        "/api/v1/third-parties",
    ];
    let of_incidents = ids
        .iter()
        .flat_map(|id| [format!("/incidents/INC-{id}"), format!("/api/v1/incidents/INC-{id}")]);
    let mut seen = Vec::new();
    for page in pages.into_iter().map(str::to_owned).chain(of_incidents) {
        let (head, body) = running.get(&page).unwrap();
        seen.push((page, format!("{head}{body}").into_bytes()));
    }
    seen
}

/// What is left when it has stopped: files, exports, what it printed.
fn after(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let mut seen = Vec::new();
    let state = folder.join("state");
    let state_path = state.to_str().unwrap();
    let every = "SELECT * FROM events";
    for (name, format) in [("events", "csv"), ("events as JSON", "json"), ("as a table", "table")] {
        let output = keyvigil(&["query", every, "--state", state_path, "--format", format]);
        assert!(output.status.success());
        seen.push((name.to_owned(), [output.stdout, output.stderr].concat()));
    }
    let path = |name: &str| folder.join(name).to_str().unwrap().to_owned();
    let output = keyvigil(&[
        "replay",
        "--log-format",
        crate::program::LOG_FORMAT,
        &format!("--inventory={}", path("inventory.csv")),
        &format!("--alerts-json={}", path("alerts.jsonl")),
        &format!("--findings-json={}", path("findings.jsonl")),
        &path("access.log"),
    ]);
    seen.push(("replay".to_owned(), [output.stdout, output.stderr].concat()));
    for name in ["stdout", "stderr", "alerts.jsonl", "findings.jsonl"] {
        seen.push((name.to_owned(), fs::read(folder.join(name)).unwrap()));
    }
    let mut folders = vec![state];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.is_file() {
                seen.push((path.display().to_string(), fs::read(path).unwrap()));
            }
        }
    }
    seen
}

fn append(path: &str, lines: &[Vec<u8>]) {
    let mut file = fs::OpenOptions::new().append(true).open(path).unwrap();
    for line in lines {
        file.write_all(&[line.as_slice(), b"\n"].concat()).unwrap();
    }
}
