//! The sandbox's own MACs of Open API webhooks and of the tokens of widgets and bots. Written apart
//! from `kommo-sign`, which it judges.

use base64ct::{Base64UrlUnpadded, Encoding};
use hmac::{Hmac, KeyInit, Mac};
use serde_json::Value;
use sha2::{Sha256, Sha512};

use crate::config::token_algorithm::TokenAlgorithm;
use crate::secrets::channel_key::lower_hex;

/// HMAC-SHA256 of a raw body as 64 hex digits (rule O1); empty for an empty secret.
pub(crate) fn body_signature(app_secret: &str, body: &[u8]) -> String {
    lower_hex(&hmac_sha256(app_secret, body))
}

/// A compact JWS of these claims, its key the secret's text.
pub(crate) fn signed_token(algorithm: TokenAlgorithm, secret: &str, claims: &Value) -> String {
    let part = |text: &str| Base64UrlUnpadded::encode_string(text.as_bytes());
    let header = format!("{{\"typ\":\"JWT\",\"alg\":\"{}\"}}", algorithm.name());
    let signed = format!("{}.{}", part(&header), part(&claims.to_string()));
    let mac = match algorithm {
        TokenAlgorithm::Hs256 => hmac_sha256(secret, signed.as_bytes()),
        TokenAlgorithm::Hs512 => hmac_sha512(secret, signed.as_bytes()),
        TokenAlgorithm::None => Vec::new(),
    };
    format!("{signed}.{}", Base64UrlUnpadded::encode_string(&mac))
}

fn hmac_sha256(key: &str, bytes: &[u8]) -> Vec<u8> {
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(key.as_bytes()) else {
        return Vec::new();
    };
    mac.update(bytes);
    mac.finalize().into_bytes().to_vec()
}

fn hmac_sha512(key: &str, bytes: &[u8]) -> Vec<u8> {
    let Ok(mut mac) = Hmac::<Sha512>::new_from_slice(key.as_bytes()) else {
        return Vec::new();
    };
    mac.update(bytes);
    mac.finalize().into_bytes().to_vec()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{TokenAlgorithm, body_signature, signed_token};

    const KEY_B: &str = "Kj3xQ9vT7bLmN2pR5sW8yZ1aC4dF6gH0jK3lM5nP7qS9tV2wX4zB6cD8eF0gH2iJ";

    // The vectors of the references: another program's output.
    #[test]
    fn the_macs_are_those_of_the_references() {
        let body = br#"{"created_at":1765439941,"event":"UNREPLIED","webhook_id":"58946f5f583edd94f5cf87e3534d04fb","content":[{"subject":"New Conversation","visitor_name":"Visitor15","created_at":1765439652,"message_content":"1","property_name":"test","visitor_nickname":"visitor nickname","sbs":"","status":"1","push_times":4,"time_sec":289,"assigned_agent_nickname":"ctccccd"}]}"#;
        assert_eq!(
            body_signature("YOUR_APP_SECRET", body),
            "f50a22b49127815cef8059a61facd2edad3710979a53177e8b4db93343426d7f"
        );
        let claims = json!({
            "iss": "https://subdomain.kommo.com",
            "aud": "https://example.com",
            "iat": 1_700_000_000,
            "nbf": 1_700_000_000,
            "exp": 1_700_001_800,
            "account_id": 12_345_678,
            "subdomain": "subdomain",
            "client_uuid": "11111111-2222-3333-4444-555555555555",
            "entity_id": 4242,
            "entity_type": 2,
            "bot_type": "salesbot",
        });
        for (algorithm, end) in [
            (
                TokenAlgorithm::Hs512,
                ".jlfeRauCRd8tEziLO02MaKMr6lIy3IxdbIZQ7-bFsjAChnRyCpGIeRTb_gh572Uo4X3mnn4ECXL-OZ77ci5Mtg",
            ),
            (
                TokenAlgorithm::Hs256,
                ".vBsKFa7PRC02pKiEhTfmqFXaz333hly2rQNOJhCAs2U",
            ),
            (TokenAlgorithm::None, "."),
        ] {
            let token = signed_token(algorithm, KEY_B, &claims);
            assert!(token.ends_with(end), "{token}");
        }
    }
}
