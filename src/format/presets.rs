//! The formats that files describe, in the order in which they are listed.

use std::sync::Arc;
use std::sync::LazyLock;

use super::preset::Preset;

/// The files are read when the first format is asked for.
pub(super) static PRESETS: LazyLock<Vec<Arc<Preset>>> = LazyLock::new(|| {
    // A file of our own that cannot be read is left out here, and seen by a test.
    FILES.iter().filter_map(|(name, text)| Preset::read(text, name).ok()).map(Arc::new).collect()
});

/// By name: the text of `config/formats/NAME.toml`.
const FILES: &[(&str, &str)] = &[
    ("nginx-ingress", include_str!("../../config/formats/nginx-ingress.toml")),
    ("traefik-clf", include_str!("../../config/formats/traefik-clf.toml")),
    ("envoy-text", include_str!("../../config/formats/envoy-text.toml")),
    ("aws-alb", include_str!("../../config/formats/aws-alb.toml")),
    ("aws-elb-classic", include_str!("../../config/formats/aws-elb-classic.toml")),
    ("aws-s3-access", include_str!("../../config/formats/aws-s3-access.toml")),
    ("haproxy", include_str!("../../config/formats/haproxy.toml")),
    ("haproxy-tcp", include_str!("../../config/formats/haproxy-tcp.toml")),
    ("squid", include_str!("../../config/formats/squid.toml")),
    ("krakend", include_str!("../../config/formats/krakend.toml")),
    ("litellm-access", include_str!("../../config/formats/litellm-access.toml")),
    ("caddy", include_str!("../../config/formats/caddy.toml")),
    ("traefik-json", include_str!("../../config/formats/traefik-json.toml")),
    ("envoy-json", include_str!("../../config/formats/envoy-json.toml")),
    ("envoy-ai-gateway", include_str!("../../config/formats/envoy-ai-gateway.toml")),
    ("kong", include_str!("../../config/formats/kong.toml")),
    ("tyk", include_str!("../../config/formats/tyk.toml")),
    ("apisix", include_str!("../../config/formats/apisix.toml")),
    ("gravitee", include_str!("../../config/formats/gravitee.toml")),
    ("gravitee-es", include_str!("../../config/formats/gravitee-es.toml")),
    ("azure-apim", include_str!("../../config/formats/azure-apim.toml")),
    ("aws-apigw", include_str!("../../config/formats/aws-apigw.toml")),
    ("cloudflare-http", include_str!("../../config/formats/cloudflare-http.toml")),
    ("litellm-spend", include_str!("../../config/formats/litellm-spend.toml")),
    ("litellm-standard", include_str!("../../config/formats/litellm-standard.toml")),
    ("litellm-keys", include_str!("../../config/formats/litellm-keys.toml")),
    ("portkey", include_str!("../../config/formats/portkey.toml")),
    ("langfuse", include_str!("../../config/formats/langfuse.toml")),
    ("otel-genai", include_str!("../../config/formats/otel-genai.toml")),
    ("bedrock-invocation", include_str!("../../config/formats/bedrock-invocation.toml")),
    ("cloudtrail", include_str!("../../config/formats/cloudtrail.toml")),
    ("k8s-audit", include_str!("../../config/formats/k8s-audit.toml")),
    ("azure", include_str!("../../config/formats/azure.toml")),
    ("gcp-audit", include_str!("../../config/formats/gcp-audit.toml")),
    ("azure-activity", include_str!("../../config/formats/azure-activity.toml")),
    ("github-audit", include_str!("../../config/formats/github-audit.toml")),
    ("okta", include_str!("../../config/formats/okta.toml")),
    ("openai-audit", include_str!("../../config/formats/openai-audit.toml")),
    ("openai-usage", include_str!("../../config/formats/openai-usage.toml")),
    ("openai-costs", include_str!("../../config/formats/openai-costs.toml")),
    ("openai-keys", include_str!("../../config/formats/openai-keys.toml")),
    ("anthropic-activity", include_str!("../../config/formats/anthropic-activity.toml")),
    ("anthropic-usage", include_str!("../../config/formats/anthropic-usage.toml")),
    ("salesforce-elf", include_str!("../../config/formats/salesforce-elf.toml")),
    ("salesforce-rtem", include_str!("../../config/formats/salesforce-rtem.toml")),
    ("hubspot", include_str!("../../config/formats/hubspot.toml")),
    ("hubspot-usage", include_str!("../../config/formats/hubspot-usage.toml")),
    ("zoho-timeline", include_str!("../../config/formats/zoho-timeline.toml")),
    ("zoho-audit-csv", include_str!("../../config/formats/zoho-audit-csv.toml")),
    ("twilio-events", include_str!("../../config/formats/twilio-events.toml")),
    ("twilio-alerts", include_str!("../../config/formats/twilio-alerts.toml")),
    ("twilio-usage", include_str!("../../config/formats/twilio-usage.toml")),
    ("twilio-messages", include_str!("../../config/formats/twilio-messages.toml")),
    ("twilio-keys", include_str!("../../config/formats/twilio-keys.toml")),
    ("wati", include_str!("../../config/formats/wati.toml")),
    ("gupshup", include_str!("../../config/formats/gupshup.toml")),
    ("whatsapp-cloud", include_str!("../../config/formats/whatsapp-cloud.toml")),
    ("sendgrid", include_str!("../../config/formats/sendgrid.toml")),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_file_is_read_and_gives_what_its_examples_promise() {
        let mut broken = Vec::new();
        for (name, text) in FILES {
            let preset = Preset::read(text, name).map_err(|error| error.to_string()).unwrap();
            assert_eq!(preset.name, *name);
            assert!(!preset.examples.is_empty(), "{name} has no example");
            broken.extend(Arc::new(preset).broken_promise().map(|what| format!("{name}: {what}")));
        }
        assert!(broken.is_empty(), "{}", broken.join("\n"));
        assert_eq!(PRESETS.len(), FILES.len());
    }
}
