//! Files that only their owner may read: 0600, in directories of 0700.

use std::fs::{DirBuilder, File, Metadata, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use crate::failure::error_code::ErrorCode;
use crate::failure::exit::Failure;

/// Makes a directory and those above it.
pub(crate) fn make_directory(directory: &Path) -> io::Result<()> {
    if directory.as_os_str().is_empty() || directory.is_dir() {
        return Ok(());
    }
    if let Some(parent) = directory.parent() {
        make_directory(parent)?;
    }
    #[allow(unused_mut, reason = "only Unix has a mode")]
    let mut builder = DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    match builder.create(directory) {
        // Another process made it meanwhile.
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists && directory.is_dir() => Ok(()),
        Err(error) => Err(error),
        Ok(()) => give_to_owner_of_parent(directory, &File::open(directory)?),
    }
}

/// What root makes belongs to the owner of the directory that it is in: one command with `sudo`
/// must not lock a service out of its own store.
#[cfg(unix)]
fn give_to_owner_of_parent(path: &Path, made: &File) -> io::Result<()> {
    use std::os::unix::fs::MetadataExt;
    const ROOT: u32 = 0;
    let parent = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    let owner = std::fs::metadata(parent)?;
    if made.metadata()?.uid() == ROOT && owner.uid() != ROOT {
        std::os::unix::fs::fchown(made, Some(owner.uid()), Some(owner.gid()))?;
    }
    Ok(())
}

#[cfg(not(unix))]
fn give_to_owner_of_parent(_: &Path, _: &File) -> io::Result<()> {
    Ok(())
}

/// Whether nothing exists at this path. A path that cannot be checked may exist.
pub(crate) fn is_absent(path: &Path) -> bool {
    match path.try_exists() {
        Ok(is_there) => !is_there,
        Err(error) => error.kind() == io::ErrorKind::NotADirectory,
    }
}

/// Makes a file that must not be there yet.
pub(crate) fn create(file: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let made = options.open(file)?;
    give_to_owner_of_parent(file, &made)?;
    Ok(made)
}

/// Makes a file that must not be there yet, with this in it.
pub(crate) fn write_new(file: &Path, bytes: &[u8]) -> io::Result<()> {
    create(file)?.write_all(bytes)
}

/// What is wrong with who may read a file, or that it is not there.
pub(crate) fn warning_about(file: &Path) -> Option<&'static str> {
    let Ok(metadata) = std::fs::metadata(file) else {
        return Some("is not there yet");
    };
    match exposure(&metadata)? {
        Exposure::Written => Some("can be written by others: make it 0600"),
        Exposure::Read => Some("can be read by others: make it 0600"),
    }
}

/// Who else may do what with a file that holds a secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Exposure {
    /// Others may put another secret into it.
    Written,
    /// Others may read it.
    Read,
}

/// As `ssh` and `libpq` judge a private key: for its owner alone, or root's and for a group to
/// read. What is not a file, such as a pipe of the shell, has no such rights.
#[cfg(unix)]
pub(crate) fn exposure(metadata: &Metadata) -> Option<Exposure> {
    use std::os::unix::fs::MetadataExt;
    const ROOT: u32 = 0;
    if !metadata.is_file() {
        return None;
    }
    let mode = metadata.mode();
    let is_roots_for_a_group = metadata.uid() == ROOT && mode & 0o037 == 0;
    match (mode & 0o022, mode & 0o055) {
        (0, 0) => None,
        (0, _) if is_roots_for_a_group => None,
        (0, _) => Some(Exposure::Read),
        _ => Some(Exposure::Written),
    }
}

#[cfg(not(unix))]
pub(crate) fn exposure(_: &Metadata) -> Option<Exposure> {
    None
}

/// The user's own directory for what a program keeps between its runs: `$XDG_STATE_HOME/kommo`,
/// else `~/.local/state/kommo`.
pub(crate) fn state_directory() -> Option<PathBuf> {
    let absolute = |name| {
        std::env::var_os(name)
            .map(PathBuf::from)
            .filter(|path| path.is_absolute())
    };
    let directory = absolute("XDG_STATE_HOME")
        .or_else(|| absolute("HOME").map(|home| home.join(".local").join("state")));
    directory.map(|directory| directory.join("kommo"))
}

/// The user's own directory for data: `$XDG_DATA_HOME/kommo`, else `~/.local/share/kommo`.
pub(crate) fn data_directory() -> Result<PathBuf, Failure> {
    let absolute = |name| {
        std::env::var_os(name)
            .map(PathBuf::from)
            .filter(|path| path.is_absolute())
    };
    let directory = absolute("XDG_DATA_HOME")
        .or_else(|| absolute("HOME").map(|home| home.join(".local").join("share")))
        .or_else(|| absolute("APPDATA"))
        .ok_or_else(|| {
            Failure::new(
                ErrorCode::SettingMissing,
                "no place for data: neither XDG_DATA_HOME nor HOME is an absolute path",
            )
            .hint("give --store sqlite:PATH")
        })?;
    Ok(directory.join("kommo"))
}

/// The path from the root. Standard input lasts for one command, so it is refused.
pub(crate) fn lasting(file: &Path) -> Result<PathBuf, String> {
    if file == Path::new("-") {
        return Err("a profile cannot name standard input".to_owned());
    }
    let path = std::path::absolute(file)
        .map_err(|error| format!("cannot make '{}' an absolute path: {error}", file.display()))?;
    match path.to_str() {
        Some(_) => Ok(path),
        None => Err("the name of the file is not utf-8 text".to_owned()),
    }
}
