//! The lines that let a server log which key was used, and not the key itself.

use super::Server;

/// How one server does it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyLines {
    pub server: Server,
    /// Where the lines go, and what they do.
    pub what: &'static str,
    pub lines: String,
    /// What makes the server use them.
    pub then: &'static str,
    /// The settings of the source in keyvigil's configuration.
    pub settings: String,
    /// What is better still, or what to mind.
    pub mind: &'static str,
}

/// Servers for which there are lines, by the name under which they are asked for.
pub const SERVERS: [(&str, Server); 8] = [
    ("nginx", Server::Nginx),
    ("apache", Server::Apache),
    ("caddy", Server::Caddy),
    ("haproxy", Server::Haproxy),
    ("traefik", Server::Traefik),
    ("envoy", Server::Envoy),
    ("kong", Server::Kong),
    ("api-gateway", Server::ApiGateway),
];

const ID_OF_THE_API: &str = "Better still: the API itself knows which key it was. Let it answer with \
     the key's id in a header of its own, log that one, and nothing of the key is in the log \
     (requests that it refuses then have no id).";

/// The lines for keys in this header; none for a server that is not known.
pub fn key_lines(server: Server, header: &str) -> Option<KeyLines> {
    match server {
        Server::Nginx => Some(nginx(header)),
        Server::Apache => Some(apache(header)),
        Server::Caddy => Some(caddy(header)),
        Server::Haproxy => Some(haproxy(header)),
        Server::Traefik => Some(traefik()),
        Server::Envoy => Some(envoy()),
        Server::Kong => Some(kong(header)),
        Server::ApiGateway => Some(api_gateway()),
        Server::Container | Server::Unknown => None,
    }
}

const NGINX_FORMAT: &str = "log_format keyvigil '$remote_addr - $remote_user [$time_local] \"$request\" $status $body_bytes_sent '\n                    '\"$http_referer\" \"$http_user_agent\" \"$key_id\" $request_time';";

fn nginx(header: &str) -> KeyLines {
    let variable = header.to_ascii_lowercase().replace('-', "_");
    KeyLines {
        server: Server::Nginx,
        what: "into the http block of nginx.conf, in the place of its access_log: the last 8 \
               characters of a key tell it from others without giving it away; keys under 20 \
               characters are left out",
        lines: format!(
            "map $http_{variable} $key_id {{\n    default \"-\";\n    \
             \"~^.{{12,}}(?<key_end>[A-Za-z0-9_.~+/=-]{{8}})$\" $key_end;\n}}\n{NGINX_FORMAT}\n\
             access_log /var/log/nginx/access.log keyvigil;"
        ),
        then: "sudo nginx -t && sudo systemctl reload nginx",
        settings: format!("key_from = \"key_id\"\nlog_format = '''\n{NGINX_FORMAT}'''"),
        mind: "Better still: the API itself knows which key it was. Let it answer with the key's id \
               in a header X-Key-Id, log $upstream_http_x_key_id in the place of $key_id, and hide \
               it from clients with proxy_hide_header X-Key-Id (requests that it refuses then have \
               no id). A JWT changes with every login, and so does its end: log its subject.",
    }
}

const APACHE_FORMAT: &str = r#"LogFormat "%h %l %u %t \"%r\" %>s %b \"%{Referer}i\" \"%{User-Agent}i\" \"%{key_id}e\" %D" keyvigil"#;

fn apache(header: &str) -> KeyLines {
    KeyLines {
        server: Server::Apache,
        what: "into the virtual host, in the place of its CustomLog (mod_setenvif is on by \
               default): the last 8 characters of a key tell it from others without giving it \
               away; keys under 20 characters are left out",
        lines: format!(
            "SetEnvIf {header} \"^.{{12,}}([A-Za-z0-9_.~+/=-]{{8}})$\" key_id=$1\n\
             {APACHE_FORMAT}\nCustomLog ${{APACHE_LOG_DIR}}/access.log keyvigil"
        ),
        then: "sudo apachectl configtest && sudo systemctl reload apache2",
        settings: format!("key_from = \"key_id\"\nlog_format = '{APACHE_FORMAT}'"),
        mind: "Better still: the API itself knows which key it was. Let it answer with the key's id \
               in a header X-Key-Id and log %{X-Key-Id}o in the place of %{key_id}e (requests that \
               it refuses then have no id).",
    }
}

fn caddy(header: &str) -> KeyLines {
    KeyLines {
        server: Server::Caddy,
        what: "into the site of the Caddyfile: Caddy logs headers such as this one whole unless it \
               is told to hash them",
        lines: format!(
            "log {{\n    output file /var/log/caddy/access.log\n    format filter {{\n        \
             wrap json\n        fields {{\n            request>headers>{} hash\n            \
             request>headers>Authorization delete\n            request>headers>Cookie delete\n        \
             }}\n    }}\n}}",
            canonical(header)
        ),
        then: "sudo systemctl reload caddy",
        settings: String::new(),
        mind: "The hash is the beginning of SHA-256 without a secret: fine for random keys, not for \
               ones that could be guessed.",
    }
}

fn haproxy(header: &str) -> KeyLines {
    KeyLines {
        server: Server::Haproxy,
        what: "into the frontend of haproxy.cfg: 16 digits of the key's SHA-256 take its place",
        lines: format!(
            "http-request capture req.hdr(User-Agent) len 128\nhttp-request set-var(txn.key_id) \
             req.hdr({header}),sha2(256),hex,bytes(0,16) if {{ req.hdr({header}) -m found }}\n\
             log-format '%{{+E}}o%ci - - [%trl] \"%HM %HU %HV\" %ST %B \"-\" \
             \"%[capture.req.hdr(0)]\" \"%[var(txn.key_id)]\" %Tt'"
        ),
        then: "sudo haproxy -c -f /etc/haproxy/haproxy.cfg && sudo systemctl reload haproxy",
        settings:
            "key_from = \"key_id\"\nlog_format = '$remote_addr - - [$time_local] \"$request\" \
                   $status $body_bytes_sent \"$http_referer\" \"$http_user_agent\" \"$key_id\" \
                   $duration_ms'"
                .to_owned(),
        mind: "The hash has no secret: fine for random keys, not for ones that could be guessed.",
    }
}

fn traefik() -> KeyLines {
    KeyLines {
        server: Server::Traefik,
        what: "into the static configuration: Traefik can keep, drop or blank a header, and not \
               shorten it. So let the API (or the service of a ForwardAuth) answer with the key's \
               id in X-Key-Id, and keep that one",
        lines:
            "accessLog:\n  filePath: /var/log/traefik/access.log\n  format: json\n  fields:\n    \
                headers:\n      defaultMode: drop\n      names:\n        User-Agent: keep\n        \
                X-Key-Id: keep"
                .to_owned(),
        then: "restart Traefik",
        settings: "key_from = \"downstream_X-Key-Id\"".to_owned(),
        mind: "Keeping X-Api-Key itself writes whole keys into the log.",
    }
}

fn envoy() -> KeyLines {
    KeyLines {
        server: Server::Envoy,
        what: "into access_log of the HTTP connection manager: Envoy can cut a header, but only to \
               its beginning, which many keys have in common. So let the API answer with the key's \
               id in X-Key-Id",
        lines: "- name: envoy.access_loggers.file\n  typed_config:\n    \"@type\": \
                type.googleapis.com/envoy.extensions.access_loggers.file.v3.FileAccessLog\n    path: \
                /var/log/envoy/access.log\n    log_format:\n      json_format:\n        start_time: \
                \"%START_TIME%\"\n        client: \"%DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT%\"\n        \
                method: \"%REQ(:METHOD)%\"\n        path: \"%REQ(X-ENVOY-ORIGINAL-PATH?:PATH)%\"\n        \
                response_code: \"%RESPONSE_CODE%\"\n        response_flags: \"%RESPONSE_FLAGS%\"\n        \
                bytes_sent: \"%BYTES_SENT%\"\n        duration: \"%DURATION%\"\n        user_agent: \
                \"%REQ(USER-AGENT)%\"\n        key_id: \"%RESP(X-KEY-ID)%\""
            .to_owned(),
        then: "restart Envoy, or let its control plane hand it out",
        settings: String::new(),
        mind: "With JWTs, log the subject instead: %DYNAMIC_METADATA(envoy.filters.http.jwt_authn:\
               payload:sub)%.",
    }
}

fn kong(header: &str) -> KeyLines {
    KeyLines {
        server: Server::Kong,
        what: "Kong's key-auth knows the id of the key, and file-log writes it; only take the key \
               itself out of the log",
        lines: format!(
            "curl -X POST http://127.0.0.1:8001/plugins -d name=file-log \\\n  -d \
             config.path=/var/log/kong/access.log \\\n  -d \
             'config.custom_fields_by_lua.request.headers.{}=return nil'",
            header.to_ascii_lowercase()
        ),
        then: "set hide_credentials=true in the key-auth plugin too",
        settings: "key_from = \"authenticated_entity.id\"".to_owned(),
        mind: "A key in the query string is logged with the address: accept keys in a header only \
               (key_in_query=false).",
    }
}

fn api_gateway() -> KeyLines {
    KeyLines {
        server: Server::ApiGateway,
        what: "as the format of the stage's access log: it holds the key's id, never the key \
               ($context.identity.apiKey would be the key itself)",
        lines: "{\"time\":\"$context.requestTime\",\"client_ip\":\"$context.identity.sourceIp\",\
                \"method\":\"$context.httpMethod\",\"path\":\"$context.path\",\
                \"status\":\"$context.status\",\"bytes\":\"$context.responseLength\",\
                \"duration_ms\":\"$context.responseLatency\",\
                \"user_agent\":\"$context.identity.userAgent\",\
                \"key_id\":\"$context.identity.apiKeyId\"}"
            .to_owned(),
        then: "deploy the stage, and bring its log group to this machine as files",
        settings: "format = \"json\"".to_owned(),
        mind: ID_OF_THE_API,
    }
}

/// `x-api-key` as Go writes a header's name: `X-Api-Key`.
fn canonical(header: &str) -> String {
    let mut name = String::new();
    for letter in header.chars() {
        let begins = name.is_empty() || name.ends_with('-');
        name.push(if begins { letter.to_ascii_uppercase() } else { letter.to_ascii_lowercase() });
    }
    name
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;

    #[test]
    fn the_settings_that_go_with_the_lines_are_a_configuration() {
        for (name, server) in SERVERS {
            let settings = key_lines(server, "X-API-Key").unwrap().settings;
            let text = format!("[[sources]]\npath = \"/var/log/x.log\"\n{settings}\n");
            let config = Config::parse(&text, name).unwrap_or_else(|error| panic!("{error}"));
            assert_eq!(config.sources.len(), 1, "{name}");
        }
    }

    #[test]
    fn the_header_is_the_one_that_was_asked_for() {
        let lines = |server| key_lines(server, "x-TOKEN").unwrap().lines;
        assert!(lines(Server::Nginx).starts_with("map $http_x_token $key_id"));
        assert!(lines(Server::Caddy).contains("request>headers>X-Token hash"));
    }
}
