//! A disk of a few mebibytes that can be filled: a tmpfs of the drive's own. Mounting one needs
//! root.

use std::fs::{self, DirBuilder, File, Permissions};
use std::io::{ErrorKind, Write};
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

use crate::failure::{Result, failure};

/// What is written at a time.
const BLOCK: usize = 4096;

/// A mounted tmpfs; it is unmounted when this is dropped.
#[derive(Debug)]
pub struct SmallDisk {
    directory: TempDir,
}

impl SmallDisk {
    /// Mounts one, world-writable, in a new directory.
    ///
    /// # Errors
    ///
    /// This process may not mount.
    pub fn mount(kibibytes: u64) -> Result<Self> {
        let mut place = tempfile::Builder::new();
        place
            .prefix("kommo-disk")
            .permissions(Permissions::from_mode(0o755));
        let directory = place.tempdir()?;
        let options = format!("size={kibibytes}k,mode=1777");
        let mounted = Command::new("mount")
            .args(["-t", "tmpfs", "-o", &options, "tmpfs"])
            .arg(directory.path())
            .output()?;
        if !mounted.status.success() {
            return Err(failure("a small disk needs the right to mount a tmpfs"));
        }
        Ok(Self { directory })
    }

    /// Whether this process may mount one.
    #[must_use]
    pub fn can_be_had() -> bool {
        Self::mount(64).is_ok()
    }

    pub(crate) fn path(&self) -> &Path {
        self.directory.path()
    }

    /// A directory on it that is its owner's alone.
    pub(crate) fn private_directory(&self) -> Result<PathBuf> {
        let directory = self.path().join("home");
        DirBuilder::new().mode(0o700).create(&directory)?;
        Ok(directory)
    }

    fn ballast(&self) -> PathBuf {
        self.path().join("ballast")
    }

    /// Fills it up to this number of free blocks.
    pub(crate) fn fill_but(&self, blocks: u64) -> Result<()> {
        let mut file = File::create(self.ballast())?;
        let mut written = 0_u64;
        loop {
            match file.write(&[0; BLOCK]) {
                Ok(0) => break,
                Ok(length) => written += u64::try_from(length)?,
                Err(error) if error.kind() == ErrorKind::StorageFull => break,
                Err(error) => return Err(error.into()),
            }
        }
        let free = blocks * u64::try_from(BLOCK)?;
        Ok(file.set_len(written.saturating_sub(free))?)
    }

    /// Whether no block is left: a process has filled the disk, or is about to.
    pub(crate) fn is_full(&self) -> Result<bool> {
        let last = self.path().join("last-block");
        let written = fs::write(&last, [0; BLOCK]);
        fs::remove_file(&last)?;
        match written {
            Err(error) if error.kind() == ErrorKind::StorageFull => Ok(true),
            written => written.map(|()| false).map_err(Into::into),
        }
    }

    /// Makes room again.
    pub(crate) fn make_room(&self) -> Result<()> {
        match fs::remove_file(self.ballast()) {
            Err(error) if error.kind() != ErrorKind::NotFound => Err(error.into()),
            _ => Ok(()),
        }
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        // Lazily: a worker that is being killed may still have a file open.
        let _ = Command::new("umount").arg("-l").arg(self.path()).status();
    }
}
