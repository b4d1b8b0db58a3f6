//! Tokens of bots. Rules J3 to J8 and J10.

use kommo_account::ClientId;
use kommo_hooks::{BotTokenVerifier, TOKEN_MAX_BYTES};
use kommo_sign::{ClientSecret, JwsAlgorithm, JwsKey};
use serde_json::Value;

use crate::account_host::naive as naive_host;
use crate::claims::encode;
use crate::fields::Fields;
use crate::hook_verifiers::{from_hex, ring};
use crate::json_entries::Entries;
use crate::naive_mac::{hmac_sha256, hmac_sha512};

pub(crate) const SECRET: &str = "made-up-secret";
pub(crate) const CLIENT: &str = "11111111-2222-3333-4444-555555555555";
pub(crate) const NOW: u64 = 1_796_000_000;
const LEEWAY: u64 = 60;
/// The first second of the year 10000.
const TIME_END: f64 = 253_402_300_800.0;

/// A token that is signed here passes exactly if the naive reader of header and claims says so; a
/// token that is not, or of which a byte was changed, never passes.
///
/// Fields: claims, header (else the usual one), a number. Choice 0: signed with HS256; 1: the
/// verifier admits that; 2: it compares `aud`; 3: the byte at the number is changed; 4: the first
/// field is a whole token.
///
/// # Panics
///
/// If a law is broken.
pub fn bot_token(data: &[u8]) {
    let mut fields = Fields::of(data);
    let (is_hs256, admits_hs256, is_whole) = (fields.choice(0), fields.choice(1), fields.choice(4));
    let (names_receiver, is_changed) = (fields.choice(2), fields.choice(3));
    let (claims, header, at) = (fields.bytes(), fields.bytes(), fields.bytes().len());
    let Some(mut verifier) = verifier() else {
        return;
    };
    if admits_hs256 && let Some(key) = key(JwsAlgorithm::Hs256) {
        verifier = verifier.admit_hs256(ring(key));
    }
    if names_receiver {
        verifier = verifier.for_receiver("https://app.example/hooks");
    }
    if is_whole {
        assert!(
            verifier
                .verify(&String::from_utf8_lossy(claims), NOW)
                .is_err()
        );
        return;
    }
    let algorithm = if is_hs256 { "HS256" } else { "HS512" };
    let usual = format!(r#"{{"typ":"JWT","alg":"{algorithm}"}}"#);
    let header = if header.is_empty() {
        usual.as_bytes()
    } else {
        header
    };
    let mut token = signed(algorithm, header, claims);
    if is_changed {
        change(&mut token, at);
        assert!(
            verifier.verify(&token, NOW).is_err(),
            "a changed byte passes"
        );
        return;
    }
    let verdict = verifier.verify(&token, NOW);
    let (Some(header), Some(entries)) = (read(header), read(claims)) else {
        return;
    };
    let is_expected = token.len() <= TOKEN_MAX_BYTES
        && (!is_hs256 || admits_hs256)
        && header.count("alg") == 1
        && header.text("alg") == Some(algorithm)
        && header.count("crit") <= 1
        && header.get("crit").is_none_or(Value::is_null);
    let expected = naive(&entries, names_receiver).filter(|_| is_expected);
    let found = verdict.map(|proven| {
        let token = proven.get();
        let host = token.account_host.as_str().to_owned();
        (host, token.account_id.get(), token.expires_at)
    });
    assert_eq!(found.ok(), expected);
}

/// The verifier of the laws, which admits HS512 alone.
pub(crate) fn verifier() -> Option<BotTokenVerifier> {
    let client = ClientId::parse(CLIENT).ok()?;
    Some(BotTokenVerifier::new(
        client,
        ring(key(JwsAlgorithm::Hs512)?),
    ))
}

fn key(algorithm: JwsAlgorithm) -> Option<JwsKey> {
    let secret = ClientSecret::new(SECRET).ok()?;
    Some(JwsKey::new(algorithm, &secret))
}

pub(crate) fn signed(algorithm: &str, header: &[u8], claims: &[u8]) -> String {
    let signed = format!("{}.{}", encode(header), encode(claims));
    let mac = match algorithm {
        "HS256" => hmac_sha256(SECRET, signed.as_bytes()),
        _ => hmac_sha512(SECRET, signed.as_bytes()),
    };
    format!("{signed}.{}", encode(&from_hex(&mac)))
}

/// Another letter of the alphabet in the place of one, or of a dot.
fn change(token: &mut String, at: usize) {
    let at = at * 7 % token.len();
    let letter = token.get(at..=at).unwrap_or_default();
    let other = if letter == "A" { "B" } else { "A" };
    token.replace_range(at..=at, other);
}

/// Not JSON that the naive reader cannot hold, or that begins with a mark.
fn read(json: &[u8]) -> Option<Entries> {
    Entries::read(json).filter(|_| !json.starts_with(b"\xef\xbb\xbf"))
}

/// Account host, account and end of a token that is in order.
fn naive(entries: &Entries, names_receiver: bool) -> Option<(String, u64, u64)> {
    const NAMES: [&str; 11] = [
        "iss",
        "exp",
        "nbf",
        "iat",
        "aud",
        "account_id",
        "client_uuid",
        "client_uid",
        "entity_id",
        "entity_type",
        "bot_type",
    ];
    if NAMES.iter().any(|name| entries.count(name) > 1) {
        return None;
    }
    let host = entries.text("iss")?.strip_prefix("https://")?;
    let account = number(entries.get("account_id")?).filter(|number| *number > 0)?;
    let ends = seconds(entries.get("exp")?)?;
    let begins = optional(entries, "nbf", seconds)?.max(optional(entries, "iat", seconds)?);
    let begins = begins.unwrap_or_default();
    let clients = ["client_uuid", "client_uid"].map(|name| optional(entries, name, text));
    let [Some(uuid), Some(uid)] = clients else {
        return None;
    };
    let mut clients = uuid.into_iter().chain(uid).peekable();
    let is_ours = clients.peek().is_some() && clients.all(|id| id == CLIENT);
    let audience = optional(entries, "aud", text)?.map(|it| it.to_ascii_lowercase());
    let is_to_us = !names_receiver || audience.as_deref() == Some("https://app.example");
    let is_now = NOW < ends.saturating_add(LEEWAY) && begins <= NOW + LEEWAY && begins <= ends;
    let is_host = naive_host(host).as_deref() == Some(host);
    let is_token = is_ours && is_to_us && is_now && is_host && entity(entries)? && bot(entries)?;
    is_token.then(|| (host.to_owned(), account, ends))
}

/// The outer `None` for a value of the wrong form; the inner one for none, or `null`.
fn optional<'a, T>(
    entries: &'a Entries,
    name: &str,
    read: impl Fn(&'a Value) -> Option<T>,
) -> Option<Option<T>> {
    match entries.get(name) {
        None | Some(Value::Null) => Some(None),
        Some(value) => read(value).map(Some),
    }
}

fn text(value: &Value) -> Option<&str> {
    value.as_str()
}

/// Whole seconds of any size, or seconds with a fraction up to the year 10000.
#[allow(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "between 0 and the year 10000"
)]
fn seconds(value: &Value) -> Option<u64> {
    let number = value.as_number()?;
    if number.is_f64() {
        let seconds = number.as_f64()?;
        return (0.0..TIME_END)
            .contains(&seconds)
            .then_some(seconds.floor() as u64);
    }
    number.as_u64()
}

fn number(value: &Value) -> Option<u64> {
    match value {
        Value::String(text) => {
            let digits = text.bytes().all(|byte| byte.is_ascii_digit());
            text.parse().ok().filter(|_| digits)
        }
        other => other.as_u64(),
    }
}

fn entity(entries: &Entries) -> Option<bool> {
    let id = optional(entries, "entity_id", number)?;
    let kind = optional(entries, "entity_type", |value| {
        let words = [
            "contact",
            "contacts",
            "lead",
            "leads",
            "customer",
            "customers",
        ];
        match (number(value), value) {
            (Some(_), _) => Some(true),
            (None, Value::String(word)) => Some(words.contains(&word.as_str())),
            _ => None,
        }
    })?;
    Some(id.is_none() || kind.unwrap_or(true))
}

fn bot(entries: &Entries) -> Option<bool> {
    let kind = optional(entries, "bot_type", text)?;
    Some(kind.is_none_or(|kind| ["salesbot", "marketingbot"].contains(&kind)))
}

#[cfg(feature = "seeds")]
pub(crate) fn claims(host: &str) -> String {
    format!(
        r#"{{"iss":"https://{host}","aud":"https://app.example","jti":"a","iat":{NOW},"nbf":{NOW}.5,"exp":{},"account_id":1,"entity_id":"2","entity_type":"2","bot_type":"salesbot","client_uuid":"{CLIENT}"}}"#,
        NOW + 300
    )
}

#[cfg(feature = "seeds")]
pub(crate) fn seeds() -> Vec<(String, Vec<u8>)> {
    use crate::fields::join;

    let right = claims("shop.kommo.com");
    let changes = [
        ("", ""),
        ("shop.kommo.com", "evil.example"),
        ("shop.kommo.com", "SHOP.kommo.com"),
        ("shop.kommo.com", "api-b.kommo.com"),
        ("\"account_id\":1", "\"account_id\":\"0\""),
        ("\"entity_type\":\"2\"", "\"entity_type\":\"contacts\""),
        ("\"entity_type\":\"2\"", "\"entity_type\":\"word\""),
        ("\"entity_id\":\"2\"", "\"entity_id\":null"),
        ("\"bot_type\":\"salesbot\"", "\"bot_type\":\"other\""),
        ("client_uuid", "client_uid"),
        ("client_uuid", "client"),
        ("\"jti\":\"a\"", "\"exp\":1"),
        ("\"jti\":\"a\"", "\"aud\":null"),
        ("1796000000.5", "1796000061"),
        ("1796000000.5", "1796000060"),
        ("1796000300", "1795999940"),
        ("1796000300", "1795999941.5"),
        ("1796000300", "1e30"),
        ("https://app.example", "HTTPS://app.example"),
        ("https://app.example", "https://app.example.evil"),
    ];
    let claims = changes.map(|(from, to)| right.replace(from, to));
    let claims = claims.into_iter().flat_map(|claims| {
        [0, 2, 3, 4, 8].map(|choices| join(choices, &[claims.as_bytes(), b"", b"12345"]))
    });
    let headers = [
        r#"{"alg":"none"}"#,
        r#"{"alg":"HS256"}"#,
        r#"{"alg":"HS512","crit":["b64"],"b64":false}"#,
        r#"{"alg":"HS512","alg":"HS512"}"#,
        r#"["HS512"]"#,
        "",
    ];
    let headers = headers.into_iter().flat_map(|header| {
        [0, 3].map(|choices| join(choices, &[right.as_bytes(), header.as_bytes()]))
    });
    let vectors = kommo_test_vectors::compact_jws();
    let vectors = vectors
        .into_iter()
        .map(|case| join(16, &[case.token.as_bytes()]));
    crate::oauth_seeds::numbered(claims.chain(headers).chain(vectors))
}
