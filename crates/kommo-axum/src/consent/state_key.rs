//! The key that the states and cookies of consents are sealed with.

use core::{error, fmt};

use hmac::{Hmac, KeyInit, Mac};
use kommo_account::Realm;
use sha2::Sha256;
use zeroize::Zeroizing;

/// The fewest bytes of a key.
pub const STATE_KEY_MIN_BYTES: usize = 32;

/// Bytes of a whole tag.
pub(crate) const TAG_BYTES: usize = 32;
/// Bytes of the shorter tag inside a state.
pub(crate) const SHORT_TAG_BYTES: usize = 16;

/// Why there is no key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum StateKeyError {
    /// Fewer than [`STATE_KEY_MIN_BYTES`].
    TooShort {
        /// The length found, in bytes.
        found: usize,
    },
    /// The operating system returned no random bytes.
    NoRandomness,
}

impl fmt::Display for StateKeyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooShort { found } => {
                write!(
                    f,
                    "a key of {found} bytes is shorter than {STATE_KEY_MIN_BYTES}"
                )
            }
            Self::NoRandomness => f.write_str("the operating system returned no random bytes"),
        }
    }
}

impl error::Error for StateKeyError {}

/// The key of the seals. All processes that serve one address need the same one, so that a consent
/// which began at one may end at another.
///
/// It protects nothing that lasts longer than 20 minutes: change it when you like, and consents
/// under way must begin again. `Debug` shows none of it.
#[derive(Clone)]
pub struct StateKey(Hmac<Sha256>);

impl StateKey {
    /// A key of at least [`STATE_KEY_MIN_BYTES`] random bytes, from your vault.
    ///
    /// # Errors
    ///
    /// 31 bytes: [`StateKeyError::TooShort`].
    pub fn new(bytes: &[u8]) -> Result<Self, StateKeyError> {
        let too_short = StateKeyError::TooShort { found: bytes.len() };
        if bytes.len() < STATE_KEY_MIN_BYTES {
            return Err(too_short);
        }
        Hmac::new_from_slice(bytes).map(Self).map_err(|_| too_short)
    }

    /// A key that only this process knows and that ends with it: right for one process, wrong
    /// behind a load balancer.
    ///
    /// # Errors
    ///
    /// [`StateKeyError::NoRandomness`].
    pub fn random() -> Result<Self, StateKeyError> {
        let mut bytes = Zeroizing::new([0; STATE_KEY_MIN_BYTES]);
        getrandom::fill(bytes.as_mut_slice()).map_err(|_| StateKeyError::NoRandomness)?;
        Self::new(bytes.as_slice())
    }

    /// The key for one purpose, realm and Redirect URI: a seal made for one of them is invalid for
    /// another.
    pub(crate) fn bound(&self, purpose: &str, realm: Realm, redirect_uri: &str) -> Sealer {
        let mut mac = self.0.clone();
        let realm = match realm {
            Realm::Sandbox(address) => format!("sandbox@{address}"),
            _ => String::from("real"),
        };
        for part in [purpose, &realm, redirect_uri] {
            mac.update(part.as_bytes());
            // None of the parts has a null in it, so no two lists of parts are the same bytes.
            mac.update(b"\0");
        }
        Sealer(mac)
    }
}

impl fmt::Debug for StateKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("StateKey(..)")
    }
}

/// Seals for one purpose.
#[derive(Clone)]
pub(crate) struct Sealer(Hmac<Sha256>);

impl Sealer {
    pub(crate) fn tag(&self, body: &[u8]) -> [u8; TAG_BYTES] {
        self.0
            .clone()
            .chain_update(body)
            .finalize()
            .into_bytes()
            .into()
    }

    /// Whether the tag is right, in constant time.
    pub(crate) fn holds(&self, body: &[u8], tag: &[u8; TAG_BYTES]) -> bool {
        self.0.clone().chain_update(body).verify_slice(tag).is_ok()
    }

    /// The same for the shorter tag.
    pub(crate) fn holds_short(&self, body: &[u8], tag: &[u8; SHORT_TAG_BYTES]) -> bool {
        self.0
            .clone()
            .chain_update(body)
            .verify_truncated_left(tag)
            .is_ok()
    }
}
