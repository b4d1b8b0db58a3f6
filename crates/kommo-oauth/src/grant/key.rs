//! Whose grant it is.

use alloc::string::String;
use core::fmt;
use core::net::SocketAddr;

use kommo_account::{AccountId, ClientId, Endpoints, Realm, UserId};

/// Names one grant: realm, integration, account and the user who gave it. An account may have
/// several.
///
/// `Display` and [`parse`](Self::parse) use one text: `real/CLIENT/ACCOUNT/USER`, or
/// `sandbox@127.0.0.1:8080/…`. It is the key in a store; nothing in it is secret.
///
/// # Examples
///
/// ```
/// # use kommo_oauth::grant::GrantKey;
/// let text = "real/11111111-2222-3333-4444-555555555555/12345678/87654321";
/// assert_eq!(GrantKey::parse(text)?.to_string(), text);
/// assert!(GrantKey::parse("sandbox@192.0.2.1:80/11111111-2222-3333-4444-555555555555/1/2").is_err());
/// # Ok::<(), kommo_oauth::grant::ParseGrantKeyError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[allow(
    clippy::exhaustive_structs,
    reason = "the four parts of a key; a fifth would be another key"
)]
pub struct GrantKey {
    /// The realm that the grant belongs to. Its tokens are never sent to another realm.
    pub realm: Realm,
    /// The integration.
    pub client_id: ClientId,
    /// The account in the CRM.
    pub account_id: AccountId,
    /// The user who consented.
    pub user_id: UserId,
}

/// Why a text is not a grant key: which of its parts is wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ParseGrantKeyError {
    /// Not four parts with `/` between them.
    Parts {
        /// How many there are.
        found: usize,
    },
    /// Neither `real` nor `sandbox@` and a loopback address.
    Realm,
    /// The second part is not a client id.
    ClientId,
    /// The third part is not an account id.
    AccountId,
    /// The fourth part is not a user id.
    UserId,
}

impl GrantKey {
    /// Reads what `Display` writes. Never panics.
    ///
    /// # Errors
    ///
    /// - `"real/1"`: [`ParseGrantKeyError::Parts`].
    /// - `"sandbox@192.0.2.1:80/…"`: [`ParseGrantKeyError::Realm`]: not loopback.
    /// - a part that is not an id: the variant of that name.
    pub fn parse(text: &str) -> Result<Self, ParseGrantKeyError> {
        let mut parts = text.split('/');
        let (Some(realm), Some(client), Some(account), Some(user), None) = (
            parts.next(),
            parts.next(),
            parts.next(),
            parts.next(),
            parts.next(),
        ) else {
            let found = text.split('/').count();
            return Err(ParseGrantKeyError::Parts { found });
        };
        Ok(Self {
            realm: parse_realm(realm).ok_or(ParseGrantKeyError::Realm)?,
            client_id: ClientId::parse(client).map_err(|_| ParseGrantKeyError::ClientId)?,
            account_id: AccountId::parse(account).map_err(|_| ParseGrantKeyError::AccountId)?,
            user_id: UserId::parse(user).map_err(|_| ParseGrantKeyError::UserId)?,
        })
    }

    /// The realm alone, as the key writes it.
    #[must_use]
    pub fn realm_text(&self) -> String {
        alloc::format!("{}", RealmText(self.realm))
    }
}

/// A realm as text: `real`, or `sandbox@` and its address.
pub(crate) struct RealmText(pub(crate) Realm);

impl fmt::Display for RealmText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Realm::Sandbox(address) => write!(f, "sandbox@{address}"),
            _ => f.write_str("real"),
        }
    }
}

pub(crate) fn parse_realm(text: &str) -> Option<Realm> {
    if text == "real" {
        return Some(Realm::Real);
    }
    let address: SocketAddr = text.strip_prefix("sandbox@")?.parse().ok()?;
    Endpoints::loopback(address)
        .ok()
        .map(|endpoints| endpoints.realm())
}

impl fmt::Display for GrantKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{}/{}/{}/{}",
            RealmText(self.realm),
            self.client_id,
            self.account_id,
            self.user_id
        )
    }
}

impl fmt::Display for ParseGrantKeyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Parts { found } => write!(f, "grant key has {found} parts, not 4"),
            Self::Realm => f.write_str(
                "grant key does not begin with `real` or `sandbox@` and a loopback address",
            ),
            Self::ClientId => f.write_str("second part of the grant key is not a client id"),
            Self::AccountId => f.write_str("third part of the grant key is not an account id"),
            Self::UserId => f.write_str("fourth part of the grant key is not a user id"),
        }
    }
}

impl core::error::Error for ParseGrantKeyError {}
