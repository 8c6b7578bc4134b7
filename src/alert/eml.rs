//! Mails into a directory, one `.eml` file each: to look at, without a mail server.

use std::fs;
use std::path::Path;
use std::path::PathBuf;

use super::message::mail_of;
use super::{AlertError, Bulletin, Notifier, Refusal, Sending};
use crate::store::fault;

/// The file's name follows from the mail, so that sending it again writes it again.
#[derive(Debug)]
pub struct EmlDirectory {
    path: PathBuf,
}

impl EmlDirectory {
    /// Makes the directory if it is not there.
    pub fn open(path: &Path) -> Result<Self, AlertError> {
        fs::create_dir_all(path)
            .map_err(|source| AlertError::Directory { path: path.to_owned(), source })?;
        Ok(Self { path: path.to_owned() })
    }

    fn write(&self, bulletin: &Bulletin) -> Result<String, Refusal> {
        let mail = mail_of(bulletin).map_err(|error| Refusal::Never(error.to_string()))?;
        let path = self.path.join(file_name(bulletin));
        let written = fault::point("eml.write").and_then(|()| fs::write(&path, mail.formatted()));
        written.map_err(|error| {
            Refusal::Unreachable(format!("cannot write {}: {error}", path.display()))
        })?;
        Ok(format!("written to {}", path.display()))
    }
}

impl Notifier for EmlDirectory {
    fn send<'a>(&'a self, bulletin: &'a Bulletin) -> Sending<'a> {
        Box::pin(async move { self.write(bulletin) })
    }
}

fn file_name(bulletin: &Bulletin) -> String {
    let safe = |text: &str| -> String {
        let kept =
            |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '-' | '.' | '@');
        text.chars().filter(|&letter| kept(letter)).take(80).collect()
    };
    let id = bulletin.letter.message_id.split('@').next().unwrap_or_default();
    format!("{}.{}.eml", safe(id), safe(&bulletin.to))
}
