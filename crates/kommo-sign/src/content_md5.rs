//! The `Content-MD5` header: 32 lower-case hex digits of the MD5 of the body bytes as sent.

use core::{error, fmt};

use md5::{Digest, Md5};

use crate::ascii_text::AsciiText;
use crate::hex::{self, DecodeError, HexCase};

/// The text of a `Content-MD5` header: 32 bytes of `0-9a-f`, hex and not base64.
///
/// MD5 is here because the remote side asks for it. It protects nothing by itself: the signature
/// over it does, and only as far as MD5 resists collisions. Source: rule S4 of `docs/protocol.md`.
///
/// # Examples
///
/// ```
/// # use kommo_sign::ContentMd5;
/// assert_eq!(ContentMd5::of(b"").as_str(), "d41d8cd98f00b204e9800998ecf8427e");
/// assert_eq!(ContentMd5::of(b""), ContentMd5::EMPTY);
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct ContentMd5 {
    text: AsciiText<32>,
}

impl ContentMd5 {
    /// The digest of an empty body, which a GET carries too.
    pub const EMPTY: Self = Self {
        text: AsciiText::from_ascii_array(*b"d41d8cd98f00b204e9800998ecf8427e"),
    };

    /// Hashes a whole body. Never panics, never allocates.
    #[must_use]
    pub fn of(body: &[u8]) -> Self {
        Self::from_digest(Md5::digest(body).into())
    }

    /// Takes the 16 bytes of an MD5 that was computed elsewhere over the body as sent.
    #[must_use]
    pub fn from_digest(digest: [u8; 16]) -> Self {
        Self {
            text: hex::encode_lower(&digest),
        }
    }

    /// Parses the text of a received header.
    ///
    /// # Errors
    ///
    /// - `"d41d8cd9"`: [`ParseContentMd5Error::Length`], not 32 bytes long. Base64 (24 bytes) ends
    ///   here too.
    /// - 32 bytes, one of them `G` or `D`: [`ParseContentMd5Error::NotLowerHex`], with its offset
    ///   in bytes.
    pub fn parse(text: &str) -> Result<Self, ParseContentMd5Error> {
        match hex::decode(text.as_bytes(), HexCase::LowerOnly) {
            Ok(digest) => Ok(Self::from_digest(digest)),
            Err(DecodeError::Length { found }) => Err(ParseContentMd5Error::Length { found }),
            Err(DecodeError::Digit { offset }) => Err(ParseContentMd5Error::NotLowerHex { offset }),
        }
    }

    /// The header's value: 32 bytes of `0-9a-f`.
    #[must_use]
    pub fn as_str(&self) -> &str {
        self.text.as_str()
    }

    pub(crate) const fn as_array(&self) -> &[u8; 32] {
        self.text.padded()
    }
}

// The digest of a body is not a secret: invariant I8 wants it in logs, where it tells when
// debugging which bytes were hashed.
impl fmt::Debug for ContentMd5 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ContentMd5({})", self.as_str())
    }
}

impl fmt::Display for ContentMd5 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Hashes a body that arrives in pieces. However it is cut, the result is that of the whole.
///
/// # Examples
///
/// ```
/// # use kommo_sign::{ContentMd5, ContentMd5Stream};
/// let mut stream = ContentMd5Stream::new();
/// stream.update(b"{\"a\":");
/// stream.update(b"1}");
/// assert_eq!(stream.finish(), ContentMd5::of(b"{\"a\":1}"));
/// ```
#[derive(Clone, Default)]
pub struct ContentMd5Stream {
    md5: Md5,
}

impl ContentMd5Stream {
    /// Starts with an empty body.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds the next bytes of the body.
    pub fn update(&mut self, bytes: &[u8]) {
        self.md5.update(bytes);
    }

    /// Ends the body.
    #[must_use]
    pub fn finish(self) -> ContentMd5 {
        ContentMd5::from_digest(self.md5.finalize().into())
    }
}

impl fmt::Debug for ContentMd5Stream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ContentMd5Stream(..)")
    }
}

/// Why a text is not a `Content-MD5` of this API.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum ParseContentMd5Error {
    /// Not 32 bytes long.
    Length {
        /// The length found, in bytes.
        found: usize,
    },
    /// A byte outside `0-9a-f`.
    NotLowerHex {
        /// Where, in bytes from the start.
        offset: usize,
    },
}

impl fmt::Display for ParseContentMd5Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Length { found } => write!(f, "content-md5 has {found} bytes instead of 32"),
            Self::NotLowerHex { offset } => {
                write!(
                    f,
                    "byte {offset} of the content-md5 is not a lower-case hex digit"
                )
            }
        }
    }
}

impl error::Error for ParseContentMd5Error {}
