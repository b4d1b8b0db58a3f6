//! What passes the verifiers of `kommo-hooks`.

use kommo_account::ClientId;
use kommo_hooks::{ChatHookVerifier, ReceivedSignature, Refusal, WidgetTokenVerifier};
use kommo_sign::{ChannelSecret, ChatHookKey, ClientSecret, JwsAlgorithm, JwsKey, KeyId, KeyRing};
use serde_json::Value;

use crate::claims::encode;
use crate::fields::Fields;
use crate::json_entries::Entries;
use crate::naive_mac::{hmac_sha1, hmac_sha256};

const SECRET: &str = "made-up-secret";
const CLIENT: &str = "11111111-2222-3333-4444-555555555555";
/// The clock of both verifiers.
const NOW: u64 = 1_796_000_000;
const LEEWAY: u64 = 60;

/// Choice 0: the first field is the claims of a widget token, which are signed here; what passes
/// has every claim in order.
///
/// Else it is the body of a chat hook, and the second field is the scope id of the URL: what the
/// naive HMAC proves passes exactly if the scope is one and names the account of the body. Choice
/// 1: the last line end is not signed.
///
/// # Panics
///
/// If a law is broken.
pub fn hook_verifiers(data: &[u8]) {
    let mut fields = Fields::of(data);
    let (is_token, is_trimmed) = (fields.choice(0), fields.choice(1));
    let bytes = fields.bytes();
    if is_token {
        widget_token(bytes);
    } else {
        chat_hook(bytes, &fields.text(), is_trimmed);
    }
}

pub(crate) fn ring<K>(key: K) -> KeyRing<K> {
    let mut keys = KeyRing::new();
    let added = KeyId::parse("k").map(|id| keys.insert(id, key, None));
    assert_eq!(added, Ok(Ok(())));
    keys
}

fn chat_hook(body: &[u8], scope: &str, is_trimmed: bool) {
    let Ok(secret) = ChannelSecret::new(SECRET) else {
        return;
    };
    let verifier: ChatHookVerifier = ChatHookVerifier::new(ring(ChatHookKey::new(&secret)));
    let trimmed = body
        .strip_suffix(b"\r\n")
        .or_else(|| body.strip_suffix(b"\n"));
    let signed = trimmed.filter(|_| is_trimmed).unwrap_or(body);
    let signature = hmac_sha1(SECRET, signed);
    let received = ReceivedSignature::from_text(&signature);
    let verdict = verifier.verify_addressed(body, received, scope, NOW);
    if let Ok(hook) = &verdict {
        assert_eq!(
            *hook.hook.get(),
            signed,
            "the proven bytes are the signed ones"
        );
    }
    if !is_scope(scope) {
        assert_eq!(verdict.err(), Some(Refusal::ScopeMalformed));
        return;
    }
    let Some(entries) = Entries::read(signed).filter(|_| !signed.starts_with(b"\xef\xbb\xbf"))
    else {
        let refusal = verdict.err();
        assert!(matches!(
            refusal,
            None | Some(Refusal::BodyMalformed | Refusal::OtherAccount)
        ));
        return;
    };
    let is_twice = ["account_id", "time", "created_at"]
        .iter()
        .any(|name| entries.count(name) > 1);
    let account = entries.text("account_id");
    let expected = match account {
        _ if is_twice => Some(Refusal::BodyMalformed),
        Some(account) if !scope.ends_with(&format!("_{account}")) || account.len() != 36 => {
            Some(Refusal::OtherAccount)
        }
        _ => None,
    };
    assert_eq!(
        verdict.map(|hook| hook.account.is_some()),
        expected.map_or(Ok(account.is_some()), Err)
    );
}

/// Two lower-case UUIDs with a low line between them.
fn is_scope(text: &str) -> bool {
    let is_uuid = |part: &str| {
        part.len() == 36
            && part.bytes().enumerate().all(|(at, byte)| match at {
                8 | 13 | 18 | 23 => byte == b'-',
                _ => byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte),
            })
    };
    text.split_once('_')
        .is_some_and(|(channel, account)| is_uuid(channel) && is_uuid(account))
}

fn widget_token(claims: &[u8]) {
    let (Ok(secret), Ok(client)) = (ClientSecret::new(SECRET), ClientId::parse(CLIENT)) else {
        return;
    };
    let keys = ring(JwsKey::new(JwsAlgorithm::Hs256, &secret));
    let verifier: WidgetTokenVerifier =
        WidgetTokenVerifier::new(client, "https://app.example:8443/cb", keys);
    let signed = format!("{}.{}", encode(br#"{"alg":"HS256"}"#), encode(claims));
    let token = format!(
        "{signed}.{}",
        encode(&from_hex(&hmac_sha256(SECRET, signed.as_bytes())))
    );
    let Ok(proven) = verifier.verify(&token, NOW) else {
        return;
    };
    let Some(entries) = Entries::read(claims) else {
        return;
    };
    let token = proven.get();
    assert_eq!(
        entries.text("iss"),
        Some(format!("https://{}", token.account_host).as_str())
    );
    let named = ["client_uuid", "client_uid"].map(|name| entries.text(name));
    assert!(named.iter().flatten().all(|id| *id == CLIENT) && named.iter().any(Option::is_some));
    let audience = entries.text("aud").map(str::to_ascii_lowercase);
    assert!(
        audience.is_some_and(|it| it == "https://app.example" || it == "https://app.example:8443")
    );
    assert_eq!(entries.text("jti"), Some(token.token_id.as_str()));
    assert!(!token.token_id.is_empty());
    assert!(NOW < seconds(&entries, "exp").saturating_add(LEEWAY));
    for begin in ["iat", "nbf"] {
        assert!(seconds(&entries, begin) <= NOW + LEEWAY, "{begin}");
    }
    assert_eq!(
        token.is_admin,
        entries.get("is_admin") == Some(&Value::Bool(true))
    );
}

fn seconds(entries: &Entries, name: &str) -> u64 {
    let value = entries.get(name);
    let float = value.and_then(Value::as_f64).unwrap_or_default();
    value
        .and_then(Value::as_u64)
        .unwrap_or_else(|| format!("{float:.0}").parse().unwrap_or_default())
}

pub(crate) fn from_hex(text: &str) -> Vec<u8> {
    let pairs = text.as_bytes().chunks(2);
    let digits = pairs.map(|pair| core::str::from_utf8(pair).unwrap_or_default());
    digits
        .filter_map(|pair| u8::from_str_radix(pair, 16).ok())
        .collect()
}

#[cfg(feature = "seeds")]
pub(crate) fn seeds() -> Vec<(String, Vec<u8>)> {
    use crate::fields::join;

    const SCOPE: &str = "f90ba33d-c9d9-44da-b76c-c349b0ecbe41_52e591f7-c98f-4255-8495-827210138c81";
    let bodies = kommo_test_vectors::chat_hooks().into_iter().map(|case| {
        (
            format!("chat-{}", case.name),
            join(2, &[&case.body, SCOPE.as_bytes()]),
        )
    });
    let claims = [
        format!(
            r#"{{"iss":"https://shop.kommo.com","aud":"https://app.example","jti":"a","iat":{NOW},"nbf":{NOW}.5,"exp":{},"account_id":1,"user_id":"2","client_uuid":"{CLIENT}","is_admin":true}}"#,
            NOW + 1800
        ),
        format!(
            r#"{{"iss":"https://shop.amocrm.ru","aud":"https://app.example:8443","jti":"b","iat":{},"exp":{NOW},"account_id":"1","user_id":2,"client_uid":"{CLIENT}"}}"#,
            NOW - 60
        ),
    ];
    let tokens = claims
        .into_iter()
        .enumerate()
        .map(|(number, text)| (format!("widget-{number}"), join(1, &[text.as_bytes()])));
    bodies.chain(tokens).collect()
}
