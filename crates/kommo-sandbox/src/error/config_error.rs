//! What is wrong in a configuration.

use core::error::Error;
use core::fmt;

/// What is wrong in a [`SandboxConfig`](crate::SandboxConfig) or in an account that is added later.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum ConfigError {
    /// `field` is not a UUID in lower case, for example `"my-channel"`.
    NotUuid {
        /// The field, as in `accounts[1].amojo_id`.
        field: String,
    },
    /// `field` is empty.
    Empty {
        /// The field.
        field: String,
    },
    /// `field` is no account host: one label under `.kommo.com`, `.amocrm.ru` or `.amocrm.com`.
    NotAccountHost {
        /// The field.
        field: String,
    },
    /// An account id is zero.
    ZeroId {
        /// The field.
        field: String,
    },
    /// `field` repeats a value that another account has.
    Twice {
        /// The field.
        field: String,
    },
    /// `field` names an account that is not there.
    NoSuchAccount {
        /// The field.
        field: String,
    },
    /// `field` is a status that the platform never answers there.
    Status {
        /// The field.
        field: String,
    },
    /// `now` is after the year 9999, which no date header can express.
    NowTooLate,
    /// `now` and `follow_wall_clock` were both given.
    NowWhileFollowing,
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotUuid { field } => write!(f, "{field} is not a lower-case UUID"),
            Self::Empty { field } => write!(f, "{field} is empty"),
            Self::NotAccountHost { field } => write!(
                f,
                "{field} is not one label under .kommo.com, .amocrm.ru or .amocrm.com"
            ),
            Self::ZeroId { field } => write!(f, "{field} is zero"),
            Self::Twice { field } => write!(f, "{field} repeats the value of another account"),
            Self::NoSuchAccount { field } => write!(f, "{field} names no account of the sandbox"),
            Self::Status { field } => write!(f, "{field} is no status that belongs there"),
            Self::NowTooLate => f.write_str("now is after the year 9999"),
            Self::NowWhileFollowing => f.write_str("now and follow_wall_clock exclude each other"),
        }
    }
}

impl Error for ConfigError {}
