//! Why a data directory cannot be used.

use core::error::Error;
use core::fmt;
use std::io;
use std::path::PathBuf;

use super::state_error::StateError;

/// Why a sandbox did not start on a data directory. Nothing in it was changed.
#[derive(Debug)]
#[non_exhaustive]
pub enum DataError {
    /// Another sandbox runs on the directory.
    InUse {
        /// The directory.
        directory: PathBuf,
    },
    /// A file or the directory could not be made, read or written.
    Io {
        /// Which one.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
    /// A file is not what was written there. What an interrupted write leaves is no damage.
    Damaged {
        /// The file.
        path: PathBuf,
        /// Where, in bytes from its start.
        at: u64,
    },
    /// The state in the file contradicts itself, or has another version.
    State {
        /// The file.
        path: PathBuf,
        /// Which field.
        source: StateError,
    },
}

impl fmt::Display for DataError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::InUse { directory } => write!(
                f,
                "another sandbox runs on the directory {}",
                directory.display()
            ),
            Self::Io { path, .. } => write!(f, "cannot use {}", path.display()),
            Self::Damaged { path, at } => {
                write!(f, "the file {} is damaged at byte {at}", path.display())
            }
            Self::State { path, .. } => write!(f, "the file {} is no state", path.display()),
        }
    }
}

impl Error for DataError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Io { source, .. } => Some(source),
            Self::State { source, .. } => Some(source),
            Self::InUse { .. } | Self::Damaged { .. } => None,
        }
    }
}
