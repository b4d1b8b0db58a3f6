//! What one process knows of itself: its credentials, holds and limits, and the ports in use.

pub(crate) mod identity;
pub(crate) mod holds;
pub(crate) mod hook_bucket;
pub(crate) mod probe_times;
pub(crate) mod context;
