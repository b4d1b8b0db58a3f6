//! What is to be signed, and what comes of it.

use core::fmt;

use kommo_sign::{CanonicalRequest, ContentType, RequestDate, RequestMethod, RequestPath};

use crate::error::RequestError;

/// Whether two texts are the same; those that are one text in memory are not read.
fn same(one: &str, other: &str) -> bool {
    core::ptr::eq(one, other) || one == other
}

/// One request of many: the five parts that are signed, checked by the types of `kommo-sign`.
#[derive(Clone, Copy)]
#[expect(
    clippy::exhaustive_structs,
    reason = "it is made by the caller, field by field, and a signature has no other parts"
)]
pub struct BulkRequest<'a> {
    /// The method.
    pub method: RequestMethod<'a>,
    /// The path.
    pub path: RequestPath<'a>,
    /// The content type.
    pub content_type: ContentType<'a>,
    /// The date.
    pub date: RequestDate,
    /// The body, as it will be sent.
    pub body: &'a [u8],
}

impl<'a> BulkRequest<'a> {
    /// Whether everything but the body is the same.
    pub(crate) fn same_but_body(&self, other: &Self) -> bool {
        self.date == other.date
            && same(self.path.as_str(), other.path.as_str())
            && same(self.method.as_str(), other.method.as_str())
            && same(self.content_type.as_str(), other.content_type.as_str())
    }

    /// Without its `Content-MD5`.
    pub(crate) const fn canonical(&self) -> CanonicalRequest<'a> {
        CanonicalRequest::new(self.method, self.path)
            .with_content_type(self.content_type)
            .with_date(self.date)
    }
}

impl fmt::Debug for BulkRequest<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BulkRequest")
            .field("method", &self.method.as_str())
            .field("date", &self.date.as_str())
            .field("body_bytes", &self.body.len())
            .finish_non_exhaustive()
    }
}

/// The same as texts that nothing has checked: what comes from another language.
#[derive(Clone, Copy)]
#[expect(
    clippy::exhaustive_structs,
    reason = "it is made by the caller, field by field, and a signature has no other parts"
)]
pub struct RequestText<'a> {
    /// The method, in upper case.
    pub method: &'a str,
    /// The path, or a whole URL.
    pub path: &'a str,
    /// The content type.
    pub content_type: &'a str,
    /// The date, as `Wed, 23 Nov 2022 19:25:21 +0000`.
    pub date: &'a str,
    /// The body, as it will be sent.
    pub body: &'a [u8],
}

impl<'a> RequestText<'a> {
    /// Whether all four texts are the same.
    pub(crate) fn same_but_body(&self, other: &Self) -> bool {
        same(self.method, other.method)
            && same(self.path, other.path)
            && same(self.content_type, other.content_type)
            && same(self.date, other.date)
    }

    /// Checks the four texts.
    ///
    /// # Errors
    ///
    /// [`RequestError`]: which text `kommo-sign` refuses, and its reason.
    pub fn parse(&self) -> Result<BulkRequest<'a>, RequestError> {
        Ok(BulkRequest {
            method: RequestMethod::parse(self.method).map_err(RequestError::Method)?,
            path: RequestPath::parse(self.path).map_err(RequestError::Path)?,
            content_type: ContentType::parse(self.content_type)
                .map_err(RequestError::ContentType)?,
            date: RequestDate::parse(self.date).map_err(RequestError::Date)?,
            body: self.body,
        })
    }
}

impl fmt::Debug for RequestText<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RequestText")
            .field("body_bytes", &self.body.len())
            .finish_non_exhaustive()
    }
}

/// The two headers that a signature makes, as text.
///
/// `Debug` shows the digest alone; no `Display`, no `PartialEq`.
#[derive(Clone, Copy)]
pub struct BulkSigned {
    pub(crate) content_md5: [u8; 32],
    pub(crate) signature: [u8; 40],
}

impl BulkSigned {
    /// What stands in a result before it is written: zeros, which sign nothing.
    pub const UNWRITTEN: Self = Self {
        content_md5: [b'0'; 32],
        signature: [b'0'; 40],
    };

    /// The value of `Content-MD5`: 32 lower-case hex digits.
    #[must_use]
    pub fn content_md5(&self) -> &str {
        core::str::from_utf8(&self.content_md5).unwrap_or_default()
    }

    /// The value of `X-Signature`: 40 lower-case hex digits.
    ///
    /// # Security
    ///
    /// A signature that we computed must not reach a log: whoever reads it can use it.
    #[must_use]
    pub fn signature(&self) -> &str {
        core::str::from_utf8(&self.signature).unwrap_or_default()
    }
}

impl Default for BulkSigned {
    fn default() -> Self {
        Self::UNWRITTEN
    }
}

impl fmt::Debug for BulkSigned {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BulkSigned")
            .field("content_md5", &self.content_md5())
            .finish_non_exhaustive()
    }
}
