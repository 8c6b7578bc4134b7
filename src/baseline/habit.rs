//! How much a key is used, hour by hour: level × season, its spread, and the role's habit
//! that stands in for what the key has not yet shown.

use serde::{Deserialize, Serialize};

use super::week::Week;
use crate::model::{Day, Hour};

/// Hours of day, for weekdays and for weekends.
const BINS: usize = 48;
/// The role's word counts as much as this many hours of the key's own.
const ROLE_WORTH_HOURS: f64 = 4.0;
/// An hour's weight is halved after a week.
const LEVEL_KEEP: f64 = 0.995_883;
/// A bin's, after ten visits.
const SEASON_KEEP: f32 = 0.933;
/// Growth of the level from week to week, without a person's word …
const GROWTH_MAX: f64 = 1.5;
const ANCHOR_DAYS: i64 = 7;
/// … but while a key is young, and up to so many requests an hour.
const FREE_HOURS: u32 = 14 * 24;
const LEVEL_FREE: f64 = 2.0;
/// A busy hour is taken to vary by as much as its mean, as if seen this often.
const BUSY_WORTH: f64 = 12.0;
const DISPERSION_RANGE: (f64, f64) = (0.02, 8.0);

/// One key's (or everyone's) use.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Habit {
    curve: Curve,
    /// The same hours of the last week, Monday 00:00 UTC first.
    week: Week,
    /// The busiest hour ever.
    pub most: u32,
    /// Hours learned from.
    pub hours: u32,
    /// Of the hours in which there was any: how many, their requests, and those squared.
    busy: (f64, f64, f64),
    /// The level of up to a week ago, and when that was.
    anchor: Option<(Day, f64)>,
}

/// A role's use, for one key of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RoleHabit(Curve);

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Curve {
    requests: f64,
    /// Hours behind `requests`, each worth its season's factor.
    exposure: f64,
    /// For each bin what was seen and what the level alone would have given.
    season: Vec<(f32, f32)>,
    /// Sums behind the dispersion: excess variance, mean squared, hours.
    spread: (f64, f64, f64),
}

/// What the hour should bring.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Expected {
    pub mean: f64,
    /// The mean, or what the same hour of last week brought if that was more.
    pub mean_upper: f64,
    /// The mean, or what the hours around it brought last week if that was less.
    pub mean_lower: f64,
    pub dispersion: f64,
    /// An hour in which there is any use at all, and its dispersion.
    pub busy: (f64, f64),
}

impl Default for Curve {
    fn default() -> Self {
        Self {
            requests: 0.0,
            exposure: 0.0,
            season: vec![(0.0, 0.0); BINS],
            spread: (0.0, 0.0, 0.0),
        }
    }
}

impl Default for Habit {
    fn default() -> Self {
        Self {
            curve: Curve::default(),
            week: Week::default(),
            most: 0,
            hours: 0,
            busy: (0.0, 0.0, 0.0),
            anchor: None,
        }
    }
}

impl Default for RoleHabit {
    /// Knows next to nothing: one request an hour, by a very uneven key.
    fn default() -> Self {
        let mut curve = Curve { requests: 0.1, exposure: 0.1, ..Curve::default() };
        curve.spread = (12.0, 24.0, 24.0);
        Self(curve)
    }
}

impl Habit {
    pub fn expected(&self, hour: Hour, role: &RoleHabit) -> Expected {
        let level = self.level(role);
        let mean = level * self.curve.season_factor(hour, level, role.season_factor(hour));
        let last_week = if self.hours < 168 { 0 } else { self.last_week_around(hour) };
        let young = 1.0 + 24.0 / f64::from(self.hours + 1);
        let (least, most) = DISPERSION_RANGE;
        let dispersion = (self.curve.dispersion(role.dispersion()) * young).clamp(least, most);
        let mean_upper = mean.max(f64::from(last_week));
        let mean_lower = if self.hours < 168 { mean } else { mean.min(self.last_week_mean(hour)) };
        Expected { mean, mean_upper, mean_lower, dispersion, busy: self.busy_hour() }
    }

    fn busy_hour(&self) -> (f64, f64) {
        let (hours, requests, squares) = self.busy;
        let mean = requests / hours.max(1e-9);
        let excess = (squares / hours.max(1e-9) - mean * mean - mean) / (mean * mean).max(1e-9);
        let known = hours.min(f64::from(self.hours));
        let (least, most) = DISPERSION_RANGE;
        let dispersion = (known * excess + BUSY_WORTH) / (known + BUSY_WORTH);
        (mean, dispersion.clamp(least, most))
    }

    /// Requests in an average hour.
    pub fn level(&self, role: &RoleHabit) -> f64 {
        let role_requests = role.level() * ROLE_WORTH_HOURS;
        (self.curve.requests + role_requests) / (self.curve.exposure + ROLE_WORTH_HOURS)
    }

    /// What the same hours of the last week brought, Monday 00:00 UTC first.
    pub fn week(&self) -> Vec<u32> {
        self.week.counts()
    }

    /// Takes in what an hour brought. Out of proportion, it counts only as far as it could
    /// have been chance; `role` learns the same.
    pub fn learn(&mut self, hour: Hour, requests: u32, role: &mut RoleHabit) {
        let expected = self.expected(hour, role);
        let level = self.level(role);
        let spread = (expected.mean + expected.dispersion * expected.mean * expected.mean).sqrt();
        let young = if self.hours < 48 { 4.0 } else { 1.0 };
        let seen = f64::from(requests).min(expected.mean_upper + young * (4.0 * spread + 3.0));
        let role_factor = role.season_factor(hour);
        self.curve.learn(hour, (seen, expected.mean), (level, role_factor));
        role.0.learn(hour, (seen, expected.mean), (level, 1.0));
        self.remember(hour, requests);
        if 0 < requests {
            let (hours, sum, squares) = self.busy;
            self.busy = (
                hours * LEVEL_KEEP + 1.0,
                sum * LEVEL_KEEP + seen,
                squares * LEVEL_KEEP + seen * seen,
            );
        }
        self.most = self.most.max(requests);
        self.hold_growth(hour);
        self.hours = self.hours.saturating_add(1);
    }

    /// Keeps the count for next week's same hour.
    pub fn remember(&mut self, hour: Hour, requests: u32) {
        self.week.set(hour_of_week(hour), requests);
    }

    /// A person says that it may be so: it grows freely for a week.
    pub const fn let_grow(&mut self) {
        if let Some((_, level)) = self.anchor.as_mut() {
            *level = f64::INFINITY;
        }
    }

    /// The level grows by no more than half a week, but in a key's first days.
    fn hold_growth(&mut self, hour: Hour) {
        let level = self.curve.own_level();
        let today = hour.day();
        let Some((day, known)) = self.anchor.filter(|_| FREE_HOURS <= self.hours) else {
            self.anchor = Some((today, level));
            return;
        };
        let most = (known * GROWTH_MAX).max(LEVEL_FREE);
        if most < level {
            self.curve.requests *= most / level;
        }
        if ANCHOR_DAYS <= today.0 - day.0 {
            self.anchor = Some((today, level.min(most)));
        }
    }

    fn last_week_mean(&self, hour: Hour) -> f64 {
        let at = |offset: i64| self.week.get(hour_of_week(Hour(hour.0 + offset)));
        let sum: u32 = (-2..=2).filter_map(at).fold(0, u32::saturating_add);
        f64::from(sum) / 5.0
    }

    fn last_week_around(&self, hour: Hour) -> u32 {
        let at = |offset: i64| self.week.get(hour_of_week(Hour(hour.0 + offset)));
        [-1, 0, 1].into_iter().filter_map(at).max().unwrap_or(0)
    }
}

impl RoleHabit {
    fn level(&self) -> f64 {
        self.0.requests / self.0.exposure.max(0.1)
    }

    fn season_factor(&self, hour: Hour) -> f64 {
        self.0.season_factor(hour, self.level(), 1.0)
    }

    fn dispersion(&self) -> f64 {
        let (excess, squared, _) = self.0.spread;
        (excess / squared.max(1e-9)).clamp(0.05, 4.0)
    }
}

impl Curve {
    fn own_level(&self) -> f64 {
        self.requests / self.exposure.max(0.1)
    }

    fn season_factor(&self, hour: Hour, level: f64, prior: f64) -> f64 {
        let (seen, expected) = self.season.get(bin(hour)).copied().unwrap_or_default();
        let worth = ROLE_WORTH_HOURS * level.max(1e-6);
        let factor = (f64::from(seen) + worth * prior) / (f64::from(expected) + worth);
        factor.clamp(0.0, 200.0)
    }

    fn dispersion(&self, prior: f64) -> f64 {
        let (excess, squared, hours) = self.spread;
        let typical = squared / hours.max(1.0);
        let worth = 24.0 * typical.max(1e-6);
        ((excess + worth * prior) / (squared + worth)).max(0.0)
    }

    #[expect(clippy::cast_possible_truncation, reason = "a season needs no more than f32")]
    fn learn(&mut self, hour: Hour, (seen, mean): (f64, f64), (level, role_factor): (f64, f64)) {
        let factor = self.season_factor(hour, level, role_factor);
        self.requests = self.requests * LEVEL_KEEP + seen;
        self.exposure = self.exposure * LEVEL_KEEP + factor;
        if let Some((bin_seen, bin_expected)) = self.season.get_mut(bin(hour)) {
            *bin_seen = *bin_seen * SEASON_KEEP + seen as f32;
            *bin_expected = *bin_expected * SEASON_KEEP + level as f32;
        }
        let (excess, squared, hours) = self.spread;
        let off = (seen - mean) * (seen - mean) - mean;
        self.spread = (
            excess * LEVEL_KEEP + off,
            squared * LEVEL_KEEP + mean * mean,
            hours * LEVEL_KEEP + 1.0,
        );
    }
}

/// Hour of day, weekends behind weekdays.
fn bin(hour: Hour) -> usize {
    hour.of_day() + if hour.day().is_weekend() { 24 } else { 0 }
}

fn hour_of_week(hour: Hour) -> usize {
    hour.day().of_week() * 24 + hour.of_day()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn learned(days: i64, of_hour: impl Fn(Hour) -> u32) -> (Habit, RoleHabit) {
        let (mut habit, mut role) = (Habit::default(), RoleHabit::default());
        for hour in (0..days * 24).map(|hour| Hour(4 * 24 + hour)) {
            habit.learn(hour, of_hour(hour), &mut role);
        }
        (habit, role)
    }

    #[test]
    fn a_level_is_found_within_a_day() {
        let (habit, role) = learned(2, |_| 40);
        let expected = habit.expected(Hour(6 * 24), &role);
        assert!((30.0..55.0).contains(&expected.mean), "{expected:?}");
    }

    #[test]
    fn nights_are_expected_to_be_quiet() {
        let (habit, role) = learned(14, |hour| if hour.of_day() < 12 { 2 } else { 60 });
        let night = habit.expected(Hour(18 * 24 + 3), &role).mean;
        let noon = habit.expected(Hour(18 * 24 + 13), &role).mean;
        assert!(night < 8.0, "{night}");
        assert!((45.0..80.0).contains(&noon), "{noon}");
    }

    #[test]
    fn a_level_grows_by_half_a_week_at_most_unless_a_person_says_so() {
        let level = |word: bool| {
            let (mut habit, mut role) = learned(14, |_| 40);
            for hour in (18 * 24..39 * 24).map(Hour) {
                if word && hour.of_day() == 0 {
                    habit.let_grow();
                }
                habit.learn(hour, 400, &mut role);
            }
            habit.level(&role)
        };
        assert!(level(false) < 40.0 * 1.6 * 1.5 * 1.5 * 1.5, "{}", level(false));
        assert!(level(false) + 30.0 < level(true), "{}", level(true));
    }

    #[test]
    fn a_weekly_peak_is_known_from_last_week() {
        let peak = |hour: Hour| hour.day().of_week() == 2 && hour.of_day() == 4;
        let (habit, role) = learned(9, |hour| if peak(hour) { 900 } else { 20 });
        let next = (0..168).map(|hour| Hour(13 * 24 + hour)).find(|&hour| peak(hour)).unwrap();
        assert!((habit.expected(next, &role).mean_upper - 900.0).abs() < 1.0);
    }
}
