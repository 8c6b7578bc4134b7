//! Writes a simulation into a directory: the log, and the tables beside it.

use std::fs;
use std::fs::File;
use std::io;
use std::io::Write;
use std::path::Path;

use super::simulation::Simulation;

/// Writes `access.log`, `inventory.csv`, `networks.csv`, `labels.csv`, `confounders.csv` and `meta.json`.
pub fn write_to(dir: &Path, simulation: &mut Simulation) -> io::Result<()> {
    fs::create_dir_all(dir)?;
    let mut log = File::create(dir.join("access.log"))?;
    let mut text = String::new();
    while simulation.next_hour(&mut text).is_some() {
        log.write_all(text.as_bytes())?;
        text.clear();
    }
    fs::write(dir.join("inventory.csv"), simulation.inventory_csv())?;
    fs::write(dir.join("networks.csv"), simulation.networks_csv())?;
    fs::write(dir.join("labels.csv"), simulation.labels_csv())?;
    fs::write(dir.join("confounders.csv"), simulation.confounders_csv())?;
    fs::write(dir.join("meta.json"), simulation.meta_json())
}
