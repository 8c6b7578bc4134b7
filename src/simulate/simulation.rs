//! A made-up history, hour by hour: the log's lines, and the truth about what is in them.

use super::benign;
use super::benign::Confounder;
use super::benign::Holiday;
use super::draw::Draw;
use super::hit::Hit;
use super::hit::LineFormat;
use super::hit::rfc3339;
use super::key::DAY;
use super::key::HOUR;
use super::kinds::CARDS;
use super::kinds::Card;
use super::kinds::Strength;
use super::people::People;
use super::places;
use super::stage;
use super::stage::Scene;
use super::staged::Label;
use super::staged::Staged;
use super::traffic;
use crate::model::Hour;
use crate::model::Timestamp;

/// What is to be made up.
#[derive(Clone, Debug, PartialEq)]
pub struct Options {
    pub seed: u64,
    pub days: u32,
    pub keys: usize,
    /// The first moment after the history; it is cut to a whole hour.
    pub end: Timestamp,
    pub requests_per_day: f64,
    /// Exactly so many lines.
    pub lines: Option<u64>,
    pub format: LineFormat,
    /// Names of keys look like secrets.
    pub key_secrets: bool,
    pub profile: Profile,
    pub staging: Staging,
}

/// What sort of service it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Profile {
    #[default]
    Rest,
    Llm,
    Partners,
}

/// Which incidents are staged, and when.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Staging {
    /// All kinds, from `eval_start` to the end.
    #[default]
    Spread,
    /// One easy incident of each short kind in the last so many hours.
    Showcase { last_hours: u32 },
    Nothing,
}

/// The history, made hour by hour.
pub struct Simulation {
    options: Options,
    people: People,
    staged: Vec<Staged>,
    told: Vec<Confounder>,
    holidays: Vec<Holiday>,
    noise_clients: Vec<u16>,
    hour: Hour,
    /// Sorted requests of this hour, and those of sessions that run into the next.
    hits: Vec<Hit>,
    ahead: Vec<Hit>,
    lines: u64,
}

/// When the story begins and ends, and from when on alerts count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Meta {
    pub start: Timestamp,
    pub end: Timestamp,
    pub eval_start: Timestamp,
}

/// 1 June 2026, midnight.
pub const DEFAULT_END: Timestamp = Timestamp::from_seconds(1_780_272_000);

const NOISE_CLIENTS: &[&str] = &[
    "LB-HealthChecker/2.0", "Mozilla/5.0 zgrab/0.x", "-", "curl/7.64.1", "ExampleBot/2.1 (+https://example.com/bot)",
    "ParcelApp/6.14.2", "Mozilla/5.0 (iPhone; CPU iPhone OS 18_3 like Mac OS X) Version/18.3 Mobile Safari/604.1",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:137.0) Gecko/20100101 Firefox/137.0",
];

/// Places in the story that have dice of their own.
mod dice {
    pub(super) const PEOPLE: u64 = 1;
    pub(super) const BENIGN: u64 = 2;
    pub(super) const STAGE: u64 = 3;
    pub(super) const SCENE: u64 = 4;
    pub(super) const DAY: u64 = 5;
    pub(super) const HOUR: u64 = 6;
    pub(super) const NOISE: u64 = 7;
    pub(super) const INCIDENT: u64 = 8;
    pub(super) const DEPLOY: u64 = 9;
}

impl Default for Options {
    fn default() -> Self {
        Self {
            seed: 1,
            days: 28,
            keys: 120,
            end: DEFAULT_END,
            requests_per_day: 100_000.0,
            lines: None,
            format: LineFormat::Combined,
            key_secrets: false,
            profile: Profile::Rest,
            staging: Staging::Spread,
        }
    }
}

impl Options {
    pub fn start(&self) -> Timestamp {
        self.end.hour().start().back(crate::model::Millis::days(i64::from(self.days)))
    }

    /// 8 days after the start; 30 % of the time if that is less.
    pub fn eval_start(&self) -> Timestamp {
        let days = i64::from(self.days);
        let learning = if 27 <= days { 8 * DAY } else { days * DAY * 3 / 10 };
        let at = Timestamp(self.start().0 + learning);
        at.hour().start()
    }
}

impl Profile {
    pub(super) const fn number(self) -> usize {
        match self {
            Self::Rest => 0,
            Self::Llm => 1,
            Self::Partners => 2,
        }
    }
}

impl Meta {
    /// Whole or broken days in which alerts count.
    pub fn eval_days(&self) -> f64 {
        self.end.since(self.eval_start).0 as f64 / DAY as f64
    }
}

impl Simulation {
    pub fn new(options: &Options) -> Self {
        let mut options = options.clone();
        options.end = options.end.hour().start();
        if let Some(lines) = options.lines {
            let usual = Self::told_by(&options, Staging::Nothing).expected_lines();
            options.requests_per_day *= lines as f64 * 1.01 / usual.max(1.0);
        }
        let staging = options.staging;
        Self::told_by(&options, staging)
    }

    /// Appends the next hour's lines, in order of time; nothing when the story is over.
    pub fn next_hour(&mut self, text: &mut String) -> Option<Hour> {
        let wanted = self.options.lines.unwrap_or(u64::MAX);
        let is_over = if self.options.lines.is_some() {
            wanted <= self.lines
        } else {
            self.options.end <= self.hour.start()
        };
        if is_over {
            return None;
        }
        let hour = self.hour;
        self.gather(hour);
        for hit in &self.hits {
            if wanted <= self.lines {
                break;
            }
            self.lines += 1;
            if let Some(staged) = hit.incident.and_then(|number| self.staged.get_mut(usize::from(number))) {
                staged.count(hit.at);
            }
            self.people.pen.write(hit, text);
        }
        self.hour = hour.next();
        Some(hour)
    }

    /// Lines so far.
    pub fn lines(&self) -> u64 {
        self.lines
    }

    pub fn meta(&self) -> Meta {
        let options = &self.options;
        let end = if options.lines.is_some() { options.end.max(self.hour.start()) } else { options.end };
        Meta { start: options.start(), end, eval_start: options.eval_start() }
    }

    /// What was staged; times and counts are those of the lines so far.
    pub fn labels(&self) -> Vec<Label> {
        let mut labels: Vec<Label> = Vec::new();
        for staged in &self.staged {
            let mut label = staged.label.clone();
            if let Some((first, last)) = staged.seen {
                label.start = Timestamp(first);
                label.end = Timestamp(last);
            }
            let is_to_be_seen = !staged.streams.is_empty();
            if staged.seen.is_some() || !is_to_be_seen {
                labels.push(label);
            }
        }
        labels.sort_by_key(|label| label.start);
        for (number, label) in labels.iter_mut().enumerate() {
            label.id = format!("I{:03}", number + 1);
        }
        labels
    }

    pub fn confounders(&self) -> &[Confounder] {
        &self.told
    }

    pub fn inventory_csv(&self) -> String {
        let mut csv = String::from(
            "key_id,owner,role,created,last_rotated,expires,status,status_since,successor,canary,scopes\n",
        );
        for key in self.people.keys.iter().filter(|key| key.record.listed) {
            let record = &key.record;
            let time = |at: i64| rfc3339(Timestamp(at));
            let expires = record.expires.map(time).unwrap_or_default();
            let canary = if record.canary { "true" } else { "" };
            let (name, owner, role) = (&key.name, key.owner, key.role.name);
            let (created, rotated, since) = (time(record.created), time(record.rotated), time(record.status_since));
            let (status, successor) = (record.status, &record.successor);
            csv.push_str(&format!(
                "{name},{owner},{role},{created},{rotated},{expires},{status},{since},{successor},{canary},\n"
            ));
        }
        csv
    }

    pub fn networks_csv(&self) -> String {
        places::networks_csv()
    }

    pub fn labels_csv(&self) -> String {
        let mut csv = String::from("incident_id,kind,strength,keys,ips,start,end,severity,n_events,note\n");
        for label in self.labels() {
            let addresses: Vec<String> = label.addresses.iter().map(ToString::to_string).collect();
            let (keys, addresses) = (label.keys.join(";"), addresses.join(";"));
            let (start, end) = (rfc3339(label.start), rfc3339(label.end));
            csv.push_str(&format!(
                "{},{},{},{keys},{addresses},{start},{end},{},{},\"{}\"\n",
                label.id, label.kind, label.strength, label.severity, label.events, label.note
            ));
        }
        csv
    }

    pub fn confounders_csv(&self) -> String {
        benign::confounders_csv(&self.told)
    }

    pub fn meta_json(&self) -> String {
        let meta = self.meta();
        format!(
            "{{\"start\": \"{}\", \"end\": \"{}\", \"eval_start\": \"{}\", \"eval_days\": {}}}\n",
            rfc3339(meta.start),
            rfc3339(meta.end),
            rfc3339(meta.eval_start),
            meta.eval_days()
        )
    }

    fn told_by(options: &Options, staging: Staging) -> Self {
        let seed = options.seed;
        let mut people = People::new(options, &mut Draw::of(seed, &[dice::PEOPLE]));
        let span = (options.start().0, options.end.0);
        let (told, holidays) = benign::happen(&mut people, span, &mut Draw::of(seed, &[dice::BENIGN]));
        let staged = stage_all(options, staging, &mut people);
        let noise_clients = NOISE_CLIENTS.iter().map(|client| people.pen.client(client)).collect();
        let hour = options.start().hour();
        let (hits, ahead) = (Vec::new(), Vec::new());
        let options = options.clone();
        Self { options, people, staged, told, holidays, noise_clients, hour, hits, ahead, lines: 0 }
    }

    /// About how many lines this will be.
    fn expected_lines(&self) -> f64 {
        let mut sum = 0.0;
        let mut hour = self.hour;
        while hour.start() < self.options.end {
            for key in &self.people.keys {
                sum += key.rate(hour, self.is_holiday(key.minutes_east, hour));
            }
            hour = hour.next();
        }
        sum
    }

    fn is_holiday(&self, minutes_east: i64, hour: Hour) -> bool {
        self.holidays.iter().any(|holiday| holiday.covers(minutes_east, hour.start().0))
    }

    /// All requests of the hour, sorted.
    fn gather(&mut self, hour: Hour) {
        self.hits.clear();
        self.hits.append(&mut self.ahead);
        let seed = self.options.seed;
        let (at, day) = (hour.0 as u64, hour.day().0 as u64);
        for number in 0..self.people.keys.len() {
            let Some(minutes_east) = self.people.keys.get(number).map(|key| key.minutes_east) else { continue };
            let is_holiday = self.is_holiday(minutes_east, hour);
            let Some(key) = self.people.keys.get_mut(number) else { continue };
            let mood = Draw::of(seed, &[dice::DAY, day, number as u64]).log_normal(1.0, 0.22);
            let rate = key.rate(hour, is_holiday) * mood;
            let mut draw = Draw::of(seed, &[dice::HOUR, at, number as u64]);
            self.hits.append(&mut traffic::hour_of(key, hour, rate, &mut draw));
        }
        let scale = self.options.requests_per_day / 1000.0;
        let mut draw = Draw::of(seed, &[dice::NOISE, at]);
        self.hits.append(&mut traffic::without_key(hour, scale, &self.noise_clients, &mut draw));
        for (number, staged) in (0u16..).zip(&mut self.staged) {
            let mut draw = Draw::of(seed, &[dice::INCIDENT, at, u64::from(number)]);
            self.hits.append(&mut staged.hour_of(number, hour, &mut draw));
        }
        self.fail_some(&mut Draw::of(seed, &[dice::DEPLOY, at]));
        let end = hour.end().0;
        self.ahead.extend(self.hits.iter().filter(|hit| end <= hit.at));
        self.hits.retain(|hit| hit.at < end);
        self.hits.sort_by_key(|hit| hit.at);
    }

    /// A bad release answers a share of everything with 503.
    fn fail_some(&mut self, draw: &mut Draw) {
        for (number, staged) in (0u16..).zip(&self.staged) {
            if staged.label.kind != "deploy_5xx" {
                continue;
            }
            let (from, to) = (staged.label.start.0, staged.label.end.0);
            for hit in self.hits.iter_mut().filter(|hit| from <= hit.at && hit.at < to && hit.incident.is_none()) {
                if draw.chance(0.18) {
                    hit.status = 503;
                    hit.incident = Some(number);
                    traffic::shrink(hit);
                }
            }
        }
    }
}

fn stage_all(options: &Options, staging: Staging, people: &mut People) -> Vec<Staged> {
    let mut draw = Draw::of(options.seed, &[dice::STAGE]);
    let cards = match staging {
        Staging::Spread => spread(options, &mut draw),
        Staging::Showcase { .. } => {
            CARDS.iter().filter(|card| !card.is_notable() && card.longest() <= 6 * HOUR).map(|card| (card, Strength::Easy)).collect()
        }
        Staging::Nothing => Vec::new(),
    };
    let from = match staging {
        Staging::Showcase { last_hours } => options.end.0 - i64::from(last_hours) * HOUR,
        Staging::Spread | Staging::Nothing => options.eval_start().0 + HOUR,
    };
    // With a fixed number of lines the end may come a little early.
    let until = if options.lines.is_some() { options.end.0 - (options.end.0 - from) / 16 } else { options.end.0 - HOUR };
    let mut staged = Vec::new();
    for (number, (card, strength)) in cards.into_iter().enumerate() {
        let mut draw = Draw::of(options.seed, &[dice::SCENE, number as u64]);
        let (shortest, longest) = (card.minutes.0 * 60_000, card.longest());
        let length = draw.whole(shortest, longest).min((until - from) * 2 / 3);
        let begin = draw.whole(from, until - length);
        let begin = begin - begin.rem_euclid(1000);
        let scene = Scene { card, strength, from: begin, to: begin + length };
        staged.extend(stage::stage(scene, people, &mut draw));
    }
    staged
}

/// How many of each kind, for this time and these keys.
fn spread(options: &Options, draw: &mut Draw) -> Vec<(&'static Card, Strength)> {
    let eval_days = options.end.since(options.eval_start()).0 as f64 / DAY as f64;
    let share = eval_days / 20.0 * (options.keys as f64 / 120.0).sqrt();
    let mut cards = Vec::new();
    for card in CARDS {
        let usual = card.usual.get(options.profile.number()).copied().unwrap_or(0);
        let wanted = (f64::from(usual) * share + draw.unit() * 0.999) as u32;
        let first = draw.below(3);
        for number in 0..wanted as usize {
            let strength = Strength::ALL.get((first + number) % 3).copied().unwrap_or(Strength::Medium);
            cards.push((card, strength));
        }
    }
    cards
}
