//! Seeded histories to judge: a few keys with their rhythm, and something happening.

use std::sync::Arc;

use crate::engine::{Action, Engine, Input, Settings};
use crate::identity::Inventory;
use crate::incident::Incident;
use crate::model::{EventBatch, EventKind, Hour, Millis, Timestamp};

/// One line of a made-up log.
#[derive(Clone, Debug)]
pub(super) struct Line {
    pub(super) at: Timestamp,
    pub(super) key: String,
    pub(super) address: String,
    pub(super) route: &'static str,
    pub(super) status: u16,
    pub(super) client: &'static str,
}

/// A generator whose numbers never change: xorshift.
pub(super) struct Dice(pub(super) u64);

impl Dice {
    pub(super) fn below(&mut self, limit: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) % limit
    }

    fn millis(&mut self, limit: i64) -> Millis {
        Millis(i64::try_from(self.below(limit.unsigned_abs())).unwrap())
    }
}

/// A Monday.
pub(super) const START: Hour = Hour(20_580 * 24);
const ROUTES: [&str; 4] = ["/v1/orders", "/v1/orders/{id}", "/v1/items", "/v1/payments"];
const INVENTORY: &[u8] = b"key_id,owner,role,created,last_rotated,expires,status,status_since
k_0,ana@example.com,partner,2026-01-02T00:00:00Z,2026-01-02T00:00:00Z,,active,
k_1,ben@example.com,partner,2026-01-02T00:00:00Z,2026-05-02T00:00:00Z,2027-01-01T00:00:00Z,active,
k_2,ben@example.com,partner,2026-01-02T00:00:00Z,2026-05-02T00:00:00Z,2027-01-01T00:00:00Z,revoked,2026-05-09T06:00:00Z
k_3,,batch,2026-01-02T00:00:00Z,,,active,
k_4,eva@example.com,batch,2026-01-02T00:00:00Z,,,active,
k_5,eva@example.com,partner,2026-01-02T00:00:00Z,,,active,
k_6,eva@example.com,partner,2026-01-02T00:00:00Z,,,active,
k_7,eva@example.com,partner,2026-01-02T00:00:00Z,,,active,
k_never,eva@example.com,batch,2026-01-02T00:00:00Z,,,active,
";

pub(super) fn inventory() -> Input {
    let (inventory, _) = Inventory::from_csv(INVENTORY, "inventory.csv").unwrap();
    Input::Inventory(Arc::new(inventory))
}

/// Nine days of eight keys; on the sixth one is stolen, scanners come, strangers try.
pub(super) fn history(seed: u64) -> Vec<Line> {
    let mut dice = Dice(seed | 1);
    let mut lines = Vec::new();
    for hour in (0..9 * 24).map(|hour| Hour(START.0 + hour)) {
        for key in 0..8u64 {
            let busy = if (8..18).contains(&hour.of_day()) { 6 + key * 2 } else { 1 };
            for _ in 0..dice.below(busy + 1) {
                lines.push(usual_line(&mut dice, hour, key));
            }
        }
    }
    add_trouble(&mut dice, &mut lines);
    lines.sort_by_key(|line| line.at);
    lines
}

fn usual_line(dice: &mut Dice, hour: Hour, key: u64) -> Line {
    Line {
        at: hour.start().plus(dice.millis(3_600_000)),
        key: format!("k_{key}"),
        address: format!("192.0.2.{}", key * 4 + dice.below(3)),
        route: ROUTES[usize::try_from(dice.below(3)).unwrap()],
        status: if dice.below(50) == 0 { 404 } else { 200 },
        client: "acme-sdk/1.2",
    }
}

fn add_trouble(dice: &mut Dice, lines: &mut Vec<Line>) {
    let hour = Hour(START.0 + 6 * 24 + 3);
    for number in 0..400 {
        let at = hour.start().plus(dice.millis(3_600_000));
        let stolen = Line {
            at,
            key: "k_5".to_owned(),
            address: "203.0.113.9".to_owned(),
            route: ROUTES[3],
            status: if number % 3 == 0 { 403 } else { 200 },
            client: "curl/8",
        };
        let scan = Line {
            key: String::new(),
            address: "198.51.100.7".to_owned(),
            route: ["/.env", "/a", "/b", "/c", "/d", "/e", "/f", "/g", "/h", "/i", "/j", "/k"]
                [usize::try_from(dice.below(12)).unwrap()],
            status: 404,
            ..stolen.clone()
        };
        let guess = Line {
            key: format!("g_{}", number % 60),
            address: "198.51.100.8".to_owned(),
            status: 401,
            ..stolen.clone()
        };
        lines.extend([stolen, scan, guess]);
    }
}

pub(super) fn batch_of(lines: &[Line]) -> Arc<EventBatch> {
    let mut batch = EventBatch::default();
    for line in lines {
        batch.time.push(line.at.0);
        batch.kind.push(EventKind::Request);
        batch.key.push(&line.key);
        batch.source_ip.push(&line.address);
        batch.method.push("GET");
        batch.path.push(line.route);
        batch.route.push(line.route);
        batch.status.push(line.status);
        batch.bytes.push(500);
        batch.user_agent.push(line.client);
    }
    Arc::new(batch)
}

/// Batches of `rows` lines, each with a tick at the latest time so far, and the end.
pub(super) fn inputs_of(lines: &[Line], rows: usize) -> Vec<Input> {
    let mut inputs = vec![inventory()];
    let mut watermark = Timestamp(0);
    for rows in lines.chunks(rows) {
        inputs.push(Input::Batch(batch_of(rows)));
        watermark = rows.iter().map(|line| line.at).fold(watermark, Timestamp::max);
        inputs.push(Input::Tick(watermark));
    }
    inputs.push(Input::Finish);
    inputs
}

pub(super) fn actions_of(inputs: &[Input]) -> Vec<Action> {
    let mut engine = Engine::new(Settings::default());
    inputs.iter().flat_map(|input| engine.step(input)).collect()
}

/// What stands at the end: what each incident is and how bad.
pub(super) fn incidents_of(actions: &[Action]) -> Vec<String> {
    let mut last = std::collections::BTreeMap::new();
    for action in actions {
        if let Action::Incident(incident) = action {
            last.insert(incident.id, incident.as_ref().clone());
        }
    }
    let text = |incident: Incident| {
        let kinds: Vec<String> =
            incident.findings.iter().map(|f| format!("{} {:.6}", f.because, f.score)).collect();
        format!(
            "{} {} {:?} {:?} {:?} {kinds:?}",
            incident.id, incident.title, incident.severity, incident.opened, incident.since
        )
    };
    last.into_values().map(text).collect()
}
