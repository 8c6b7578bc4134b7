//! What the made-up service offers: its routes, how long they take and how much they send.

/// What a route is for. Roles and attackers choose by it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Area {
    Parcels,
    Rates,
    Customers,
    Export,
    Reports,
    App,
    Internal,
    Admin,
    Hooks,
    Language,
    Login,
    Signup,
    Health,
    Probe,
    Site,
    Feature,
    KeyInUrl,
}

/// One route: `{n}` is the object's number, `{u}` its UUID, `{m}` a small number, `{w}` words, `{k}` the key.
pub(super) struct Route {
    pub(super) area: Area,
    pub(super) method: &'static str,
    pub(super) path: &'static str,
    pub(super) ok: u16,
    pub(super) bytes: f64,
    pub(super) millis: f64,
}

const fn route(area: Area, call: (&'static str, &'static str), ok: u16, cost: (f64, f64)) -> Route {
    Route { area, method: call.0, path: call.1, ok, bytes: cost.0, millis: cost.1 }
}

pub(super) const ROUTES: &[Route] = &[
    route(Area::Parcels, ("GET", "/v2/parcels/{n}"), 200, (1400.0, 22.0)),
    route(Area::Parcels, ("POST", "/v2/parcels"), 201, (620.0, 95.0)),
    route(Area::Parcels, ("GET", "/v2/parcels?page={m}&size=50"), 200, (18_000.0, 120.0)),
    route(Area::Parcels, ("PUT", "/v2/parcels/{n}/label"), 200, (240.0, 60.0)),
    route(Area::Parcels, ("GET", "/v2/tracking/{u}"), 200, (900.0, 15.0)),
    route(Area::Parcels, ("DELETE", "/v2/parcels/{n}"), 204, (0.0, 40.0)),
    route(Area::Parcels, ("GET", "/v2/parcels/{n}/events"), 200, (2600.0, 31.0)),
    route(Area::Rates, ("POST", "/v2/rates/quote"), 200, (780.0, 70.0)),
    route(Area::Rates, ("GET", "/v2/rates/zones/{m}"), 200, (3100.0, 12.0)),
    route(Area::Rates, ("GET", "/v2/rates/carriers"), 200, (5400.0, 10.0)),
    route(Area::Customers, ("GET", "/v2/customers/{n}"), 200, (1900.0, 18.0)),
    route(Area::Customers, ("GET", "/v2/customers/{n}/addresses"), 200, (1200.0, 20.0)),
    route(Area::Customers, ("PATCH", "/v2/customers/{n}"), 200, (1900.0, 55.0)),
    route(Area::Customers, ("GET", "/v2/customers/{n}/invoices/{m}"), 200, (4300.0, 35.0)),
    route(Area::Customers, ("GET", "/v2/customers?page={m}"), 200, (26_000.0, 150.0)),
    route(Area::Customers, ("GET", "/v2/customers?email=user{m}@example.com"), 200, (1900.0, 40.0)),
    route(Area::Export, ("GET", "/v2/exports/{n}/file.csv"), 200, (380_000.0, 900.0)),
    route(Area::Export, ("POST", "/v2/exports"), 202, (310.0, 80.0)),
    route(Area::Export, ("GET", "/v2/exports/{n}"), 200, (420.0, 14.0)),
    route(Area::Reports, ("GET", "/v2/reports/sales?month={m}"), 200, (42_000.0, 640.0)),
    route(Area::Reports, ("GET", "/v2/reports/returns?week={m}"), 200, (17_000.0, 410.0)),
    route(Area::Reports, ("POST", "/v2/search"), 200, (9000.0, 210.0)),
    route(Area::Reports, ("GET", "/v2/dashboards/{m}"), 200, (12_000.0, 180.0)),
    route(Area::App, ("GET", "/app/v5/home"), 200, (7400.0, 48.0)),
    route(Area::App, ("GET", "/app/v5/feed?cursor={n}"), 200, (15_500.0, 66.0)),
    route(Area::App, ("POST", "/app/v5/events"), 204, (0.0, 9.0)),
    route(Area::App, ("GET", "/app/v5/parcels/{n}"), 200, (2100.0, 27.0)),
    route(Area::App, ("PUT", "/app/v5/push-token"), 204, (0.0, 16.0)),
    route(Area::App, ("POST", "/app/v5/ratings"), 201, (150.0, 34.0)),
    route(Area::Internal, ("POST", "/internal/ledger/entries"), 201, (180.0, 12.0)),
    route(Area::Internal, ("GET", "/internal/stock/{n}"), 200, (520.0, 5.0)),
    route(Area::Internal, ("PUT", "/internal/stock/{n}"), 200, (90.0, 9.0)),
    route(Area::Internal, ("GET", "/internal/flags"), 200, (2200.0, 3.0)),
    route(Area::Admin, ("GET", "/admin/users?page={m}"), 200, (21_000.0, 90.0)),
    route(Area::Admin, ("GET", "/admin/users/{n}"), 200, (2400.0, 26.0)),
    route(Area::Admin, ("POST", "/admin/users/{n}/roles"), 200, (160.0, 44.0)),
    route(Area::Admin, ("GET", "/admin/keys"), 200, (9800.0, 30.0)),
    route(Area::Admin, ("POST", "/admin/keys"), 201, (240.0, 50.0)),
    route(Area::Admin, ("GET", "/admin/audit?page={m}"), 200, (33_000.0, 140.0)),
    route(Area::Admin, ("GET", "/admin/settings"), 200, (3600.0, 21.0)),
    route(Area::Hooks, ("POST", "/hooks/in/{m}"), 202, (60.0, 18.0)),
    route(Area::Hooks, ("GET", "/hooks/deliveries/{u}"), 200, (700.0, 13.0)),
    route(Area::Language, ("POST", "/v2/assist/chat"), 200, (5200.0, 4200.0)),
    route(Area::Language, ("POST", "/v2/assist/embeddings"), 200, (24_000.0, 350.0)),
    route(Area::Language, ("POST", "/v2/assist/summaries"), 200, (2800.0, 2600.0)),
    route(Area::Language, ("GET", "/v2/assist/models"), 200, (1100.0, 8.0)),
    route(Area::Login, ("POST", "/v2/auth/token"), 200, (480.0, 130.0)),
    route(Area::Login, ("POST", "/v2/auth/refresh"), 200, (480.0, 40.0)),
    route(Area::Signup, ("POST", "/v2/accounts"), 201, (350.0, 210.0)),
    route(Area::Signup, ("POST", "/v2/vouchers/redeem"), 200, (210.0, 85.0)),
    route(Area::Signup, ("POST", "/v2/contact"), 202, (90.0, 60.0)),
    route(Area::Health, ("GET", "/healthz"), 200, (15.0, 1.0)),
    route(Area::Probe, ("GET", "/.env"), 404, (146.0, 1.0)),
    route(Area::Probe, ("GET", "/wp-login.php"), 404, (146.0, 1.0)),
    route(Area::Probe, ("GET", "/.git/config"), 404, (146.0, 1.0)),
    route(Area::Probe, ("POST", "/xmlrpc.php"), 404, (146.0, 1.0)),
    route(Area::Probe, ("GET", "/phpmyadmin/index.php"), 404, (146.0, 1.0)),
    route(Area::Probe, ("GET", "/actuator/env"), 404, (146.0, 1.0)),
    route(Area::Probe, ("GET", "/owa/auth/logon.aspx"), 404, (146.0, 1.0)),
    route(Area::Probe, ("POST", "/cgi-bin/luci"), 404, (146.0, 1.0)),
    route(Area::Probe, ("GET", "/solr/admin/info/system"), 404, (146.0, 1.0)),
    route(Area::Probe, ("GET", "/{w}"), 404, (146.0, 1.0)),
    route(Area::Site, ("GET", "/"), 200, (5200.0, 4.0)),
    route(Area::Site, ("GET", "/robots.txt"), 200, (64.0, 1.0)),
    route(Area::Site, ("GET", "/favicon.ico"), 404, (146.0, 1.0)),
    route(Area::Site, ("GET", "/docs/{w}"), 200, (14_000.0, 6.0)),
    route(Area::Feature, ("POST", "/v2/returns"), 201, (540.0, 75.0)),
    route(Area::Feature, ("GET", "/v2/returns/{n}"), 200, (1300.0, 24.0)),
    route(Area::Feature, ("GET", "/v3/parcels/{n}"), 200, (1700.0, 20.0)),
    route(Area::Feature, ("GET", "/v3/parcels?after={n}"), 200, (16_000.0, 90.0)),
    route(Area::KeyInUrl, ("GET", "/v2/tracking/{n}?api_key={k}"), 200, (900.0, 15.0)),
];

/// Words for paths that nobody serves.
pub(super) const WORDS: &[&str] = &[
    "backup", "old", "test", "console", "api", "v1", "dev", "staging", "login", "manager",
    "config", "db", "dump", "users", "private", "upload", "files", "shell", "cgi", "portal",
    "debug", "status", "metrics", "graphql", "swagger", "panel", "secret", "keys", "export",
    "logs", "tmp", "root",
];

/// The numbers of the routes of an area.
pub(super) fn of_area(area: Area) -> Vec<u16> {
    (0u16..).zip(ROUTES).filter(|(_, route)| route.area == area).map(|(number, _)| number).collect()
}

/// The number of the first route of an area.
pub(super) fn first_of(area: Area) -> u16 {
    of_area(area).first().copied().unwrap_or(0)
}

/// The number of the last route of an area.
pub(super) fn last_of(area: Area) -> u16 {
    of_area(area).last().copied().unwrap_or(0)
}

/// Whether the route names an object by its number.
pub(super) fn has_object(number: u16) -> bool {
    ROUTES.get(usize::from(number)).is_some_and(|route| route.path.contains("{n}"))
}
