//! A directory of the demo's own, which is removed at the end, since its stores have tokens and
//! messages.

use std::path::PathBuf;

use crate::failure::exit::Failure;
use crate::input::private_file;

/// Removed when it is dropped.
pub(super) struct Home {
    pub(super) directory: PathBuf,
}

impl Home {
    /// `random` makes its name.
    pub(super) fn make(random: u128) -> Result<Self, Failure> {
        let directory = std::env::temp_dir().join(format!("kommo-demo-{random:032x}"));
        private_file::make_directory(&directory).map_err(|error| {
            Failure::io(format!(
                "cannot create the directory {}: {error}",
                directory.display()
            ))
        })?;
        Ok(Self { directory })
    }
}

impl Drop for Home {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.directory);
    }
}
