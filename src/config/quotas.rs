//! How much keys may use: limits in `[roles.NAME]` and `[keys.ID]`.

use super::table::Table;
use super::units;
use crate::detect::{ADDRESSES_MAX, Quota};

pub(super) fn quota(table: &mut Table<'_, '_>) -> Quota {
    Quota {
        requests_per_minute_max: whole(table, "requests_per_minute"),
        requests_per_hour_max: whole(table, "requests_per_hour"),
        requests_per_day_max: whole(table, "requests_per_day"),
        addresses_per_hour_max: addresses(table),
        bytes_per_hour_max: bytes(table, "bytes_per_hour"),
        bytes_per_day_max: bytes(table, "bytes_per_day"),
        refusals_per_hour_max: whole(table, "refusals_per_hour"),
        refusals_per_day_max: whole(table, "refusals_per_day"),
        tokens_per_hour_max: whole(table, "tokens_per_hour"),
        tokens_per_day_max: whole(table, "tokens_per_day"),
        cost_micros_per_day_max: micros(table, "cost_per_day"),
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "checked to be a whole number of the range"
)]
fn whole(table: &mut Table<'_, '_>, name: &'static str) -> Option<u64> {
    let number = table.number(name)?;
    if (1.0..=1e15).contains(&number) && number.fract() == 0.0 {
        return Some(number as u64);
    }
    let (at, what) = (table.place_of(name), format!("`{name}` cannot be {number}"));
    table.complain(at, what, "write a whole number from 1")
}

/// More are not told apart.
fn addresses(table: &mut Table<'_, '_>) -> Option<u64> {
    let number = whole(table, "addresses_per_hour")?;
    if number <= ADDRESSES_MAX {
        return Some(number);
    }
    let (at, what) =
        (table.place_of("addresses_per_hour"), format!("`addresses_per_hour` cannot be {number}"));
    table.complain(at, what, "write a whole number from 1 to 1000")
}

fn bytes(table: &mut Table<'_, '_>, name: &'static str) -> Option<u64> {
    let text = table.text(name)?;
    units::bytes(&text).or_else(|| {
        let (at, what) = (table.place_of(name), format!("`{name}` cannot be {text:?}"));
        table.complain(at, what, "write a whole number and B, kB, MB, GB or TB: \"2GB\"")
    })
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "checked to be of the range"
)]
fn micros(table: &mut Table<'_, '_>, name: &'static str) -> Option<u64> {
    let number = table.number(name)?;
    if (1e-6..=1e9).contains(&number) {
        return Some((number * 1e6).round() as u64);
    }
    let (at, what) = (table.place_of(name), format!("`{name}` cannot be {number}"));
    table.complain(at, what, "write a number above 0, as the log counts: 12.5")
}

#[cfg(test)]
mod tests {
    use crate::config::Config;

    #[test]
    fn a_role_and_a_key_may_use_so_much() {
        let text = "
            [roles.partner]
            requests_per_day = 20000
            bytes_per_day = \"2GB\"
            cost_per_day = 12.5
            [keys.k_alpha]
            requests_per_day = 500
        ";
        let config = Config::parse(text, "t.toml").unwrap();
        let partner = &config.rules.roles["partner"].quota;
        assert_eq!(partner.requests_per_day_max, Some(20_000));
        assert_eq!(partner.bytes_per_day_max, Some(2_000_000_000));
        assert_eq!(partner.cost_micros_per_day_max, Some(12_500_000));
        assert_eq!(config.rules.quotas["k_alpha"].requests_per_day_max, Some(500));
        assert!(config.rules.keys.is_empty());
    }

    #[test]
    fn what_is_no_limit_is_refused_with_what_to_write() {
        for (text, part) in [
            ("[keys.k]\naddresses_per_hour = 5000\n", "`addresses_per_hour` cannot be 5000"),
            ("[roles.a]\nrequests_per_day = 0\n", "`requests_per_day` cannot be 0"),
            ("[roles.a]\nrefusals_per_hour = 1.5\n", "`refusals_per_hour` cannot be 1.5"),
            ("[keys.k]\nbytes_per_day = \"2 gigs\"\n", "`bytes_per_day` cannot be \"2 gigs\""),
            ("[keys.k]\ncost_per_day = -1\n", "`cost_per_day` cannot be -1"),
        ] {
            let error = Config::parse(text, "t.toml").unwrap_err().to_string();
            assert!(error.contains(part), "{error}");
        }
    }
}
