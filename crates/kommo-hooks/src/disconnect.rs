//! The verifier of disconnect hooks: HMAC-SHA256 of `client_id|account_id`, read from a query.

use core::fmt;

use kommo_account::{AccountId, ClientId};
use kommo_sign::{
    DisconnectKey, DisconnectParameter, DisconnectQuery, KeyRing, ParseDisconnectQueryError,
};

use crate::refusal::Refusal;
use crate::verified::{HookKind, Verified};

/// What a proven disconnect hook says: this account revoked an access to this integration.
///
/// It has no time and no nonce, so a captured one stays valid for ever: it is a reason to ask the
/// API, and never to delete a grant (rule X7 of `docs/protocol.md`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Disconnected {
    /// The account.
    pub account_id: AccountId,
    /// The integration: your own.
    pub client_id: ClientId,
}

/// Proves disconnect hooks of one integration.
///
/// Source: rules X1 to X8 of `docs/protocol.md`.
///
/// # Examples
///
/// ```
/// use kommo_account::ClientId;
/// use kommo_hooks::{DisconnectVerifier, Refusal};
/// use kommo_sign::{ClientSecret, DisconnectKey, KeyId, KeyRing};
///
/// let mut keys: KeyRing<DisconnectKey> = KeyRing::new();
/// let secret = ClientSecret::new("test-secret-0123456789abcdef")?;
/// keys.insert(KeyId::parse("current")?, DisconnectKey::new(&secret), None)?;
/// let verifier = DisconnectVerifier::new(ClientId::parse("01d01160-d7a0-4087-b4af-6a1bb83fcd1d")?, keys);
///
/// let query = "account_id=32720107&client_uuid=01d01160-d7a0-4087-b4af-6a1bb83fcd1d\
///     &signature=1c60d585cda9c08775afb582b55b618205955372883e27d7e2fbf0f0c2c7fd4d";
/// assert_eq!(verifier.verify(query, 1_796_000_000)?.get().account_id.get(), 32_720_107);
/// let unsigned = "account_id=32720107&client_id=01d01160-d7a0-4087-b4af-6a1bb83fcd1d";
/// assert_eq!(verifier.verify(unsigned, 1_796_000_000).unwrap_err(), Refusal::Unsigned);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct DisconnectVerifier<const KEYS: usize = 4> {
    client_id: ClientId,
    keys: KeyRing<DisconnectKey, KEYS>,
}

impl<const KEYS: usize> DisconnectVerifier<KEYS> {
    /// A verifier for the integration with this client id.
    #[must_use]
    pub const fn new(client_id: ClientId, keys: KeyRing<DisconnectKey, KEYS>) -> Self {
        Self { client_id, keys }
    }

    /// The keys, for a rotation.
    pub const fn keys_mut(&mut self) -> &mut KeyRing<DisconnectKey, KEYS> {
        &mut self.keys
    }

    /// The verdict on a query, with or without the leading `?`. `now` in Unix seconds.
    ///
    /// # Errors
    ///
    /// - a parameter is missing, repeated or malformed: [`Refusal::QueryMalformed`], with which and
    ///   where.
    /// - only the signature is missing: [`Refusal::Unsigned`].
    /// - the hook is for another integration: [`Refusal::OtherClient`].
    /// - the signature does not match: [`Refusal::NotProven`].
    pub fn verify(&self, query: &str, now: u64) -> Result<Verified<Disconnected>, Refusal> {
        let read = DisconnectQuery::parse(query).map_err(|error| match error {
            ParseDisconnectQueryError::Missing {
                parameter: DisconnectParameter::Signature,
            } => Refusal::Unsigned,
            error => Refusal::QueryMalformed(error),
        })?;
        if read.client_id() != self.client_id.as_str() {
            return Err(Refusal::OtherClient);
        }
        let account = read.account_id();
        let check = |key: &DisconnectKey| {
            key.verify(self.client_id.as_str(), account, read.signature())
                .map_err(|_| Refusal::NotProven)
        };
        let matched = self.keys.verify(now, check)?;
        let hook = Disconnected {
            account_id: AccountId::new(account),
            client_id: self.client_id,
        };
        Ok(Verified::new(
            hook,
            HookKind::Disconnect,
            matched.key_id,
            now,
        ))
    }
}

impl<const KEYS: usize> fmt::Debug for DisconnectVerifier<KEYS> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DisconnectVerifier")
            .field("client_id", &self.client_id)
            .field("keys", &self.keys)
            .finish()
    }
}
