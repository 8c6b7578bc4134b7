//! What a plain statistic would have found on the same log, to know how far ahead we are.
//!
//! Both look at the requests, refusals and bytes of each key in each hour, and write an alert
//! for every hour that is unusual to them; the evaluation then chooses the best threshold for
//! them with hindsight, which it does not do for keyvigil.

use std::collections::BTreeMap;

use crate::incident::{Alert, IncidentId};
use crate::model::{Hour, Severity};

/// What one key did in one hour.
#[derive(Clone, Debug, PartialEq)]
pub struct HourCount {
    pub key: String,
    pub hour: Hour,
    pub requests: f64,
    pub failures: f64,
    pub bytes: f64,
}

/// A plain statistic.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Naive {
    /// How many deviations over a mean that forgets: the classic control chart.
    MovingAverage,
    /// How many median deviations over the median of the same hour on days before.
    HourOfDay,
}

/// How much of each new hour goes into the moving mean and deviation.
const FRESH_SHARE: f64 = 0.05;

/// Hours, or days, to learn from before the first judgement.
const HOURS_MIN: usize = 48;
const DAYS_MIN: usize = 5;

/// Days of which the same hour is compared.
const DAYS_MAX: usize = 21;

/// What is nearer than so many deviations is not written.
const DEVIATIONS_MIN: f64 = 2.0;

/// Turns a median absolute deviation into a standard deviation, were it normal.
const MAD_TO_DEVIATION: f64 = 1.4826;

impl Naive {
    pub const ALL: [Self; 2] = [Self::MovingAverage, Self::HourOfDay];

    pub const fn title(self) -> &'static str {
        match self {
            Self::MovingAverage => "moving average and deviation of each key",
            Self::HourOfDay => "median of the same hour of the day, of each key",
        }
    }

    pub fn alerts(self, counts: &[HourCount]) -> Vec<Alert> {
        let mut by_key: BTreeMap<&str, BTreeMap<Hour, &HourCount>> = BTreeMap::new();
        for count in counts {
            by_key.entry(&count.key).or_default().insert(count.hour, count);
        }
        let end = counts.iter().map(|count| count.hour).max().unwrap_or_default();
        by_key.into_iter().flat_map(|(key, hours)| self.alerts_on(key, &hours, end)).collect()
    }

    fn alerts_on(self, key: &str, hours: &BTreeMap<Hour, &HourCount>, end: Hour) -> Vec<Alert> {
        let Some((&first, _)) = hours.first_key_value() else { return Vec::new() };
        let mut series = [(); 3].map(|()| Series::default());
        let mut alerts = Vec::new();
        let mut hour = first;
        while hour <= end {
            let count = hours.get(&hour);
            let values = count.map_or([0.0; 3], |it| [it.requests, it.failures, it.bytes]);
            let mut worst = 0.0_f64;
            for (series, value) in series.iter_mut().zip(values) {
                worst = worst.max(self.deviations(series, value, hour));
                series.learn(value, hour);
            }
            if DEVIATIONS_MIN <= worst {
                alerts.push(alert(key, hour, worst));
            }
            hour = hour.next();
        }
        alerts
    }

    fn deviations(self, series: &Series, value: f64, hour: Hour) -> f64 {
        match self {
            Self::MovingAverage => series.over_mean(value),
            Self::HourOfDay => series.over_same_hours(value, hour),
        }
    }
}

/// What has been seen of one number.
#[derive(Debug, Default)]
struct Series {
    hours: usize,
    mean: f64,
    variance: f64,
    by_hour: BTreeMap<usize, Vec<f64>>,
}

impl Series {
    fn learn(&mut self, value: f64, hour: Hour) {
        let fresh = if self.hours == 0 { 1.0 } else { FRESH_SHARE };
        let off = value - self.mean;
        self.mean += fresh * off;
        self.variance = (1.0 - fresh) * (self.variance + fresh * off * off);
        self.hours += 1;
        let same = self.by_hour.entry(hour.of_day()).or_default();
        if DAYS_MAX <= same.len() {
            same.remove(0);
        }
        same.push(value);
    }

    fn over_mean(&self, value: f64) -> f64 {
        if self.hours < HOURS_MIN {
            return 0.0;
        }
        (value - self.mean) / floored(self.variance.sqrt(), self.mean)
    }

    fn over_same_hours(&self, value: f64, hour: Hour) -> f64 {
        let Some(same) = self.by_hour.get(&hour.of_day()).filter(|it| DAYS_MIN <= it.len()) else {
            return 0.0;
        };
        let usual = median(same.clone());
        let spread = median(same.iter().map(|it| (it - usual).abs()).collect());
        (value - usual) / floored(spread * MAD_TO_DEVIATION, usual)
    }
}

/// Counts scatter at least as those of Poisson do.
fn floored(deviation: f64, mean: f64) -> f64 {
    deviation.max(mean.max(0.0).sqrt()).max(1.0)
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or_default()
}

fn alert(key: &str, hour: Hour, score: f64) -> Alert {
    Alert {
        time: hour.end(),
        key: Some(key.to_owned()),
        ip: None,
        kind: "naive".to_owned(),
        severity: Severity::Medium,
        score,
        incident: IncidentId(0),
        below: false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 100 requests an hour, at noon 400; at the last noon another number.
    fn two_weeks(last_noon: f64) -> Vec<HourCount> {
        let usual = |hour: Hour| if hour.of_day() == 12 { 400.0 } else { 100.0 };
        let count = |number: i64| {
            let hour = Hour(490_000 + number);
            let requests =
                if hour.of_day() == 12 && 14 * 24 - 24 <= number { last_noon } else { usual(hour) };
            HourCount { key: "k".to_owned(), hour, requests, failures: 0.0, bytes: requests }
        };
        (0..14 * 24).map(count).collect()
    }

    #[test]
    fn every_noon_is_unusual_to_a_moving_average_and_none_to_the_hours_before() {
        assert!(10 <= Naive::MovingAverage.alerts(&two_weeks(400.0)).len());
        assert_eq!(Naive::HourOfDay.alerts(&two_weeks(400.0)).len(), 0);
    }

    #[test]
    fn a_noon_like_no_other_is_seen_by_both() {
        for naive in Naive::ALL {
            let alerts = naive.alerts(&two_weeks(4000.0));
            let worst = alerts.iter().max_by(|a, b| a.score.total_cmp(&b.score)).unwrap();
            assert_eq!((worst.time.hour().of_day(), worst.key.as_deref()), (13, Some("k")));
        }
    }

    #[test]
    fn an_hour_without_requests_is_learned_as_nothing() {
        let mut counts = two_weeks(400.0);
        counts.retain(|count| count.hour.of_day() != 3);
        assert_eq!(Naive::HourOfDay.alerts(&counts).len(), 0);
    }
}
