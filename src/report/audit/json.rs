//! A report for programs.

use serde_json::{Map, Value as Json, json};

use super::paper::{Control, Evidence};
use super::{Figure, Report, Section};
use crate::report::Value;

impl Report {
    pub fn in_json(&self) -> Json {
        let time = |at| Value::Time(at).in_json();
        json!({
            "host": self.host,
            "version": self.version,
            "made": time(self.made),
            "from": time(self.from),
            "until": time(self.until),
            "cautions": self.cautions,
            "sections": self.sections.iter().map(Section::in_json).collect::<Vec<_>>(),
        })
    }
}

impl Section {
    fn in_json(&self) -> Json {
        let facts = self.facts.iter().map(|(name, what)| json!({ "name": name, "is": what }));
        json!({
            "id": self.id,
            "title": self.title,
            "intro": self.intro,
            "facts": facts.collect::<Vec<_>>(),
            "figures": self.figures.iter().map(Figure::in_json).collect::<Vec<_>>(),
            "controls": self.controls.iter().map(Control::in_json).collect::<Vec<_>>(),
        })
    }
}

impl Figure {
    fn in_json(&self) -> Json {
        let row = |row: &Vec<Value>| {
            let cells = self.heads.iter().cloned().zip(row.iter().map(Value::in_json));
            Json::Object(cells.collect::<Map<_, _>>())
        };
        let single = self.rows.first().and_then(|row| row.first()).filter(|_| self.is_single());
        json!({
            "name": self.name,
            "title": self.title,
            "query": self.is_sql().then_some(&self.made_by),
            "made_by": self.command(),
            "columns": self.heads,
            "value": single.map(Value::in_json),
            "rows": self.rows.iter().map(row).collect::<Vec<_>>(),
            "left_out": self.left_out,
            "note": self.note,
        })
    }
}

impl Control {
    fn in_json(&self) -> Json {
        let evidence = |it: &Evidence| {
            json!({
                "says": it.says,
                "figure": Some(&it.figure).filter(|name| !name.is_empty()),
                "value": it.value.in_json(),
                "is_gap": it.is_gap,
            })
        };
        json!({
            "framework": self.framework,
            "id": self.id,
            "asks": self.asks,
            "evidence": self.evidence.iter().map(evidence).collect::<Vec<_>>(),
            "beyond": self.beyond,
        })
    }
}
