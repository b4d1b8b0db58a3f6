//! Tokens as the platform makes them, signed with the primitives themselves.

use std::time::{SystemTime, UNIX_EPOCH};

use base64ct::{Base64UrlUnpadded, Encoding as _};
use hmac::{Hmac, KeyInit as _, Mac as _};
use kommo_account::ClientId;
use kommo_sign::{ClientSecret, JwsAlgorithm, JwsKey, KeyId, KeyRing};
use serde_json::{Value, json};
use sha2::{Sha256, Sha512};

pub(crate) const CLIENT: &str = "11111111-2222-3333-4444-555555555555";
pub(crate) const SECRET: &str = "planted-client-secret-0123456789";

pub(crate) fn client_id() -> ClientId {
    ClientId::parse(CLIENT).unwrap()
}

pub(crate) fn ring(algorithm: JwsAlgorithm, secret: &str) -> KeyRing<JwsKey> {
    let mut ring = KeyRing::new();
    let key = JwsKey::new(algorithm, &ClientSecret::new(secret).unwrap());
    ring.insert(KeyId::parse("current").unwrap(), key, None)
        .unwrap();
    ring
}

#[allow(clippy::disallowed_methods, reason = "tokens are valid around now")]
pub(crate) fn now() -> u64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap()
        .as_secs()
}

fn part(value: &Value) -> String {
    Base64UrlUnpadded::encode_string(value.to_string().as_bytes())
}

pub(crate) fn token(algorithm: &str, secret: &str, claims: &Value) -> String {
    let header = json!({"typ": "JWT", "alg": algorithm});
    let signed = format!("{}.{}", part(&header), part(claims));
    let (key, bytes) = (secret.as_bytes(), signed.as_bytes());
    let mac = match algorithm {
        "HS256" => {
            let mac = Hmac::<Sha256>::new_from_slice(key).unwrap();
            mac.chain_update(bytes).finalize().into_bytes().to_vec()
        }
        "HS512" => {
            let mac = Hmac::<Sha512>::new_from_slice(key).unwrap();
            mac.chain_update(bytes).finalize().into_bytes().to_vec()
        }
        _ => Vec::new(),
    };
    format!("{signed}.{}", Base64UrlUnpadded::encode_string(&mac))
}

pub(crate) fn claims(id: &str) -> Value {
    let now = now();
    json!({
        "iss": "https://myshop.kommo.com", "aud": "https://app.example", "jti": id,
        "iat": now, "nbf": now, "exp": now + 1_800, "account_id": 12_345_678, "user_id": 7,
        "subdomain": "myshop", "client_uuid": CLIENT, "entity_id": 4_242, "entity_type": "2",
        "bot_type": "salesbot",
    })
}
