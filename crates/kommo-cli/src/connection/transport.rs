//! Connections of the program: their settings, and what of them cannot be made.

use kommo_http::{BuildError, TransportBuilder, TransportError};

use crate::failure::error_code::ErrorCode;
use crate::failure::exit::{self, Failure};

/// Settings of every connection of the program, with its name in the user agent.
pub(crate) fn transport() -> TransportBuilder {
    TransportBuilder::new().user_agent_suffix(concat!("kommo-cli/", env!("CARGO_PKG_VERSION")))
}

/// What to check when there is no connection.
pub(crate) const NO_CONNECTION: &str = "nothing was sent: is the sandbox running, is there a network, does HTTPS_PROXY name a proxy that works?";

/// Adds what to check when there was no connection, or no answer.
pub(crate) fn with_advice(failure: Failure, error: &TransportError) -> Failure {
    let advice = match error {
        TransportError::Connect(_) => NO_CONNECTION,
        TransportError::Tls(_) => {
            "nothing was sent: a proxy that opens TLS, a wrong clock, or --sandbox-ca is not the sandbox's"
        }
        TransportError::Timeout(_) | TransportError::Cut(_) => {
            "the connection was made: try again, and check the proxy if there is one"
        }
        TransportError::Coded { .. } => {
            "something on the way compresses answers that were not to be: look at the proxy"
        }
        _ => return failure,
    };
    failure.hint(advice)
}

/// What the operator can do something about is the file of `--sandbox-ca`.
pub(crate) fn failure(error: &BuildError) -> Failure {
    match error {
        BuildError::SandboxAuthority => Failure::usage(error)
            .hint("--sandbox-ca is the file that `kommo sandbox --tls` named as ca_file"),
        _ => Failure::new(ErrorCode::Internal, exit::chain(error)),
    }
}
