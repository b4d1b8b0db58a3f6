//! The three secrets of the platform. Each has a type of its own, so that a chat hook is never
//! checked with the key of the integration, and none of them can be empty, printed or forgotten in
//! memory.
//!
//! A secret is text, and its bytes are the key: 40 hex digits are a key of 40 bytes, not of 20
//! (rule S2).

use core::{error, fmt};

use zeroize::Zeroizing;

/// The longest secret, in bytes. The real ones have 40 (channel), 64 (client) and about 36 (app).
pub const SECRET_MAX_BYTES: usize = 256;

/// The bytes of a secret, wiped when it goes.
#[derive(Clone)]
struct SecretText {
    bytes: Zeroizing<[u8; SECRET_MAX_BYTES]>,
    length: usize,
}

impl SecretText {
    fn new(text: &str) -> Result<Self, SecretError> {
        if text.is_empty() {
            return Err(SecretError::Empty);
        }
        if text.chars().all(is_blank) {
            return Err(SecretError::Blank);
        }
        let mut secret = Self {
            bytes: Zeroizing::new([0; SECRET_MAX_BYTES]),
            length: text.len(),
        };
        let Some(place) = secret.bytes.get_mut(..text.len()) else {
            return Err(SecretError::TooLong { found: text.len() });
        };
        place.copy_from_slice(text.as_bytes());
        Ok(secret)
    }

    fn as_bytes(&self) -> &[u8] {
        self.bytes.get(..self.length).unwrap_or_default()
    }
}

/// What a slip of an editor or a shell adds: white space, control characters, a byte-order mark.
fn is_blank(letter: char) -> bool {
    letter.is_whitespace() || letter.is_control() || letter == '\u{feff}'
}

/// Why a text is not a secret. Says nothing of the text but its length.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum SecretError {
    /// Nothing there: anybody could sign with it.
    Empty,
    /// Nothing but white space, control characters or a byte-order mark.
    Blank,
    /// More than [`SECRET_MAX_BYTES`].
    TooLong {
        /// The length found, in bytes.
        found: usize,
    },
}

impl fmt::Display for SecretError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.write_str("secret is empty"),
            Self::Blank => f.write_str("secret is blank"),
            Self::TooLong { found } => {
                write!(f, "secret has {found} bytes, more than {SECRET_MAX_BYTES}")
            }
        }
    }
}

impl error::Error for SecretError {}

macro_rules! secret {
    ($(#[$docs:meta])* $name:ident) => {
        $(#[$docs])*
        ///
        /// At most [`SECRET_MAX_BYTES`] (rule S14); wiped on drop; `Debug` shows none of it; no
        /// `Display`, no `PartialEq`.
        ///
        /// # Security
        ///
        /// It belongs to the back end alone: never into a page's JavaScript, a mobile app or a
        /// repository (rule S12).
        #[derive(Clone)]
        pub struct $name(SecretText);

        impl $name {
            /// Takes the text as it was handed out. Never panics, never allocates.
            ///
            /// Every byte counts: a line feed, a space or a byte-order mark that came along from a
            /// file makes another key. Take it off first; see
            /// [`has_outer_blank`](Self::has_outer_blank).
            ///
            /// # Errors
            ///
            /// - `""`: [`SecretError::Empty`].
            /// - `"\n"`: [`SecretError::Blank`].
            /// - 257 bytes: [`SecretError::TooLong`].
            pub fn new(text: &str) -> Result<Self, SecretError> {
                SecretText::new(text).map(Self)
            }

            /// Whether the text begins or ends with white space, a control character or a
            /// byte-order mark: most likely a slip.
            #[must_use]
            pub fn has_outer_blank(&self) -> bool {
                let text = core::str::from_utf8(self.0.as_bytes()).unwrap_or_default();
                text.starts_with(is_blank) || text.ends_with(is_blank)
            }

            /// The bytes of the secret, for a MAC that this crate does not know.
            #[must_use]
            pub fn expose_bytes(&self) -> &[u8] {
                self.0.as_bytes()
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(concat!(stringify!($name), "(..)"))
            }
        }
    };
}

secret! {
    /// The secret of a chat channel, from its registration: for Chats API requests and chat hooks.
    ChannelSecret
}

secret! {
    /// The secret of an integration: for the disconnect hook, widget tokens and bot tokens (and
    /// OAuth, elsewhere).
    ClientSecret
}

secret! {
    /// The AppSecret of the Open API: for its requests, its webhooks and the visitor signature.
    AppSecret
}
