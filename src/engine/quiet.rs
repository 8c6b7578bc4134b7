//! Keys in whose hour nothing was scored: that most things stay as they are is how rare the rest is
//! found to be. Most keys are quiet in most hours, so they are counted and noted together.

use super::roles::Roles;
use crate::detect::Metric;
use crate::model::Day;
use crate::profile::{Facet, Failure};

/// Of one hour.
#[derive(Debug, Default)]
pub(super) struct Quiet {
    /// By the place of their role: for each metric, of how many keys it was tried.
    tried: Vec<[u32; METRICS.len()]>,
}

const METRICS: [Metric; 16] = [
    Metric::Size,
    Metric::Tokens,
    Metric::Cost,
    Metric::Addresses,
    Metric::Enumeration,
    Metric::Objects,
    Metric::OddHours,
    Metric::Volume,
    Metric::Failure(Failure::Unauthorized),
    Metric::Failure(Failure::Forbidden),
    Metric::Failure(Failure::Missing),
    Metric::Failure(Failure::Throttled),
    Metric::Failure(Failure::Broken),
    Metric::New(Facet::Network),
    Metric::New(Facet::Route),
    Metric::New(Facet::Client),
];

/// What is judged of a key that learned from so many hours. How long silences are is known when they
/// end.
pub(super) fn metrics_tried(hours: u32) -> impl Iterator<Item = Metric> {
    METRICS.into_iter().filter(move |metric| metric.tried_from_hours() <= hours)
}

impl Quiet {
    /// One more key of the role at that place.
    pub(super) fn add(&mut self, place: u32, hours: u32) {
        let place = place as usize;
        if self.tried.len() <= place {
            self.tried.resize(place + 1, [0; METRICS.len()]);
        }
        let tried = self.tried.get_mut(place).into_iter().flatten();
        for (tried, metric) in tried.zip(METRICS) {
            *tried += u32::from(metric.tried_from_hours() <= hours);
        }
    }

    pub(super) fn tell(&self, day: Day, roles: &mut Roles) {
        for (place, tried) in (0..).zip(&self.tried) {
            let Some(role) = roles.at_mut(place) else { continue };
            for (metric, times) in METRICS.into_iter().zip(tried).filter(|(_, times)| **times != 0)
            {
                role.observe_nothing(metric, day, *times);
            }
        }
    }
}
