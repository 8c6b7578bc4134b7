//! A report for spreadsheets: one table as it is, or all figures in one long table.

use std::io::{self, Write};

use super::{Figure, Report};
use crate::report::Value;

impl Report {
    /// A line for each value: section, figure, question, row, column, value.
    pub fn write_csv(&self, out: impl Write) -> io::Result<()> {
        let mut csv = csv::Writer::from_writer(out);
        csv.write_record(["section", "figure", "made_by", "row", "column", "value"])?;
        for section in &self.sections {
            for figure in &section.figures {
                for (number, row) in figure.rows.iter().enumerate() {
                    let number = (number + 1).to_string();
                    for (head, value) in figure.heads.iter().zip(row) {
                        let made_by = Value::Text(figure.made_by.clone()).in_csv();
                        let value = value.in_csv();
                        csv.write_record([
                            &section.id,
                            &figure.name,
                            &made_by,
                            &number,
                            head,
                            &value,
                        ])?;
                    }
                }
            }
            for control in &section.controls {
                for evidence in &control.evidence {
                    let id = format!("{} {}", control.framework, control.id);
                    let (says, value) =
                        (Value::Text(evidence.says.clone()).in_csv(), evidence.value.in_csv());
                    csv.write_record([&section.id, &id, &evidence.figure, "", &says, &value])?;
                }
            }
            for (name, what) in &section.facts {
                let what = Value::Text(what.clone()).in_csv();
                csv.write_record([&section.id, "", "", "", name, &what])?;
            }
        }
        csv.flush()
    }
}

impl Figure {
    /// The table as it is.
    pub fn write_csv(&self, out: impl Write) -> io::Result<()> {
        let mut csv = csv::Writer::from_writer(out);
        csv.write_record(&self.heads)?;
        for row in &self.rows {
            csv.write_record(row.iter().map(Value::in_csv))?;
        }
        csv.flush()
    }
}
