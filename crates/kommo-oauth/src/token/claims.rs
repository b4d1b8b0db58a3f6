//! What an access token says about itself. Anyone can write such a text, and the platform publishes
//! no key to check it with: claims are hints, and no security decision depends on them.
//!
//! Source: rule K10 of `docs/protocol.md`.

use alloc::borrow::Cow;
use alloc::string::String;
use alloc::vec::Vec;
use core::{error, fmt};

use base64ct::{Base64UrlUnpadded, Encoding};
use kommo_account::{AccountId, ApiDomain, ClientId, HostSuffix, ParseApiDomainError, UserId};
use serde::Deserialize;
use zeroize::Zeroizing;

use crate::peer_json::{NotReadable, Number, PeerText, Text, Texts, Time, parse_object};
use crate::token::tokens::AccessToken;
use crate::unix_time::UnixSeconds;

/// The most scopes that are kept.
pub const SCOPES_MAX: usize = 64;
/// The longest text of a claim that is kept, in bytes. A longer one is treated as absent.
pub const CLAIM_MAX_BYTES: usize = 256;

/// Why the claims of an access token cannot be read. The token may still be good: the platform does
/// not promise that it can be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ClaimsError {
    /// Not three parts between two dots.
    NotThreeParts,
    /// The middle part is not base64url.
    NotBase64,
    /// The middle part is not a JSON object.
    NotJson,
    /// A claim is repeated.
    DuplicateClaim,
}

impl fmt::Display for ClaimsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NotThreeParts => "access token does not have three parts",
            Self::NotBase64 => "payload of the access token is not base64url",
            Self::NotJson => "payload of the access token is not a json object",
            Self::DuplicateClaim => "payload of the access token has a repeated claim",
        })
    }
}

impl error::Error for ClaimsError {}

/// The claim `api_domain` is present and does not name a shared API host: a refresh token sent
/// there would be lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct HostileApiDomain {
    /// What is wrong with it.
    pub reason: ParseApiDomainError,
}

impl fmt::Display for HostileApiDomain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("claim api_domain is not a shared api host")
    }
}

impl error::Error for HostileApiDomain {
    fn source(&self) -> Option<&(dyn error::Error + 'static)> {
        Some(&self.reason)
    }
}

/// The claims of an access token, **not verified**. Each may be absent; one of a wrong type counts
/// as absent.
///
/// Source: one expired token that was posted in public; vendor page "OAuth" for what a token is
/// about.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct UnverifiedClaims {
    /// `aud`: the integration.
    pub client_id: Option<ClientId>,
    /// `jti`: the number of the token itself.
    pub token_id: Option<String>,
    /// `iat`.
    pub issued_at: Option<UnixSeconds>,
    /// `nbf`.
    pub not_before: Option<UnixSeconds>,
    /// `exp`.
    pub expires_at: Option<UnixSeconds>,
    /// `sub`: the user who consented.
    pub user_id: Option<UserId>,
    /// `grant_type`: empty in the one sample.
    pub grant_type: Option<String>,
    /// `account_id`.
    pub account_id: Option<AccountId>,
    /// `base_domain`.
    pub base_domain: Option<HostSuffix>,
    /// `version`.
    pub version: Option<u64>,
    /// `scopes`, at most [`SCOPES_MAX`].
    pub scopes: Vec<String>,
    /// `hash_uuid`: its meaning is not known.
    pub hash_uuid: Option<String>,
    /// `api_domain`: the only claim that a request is sent to, so it is checked, and a bad one does
    /// not affect the other claims.
    pub api_domain: Result<Option<ApiDomain>, HostileApiDomain>,
}

#[derive(Deserialize)]
struct Payload<'a> {
    #[serde(borrow, default)]
    aud: Texts<'a>,
    #[serde(borrow, default)]
    jti: Text<'a>,
    #[serde(default)]
    iat: Time,
    #[serde(default)]
    nbf: Time,
    #[serde(default)]
    exp: Time,
    #[serde(default)]
    sub: Number,
    #[serde(borrow, default)]
    grant_type: Text<'a>,
    #[serde(default)]
    account_id: Number,
    #[serde(borrow, default)]
    base_domain: Text<'a>,
    #[serde(default)]
    version: Number,
    #[serde(borrow, default)]
    scopes: Texts<'a>,
    #[serde(borrow, default)]
    hash_uuid: Text<'a>,
    #[serde(borrow, default)]
    api_domain: Text<'a>,
}

impl UnverifiedClaims {
    /// Decodes the claims. Header and signature are not checked. Never panics.
    ///
    /// Unknown claims are ignored, numbers may be texts, and times may have a fraction, which is
    /// dropped.
    ///
    /// # Errors
    ///
    /// - `"def502"`: [`ClaimsError::NotThreeParts`].
    /// - `"a.§.c"`, `"a.bm8.c"`: [`ClaimsError::NotBase64`], [`ClaimsError::NotJson`].
    ///
    /// # Examples
    ///
    /// ```
    /// # use kommo_oauth::token::{AccessToken, UnverifiedClaims};
    /// // {"account_id":12345678,"sub":"87654321"}
    /// let token = AccessToken::new("e30.eyJhY2NvdW50X2lkIjoxMjM0NTY3OCwic3ViIjoiODc2NTQzMjEifQ.AAAA")?;
    /// let claims = UnverifiedClaims::decode(&token)?;
    /// assert_eq!(claims.account_id.map(|id| id.get()), Some(12_345_678));
    /// assert_eq!(claims.api_domain, Ok(None));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn decode(token: &AccessToken) -> Result<Self, ClaimsError> {
        let mut parts = token.expose().split('.');
        let (Some(_), Some(payload), Some(_), None) =
            (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return Err(ClaimsError::NotThreeParts);
        };
        let payload = payload.trim_end_matches('=');
        let bytes = Base64UrlUnpadded::decode_vec(payload).map_err(|_| ClaimsError::NotBase64)?;
        let bytes = Zeroizing::new(bytes);
        let text = PeerText::of(&bytes);
        let payload: Payload<'_> = parse_object(&text).map_err(|reason| match reason {
            NotReadable::Empty | NotReadable::NotJson => ClaimsError::NotJson,
            NotReadable::Fields => ClaimsError::DuplicateClaim,
        })?;
        Ok(Self::of(&payload))
    }

    fn of(payload: &Payload<'_>) -> Self {
        let audience = payload.aud.0.first().map(Cow::as_ref);
        let base_domain = payload.base_domain.get();
        Self {
            client_id: audience.and_then(|text| ClientId::parse(text).ok()),
            token_id: kept(&payload.jti),
            issued_at: payload.iat.0.map(UnixSeconds::new),
            not_before: payload.nbf.0.map(UnixSeconds::new),
            expires_at: payload.exp.0.map(UnixSeconds::new),
            user_id: payload.sub.0.and_then(|id| UserId::from_number(id).ok()),
            grant_type: kept(&payload.grant_type),
            account_id: (payload.account_id.0).and_then(|id| AccountId::from_number(id).ok()),
            base_domain: HostSuffix::ALL
                .into_iter()
                .find(|suffix| base_domain == Some(suffix.as_str())),
            version: payload.version.0,
            scopes: kept_list(&payload.scopes),
            hash_uuid: kept(&payload.hash_uuid),
            api_domain: read_api_domain(payload.api_domain.get()),
        }
    }
}

fn kept(text: &Text<'_>) -> Option<String> {
    let text = text.get()?;
    (text.len() <= CLAIM_MAX_BYTES).then(|| text.into())
}

fn kept_list(texts: &Texts<'_>) -> Vec<String> {
    let short = texts.0.iter().filter(|text| text.len() <= CLAIM_MAX_BYTES);
    short
        .take(SCOPES_MAX)
        .map(|text| String::from(text.as_ref()))
        .collect()
}

fn read_api_domain(text: Option<&str>) -> Result<Option<ApiDomain>, HostileApiDomain> {
    match text.map(|text| ApiDomain::parse(real_name(text))) {
        None => Ok(None),
        Some(Ok(domain)) => Ok(Some(domain)),
        Some(Err(reason)) => Err(HostileApiDomain { reason }),
    }
}

/// A sandbox without TLS writes `api-c.kommo.com.localhost:4000`, which leads to itself. The name
/// before that is what the endpoints of its realm map to the sandbox, and what the allow-list
/// judges in every realm.
fn real_name(text: &str) -> &str {
    let Some((name, rest)) = text.split_once(".localhost") else {
        return text;
    };
    let port = rest.strip_prefix(':').unwrap_or(rest);
    if port.bytes().all(|byte| byte.is_ascii_digit()) {
        name
    } else {
        text
    }
}
