//! A person's own formats, as files beside the configuration describe them.

use std::fmt;
use std::sync::Arc;

use super::FormatError;
use super::preset::Preset;

/// Formats that come before those of the program.
#[derive(Clone, Default, PartialEq)]
pub struct OwnFormats(Arc<[Arc<Preset>]>);

impl Eq for OwnFormats {}

impl fmt::Debug for OwnFormats {
    /// Their names: the rest would be pages.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.names()).finish()
    }
}

impl OwnFormats {
    /// Reads files by name and text. What is wrong in one names the file.
    pub fn read(files: &[(String, String)]) -> Result<Self, FormatError> {
        let mut presets: Vec<Arc<Preset>> = Vec::new();
        for (file, text) in files {
            let preset = Arc::new(Preset::read(text, file)?);
            if presets.iter().any(|other| other.name == preset.name) {
                let what = format!("another file has the name {:?}, too", preset.name);
                return Err(FormatError::File { file: file.clone(), what });
            }
            if let Some(what) = preset.broken_promise() {
                let what = format!("its example does not give what it promises: {what}");
                return Err(FormatError::File { file: file.clone(), what });
            }
            presets.push(preset);
        }
        Ok(Self(presets.into()))
    }

    pub(super) fn only(preset: &Arc<Preset>) -> Self {
        Self([Arc::clone(preset)].into())
    }

    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.iter().map(|preset| preset.name.as_str())
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Arc<Preset>> {
        self.0.iter()
    }
}

#[cfg(test)]
mod tests {
    use super::super::Options;
    use super::super::Outcome;
    use super::super::Parser;
    use super::*;

    fn read(text: &str) -> Result<OwnFormats, String> {
        OwnFormats::read(&[("own.toml".to_owned(), text.to_owned())])
            .map_err(|error| error.to_string())
    }

    #[test]
    fn an_own_format_comes_before_that_of_the_program() {
        let own = read("name = \"kong\"\n[fields]\nkey = \"account\"\nstatus = \"code\"").unwrap();
        let options = Options { own, ..Options::default() };
        let mut parser = Parser::by_name("kong", &options).unwrap();
        let Outcome::Event(record) = parser.parse(br#"{"account":"a-1","code":200}"#) else {
            panic!();
        };
        assert_eq!((record.key.as_deref(), record.status), (Some(b"a-1".as_slice()), Some(200)));
    }

    #[test]
    fn what_cannot_be_used_is_said() {
        for (text, expected) in [
            ("name = \"a\"", "it says nothing of its lines"),
            ("name = \"A b\"\nusual_names = true", "\"A b\" is no name"),
            ("name = \"a\"\nkind = \"x\"\nusual_names = true", "there is no kind \"x\""),
            ("name = \"a\"\n[fields]\nkey = \"a//b\"", "key: \"a//b\" has a step"),
            (
                "name = \"a\"\nregex = '(?P<status>\\d+)'\n[[example]]\nlines = '7'\ngives = [{ status = 8 }]",
                "status is \"7\", and not \"8\"",
            ),
        ] {
            let error = read(text).unwrap_err();
            assert!(error.contains(expected), "{error}");
        }
    }
}
