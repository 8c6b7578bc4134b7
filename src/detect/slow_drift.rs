//! A key whose days bring more and more, though no hour of them stands out: use that
//! grows from day to day, or data that is carried away in small portions.

use serde::{Deserialize, Serialize};

use super::plain::count_text;
use crate::baseline::{Compared, Daily};

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SlowDrift {
    /// How many times the usual day it must be.
    pub factor_min: f64,
    /// Fewer keys on a day do not tell what all have in common.
    pub keys_min: usize,
}

impl Default for SlowDrift {
    fn default() -> Self {
        Self { factor_min: 1.3, keys_min: 8 }
    }
}

impl SlowDrift {
    pub fn applies(&self, compared: &Compared, common: f64) -> bool {
        self.factor_min.ln() <= compared.off - common
    }

    pub fn because(daily: Daily, compared: &Compared) -> String {
        format!(
            "{} {} in the last 24 hours, {} on the same kind of day before",
            count_text(compared.seen),
            daily.name(),
            count_text(compared.usual),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn says_how_many_and_how_many_were_usual() {
        let compared = Compared { seen: 1240, usual: 400, off: 1.13, spread: 0.2 };
        assert_eq!(
            SlowDrift::because(Daily::Requests, &compared),
            "1,240 requests in the last 24 hours, 400 on the same kind of day before"
        );
        assert!(SlowDrift::default().applies(&compared, 0.5));
        assert!(!SlowDrift::default().applies(&compared, 0.9));
    }
}
