//! Findings beside what class 2004 of the schema asks for.

use serde_json::Value;

use super::letter_tests::{at, frame, incident, notice};
use super::{Bulletin, Letter, News, Notifier as _, Occasion, Ocsf, Reason};
use crate::incident::{Incident, State, Transition};
use crate::model::{Class, Entity};

/// Where each required attribute stands, and what it may be. A star stands for every entry.
const REQUIRED: &[(&str, Kind)] = &[
    ("/activity_id", Kind::Number),
    ("/category_uid", Kind::Number),
    ("/class_uid", Kind::Number),
    ("/type_uid", Kind::Number),
    ("/severity_id", Kind::Number),
    ("/time", Kind::Number),
    ("/metadata/version", Kind::Text),
    ("/metadata/product/name", Kind::Text),
    ("/metadata/product/vendor_name", Kind::Text),
    ("/finding_info/uid", Kind::Text),
    ("/finding_info/title", Kind::Text),
    ("/finding_info/analytic/type_id", Kind::Number),
    ("/finding_info/attacks/*/technique/uid", Kind::Text),
    ("/finding_info/attacks/*/version", Kind::Text),
    ("/anomaly_analyses/*/analysis_targets/*/name", Kind::Text),
    ("/anomaly_analyses/*/anomalies/*/observation_parameter", Kind::Text),
    ("/anomaly_analyses/*/anomalies/*/observations/*/value", Kind::Text),
    ("/evidences/*/src_endpoint/ip", Kind::Text),
    ("/evidences/*/api/operation", Kind::Text),
    ("/remediation/desc", Kind::Text),
    ("/is_alert", Kind::Truth),
];

#[derive(Clone, Copy, Debug)]
enum Kind {
    Text,
    Number,
    Truth,
}

async fn finding(incident: &Incident, transition: Transition) -> Value {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("findings.jsonl");
    let occasion = Occasion {
        notice: &notice(transition),
        reason: &Reason::default(),
        mails_before: 0,
        is_owner: false,
        is_flapping: false,
        stale: &[],
    };
    let letter = Letter::of(incident, &occasion, &frame()).unwrap();
    let news = News::Incident(Box::new(incident.clone()), transition);
    let to = "ocsf".to_owned();
    let bulletin = Bulletin { to, letter, news, frame: frame(), at: at(0) };
    Ocsf::to_file(&path).send(&bulletin).await.unwrap();
    let text = std::fs::read_to_string(&path).unwrap();
    serde_json::from_str(text.lines().next().unwrap()).unwrap()
}

/// Every value at a place with stars.
fn all_at<'v>(value: &'v Value, place: &str) -> Vec<&'v Value> {
    let Some((before, after)) = place.split_once("/*") else {
        return value.pointer(place).into_iter().collect();
    };
    let list = value.pointer(before).and_then(Value::as_array);
    list.into_iter().flatten().flat_map(|entry| all_at(entry, after)).collect()
}

#[tokio::test]
async fn all_that_a_detection_finding_must_have_is_there() {
    for transition in [Transition::Opened, Transition::Update, Transition::Resolved] {
        let finding = finding(&incident(), transition).await;
        for (place, kind) in REQUIRED {
            let values = all_at(&finding, place);
            assert!(!values.is_empty(), "{place} is missing in {finding:#}");
            for value in values {
                let fits = match kind {
                    Kind::Text => value.as_str().is_some_and(|text| !text.is_empty()),
                    Kind::Number => value.is_u64(),
                    Kind::Truth => value.is_boolean(),
                };
                assert!(fits, "{place} is {value}, not a {kind:?}");
            }
        }
    }
}

#[tokio::test]
async fn its_numbers_are_those_of_the_class_and_agree_with_each_other() {
    for (transition, state, activity, status) in [
        (Transition::Opened, State::Open, 1, 1),
        (Transition::Update, State::Open, 2, 1),
        (Transition::Acknowledged, State::Acknowledged, 2, 2),
        (Transition::Resolved, State::Resolved, 3, 4),
    ] {
        let incident = Incident { state, ..incident() };
        let finding = finding(&incident, transition).await;
        let number = |name: &str| finding[name].as_i64().unwrap();
        assert_eq!((number("category_uid"), number("class_uid")), (2, 2004));
        assert_eq!(number("activity_id"), activity, "{transition:?}");
        assert_eq!(number("type_uid"), 200_400 + activity);
        assert_eq!((number("status_id"), number("severity_id")), (status, 4));
        assert_eq!(finding["is_alert"], transition != Transition::Resolved);
        assert_eq!(finding["time"], at(0).0);
        assert_eq!(finding["resources"][0]["uid"], "k_83q1mz0p4w2c");
    }
}

#[tokio::test]
async fn a_broken_rule_is_sure_and_what_is_about_all_names_no_key() {
    let rule = Incident { class: Class::Policy, ..incident() };
    let sure = finding(&rule, Transition::Opened).await;
    assert_eq!((&sure["confidence_id"], &sure["confidence"]), (&3.into(), &"High".into()));
    assert_eq!(sure["finding_info"]["analytic"]["type_id"], 1);
    let all = Incident { entity: Entity::Fleet, ..incident() };
    let all = finding(&all, Transition::Opened).await;
    assert_eq!((&all["confidence_id"], &all["resources"]), (&2.into(), &Value::Array(vec![])));
    assert_eq!(all["anomaly_analyses"][0]["analysis_targets"][0]["type"], "API keys");
}
