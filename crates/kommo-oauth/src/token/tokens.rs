//! Codes and tokens: secret text. Each kind has its own type, so that one cannot be sent instead of
//! another.

use alloc::string::String;
use core::hash::{Hash, Hasher};
use core::time::Duration;
use core::{error, fmt};

use ctutils::CtEq;
use zeroize::Zeroizing;

use crate::unix_time::UnixSeconds;

/// The longest code or token, in bytes. Access tokens of about 1,000 bytes were seen, and newer
/// ones are longer.
pub const TOKEN_MAX_BYTES: usize = 16 * 1024;

/// Why a text is not a token. Reveals nothing of the text but a length or a position.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum TokenError {
    /// Empty.
    Empty,
    /// More than [`TOKEN_MAX_BYTES`].
    TooLong {
        /// The length found, in bytes.
        found: usize,
    },
    /// A byte that is not visible ASCII: it could end a header line.
    Byte {
        /// Where, in bytes from the start.
        offset: usize,
    },
}

impl fmt::Display for TokenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.write_str("token is empty"),
            Self::TooLong { found } => {
                write!(f, "token has {found} bytes, more than {TOKEN_MAX_BYTES}")
            }
            Self::Byte { offset } => {
                write!(f, "token has a byte at {offset} that is not visible ASCII")
            }
        }
    }
}

impl error::Error for TokenError {}

macro_rules! token {
    ($(#[$docs:meta])* $name:ident, $debug:literal) => {
        $(#[$docs])*
        ///
        /// 1 to [`TOKEN_MAX_BYTES`] bytes of visible ASCII; wiped on drop; no `Display`; `Debug`
        /// shows its length. Compared in constant time.
        #[derive(Clone)]
        pub struct $name(Zeroizing<String>);

        impl $name {
            /// Takes the text. Never panics.
            ///
            /// # Errors
            ///
            /// - `""`: [`TokenError::Empty`].
            /// - 16,385 bytes: [`TokenError::TooLong`].
            /// - `"a b"`: [`TokenError::Byte`], with its offset.
            pub fn new(text: impl Into<String>) -> Result<Self, TokenError> {
                let text = Zeroizing::new(text.into());
                if text.is_empty() {
                    return Err(TokenError::Empty);
                }
                if text.len() > TOKEN_MAX_BYTES {
                    return Err(TokenError::TooLong { found: text.len() });
                }
                match text.bytes().position(|byte| !byte.is_ascii_graphic()) {
                    Some(offset) => Err(TokenError::Byte { offset }),
                    None => Ok(Self(text)),
                }
            }

            /// The text, for the code that sends or stores it.
            #[must_use]
            pub fn expose(&self) -> &str {
                &self.0
            }
        }

        impl PartialEq for $name {
            fn eq(&self, other: &Self) -> bool {
                self.0.as_bytes().ct_eq(other.0.as_bytes()).into()
            }
        }

        impl Eq for $name {}

        impl Hash for $name {
            fn hash<H: Hasher>(&self, state: &mut H) {
                self.0.as_bytes().hash(state);
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!($debug, "({} bytes)"), self.0.len())
            }
        }
    };
}

token! {
    /// An authorization code: 20 minutes, one use.
    AuthorizationCode, "AuthorizationCode"
}

token! {
    /// An access token, sent as `Authorization: Bearer`.
    AccessToken, "AccessToken"
}

token! {
    /// A refresh token: opaque, used once.
    RefreshToken, "RefreshToken"
}

/// An access token and the refresh token that came with it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct TokenPair {
    /// For calls.
    pub access_token: AccessToken,
    /// For the next pair.
    pub refresh_token: RefreshToken,
    /// When the answer that carried the pair was read, by the clock of the machine that read it.
    pub obtained_at: UnixSeconds,
    /// When the access token ends: [`obtained_at`](Self::obtained_at) and the answer's
    /// `expires_in`.
    pub expires_at: UnixSeconds,
    /// The server's time of issue, if it was sent. No expiry depends on it; it shows which clocks
    /// that disagree.
    pub server_time: Option<UnixSeconds>,
}

impl TokenPair {
    /// A pair. `expires_at` is not judged.
    #[must_use]
    pub const fn new(
        access_token: AccessToken,
        refresh_token: RefreshToken,
        obtained_at: UnixSeconds,
        expires_at: UnixSeconds,
    ) -> Self {
        Self {
            access_token,
            refresh_token,
            obtained_at,
            expires_at,
            server_time: None,
        }
    }

    /// The lifetime of the access token when it arrived.
    #[must_use]
    pub const fn lifetime(&self) -> Duration {
        self.obtained_at.until(self.expires_at)
    }
}
