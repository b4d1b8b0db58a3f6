//! The five parts that are signed, in their order.

use core::{error, fmt};

use crate::content_md5::ContentMd5;
use crate::content_type::ContentType;
use crate::request_date::RequestDate;
use crate::request_method::RequestMethod;
use crate::request_path::RequestPath;

/// Method, Content-MD5, Content-Type, Date and path: what enters the signature of a Chats API
/// request.
///
/// This is the lower road beside [`ChatsSigner::sign`](crate::ChatsSigner::sign): for bodies that
/// are streamed or already hashed, and for requests as they were received. A header that is not set
/// is an absent one, which leaves its line empty (rule S8); a client always sends all four.
///
/// Source: rules S1 and S8 of `docs/protocol.md`.
///
/// # Examples
///
/// ```
/// # use kommo_sign::{CanonicalRequest, ContentMd5, ContentType, RequestDate, RequestMethod, RequestPath};
/// let request = CanonicalRequest::new(RequestMethod::GET, RequestPath::parse("/v2/x")?)
///     .with_content_md5(ContentMd5::EMPTY)
///     .with_content_type(ContentType::JSON)
///     .with_date(RequestDate::parse("Tue, 13 Dec 2022 11:00:00 +0000")?);
/// let mut buffer = [0; 256];
/// assert_eq!(
///     request.write_to(&mut buffer)?.as_str(),
///     "GET\nd41d8cd98f00b204e9800998ecf8427e\napplication/json\nTue, 13 Dec 2022 11:00:00 +0000\n/v2/x",
/// );
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CanonicalRequest<'a> {
    method: RequestMethod<'a>,
    content_md5: Option<ContentMd5>,
    content_type: Option<ContentType<'a>>,
    date: Option<RequestDate>,
    path: RequestPath<'a>,
}

impl<'a> CanonicalRequest<'a> {
    /// A request whose three headers are absent so far.
    #[must_use]
    pub const fn new(method: RequestMethod<'a>, path: RequestPath<'a>) -> Self {
        Self {
            method,
            content_md5: None,
            content_type: None,
            date: None,
            path,
        }
    }

    /// Sets the `Content-MD5` header.
    #[must_use]
    pub const fn with_content_md5(self, content_md5: ContentMd5) -> Self {
        Self {
            content_md5: Some(content_md5),
            ..self
        }
    }

    /// Sets the `Content-Type` header.
    #[must_use]
    pub const fn with_content_type(self, content_type: ContentType<'a>) -> Self {
        Self {
            content_type: Some(content_type),
            ..self
        }
    }

    /// Sets the `Date` header.
    #[must_use]
    pub const fn with_date(self, date: RequestDate) -> Self {
        Self {
            date: Some(date),
            ..self
        }
    }

    /// The `Content-MD5` header, if it is there.
    #[must_use]
    pub const fn content_md5(&self) -> Option<&ContentMd5> {
        self.content_md5.as_ref()
    }

    /// The string to sign, cut in nine: five parts with a line feed between each two.
    #[must_use]
    pub fn pieces(&self) -> [&[u8]; 9] {
        let content_md5 = self
            .content_md5
            .as_ref()
            .map_or(&[][..], |md5| md5.as_array().as_slice());
        let content_type = self
            .content_type
            .map_or(&[][..], |text| text.as_str().as_bytes());
        let date = self.date.as_ref().map_or(&[][..], RequestDate::as_bytes);
        let method = self.method.as_str().as_bytes();
        let path = self.path.as_str().as_bytes();
        [
            method,
            b"\n",
            content_md5,
            b"\n",
            content_type,
            b"\n",
            date,
            b"\n",
            path,
        ]
    }

    /// The length of the string to sign, in bytes.
    #[must_use]
    pub fn string_to_sign_length(&self) -> usize {
        self.pieces().iter().map(|piece| piece.len()).sum()
    }

    /// Writes the string to sign into the caller's buffer. Never panics, never allocates.
    ///
    /// # Errors
    ///
    /// [`BufferTooSmall`], with the length needed:
    /// [`string_to_sign_length`](Self::string_to_sign_length).
    pub fn write_to<'b>(&self, buffer: &'b mut [u8]) -> Result<StringToSign<'b>, BufferTooSmall> {
        let mut written = 0;
        for piece in self.pieces() {
            let end = written + piece.len();
            let Some(place) = buffer.get_mut(written..end) else {
                return Err(BufferTooSmall {
                    needed: self.string_to_sign_length(),
                });
            };
            place.copy_from_slice(piece);
            written = end;
        }
        Ok(StringToSign {
            bytes: buffer.get(..written).unwrap_or_default(),
        })
    }
}

impl CanonicalRequest<'_> {
    /// The same as [`write_to`](Self::write_to) for a buffer of known size with room to spare, and
    /// cheaper: what has a known size is copied as such, and the date with the blank bytes after
    /// it. `None` sends the caller the other way.
    pub(crate) fn stage<'b, const BYTES: usize>(
        &self,
        buffer: &'b mut [u8; BYTES],
    ) -> Option<&'b [u8]> {
        let mut rest = put(buffer, self.method.as_str().as_bytes())?;
        rest = put_array(rest, b"\n")?;
        if let Some(content_md5) = &self.content_md5 {
            rest = put_array(rest, content_md5.as_array())?;
        }
        rest = put_array(rest, b"\n")?;
        if let Some(content_type) = &self.content_type {
            rest = put(rest, content_type.as_str().as_bytes())?;
        }
        rest = put_array(rest, b"\n")?;
        if let Some(date) = &self.date {
            let length = date.as_bytes().len();
            *rest.first_chunk_mut()? = *date.padded();
            rest = rest.get_mut(length..)?;
        }
        rest = put_array(rest, b"\n")?;
        let free = put(rest, self.path.as_str().as_bytes())?.len();
        buffer.get(..BYTES - free)
    }
}

/// Writes bytes and returns the offset after them.
#[inline]
fn put<'b>(place: &'b mut [u8], bytes: &[u8]) -> Option<&'b mut [u8]> {
    let (place, rest) = place.split_at_mut_checked(bytes.len())?;
    place.copy_from_slice(bytes);
    Some(rest)
}

/// The same for a length that the compiler knows.
#[inline]
fn put_array<'b, const BYTES: usize>(
    place: &'b mut [u8],
    bytes: &[u8; BYTES],
) -> Option<&'b mut [u8]> {
    let (place, rest) = place.split_first_chunk_mut()?;
    *place = *bytes;
    Some(rest)
}

/// The bytes that enter the MAC: five parts joined by line feeds, none at the end.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct StringToSign<'a> {
    bytes: &'a [u8],
}

impl<'a> StringToSign<'a> {
    /// The bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &'a [u8] {
        self.bytes
    }

    /// The same as text: every part is ASCII.
    #[must_use]
    pub fn as_str(&self) -> &'a str {
        core::str::from_utf8(self.bytes).unwrap_or_default()
    }
}

// Not a secret, but it names the path and so the account: the length is enough for a log.
impl fmt::Debug for StringToSign<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "StringToSign({} bytes)", self.bytes.len())
    }
}

/// The caller's buffer is shorter than the string to sign.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct BufferTooSmall {
    /// The length needed, in bytes.
    pub needed: usize,
}

impl fmt::Display for BufferTooSmall {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the string to sign needs {} bytes", self.needed)
    }
}

impl error::Error for BufferTooSmall {}
