//! A made-up history, hour by hour: the log's lines, and the truth about what is in them.

use super::benign;
use super::benign::Confounder;
use super::benign::Holiday;
use super::draw::Draw;
use super::draw::dice;
use super::hit::Hit;
use super::options::Meta;
use super::options::Options;
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

const SEARCH_STEPS: usize = 8;

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
        let Some(lines) = options.lines else { return Self::told_by(&options) };
        // What does not grow with the rate makes this a search; it is as good as done after a few steps.
        for _ in 0..SEARCH_STEPS {
            let expected = Self::told_by(&options).expected_lines();
            options.requests_per_day *= lines as f64 / expected.max(1.0);
        }
        Self::told_by(&options)
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
        let is_cut = options.lines.is_some_and(|lines| lines <= self.lines);
        let end = if is_cut { self.hour.start() } else { options.end };
        Meta { start: options.start(), end, eval_start: options.eval_start() }
    }

    /// What was staged; times and counts are those of the lines so far.
    pub fn labels(&self) -> Vec<Label> {
        let end = self.meta().end;
        let mut labels: Vec<Label> = Vec::new();
        for staged in &self.staged {
            let mut label = staged.label.clone();
            if let Some((first, last)) = staged.seen {
                label.start = Timestamp(first);
                label.end = Timestamp(last);
            }
            let is_silence = staged.streams.is_empty() && label.start < end;
            if staged.seen.is_some() || is_silence {
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

    fn told_by(options: &Options) -> Self {
        let seed = options.seed;
        let mut people = People::new(options, &mut Draw::of(seed, &[dice::PEOPLE]));
        let span = (options.start().0, options.end.0);
        let (told, holidays) =
            benign::happen(&mut people, span, &mut Draw::of(seed, &[dice::BENIGN]));
        let staged = stage_all(options, &mut people);
        let noise_clients = NOISE_CLIENTS.iter().map(|client| people.pen.client(client)).collect();
        let hour = options.start().hour();
        let (hits, ahead) = (Vec::new(), Vec::new());
        let options = options.clone();
        Self { options, people, staged, told, holidays, noise_clients, hour, hits, ahead, lines: 0 }
    }

    /// About how many lines this will be.
    fn expected_lines(&self) -> f64 {
        let streams = self.staged.iter().flat_map(|staged| &staged.streams);
        let mut sum: f64 = streams.map(|stream| f64::from(stream.total)).sum();
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

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::super::hit::LineFormat;
    use super::super::hit::rfc3339;
    use super::super::kinds::CARDS;
    use super::super::options::Staging;
    use super::*;
    use crate::model::Millis;

    fn small(seed: u64) -> Options {
        Options { seed, days: 6, keys: 40, requests_per_day: 4000.0, ..Options::default() }
    }

    fn told(simulation: &mut Simulation) -> String {
        let mut text = String::new();
        while simulation.next_hour(&mut text).is_some() {}
        text
    }

    /// The time of a line of JSON.
    fn time_of(line: &str) -> &str {
        line.split('"').nth(3).unwrap_or_default()
    }

    /// A time without what is smaller than a second.
    fn second(time: &str) -> &str {
        time.split(['.', 'Z']).next().unwrap_or_default()
    }

    #[test]
    fn the_same_seed_gives_the_same_bytes_and_another_seed_others() {
        let all = |seed| {
            let mut simulation = Simulation::new(&small(seed));
            let log = told(&mut simulation);
            [
                log,
                simulation.labels_csv(),
                simulation.inventory_csv(),
                simulation.confounders_csv(),
                simulation.meta_json(),
            ]
        };
        assert_eq!(all(3), all(3));
        assert_ne!(all(3)[0], all(4)[0]);
    }

    #[test]
    fn lines_come_in_order_of_time() {
        let options = Options { format: LineFormat::Json, ..small(5) };
        let log = told(&mut Simulation::new(&options));
        // The time comes first, and in JSON it sorts as text.
        let times: Vec<&str> = log.lines().map(time_of).collect();
        assert!(10_000 < times.len());
        assert!(times.is_sorted());
        assert!(times[0].starts_with("2026-05-26T00:"));
        assert!(times[times.len() - 1].starts_with("2026-05-31T23:"));
    }

    #[test]
    fn there_are_exactly_as_many_lines_as_were_asked_for() {
        let options = Options { lines: Some(20_000), ..small(6) };
        let mut simulation = Simulation::new(&options);
        assert_eq!(told(&mut simulation).lines().count(), 20_000);
        assert_eq!(simulation.lines(), 20_000);
        let early = options.end.since(simulation.meta().end);
        assert!(early <= Millis::hours(24) && Millis::hours(-24) <= early, "{early:?}");
    }

    #[test]
    fn every_label_has_its_requests_in_the_log() {
        let mut simulation = Simulation::new(&Options { format: LineFormat::Json, ..small(7) });
        let log = told(&mut simulation);
        let labels = simulation.labels();
        assert!(8 < labels.len());
        for label in labels.iter().filter(|label| !label.keys.contains(&"*".to_owned())) {
            let (start, end) = (rfc3339(label.start), rfc3339(label.end));
            let in_time = |line: &&str| {
                second(&start) <= second(time_of(line)) && second(time_of(line)) <= second(&end)
            };
            let names: Vec<String> = if label.keys.is_empty() {
                label.addresses.iter().map(|address| format!("\"{address}\"")).collect()
            } else {
                label.keys.iter().map(|key| format!("\"{key}\"")).collect()
            };
            let is_named = |line: &&str| names.iter().any(|name| line.contains(name));
            let found = log.lines().filter(in_time).filter(is_named).count() as u64;
            assert!(label.events <= found, "{label:?} has {found}");
            assert!(simulation.meta().eval_start <= label.start);
        }
    }

    #[test]
    fn every_kind_is_staged_in_four_weeks() {
        let simulation = Simulation::new(&Options::default());
        let staged: BTreeSet<_> =
            simulation.staged.iter().map(|staged| staged.label.kind).collect();
        let wanted: BTreeSet<_> = CARDS.iter().map(|card| card.name).collect();
        assert_eq!(staged, wanted);
    }

    #[test]
    fn a_showcase_is_staged_in_its_last_hours_and_nothing_can_be_staged() {
        let staging = Staging::Showcase { last_hours: 6 };
        let options = Options { staging, ..small(8) };
        let mut simulation = Simulation::new(&options);
        told(&mut simulation);
        let labels = simulation.labels();
        assert!(8 < labels.len());
        let from = options.end.back(Millis::hours(6));
        assert!(labels.iter().all(|label| from <= label.start), "{labels:?}");

        let mut simulation = Simulation::new(&Options { staging: Staging::Nothing, ..small(8) });
        told(&mut simulation);
        assert_eq!(simulation.labels(), []);
    }

    #[test]
    fn outside_the_labels_no_key_is_used_that_should_be_at_rest() {
        let mut simulation = Simulation::new(&Options { format: LineFormat::Json, ..small(9) });
        let log = told(&mut simulation);
        let labelled: BTreeSet<String> =
            simulation.labels().into_iter().flat_map(|label| label.keys).collect();
        for key in simulation.people.keys.iter().filter(|key| !labelled.contains(&key.name)) {
            let record = &key.record;
            let ends =
                [record.expires, (record.status == "retired").then_some(record.status_since)];
            let last = ends.into_iter().flatten().min().unwrap_or(i64::MAX);
            let name = format!("\"{}\"", key.name);
            let used: Vec<&str> =
                log.lines().filter(|line| line.contains(&name)).map(time_of).collect();
            let created = rfc3339(Timestamp(record.created));
            assert!(used.first().is_none_or(|first| second(&created) <= second(first)), "{name}");
            let last = rfc3339(Timestamp(last));
            assert!(
                last.is_empty() || used.last().is_none_or(|used| second(used) <= second(&last)),
                "{name}"
            );
            assert!(!record.canary || used.is_empty(), "{name}");
        }
    }
}
