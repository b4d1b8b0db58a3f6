//! Connections of the program: their settings, and what of them cannot be made.

use kommo_http::{BuildError, TransportBuilder};

use crate::error_code::ErrorCode;
use crate::exit::{self, Failure};

/// Settings of every connection of the program, with its name in the user agent.
pub(crate) fn transport() -> TransportBuilder {
    TransportBuilder::new().user_agent_suffix(concat!("kommo-cli/", env!("CARGO_PKG_VERSION")))
}

/// What the operator can do something about is the file of `--sandbox-ca`.
pub(crate) fn failure(error: &BuildError) -> Failure {
    match error {
        BuildError::SandboxAuthority => Failure::usage(error)
            .hint("--sandbox-ca is the file that `kommo sandbox --tls` named as ca_file"),
        _ => Failure::new(ErrorCode::Internal, exit::chain(error)),
    }
}
