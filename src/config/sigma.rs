//! `[rules] sigma = "DIR"`: a folder of Sigma rules of a person's own.

use std::fs;
use std::path::Path;

use toml::de::DeTable;

use super::Config;
use super::mistakes::Mistake;
use super::table::Table;
use crate::detect::SigmaFile;

const FILES_MAX: usize = 2_000;
const FILE_BYTES_MAX: u64 = 1 << 20;

pub(super) fn rules(config: &mut Config, values: &DeTable<'_>) -> Vec<Mistake> {
    let mut table = Table::new("rules", values);
    if let Some(folder) = table.text("sigma") {
        match files(Path::new(&folder)) {
            Ok(files) => config.rules.sigma = files,
            Err(why) => {
                let (at, what) = (table.place_of("sigma"), "these rules cannot be read".to_owned());
                table.complain::<()>(at, what, &why);
            }
        }
    }
    table.finish()
}

/// In the order of their names.
fn files(folder: &Path) -> Result<Vec<SigmaFile>, String> {
    let said = |path: &Path, error: &std::io::Error| format!("{}: {error}", path.display());
    let mut paths = Vec::new();
    for entry in fs::read_dir(folder).map_err(|error| said(folder, &error))? {
        let path = entry.map_err(|error| said(folder, &error))?.path();
        if path.extension().is_some_and(|end| end == "yml" || end == "yaml") {
            paths.push(path);
        }
    }
    paths.sort();
    if FILES_MAX < paths.len() {
        return Err(format!("{}: more than {FILES_MAX} files", folder.display()));
    }
    let mut files = Vec::new();
    for path in paths {
        let size = fs::metadata(&path).map_err(|error| said(&path, &error))?.len();
        if FILE_BYTES_MAX < size {
            return Err(format!("{}: larger than 1 MiB", path.display()));
        }
        let text = fs::read_to_string(&path).map_err(|error| said(&path, &error))?;
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        files.push(SigmaFile { name, text });
    }
    Ok(files)
}

#[cfg(test)]
mod tests {
    use crate::config::Config;

    #[test]
    fn rules_are_read_from_their_folder_in_the_order_of_their_names() {
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in [("b.yml", "two"), ("a.yaml", "one"), ("notes.txt", "no rule")] {
            std::fs::write(folder.path().join(name), text).unwrap();
        }
        let text = format!("[rules]\nsigma = {:?}\n", folder.path().display().to_string());
        let config = Config::parse(&text, "t.toml").unwrap();
        let read: Vec<_> =
            config.rules.sigma.iter().map(|it| (it.name.as_str(), it.text.as_str())).collect();
        assert_eq!(read, [("a.yaml", "one"), ("b.yml", "two")]);
    }

    #[test]
    fn a_folder_that_is_not_there_is_a_mistake() {
        let error = Config::parse("[rules]\nsigma = \"/nowhere/rules.d\"\n", "t.toml").unwrap_err();
        assert!(error.to_string().contains("these rules cannot be read"), "{error}");
    }
}
