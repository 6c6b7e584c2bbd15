//! The data directory: one process at a time, and the keys that were made for it.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

use data_encoding::BASE32_NOPAD;
use serde::{Deserialize, Serialize};

use crate::config::Keys;
use crate::domain::clock::Entropy;

/// The store's file.
pub const STORE: &str = "store.db";
/// The queue's file.
pub const QUEUE: &str = "queue.db";
/// The file of generated keys.
pub const KEYS: &str = "keys.json";
const LOCK: &str = "lock";

/// Why a data directory cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum DataDirError {
    /// It cannot be made, read or written.
    #[error("cannot use the data directory {path}: {source}")]
    Unusable {
        /// The directory or a file in it.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// Another process uses it.
    #[error("the data directory {path} is in use by another hemicycle; stop it, or choose another DATA_DIR")]
    InUse {
        /// The directory.
        path: PathBuf,
    },
    /// The keys' file is not what we wrote.
    #[error("{path} is damaged: {source}")]
    Keys {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        source: serde_json::Error,
    },
}

/// A data directory, locked for this process as long as this value lives.
#[derive(Debug)]
pub struct DataDir {
    path: PathBuf,
    _lock: File,
}

/// The secrets in force.
#[derive(Clone)]
pub struct KeyRing {
    /// The organiser's key.
    pub admin: String,
    /// What signs voter cookies, the newest first.
    pub secrets: Vec<String>,
    /// Whether the admin key was made just now, so that somebody has to be told.
    pub is_new: bool,
}

impl std::fmt::Debug for KeyRing {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("KeyRing")
    }
}

#[derive(Serialize, Deserialize)]
struct StoredKeys {
    admin_key: String,
    secret_key: String,
}

impl DataDir {
    /// Makes the directory where it is missing, readable for its owner only, and locks it.
    ///
    /// # Errors
    /// When it cannot be used, or another process uses it.
    pub fn open(path: &Path) -> Result<Self, DataDirError> {
        let unusable = |source| DataDirError::Unusable { path: path.to_owned(), source };
        make_private_dir(path).map_err(unusable)?;
        let lock =
            OpenOptions::new().create(true).truncate(false).write(true).open(path.join(LOCK)).map_err(unusable)?;
        match lock.try_lock() {
            Ok(()) => Ok(Self { path: path.to_owned(), _lock: lock }),
            Err(TryLockError::WouldBlock) => Err(DataDirError::InUse { path: path.to_owned() }),
            Err(TryLockError::Error(source)) => Err(unusable(source)),
        }
    }

    /// The store's file.
    #[must_use]
    pub fn store(&self) -> PathBuf {
        self.path.join(STORE)
    }

    /// The queue's file.
    #[must_use]
    pub fn queue(&self) -> PathBuf {
        self.path.join(QUEUE)
    }

    /// The keys as configured; those that are not come from the directory, made where they are missing.
    ///
    /// # Errors
    /// When the file of keys cannot be read or written.
    pub fn keys(&self, configured: &Keys, entropy: &Entropy) -> Result<KeyRing, DataDirError> {
        if let (Some(admin), [_, ..]) = (&configured.admin_key, &configured.secret_key[..]) {
            return Ok(KeyRing { admin: admin.clone(), secrets: configured.secret_key.clone(), is_new: false });
        }
        let path = self.path.join(KEYS);
        let unusable = |source| DataDirError::Unusable { path: path.clone(), source };
        let (stored, is_new) = match fs::read(&path) {
            Ok(bytes) => {
                let stored = serde_json::from_slice(&bytes);
                (stored.map_err(|source| DataDirError::Keys { path: path.clone(), source })?, false)
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let stored = StoredKeys { admin_key: readable_key(entropy), secret_key: readable_key(entropy) };
                let json = serde_json::to_vec_pretty(&stored)
                    .map_err(|source| DataDirError::Keys { path: path.clone(), source })?;
                write_private(&path, &json).map_err(unusable)?;
                (stored, true)
            }
            Err(error) => return Err(unusable(error)),
        };
        let secrets = &configured.secret_key;
        Ok(KeyRing {
            is_new: is_new && configured.admin_key.is_none(),
            admin: configured.admin_key.clone().unwrap_or(stored.admin_key),
            secrets: if secrets.is_empty() { vec![stored.secret_key] } else { secrets.clone() },
        })
    }
}

/// 160 random bits as eight groups of four letters and digits.
fn readable_key(entropy: &Entropy) -> String {
    let text = BASE32_NOPAD.encode(&entropy.bytes::<20>()).to_lowercase();
    let groups: Vec<&str> = text.as_bytes().chunks(4).filter_map(|group| std::str::from_utf8(group).ok()).collect();
    groups.join("-")
}

/// Makes a directory that only its owner can read; leaves one that exists as it is.
///
/// # Errors
/// As the system says.
pub fn make_private_dir(path: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path)
}

/// Writes a new file that only its owner can read, through to the disk.
///
/// # Errors
/// As the system says; also where the file exists.
pub fn write_private(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = create_private(path)?;
    io::Write::write_all(&mut file, bytes)?;
    file.sync_all()
}

/// Creates a new file that only its owner can read.
///
/// # Errors
/// As the system says; also where the file exists.
pub fn create_private(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}
