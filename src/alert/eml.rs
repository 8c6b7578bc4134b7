//! Mails into a directory, one `.eml` file each: to look at, without a mail server.

use std::fs;
use std::future::Future;
use std::path::Path;
use std::path::PathBuf;
use std::pin::Pin;

use super::{AlertError, Mail, Notifier, Refusal};

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

    fn write(&self, mail: &Mail) -> Result<String, Refusal> {
        let path = self.path.join(file_name(mail));
        fs::write(&path, mail.message.formatted()).map_err(|error| {
            Refusal::Unreachable(format!("cannot write {}: {error}", path.display()))
        })?;
        Ok(format!("written to {}", path.display()))
    }
}

impl Notifier for EmlDirectory {
    fn send<'a>(
        &'a self,
        mail: &'a Mail,
    ) -> Pin<Box<dyn Future<Output = Result<String, Refusal>> + Send + 'a>> {
        Box::pin(async move { self.write(mail) })
    }
}

fn file_name(mail: &Mail) -> String {
    let safe = |text: &str| -> String {
        let kept =
            |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '-' | '.' | '@');
        text.chars().filter(|&letter| kept(letter)).take(80).collect()
    };
    let id = mail.message_id.split('@').next().unwrap_or_default();
    format!("{}.{}.eml", safe(id), safe(&mail.to))
}
