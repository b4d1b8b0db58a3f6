//! What is wrong with the settings of the routes.

use core::{error, fmt};

/// Why no routes can be made: the application's settings contradict themselves, or would be unsafe.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ConnectError {
    /// The keeper has no credentials, so it cannot exchange a code.
    NoCredentials,
    /// Secrets were to be kept in a sink that does not encrypt.
    SinkDoesNotEncrypt,
    /// The page that opens the consent window has no origin that a browser would know.
    PageOrigin,
    /// The integration to be made has another Redirect URI than the keeper's credentials.
    RedirectUriDiffers,
    /// The Redirect URI does not end with the path of the callback, so no browser would reach the
    /// route.
    RedirectUriElsewhere,
    /// A path of a route is invalid, or contains a pattern.
    Path {
        /// Which.
        path: String,
    },
    /// Two routes have one path.
    PathTwice {
        /// Which.
        path: String,
    },
    /// The time for an exchange is zero, or longer than a minute.
    ExchangeWait,
}

impl fmt::Display for ConnectError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoCredentials => f.write_str("the keeper has no credentials"),
            Self::SinkDoesNotEncrypt => f.write_str("the sink for secrets does not encrypt"),
            Self::PageOrigin => {
                f.write_str("the page that opens the consent window has no usable origin")
            }
            Self::RedirectUriDiffers => f.write_str(
                "the integration made on the fly has another redirect uri than the credentials",
            ),
            Self::RedirectUriElsewhere => {
                f.write_str("the redirect uri does not end with the path of the callback")
            }
            Self::Path { path } => write!(f, "the path {path:?} cannot be that of a route"),
            Self::PathTwice { path } => write!(f, "two routes have the path {path:?}"),
            Self::ExchangeWait => {
                f.write_str("the time limit of an exchange is not between zero and a minute")
            }
        }
    }
}

impl error::Error for ConnectError {}
