//! The verifier of Open API webhooks: HMAC-SHA256 of the raw body, then the time inside it.

use core::fmt;

use kommo_sign::{KeyRing, OpenApiKey};

#[cfg(feature = "alloc")]
use crate::freshness::FreshnessWindow;
use crate::received_signature::ReceivedSignature;
use crate::refusal::Refusal;
use crate::verified::{HookKind, Verified};

/// Proves webhooks of the Open API.
///
/// `created_at` inside the signed body is the only data on their age: `verify_fresh` (feature
/// `alloc`) reads it.
///
/// Source: rules O2 to O4 and O6 of `docs/protocol.md`.
pub struct OpenApiVerifier<const KEYS: usize = 4> {
    keys: KeyRing<OpenApiKey, KEYS>,
}

impl<const KEYS: usize> OpenApiVerifier<KEYS> {
    /// A verifier with these keys.
    #[must_use]
    pub const fn new(keys: KeyRing<OpenApiKey, KEYS>) -> Self {
        Self { keys }
    }

    /// The keys, for a rotation.
    pub const fn keys_mut(&mut self) -> &mut KeyRing<OpenApiKey, KEYS> {
        &mut self.keys
    }

    /// The verdict on the signature of a webhook: `body` as it came. `now` in Unix seconds.
    ///
    /// # Errors
    ///
    /// - no header, two headers, not 64 lower-case hex digits: [`Refusal::SignatureMissing`],
    ///   [`Refusal::SignatureRepeated`], [`Refusal::SignatureMalformed`].
    /// - another key, another body, one line feed more: [`Refusal::NotProven`].
    #[inline]
    pub fn verify<'a>(
        &self,
        body: &'a [u8],
        signature: ReceivedSignature<'_>,
        now: u64,
    ) -> Result<Verified<&'a [u8]>, Refusal> {
        let text = signature.text()?;
        let matched = self.keys.verify(now, |key| key.verify(body, text))?;
        Ok(Verified::new(
            matched.proven,
            HookKind::OpenApi,
            matched.key_id,
            now,
        ))
    }

    /// The verdict on signature and time. A webhook without a numeric `created_at` is not refused
    /// for that.
    ///
    /// # Errors
    ///
    /// As [`verify`](Self::verify), and [`Refusal::Stale`] or [`Refusal::FromTheFuture`].
    #[cfg(feature = "alloc")]
    pub fn verify_fresh<'a>(
        &self,
        body: &'a [u8],
        signature: ReceivedSignature<'_>,
        window: FreshnessWindow,
        now: u64,
    ) -> Result<Verified<&'a [u8]>, Refusal> {
        let hook = self.verify(body, signature, now)?;
        if let Some(time) = crate::head::read(hook.get())?.created_at {
            window.check(time, now)?;
        }
        Ok(hook)
    }
}

impl<const KEYS: usize> fmt::Debug for OpenApiVerifier<KEYS> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OpenApiVerifier")
            .field("keys", &self.keys)
            .finish()
    }
}
