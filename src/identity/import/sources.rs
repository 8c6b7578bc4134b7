//! What single systems call the facts about their keys.

use serde_json::Value;

use super::Entry;
use super::json::{Fields, Read, text_of};

/// The reader that a record's own fields ask for.
pub(super) fn any(fields: &Fields, line: u64) -> Option<Read> {
    openai(fields, line)
        .or_else(|| litellm(fields, line))
        .or_else(|| aws(fields, line))
        .or_else(|| gcp(fields, line))
        .or_else(|| kubernetes(fields, line))
}

/// An admin or project key; times are seconds since 1970.
pub(super) fn openai(fields: &Fields, line: u64) -> Option<Read> {
    let role = match fields.get("object")?.as_str()? {
        "organization.admin_api_key" => "openai-admin",
        "organization.project.api_key" => "openai-project",
        _ => return None,
    };
    let mut entry = Entry::at(line);
    copy(
        fields,
        &mut entry,
        &[
            ("id", "key_id"),
            ("name", "label"),
            ("created_at", "created"),
            ("last_used_at", "last_used"),
            ("expires_at", "expires"),
            ("project_id", "tenant"),
        ],
    );
    entry.set("role", role);
    // A key that is listed works: one that is deleted is no longer there.
    entry.set("status", "active");
    entry.set("owner", openai_owner(fields));
    if fields.get("owner_project_access").and_then(Value::as_str) == Some("inactive") {
        entry.set("owner_gone", "true");
    }
    Some(Read::Key(entry))
}

fn openai_owner(fields: &Fields) -> String {
    let ways = ["/user/email", "/user/name", "/service_account/name", "/email", "/name", "/id"];
    let owner = fields.get("owner");
    let named = ways.iter().filter_map(|way| owner?.pointer(way).map(text_of));
    named.into_iter().find(|name| !name.is_empty()).unwrap_or_default()
}

/// A key of the proxy; `token` is its hash.
pub(super) fn litellm(fields: &Fields, line: u64) -> Option<Read> {
    fields.get("token")?.as_str()?;
    if !["key_alias", "key_name", "spend", "team_id"].iter().any(|name| fields.contains_key(*name))
    {
        return None;
    }
    let mut entry = Entry::at(line);
    copy(
        fields,
        &mut entry,
        &[
            ("token", "key_id"),
            ("key_alias", "label"),
            ("user_id", "owner"),
            ("team_id", "tenant"),
            ("created_at", "created"),
            ("expires", "expires"),
            ("last_active", "last_used"),
            ("last_rotation_at", "last_rotated"),
            ("allowed_routes", "scopes"),
        ],
    );
    if entry.text("label").is_empty() {
        copy(fields, &mut entry, &[("key_name", "label")]);
    }
    let is_blocked = fields.get("blocked").and_then(Value::as_bool) == Some(true);
    entry.set("status", if is_blocked { "disabled" } else { "active" });
    entry.set("role", "litellm");
    Some(Read::Key(entry))
}

/// One of `iam list-access-keys`.
pub(super) fn aws(fields: &Fields, line: u64) -> Option<Read> {
    fields.get("AccessKeyId")?;
    let mut entry = Entry::at(line);
    copy(
        fields,
        &mut entry,
        &[("AccessKeyId", "key_id"), ("UserName", "owner"), ("CreateDate", "created")],
    );
    entry.set("role", "aws-iam-user");
    let status = fields.get("Status").and_then(Value::as_str).unwrap_or_default();
    entry.set(
        "status",
        match status {
            "Active" => "active",
            "Inactive" => "disabled",
            other => other,
        },
    );
    Some(Read::Key(entry))
}

/// `projects/P/serviceAccounts/EMAIL/keys/ID`.
pub(super) fn gcp(fields: &Fields, line: u64) -> Option<Read> {
    let name = fields.get("name")?.as_str()?;
    let (account, id) = name.split_once("/serviceAccounts/")?.1.split_once("/keys/")?;
    if fields.get("keyType").and_then(Value::as_str) == Some("SYSTEM_MANAGED") {
        return Some(Read::Skipped("keys that Google itself rotates"));
    }
    let mut entry = Entry::at(line);
    entry.set("key_id", id);
    entry.set("owner", account);
    entry.set("label", account);
    entry.set("role", "gcp-service-account");
    entry.set("tenant", name.split('/').nth(1).unwrap_or_default());
    copy(fields, &mut entry, &[("validAfterTime", "created")]);
    // The year 9999 is how the list says that it never expires.
    let until = fields.get("validBeforeTime").map(text_of).unwrap_or_default();
    if !until.starts_with("9999") {
        entry.set("expires", until);
    }
    let is_disabled = fields.get("disabled").and_then(Value::as_bool) == Some(true);
    entry.set("status", if is_disabled { "disabled" } else { "active" });
    Some(Read::Key(entry))
}

/// A service account, or a token of one that lives in a secret. What is in the secret is
/// never looked at.
pub(super) fn kubernetes(fields: &Fields, line: u64) -> Option<Read> {
    let kind = fields.get("kind")?.as_str()?;
    let metadata = fields.get("metadata")?;
    let of = |way: &str| metadata.pointer(way).map(text_of).unwrap_or_default();
    let (name, namespace) = (of("/name"), of("/namespace"));
    let mut entry = Entry::at(line);
    match kind {
        "ServiceAccount" => {
            entry.set("key_id", format!("system:serviceaccount:{namespace}:{name}"));
            entry.set("role", "kubernetes-service-account");
        }
        "Secret" => {
            let account = of("/annotations/kubernetes.io~1service-account.name");
            if account.is_empty() {
                return Some(Read::Skipped("secrets that are no tokens of a service account"));
            }
            entry.set("key_id", format!("{namespace}/{name}"));
            entry.set("role", "kubernetes-token");
            entry.set("label", format!("token of system:serviceaccount:{namespace}:{account}"));
            let used = of("/labels/kubernetes.io~1legacy-token-last-used");
            entry.set("last_used", used);
        }
        _ => return Some(Read::Skipped("objects that are neither service accounts nor secrets")),
    }
    entry.set("tenant", namespace);
    entry.set("created", of("/creationTimestamp"));
    entry.set("status", "active");
    let owners = ["/annotations/owner", "/labels/owner", "/labels/team", "/annotations/team"];
    let owner = owners.iter().map(|way| of(way)).find(|owner| !owner.is_empty());
    entry.set("owner", owner.unwrap_or_default());
    Some(Read::Key(entry))
}

fn copy(fields: &Fields, entry: &mut Entry, names: &[(&str, &'static str)]) {
    for (from, to) in names {
        entry.set(to, fields.get(*from).map(text_of).unwrap_or_default());
    }
}
