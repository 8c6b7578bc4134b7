//! The tables that lie beside the log, as CSV and JSON.

use std::net::IpAddr;

use super::benign;
use super::hit::rfc3339;
use super::places;
use super::simulation::Simulation;
use crate::model::Timestamp;

const INVENTORY_HEAD: &str =
    "key_id,owner,role,created,last_rotated,expires,status,status_since,successor,canary\n";
const LABELS_HEAD: &str = "incident_id,kind,strength,keys,ips,start,end,severity,n_events,note\n";

impl Simulation {
    pub fn inventory_csv(&self) -> String {
        let mut rows = vec![INVENTORY_HEAD.to_owned()];
        for key in self.people.keys.iter().filter(|key| key.record.listed) {
            let record = &key.record;
            let time = |at: i64| rfc3339(Timestamp(at));
            let expires = record.expires.map(time).unwrap_or_default();
            let canary = if record.canary { "true" } else { "" };
            let (name, owner, role) = (&key.name, key.owner, key.role.name);
            let (created, rotated, since) =
                (time(record.created), time(record.rotated), time(record.status_since));
            let (status, successor) = (record.status, &record.successor);
            rows.push(format!(
                "{name},{owner},{role},{created},{rotated},{expires},{status},{since},{successor},{canary}\n"
            ));
        }
        rows.concat()
    }

    pub fn networks_csv(&self) -> String {
        places::networks_csv(&|first| self.people.pen.shown(first))
    }

    pub fn labels_csv(&self) -> String {
        let mut rows = vec![LABELS_HEAD.to_owned()];
        for label in self.labels() {
            let shown = |address: &IpAddr| self.people.pen.shown(*address).to_string();
            let addresses: Vec<String> = label.addresses.iter().map(shown).collect();
            let (keys, addresses) = (label.keys.join(";"), addresses.join(";"));
            let (start, end) = (rfc3339(label.start), rfc3339(label.end));
            rows.push(format!(
                "{},{},{},{keys},{addresses},{start},{end},{},{},\"{}\"\n",
                label.id, label.kind, label.strength, label.severity, label.events, label.note
            ));
        }
        rows.concat()
    }

    pub fn confounders_csv(&self) -> String {
        benign::confounders_csv(&self.told)
    }

    pub fn meta_json(&self) -> String {
        let meta = self.meta();
        format!(
            "{{\"start\": \"{}\", \"end\": \"{}\", \"eval_start\": \"{}\", \"eval_days\": {}}}\n",
            rfc3339(meta.start),
            rfc3339(meta.end),
            rfc3339(meta.eval_start),
            meta.eval_days()
        )
    }
}
