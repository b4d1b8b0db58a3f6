//! Files that nobody else may read: 0600, in directories of 0700.

use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use crate::error_code::ErrorCode;
use crate::exit::Failure;

/// Makes a directory and those above it.
pub(crate) fn make_directory(directory: &Path) -> io::Result<()> {
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(directory)
}

/// Whether nothing is at this path. What cannot be looked at may be there.
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
    options.open(file)
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
    #[cfg(unix)]
    if std::os::unix::fs::MetadataExt::mode(&metadata) & 0o077 != 0 {
        return Some("can be read by others: make it 0600");
    }
    let _ = metadata;
    None
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
