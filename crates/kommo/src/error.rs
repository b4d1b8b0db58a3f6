//! Why something did not work, with the error of the small crate as its source.

use core::{error, fmt};

type Source = Box<dyn error::Error + Send + Sync>;

/// Why something did not work. `source()` has the error of the crate below, if there is one.
#[derive(Debug)]
#[non_exhaustive]
pub enum Error {
    /// A setting cannot be used.
    Setting {
        /// Which.
        name: &'static str,
        /// What is wrong with it.
        source: Source,
    },
    /// `integration` or `store` is missing.
    Missing {
        /// Which.
        name: &'static str,
    },
    /// The HTTP client cannot be set up.
    Http(Source),
    /// The store failed.
    #[cfg(any(feature = "sqlite", feature = "postgres"))]
    Store(Box<kommo_store::StoreFault>),
    /// The lifeboat, the recovery file beside the store, cannot be read.
    #[cfg(any(feature = "sqlite", feature = "postgres"))]
    Recovery(kommo_keeper::StoreErrorKind),
    /// The store has no grant of this account, or no primary one.
    #[cfg(any(feature = "sqlite", feature = "postgres"))]
    NoGrant,
    /// The code was not stored, or not exchanged.
    #[cfg(any(feature = "sqlite", feature = "postgres"))]
    Exchange(kommo_keeper::ExchangeError),
    /// The code did not become a grant.
    #[cfg(any(feature = "sqlite", feature = "postgres"))]
    Code(Box<kommo_keeper::CodeOutcome>),
    /// There is no token.
    #[cfg(any(feature = "sqlite", feature = "postgres"))]
    Token(Box<kommo_keeper::KeeperError>),
}

#[cfg(any(feature = "sqlite", feature = "postgres"))]
impl From<kommo_store::StoreFault> for Error {
    fn from(fault: kommo_store::StoreFault) -> Self {
        Self::Store(Box::new(fault))
    }
}

#[cfg(any(feature = "sqlite", feature = "postgres"))]
impl From<kommo_keeper::KeeperError> for Error {
    fn from(error: kommo_keeper::KeeperError) -> Self {
        Self::Token(Box::new(error))
    }
}

impl Error {
    pub(crate) fn setting(
        name: &'static str,
        source: impl error::Error + Send + Sync + 'static,
    ) -> Self {
        let source = Box::new(source);
        Self::Setting { name, source }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Setting { name, .. } => write!(f, "the setting {name} cannot be used"),
            Self::Missing { name } => write!(f, "the setting {name} is missing"),
            Self::Http(_) => f.write_str("the HTTP client cannot be set up"),
            #[cfg(any(feature = "sqlite", feature = "postgres"))]
            Self::Store(_) => f.write_str("the store failed"),
            #[cfg(any(feature = "sqlite", feature = "postgres"))]
            Self::Recovery(_) => f.write_str("the recovery files cannot be read"),
            #[cfg(any(feature = "sqlite", feature = "postgres"))]
            Self::NoGrant => f.write_str("the store has no primary grant of this account"),
            #[cfg(any(feature = "sqlite", feature = "postgres"))]
            Self::Exchange(_) => f.write_str("the code was not exchanged"),
            #[cfg(any(feature = "sqlite", feature = "postgres"))]
            Self::Code(_) => f.write_str("the code did not become a grant"),
            #[cfg(any(feature = "sqlite", feature = "postgres"))]
            Self::Token(_) => f.write_str("there is no token"),
        }
    }
}

impl error::Error for Error {
    fn source(&self) -> Option<&(dyn error::Error + 'static)> {
        match self {
            Self::Setting { source, .. } | Self::Http(source) => Some(&**source),
            #[cfg(any(feature = "sqlite", feature = "postgres"))]
            Self::Store(error) => Some(&**error),
            #[cfg(any(feature = "sqlite", feature = "postgres"))]
            Self::Exchange(error) => Some(error),
            #[cfg(any(feature = "sqlite", feature = "postgres"))]
            Self::Token(error) => Some(&**error),
            _ => None,
        }
    }
}
