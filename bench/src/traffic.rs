//! Traffic of several kinds, as batches in memory: what the engine alone is measured with.

use std::borrow::Cow;
use std::sync::Arc;

use crate::detect::{Pattern, Quota, RoleRules, Rules};
use crate::identity::{Identity, Inventory, InventoryKey, KeyIs, KeyStatus, Prefixes, Seen};
use crate::logs::Dice;
use crate::model::{EventBatch, EventKind, Millis, Record, Timestamp};

/// As dense as a busy installation: 1,000,000 events a day.
pub(crate) const EVENTS_A_DAY: u64 = 1_000_000;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sort {
    /// Objects by number and some refusals, by keys of four roles.
    Rest,
    /// Models, tokens and cost.
    Llm,
    /// Webhooks, deliveries, batch jobs that walk through objects, and visitors without keys.
    Partner,
    /// Keys that no inventory knows, and no policy.
    Unlisted,
}

/// One batch after the other, from a seed; the time goes on as it does in a log.
pub(crate) struct Traffic {
    sort: Sort,
    keys: u64,
    dice: Dice,
    made: u64,
    identity: Identity,
    last: EventBatch,
}

const START: i64 = 1_772_409_600_000;
const ROLES: [&str; 4] = ["partner", "mobile", "batch", "internal"];
const CLIENTS: [&str; 4] =
    ["acme-sdk-php/1.5.2 GuzzleHttp/7", "python-requests/2.32.3", "okhttp/4.12.0", "curl/8.7.1"];

impl Traffic {
    pub(crate) fn new(sort: Sort, keys: u64) -> Self {
        let mut identity = Identity::new([7; 32], KeyIs::Id);
        identity.set_inventory(inventory(sort, keys));
        let (dice, last) = (Dice(1), EventBatch::default());
        Self { sort, keys, dice, made: 0, identity, last }
    }

    pub(crate) fn next_batch(&mut self) -> EventBatch {
        let mut batch = self.last.empty_alike();
        while !batch.is_full() {
            self.append(&mut batch);
        }
        self.last = batch.clone();
        batch
    }

    fn append(&mut self, batch: &mut EventBatch) {
        let millis = i64::try_from(self.made * 86_400_000 / EVENTS_A_DAY).unwrap();
        self.made += 1;
        let at = Timestamp(START + millis);
        // Some keys do most of the work.
        let busiest = self.dice.next(self.keys) + 1;
        let number = self.dice.next(busiest);
        let key = format!("k_{number:06}");
        let address = format!("198.51.{}.{}", number % 250, self.dice.next(3));
        let client = CLIENTS[(number % 4) as usize];
        let mut record = Record {
            time: Some(at),
            source_ip: field(&address),
            user_agent: field(client),
            key: field(&key),
            status: Some(status(&mut self.dice)),
            bytes: Some(100 + self.dice.next(9899)),
            ..Record::default()
        };
        let texts = self.ask(number);
        record.method = field(texts.0);
        record.path = field(&texts.1);
        match self.sort {
            Sort::Rest | Sort::Unlisted => (),
            Sort::Llm => {
                record.model = field(["large-2", "small-2"][(number % 2) as usize]);
                record.input_tokens = Some(200 + self.dice.next(4000));
                record.output_tokens = Some(50 + self.dice.next(900));
                record.cost_micros = Some(500 + self.dice.next(20_000));
            }
            Sort::Partner => match self.dice.next(10) {
                0 => record.kind = EventKind::Delivery,
                1 => record.key = None,
                _ => (),
            },
        }
        let seen = Seen { source: crate::app::whole::SOURCE, format: "own", arrival: at };
        self.identity.append(&record, &seen, batch);
    }

    /// What a key asks for.
    fn ask(&mut self, number: u64) -> (&'static str, String) {
        let kind = self.dice.next(8);
        match self.sort {
            Sort::Rest | Sort::Unlisted if kind < 5 => {
                let what = ["orders", "customers", "invoices", "items", "carts"][kind as usize];
                ("GET", format!("/v1/{what}/{}", self.dice.next(1_000_000)))
            }
            Sort::Rest | Sort::Unlisted => ("POST", format!("/v1/orders/{}/lines", number * 50)),
            Sort::Llm if kind < 6 => ("POST", "/v1/chat/completions".to_owned()),
            Sort::Llm => ("POST", "/v1/embeddings".to_owned()),
            Sort::Partner if kind < 4 => ("POST", format!("/hooks/{}/events", number % 40)),
            Sort::Partner => ("GET", format!("/v2/export/{}", self.made / 3)),
        }
    }
}

/// Every role may do only so much.
pub(crate) fn rules(sort: Sort) -> Rules {
    if sort == Sort::Unlisted {
        return Rules::default();
    }
    let role = RoleRules {
        routes: ["/v1*", "/v2*", "/hooks*"].map(|it| Pattern::from(it.to_owned())).to_vec(),
        methods: ["GET", "POST"].map(str::to_owned).to_vec(),
        networks: Prefixes::read(&["198.51.0.0/16".to_owned()]).unwrap(),
        quota: Quota {
            requests_per_hour_max: Some(1_000_000),
            bytes_per_day_max: Some(1 << 50),
            ..Quota::default()
        },
        ..RoleRules::default()
    };
    let roles = ROLES.into_iter().map(|name| (name.to_owned(), role.clone())).collect();
    Rules { roles, ..Rules::default() }
}

pub(crate) fn inventory(sort: Sort, keys: u64) -> Arc<Inventory> {
    let listed = if sort == Sort::Unlisted { 0 } else { keys };
    let key = |number: u64| InventoryKey {
        key_id: format!("k_{number:06}").into(),
        owner: format!("team-{}", number % 20).into(),
        role: ROLES[(number % 4) as usize].into(),
        created: Some(Timestamp(START).back(Millis::days(90))),
        status: KeyStatus::Active,
        scopes: ["orders:read", "orders:write"].map(Into::into).into_iter().collect(),
        ..InventoryKey::default()
    };
    Arc::new(Inventory::of((0..listed).map(key)))
}

fn status(dice: &mut Dice) -> u16 {
    match dice.next(60) {
        0 => 401,
        1 => 403,
        2 => 404,
        3 => 429,
        4 => 503,
        _ => 200,
    }
}

fn field(text: &str) -> Option<Cow<'_, [u8]>> {
    Some(text.as_bytes().into())
}
