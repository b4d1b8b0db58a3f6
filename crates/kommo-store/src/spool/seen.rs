//! What was read of a spool, and whether it is still so. A merge asks for it right before it
//! commits: else it would put back what an erasure has removed since.

use std::fs::File;
use std::io::{self, Read as _};
use std::path::PathBuf;

use alloc::sync::Arc;

/// The hash at the beginning of a group.
pub(super) const HASH_BYTES: usize = 32;

/// Files as they were read.
#[derive(Clone, Debug, Default)]
pub(crate) struct Seen(Arc<Vec<(PathBuf, [u8; HASH_BYTES])>>);

impl Seen {
    pub(super) fn new(files: Vec<(PathBuf, [u8; HASH_BYTES])>) -> Self {
        Self(Arc::new(files))
    }

    /// Whether each file is there, and has the same content. One that cannot be read has not.
    pub(crate) async fn is_so_still(&self) -> bool {
        let files = Arc::clone(&self.0);
        let looking = move || {
            files.iter().all(|(path, hash)| {
                let found = hash_of(path);
                found.is_ok_and(|found| found == *hash)
            })
        };
        tokio::task::spawn_blocking(looking).await.unwrap_or(false)
    }
}

fn hash_of(path: &std::path::Path) -> io::Result<[u8; HASH_BYTES]> {
    let mut hash = [0; HASH_BYTES];
    File::open(path)?.read_exact(&mut hash)?;
    Ok(hash)
}
