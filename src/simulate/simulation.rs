//! A made-up history, hour by hour: the log's lines, and the truth about what is in them.

use super::benign;
use super::benign::Confounder;
use super::benign::Holiday;
use super::draw::Draw;
use super::draw::dice;
use super::hit::Hit;
use super::options::Meta;
use super::options::Options;
use super::options::Staging;
use super::people::People;
use super::plan::stage_all;
use super::staged::Label;
use super::staged::Staged;
use super::traffic;
use crate::model::Hour;
use crate::model::Timestamp;

/// The history, made hour by hour.
pub struct Simulation {
    options: Options,
    pub(super) people: People,
    staged: Vec<Staged>,
    pub(super) told: Vec<Confounder>,
    holidays: Vec<Holiday>,
    noise_clients: Vec<u16>,
    hour: Hour,
    /// Sorted requests of this hour, and those of sessions that run into the next.
    hits: Vec<Hit>,
    ahead: Vec<Hit>,
    lines: u64,
}

const NOISE_CLIENTS: &[&str] = &[
    "LB-HealthChecker/2.0",
    "Mozilla/5.0 zgrab/0.x",
    "-",
    "curl/7.64.1",
    "ExampleBot/2.1 (+https://example.com/bot)",
    "ParcelApp/6.14.2",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_3 like Mac OS X) Version/18.3 Mobile Safari/604.1",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:137.0) Gecko/20100101 Firefox/137.0",
];

impl Simulation {
    pub fn new(options: &Options) -> Self {
        let mut options = options.clone();
        options.end = options.end.hour().start();
        if let Some(lines) = options.lines {
            let usual = Self::told_by(&options, Staging::Nothing).expected_lines();
            options.requests_per_day *= lines as f64 * 1.004 / usual.max(1.0);
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
            if let Some(staged) =
                hit.incident.and_then(|number| self.staged.get_mut(usize::from(number)))
            {
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
        let end =
            if options.lines.is_some() { options.end.max(self.hour.start()) } else { options.end };
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

    fn told_by(options: &Options, staging: Staging) -> Self {
        let seed = options.seed;
        let mut people = People::new(options, &mut Draw::of(seed, &[dice::PEOPLE]));
        let span = (options.start().0, options.end.0);
        let (told, holidays) =
            benign::happen(&mut people, span, &mut Draw::of(seed, &[dice::BENIGN]));
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
            sum += (0..self.people.keys.len()).map(|key| self.rate_of(key, hour)).sum::<f64>();
            sum += traffic::expected_without_key(self.noise_scale());
            hour = hour.next();
        }
        sum
    }

    /// Requests of a key to be expected in this hour.
    fn rate_of(&self, number: usize, hour: Hour) -> f64 {
        let Some(key) = self.people.keys.get(number) else { return 0.0 };
        let at = hour.start().0;
        let is_holiday = self.holidays.iter().any(|holiday| holiday.covers(key.minutes_east, at));
        key.rate(hour, is_holiday)
    }

    fn noise_scale(&self) -> f64 {
        self.options.requests_per_day / 1000.0 * self.options.profile.noise()
    }

    /// All requests of the hour, sorted.
    fn gather(&mut self, hour: Hour) {
        self.hits.clear();
        self.hits.append(&mut self.ahead);
        let seed = self.options.seed;
        let (at, day) = (hour.0 as u64, hour.day().0 as u64);
        let wildness = self.options.profile.wildness();
        for number in 0..self.people.keys.len() {
            let usual = self.rate_of(number, hour);
            let Some(key) = self.people.keys.get_mut(number) else { continue };
            let mood = Draw::of(seed, &[dice::DAY, day, number as u64]).log_normal(1.0, wildness);
            let mut draw = Draw::of(seed, &[dice::HOUR, at, number as u64]);
            let burst = if draw.chance(0.0006) { draw.between(2.0, 4.5) } else { 1.0 };
            let rate = usual * mood * burst;
            self.hits.append(&mut traffic::hour_of(key, hour, rate, &mut draw));
        }
        let scale = self.noise_scale();
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
            for hit in self
                .hits
                .iter_mut()
                .filter(|hit| from <= hit.at && hit.at < to && hit.incident.is_none())
            {
                if draw.chance(0.18) {
                    hit.status = 503;
                    hit.incident = Some(number);
                    traffic::shrink(hit);
                }
            }
        }
    }
}
