//! Every format by name. `FORMATS` is what the README's table is made from.

use std::sync::Arc;

use super::FormatError;
use super::Options;
use super::Reader;
use super::apache;
use super::credential::Credentials;
use super::json::Json;
use super::nginx;
use super::preset::Preset;
use super::presets;
use super::wrapper::Wrapper;

/// A format, as people choose it.
#[derive(Clone, Copy, Debug)]
pub struct FormatInfo {
    pub name: &'static str,
    pub title: &'static str,
    pub reads: &'static str,
    family: Family,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Family {
    Clf,
    /// A format string of nginx that never changes.
    Fixed(&'static str),
    PastedNginx,
    PastedApache,
    Json,
    /// JSON whose fields a table names.
    Preset(&'static Preset),
    Wrapped(Wrapper),
}

const fn info(
    name: &'static str,
    title: &'static str,
    reads: &'static str,
    family: Family,
) -> FormatInfo {
    FormatInfo { name, title, reads, family }
}

/// In the order in which they are listed.
pub const FORMATS: &[FormatInfo] = &[
    info("nginx", "nginx", "combined, also with further columns", Family::Clf),
    info(
        "custom-nginx",
        "nginx, pasted",
        "any `log_format`, pasted from nginx.conf",
        Family::PastedNginx,
    ),
    info("nginx-json", "nginx, JSON", "JSON lines of a `log_format escape=json`", Family::Json),
    info("nginx-vhost", "nginx, virtual hosts", "combined with the host in front", Family::Clf),
    info(
        "nginx-ingress",
        "ingress-nginx",
        "the default of the Kubernetes ingress",
        Family::Fixed(INGRESS),
    ),
    info("apache", "Apache", "common and combined, also with virtual hosts", Family::Clf),
    info(
        "custom-apache",
        "Apache, pasted",
        "any `LogFormat`, pasted from httpd.conf",
        Family::PastedApache,
    ),
    info("clf", "Common log format", "whatever writes NCSA common or combined", Family::Clf),
    info("json", "JSON lines", "an object a line, with the usual names", Family::Json),
    info(
        "docker-json",
        "Docker",
        "the json-file driver around another format",
        Family::Wrapped(Wrapper::Docker),
    ),
    info(
        "k8s-cri",
        "Kubernetes, CRI",
        "container logs around another format",
        Family::Wrapped(Wrapper::Cri),
    ),
    info(
        "syslog",
        "syslog",
        "RFC 3164 and 5424 around another format",
        Family::Wrapped(Wrapper::Syslog),
    ),
    info(
        "traefik-clf",
        "Traefik",
        "common log format with Traefik's columns",
        Family::Fixed(TRAEFIK),
    ),
    info("envoy-text", "Envoy and Istio, text", "Envoy's default access log", Family::Fixed(ENVOY)),
    info("aws-alb", "AWS ALB", "access logs of an Application Load Balancer", Family::Fixed(ALB)),
    info(
        "aws-elb-classic",
        "AWS ELB",
        "access logs of a Classic Load Balancer",
        Family::Fixed(ELB),
    ),
    info("aws-s3-access", "AWS S3", "server access logs", Family::Fixed(S3)),
    info("caddy", "Caddy", "Caddy's JSON access log", Family::Json),
    info("traefik-json", "Traefik, JSON", "Traefik's JSON access log", Family::Json),
    info("envoy-json", "Envoy and Istio, JSON", "JSON access log", Family::Json),
    info("kong", "Kong", "file-log and http-log", Family::Json),
    info("cloudflare-http", "Cloudflare", "HTTP requests of Logpush", Family::Json),
    info(
        "cloudtrail",
        "AWS CloudTrail",
        "events, alone or as Records",
        Family::Preset(&presets::CLOUDTRAIL),
    ),
    info(
        "k8s-audit",
        "Kubernetes audit",
        "audit.k8s.io events",
        Family::Preset(&presets::K8S_AUDIT),
    ),
    info(
        "gcp-audit",
        "Google Cloud audit",
        "Cloud Audit Logs",
        Family::Preset(&presets::GCP_AUDIT),
    ),
    info(
        "azure-activity",
        "Azure activity",
        "activity logs",
        Family::Preset(&presets::AZURE_ACTIVITY),
    ),
    info(
        "github-audit",
        "GitHub audit",
        "audit log of an organisation",
        Family::Preset(&presets::GITHUB_AUDIT),
    ),
    info("okta", "Okta", "system log", Family::Preset(&presets::OKTA)),
    info(
        "openai-audit",
        "OpenAI audit",
        "audit log of an organisation",
        Family::Preset(&presets::OPENAI_AUDIT),
    ),
    info(
        "anthropic-activity",
        "Anthropic activity",
        "activity feed",
        Family::Preset(&presets::ANTHROPIC_ACTIVITY),
    ),
];

const INGRESS: &str = "$remote_addr - $remote_user [$time_local] \"$request\" $status $body_bytes_sent \"$http_referer\" \"$http_user_agent\" $request_length $request_time [$proxy_upstream_name] [$proxy_alternative_upstream_name] $upstream_addr $upstream_response_length $upstream_response_time $upstream_status $req_id";
const TRAEFIK: &str = "$remote_addr - $remote_user [$time_local] \"$request\" $status $body_bytes_sent \"$http_referer\" \"$http_user_agent\" $request_count \"$router_name\" \"$upstream_url\" ${duration_ms}ms";
const ENVOY: &str = "[$time_iso8601] \"$request\" $status $flags $request_length $body_bytes_sent $duration_ms $upstream_time \"$http_x_forwarded_for\" \"$http_user_agent\" \"$request_id\" \"$http_host\" \"$upstream_host\"";
const ALB: &str = "$type $arrival $elb $remote_addr $target $request_processing_time $duration $response_processing_time $status $target_status_code $request_length $body_bytes_sent \"$request\" \"$http_user_agent\" $ssl_cipher $ssl_protocol $target_group_arn \"$trace_id\" \"$domain_name\" \"$chosen_cert_arn\" $matched_rule_priority $time_iso8601 \"$actions_executed\" \"$redirect_url\" \"$error_reason\"";
const ELB: &str = "$time_iso8601 $elb $remote_addr $backend $request_processing_time $duration $response_processing_time $status $backend_status_code $request_length $body_bytes_sent \"$request\" \"$http_user_agent\" $ssl_cipher $ssl_protocol";
const S3: &str = "$owner $bucket [$time_local] $remote_addr $remote_user $request_id $operation $object \"$request\" $status $error_code $body_bytes_sent $object_size $total_ms $turn_around_ms \"$http_referer\" \"$http_user_agent\" $version_id";

/// How lines of the named format are read.
pub(super) fn reader(name: &str, options: &Options) -> Result<(&'static str, Reader), FormatError> {
    let credentials = Credentials::new(options.key_from.as_deref());
    let Some(info) = FORMATS.iter().find(|info| info.name == name) else {
        return Err(unknown(name));
    };
    let pasted = options.log_format.as_deref();
    let reader = match (info.family, pasted) {
        (Family::PastedNginx | Family::PastedApache, None) => {
            return Err(FormatError::NeedsLogFormat { name: name.to_owned() });
        }
        (Family::PastedApache, Some(pasted)) => pasted_plan(pasted, apache::compile, credentials)?,
        (Family::Clf, Some(pasted)) if pasted.contains('%') && !pasted.contains('$') => {
            pasted_plan(pasted, apache::compile, credentials)?
        }
        (Family::PastedNginx | Family::Clf, Some(pasted)) => {
            pasted_plan(pasted, nginx::compile, credentials)?
        }
        (Family::Clf, None) => Reader::Clf(Arc::new(credentials)),
        (Family::Fixed(text), _) => Reader::Plan(Arc::new(nginx::compile(text, credentials)?)),
        (Family::Json, _) => Reader::Json(Arc::new(Json::new(credentials, None))),
        (Family::Preset(preset), _) => Reader::Json(Arc::new(Json::new(credentials, Some(preset)))),
        (Family::Wrapped(wrapper), _) => Reader::Wrapped(wrapper, Arc::new(credentials)),
    };
    Ok((info.name, reader))
}

fn pasted_plan(
    pasted: &str,
    compile: fn(&str, Credentials) -> Result<super::Plan, FormatError>,
    credentials: Credentials,
) -> Result<Reader, FormatError> {
    let from = credentials.from().map(ToOwned::to_owned);
    let plan = compile(pasted, credentials)?;
    match from {
        Some(name) if !plan.has(&name) => Err(FormatError::NoSuchVariable { name }),
        Some(_) | None => Ok(Reader::Plan(Arc::new(plan))),
    }
}

fn unknown(name: &str) -> FormatError {
    let names: Vec<&str> = FORMATS.iter().map(|info| info.name).collect();
    let near = names.iter().find(|known| known.contains(name) || name.contains(**known));
    let advice = match near {
        Some(near) if !name.is_empty() => format!("did you mean {near:?}?"),
        Some(_) | None => format!("known are auto, {}", names.join(", ")),
    };
    FormatError::Unknown { name: name.to_owned(), advice }
}
