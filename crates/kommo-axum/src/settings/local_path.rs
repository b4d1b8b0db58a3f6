//! Paths of the application's own site.

use core::{error, fmt};

/// The longest path, in bytes.
pub const LOCAL_PATH_MAX_BYTES: usize = 1024;

/// Why a text is not a path of the application's own site.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum LocalPathError {
    /// It does not begin with one `/`: a browser could take it for another site.
    NotLocal,
    /// More than [`LOCAL_PATH_MAX_BYTES`].
    TooLong {
        /// The length found, in bytes.
        found: usize,
    },
    /// A byte that is not visible ASCII, or a `\`.
    Byte {
        /// Where, in bytes from the start.
        offset: usize,
    },
}

impl fmt::Display for LocalPathError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotLocal => f.write_str("path does not begin with one slash"),
            Self::TooLong { found } => {
                write!(
                    f,
                    "path has {found} bytes, more than {LOCAL_PATH_MAX_BYTES}"
                )
            }
            Self::Byte { offset } => {
                write!(f, "path has a byte at {offset} that is not allowed in it")
            }
        }
    }
}

impl error::Error for LocalPathError {}

/// A path of the application's own site, perhaps with a query: where a browser goes after the
/// consent. It can name no other host, so no setting makes an open redirect of the callback.
///
/// # Examples
///
/// ```
/// # use kommo_axum::{LocalPath, LocalPathError};
/// assert_eq!(LocalPath::parse("/settings?tab=kommo")?.as_str(), "/settings?tab=kommo");
/// assert_eq!(LocalPath::parse("//evil.example"), Err(LocalPathError::NotLocal));
/// # Ok::<(), LocalPathError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LocalPath(String);

impl LocalPath {
    /// Checks and keeps the text. Never panics.
    ///
    /// # Errors
    ///
    /// - `""`, `"settings"`, `"https://a.example/"`, `"//a.example"`: [`LocalPathError::NotLocal`].
    /// - `"/\\a.example"`, `"/a b"`: [`LocalPathError::Byte`].
    /// - 1,025 bytes: [`LocalPathError::TooLong`].
    pub fn parse(text: impl Into<String>) -> Result<Self, LocalPathError> {
        let text = text.into();
        if !text.starts_with('/') || text.starts_with("//") {
            return Err(LocalPathError::NotLocal);
        }
        if text.len() > LOCAL_PATH_MAX_BYTES {
            return Err(LocalPathError::TooLong { found: text.len() });
        }
        let refused = |byte: u8| !byte.is_ascii_graphic() || byte == b'\\';
        match text.bytes().position(refused) {
            Some(offset) => Err(LocalPathError::Byte { offset }),
            None => Ok(Self(text)),
        }
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}
