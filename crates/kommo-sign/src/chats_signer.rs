//! Signs Chats API requests, and returns the verdict on one.

use core::{error, fmt};

use crate::canonical_request::CanonicalRequest;
use crate::content_md5::ContentMd5;
use crate::content_type::ContentType;
use crate::error::SignatureMismatch;
use crate::hmac_sha1::HmacSha1Key;
use crate::request_date::RequestDate;
use crate::request_method::RequestMethod;
use crate::request_path::RequestPath;
use crate::secret::ChannelSecret;
use crate::signature::Signature;
use crate::signed_headers::Signed;

/// Strings to sign up to this length enter the MAC in one piece; the longest path in use makes one
/// of about 230 bytes.
const STAGED_BYTES: usize = 256;

/// A channel secret with its key schedule done: make it once, share it, sign from many threads.
///
/// Signing and verifying never panic and never allocate.
///
/// Source: rules S1 to S9 of `docs/protocol.md`.
///
/// # Examples
///
/// ```
/// use kommo_sign::{ChannelSecret, ChatsSigner, ContentType, RequestDate, RequestMethod, RequestPath};
///
/// let signer = ChatsSigner::new(&ChannelSecret::new("5a44c5dff55f3c15a4cce8d7c4cc27e207c7e189")?);
/// let path = "/v2/origin/custom/f90ba33d-c9d9-44da-b76c-c349b0ecbe41/connect";
/// let body = br#"{"account_id":"af9945ff-1490-4cad-807d-945c15d88bec","title":"ScopeTitle","hook_api_version":"v2"}"#;
/// let signed = signer.sign(
///     RequestMethod::POST,
///     RequestPath::parse(path)?,
///     ContentType::JSON,
///     RequestDate::parse("Thu, 29 Oct 2020 11:59:55 +0000")?,
///     body,
/// );
/// assert_eq!(signed.headers()[2], ("Content-MD5", "a5e8ae04332a6d0aac15f01ad05d40e3"));
/// assert_eq!(signed.headers()[3], ("X-Signature", "e0dcc1936d766a7d5f53fe19887fafa50bef92e0"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct ChatsSigner {
    mac: HmacSha1Key,
}

impl ChatsSigner {
    /// Does the key schedule of a secret.
    #[must_use]
    pub fn new(secret: &ChannelSecret) -> Self {
        Self {
            mac: HmacSha1Key::new(secret.expose_bytes()),
        }
    }

    /// Signs one attempt: hashes the body, signs the five parts and returns what is to be sent.
    ///
    /// A retry is a new attempt: it takes a new date (rule D6).
    #[must_use]
    pub fn sign<'a>(
        &self,
        method: RequestMethod<'a>,
        path: RequestPath<'a>,
        content_type: ContentType<'a>,
        date: RequestDate,
        body: &'a [u8],
    ) -> Signed<'a> {
        let content_md5 = ContentMd5::of(body);
        let request = CanonicalRequest::new(method, path)
            .with_content_md5(content_md5)
            .with_content_type(content_type)
            .with_date(date);
        let signature = self.sign_canonical(&request);
        Signed {
            method,
            path,
            content_type,
            date,
            content_md5,
            signature,
            body,
        }
    }

    /// Signs five parts that are ready: a streamed body, a digest made elsewhere, an absent header.
    #[must_use]
    pub fn sign_canonical(&self, request: &CanonicalRequest<'_>) -> Signature {
        let mut mac = self.mac.begin();
        let mut staged = [0; STAGED_BYTES];
        if let Some(string_to_sign) = request.stage(&mut staged) {
            mac.update(string_to_sign);
        } else {
            for piece in request.pieces() {
                mac.update(piece);
            }
        }
        Signature::from_bytes(mac.finish(b""))
    }

    /// The verdict on a request as it was received, with its body. Gives the proven body back.
    ///
    /// `request` holds the headers as they came. Age and content type are questions of their own:
    /// [`RequestDate::freshness_at`], [`ContentType::is_supported`].
    ///
    /// # Errors
    ///
    /// - no `Content-MD5` in `request`: [`VerifyRequestError::BodyNotCovered`], since the signature
    ///   says nothing of the body.
    /// - a `Content-MD5` of another body: [`VerifyRequestError::BodyDiffers`].
    /// - another key, or any of the five parts changed: [`VerifyRequestError::Mismatch`], which
    ///   does not say more.
    ///
    /// # Security
    ///
    /// One secret serves requests and chat hooks, and nothing in either MAC says which it is: a
    /// signed request is a proven hook whose body is the string to sign. Verify each only with its
    /// own type.
    pub fn verify<'b>(
        &self,
        request: &CanonicalRequest<'_>,
        body: &'b [u8],
        received: &Signature,
    ) -> Result<&'b [u8], VerifyRequestError> {
        let content_md5 = request
            .content_md5()
            .ok_or(VerifyRequestError::BodyNotCovered)?;
        self.verify_canonical(request, received)
            .map_err(VerifyRequestError::Mismatch)?;
        if *content_md5 == ContentMd5::of(body) {
            Ok(body)
        } else {
            Err(VerifyRequestError::BodyDiffers)
        }
    }

    /// The verdict on the five parts alone: for a body that is streamed beside it, or not kept.
    ///
    /// # Errors
    ///
    /// [`SignatureMismatch`], which does not say more.
    ///
    /// # Security
    ///
    /// It proves the `Content-MD5` header, not the body: compare that header with [`ContentMd5`] of
    /// the bytes that came.
    pub fn verify_canonical(
        &self,
        request: &CanonicalRequest<'_>,
        received: &Signature,
    ) -> Result<(), SignatureMismatch> {
        if self.sign_canonical(request).matches(received) {
            Ok(())
        } else {
            Err(SignatureMismatch)
        }
    }
}

impl fmt::Debug for ChatsSigner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ChatsSigner(..)")
    }
}

/// Why a received request is not proven.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum VerifyRequestError {
    /// It has no `Content-MD5`, so its signature does not cover its body.
    BodyNotCovered,
    /// Its `Content-MD5` belongs to another body.
    BodyDiffers,
    /// The signature is another one.
    Mismatch(SignatureMismatch),
}

impl fmt::Display for VerifyRequestError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::BodyNotCovered => {
                f.write_str("the request has no content-md5, so its body is not proven")
            }
            Self::BodyDiffers => {
                f.write_str("the content-md5 of the request belongs to another body")
            }
            Self::Mismatch(_) => f.write_str("the request is not proven"),
        }
    }
}

impl error::Error for VerifyRequestError {
    fn source(&self) -> Option<&(dyn error::Error + 'static)> {
        match self {
            Self::BodyNotCovered | Self::BodyDiffers => None,
            Self::Mismatch(cause) => Some(cause),
        }
    }
}
