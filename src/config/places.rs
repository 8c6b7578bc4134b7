//! Where a daemon with this configuration is to be found, however wrong the rest of it is.

use std::fs;
use std::path::{Path, PathBuf};

use toml::de::{DeTable, DeValue};

use super::Config;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Places {
    /// The state directory.
    pub directory: PathBuf,
    /// The control socket, if the file names it.
    pub socket: Option<PathBuf>,
}

impl Places {
    /// What can be understood of the file; the defaults where there is nothing.
    pub fn in_file(path: &Path) -> Self {
        Self::in_text(&fs::read_to_string(path).unwrap_or_default())
    }

    fn in_text(text: &str) -> Self {
        let (document, _mistakes) = DeTable::parse_recoverable(text);
        let named = |table: &str, name: &str| {
            let DeValue::Table(table) = document.get_ref().get(table)?.get_ref() else {
                return None;
            };
            let DeValue::String(text) = table.get(name)?.get_ref() else { return None };
            Some(PathBuf::from(text.as_ref()))
        };
        Self {
            directory: named("store", "directory")
                .unwrap_or_else(|| Config::default().store.directory),
            socket: named("control", "socket"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wrong_configuration_still_says_where_its_daemon_is() {
        let text = "[web]\nlisten = 5\nlisen = 6\n[store]\ndirectory = \"/srv/kv\"\n[[sources]\n";
        let places = Places::in_text(text);
        assert_eq!(places.directory, Path::new("/srv/kv"));
        assert_eq!(places.socket, None);
        let places = Places::in_text("[control]\nsocket = \"/run/x.sock\"");
        assert_eq!(places.socket.as_deref(), Some(Path::new("/run/x.sock")));
        assert_eq!(places.directory, Config::default().store.directory);
    }
}
