//! Where a spool is.

use std::path::PathBuf;

use crate::error::StoreFault;
use crate::records::rows::OfInbox;

use super::Spool;

/// The directory, the inbox, and how much may be in it.
#[derive(Clone, Debug)]
pub(crate) struct SpoolPlace {
    pub(crate) directory: PathBuf,
    pub(crate) of: OfInbox,
    pub(crate) bytes_at_most: u64,
}

impl SpoolPlace {
    pub(crate) fn open(&self) -> Result<Spool, StoreFault> {
        Spool::open(&self.directory, &self.of, self.bytes_at_most)
    }
}
