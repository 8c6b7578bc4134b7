//! Where logs usually lie, and which names are surely not those of access logs.

use super::Server;

/// Patterns, with the server that writes there by default.
pub(super) const PLACES: &[(&str, Server)] = &[
    ("/var/log/nginx/*log", Server::Nginx),
    ("/usr/local/nginx/logs/*.log", Server::Nginx),
    ("/usr/local/openresty/nginx/logs/*.log", Server::Nginx),
    ("/var/log/apache2/*log", Server::Apache),
    ("/var/log/httpd/*log", Server::Apache),
    ("/var/log/caddy/*.log", Server::Caddy),
    ("/var/log/traefik/*.log", Server::Traefik),
    ("/var/log/traefik/*.json", Server::Traefik),
    ("/var/log/haproxy*.log", Server::Haproxy),
    ("/var/log/haproxy/*.log", Server::Haproxy),
    ("/var/log/envoy/*.log", Server::Envoy),
    ("/var/log/kong/*.log", Server::Kong),
    ("/usr/local/kong/logs/*.log", Server::Kong),
    ("/var/log/containers/*.log", Server::Container),
    ("/var/log/pods/*/*/*.log", Server::Container),
    ("/var/lib/docker/containers/*/*-json.log", Server::Container),
    ("/var/lib/containers/storage/overlay-containers/*/userdata/ctr.log", Server::Container),
    ("/var/log/*log", Server::Unknown),
    ("/var/log/*/*log", Server::Unknown),
    ("/var/log/*/*.json", Server::Unknown),
    ("/var/log/*/*.jsonl", Server::Unknown),
    ("/var/log/*/*/*log", Server::Unknown),
    ("/srv/*/log*/*access*log", Server::Unknown),
    ("/opt/*/log*/*access*log", Server::Unknown),
    ("/home/*/log*/*access*log", Server::Unknown),
];

/// Folders that hold logs, if they are there, and that are often closed.
pub(super) const FOLDERS: &[&str] = &[
    "/var/log/nginx",
    "/var/log/apache2",
    "/var/log/httpd",
    "/var/log/caddy",
    "/var/log/traefik",
    "/var/log/haproxy",
    "/var/log/envoy",
    "/var/log/kong",
    "/var/log/containers",
    "/var/lib/docker/containers",
];

/// What belongs to the system, and errors.
const OTHERS: &[&str] = &[
    "alternatives",
    "auth",
    "boot",
    "btmp",
    "cloud-init",
    "cron",
    "daemon",
    "dpkg",
    "error",
    "fail",
    "fontconfig",
    "history",
    "journal",
    "kern",
    "lastlog",
    "letsencrypt",
    "mail",
    "mysql",
    "postgresql",
    "postgres",
    "redis",
    "term",
    "ufw",
    "unattended",
    "user",
    "wtmp",
    "xorg",
    "yum",
    "dnf",
    "faillog",
    "bootstrap",
    "audit",
    "apt",
    "installer",
    "sysstat",
    "exim4",
    "clamav",
];

/// Whether it may be an access log, by its name alone.
pub(super) fn is_worth_a_look(path: &str) -> bool {
    let lower = path.to_ascii_lowercase();
    let mut words = lower.split(['/', '.', '-', '_']);
    let is_packed = [".gz", ".zst", ".xz", ".bz2"].iter().any(|ending| lower.ends_with(ending));
    !is_packed && !words.any(|word| OTHERS.contains(&word))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_and_the_system_s_own_logs_are_left_alone() {
        for name in ["/var/log/nginx/error.log", "/var/log/dpkg.log", "/var/log/apt/history.log"] {
            assert!(!is_worth_a_look(name), "{name}");
        }
        for name in
            ["/var/log/nginx/access.log", "/var/log/httpd/access_log", "/var/log/shop/api.log"]
        {
            assert!(is_worth_a_look(name), "{name}");
        }
    }
}
