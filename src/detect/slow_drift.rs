//! A key whose days bring more and more, though no hour of them stands out: use that
//! grows from day to day, or data that is carried away in small portions.

use serde::{Deserialize, Serialize};

use super::plain::{bytes_text, count_text, times_text};
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

    #[expect(clippy::cast_precision_loss, reason = "three digits of it are shown")]
    pub fn because(daily: Daily, compared: &Compared) -> String {
        let (seen, usual) = (compared.seen as f64, compared.usual as f64);
        match daily {
            Daily::Requests => format!(
                "{} requests in the last 24 hours, {} of such a day before",
                count_text(compared.seen),
                times_text(seen, usual),
            ),
            Daily::Size => format!(
                "{} a request in the last 24 hours; on such a day {} used to be usual",
                bytes_text(seen),
                bytes_text(usual),
            ),
            Daily::Bytes => format!(
                "{} answered in the last 24 hours; such a day used to bring {}",
                bytes_text(seen),
                bytes_text(usual),
            ),
        }
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
            "1,240 requests in the last 24 hours, 3.1 times the 400 of such a day before"
        );
        assert!(SlowDrift::default().applies(&compared, 0.5));
        assert!(!SlowDrift::default().applies(&compared, 0.9));
    }
}
