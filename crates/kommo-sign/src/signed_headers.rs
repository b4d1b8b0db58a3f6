//! A signed request: the headers to send, and the body they belong to.

use core::fmt;

use crate::content_md5::ContentMd5;
use crate::content_type::ContentType;
use crate::request_date::RequestDate;
use crate::request_method::RequestMethod;
use crate::request_path::RequestPath;
use crate::signature::Signature;

/// Everything that must leave together: method, path, four headers and the borrowed body.
///
/// The body that was signed is returned here, so that no second serialisation can slip in between
/// (invariant I1).
#[derive(Clone, Copy)]
pub struct Signed<'a> {
    pub(crate) method: RequestMethod<'a>,
    pub(crate) path: RequestPath<'a>,
    pub(crate) content_type: ContentType<'a>,
    pub(crate) date: RequestDate,
    pub(crate) content_md5: ContentMd5,
    pub(crate) signature: Signature,
    pub(crate) body: &'a [u8],
}

impl<'a> Signed<'a> {
    /// The headers to send, as `(name, value)`: `Date`, `Content-Type`, `Content-MD5`,
    /// `X-Signature`.
    ///
    /// # Security
    ///
    /// The last value is a signature: it must not reach a log.
    #[must_use]
    pub fn headers(&self) -> [(&'static str, &str); 4] {
        [
            ("Date", self.date.as_str()),
            ("Content-Type", self.content_type.as_str()),
            ("Content-MD5", self.content_md5.as_str()),
            ("X-Signature", self.signature.as_str()),
        ]
    }

    /// The body to send, the bytes that were signed.
    #[must_use]
    pub const fn body(&self) -> &'a [u8] {
        self.body
    }

    /// The method to send.
    #[must_use]
    pub const fn method(&self) -> RequestMethod<'a> {
        self.method
    }

    /// The path to send, as it was signed; a query may follow it on the wire, unsigned (rule S6).
    #[must_use]
    pub const fn path(&self) -> RequestPath<'a> {
        self.path
    }

    /// The date that was signed.
    #[must_use]
    pub const fn date(&self) -> &RequestDate {
        &self.date
    }

    /// The digest of the body.
    #[must_use]
    pub const fn content_md5(&self) -> &ContentMd5 {
        &self.content_md5
    }

    /// The signature.
    #[must_use]
    pub const fn signature(&self) -> &Signature {
        &self.signature
    }
}

impl fmt::Debug for Signed<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Signed")
            .field("method", &self.method.as_str())
            .field("date", &self.date.as_str())
            .field("content_md5", &self.content_md5.as_str())
            .field("body_bytes", &self.body.len())
            .finish_non_exhaustive()
    }
}
