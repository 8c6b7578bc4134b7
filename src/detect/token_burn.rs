//! A key whose requests cost far more tokens or money than usual: somebody else's work at the
//! owner's expense.

use serde::{Deserialize, Serialize};

use super::plain::{count_text, hour_text, mean_text};
use crate::baseline::Amount;
use crate::model::Hour;
use crate::profile::Counts;

/// Has no thresholds of its own: it judges the hours that [`super::LargeAnswers`] judges.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct TokenBurn {}

impl TokenBurn {
    pub fn because((amount, counts): (Amount, &Counts), hour: Hour, usual: f64) -> String {
        let seen = amount.of(counts) / u64::from(counts.requests.max(1));
        let unit = match amount {
            Amount::Tokens => "tokens",
            Amount::Cost => "millionths of cost",
            Amount::Bytes => "bytes",
            Amount::Objects => "objects",
        };
        format!(
            "{} {unit} a request {} over {} requests, {} are usual",
            count_text(seen),
            hour_text(hour),
            count_text(u64::from(counts.requests)),
            mean_text(usual),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn says_how_many_tokens_and_how_many_are_usual() {
        let counts = Counts { requests: 20, tokens: 240_000, ..Counts::default() };
        assert_eq!(
            TokenBurn::because((Amount::Tokens, &counts), Hour(3), 1400.2),
            "12,000 tokens a request in the hour from 03:00 UTC over 20 requests, 1,400 are usual"
        );
    }
}
