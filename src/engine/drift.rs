//! A day has ended: each key's day is held against its days before, less what all keys
//! have in common.

use super::suspicion::Suspicion;
use super::{Action, Engine};
use crate::baseline::{Compared, Daily, median};
use crate::detect::{Metric, SlowDrift};
use crate::model::Hour;

/// Less does not count towards what many keys share.
const SHARED_SCORE_MIN: f64 = 2.0;

impl Engine {
    pub(super) fn close_day_of_keys(&mut self, hour: Hour, actions: &mut Vec<Action>) {
        let mut suspicions = Vec::new();
        for daily in Daily::ALL {
            self.compare_days(hour, daily, &mut suspicions);
        }
        suspicions.sort_by(|a: &Suspicion, b| self.id_of(a.key).cmp(self.id_of(b.key)));
        for suspicion in suspicions {
            self.suspect(suspicion, actions);
        }
        for index in self.keys.indexes() {
            if let Some(key) = self.keys.get_mut(index) {
                key.close_day();
            }
        }
    }

    fn compare_days(&mut self, hour: Hour, daily: Daily, out: &mut Vec<Suspicion>) {
        let compared: Vec<(u32, Compared)> = self
            .keys
            .iter()
            .filter_map(|key| Some((key.index, key.learned.as_ref()?.drift.compare(daily)?)))
            .collect();
        let detector = &self.settings.detectors.slow_drift;
        let offs: Vec<f64> = compared.iter().map(|(_, compared)| compared.off).collect();
        let is_many = detector.keys_min <= offs.len();
        let common = if is_many { median(&offs).unwrap_or_default().max(0.0) } else { 0.0 };
        let at = hour.end().plus(self.settings.patience);
        let mut found = Vec::new();
        for (index, compared) in compared {
            let applies = detector.applies(&compared, common);
            let Some(key) = self.keys.get_mut(index) else { continue };
            let Some(learned) = key.learned.as_mut() else { continue };
            let raw = learned.drift.score(daily, &compared, common);
            if !applies {
                continue;
            }
            found.push(Suspicion {
                key: index,
                metric: Metric::Drift(daily),
                raw,
                at,
                since: Hour(hour.0 - 23).start(),
                because: SlowDrift::because(daily, &compared),
                address: None,
                is_tried: false,
            });
        }
        // The end of a month, a campaign: many keys on one day are nobody's secret.
        let many = found.iter().filter(|suspicion| SHARED_SCORE_MIN <= suspicion.raw).count();
        if !self.settings.detectors.shared_cause.is_shared(many, offs.len()) {
            out.append(&mut found);
        }
    }
}
