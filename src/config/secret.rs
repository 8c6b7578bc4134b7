//! Where a secret is to be found. It never stands in the configuration itself.

use std::env;
use std::fs;
use std::path::PathBuf;

use thiserror::Error;

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Secret {
    /// A credential that systemd hands over (`LoadCredential=`).
    Credential(String),
    File(PathBuf),
    Environment(String),
}

#[derive(Debug, Error)]
pub enum SecretError {
    #[error(
        "there is no credential {name:?}; under systemd, put the secret into \
         /etc/credstore/keyvigil.{name} and start again, elsewhere use {{ file = \"…\" }} or \
         {{ env = \"…\" }}"
    )]
    NoCredential { name: String },
    #[error("cannot read the secret in {path}")]
    Unreadable { path: PathBuf, source: std::io::Error },
    #[error("the environment variable {name} is not set")]
    NotSet { name: String },
    #[error("the secret in {place} is empty")]
    Empty { place: String },
}

impl Secret {
    /// The secret's text, without the newline that editors leave at the end.
    pub fn reveal(&self) -> Result<String, SecretError> {
        let text = match self {
            Self::Credential(name) => {
                let missing = || SecretError::NoCredential { name: name.clone() };
                let folder = env::var_os("CREDENTIALS_DIRECTORY").ok_or_else(missing)?;
                let path = PathBuf::from(folder).join(name);
                // systemd hands over those that are there, and says nothing of the others.
                if !path.exists() {
                    return Err(missing());
                }
                read(path)?
            }
            Self::File(path) => read(path.clone())?,
            Self::Environment(name) => {
                env::var(name).map_err(|_not_set| SecretError::NotSet { name: name.clone() })?
            }
        };
        let text = text.trim_end_matches(['\r', '\n']).to_owned();
        if text.is_empty() {
            return Err(SecretError::Empty { place: self.place() });
        }
        Ok(text)
    }

    fn place(&self) -> String {
        match self {
            Self::Credential(name) => format!("the credential {name:?}"),
            Self::File(path) => path.display().to_string(),
            Self::Environment(name) => format!("the environment variable {name}"),
        }
    }
}

fn read(path: PathBuf) -> Result<String, SecretError> {
    fs::read_to_string(&path).map_err(|source| SecretError::Unreadable { path, source })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_in_a_file_loses_its_last_newline_only() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("password");
        fs::write(&path, " two words \n").unwrap();
        assert_eq!(Secret::File(path.clone()).reveal().unwrap(), " two words ");
        fs::write(&path, "\n").unwrap();
        let error = Secret::File(path).reveal().unwrap_err();
        assert!(error.to_string().ends_with("password is empty"), "{error}");
    }

    #[test]
    fn a_secret_that_is_nowhere_says_where_it_should_be() {
        let error = Secret::Environment("KEYVIGIL_NO_SUCH".to_owned()).reveal().unwrap_err();
        assert_eq!(error.to_string(), "the environment variable KEYVIGIL_NO_SUCH is not set");
    }
}
