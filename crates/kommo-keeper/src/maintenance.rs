//! Work on grants that no caller waits for: sweeps, recovery, disconnects, and holds that an
//! operator lifts.

pub(crate) mod disconnect;
pub(crate) mod sweep;
mod recovery;
mod lifted_holds;
