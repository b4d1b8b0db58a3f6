//! Everything that is read has a limit: a device without an end, or the wrong file, is an error and
//! not all the memory of the machine.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

/// The longest body.
pub(crate) const BODY_BYTES: usize = 64 << 20;

/// The longest document that is parsed: a configuration, an exported grant. Parsed, it is many
/// times as long.
pub(crate) const DOCUMENT_BYTES: usize = 4 << 20;

/// All bytes of a file, if they are no more than the limit.
pub(crate) fn read_file(file: &Path, limit_bytes: usize) -> io::Result<Vec<u8>> {
    let file = File::open(file)?;
    let length = file.metadata()?.len();
    // Allocated once: a buffer that grows leaves copies of what may be a secret.
    let capacity = usize::try_from(length)
        .unwrap_or(limit_bytes)
        .min(limit_bytes)
        + 1;
    read_into(Vec::with_capacity(capacity), file, limit_bytes)
}

/// All bytes, if they are no more than the limit; else [`io::ErrorKind::FileTooLarge`].
pub(crate) fn read(reader: impl Read, limit_bytes: usize) -> io::Result<Vec<u8>> {
    read_into(Vec::new(), reader, limit_bytes)
}

fn read_into(mut bytes: Vec<u8>, reader: impl Read, limit_bytes: usize) -> io::Result<Vec<u8>> {
    let one_more = u64::try_from(limit_bytes)
        .unwrap_or(u64::MAX)
        .saturating_add(1);
    reader.take(one_more).read_to_end(&mut bytes)?;
    if bytes.len() > limit_bytes {
        return Err(io::Error::new(
            io::ErrorKind::FileTooLarge,
            format!("it is longer than {} MiB", limit_bytes >> 20),
        ));
    }
    Ok(bytes)
}
