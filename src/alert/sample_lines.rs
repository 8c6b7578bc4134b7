//! The log lines of a made-up incident of each kind.

use super::sample::ADDRESS;
use std::sync::Arc;

use crate::incident::EvidenceLine;
use crate::model::{Millis, Timestamp};

/// Second, address, method, path, status.
type Line = (i64, &'static str, &'static str, &'static str, u16);

const OTHER: &str = "198.51.100.23";
const SIX: &str = "2001:db8:41::9";

const USE: [Line; 5] = [
    (2, ADDRESS, "GET", "/v1/export?cursor={id}", 200),
    (41, ADDRESS, "GET", "/v1/customers/{id}", 403),
    (190, OTHER, "GET", "/v1/export?cursor={id}", 200),
    (510, SIX, "GET", "/v1/export?cursor={id}", 200),
    (830, ADDRESS, "GET", "/v1/customers/{id}", 403),
];
const REFUSED: [Line; 5] = [
    (2, ADDRESS, "GET", "/v1/customers/{id}", 403),
    (9, ADDRESS, "GET", "/v1/invoices/{id}", 403),
    (31, ADDRESS, "GET", "/v1/users", 403),
    (420, ADDRESS, "GET", "/v1/orders/{id}", 200),
    (815, ADDRESS, "GET", "/v1/admin/settings", 403),
];
const DELETED: [Line; 2] =
    [(2, ADDRESS, "DELETE", "/v1/users", 200), (14, ADDRESS, "DELETE", "/v1/users/{id}", 200)];
const LET_IN: [Line; 2] =
    [(2, ADDRESS, "GET", "/v1/users", 200), (14, ADDRESS, "GET", "/v1/users/{id}", 200)];
const OBJECTS: [Line; 5] = [
    (2, ADDRESS, "GET", "/v1/customers/{id}", 200),
    (3, ADDRESS, "GET", "/v1/customers/{id}", 200),
    (3, ADDRESS, "GET", "/v1/customers/{id}", 404),
    (829, ADDRESS, "GET", "/v1/customers/{id}", 200),
    (830, ADDRESS, "GET", "/v1/customers/{id}", 200),
];
const CANARY: [Line; 1] = [(2, ADDRESS, "GET", "/v1/me", 401)];
const LOGINS: [Line; 5] = [
    (2, ADDRESS, "POST", "/v1/login", 401),
    (4, ADDRESS, "POST", "/v1/login", 401),
    (5, ADDRESS, "POST", "/v1/login", 401),
    (828, ADDRESS, "POST", "/v1/login", 401),
    (830, ADDRESS, "POST", "/v1/login", 401),
];
const SCAN: [Line; 5] = [
    (2, ADDRESS, "GET", "/.env", 404),
    (3, ADDRESS, "GET", "/admin", 404),
    (5, ADDRESS, "GET", "/wp-login.php", 404),
    (601, ADDRESS, "GET", "/backup.zip", 404),
    (830, ADDRESS, "GET", "/v1/internal", 403),
];
const CROWD: [Line; 5] = [
    (2, ADDRESS, "POST", "/v1/signup", 201),
    (4, OTHER, "POST", "/v1/signup", 201),
    (9, "192.0.2.77", "POST", "/v1/signup", 201),
    (826, SIX, "POST", "/v1/signup", 201),
    (830, "198.51.100.140", "POST", "/v1/signup", 201),
];
const INVENTED: [Line; 5] = [
    (2, ADDRESS, "GET", "/v1/orders", 401),
    (2, OTHER, "GET", "/v1/orders", 401),
    (3, ADDRESS, "GET", "/v1/orders", 401),
    (830, SIX, "GET", "/v1/orders", 401),
    (830, ADDRESS, "GET", "/v1/orders", 401),
];
const BROKEN: [Line; 5] = [
    (2, ADDRESS, "GET", "/v1/orders/{id}", 503),
    (4, OTHER, "POST", "/v1/orders", 503),
    (6, "192.0.2.77", "GET", "/v1/customers/{id}", 503),
    (829, SIX, "GET", "/v1/orders/{id}", 503),
    (830, OTHER, "GET", "/v1/export?cursor={id}", 503),
];

/// With the number of lines that they stand for.
pub(super) fn lines(kind: &str, since: Timestamp) -> (Vec<Arc<EvidenceLine>>, u64) {
    let (lines, events): (&[Line], u64) = match kind {
        // Nothing was sent, or what is no request.
        "silent_key" | "message_pumping" | "delivery_failures" | "no_opt_in" | "after_opt_out"
        | "usage_spike" => (&[], 0),
        "volume_drop" => (&USE[..2], 12),
        "failures" => (&REFUSED, 940),
        "object_enumeration" => (&OBJECTS, 2_010),
        "canary_key_used" => (&CANARY, 1),
        "method_not_allowed" => (&DELETED, 2),
        "brute_force" => (&LOGINS, 412),
        "scanning" => (&SCAN, 96),
        "distributed_automation" => (&CROWD, 1_140),
        "key_flood" => (&INVENTED, 2_100),
        "fleet_errors" => (&BROKEN, 207),
        "revoked_key_used"
        | "retired_key_used"
        | "disabled_key_used"
        | "expired_key_used"
        | "unknown_key_accepted"
        | "route_not_allowed"
        | "network_not_allowed"
        | "country_not_allowed"
        | "tenant_not_allowed"
        | "hours_not_allowed"
        | "tls_not_allowed" => (&LET_IN, 2),
        _ => (&USE, 8_214),
    };
    let line = |&(second, ip, method, path, status): &Line| EvidenceLine {
        at: since.plus(Millis::seconds(second)),
        source_ip: ip.to_owned(),
        method: method.to_owned(),
        path: path.to_owned(),
        status,
        user_agent: "curl/8.5.0".to_owned(),
    };
    (lines.iter().map(line).map(Arc::new).collect(), events)
}
