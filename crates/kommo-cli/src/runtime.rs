//! The async runtime, made only by the commands that speak to a socket: `sign`, `verify` and `explain` start faster.

use tokio::runtime::{Builder, Runtime};

use crate::error_code::ErrorCode;
use crate::exit::Failure;

/// A runtime on this thread.
pub(crate) fn runtime() -> Result<Runtime, Failure> {
    Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| {
            Failure::new(
                ErrorCode::Internal,
                format!("cannot start the runtime: {error}"),
            )
        })
}
