//! Why a transport could not be built.

use core::{error, fmt};

use super::cause::Cause;

/// Why a [`Transport`](crate::Transport) could not be built.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum BuildError {
    /// The suffix of the user agent has a byte that no header may have, or more than 128 bytes.
    UserAgentSuffix,
    /// The authority of a sandbox is not a certificate in PEM.
    SandboxAuthority,
    /// The TLS library refused its settings.
    Tls(Cause),
    /// The HTTP library refused its settings.
    Http(Cause),
}

impl fmt::Display for BuildError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::UserAgentSuffix => {
                "suffix of the user agent is not header text of at most 128 bytes"
            }
            Self::SandboxAuthority => "authority of the sandbox is not a certificate in pem",
            Self::Tls(_) => "tls could not be set up",
            Self::Http(_) => "http client could not be set up",
        })
    }
}

impl error::Error for BuildError {
    fn source(&self) -> Option<&(dyn error::Error + 'static)> {
        match self {
            Self::UserAgentSuffix | Self::SandboxAuthority => None,
            Self::Tls(cause) | Self::Http(cause) => Some(cause),
        }
    }
}
