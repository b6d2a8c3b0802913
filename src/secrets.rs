//! What the server alone knows: made at the first start, in a file that only its owner may read.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};

/// The name of the file in the data directory.
pub const FILE: &str = "secrets.toml";

/// Everything in the file.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Secrets {
    /// The password of encrypted frames, when `[p2p] encryption_key` names none.
    pub p2p_encryption_key: String,
}

/// Why there are no secrets.
#[derive(Debug, thiserror::Error)]
pub enum SecretsProblem {
    #[error("{path}: {error}")]
    Io { path: PathBuf, error: io::Error },
    #[error("{path} can't be the data directory (server.data or --data): {error}")]
    DataDirectory { path: PathBuf, error: io::Error },
    #[error("{path}: {reason}; restore it from a backup, or remove it to have a new one made")]
    Unreadable { path: PathBuf, reason: String },
    #[error("{path} can be read by others; run: chmod 600 {path}")]
    Open { path: PathBuf },
    #[error("the system has no random numbers: {0}")]
    NoRandomness(getrandom::Error),
}

impl Secrets {
    /// Reads the secrets of the data directory; makes both where there are none.
    ///
    /// # Errors
    /// The file can't be read or made, or others can read it.
    pub fn load(data: &Path) -> Result<Self, SecretsProblem> {
        let path = data.join(FILE);
        make_private_dir(data)
            .map_err(|error| SecretsProblem::DataDirectory { path: data.to_owned(), error })?;
        let io = |error| SecretsProblem::Io { path: path.clone(), error };
        match fs::read_to_string(&path) {
            Ok(text) => {
                check_private(&path, 0o077)?;
                toml::from_str(&text).map_err(|error: toml::de::Error| SecretsProblem::Unreadable {
                    path: path.clone(),
                    reason: error.message().to_owned(),
                })
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let secrets =
                    Self { p2p_encryption_key: random_text().map_err(SecretsProblem::NoRandomness)? };
                secrets.save(&path).map_err(io)?;
                log::info!("made {}: keep it with your backups, and to yourself", path.display());
                Ok(secrets)
            }
            Err(error) => Err(io(error)),
        }
    }

    /// Under another name first: half a file must never be taken for the secrets.
    fn save(&self, path: &Path) -> io::Result<()> {
        let part = path.with_extension("part");
        let text = toml::to_string(self).map_err(io::Error::other)?;
        let mut options = OpenOptions::new();
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let mut file: File = options.write(true).create(true).truncate(true).open(&part)?;
        file.write_all(text.as_bytes())?;
        file.sync_all()?;
        fs::rename(&part, path)
    }
}

/// 256 random bits, as text that fits into a URL, a shell and a settings file.
///
/// # Errors
/// The system has no random numbers.
pub fn random_text() -> Result<String, getrandom::Error> {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes)?;
    Ok(URL_SAFE_NO_PAD.encode(bytes))
}

/// Makes `path` for its owner alone. One that exists stays as it is.
fn make_private_dir(path: &Path) -> io::Result<()> {
    let mut builder = DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.recursive(true).create(path)
}

/// # Errors
/// Somebody in `others` (bits of the mode) may read or write the file.
pub fn check_private(path: &Path, others: u32) -> Result<(), SecretsProblem> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let metadata =
            fs::metadata(path).map_err(|error| SecretsProblem::Io { path: path.to_owned(), error })?;
        if metadata.permissions().mode() & others != 0 {
            return Err(SecretsProblem::Open { path: path.to_owned() });
        }
    }
    #[cfg(not(unix))]
    let _ = (path, others);
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::fs::{Permissions, metadata, set_permissions, write};
    use std::os::unix::fs::PermissionsExt;

    use super::{FILE, Secrets, random_text};

    #[test]
    fn the_first_start_makes_them_and_the_next_finds_them() {
        let directory = tempfile::tempdir().unwrap();
        let data = directory.path().join("data");
        let first = Secrets::load(&data).unwrap();
        assert_eq!(first.p2p_encryption_key.len(), 43);
        assert_eq!(Secrets::load(&data).unwrap().p2p_encryption_key, first.p2p_encryption_key);
        let mode = |path| metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!((mode(data.clone()), mode(data.join(FILE))), (0o700, 0o600));
    }

    #[test]
    fn a_file_that_others_can_read_is_refused_with_the_cure() {
        let directory = tempfile::tempdir().unwrap();
        Secrets::load(directory.path()).unwrap();
        let path = directory.path().join(FILE);
        set_permissions(&path, Permissions::from_mode(0o644)).unwrap();
        let error = Secrets::load(directory.path()).err().unwrap().to_string();
        assert!(error.contains("chmod 600"), "{error}");
        set_permissions(&path, Permissions::from_mode(0o600)).unwrap();
        write(&path, "p2p = 1").unwrap();
        let error = Secrets::load(directory.path()).err().unwrap().to_string();
        assert!(error.contains("secrets.toml") && error.contains("restore it"), "{error}");
    }

    #[test]
    fn no_two_random_texts_are_the_same() {
        assert_ne!(random_text().unwrap(), random_text().unwrap());
    }
}
