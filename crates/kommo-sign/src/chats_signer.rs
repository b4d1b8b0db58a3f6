//! Signs Chats API requests, and gives the verdict on one.

use core::fmt;

use hmac::{Hmac, Mac};
use sha1::Sha1;

use crate::canonical_request::CanonicalRequest;
use crate::content_md5::ContentMd5;
use crate::content_type::ContentType;
use crate::error::SignatureMismatch;
use crate::mac;
use crate::request_date::RequestDate;
use crate::request_method::RequestMethod;
use crate::request_path::RequestPath;
use crate::secret::ChannelSecret;
use crate::signature::Signature;
use crate::signed_headers::Signed;

/// Strings to sign up to this length enter the MAC in one piece; the longest path in use makes one of about 230 bytes.
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
    mac: Hmac<Sha1>,
}

impl ChatsSigner {
    /// Does the key schedule of a secret.
    #[must_use]
    pub fn new(secret: &ChannelSecret) -> Self {
        Self {
            mac: mac::keyed(secret.expose_bytes()),
        }
    }

    /// Signs one attempt: hashes the body, signs the five parts and gives back what is to be sent.
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

    /// Signs five parts that stand ready: a streamed body, a digest made elsewhere, an absent header.
    #[must_use]
    pub fn sign_canonical(&self, request: &CanonicalRequest<'_>) -> Signature {
        let mut mac = self.mac.clone();
        let mut staged = [0; STAGED_BYTES];
        match request.write_to(&mut staged) {
            Ok(string_to_sign) => mac.update(string_to_sign.as_bytes()),
            Err(_longer) => {
                for piece in request.pieces() {
                    mac.update(piece);
                }
            }
        }
        Signature::from_bytes(mac.finalize().into_bytes().into())
    }

    /// The verdict on a request as it was received: whether this secret signed these five parts.
    ///
    /// Age, content type and body digest are questions of their own:
    /// [`RequestDate::freshness_at`], [`ContentType::is_supported`], [`ContentMd5::of`].
    ///
    /// # Errors
    ///
    /// [`SignatureMismatch`], which does not say more.
    pub fn verify(
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
