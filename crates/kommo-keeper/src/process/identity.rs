//! The identity of this process at the platform: its credentials, if it has any, and the
//! fingerprints by which holds recognise it.

use alloc::sync::Arc;
use core::fmt;

use arc_swap::ArcSwap;
use kommo_account::ClientId;
use kommo_oauth::grant::{Fingerprint, Requester};
use kommo_oauth::integration::Credentials;
use sha2::{Digest, Sha256};

/// The credentials in use, and the fingerprints made of them. Replaced as one value when the client
/// secret is rotated.
pub(crate) struct Identity {
    current: ArcSwap<Known>,
    egress: Fingerprint,
}

pub(crate) struct Known {
    /// The only integration that is served; `None`: every integration.
    pub(crate) client_id: Option<ClientId>,
    /// Without them nothing is refreshed or exchanged.
    pub(crate) credentials: Option<Credentials>,
    pub(crate) requester: Requester,
}

impl Identity {
    pub(crate) fn new(
        client_id: Option<ClientId>,
        credentials: Option<Credentials>,
        egress: &str,
    ) -> Self {
        let egress = fingerprint(&[b"egress", egress.as_bytes()]);
        Self {
            current: ArcSwap::from_pointee(Known::new(client_id, credentials, egress)),
            egress,
        }
    }

    pub(crate) fn get(&self) -> Arc<Known> {
        self.current.load_full()
    }

    pub(crate) fn replace(&self, credentials: Credentials) {
        self.current
            .store(Arc::new(Known::new(None, Some(credentials), self.egress)));
    }
}

impl Known {
    fn new(
        client_id: Option<ClientId>,
        credentials: Option<Credentials>,
        egress: Fingerprint,
    ) -> Self {
        let configuration = match &credentials {
            Some(credentials) => fingerprint(&[
                b"configuration",
                credentials.client_id.as_str().as_bytes(),
                credentials.redirect_uri.as_str().as_bytes(),
                credentials.client_secret.expose_secret().as_bytes(),
            ]),
            None => fingerprint(&[b"no configuration"]),
        };
        Self {
            client_id: credentials
                .as_ref()
                .map(|known| known.client_id)
                .or(client_id),
            credentials,
            requester: Requester::new(configuration, egress),
        }
    }
}

/// The first half of a SHA-256 over the parts, each prefixed with its length.
fn fingerprint(parts: &[&[u8]]) -> Fingerprint {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update(u64::try_from(part.len()).unwrap_or(u64::MAX).to_be_bytes());
        hash.update(part);
    }
    let mut bytes = [0; 16];
    for (byte, digest) in bytes.iter_mut().zip(hash.finalize()) {
        *byte = digest;
    }
    Fingerprint::new(bytes)
}

impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Identity").finish_non_exhaustive()
    }
}
