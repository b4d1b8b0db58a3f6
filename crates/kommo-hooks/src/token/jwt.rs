//! A JSON Web Token: the MAC first, with the algorithm of the verifier; nothing is read before it
//! is proven.
//!
//! Source: rules J3 to J8 of `docs/protocol.md`.

use alloc::string::String;
use alloc::vec::Vec;

use base64ct::{Base64UrlUnpadded, Encoding};
use kommo_account::{AccountHost, AccountId, ClientId};
use kommo_sign::{CompactJws, JwsAlgorithm, JwsKey, KeyId, KeyRing};
use serde::Deserialize;
use serde::de::IgnoredAny;

use crate::refusal::Refusal;
use crate::token::claims::CommonClaims;

/// The longest token that is read. Those of the platform have some 500 bytes.
pub const TOKEN_MAX_BYTES: usize = 8192;

/// How far the clocks of the platform and of this machine may differ. The vendor once added the
/// same after failures.
pub const TOKEN_LEEWAY_SECONDS: u64 = 60;

/// The bytes of the longest signature, HS512.
const SIGNATURE_MAX_BYTES: usize = 64;

/// A token whose MAC and header were checked.
pub(crate) struct ProvenToken {
    pub(crate) key_id: KeyId,
    payload: Vec<u8>,
}

impl ProvenToken {
    /// Reads the claims.
    pub(crate) fn claims<'a, C: Deserialize<'a>>(&'a self) -> Result<C, Refusal> {
        serde_json::from_slice(&self.payload).map_err(|_| Refusal::ClaimsMalformed)
    }
}

/// Only these fields of a header mean something to us. `crit` names extensions that a reader must
/// understand (RFC 7515, 4.1.11).
#[derive(Deserialize)]
struct Header {
    alg: String,
    #[serde(default)]
    crit: Option<IgnoredAny>,
}

/// The verdict on a token, with the keys of one algorithm; keys of another are not tried.
pub(crate) fn prove<const KEYS: usize>(
    keys: &KeyRing<JwsKey, KEYS>,
    algorithm: JwsAlgorithm,
    token: &str,
    now: u64,
) -> Result<ProvenToken, Refusal> {
    if token.len() > TOKEN_MAX_BYTES {
        return Err(Refusal::TokenTooLong { bytes: token.len() });
    }
    let jws = CompactJws::parse(token).map_err(|_| Refusal::TokenMalformed)?;
    let mut buffer = [0; SIGNATURE_MAX_BYTES];
    let received =
        Base64UrlUnpadded::decode(jws.signature(), &mut buffer).map_err(|_| Refusal::NotProven)?;
    let check = |key: &JwsKey| match key.algorithm() == algorithm {
        true => key.verify(&jws, received).map_err(|_| Refusal::NotProven),
        false => Err(Refusal::NotProven),
    };
    let matched = keys.verify(now, check)?;
    check_header(jws.header(), algorithm)?;
    Ok(ProvenToken {
        key_id: matched.key_id,
        payload: decode(jws.payload())?,
    })
}

fn check_header(text: &str, algorithm: JwsAlgorithm) -> Result<(), Refusal> {
    let header: Header =
        serde_json::from_slice(&decode(text)?).map_err(|_| Refusal::TokenMalformed)?;
    if header.alg == algorithm.name() && header.crit.is_none() {
        Ok(())
    } else {
        Err(Refusal::Algorithm)
    }
}

fn decode(text: &str) -> Result<Vec<u8>, Refusal> {
    Base64UrlUnpadded::decode_vec(text).map_err(|_| Refusal::TokenMalformed)
}

/// The claims that both kinds of token have, checked.
pub(crate) struct CheckedClaims {
    pub(crate) account_host: AccountHost,
    pub(crate) account_id: AccountId,
    pub(crate) issued_at: Option<u64>,
    pub(crate) expires_at: u64,
}

/// Checks client id, times, issuer, in this order.
pub(crate) fn check(
    claims: &CommonClaims,
    client_id: &ClientId,
    now: u64,
) -> Result<CheckedClaims, Refusal> {
    check_client(claims, client_id)?;
    check_times(claims, now)?;
    Ok(CheckedClaims {
        account_host: read_issuer(&claims.iss)?,
        account_id: AccountId::from_number(claims.account_id.0)
            .map_err(|_| Refusal::ClaimsMalformed)?,
        issued_at: claims.iat.map(|time| time.0),
        expires_at: claims.exp.0,
    })
}

/// `client_uuid` or `client_uid`; both only if they agree.
fn check_client(claims: &CommonClaims, ours: &ClientId) -> Result<(), Refusal> {
    let mut named = [&claims.client_uuid, &claims.client_uid]
        .into_iter()
        .flatten()
        .peekable();
    if named.peek().is_none() {
        return Err(Refusal::ClaimsMalformed);
    }
    if named.all(|id| id == ours.as_str()) {
        Ok(())
    } else {
        Err(Refusal::OtherClient)
    }
}

fn check_times(claims: &CommonClaims, now: u64) -> Result<(), Refusal> {
    let end = claims.exp.0.saturating_add(TOKEN_LEEWAY_SECONDS);
    if now >= end {
        return Err(Refusal::Expired {
            ago_seconds: now.saturating_sub(claims.exp.0),
        });
    }
    let begins = [claims.nbf, claims.iat]
        .into_iter()
        .flatten()
        .map(|time| time.0)
        .max()
        .unwrap_or_default();
    if begins > now.saturating_add(TOKEN_LEEWAY_SECONDS) {
        return Err(Refusal::NotYetValid {
            in_seconds: begins.saturating_sub(now),
        });
    }
    if begins > claims.exp.0 {
        return Err(Refusal::Lifetime);
    }
    Ok(())
}

/// `https://{account host}` and nothing after it.
fn read_issuer(text: &str) -> Result<AccountHost, Refusal> {
    let host = text
        .strip_prefix("https://")
        .and_then(|host| AccountHost::parse(host).ok())
        .ok_or(Refusal::OtherIssuer)?;
    // `parse` normalises. The platform's claims are normal already; another one is refused.
    if text.len() == "https://".len() + host.as_str().len() && text.ends_with(host.as_str()) {
        Ok(host)
    } else {
        Err(Refusal::OtherIssuer)
    }
}

/// `scheme://host` of one of our addresses, as the platform writes it into `aud`: without path, and
/// without port.
///
/// A port is admitted if it is ours, since one page says nothing about it.
pub(crate) fn audience_is(claim: Option<&str>, address: &str) -> bool {
    let Some((scheme, rest)) = address.split_once("://") else {
        return false;
    };
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let host = match authority.rsplit_once(':') {
        Some((host, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => host,
        _ => authority,
    };
    claim.is_some_and(|claim| {
        claim
            .split_once("://")
            .is_some_and(|(claimed_scheme, claimed)| {
                claimed_scheme.eq_ignore_ascii_case(scheme)
                    && (claimed.eq_ignore_ascii_case(host)
                        || claimed.eq_ignore_ascii_case(authority))
            })
    })
}
