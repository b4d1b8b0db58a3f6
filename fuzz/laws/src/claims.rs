//! Claims of access tokens.

use kommo_oauth::token::{AccessToken, CLAIM_MAX_BYTES, SCOPES_MAX, UnverifiedClaims};
use serde_json::Value;

use crate::fields::Fields;
use crate::json_entries::Entries;

/// The account, the user and the host to ask are those that the naive reader finds; a host outside
/// the platform never is one.
///
/// One field. Choice 0: it is the payload, in JSON, and is encoded here; else it is a whole token.
///
/// # Panics
///
/// If a law is broken.
pub fn claims(data: &[u8]) {
    let mut fields = Fields::of(data);
    let is_payload = fields.choice(0);
    let bytes = fields.bytes();
    let text = if is_payload {
        format!("e30.{}.c2ln", encode(bytes))
    } else {
        String::from_utf8_lossy(bytes).into_owned()
    };
    let Ok(token) = AccessToken::new(text) else {
        return;
    };
    let decoded = UnverifiedClaims::decode(&token);
    if let Ok(claims) = &decoded {
        check(claims);
    }
    if let Some(entries) = Entries::read(bytes).filter(|_| is_payload) {
        judge(decoded.ok().as_ref(), &entries);
    }
}

fn check(claims: &UnverifiedClaims) {
    assert!(claims.scopes.len() <= SCOPES_MAX);
    let texts = [&claims.token_id, &claims.grant_type, &claims.hash_uuid];
    let texts = texts.into_iter().flatten().chain(&claims.scopes);
    assert!(texts.into_iter().all(|text| text.len() <= CLAIM_MAX_BYTES));
    if let Ok(Some(domain)) = &claims.api_domain {
        assert!(is_shared_host(domain.as_str()));
    }
}

fn is_shared_host(host: &str) -> bool {
    let rest = host.strip_prefix("api-").unwrap_or_default();
    let (letter, suffix) = rest.split_at_checked(1).unwrap_or_default();
    letter.bytes().all(|byte| byte.is_ascii_lowercase())
        && [".kommo.com", ".amocrm.ru", ".amocrm.com"].contains(&suffix)
}

fn judge(claims: Option<&UnverifiedClaims>, entries: &Entries) {
    const NAMES: [&str; 13] = [
        "aud",
        "jti",
        "iat",
        "nbf",
        "exp",
        "sub",
        "grant_type",
        "account_id",
        "base_domain",
        "version",
        "scopes",
        "hash_uuid",
        "api_domain",
    ];
    let is_once = NAMES.iter().all(|name| entries.count(name) <= 1);
    assert_eq!(claims.is_some(), is_once, "readable once, refused twice");
    let Some(claims) = claims else {
        return;
    };
    assert_eq!(
        claims.account_id.map(|id| id.get()),
        number(entries.get("account_id"))
    );
    assert_eq!(
        claims.user_id.map(|id| id.get()),
        number(entries.get("sub"))
    );
    let domain = entries.text("api_domain");
    match &claims.api_domain {
        Ok(None) => assert_eq!(domain, None),
        Ok(Some(found)) => {
            assert!(domain.is_some_and(|text| text.to_ascii_lowercase().contains(found.as_str())))
        }
        Err(_) => assert!(domain.is_some_and(|text| !is_shared_host(text))),
    }
}

/// A whole number from 1, bare or as at most 20 digits.
fn number(value: Option<&Value>) -> Option<u64> {
    let number = match value? {
        Value::String(text) => {
            let is_number = text.len() <= 20 && text.bytes().all(|byte| byte.is_ascii_digit());
            text.parse().ok().filter(|_| is_number)
        }
        other => other.as_u64(),
    };
    number.filter(|number| *number > 0)
}

/// Base64url without padding, three bytes at a time.
pub(crate) fn encode(bytes: &[u8]) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let mut text = String::new();
    for group in bytes.chunks(3) {
        let bits = group
            .iter()
            .chain(&[0, 0])
            .take(3)
            .fold(0_usize, |bits, byte| bits << 8 | usize::from(*byte));
        for place in 0..=group.len() {
            let letter = ALPHABET.get(bits >> (18 - 6 * place) & 63);
            text.extend(letter.map(|letter| char::from(*letter)));
        }
    }
    text
}
