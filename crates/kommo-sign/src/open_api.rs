//! The Open API: HMAC-SHA256 of a raw body, in both directions, and the signature of a visitor.

use core::fmt;

use hmac::{Hmac, Mac};
use md5::{Digest, Md5};
use sha2::Sha256;
use zeroize::Zeroizing;

use crate::error::{SignatureMismatch, VerifyError};
use crate::secret::AppSecret;
use crate::signature::{OpenApiSignature, VisitorSignature};
use crate::{hex, mac};

/// An AppSecret with its key schedule done: signs requests (`x-chat-signature`) and returns the
/// verdict on webhooks.
///
/// Nothing but the body is signed, byte for byte: serialise once, sign these bytes, send these
/// bytes. Never panics, never allocates. Source: rules O1 to O5 of `docs/protocol.md`.
///
/// # Examples
///
/// ```
/// use kommo_sign::{AppSecret, OpenApiKey};
///
/// let key = OpenApiKey::new(&AppSecret::new("YOUR_APP_SECRET")?);
/// let signature = key.sign(b"{}");
/// assert_eq!(signature.as_str(), "7c22f6cb8a969c4cb69d9d0623c20f95cf387a57592d91e3bded165fdca14a49");
/// assert_eq!(key.verify(b"{}", signature.as_str())?, b"{}");
/// assert!(key.verify(b"{}\n", signature.as_str()).is_err());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct OpenApiKey {
    mac: Hmac<Sha256>,
}

impl OpenApiKey {
    /// Does the key schedule of a secret.
    #[must_use]
    pub fn new(secret: &AppSecret) -> Self {
        Self {
            mac: mac::keyed(secret.expose_bytes()),
        }
    }

    /// Signs a body as it will be sent.
    #[must_use]
    pub fn sign(&self, body: &[u8]) -> OpenApiSignature {
        finish(self.mac.clone().chain_update(body))
    }

    /// The verdict on a body as it came, and the text of its `x-chat-signature`. Gives the proven
    /// bytes back.
    ///
    /// # Errors
    ///
    /// - `received` has another length, spaces or upper-case digits: [`VerifyError::Malformed`],
    ///   with length or offset.
    /// - another key, another body, one line feed more: [`VerifyError::Mismatch`], which says
    ///   nothing more.
    pub fn verify<'a>(&self, body: &'a [u8], received: &str) -> Result<&'a [u8], VerifyError> {
        let mut stream = self.stream();
        stream.update(body);
        stream.verify(received)?;
        Ok(body)
    }

    /// Begins a body that comes in pieces.
    #[must_use]
    pub fn stream(&self) -> OpenApiStream {
        OpenApiStream {
            mac: self.mac.clone(),
        }
    }
}

impl fmt::Debug for OpenApiKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("OpenApiKey(..)")
    }
}

/// A body that comes in pieces, to be signed or proven.
#[derive(Clone)]
pub struct OpenApiStream {
    mac: Hmac<Sha256>,
}

impl OpenApiStream {
    /// Adds the next bytes of the body.
    pub fn update(&mut self, bytes: &[u8]) {
        self.mac.update(bytes);
    }

    /// Ends the body and signs it.
    #[must_use]
    pub fn sign(self) -> OpenApiSignature {
        finish(self.mac)
    }

    /// Ends the body and returns the verdict on it.
    ///
    /// # Errors
    ///
    /// As [`OpenApiKey::verify`].
    pub fn verify(self, received: &str) -> Result<(), VerifyError> {
        let received = OpenApiSignature::parse(received)?;
        if finish(self.mac).matches(&received) {
            Ok(())
        } else {
            Err(SignatureMismatch.into())
        }
    }
}

impl fmt::Debug for OpenApiStream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("OpenApiStream(..)")
    }
}

fn finish(mac: Hmac<Sha256>) -> OpenApiSignature {
    OpenApiSignature::from_bytes(mac.finalize().into_bytes().into())
}

/// The signature of a visitor, `sbs_mm`: `md5(hex(md5(sbs + "_" + secret)) + "_" + ranstr)`.
///
/// `sbs` is the integrator's own identifier of the visitor, `ranstr` a random string; the vendor
/// recommends 16 characters or more, and none is refused here. Never panics, never allocates.
/// Source: rule V1 of `docs/protocol.md`.
///
/// # Security
///
/// Made on the server only. It never expires, and the scheme is not an HMAC but MD5 over joined
/// text, whose parts can be cut elsewhere: do not let a visitor choose `sbs`.
///
/// # Examples
///
/// ```
/// # use kommo_sign::{AppSecret, visitor_signature};
/// let signature = visitor_signature(&AppSecret::new("YOUR_APP_SECRET")?, "1001", "4ad0faec14a58112");
/// assert_eq!(signature.as_str(), "a0e1a677fd6a2432ef6bd3f8a05070b2");
/// # Ok::<(), kommo_sign::SecretError>(())
/// ```
#[must_use]
pub fn visitor_signature(secret: &AppSecret, sbs: &str, ranstr: &str) -> VisitorSignature {
    // The inner digest signs that visitor for ever, with any `ranstr`: it is a secret, and wiped
    // like one.
    let inner = Md5::new()
        .chain_update(sbs)
        .chain_update("_")
        .chain_update(secret.expose_bytes());
    let inner: Zeroizing<[u8; 16]> = Zeroizing::new(inner.finalize().into());
    let mut inner_hex = Zeroizing::new([b'0'; 32]);
    hex::write_lower(&inner, &mut inner_hex);
    let outer = Md5::new()
        .chain_update(*inner_hex)
        .chain_update("_")
        .chain_update(ranstr);
    VisitorSignature::from_bytes(outer.finalize().into())
}
