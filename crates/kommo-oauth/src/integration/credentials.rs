//! The credentials of an integration: its id, its secret, its Redirect URI; and the previous secret
//! during a rotation.
//!
//! Source: rule G12 of `docs/protocol.md`.

use alloc::string::String;
use core::{error, fmt};

use kommo_account::ClientId;
use zeroize::Zeroizing;

use crate::integration::web_uri::RedirectUri;
use crate::unix_time::UnixSeconds;

/// The longest client secret, in bytes. The real ones have 64.
pub const CLIENT_SECRET_MAX_BYTES: usize = 256;

/// Why a text is not a client secret. Reveals nothing of the text but its length.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ClientSecretError {
    /// Empty.
    Empty,
    /// Only white space, control characters or a byte-order mark.
    Blank,
    /// More than [`CLIENT_SECRET_MAX_BYTES`].
    TooLong {
        /// The length found, in bytes.
        found: usize,
    },
}

impl fmt::Display for ClientSecretError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.write_str("client secret is empty"),
            Self::Blank => f.write_str("client secret is blank"),
            Self::TooLong { found } => write!(
                f,
                "client secret has {found} bytes, more than {CLIENT_SECRET_MAX_BYTES}"
            ),
        }
    }
}

impl error::Error for ClientSecretError {}

/// The secret of an integration. 1 to [`CLIENT_SECRET_MAX_BYTES`] bytes, not blank; wiped on drop;
/// `Debug` shows none of it; no `Display`, no `PartialEq`.
///
/// # Security
///
/// It belongs only to the back end: never put it into a page's JavaScript, a mobile app or a
/// repository.
#[derive(Clone)]
pub struct ClientSecret(Zeroizing<String>);

impl ClientSecret {
    /// Takes the text as it was handed out. Never panics.
    ///
    /// Every byte counts: with a line feed from the end of a file it is another secret. Remove it
    /// first; [`has_outer_blank`](Self::has_outer_blank) detects it.
    ///
    /// # Errors
    ///
    /// - `""`: [`ClientSecretError::Empty`].
    /// - `"\n"`: [`ClientSecretError::Blank`].
    /// - 257 bytes: [`ClientSecretError::TooLong`].
    pub fn new(text: impl Into<String>) -> Result<Self, ClientSecretError> {
        let text = Zeroizing::new(text.into());
        if text.is_empty() {
            return Err(ClientSecretError::Empty);
        }
        if text.len() > CLIENT_SECRET_MAX_BYTES {
            return Err(ClientSecretError::TooLong { found: text.len() });
        }
        if text.chars().all(is_blank) {
            return Err(ClientSecretError::Blank);
        }
        Ok(Self(text))
    }

    /// Whether the text begins or ends with white space, a control character or a byte-order mark:
    /// most likely a mistake.
    #[must_use]
    pub fn has_outer_blank(&self) -> bool {
        self.0.starts_with(is_blank) || self.0.ends_with(is_blank)
    }

    /// The text, for the code that sends it or makes a key of it.
    #[must_use]
    pub fn expose_secret(&self) -> &str {
        &self.0
    }
}

fn is_blank(letter: char) -> bool {
    letter.is_whitespace() || letter.is_control() || letter == '\u{feff}'
}

impl fmt::Debug for ClientSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ClientSecret(..)")
    }
}

/// What each request to the token endpoint says about the integration.
///
/// Source: vendor page "OAuth".
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Credentials {
    /// The id of the integration.
    pub client_id: ClientId,
    /// Its secret.
    pub client_secret: ClientSecret,
    /// Its Redirect URI, byte for byte as in the settings.
    pub redirect_uri: RedirectUri,
}

impl Credentials {
    /// The three together.
    #[must_use]
    pub const fn new(
        client_id: ClientId,
        client_secret: ClientSecret,
        redirect_uri: RedirectUri,
    ) -> Self {
        Self {
            client_id,
            client_secret,
            redirect_uri,
        }
    }
}

/// The secret in force and, for a bounded time after a rotation, the one before it.
///
/// The new one is for requests, at once. Which of the two signs what arrives in that time is not
/// known, so both are tried.
///
/// # Examples
///
/// ```
/// # use kommo_oauth::integration::{ClientSecret, ClientSecretError, ClientSecrets};
/// # use kommo_oauth::UnixSeconds;
/// let secrets = ClientSecrets::new(ClientSecret::new("old-0123456789")?)
///     .rotated(ClientSecret::new("new-0123456789")?, UnixSeconds::new(1_700_000_000));
/// assert_eq!(secrets.current().expose_secret(), "new-0123456789");
/// assert_eq!(secrets.candidates(UnixSeconds::new(1_700_000_000)).count(), 2);
/// assert_eq!(secrets.candidates(UnixSeconds::new(1_700_000_001)).count(), 1);
/// # Ok::<(), ClientSecretError>(())
/// ```
#[derive(Clone, Debug)]
pub struct ClientSecrets {
    current: ClientSecret,
    previous: Option<(ClientSecret, UnixSeconds)>,
}

impl ClientSecrets {
    /// One secret.
    #[must_use]
    pub const fn new(current: ClientSecret) -> Self {
        Self {
            current,
            previous: None,
        }
    }

    /// After a rotation: the secret so far is still tried up to and including `previous_until`. One
    /// that was kept from an earlier rotation is dropped.
    #[must_use]
    pub fn rotated(self, current: ClientSecret, previous_until: UnixSeconds) -> Self {
        Self {
            current,
            previous: Some((self.current, previous_until)),
        }
    }

    /// Without the previous secret: it leaked, or is no longer needed.
    #[must_use]
    pub fn without_previous(self) -> Self {
        Self::new(self.current)
    }

    /// The secret that requests are made with.
    #[must_use]
    pub const fn current(&self) -> &ClientSecret {
        &self.current
    }

    /// The secret before it, while it is kept.
    #[must_use]
    pub fn previous(&self, now: UnixSeconds) -> Option<&ClientSecret> {
        let (secret, until) = self.previous.as_ref()?;
        (now <= *until).then_some(secret)
    }

    /// Those to try for something that arrived, the current one first.
    pub fn candidates(&self, now: UnixSeconds) -> impl Iterator<Item = &ClientSecret> {
        core::iter::once(&self.current).chain(self.previous(now))
    }
}
