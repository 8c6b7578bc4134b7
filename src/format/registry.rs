//! Every format by name. `FORMATS` is what the README's table is made from.

use std::sync::Arc;

use super::FormatError;
use super::Options;
use super::Reader;
use super::apache;
use super::credential::Credentials;
use super::json::Json;
use super::nginx;
use super::plan::Plan;
use super::preset::Preset;
use super::presets;
use super::strings::ALB;
use super::strings::ELB;
use super::strings::ELB_SHORT;
use super::strings::ENVOY;
use super::strings::HAPROXY;
use super::strings::HAPROXY_TCP;
use super::strings::INGRESS;
use super::strings::S3;
use super::strings::S3_BARE;
use super::strings::SQUID;
use super::strings::TRAEFIK;
use super::w3c::W3c;

/// A format, as people choose it.
#[derive(Clone, Copy, Debug)]
pub struct FormatInfo {
    pub name: &'static str,
    pub title: &'static str,
    pub reads: &'static str,
    family: Family,
}

#[derive(Clone, Copy, Debug)]
enum Family {
    Clf,
    /// The family, or JSON lines.
    Either,
    /// Strings in nginx's manner that never change; the first that fits counts.
    Fixed(&'static [&'static str]),
    PastedNginx,
    PastedApache,
    Json,
    /// JSON whose fields a table names.
    Preset(&'static Preset),
    W3c(fn() -> W3c),
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
        Family::Fixed(&[INGRESS]),
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
    info("docker-json", "Docker", "the json-file driver around another format", Family::Either),
    info("k8s-cri", "Kubernetes, CRI", "container logs around another format", Family::Either),
    info("syslog", "syslog", "RFC 3164 and 5424 around another format", Family::Either),
    info(
        "traefik-clf",
        "Traefik",
        "common log format with Traefik's columns",
        Family::Fixed(&[TRAEFIK]),
    ),
    info(
        "envoy-text",
        "Envoy and Istio, text",
        "Envoy's default access log",
        Family::Fixed(&[ENVOY]),
    ),
    info(
        "aws-alb",
        "AWS ALB",
        "access logs of an Application Load Balancer",
        Family::Fixed(&[ALB]),
    ),
    info(
        "aws-elb-classic",
        "AWS ELB",
        "access logs of a Classic Load Balancer",
        Family::Fixed(&[ELB, ELB_SHORT]),
    ),
    info("aws-s3-access", "AWS S3", "server access logs", Family::Fixed(&[S3, S3_BARE])),
    info("caddy", "Caddy", "Caddy's JSON access log", Family::Json),
    info("traefik-json", "Traefik, JSON", "Traefik's JSON access log", Family::Json),
    info("envoy-json", "Envoy and Istio, JSON", "JSON access log", Family::Json),
    info("kong", "Kong", "file-log, http-log, and the proxy's access log", Family::Either),
    info("cloudflare-http", "Cloudflare", "HTTP requests of Logpush", Family::Json),
    info("haproxy", "HAProxy", "HTTP log", Family::Fixed(&[HAPROXY])),
    info("haproxy-tcp", "HAProxy, TCP", "TCP log", Family::Fixed(&[HAPROXY_TCP])),
    info("squid", "Squid", "native access log", Family::Fixed(&[SQUID])),
    info("w3c-iis", "IIS", "W3C extended log", Family::W3c(W3c::iis)),
    info("aws-cloudfront", "AWS CloudFront", "standard logs", Family::W3c(W3c::cloudfront)),
    info(
        "bedrock-invocation",
        "AWS Bedrock",
        "model invocation log",
        Family::Preset(&presets::BEDROCK),
    ),
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
        "azure",
        "Azure diagnostics",
        "records around Kubernetes audit events",
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

impl FormatInfo {
    /// Whether lines can be tried without a person's help, and no other format of the
    /// table would do exactly the same.
    pub(super) fn is_candidate(&self) -> bool {
        match self.family {
            Family::PastedNginx | Family::PastedApache => false,
            Family::Json => self.name == "json",
            Family::Clf
            | Family::Either
            | Family::Fixed(_)
            | Family::Preset(_)
            | Family::W3c(_) => true,
        }
    }
}

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
        (Family::Either, _) => Reader::Either(Arc::new(Json::new(credentials, None))),
        (Family::Fixed(texts), _) => {
            let plans = texts.iter().map(|text| nginx::compile(text, credentials.clone()));
            Reader::Plans(plans.collect::<Result<_, _>>()?)
        }
        (Family::Json, _) => Reader::Json(Arc::new(Json::new(credentials, None))),
        (Family::Preset(preset), _) => Reader::Json(Arc::new(Json::new(credentials, Some(preset)))),
        (Family::W3c(format), _) => Reader::W3c(format()),
    };
    Ok((info.name, reader))
}

fn pasted_plan(
    pasted: &str,
    compile: fn(&str, Credentials) -> Result<Plan, FormatError>,
    credentials: Credentials,
) -> Result<Reader, FormatError> {
    let from = credentials.from().map(ToOwned::to_owned);
    let plan = compile(pasted, credentials)?;
    match from {
        Some(name) if !plan.has(&name) => Err(FormatError::NoSuchVariable { name }),
        Some(_) | None => Ok(Reader::Plans([plan].into())),
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
