//! The room as a whole: no secret comes out of it, and no line breaks it.

use std::borrow::Cow;
use std::sync::Arc;

use proptest::prelude::*;

use super::{Identity, Inventory, KeyIs, Networks, Seen};
use crate::model::{EventBatch, Record, Timestamp};

const SEEN: Seen<'_> = Seen { source: "access.log", format: "combined", arrival: Timestamp(9) };

#[expect(clippy::unnecessary_wraps, reason = "a record's fields are optional")]
fn field(text: &str) -> Option<Cow<'_, [u8]>> {
    Some(Cow::Borrowed(text.as_bytes()))
}

fn appended(key_is: KeyIs, record: &Record<'_>) -> EventBatch {
    let mut batch = EventBatch::default();
    Identity::new([3; 32], key_is).append(record, &SEEN, &mut batch);
    batch
}

fn shown(batch: &EventBatch) -> String {
    let columns = [
        &batch.source,
        &batch.format,
        &batch.key,
        &batch.role,
        &batch.source_ip,
        &batch.method,
        &batch.path,
        &batch.query,
        &batch.route,
        &batch.user_agent,
        &batch.referer,
        &batch.user,
        &batch.model,
        &batch.country,
    ];
    let values = columns.iter().flat_map(|column| column.dictionary.values());
    format!("{} {batch:?}", values.collect::<Vec<_>>().join(" "))
}

#[test]
fn a_secret_in_any_field_is_found_in_no_column() {
    const SECRETS: [&str; 6] = [
        "Xq7-canary+secret/value=",
        "sk_live_canary1234567890abcd",
        "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9P",
        "ghp_16C7e42F292c6912E7710c838347Ae178B4a",
        "9e107d9d372bb6826bd81d3542a419d6",
        "wJalrXUtnFEMI7K7MDENG9bPxRfiCY2EXAMPLEK3Y",
    ];
    for secret in SECRETS {
        let path = format!("/v1/{secret}/items");
        let query = format!("limit=20&api_key={secret}&q={secret}");
        let text = format!("client/1.0 (key {secret})");
        let referer = format!("https://example.com/cb?token={secret}#x");
        let header = format!("Bearer {secret}");
        let record = Record {
            key: field(&header),
            path: field(&path),
            query: field(&query),
            user_agent: field(&text),
            referer: field(&referer),
            user: field(secret),
            model: field(secret),
            country: field(secret),
            method: field(secret),
            ..Record::default()
        };
        let shown = shown(&appended(KeyIs::Secret, &record));
        assert!(!shown.contains(secret), "{secret}: {shown}");
        assert!(shown.contains("[secret:"), "{shown}");
    }
}

#[test]
fn the_key_that_an_audit_event_is_about_has_the_name_of_its_own_use() {
    let about = |operation: &'static str, key_is| {
        let record = Record {
            operation: field(operation),
            key: field("sk_live_admin1234567890"),
            object: field("key_17"),
            ..Record::default()
        };
        appended(key_is, &record).object.get(0).to_owned()
    };
    assert_eq!(about("api_key.deleted", KeyIs::Id), "key_17");
    assert_eq!(about("project.archived", KeyIs::Secret), "key_17");
    let named = Identity::new([3; 32], KeyIs::Secret).key_id_of("key_17");
    assert_eq!(about("api_key.created", KeyIs::Secret), named);
}

#[test]
fn a_route_of_plain_words_has_the_name_that_the_description_gives() {
    let mut templates = super::Templates::default();
    templates.add(br#"{"paths": {"/v1/orders/{order}": {}}}"#, "api.json").unwrap();
    let mut identity = Identity::new([3; 32], KeyIs::Id);
    identity.set_templates(std::sync::Arc::new(templates));
    let mut batch = EventBatch::default();
    for path in ["/v1/orders/17", "/v1/users/17", "/v1/orders/A.b"] {
        identity.append(&Record { path: field(path), ..Record::default() }, &SEEN, &mut batch);
    }
    let routes = [0, 1, 2].map(|row| batch.route.get(row));
    assert_eq!(routes, ["/v1/orders/{order}", "/v1/users/{id}", "/v1/orders/{order}"]);
}

#[test]
fn a_key_in_a_path_names_the_caller_and_stands_nowhere() {
    let mut identity = Identity::new([3; 32], KeyIs::Secret);
    identity.look_into_paths(super::PathKeys::read(&["/hooks/{key}".to_owned()]).unwrap());
    let named = identity.key_id_of("abcdefgh-canary");
    let mut batch = EventBatch::default();
    let record = Record { path: field("/hooks/abcdefgh-canary/x"), ..Record::default() };
    identity.append(&record, &SEEN, &mut batch);
    let record = Record { key: field("other"), ..record };
    identity.append(&record, &SEEN, &mut batch);
    assert_eq!(batch.key.get(0), named);
    // A header's key wins.
    assert_eq!(batch.key.get(1), identity.key_id_of("other"));
    assert_eq!(batch.route.get(0), "/hooks/{secret}/x");
    for row in [0, 1] {
        assert!(!batch.path.get(row).contains("canary"), "{}", batch.path.get(row));
    }
}

#[test]
fn a_key_has_one_name_wherever_it_stands() {
    let identity = Identity::new([3; 32], KeyIs::Secret);
    let name = identity.key_id_of("s3cret-key");
    let check = |record: &Record<'_>| {
        let batch = appended(KeyIs::Secret, record);
        assert_eq!(batch.key.get(0), name);
    };
    check(&Record { key: field("s3cret-key"), ..Record::default() });
    check(&Record { key: field("bearer s3cret-key"), ..Record::default() });
    check(&Record { query: field("a=1&api_key=s3cret%2Dkey"), ..Record::default() });
    let (key, query) = (field("bo"), field("api_key=s3cret-key"));
    check(&Record { key, query, key_is_user: true, ..Record::default() });
}

#[test]
fn a_public_id_is_kept_but_a_live_secret_is_not() {
    let key_of = |key: &str| {
        let record = Record { key: field(key), ..Record::default() };
        appended(KeyIs::Id, &record).key.get(0).to_owned()
    };
    assert_eq!(key_of("k_alpha"), "k_alpha");
    assert_eq!(key_of("Bearer k_alpha"), "k_alpha");
    assert_eq!(key_of("550e8400-e29b-41d4-a716-446655440000").len(), 36);
    assert_eq!(key_of("-"), "");
    for secret in ["sk-abcdefghijklmnop", "eyJhbGciOiJIUzI1NiJ9.e30.x", "Basic Ym86cGFzcw=="] {
        assert!(key_of(secret).starts_with("k_") && key_of(secret).len() == 14, "{secret}");
    }
}

#[test]
fn the_lines_own_credential_is_hidden_in_any_spelling() {
    let record = Record {
        key: field("own\tcredential/+"),
        path: field("/a/own%09credential%2F%2B"),
        query: field("own%09credential%2f%2b"),
        user_agent: field("x own\tcredential/+ y"),
        ..Record::default()
    };
    let shown = shown(&appended(KeyIs::Secret, &record));
    assert!(!shown.contains("credential"), "{shown}");
}

#[test]
fn a_query_that_was_left_in_the_path_is_taken_off() {
    let record = Record { path: field("/v1/orders?api_key=s3cret/key"), ..Record::default() };
    let batch = appended(KeyIs::Secret, &record);
    assert_eq!(batch.key.get(0), Identity::new([3; 32], KeyIs::Secret).key_id_of("s3cret/key"));
    assert_eq!((batch.path.get(0), batch.route.get(0)), ("/v1/orders", "/v1/orders"));
    assert!(!shown(&batch).contains("s3cret"));
}

#[test]
fn a_user_name_is_kept() {
    let record = Record { key: field("bo"), key_is_user: true, ..Record::default() };
    assert_eq!(appended(KeyIs::Secret, &record).key.get(0), "bo");
}

#[test]
fn lists_fill_in_role_network_and_country() {
    let mut identity = Identity::new([3; 32], KeyIs::Secret);
    let (inventory, _) = Inventory::from_csv(b"key_id,role\ns3cret-key,partner\n", "i").unwrap();
    let (networks, _) =
        Networks::from_csv(b"prefix,asn,country\n192.0.2.0/24,64500,DE\n", "n").unwrap();
    identity.set_inventory(Arc::new(inventory.with_pseudonyms(&identity)));
    identity.set_networks(Arc::new(networks));
    let mut batch = EventBatch::default();
    let record = Record {
        key: field("s3cret-key"),
        source_ip: field("[::ffff:192.0.2.7]:443"),
        path: field("/v1/orders/76397250"),
        ..Record::default()
    };
    identity.append(&record, &SEEN, &mut batch);
    let told = Record { asn: Some(1), country: field("FR"), ..record };
    identity.append(&told, &SEEN, &mut batch);
    assert_eq!(batch.role.get(0), "partner");
    assert_eq!(batch.source_ip.get(0), "192.0.2.7");
    assert_eq!((batch.asn[0], batch.country.get(0)), (64500, "DE"));
    assert_eq!((batch.asn[1], batch.country.get(1)), (1, "FR"));
    assert_eq!(batch.path.get(0), "/v1/orders/76397250");
    assert_eq!(batch.route.get(0), "/v1/orders/{id}");
    assert_eq!(batch.time, [9, 9]);
}

#[test]
fn a_request_that_is_none_has_no_route() {
    let record = Record { path: field("/x"), raw_request: field("\x16\x03"), ..Record::default() };
    assert_eq!(appended(KeyIs::Secret, &record).route.get(0), "");
}

#[test]
fn a_sample_of_an_unreadable_line_hides_more() {
    let identity = Identity::new([3; 32], KeyIs::Secret);
    let sample =
        identity.scrub_sample(b"192.0.2.7 \"GET /v1/orders\" \"a1b2c3d4e5f6g7\" key=abc\0");
    assert!(sample.starts_with("192.0.2.7 \"GET /v1/orders\" \"[secret:"), "{sample}");
    assert!(!sample.contains("abc") && !sample.contains('\0'), "{sample}");
}

fn lengths(batch: &EventBatch) -> Vec<usize> {
    vec![
        batch.time.len(),
        batch.kind.len(),
        batch.status.len(),
        batch.bytes.len(),
        batch.request_bytes.len(),
        batch.duration_us.len(),
        batch.input_tokens.len(),
        batch.output_tokens.len(),
        batch.cost_micros.len(),
        batch.count.len(),
        batch.operation.rows.len(),
        batch.outcome.rows.len(),
        batch.tenant.rows.len(),
        batch.asn.len(),
        batch.flaws.len(),
        batch.late.len(),
        batch.source.rows.len(),
        batch.format.rows.len(),
        batch.key.rows.len(),
        batch.role.rows.len(),
        batch.source_ip.rows.len(),
        batch.method.rows.len(),
        batch.path.rows.len(),
        batch.query.rows.len(),
        batch.route.rows.len(),
        batch.user_agent.rows.len(),
        batch.referer.rows.len(),
        batch.user.rows.len(),
        batch.model.rows.len(),
        batch.country.rows.len(),
    ]
}

fn bytes() -> impl Strategy<Value = Option<Cow<'static, [u8]>>> {
    let any = proptest::collection::vec(any::<u8>(), 0..80);
    let alike = "[a-c%=&:/ .eyJ?#\\[\"é]{0,60}".prop_map(String::into_bytes);
    proptest::option::of(prop_oneof![any, alike].prop_map(Cow::Owned))
}

proptest! {
    #[test]
    fn any_bytes_make_one_row_in_every_column(
        rows in proptest::collection::vec((bytes(), bytes(), bytes(), bytes(), any::<bool>()), 1..8),
        is_id in any::<bool>(),
    ) {
        let mut identity = Identity::new([3; 32], if is_id { KeyIs::Id } else { KeyIs::Secret });
        let mut batch = EventBatch::default();
        for (key, path, query, text, key_is_user) in &rows {
            let record = Record {
                key: key.clone(), path: path.clone(), query: query.clone(), key_is_user: *key_is_user,
                user_agent: text.clone(), referer: text.clone(), user: text.clone(),
                source_ip: text.clone(), method: text.clone(), country: text.clone(),
                ..Record::default()
            };
            identity.append(&record, &SEEN, &mut batch);
        }
        for (column, length) in lengths(&batch).into_iter().enumerate() {
            prop_assert_eq!(length, rows.len(), "column {}", column);
        }
        prop_assert!(!shown(&batch).contains(['\0', '\n', '\r']));
    }

    #[test]
    fn what_was_seen_before_changes_nothing(first in bytes(), text in bytes(), path in bytes()) {
        let record = Record {
            key: text.clone(), user_agent: text, path: path.clone(), query: path, ..Record::default()
        };
        let mut fresh = EventBatch::default();
        Identity::new([3; 32], KeyIs::Secret).append(&record, &SEEN, &mut fresh);
        let mut identity = Identity::new([3; 32], KeyIs::Secret);
        let other = Record { key: first.clone(), user_agent: first, ..Record::default() };
        identity.append(&other, &SEEN, &mut EventBatch::default());
        identity.append(&record, &SEEN, &mut EventBatch::default());
        let mut again = EventBatch::default();
        identity.append(&record, &SEEN, &mut again);
        prop_assert_eq!(shown(&fresh), shown(&again));
    }
}
