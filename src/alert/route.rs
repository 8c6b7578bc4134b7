//! Who is told about which incidents.

use crate::incident::Incident;
use crate::model::Severity;

/// An empty list takes all. The name stands at the foot of each mail.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Route {
    pub name: String,
    pub severity_min: Severity,
    pub kinds: Vec<String>,
    pub roles: Vec<String>,
    pub owners: Vec<String>,
    /// Mail addresses, or `@owner` for the owner that the inventory names.
    pub recipients: Vec<String>,
}

const OWNER: &str = "@owner";

impl Route {
    pub fn takes(&self, incident: &Incident) -> bool {
        self.severity_min <= incident.severity
            && Severity::Medium <= incident.severity
            && is_in(&self.kinds, &incident.kind)
            && is_in(&self.roles, &incident.role)
            && is_in(&self.owners, &incident.owner)
    }

    /// The addresses for this incident. An owner without a mail address is left out.
    pub fn recipients_for(&self, incident: &Incident) -> Vec<String> {
        let mut recipients: Vec<String> = Vec::new();
        for recipient in &self.recipients {
            let address = if recipient == OWNER { &incident.owner } else { recipient };
            if address.parse::<lettre::Address>().is_ok() && !recipients.contains(address) {
                recipients.push(address.clone());
            }
        }
        recipients
    }
}

fn is_in(list: &[String], value: &str) -> bool {
    list.is_empty() || list.iter().any(|entry| entry == value)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn incident(severity: Severity) -> Incident {
        Incident { severity, owner: "payments@example.com".to_owned(), ..Incident::default() }
    }

    #[test]
    fn a_route_takes_what_is_as_severe_as_it_asks_and_never_a_low_one() {
        let route = Route { severity_min: Severity::High, ..Route::default() };
        assert!(!route.takes(&incident(Severity::Medium)));
        assert!(route.takes(&incident(Severity::High)));
        assert!(!Route::default().takes(&incident(Severity::Low)));
        assert!(Route::default().takes(&incident(Severity::Medium)));
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
}
