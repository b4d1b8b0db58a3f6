//! Which client secret proved a hook last: this shows when an old one is no longer needed.

use alloc::collections::BTreeMap;
use alloc::sync::Arc;
use core::future::Future;
use core::pin::Pin;
use core::time::Duration;
use std::sync::{Mutex, PoisonError};

use kommo_oauth::UnixSeconds;
use kommo_oauth::integration::ClientSecret;
use sha2::{Digest, Sha256};

/// One secret is noted once in this time at most: hooks may come in thousands.
const ONCE_IN: Duration = Duration::from_secs(60);

/// The most secrets whose last note is remembered; then all are forgotten, and noted again.
const REMEMBERED_MAX: usize = 1_024;

/// A client secret proved something.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct SecretProof {
    /// What: `disconnect`.
    pub purpose: &'static str,
    /// Names the secret as `kommo secret` does: eight hex digits of a hash, which reveal nothing of
    /// it.
    pub key_id: String,
    /// When.
    pub at: UnixSeconds,
}

impl SecretProof {
    /// What a secret proved, and when.
    #[must_use]
    pub fn new(purpose: &'static str, key_id: impl Into<String>, at: UnixSeconds) -> Self {
        Self {
            purpose,
            key_id: key_id.into(),
            at,
        }
    }
}

/// Records which secret proved a hook. An `Arc` of a log is a log.
pub trait ProofLog: Send + Sync + 'static {
    /// Records one proof: at most one in a minute for each secret and process. No caller waits for
    /// it, so log errors where they happen.
    fn note(&self, proof: SecretProof) -> impl Future<Output = ()> + Send;
}

impl<T: ProofLog> ProofLog for Arc<T> {
    fn note(&self, proof: SecretProof) -> impl Future<Output = ()> + Send {
        T::note(self, proof)
    }
}

type Promise<'a> = Pin<Box<dyn Future<Output = ()> + Send + 'a>>;

/// A log of any type.
pub(crate) trait AnyProofLog: Send + Sync {
    fn note(&self, proof: SecretProof) -> Promise<'_>;
}

impl<T: ProofLog> AnyProofLog for T {
    fn note(&self, proof: SecretProof) -> Promise<'_> {
        Box::pin(ProofLog::note(self, proof))
    }
}

/// A log that is called at most once a minute for each secret.
pub(crate) struct ProofNotes {
    log: Arc<dyn AnyProofLog>,
    last: Mutex<BTreeMap<String, UnixSeconds>>,
}

impl ProofNotes {
    pub(crate) fn new(log: impl ProofLog) -> Self {
        Self {
            log: Arc::new(log),
            last: Mutex::default(),
        }
    }

    /// Records it, unless that was done less than a minute ago.
    pub(crate) async fn note(&self, purpose: &'static str, secret: &ClientSecret, at: UnixSeconds) {
        let key_id = key_id_of(secret);
        if self.is_due(&key_id, at) {
            self.log.note(SecretProof::new(purpose, key_id, at)).await;
        }
    }

    fn is_due(&self, key_id: &str, at: UnixSeconds) -> bool {
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        // A clock that was set back must not suppress the note.
        let is_fresh = |noted: &UnixSeconds| *noted <= at && at < noted.plus(ONCE_IN);
        if last.get(key_id).is_some_and(is_fresh) {
            return false;
        }
        if last.len() >= REMEMBERED_MAX {
            last.clear();
        }
        last.insert(key_id.to_owned(), at);
        true
    }
}

/// INVARIANT: the same as in `kommo-cli`, file `secret_use.rs`, for a secret of the kind `client`.
fn key_id_of(secret: &ClientSecret) -> String {
    let mut hash = Sha256::new();
    hash.update(b"kommo-cli secret id\0client\0");
    hash.update(secret.expose_secret());
    let [a, b, c, d, ..] = <[u8; 32]>::from(hash.finalize());
    format!("{:08x}", u32::from_be_bytes([a, b, c, d]))
}
