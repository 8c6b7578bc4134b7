//! Every format by name. `FORMATS` is what the README's table is made from.

use std::sync::Arc;
use std::sync::LazyLock;

use super::FormatError;
use super::Grows;
use super::Options;
use super::Reader;
use super::apache;
use super::credential::Credentials;
use super::goaccess;
use super::json::Json;
use super::nginx;
use super::pattern::Regexp;
use super::plan::Plan;
use super::preset::Preset;
use super::preset::Rows;
use super::presets::PRESETS;
use super::table::Table;
use super::w3c::W3c;

use crate::model::EventKind;

/// A format, as people choose it.
#[derive(Clone, Debug)]
pub struct FormatInfo {
    pub name: &'static str,
    pub title: &'static str,
    pub reads: &'static str,
    /// What sort of records it gives.
    pub kind: EventKind,
    /// What to write into the server's configuration, so that it logs the id of a key.
    pub key_hint: Option<&'static str>,
    family: Family,
}

#[derive(Clone, Debug)]
pub(super) enum Family {
    Clf,
    /// The family, or JSON lines.
    Either,
    PastedNginx,
    PastedApache,
    PastedGoAccess,
    Json,
    Csv,
    W3c(fn() -> W3c),
    /// A file describes it.
    Preset(Arc<Preset>),
}

/// How a format's lines are read.
pub(super) struct Found {
    pub(super) name: Arc<str>,
    pub(super) kind: EventKind,
    pub(super) grows: Grows,
    pub(super) reader: Reader,
}

/// In the order in which they are listed.
pub static FORMATS: LazyLock<Vec<FormatInfo>> = LazyLock::new(|| {
    let of_code = OF_CODE.iter().map(|(name, title, reads, family)| FormatInfo {
        name,
        title,
        reads,
        kind: EventKind::Request,
        key_hint: NGINX_LIKE.contains(name).then_some(NGINX_HINT),
        family: family.clone(),
    });
    of_code.chain(PRESETS.iter().map(FormatInfo::of)).collect()
});

const OF_CODE: &[(&str, &str, &str, Family)] = &[
    ("nginx", "nginx", "combined, also with further columns", Family::Clf),
    (
        "custom-nginx",
        "nginx, pasted",
        "any `log_format`, pasted from nginx.conf",
        Family::PastedNginx,
    ),
    ("nginx-json", "nginx, JSON", "JSON lines of a `log_format escape=json`", Family::Json),
    ("nginx-vhost", "nginx, virtual hosts", "combined with the host in front", Family::Clf),
    ("apache", "Apache", "common and combined, also with virtual hosts", Family::Clf),
    (
        "custom-apache",
        "Apache, pasted",
        "any `LogFormat`, pasted from httpd.conf",
        Family::PastedApache,
    ),
    (
        "custom-goaccess",
        "GoAccess, pasted",
        "any log-format string of GoAccess: `%h %^[%d:%t %^] \"%r\" %s %b`",
        Family::PastedGoAccess,
    ),
    ("clf", "Common log format", "whatever writes NCSA common or combined", Family::Clf),
    ("json", "JSON lines", "an object a line, with the usual names", Family::Json),
    ("csv", "CSV", "a header line, then rows, with the usual names", Family::Csv),
    ("docker-json", "Docker", "the json-file driver around another format", Family::Either),
    ("k8s-cri", "Kubernetes, CRI", "container logs around another format", Family::Either),
    ("syslog", "syslog", "RFC 3164 and 5424 around another format", Family::Either),
    ("w3c-iis", "IIS", "W3C extended log", Family::W3c(W3c::iis)),
    ("aws-cloudfront", "AWS CloudFront", "standard logs", Family::W3c(W3c::cloudfront)),
];

/// Other names of formats of code.
const SYNONYMS: &[(&str, &str)] =
    &[("generic-json", "json"), ("iis", "w3c-iis"), ("cri", "k8s-cri")];

const NGINX_LIKE: &[&str] = &["nginx", "custom-nginx", "nginx-json", "nginx-vhost"];
const NGINX_HINT: &str = "\
In nginx.conf; $http_x_api_key would be the key itself, of which keyvigil keeps a keyed hash only. \
Where a map or auth_request knows the key's id, log that:
  map $http_x_api_key $api_key_id { include /etc/nginx/api_key_ids; default unknown; }
  log_format api '$remote_addr - $remote_user [$time_local] \"$request\" $status $body_bytes_sent \
\"$http_referer\" \"$http_user_agent\" \"$api_key_id\" $request_time';
and give keyvigil the same log_format, with key_from = \"api_key_id\".";

impl FormatInfo {
    fn of(preset: &Arc<Preset>) -> Self {
        // The table lives as long as the program.
        let text = |text: &str| -> &'static str { text.to_owned().leak() };
        Self {
            name: text(&preset.name),
            title: text(&preset.title),
            reads: text(&preset.reads),
            kind: preset.kind,
            key_hint: preset.key_hint.as_deref().map(text),
            family: Family::Preset(Arc::clone(preset)),
        }
    }

    /// Whether lines can be tried without a person's help, and no other format of the
    /// table would do exactly the same.
    pub(super) fn is_candidate(&self) -> bool {
        match self.family {
            Family::PastedNginx | Family::PastedApache | Family::PastedGoAccess => false,
            Family::Json => self.name == "json",
            // Known by its marks alone: Kubernetes audit events around which nothing is.
            Family::Preset(_) => self.name != "azure",
            Family::Clf | Family::Either | Family::Csv | Family::W3c(_) => true,
        }
    }
}

/// How lines of the named format are read: of a person's own formats first.
pub(super) fn find(name: &str, options: &Options) -> Result<Found, FormatError> {
    let own = options.own.iter().find(|preset| preset.name == name);
    let built_in = || PRESETS.iter().find(|it| it.synonyms.iter().any(|it| it == name));
    if let Some(preset) = own {
        return preset_reader(preset, options);
    }
    let canonical = SYNONYMS.iter().find(|(synonym, _)| *synonym == name);
    let name = canonical.map_or(name, |(_, name)| name);
    let Some(info) = FORMATS.iter().find(|info| info.name == name) else {
        return built_in()
            .map_or_else(|| Err(unknown(name, options)), |preset| preset_reader(preset, options));
    };
    if let Family::Preset(preset) = &info.family {
        return preset_reader(preset, options);
    }
    let reader = reader(info, options)?;
    let grows = Grows::default();
    Ok(Found { name: info.name.into(), kind: EventKind::Request, grows, reader })
}

fn reader(info: &FormatInfo, options: &Options) -> Result<Reader, FormatError> {
    let credentials = Credentials::new(options.key_from.as_deref());
    let pasted = options.log_format.as_deref();
    Ok(match (&info.family, pasted) {
        (Family::PastedNginx | Family::PastedApache | Family::PastedGoAccess, None) => {
            return Err(FormatError::NeedsLogFormat { name: info.name.to_owned() });
        }
        (Family::PastedApache, Some(pasted)) => pasted_plan(pasted, apache::compile, credentials)?,
        (Family::PastedGoAccess, Some(pasted)) => {
            pasted_plan(pasted, goaccess::compile, credentials)?
        }
        (Family::Clf, Some(pasted)) if pasted.contains('%') && !pasted.contains('$') => {
            pasted_plan(pasted, apache::compile, credentials)?
        }
        (Family::PastedNginx | Family::Clf, Some(pasted)) => {
            pasted_plan(pasted, nginx::compile, credentials)?
        }
        (Family::Clf, None) => Reader::Clf(Arc::new(credentials)),
        (Family::Either, _) => Reader::Either(Box::new(Json::new(credentials, None))),
        (Family::Json | Family::Preset(_), _) => {
            Reader::Json(Box::new(Json::new(credentials, None)))
        }
        (Family::Csv, _) => Reader::Csv(Box::new(Table::new(credentials, None))),
        (Family::W3c(format), _) => Reader::W3c(format()),
    })
}

fn preset_reader(preset: &Arc<Preset>, options: &Options) -> Result<Found, FormatError> {
    let credentials = Credentials::new(options.key_from.as_deref());
    let some = || Some(Arc::clone(preset));
    let reader = match &preset.shape {
        Rows::Json => Reader::Json(Box::new(Json::new(credentials, some()))),
        Rows::JsonOrClf => Reader::Either(Box::new(Json::new(credentials, some()))),
        Rows::Csv => Reader::Csv(Box::new(Table::new(credentials, some()))),
        Rows::Text(strings) => {
            let plans = strings.iter().map(|text| {
                let mut plan = nginx::compile(text, credentials.clone())?;
                plan.name_places();
                Ok(plan)
            });
            Reader::Plans(plans.collect::<Result<_, FormatError>>()?)
        }
        Rows::GoAccess(strings) => {
            let plans = strings.iter().map(|text| goaccess::compile(text, credentials.clone()));
            Reader::Plans(plans.collect::<Result<_, _>>()?)
        }
        Rows::Regex(text) => Reader::Regexp(Arc::new(Regexp::new(text, credentials)?)),
    };
    Ok(Found { name: preset.name.as_str().into(), kind: preset.kind, grows: preset.grows, reader })
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

fn unknown(name: &str, options: &Options) -> FormatError {
    let own = options.own.iter().map(|preset| preset.name.as_str());
    let names: Vec<&str> = own.chain(FORMATS.iter().map(|info| info.name)).collect();
    let near = names.iter().find(|known| known.contains(name) || name.contains(**known));
    let advice = match near {
        Some(near) if !name.is_empty() => format!("did you mean {near:?}?"),
        Some(_) | None => format!("known are auto, {}", names.join(", ")),
    };
    FormatError::Unknown { name: name.to_owned(), advice }
}
