//! Files and directories that only their owner can read.

use std::fs::{DirBuilder, File, OpenOptions, Permissions};
use std::io;
use std::path::Path;

/// A crash may come here: a test ends the process at each of these.
#[cfg(not(test))]
pub(crate) const fn crash_point() {}

#[cfg(test)]
pub(crate) fn crash_point() {
    use core::sync::atomic::{AtomicU32, Ordering};
    static PASSED: AtomicU32 = AtomicU32::new(1);
    let at = std::env::var("KOMMO_STORE_TEST_CRASH_AT").ok();
    let number = PASSED.fetch_add(1, Ordering::Relaxed);
    if at.is_some_and(|at| at == number.to_string()) {
        // No destructor runs, as if the process were killed.
        std::process::abort();
    }
}

/// Makes a directory with mode 0700, or narrows the existing one. Its parent must exist, and has
/// its name on the disk then.
pub(crate) fn private_directory(path: &Path) -> io::Result<()> {
    let mut builder = DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    match builder.create(path) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => narrow(path, 0o700),
        made => {
            made?;
            give_to_owner_of(parent_of(path), &File::open(path)?)?;
            sync_directory(parent_of(path))
        }
    }
}

/// Opens a file to read and write, made with mode 0600 if it is not there, narrowed if it is. Not
/// for the database: `private_file_unopened` says why.
pub(crate) fn private_file(path: &Path) -> io::Result<File> {
    for _ in 0..RACES_AT_MOST {
        match OpenOptions::new().read(true).write(true).open(path) {
            Ok(file) => {
                narrow(path, 0o600)?;
                return Ok(file);
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
        match new_private_file(path) {
            Ok(file) => return Ok(file),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(error),
        }
    }
    Err(io::Error::other("file is created and removed all the time"))
}

/// Another process may make or remove a file between two looks at it.
const RACES_AT_MOST: u32 = 100;

/// Whether this path still leads to the file of this handle: not if the file was removed or
/// replaced.
#[cfg(unix)]
pub(crate) fn leads_to(path: &Path, file: &File) -> io::Result<bool> {
    use std::os::unix::fs::MetadataExt as _;
    let held = file.metadata()?;
    match std::fs::metadata(path) {
        Ok(named) => Ok((named.dev(), named.ino()) == (held.dev(), held.ino())),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error),
    }
}

#[cfg(not(unix))]
pub(crate) fn leads_to(path: &Path, _: &File) -> io::Result<bool> {
    path.try_exists()
}

fn parent_of(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    }
}

/// What root has just made belongs to the owner of the directory that it is in: else one command
/// with `sudo` would shut the service out. Only for a file or directory that this process made, by
/// its handle, so that no link leads elsewhere. Others cannot give files away.
#[cfg(unix)]
fn give_to_owner_of(directory: &Path, made: &File) -> io::Result<()> {
    use std::os::unix::fs::MetadataExt as _;
    const ROOT: u32 = 0;
    let owner = std::fs::metadata(directory)?;
    if made.metadata()?.uid() == ROOT && owner.uid() != ROOT {
        std::os::unix::fs::fchown(made, Some(owner.uid()), Some(owner.gid()))?;
    }
    Ok(())
}

#[cfg(not(unix))]
fn give_to_owner_of(_: &Path, _: &File) -> io::Result<()> {
    Ok(())
}

/// Makes an empty file with mode 0600 if none is there, and narrows the one that is; a file that is
/// there is never opened.
///
/// POSIX drops all locks that a process has on a file when the process closes any handle of it, so
/// to open a database here and close it again would free `SQLite`'s own locks. The new file is
/// closed before it gets its name, which `hard_link` gives to one file only.
#[cfg(feature = "sqlite")]
pub(crate) fn private_file_unopened(path: &Path) -> io::Result<()> {
    match std::fs::metadata(path) {
        Ok(found) if found.is_file() => return narrow(path, 0o600),
        // As root, narrowing a device such as `/dev/null` would harm the whole machine.
        Ok(_) => return Err(io::Error::other("not a regular file")),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(error),
    }
    let mut random = [0; 8];
    getrandom::fill(&mut random)
        .map_err(|_| io::Error::other("operating system returned no random bytes"))?;
    let mut name = path.as_os_str().to_owned();
    name.push(format!(".{:016x}.new", u64::from_be_bytes(random)));
    let new = Path::new(&name);
    drop(new_private_file(new)?);
    let linked = std::fs::hard_link(new, path);
    std::fs::remove_file(new)?;
    match linked {
        Ok(()) => sync_directory(parent_of(path)),
        // Another process was faster. What it made is narrow, or it narrows it.
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        // A file system without links. Nobody else can have locks yet on a file that only now comes
        // to be.
        Err(_) => match new_private_file(path) {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(error),
            _ => Ok(()),
        },
    }
}

/// Makes a file with mode 0600 that must not be there.
pub(crate) fn new_private_file(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create_new(true);
    let file = private(&mut options).open(path)?;
    crash_point();
    give_to_owner_of(parent_of(path), &file)?;
    Ok(file)
}

#[cfg(unix)]
fn private(options: &mut OpenOptions) -> &mut OpenOptions {
    std::os::unix::fs::OpenOptionsExt::mode(options, 0o600)
}

#[cfg(not(unix))]
fn private(options: &mut OpenOptions) -> &mut OpenOptions {
    options
}

/// Removes the rights of a file or directory beyond these.
#[cfg(unix)]
pub(crate) fn narrow(path: &Path, mode: u32) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    let now = std::fs::metadata(path)?.permissions().mode();
    if now & 0o777 & !mode == 0 {
        return Ok(());
    }
    std::fs::set_permissions(path, Permissions::from_mode(now & mode))
}

#[cfg(not(unix))]
pub(crate) fn narrow(_: &Path, _: u32) -> io::Result<()> {
    Ok(())
}

/// Whether any user of the machine may create files in a directory.
#[cfg(all(unix, feature = "sqlite"))]
pub(crate) fn is_open_to_all(directory: &Path) -> io::Result<bool> {
    use std::os::unix::fs::PermissionsExt as _;
    Ok(std::fs::metadata(directory)?.permissions().mode() & 0o002 != 0)
}

#[cfg(all(not(unix), feature = "sqlite"))]
pub(crate) fn is_open_to_all(_: &Path) -> io::Result<bool> {
    Ok(false)
}

/// Makes the names in a directory durable.
#[cfg(unix)]
pub(crate) fn sync_directory(path: &Path) -> io::Result<()> {
    File::open(path)?.sync_all()?;
    crash_point();
    Ok(())
}

#[cfg(not(unix))]
pub(crate) fn sync_directory(_: &Path) -> io::Result<()> {
    Ok(())
}
