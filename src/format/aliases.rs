//! The names under which JSON logs keep the same few things.

use super::place::Place;
use super::shape::Dialect;

/// A name's place, and how good it is: of two names for one place, the lower rank wins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Alias {
    pub(super) place: Place,
    pub(super) rank: u8,
}

/// Names in lower case without `_`, `-`, `.`, space and `@`; the best first.
const NAMES: &[(Place, &str)] = &[
    (
        Place::Time,
        "time timestamp ts timeiso8601 timelocal datetime eventtime startutc starttime \
        edgestarttimestamp startedat requesttimestamp msec date startlocal createdat",
    ),
    (
        Place::Client,
        "remoteaddr clientip sourceip remoteip clientaddress clientaddr remoteaddress \
        sourceaddress sourceipaddress ipaddress client downstreamremoteaddress \
        downstreamdirectremoteaddress clienthost remotehost ip srcip \
        httprequestremoteip sourceipcaller",
    ),
    (Place::Hops, "xforwardedfor httpxforwardedfor forwardedfor"),
    (Place::Request, "request requestline httprequest"),
    (
        Place::Method,
        "method requestmethod httpmethod httprequestmethod clientrequestmethod verb \
        csmethod",
    ),
    (
        Place::Target,
        "requesturi xenvoyoriginpath xenvoyoriginalpath uri path requestpath url \
        urlpath clientrequesturi requesturl httprequestrequesturl urloriginal \
        originalpath httppath clientrequestpath endpoint rawpath httptarget \
        resourcepath route",
    ),
    (Place::Query, "query querystring args urlquery requestquery"),
    (
        Place::Host,
        "host requesthost httphost vhost servername clientrequesthost authority domain \
        urldomain domainname",
    ),
    (
        Place::Version,
        "httpversion protocol serverprotocol requestprotocol proto \
        clientrequestprotocol",
    ),
    (
        Place::Status,
        "status statuscode httpstatus responsestatus responsecode downstreamstatus \
        httpresponsestatuscode edgeresponsestatus httpstatuscode code \
        responsestatuscode originstatus",
    ),
    (
        Place::Bytes,
        "bodybytessent bytesout bytessent bytes size responsesize responsebytes \
        downstreamcontentsize httpresponsebodybytes edgeresponsebytes responselength \
        responsebytessent bytesreturned sentbytes",
    ),
    (
        Place::RequestBytes,
        "requestlength bytesin bytesreceived requestsize requestbytes bytesread \
        httprequestbodybytes clientrequestbytes requestcontentsize receivedbytes",
    ),
    (
        Place::Seconds,
        "requesttime duration durations durationseconds elapsed latencyseconds \
        responsetime latency took",
    ),
    (
        Place::Millis,
        "durationms latencyms requesttimems responsetimems elapsedms latenciesrequest \
        tookms edgetimetofirstbytems durationmillis latencymillis",
    ),
    (Place::Micros, "durationus latencyus requesttimeus"),
    (Place::Nanos, "durationns eventduration latencyns"),
    (
        Place::UserAgent,
        "useragent httpuseragent requestuseragent useragentoriginal \
        clientrequestuseragent agent headersuseragent",
    ),
    (
        Place::Referer,
        "referer referrer httpreferer httpreferrer requestreferer clientrequestreferer \
        httprequestreferrer headersreferer",
    ),
    (
        Place::User,
        "remoteuser user username userid clientusername principal userusername subject \
        sub",
    ),
    (
        Place::Key,
        "httpxapikey xapikey httpapikey apikey keyid apikeyid accesskey accesskeyid \
        httpauthorization authorization argapikey requestxapikey requestauthorization \
        key credential headersxapikey headersapikey headersauthorization consumerid \
        consumerusername tokenid",
    ),
    (Place::Model, "model modelname modelid genairequestmodel"),
    (
        Place::InputTokens,
        "tokensin inputtokens prompttokens usageprompttokens usageinputtokens \
        genaiusageinputtokens",
    ),
    (
        Place::OutputTokens,
        "tokensout outputtokens completiontokens usagecompletiontokens \
        usageoutputtokens genaiusageoutputtokens",
    ),
    (Place::Cost, "cost costusd spend responsecost totalcost"),
    (
        Place::Operation,
        "operation operationname op eventname calltype mcptoolname genaioperationname toolname",
    ),
    (Place::Tenant, "tenant tenantid organizationid orgid teamid projectid accountid"),
    (Place::Id, "eventid recordid"),
    (Place::Asn, "asn clientasn sourceasnumber asnumber"),
    (Place::Country, "country countrycode clientcountry geoipcountrycode sourcegeocountryisocode"),
];

/// Objects that only group what is in them.
pub(super) const GROUPS: &[&str] = &[
    "request",
    "req",
    "response",
    "res",
    "http",
    "headers",
    "data",
    "log",
    "event",
    "fields",
    "attributes",
    "message",
    "msg",
    "payload",
    "access",
    "properties",
    "detail",
    "context",
    "httprequest",
    "usage",
];

/// Whose record it is shows in a key that only they write; their meaning of a name then
/// comes first.
pub(super) const DIALECTS: &[(&str, Dialect)] = &[
    (
        "DownstreamStatus",
        &[
            ("clienthost", Place::Client),
            ("duration", Place::Nanos),
            ("originduration", Place::Skip),
            ("requestcontentsize", Place::RequestBytes),
        ],
    ),
    (
        "response_flags",
        &[
            ("duration", Place::Millis),
            ("bytessent", Place::Bytes),
            ("requestduration", Place::Skip),
        ],
    ),
    ("latencies", &[("latenciesrequest", Place::Millis), ("requesturl", Place::Skip)]),
];

/// All names with their places, sorted for searching.
#[derive(Clone, Debug)]
pub(super) struct Aliases(Vec<Named>);

/// A name, found by two numbers before its letters are compared.
type Named = (usize, u64, &'static str, Alias);

impl Aliases {
    pub(super) fn new() -> Self {
        let mut table = Vec::new();
        for (place, names) in NAMES {
            for (rank, name) in (0u8..).zip(names.split_whitespace()) {
                let alias = Alias { place: *place, rank };
                table.push((name.len(), word(name.as_bytes()), name, alias));
            }
        }
        table.sort_by_key(|(length, word, name, _)| (*length, *word, *name));
        Self(table)
    }

    pub(super) fn get(&self, name: &[u8]) -> Option<Alias> {
        let wanted = (name.len(), word(name));
        let found = self.0.binary_search_by(|(length, word, known, _)| {
            (*length, *word).cmp(&wanted).then_with(|| known.as_bytes().cmp(name))
        });
        found.ok().and_then(|at| self.0.get(at)).map(|(_, _, _, alias)| *alias)
    }
}

/// The first eight letters as one number.
fn word(name: &[u8]) -> u64 {
    let mut word = [0; 8];
    word.iter_mut().zip(name).for_each(|(to, from)| *to = *from);
    u64::from_be_bytes(word)
}

/// Adds a key to a name, as names are compared.
pub(super) fn push_name(name: &mut Vec<u8>, key: &[u8]) {
    let letters = key
        .iter()
        .filter(|byte| !matches!(byte, b'_' | b'-' | b'.' | b' ' | b'@' | b':' | b'$' | b'/'));
    name.extend(letters.map(u8::to_ascii_lowercase));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_name_stands_for_two_places() {
        let aliases = Aliases::new();
        for pair in aliases.0.windows(2) {
            assert_ne!(pair[0].2, pair[1].2);
        }
    }
}
