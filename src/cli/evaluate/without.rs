//! Parts of the judgement that are left out, to see what each is worth.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use clap::ValueEnum;

use crate::config::Config;
use crate::engine::Part;

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Without {
    /// All keys are of one role
    Roles,
    /// Scores count as their models say, and not as often as they came
    Calibration,
    /// Hours are learned at once, whatever was told of them
    LateLearning,
    /// The same hour of last week tells nothing
    LastWeek,
    /// What many keys do at once is told of each
    Fleet,
    /// What was wild on other days, or was told, is news again
    Familiarity,
    /// A level grows as it likes
    GrowthLimit,
}

impl Without {
    /// `scratch` is where a list without roles may lie.
    pub(super) fn leave_out(self, config: &mut Config, scratch: &Path) -> anyhow::Result<()> {
        let part = match self {
            Self::Calibration => Part::Calibration,
            Self::LateLearning => Part::LateLearning,
            Self::LastWeek => Part::LastWeek,
            Self::Familiarity => Part::Familiarity,
            Self::GrowthLimit => Part::GrowthLimit,
            Self::Fleet => {
                let detector = &mut config.detectors.shared_cause;
                (detector.keys_min, detector.crowd_min) = (usize::MAX, usize::MAX);
                return Ok(());
            }
            Self::Roles => {
                if let Some(inventory) = config.inventory.as_mut() {
                    *inventory = without_roles(inventory, scratch)?;
                }
                return Ok(());
            }
        };
        config.without.insert(part);
        Ok(())
    }
}

/// The same list, in which no key has a role.
fn without_roles(list: &Path, scratch: &Path) -> anyhow::Result<PathBuf> {
    let text = fs::read(list).with_context(|| format!("cannot read {}", list.display()))?;
    let mut reader = csv::Reader::from_reader(text.as_slice());
    let head = reader.headers()?.clone();
    let role = head.iter().position(|name| name == "role");
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(&head)?;
    for row in reader.records() {
        let row = row?;
        let values = row.iter().enumerate();
        writer.write_record(values.map(|(at, value)| if Some(at) == role { "" } else { value }))?;
    }
    let path = scratch.join("inventory.csv");
    fs::write(&path, writer.into_inner()?)
        .with_context(|| format!("cannot write {}", path.display()))?;
    Ok(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_loses_its_roles_and_nothing_else() {
        let scratch = tempfile::tempdir().unwrap();
        let list = scratch.path().join("list.csv");
        fs::write(&list, "key_id,role,owner\nk_a,partner,ana\n").unwrap();
        let mut config = Config { inventory: Some(list), ..Config::default() };
        Without::Roles.leave_out(&mut config, scratch.path()).unwrap();
        let text = fs::read_to_string(config.inventory.as_ref().unwrap()).unwrap();
        assert_eq!(text, "key_id,role,owner\nk_a,,ana\n");
        Without::LastWeek.leave_out(&mut config, scratch.path()).unwrap();
        assert!(config.without.contains(&Part::LastWeek));
    }
}
