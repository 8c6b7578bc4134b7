//! What a report found as events of the Open Cybersecurity Schema Framework: incidents as
//! Detection Findings, credentials and evidence by control as Compliance Findings.

use serde_json::{Value as Json, json};

use super::paper::Control;
use super::{Figure, Report};
use crate::report::Value;

const SCHEMA: &str = "1.6.0";
const DETECTION: (u32, &str) = (2004, "Detection Finding");
const COMPLIANCE: (u32, &str) = (2003, "Compliance Finding");

impl Report {
    /// One event after the other.
    pub fn in_ocsf(&self) -> Vec<Json> {
        let rows = |name: &str| {
            let figure = self.figure(name);
            figure
                .into_iter()
                .flat_map(|figure| figure.rows.iter().map(move |row| Row { figure, row }))
        };
        let incidents = rows("incidents.each").map(|row| self.incident(&row));
        let stale = rows("stale.each").map(|row| self.credential(&row));
        let over = rows("stale.over-privileged").map(|row| self.over_privileged(&row));
        let controls = self.sections.iter().flat_map(|it| &it.controls).map(|it| self.control(it));
        let all = incidents.chain(stale).chain(over).chain(controls);
        all.map(without_nulls).collect()
    }

    fn incident(&self, row: &Row<'_>) -> Json {
        let (status, name) = match row.text("state").as_str() {
            "acknowledged" => (2, "In Progress"),
            "muted" => (3, "Suppressed"),
            "resolved" => (4, "Resolved"),
            _ => (1, "New"),
        };
        let mut event = self.event(DETECTION, &row.text("severity"), &row.text("title"));
        let more = json!({
            "status_id": status,
            "status": name,
            "start_time": row.millis("opened"),
            "finding_info": {
                "uid": row.text("id"),
                "title": row.text("title"),
                "created_time": row.millis("opened"),
            },
            "unmapped": {
                "owner": row.text("owner"),
                "detected_s": row.value("detected_s"),
                "told_s": row.value("told_s"),
                "acknowledged_s": row.value("acknowledged_s"),
            },
        });
        add(&mut event, more);
        event
    }

    fn credential(&self, row: &Row<'_>) -> Json {
        let subject = Some(row.text("key")).filter(|key| !key.is_empty());
        let subject = subject.unwrap_or_else(|| row.text("route"));
        let severity = row.text("severity");
        let status = if matches!(severity.as_str(), "high" | "critical") { FAIL } else { WARNING };
        let what = (row.text("kind"), row.text("because"));
        self.hygiene((&subject, &severity), (&what.0, &what.1), status)
    }

    fn over_privileged(&self, row: &Row<'_>) -> Json {
        let because = format!("may {}; did {}", row.text("may"), row.text("did"));
        self.hygiene((&row.text("key"), "medium"), ("over_privileged", &because), WARNING)
    }

    fn hygiene(
        &self,
        (subject, severity): (&str, &str),
        (kind, because): (&str, &str),
        (status, name): (u32, &str),
    ) -> Json {
        let title = format!("{subject}: {}", kind.replace('_', " "));
        let mut event = self.event(COMPLIANCE, severity, &title);
        let more = json!({
            "finding_info": { "uid": format!("{subject}/{kind}"), "title": title, "desc": because },
            "compliance": {
                "control": kind,
                "standards": ["keyvigil: credential hygiene"],
                "status_id": status,
                "status": name,
            },
            "resources": [{ "uid": subject, "type": "API credential" }],
        });
        add(&mut event, more);
        event
    }

    /// Evidence is no verdict: what nothing speaks against stays unknown.
    fn control(&self, control: &Control) -> Json {
        let has_gap = control.evidence.iter().any(|it| it.is_gap);
        let (status, name) = if has_gap { WARNING } else { (0, "Unknown") };
        let title = format!("Evidence towards {} {}", control.framework, control.id);
        let evidence = control.evidence.iter().map(|it| format!("{}: {}", it.says, it.value));
        let mut event = self.event(COMPLIANCE, if has_gap { "low" } else { "" }, &title);
        let more = json!({
            "finding_info": {
                "uid": format!("{} {}", control.framework, control.id),
                "title": title,
                "desc": control.asks,
            },
            "compliance": {
                "control": control.id,
                "standards": [control.framework],
                "status_id": status,
                "status": name,
                "status_details": evidence.collect::<Vec<_>>(),
            },
        });
        add(&mut event, more);
        event
    }

    fn event(&self, (class, class_name): (u32, &str), severity: &str, message: &str) -> Json {
        let (severity, severity_name) = match severity {
            "low" => (2, "Low"),
            "medium" => (3, "Medium"),
            "high" => (4, "High"),
            "critical" => (5, "Critical"),
            _ => (1, "Informational"),
        };
        json!({
            "class_uid": class,
            "class_name": class_name,
            "category_uid": 2,
            "category_name": "Findings",
            "activity_id": 2,
            "activity_name": "Update",
            "type_uid": class * 100 + 2,
            "type_name": format!("{class_name}: Update"),
            "severity_id": severity,
            "severity": severity_name,
            "time": self.made.0,
            "message": message,
            "metadata": {
                "version": SCHEMA,
                "product": {
                    "name": "keyvigil",
                    "vendor_name": "keyvigil",
                    "version": self.version,
                },
                "log_provider": self.host,
            },
        })
    }
}

const WARNING: (u32, &str) = (2, "Warning");
const FAIL: (u32, &str) = (3, "Fail");

fn add(event: &mut Json, more: Json) {
    if let (Json::Object(event), Json::Object(more)) = (event, more) {
        event.extend(more);
    }
}

/// The schema knows no null: what is not known is left out.
fn without_nulls(value: Json) -> Json {
    match value {
        Json::Object(fields) => {
            let known = fields.into_iter().filter(|(_, value)| !value.is_null());
            Json::Object(known.map(|(name, value)| (name, without_nulls(value))).collect())
        }
        Json::Array(values) => Json::Array(values.into_iter().map(without_nulls).collect()),
        other @ (Json::Null | Json::Bool(_) | Json::Number(_) | Json::String(_)) => other,
    }
}

/// A row of a figure, by the names of its columns.
struct Row<'a> {
    figure: &'a Figure,
    row: &'a [Value],
}

impl Row<'_> {
    fn cell(&self, head: &str) -> Option<&Value> {
        let place = self.figure.heads.iter().position(|it| it == head)?;
        self.row.get(place)
    }

    fn text(&self, head: &str) -> String {
        self.cell(head).map(ToString::to_string).unwrap_or_default()
    }

    fn value(&self, head: &str) -> Json {
        self.cell(head).map_or(Json::Null, Value::in_json)
    }

    fn millis(&self, head: &str) -> Option<i64> {
        match self.cell(head)? {
            Value::Time(at) => Some(at.0),
            Value::Absent
            | Value::Flag(_)
            | Value::Integer(_)
            | Value::Fraction(_)
            | Value::Text(_) => None,
        }
    }
}
