//! Which redirect it was: so that the same one, coming again, is known as the same.

use kommo_oauth::consent::ConsentState;
use sha2::{Digest, Sha256};

pub(crate) const REDIRECT_DIGEST_BYTES: usize = 16;

/// Names a redirect by a hash of its state and its content. Reveals nothing of either.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct RedirectDigest([u8; REDIRECT_DIGEST_BYTES]);

impl RedirectDigest {
    /// Of a query as it came. Parameters that the platform, a proxy or a browser may add do not
    /// matter.
    pub(crate) fn of(query: &str) -> Self {
        let mut hash = Sha256::new();
        for pair in query.split('&') {
            let (name, _) = pair.split_once('=').unwrap_or((pair, ""));
            if matches!(name, "state" | "code" | "error" | "referer") {
                hash.update(pair.as_bytes());
                // No pair has one in it.
                hash.update(b"&");
            }
        }
        let whole: [u8; 32] = hash.finalize().into();
        let mut digest = [0; REDIRECT_DIGEST_BYTES];
        for (to, from) in digest.iter_mut().zip(whole) {
            *to = from;
        }
        Self(digest)
    }

    pub(crate) const fn from_bytes(bytes: [u8; REDIRECT_DIGEST_BYTES]) -> Self {
        Self(bytes)
    }

    pub(crate) const fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

/// The state in a query, if it is there once and is well-formed.
pub(crate) fn state_in(query: &str) -> Option<ConsentState> {
    let mut states = query
        .split('&')
        .filter_map(|pair| pair.strip_prefix("state="));
    match (states.next(), states.next()) {
        (Some(state), None) => ConsentState::parse(state).ok(),
        _ => None,
    }
}
