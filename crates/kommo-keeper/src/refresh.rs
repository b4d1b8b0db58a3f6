//! Changes of a grant's record: by compare-and-swap, and by a run of the refresh protocol.

pub(crate) mod record_change;
pub(crate) mod driver;
