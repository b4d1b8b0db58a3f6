//! Where a spool is.

use std::path::PathBuf;

use crate::records::rows::OfInbox;

/// The directory, the inbox, and how much may be in it.
#[derive(Clone, Debug)]
pub(crate) struct SpoolPlace {
    pub(crate) directory: PathBuf,
    pub(crate) of: OfInbox,
    pub(crate) bytes_at_most: u64,
}
