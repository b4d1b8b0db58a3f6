//! The verifier of a widget's one-time token: HS256, in the header `X-Auth-Token` of a call from a
//! user's browser.

use alloc::string::String;
use core::fmt;

use kommo_account::{AccountHost, AccountId, ClientId, UserId};
use kommo_sign::{JwsAlgorithm, JwsKey, KeyRing};
use serde::Deserialize;

use crate::refusal::Refusal;
use crate::token::claims::{CommonClaims, Number};
use crate::token::jwt::{self, audience_is};
use crate::verified::{HookKind, Verified};

/// The longest lifetime that is admitted, so that a replay memory stays bounded. The platform's own
/// is 30 minutes.
pub const WIDGET_TOKEN_MAX_LIFETIME_SECONDS: u64 = 86_400;

/// Who calls from a widget: proven by the client secret, valid for half an hour.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct WidgetToken {
    /// The address of the account (`iss`).
    pub account_host: AccountHost,
    /// The account.
    pub account_id: AccountId,
    /// The user whose browser called.
    pub user_id: UserId,
    /// Whether the user is an administrator; false where the claim is missing.
    pub is_admin: bool,
    /// The id of the token (`jti`), to refuse a second use: see
    /// [`ReplayMemory`](crate::ReplayMemory).
    pub token_id: String,
    /// When it was issued, Unix seconds.
    pub issued_at: u64,
    /// When it ends, Unix seconds, without the leeway.
    pub expires_at: u64,
}

/// The id of a token is as good as a password for half an hour: it is not shown.
impl fmt::Debug for WidgetToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WidgetToken")
            .field("account_host", &self.account_host)
            .field("account_id", &self.account_id)
            .field("user_id", &self.user_id)
            .field("is_admin", &self.is_admin)
            .field("expires_at", &self.expires_at)
            .finish_non_exhaustive()
    }
}

#[derive(Deserialize)]
struct WidgetClaims {
    jti: String,
    user_id: Number,
    #[serde(default)]
    is_admin: Option<bool>,
}

/// Proves one-time tokens of the widget of one integration. The keys are of HS256.
///
/// Source: rules J1, J3 to J9 of `docs/protocol.md`.
pub struct WidgetTokenVerifier<const KEYS: usize = 4> {
    client_id: ClientId,
    redirect_uri: String,
    keys: KeyRing<JwsKey, KEYS>,
}

impl<const KEYS: usize> WidgetTokenVerifier<KEYS> {
    /// A verifier for an integration: its client id, and its Redirect URI, whose scheme and host
    /// `aud` must name.
    #[must_use]
    pub fn new(client_id: ClientId, redirect_uri: &str, keys: KeyRing<JwsKey, KEYS>) -> Self {
        Self {
            client_id,
            redirect_uri: redirect_uri.into(),
            keys,
        }
    }

    /// The keys, for a rotation.
    pub const fn keys_mut(&mut self) -> &mut KeyRing<JwsKey, KEYS> {
        &mut self.keys
    }

    /// The verdict on a token. `now` in Unix seconds; 60 seconds of leeway on every time.
    ///
    /// # Errors
    ///
    /// - longer than [`TOKEN_MAX_BYTES`](crate::TOKEN_MAX_BYTES), or not three parts:
    ///   [`Refusal::TokenTooLong`], [`Refusal::TokenMalformed`].
    /// - another key or algorithm, a changed byte, no signature: [`Refusal::NotProven`]; a header
    ///   that contradicts the MAC: [`Refusal::Algorithm`].
    /// - a claim is missing: [`Refusal::ClaimsMalformed`]; another integration, receiver or issuer:
    ///   [`Refusal::OtherClient`], [`Refusal::OtherAudience`], [`Refusal::OtherIssuer`].
    /// - used outside its time: [`Refusal::Expired`], [`Refusal::NotYetValid`],
    ///   [`Refusal::Lifetime`].
    pub fn verify(&self, token: &str, now: u64) -> Result<Verified<WidgetToken>, Refusal> {
        let proven = jwt::prove(&self.keys, JwsAlgorithm::Hs256, token, now)?;
        let common: CommonClaims = proven.claims()?;
        let own: WidgetClaims = proven.claims()?;
        let checked = jwt::check(&common, &self.client_id, now)?;
        if !audience_is(common.aud.as_deref(), &self.redirect_uri) {
            return Err(Refusal::OtherAudience);
        }
        let issued_at = checked.issued_at.ok_or(Refusal::ClaimsMalformed)?;
        if checked.expires_at.saturating_sub(issued_at) > WIDGET_TOKEN_MAX_LIFETIME_SECONDS {
            return Err(Refusal::Lifetime);
        }
        if own.jti.is_empty() {
            return Err(Refusal::ClaimsMalformed);
        }
        let token = WidgetToken {
            account_host: checked.account_host,
            account_id: checked.account_id,
            user_id: UserId::from_number(own.user_id.0).map_err(|_| Refusal::ClaimsMalformed)?,
            is_admin: own.is_admin.unwrap_or(false),
            token_id: own.jti,
            issued_at,
            expires_at: checked.expires_at,
        };
        Ok(Verified::new(
            token,
            HookKind::WidgetToken,
            proven.key_id,
            now,
        ))
    }
}

impl<const KEYS: usize> fmt::Debug for WidgetTokenVerifier<KEYS> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WidgetTokenVerifier")
            .field("client_id", &self.client_id)
            .field("keys", &self.keys)
            .finish_non_exhaustive()
    }
}
