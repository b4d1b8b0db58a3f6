//! The verdict on a disconnect hook: HMAC-SHA256 of `client_id|account_id`.

use core::num::NonZeroU64;
use core::{error, fmt};

use hmac::{Hmac, Mac};
use sha2::Sha256;

use crate::disconnect_query::{DisconnectQuery, ParseDisconnectQueryError};
use crate::error::SignatureMismatch;
use crate::mac;
use crate::secret::ClientSecret;
use crate::signature::DisconnectSignature;

/// A client secret with its key schedule done, for disconnect hooks.
///
/// Never panics, never allocates. Source: rules X1 to X7 of `docs/protocol.md`.
///
/// # Security
///
/// The signature names no time: one captured hook is valid for ever. A verdict is a reason to ask
/// the API whether the account is still connected, never to delete anything (rule X7).
///
/// # Examples
///
/// ```
/// use kommo_sign::{ClientSecret, DisconnectKey};
///
/// let key = DisconnectKey::new(&ClientSecret::new("test-secret-0123456789abcdef")?);
/// let query = "account_id=32720107&client_uuid=01d01160-d7a0-4087-b4af-6a1bb83fcd1d\
///     &signature=1c60d585cda9c08775afb582b55b618205955372883e27d7e2fbf0f0c2c7fd4d";
/// let account = key.verify_query("01d01160-d7a0-4087-b4af-6a1bb83fcd1d", query)?;
/// assert_eq!(account.get(), 32_720_107);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct DisconnectKey {
    mac: Hmac<Sha256>,
}

impl DisconnectKey {
    /// Does the key schedule of a secret.
    #[must_use]
    pub fn new(secret: &ClientSecret) -> Self {
        Self {
            mac: mac::keyed(secret.expose_bytes()),
        }
    }

    /// Signs as the platform does: for tests and for sending samples to oneself.
    #[must_use]
    pub fn sign(&self, client_id: &str, account_id: NonZeroU64) -> DisconnectSignature {
        let mut mac = self.mac.clone().chain_update(client_id).chain_update("|");
        let mut digits = [0; 20];
        mac.update(decimal(account_id.get(), &mut digits));
        DisconnectSignature::from_bytes(mac.finalize().into_bytes().into())
    }

    /// The verdict on a hook that was taken apart elsewhere. The caller has compared the client id
    /// that came with its own (rule X3): here only our own enters the MAC.
    ///
    /// # Errors
    ///
    /// [`SignatureMismatch`], which does not say more.
    pub fn verify(
        &self,
        our_client_id: &str,
        account_id: NonZeroU64,
        received: &DisconnectSignature,
    ) -> Result<(), SignatureMismatch> {
        let expected = self.sign(our_client_id, account_id);
        if expected.matches(received) {
            Ok(())
        } else {
            Err(SignatureMismatch)
        }
    }

    /// The verdict on a whole query, with or without the leading `?`. Gives the proven account.
    ///
    /// # Errors
    ///
    /// - a parameter is missing, repeated or malformed: [`DisconnectError::Malformed`], with which
    ///   and where.
    /// - the hook is for another integration: [`DisconnectError::OtherClient`]. Upper-case ids are
    ///   other ids.
    /// - the signature is another one: [`DisconnectError::Mismatch`].
    pub fn verify_query(
        &self,
        our_client_id: &str,
        query: &str,
    ) -> Result<NonZeroU64, DisconnectError> {
        let query = DisconnectQuery::parse(query).map_err(DisconnectError::Malformed)?;
        if query.client_id() != our_client_id {
            return Err(DisconnectError::OtherClient);
        }
        self.verify(our_client_id, query.account_id(), query.signature())
            .map_err(DisconnectError::Mismatch)?;
        Ok(query.account_id())
    }
}

impl fmt::Debug for DisconnectKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DisconnectKey(..)")
    }
}

/// Writes a number in decimal at the end of `digits` and returns that part.
fn decimal(number: u64, digits: &mut [u8; 20]) -> &[u8] {
    let mut rest = number;
    let mut start = digits.len();
    for (position, digit) in digits.iter_mut().enumerate().rev() {
        let value = (rest % 10) as u8;
        *digit = b'0' + value;
        start = position;
        rest /= 10;
        if rest == 0 {
            break;
        }
    }
    digits.get(start..).unwrap_or_default()
}

/// Why a disconnect hook is not proven.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum DisconnectError {
    /// It is not a disconnect hook at all.
    Malformed(ParseDisconnectQueryError),
    /// It is for another integration.
    OtherClient,
    /// The signature is another one.
    Mismatch(SignatureMismatch),
}

impl fmt::Display for DisconnectError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Malformed(_) => f.write_str("the query is not a disconnect hook"),
            Self::OtherClient => f.write_str("the disconnect hook is for another integration"),
            Self::Mismatch(_) => f.write_str("the disconnect hook is not proven"),
        }
    }
}

impl error::Error for DisconnectError {
    fn source(&self) -> Option<&(dyn error::Error + 'static)> {
        match self {
            Self::Malformed(cause) => Some(cause),
            Self::OtherClient => None,
            Self::Mismatch(cause) => Some(cause),
        }
    }
}
