//! What a role's keys may do: a request outside of it is a broken rule.

use serde::{Deserialize, Serialize};

use super::rules::TlsMin;
use super::{POLICY_SCORE, RoleRules, Verdict};
use crate::identity::InventoryKey;
use crate::model::{Event, Severity, Transport};

/// Has no thresholds of its own: they stand in `[roles.NAME]` and in the inventory.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RolePolicy {}

/// What of a request the rules need beside the event.
#[derive(Clone, Copy, Debug, Default)]
pub struct Circumstances<'a> {
    pub country: &'a str,
    pub transport: Transport,
    /// On whose behalf, and on whose the inventory says that the key acts.
    pub tenant: &'a str,
    pub own_tenant: &'a str,
}

/// Rules, and whose they are: `role partner`, `this key`.
pub type Said<'a> = (&'a RoleRules, &'a str);

/// Among a role's tenants: that of the inventory.
const OWN: &str = "@own";

impl RolePolicy {
    /// Whether single requests of the role can break a rule.
    pub fn concerns(rules: &RoleRules) -> bool {
        !rules.routes.is_empty()
            || !rules.methods.is_empty()
            || !rules.networks.is_empty()
            || !rules.countries.is_empty()
            || !rules.tenants.is_empty()
            || rules.hours.is_some()
            || rules.tls_min.is_some()
    }

    /// Every rule that the request breaks. Of each sort those count that come first in `said`: a
    /// key's own, then its role's.
    pub fn judge(
        said: &[Said<'_>],
        event: &Event<'_>,
        circumstances: Circumstances<'_>,
    ) -> Vec<Verdict> {
        let told = |(kind, because): (_, String)| verdict(kind, event.status, &because);
        let of = |says: fn(&RoleRules) -> bool| said.iter().find(|(rules, _)| says(rules));
        // One after the other: mostly nothing is broken, and nothing is moved about.
        let mut broken = Vec::new();
        let by_method = of(|it| !it.methods.is_empty()).and_then(|it| by_method(it, event));
        let by_route = || of(|it| !it.routes.is_empty()).and_then(|it| by_route(it, event));
        broken.extend(by_method.or_else(by_route).map(told));
        let rules = of(|it| !it.networks.is_empty());
        broken.extend(rules.and_then(|it| by_network(it, event)).map(told));
        let rules = of(|it| !it.countries.is_empty());
        broken.extend(rules.and_then(|it| by_country(it, circumstances.country)).map(told));
        let rules = of(|it| !it.tenants.is_empty());
        broken.extend(rules.and_then(|it| by_tenant(it, circumstances)).map(told));
        let rules = of(|it| it.hours.is_some());
        broken.extend(rules.and_then(|it| by_hour(it, event)).map(told));
        let rules = of(|it| it.tls_min.is_some());
        broken.extend(rules.and_then(|it| by_transport(it, circumstances.transport)).map(told));
        broken
    }

    /// A key whose owner named the networks it may come from.
    pub fn judge_network(key: &InventoryKey, event: &Event<'_>) -> Option<Verdict> {
        let is_allowed = key.may_come_from(event.source_ip);
        (!event.source_ip.is_empty() && !is_allowed).then(|| {
            let because = format!(
                "came from {}, which is in none of the networks that the key may come from",
                event.source_ip
            );
            verdict("network_not_allowed", event.status, &because)
        })
    }
}

impl TlsMin {
    const fn transport(self) -> Transport {
        match self {
            Self::Tls12 => Transport::Tls12,
            Self::Tls13 => Transport::Tls13,
        }
    }
}

/// The kind of a broken rule, and what was seen.
type Broken = Option<(&'static str, String)>;

fn by_method((rules, whose): &Said<'_>, event: &Event<'_>) -> Broken {
    let sent = event.method;
    (!rules.allows_method(sent)).then(|| {
        let allowed = rules.methods.join(", ");
        ("method_not_allowed", format!("sent {sent}; {whose} may send {allowed}"))
    })
}

fn by_route((rules, whose): &Said<'_>, event: &Event<'_>) -> Broken {
    let sent = event.method;
    let covers = |path: &str| rules.routes.iter().any(|it| it.covers(sent, path));
    (!covers(event.path) && !covers(event.route)).then(|| {
        let route = if event.route.is_empty() { event.path } else { event.route };
        let because = format!("called {sent} {route}, which is not among the routes of {whose}");
        ("route_not_allowed", because)
    })
}

fn by_network((rules, whose): &Said<'_>, event: &Event<'_>) -> Broken {
    let from = event.source_ip;
    let because = || format!("came from {from}, which is in none of the networks of {whose}");
    (!rules.allows_address(from)).then(|| ("network_not_allowed", because()))
}

fn by_country((rules, whose): &Said<'_>, country: &str) -> Broken {
    let is_country = |it: &String| it.eq_ignore_ascii_case(country);
    let is_outside = !country.is_empty() && !rules.countries.iter().any(is_country);
    is_outside.then(|| {
        let allowed = rules.countries.join(", ");
        ("country_not_allowed", format!("came from {country}; {whose} may come from {allowed}"))
    })
}

fn by_tenant((rules, whose): &Said<'_>, circumstances: Circumstances<'_>) -> Broken {
    let Circumstances { tenant, own_tenant, .. } = circumstances;
    let is_tenant = |it: &String| it == tenant || it == OWN && own_tenant == tenant;
    let is_other = !tenant.is_empty() && !rules.tenants.iter().any(is_tenant);
    is_other.then(|| {
        let because = format!("acted for {tenant}, which is none of the tenants of {whose}");
        ("tenant_not_allowed", because)
    })
}

fn by_hour((rules, whose): &Said<'_>, event: &Event<'_>) -> Broken {
    let hour = event.at.hour().of_day();
    let (from, to) = rules.hours.filter(|hours| !is_within(*hours, hour))?;
    let because =
        format!("used at {hour:02} h UTC; the hours of {whose} are {from:02} to {to:02} h");
    Some(("hours_not_allowed", because))
}

fn by_transport((rules, whose): &Said<'_>, transport: Transport) -> Broken {
    let least = rules.tls_min?.transport();
    let is_known = transport != Transport::Unknown;
    (is_known && transport < least).then(|| {
        let (over, least) = (transport.name(), least.name());
        ("tls_not_allowed", format!("used over {over}; {whose} needs {least} at least"))
    })
}

fn is_within((from, to): (u8, u8), hour: usize) -> bool {
    let (from, to) = (usize::from(from), usize::from(to));
    if from <= to { from <= hour && hour < to } else { from <= hour || hour < to }
}

/// What was refused did no harm; that somebody tried is news all the same.
fn verdict(kind: &'static str, status: u16, because: &str) -> Verdict {
    let is_let_in = status < 400;
    Verdict {
        kind,
        severity: if is_let_in { Severity::High } else { Severity::Medium },
        score: POLICY_SCORE,
        because: format!(
            "{because}. It was {} (answered with {status})",
            if is_let_in { "let in" } else { "refused" }
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::detect::Pattern;
    use crate::identity::Prefixes;
    use crate::model::{EventKind, Millis, Timestamp};

    fn event(hour: i64) -> Event<'static> {
        Event {
            at: Timestamp::default().plus(Millis::hours(24 * 20_000 + hour)),
            kind: EventKind::Request,
            source: "",
            key: "k_a",
            role: "",
            source_ip: "192.0.2.7",
            method: "GET",
            path: "/v1/orders/7",
            query: "",
            route: "/v1/orders/{id}",
            status: 200,
            bytes: 0,
            user_agent: "",
        }
    }

    fn kinds(rules: &RoleRules, event: &Event<'_>, of: (&str, Transport)) -> Vec<&'static str> {
        let circumstances =
            Circumstances { country: of.0, transport: of.1, tenant: "acme", own_tenant: "acme" };
        let broken = RolePolicy::judge(&[(rules, "role partner")], event, circumstances);
        broken.into_iter().map(|verdict| verdict.kind).collect()
    }

    fn rules() -> RoleRules {
        RoleRules {
            routes: vec![Pattern::from("GET /v1/orders/*".to_owned())],
            methods: vec!["get".to_owned(), "POST".to_owned()],
            networks: Prefixes::read(&["192.0.2.0/24".to_owned()]).unwrap(),
            countries: vec!["DE".to_owned()],
            hours: Some((22, 6)),
            tls_min: Some(TlsMin::Tls12),
            tenants: vec!["@own".to_owned()],
            ..RoleRules::default()
        }
    }

    #[test]
    fn what_is_allowed_breaks_no_rule() {
        assert_eq!(kinds(&rules(), &event(23), ("de", Transport::Tls12)), [""; 0]);
        assert_eq!(kinds(&rules(), &event(5), ("", Transport::Unknown)), [""; 0]);
        assert_eq!(kinds(&RoleRules::default(), &event(12), ("FR", Transport::Plain)), [""; 0]);
        assert!(RolePolicy::concerns(&rules()) && !RolePolicy::concerns(&RoleRules::default()));
    }

    #[test]
    fn each_rule_is_broken_by_itself() {
        let (good, event) = (("DE", Transport::Tls13), event(23));
        let check = |event: Event<'_>, of, kind| assert_eq!(kinds(&rules(), &event, of), [kind]);
        check(Event { method: "DELETE", ..event }, good, "method_not_allowed");
        check(Event { method: "POST", ..event }, good, "route_not_allowed");
        check(Event { path: "/v1/users", route: "/v1/users", ..event }, good, "route_not_allowed");
        check(Event { source_ip: "198.51.100.7", ..event }, good, "network_not_allowed");
        check(event, ("FR", Transport::Tls13), "country_not_allowed");
        check(Event { at: event.at.plus(Millis::hours(7)), ..event }, good, "hours_not_allowed");
        check(event, ("DE", Transport::Tls11), "tls_not_allowed");
        check(event, ("DE", Transport::Plain), "tls_not_allowed");
    }

    #[test]
    fn a_key_acts_for_its_own_tenant_or_those_named() {
        let check = |allowed: &str, tenant: &str, expected: &[&str]| {
            let rules = RoleRules { tenants: vec![allowed.to_owned()], ..RoleRules::default() };
            let of = Circumstances { tenant, own_tenant: "acme", ..Circumstances::default() };
            let broken = RolePolicy::judge(&[(&rules, "role partner")], &event(12), of);
            let kinds: Vec<&str> = broken.into_iter().map(|verdict| verdict.kind).collect();
            assert_eq!(kinds, expected, "{allowed} {tenant}");
        };
        check("@own", "acme", &[]);
        check("@own", "", &[]);
        check("@own", "other", &["tenant_not_allowed"]);
        check("other", "acme", &["tenant_not_allowed"]);
        check("other", "other", &[]);
    }

    #[test]
    fn what_a_key_is_told_of_its_own_counts_before_what_its_role_is_told() {
        let own = RoleRules {
            networks: Prefixes::read(&["198.51.100.0/24".to_owned()]).unwrap(),
            ..RoleRules::default()
        };
        let role = rules();
        let of = Circumstances { transport: Transport::Tls13, ..Circumstances::default() };
        let broken = |event: &Event<'_>| {
            let said = [(&own, "this key"), (&role, "role partner")];
            let broken = RolePolicy::judge(&said, event, of).into_iter();
            broken.map(|verdict| verdict.because).collect::<Vec<_>>()
        };
        let there = Event { source_ip: "198.51.100.7", ..event(23) };
        assert_eq!(broken(&there), [""; 0]);
        let outside = "came from 192.0.2.7, which is in none of the networks of this key. It was \
                       let in (answered with 200)";
        assert_eq!(broken(&event(23)), [outside]);
        let said = &broken(&Event { method: "DELETE", ..there })[0];
        assert!(said.starts_with("sent DELETE; role partner may send get, POST"), "{said}");
    }
}
