//! Who is told about which incidents, and when not.

use glob::Pattern;
use jiff::tz::TimeZone;

use crate::incident::Incident;
use crate::model::{Millis, Severity, Timestamp};

/// An empty list takes all. The name stands at the foot of each mail.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Route {
    pub name: String,
    pub severity_min: Severity,
    pub kinds: Vec<String>,
    pub roles: Vec<String>,
    pub owners: Vec<String>,
    /// Of a key's id or label: `billing-*`.
    pub keys: Vec<Pattern>,
    /// Mail addresses, names of other ways, or `@owner` for the owner that the inventory
    /// names.
    pub recipients: Vec<String>,
    pub quiet: Option<Quiet>,
}

/// Hours in which only critical news are told; the rest waits for their end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Quiet {
    /// Minutes of the day. They may reach over midnight.
    pub from: u16,
    pub to: u16,
    pub zone: TimeZone,
}

pub(super) const OWNER: &str = "@owner";
const DAY_MINUTES: i64 = 1440;

impl Route {
    pub fn takes(&self, incident: &Incident) -> bool {
        self.severity_min <= incident.severity
            && is_in(&self.kinds, &incident.kind)
            && is_in(&self.roles, &incident.role)
            && is_in(&self.owners, &incident.owner)
            && (self.keys.is_empty() || self.keys.iter().any(|glob| names(glob, incident)))
    }

    /// The recipients for this incident. An owner without a mail address is left out.
    pub fn recipients_for(&self, incident: &Incident) -> Vec<String> {
        let mut recipients: Vec<String> = Vec::new();
        for recipient in &self.recipients {
            let named = if recipient == OWNER { &incident.owner } else { recipient };
            let is_way = recipient != OWNER && !recipient.contains('@');
            let is_usable = is_way || named.parse::<lettre::Address>().is_ok();
            if is_usable && !recipients.contains(named) {
                recipients.push(named.clone());
            }
        }
        recipients
    }

    /// When what is held back now will be told; `None` if nothing is.
    pub(super) fn quiet_until(&self, incident: &Incident, now: Timestamp) -> Option<Timestamp> {
        let quiet = self.quiet.as_ref().filter(|_| incident.severity < Severity::Critical)?;
        quiet.end(now)
    }

    /// Whether something due at that time was held back.
    pub(super) fn was_quiet(&self, due: Timestamp) -> bool {
        self.quiet.as_ref().is_some_and(|quiet| quiet.end(due).is_some())
    }
}

impl Quiet {
    /// The end of the quiet hours, if this moment is one of them.
    fn end(&self, at: Timestamp) -> Option<Timestamp> {
        let minute = minute_of_day(at, &self.zone);
        let length = (i64::from(self.to) - i64::from(self.from)).rem_euclid(DAY_MINUTES);
        let passed = (minute - i64::from(self.from)).rem_euclid(DAY_MINUTES);
        let minute_start = Timestamp(at.0 - at.0.rem_euclid(60_000));
        (passed < length).then(|| minute_start.plus(Millis::seconds(60 * (length - passed))))
    }
}

fn minute_of_day(at: Timestamp, zone: &TimeZone) -> i64 {
    let at = jiff::Timestamp::from_millisecond(at.0).unwrap_or_default();
    let at = at.to_zoned(zone.clone());
    i64::from(at.hour()) * 60 + i64::from(at.minute())
}

fn names(glob: &Pattern, incident: &Incident) -> bool {
    let labelled = [incident.label.as_str()];
    let keys = incident.keys.iter().map(String::as_str).chain(incident.entity.key());
    keys.chain(labelled).any(|key| !key.is_empty() && glob.matches(key))
}

fn is_in(list: &[String], value: &str) -> bool {
    list.is_empty() || list.iter().any(|entry| entry == value)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Entity;

    fn incident(severity: Severity) -> Incident {
        Incident { severity, owner: "payments@example.com".to_owned(), ..Incident::default() }
    }

    #[test]
    fn a_route_takes_what_is_as_severe_as_it_asks() {
        let route = Route { severity_min: Severity::High, ..Route::default() };
        assert!(!route.takes(&incident(Severity::Medium)));
        assert!(route.takes(&incident(Severity::High)));
        assert!(Route::default().takes(&incident(Severity::Low)));
    }

    #[test]
    fn a_route_may_ask_for_kinds_roles_owners_and_keys() {
        let texts = |text: &str| vec![text.to_owned()];
        let about = Incident {
            kind: "new_network".to_owned(),
            role: "partner".to_owned(),
            entity: Entity::Key("k_1".to_owned()),
            label: "billing-sync".to_owned(),
            ..incident(Severity::High)
        };
        let keys = |glob: &str| vec![Pattern::new(glob).unwrap()];
        for (route, takes) in [
            (Route { kinds: texts("new_network"), ..Route::default() }, true),
            (Route { kinds: texts("failures"), ..Route::default() }, false),
            (Route { roles: texts("partner"), ..Route::default() }, true),
            (Route { roles: texts("admin"), ..Route::default() }, false),
            (Route { owners: texts("payments@example.com"), ..Route::default() }, true),
            (Route { owners: texts("web@example.com"), ..Route::default() }, false),
            (Route { keys: keys("billing-*"), ..Route::default() }, true),
            (Route { keys: keys("k_?"), ..Route::default() }, true),
            (Route { keys: keys("web-*"), ..Route::default() }, false),
        ] {
            assert_eq!(route.takes(&about), takes, "{route:?}");
        }
    }

    #[test]
    fn the_owner_is_told_where_the_inventory_gives_an_address() {
        let recipients = vec!["@owner".to_owned(), "oncall@example.com".to_owned()];
        let route = Route { recipients, ..Route::default() };
        let found = route.recipients_for(&incident(Severity::High));
        assert_eq!(found, ["payments@example.com", "oncall@example.com"]);
        let nobody = Incident { owner: "the payments team".to_owned(), ..Incident::default() };
        assert_eq!(route.recipients_for(&nobody), ["oncall@example.com"]);
    }

    #[test]
    fn quiet_hours_reach_over_midnight_and_never_hold_back_what_is_critical() {
        let quiet = Some(Quiet { from: 22 * 60, to: 7 * 60, zone: TimeZone::UTC });
        let route = Route { quiet, ..Route::default() };
        let at = |hour: i64, minute: i64| Timestamp::from_seconds(3600 * hour + 60 * minute);
        let high = incident(Severity::High);
        assert_eq!(route.quiet_until(&high, at(21, 59)), None);
        assert_eq!(route.quiet_until(&high, at(22, 0)), Some(at(31, 0)));
        assert_eq!(route.quiet_until(&high, at(30, 59)), Some(at(31, 0)));
        assert_eq!(route.quiet_until(&high, at(31, 0)), None);
        assert_eq!(route.quiet_until(&incident(Severity::Critical), at(23, 0)), None);
        assert!(route.was_quiet(at(23, 0)) && !route.was_quiet(at(12, 0)));
    }
}
