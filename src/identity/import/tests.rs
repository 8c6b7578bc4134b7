//! Lists in the shapes that each system documents, and broken ones.

use super::*;
use crate::identity::KeyStatus;
use crate::model::Timestamp;

fn read(text: &str) -> (Inventory, Vec<String>) {
    Inventory::read(text.as_bytes(), ("list", ListFormat::Auto)).unwrap()
}

fn check_error(text: &str, expected: &str) {
    let error = Inventory::read(text.as_bytes(), ("list", ListFormat::Auto)).unwrap_err();
    assert_eq!(error.to_string(), expected);
}

fn at(text: &str) -> Option<Timestamp> {
    text.parse::<jiff::Timestamp>().ok().map(|time| Timestamp(time.as_millisecond()))
}

#[test]
fn own_lists_in_three_forms_say_the_same() {
    let csv = "key_id,owner,role,created,last_rotated,expires,status,status_since,canary,scopes,allowed_networks,owner_gone\n\
               k_a,ana@example.com,partner,2026-01-02,,2027-01-01T00:00:00Z,active,,true,read;write,192.0.2.0/24,2026-05-01\n";
    let toml = "[[keys]]\nkey_id = \"k_a\"\nowner = \"ana@example.com\"\nrole = \"partner\"\ncreated = 2026-01-02\n\
                expires = 2027-01-01T00:00:00Z\nstatus = \"active\"\ncanary = true\nscopes = [\"read\", \"write\"]\n\
                allowed_networks = [\"192.0.2.0/24\"]\nowner_gone = 2026-05-01\n";
    let named = toml.replace("[[keys]]\nkey_id = \"k_a\"", "# a comment\n\n[keys.k_a]");
    let json = r#"[{"key_id": "k_a", "owner": "ana@example.com", "role": "partner", "created": 1767312000,
        "expires": "2027-01-01T00:00:00Z", "status": "active", "canary": true, "scopes": ["read", "write"],
        "allowed_networks": ["192.0.2.0/24"], "owner_gone": "2026-05-01"}]"#;
    let (expected, warnings) = read(csv);
    assert_eq!(warnings, [""; 0]);
    let key = expected.get("k_a").unwrap();
    assert_eq!((key.canary, key.scopes.len()), (true, 2));
    assert_eq!(key.owner_gone, at("2026-05-01T00:00:00Z"));
    for text in [toml, &named, json, &json.replace('\n', ""), &format!("{{\"keys\": {json}}}")] {
        assert_eq!(read(text).0, expected, "{text}");
    }
}

#[test]
fn openai_keys_are_read() {
    let text = r#"{"object": "list", "data": [
        {"object": "organization.project.api_key", "redacted_value": "sk-abc...def", "name": "video",
         "created_at": 1767312000, "last_used_at": 1767398400, "expires_at": null, "id": "key_abc",
         "owner_project_access": "inactive",
         "owner": {"type": "user", "user": {"id": "user_1", "email": "ben@example.com", "name": "Ben"}}},
        {"object": "organization.admin_api_key", "id": "key_adm", "name": "root", "created_at": 1767312000,
         "expires_at": 1798848000, "owner": {"type": "service_account", "name": "ci", "id": "sa_1"}}],
        "has_more": false}"#;
    let (inventory, warnings) = read(text);
    assert_eq!(warnings, [""; 0]);
    let key = inventory.get("key_abc").unwrap();
    assert_eq!((key.owner.as_str(), key.role.as_str()), ("ben@example.com", "openai-project"));
    assert_eq!(key.owner_gone, Some(Timestamp::default()));
    assert_eq!((key.expires, key.status), (None, KeyStatus::Active));
    assert_eq!(key.last_used, at("2026-01-03T00:00:00Z"));
    let admin = inventory.get("key_adm").unwrap();
    assert_eq!((admin.owner.as_str(), admin.role.as_str()), ("ci", "openai-admin"));
    assert_eq!((admin.expires, admin.owner_gone), (at("2027-01-02T00:00:00Z"), None));
}

#[test]
fn litellm_keys_are_read() {
    let text = r#"{"keys": [{"token": "88dc28d0f030c55ed4ab77ed8faf098196cb1c05df778539800c9f1243fe6b4b",
        "key_name": "sk-...Ab1c", "key_alias": "video-bot", "user_id": "svc-video", "team_id": "team-1",
        "expires": null, "blocked": true, "models": ["m"], "created_at": "2026-01-02T00:00:00+00:00",
        "last_active": "2026-03-01 10:00:00", "last_rotation_at": null, "allowed_routes": ["/chat/completions"]}],
        "total_count": 1}"#;
    let (inventory, _) = read(text);
    let key = inventory.iter().next().unwrap();
    assert_eq!((key.label.as_str(), key.owner.as_str()), ("video-bot", "svc-video"));
    assert_eq!((key.tenant.as_str(), key.status), ("team-1", KeyStatus::Disabled));
    assert_eq!(key.last_used, at("2026-03-01T10:00:00Z"));
    assert_eq!(key.scopes, ["/chat/completions"]);
    let short = format!(r#"{{"keys": ["{}"], "total_count": 1}}"#, key.key_id);
    assert_eq!(read(&short).0.iter().next().unwrap().key_id, key.key_id);
}

#[test]
fn aws_keys_are_read_from_the_report_and_from_the_list() {
    let text = "user,arn,user_creation_time,password_enabled,access_key_1_active,access_key_1_last_rotated,access_key_1_last_used_date,access_key_2_active,access_key_2_last_rotated,access_key_2_last_used_date\n\
        <root_account>,arn:aws:iam::123456789012:root,2020-01-01T00:00:00+00:00,not_supported,false,N/A,N/A,false,N/A,N/A\n\
        deploy,arn:aws:iam::123456789012:user/deploy,2025-01-01T00:00:00+00:00,false,true,2026-01-02T00:00:00+00:00,N/A,false,N/A,N/A\n\
        two,arn:aws:iam::123456789012:user/two,2025-01-01T00:00:00+00:00,false,true,2026-01-02T00:00:00+00:00,2026-02-01T00:00:00+00:00,false,2025-01-02T00:00:00+00:00,no_information\n";
    let (inventory, warnings) = read(text);
    assert_eq!(warnings, ["list: 1 users without an access key left out"]);
    let key = inventory.get("arn:aws:iam::123456789012:user/deploy").unwrap();
    assert_eq!((key.created, key.last_used), (at("2026-01-02T00:00:00Z"), None));
    assert_eq!(key.tenant, "123456789012");
    let first = inventory.get("arn:aws:iam::123456789012:user/two#1").unwrap();
    let second = inventory.get("arn:aws:iam::123456789012:user/two#2").unwrap();
    assert_eq!(first.last_used, at("2026-02-01T00:00:00Z"));
    assert_eq!((first.status, second.status), (KeyStatus::Active, KeyStatus::Disabled));
    let list = r#"{"AccessKeyMetadata": [{"UserName": "deploy", "AccessKeyId": "AKIAEXAMPLE", "Status": "Inactive",
        "CreateDate": "2026-01-02T00:00:00+00:00"}]}"#;
    let (inventory, _) = read(list);
    assert_eq!(inventory.get("AKIAEXAMPLE").unwrap().status, KeyStatus::Disabled);
}

#[test]
fn gcp_keys_are_read_and_those_of_google_left_out() {
    let name = "projects/p-1/serviceAccounts/bot@p-1.iam.gserviceaccount.com/keys";
    let text = format!(
        r#"[{{"name": "{name}/0a1b", "keyType": "USER_MANAGED", "keyOrigin": "GOOGLE_PROVIDED",
              "validAfterTime": "2026-01-02T00:00:00Z", "validBeforeTime": "9999-12-31T23:59:59Z", "disabled": true}},
            {{"name": "{name}/2c3d", "keyType": "SYSTEM_MANAGED", "validAfterTime": "2026-01-02T00:00:00Z"}}]"#
    );
    let (inventory, warnings) = read(&text);
    assert_eq!(warnings, ["list: 1 left out: keys that Google itself rotates"]);
    let key = inventory.get("0a1b").unwrap();
    assert_eq!(key.owner, "bot@p-1.iam.gserviceaccount.com");
    assert_eq!((key.tenant.as_str(), key.expires, key.status), ("p-1", None, KeyStatus::Disabled));
}

#[test]
fn kubernetes_accounts_and_tokens_are_read_and_no_secret_is_looked_at() {
    let text = r#"{"apiVersion": "v1", "kind": "List", "items": [
        {"kind": "ServiceAccount", "metadata": {"name": "builder", "namespace": "ci",
            "creationTimestamp": "2026-01-02T00:00:00Z", "labels": {"team": "platform"}}},
        {"kind": "Secret", "type": "kubernetes.io/service-account-token", "data": {"token": "czNjcjN0"},
            "metadata": {"name": "builder-token", "namespace": "ci", "creationTimestamp": "2026-01-02T00:00:00Z",
            "labels": {"kubernetes.io/legacy-token-last-used": "2026-02-01"},
            "annotations": {"kubernetes.io/service-account.name": "builder"}}},
        {"kind": "Secret", "type": "Opaque", "metadata": {"name": "db", "namespace": "ci"}}]}"#;
    let (inventory, warnings) = read(text);
    assert_eq!(warnings, ["list: 1 left out: secrets that are no tokens of a service account"]);
    assert_eq!(inventory.get("system:serviceaccount:ci:builder").unwrap().owner, "platform");
    let token = inventory.get("ci/builder-token").unwrap();
    assert_eq!(token.last_used, at("2026-02-01T00:00:00Z"));
    assert!(token.label.ends_with("system:serviceaccount:ci:builder"));
    assert!(!serde_json::to_string(&inventory).unwrap().contains("czNj"));
}

#[test]
fn what_is_broken_says_line_and_reason() {
    check_error("[{\"key_id\": \"k_a\"},\n {\"key_id\": }]", "list:2: it is no JSON");
    check_error("[{\"key_id\": \"k_a\"},\n {\"key_id\": \"k_b\",\n", "list:3: it ends too early");
    check_error(
        "[\n{\"colour\": \"red\"}]",
        "list:2: no key that is known here; see the inventory's formats",
    );
    check_error(
        "[{\"key_id\": \"k_a\"},\n {\"key_id\": \"k_a\"}]",
        "list: lines 1 and 2 have the same key_id; remove one of them",
    );
    check_error(
        "[{\"key_id\": \"k_a\",\n \"status\": \"gone\"}]",
        "list:1: status \"gone\" is not understood; allowed: active, disabled, revoked, retired, unknown, or nothing",
    );
    check_error(
        "[{\"key_id\": \"a\"},\n{\"owner\": \"x\", \"key_id\": \"\"}]",
        "list:2: key_id is empty; every row needs one",
    );
    check_error(
        "[keys]\nk_a = 1\n",
        "list:2: no key that is known here; see the inventory's formats",
    );
    let error = Inventory::read(b"[[keys]]\nowner = \n", ("list", ListFormat::Auto)).unwrap_err();
    assert!(error.to_string().starts_with("list:2: "), "{error}");
    check_error(
        "user,arn,access_key_1_active\na,b\n",
        "list:2: 2 fields, but the first line names 3 columns",
    );
}

#[test]
fn a_list_that_is_named_is_not_guessed() {
    let gcp = ("list", ListFormat::Gcp);
    let error = Inventory::read(b"[{\"key_id\": \"a\"}]", gcp).unwrap_err();
    assert!(error.to_string().starts_with("list:1: no key"), "{error}");
}

#[test]
fn several_lists_are_one_and_what_they_disagree_on_is_said() {
    let lists = [
        ("a.csv", "key_id,owner,status\nk_alpha,ana,active\nk_beta,,\n"),
        (
            "b.csv",
            "key_id,owner,status,role,last_used\nk_alpha,ben,revoked,batch,2026-02-01\nk_beta,eva,active,,\n",
        ),
    ];
    let lists = lists.map(|(name, text)| (name.to_owned(), read(text).0));
    let (inventory, conflicts) = Inventory::merged(lists.to_vec());
    let alpha = inventory.get("k_alpha").unwrap();
    assert_eq!((alpha.owner.as_str(), alpha.role.as_str()), ("ana", "batch"));
    assert_eq!(alpha.last_used, at("2026-02-01T00:00:00Z"));
    let beta = inventory.get("k_beta").unwrap();
    assert_eq!((beta.owner.as_str(), beta.status), ("eva", KeyStatus::Active));
    assert_eq!(
        conflicts,
        ["a.csv and b.csv do not agree on owner, status of the key k_alph…; a.csv counts"]
    );
}

#[test]
fn a_hundred_thousand_keys_are_read() {
    let rows = (0..100_000).map(|number| {
        format!(
            "k_{number:06},o{}@example.com,partner,2026-01-02,,2027-01-01,active,\n",
            number % 97
        )
    });
    let first = "key_id,owner,role,created,last_rotated,expires,status,status_since\n";
    let text: String = core::iter::once(first.to_owned()).chain(rows).collect();
    assert_eq!(read(&text).0.len(), 100_000);
}
