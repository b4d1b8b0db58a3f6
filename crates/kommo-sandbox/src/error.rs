//! Why a sandbox did not start. Messages name the field and the mistake, never a secret.

use core::error::Error;
use core::fmt;
use core::net::SocketAddr;
use std::io;

pub use config_error::ConfigError;
pub use data_error::DataError;
pub use state_error::StateError;

mod config_error;
mod state_error;
mod data_error;

/// Why [`Sandbox::start`](crate::Sandbox::start) or
/// [`SandboxBuilder::start`](crate::SandboxBuilder::start) failed.
#[derive(Debug)]
#[non_exhaustive]
pub enum StartError {
    /// The address to listen on is not a loopback address, for example `0.0.0.0:8080`.
    NotLoopback(SocketAddr),
    /// The configuration contradicts itself or the rules of the platform.
    Config(ConfigError),
    /// The address could not be bound, for example because the port is taken.
    Bind {
        /// What was to be bound.
        address: SocketAddr,
        /// What the operating system said.
        source: io::Error,
    },
    /// The operating system returned no random bytes for secrets and the control token.
    Random,
    /// No certificate authority could be made for TLS.
    Authority,
    /// The seed is no state of a sandbox.
    Seed(StateError),
    /// The data directory cannot be used.
    Data(DataError),
}

impl fmt::Display for StartError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotLoopback(address) => {
                write!(f, "a sandbox listens on loopback only, not on {address}")
            }
            Self::Config(_) => f.write_str("the sandbox's configuration is wrong"),
            Self::Bind { address, .. } => write!(f, "cannot listen on {address}"),
            Self::Random => f.write_str("the operating system returned no random bytes"),
            Self::Authority => f.write_str("no certificate authority could be made for TLS"),
            Self::Seed(_) => f.write_str("the seed is wrong"),
            Self::Data(_) => f.write_str("the data directory cannot be used"),
        }
    }
}

impl Error for StartError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Config(source) => Some(source),
            Self::Bind { source, .. } => Some(source),
            Self::Seed(source) => Some(source),
            Self::Data(source) => Some(source),
            Self::NotLoopback(_) | Self::Random | Self::Authority => None,
        }
    }
}

impl From<ConfigError> for StartError {
    fn from(error: ConfigError) -> Self {
        Self::Config(error)
    }
}

impl From<DataError> for StartError {
    fn from(error: DataError) -> Self {
        Self::Data(error)
    }
}
