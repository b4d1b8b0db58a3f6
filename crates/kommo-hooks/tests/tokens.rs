//! Tokens of widgets and bots: the vectors, each claim, each attack.

#![allow(
    clippy::unwrap_used,
    clippy::missing_panics_doc,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

use base64ct::{Base64UrlUnpadded, Encoding};
use hmac::{Hmac, KeyInit, Mac};
use kommo_account::ClientId;
use kommo_hooks::{
    BotEntity, BotTokenVerifier, BotType, OneTimeUse, Refusal, RefusalKind, ReplayMemory,
    ReturnUrl, ReturnUrlError, TOKEN_MAX_BYTES, WidgetTokenVerifier,
};
use kommo_sign::{ClientSecret, JwsAlgorithm, JwsKey, KeyId, KeyRing};
use kommo_test_vectors::compact_jws;
use serde_json::{Value, json};
use sha2::{Sha256, Sha512};

const CLIENT: &str = "11111111-2222-3333-4444-555555555555";
const SECRET: &str = "Kj3xQ9vT7bLmN2pR5sW8yZ1aC4dF6gH0jK3lM5nP7qS9tV2wX4zB6cD8eF0gH2iJ";
const REDIRECT_URI: &str = "https://external.integration.io/oauth/callback";
/// Inside the lifetime of the published widget token.
const WIDGET_NOW: u64 = 1_594_205_000;
/// Inside that of the bot tokens.
const BOT_NOW: u64 = 1_700_000_100;

fn ring(algorithm: JwsAlgorithm, secret: &str) -> KeyRing<JwsKey> {
    let mut ring = KeyRing::new();
    let key = JwsKey::new(algorithm, &ClientSecret::new(secret).unwrap());
    ring.insert(KeyId::parse("current").unwrap(), key, None)
        .unwrap();
    ring
}

fn client_id() -> ClientId {
    ClientId::parse(CLIENT).unwrap()
}

fn widget_verifier() -> WidgetTokenVerifier {
    WidgetTokenVerifier::new(client_id(), REDIRECT_URI, ring(JwsAlgorithm::Hs256, SECRET))
}

fn bot_verifier() -> BotTokenVerifier {
    BotTokenVerifier::new(client_id(), ring(JwsAlgorithm::Hs512, SECRET))
}

/// Signs with the primitives themselves, not with the code under test.
fn token(header: &Value, claims: &Value, hash: &str) -> String {
    let part = |value: &Value| Base64UrlUnpadded::encode_string(value.to_string().as_bytes());
    sign(&format!("{}.{}", part(header), part(claims)), hash)
}

fn sign(signed: &str, hash: &str) -> String {
    let mac = if hash == "HS256" {
        let mac = Hmac::<Sha256>::new_from_slice(SECRET.as_bytes()).unwrap();
        mac.chain_update(signed).finalize().into_bytes().to_vec()
    } else {
        let mac = Hmac::<Sha512>::new_from_slice(SECRET.as_bytes()).unwrap();
        mac.chain_update(signed).finalize().into_bytes().to_vec()
    };
    format!("{signed}.{}", Base64UrlUnpadded::encode_string(&mac))
}

fn header(algorithm: &str) -> Value {
    json!({"typ": "JWT", "alg": algorithm})
}

fn widget_claims() -> Value {
    json!({
        "iss": "https://subdomain.kommo.com", "aud": "https://external.integration.io",
        "jti": "7b1f0c2e-0000-4000-8000-000000000001",
        "iat": 1_594_204_245, "nbf": 1_594_204_245, "exp": 1_594_206_045,
        "account_id": 12_345_678, "user_id": 87_654_321, "subdomain": "subdomain",
        "client_uuid": CLIENT, "is_admin": true,
    })
}

fn bot_claims() -> Value {
    json!({
        "iss": "https://subdomain.kommo.com", "aud": "https://example.com",
        "iat": 1_700_000_000.25, "nbf": 1_700_000_000.25, "exp": 1_700_001_800.75,
        "account_id": 12_345_678, "subdomain": "subdomain", "client_uuid": CLIENT,
        "entity_id": "4242", "entity_type": "2", "bot_type": "salesbot",
    })
}

/// The claims with one changed, or dropped if the value is absent.
fn with(mut claims: Value, name: &str, value: Option<Value>) -> Value {
    let fields = claims.as_object_mut().unwrap();
    match value {
        Some(value) => fields.insert(name.to_owned(), value),
        None => fields.remove(name),
    };
    claims
}

fn widget(name: &str, value: Option<Value>) -> Result<(), Refusal> {
    let token = token(
        &header("HS256"),
        &with(widget_claims(), name, value),
        "HS256",
    );
    widget_verifier().verify(&token, WIDGET_NOW).map(|_| ())
}

fn bot(name: &str, value: Option<Value>) -> Result<(), Refusal> {
    let token = token(&header("HS512"), &with(bot_claims(), name, value), "HS512");
    bot_verifier().verify(&token, BOT_NOW).map(|_| ())
}

// Rules J1, J2, J3.
#[test]
fn the_vectors_pass_or_are_refused_as_they_say() {
    for case in &compact_jws() {
        let verdict = if case.algorithm == "HS256" {
            let keys = ring(JwsAlgorithm::Hs256, &case.secret);
            let verifier: WidgetTokenVerifier =
                WidgetTokenVerifier::new(client_id(), REDIRECT_URI, keys);
            let widget = verifier.verify(&case.token, WIDGET_NOW).map(|_| ());
            let keys = ring(JwsAlgorithm::Hs256, &case.secret);
            let verifier: BotTokenVerifier = BotTokenVerifier::new(client_id(), KeyRing::new());
            let bot = verifier
                .admit_hs256(keys)
                .verify(&case.token, BOT_NOW)
                .map(|_| ());
            widget.or(bot)
        } else {
            let keys = ring(JwsAlgorithm::Hs512, &case.secret);
            let verifier: BotTokenVerifier = BotTokenVerifier::new(client_id(), keys);
            verifier.verify(&case.token, BOT_NOW).map(|_| ())
        };
        assert_eq!(
            verdict.is_ok(),
            case.is_valid(),
            "{}: {verdict:?}",
            case.name
        );
    }
}

#[test]
fn the_published_claims_of_a_widget_are_read() {
    let token = token(&header("HS256"), &widget_claims(), "HS256");
    let proven = widget_verifier().verify(&token, WIDGET_NOW).unwrap();
    let claims = proven.get();
    assert_eq!(claims.account_host.as_str(), "subdomain.kommo.com");
    assert_eq!(claims.account_id.get(), 12_345_678);
    assert_eq!(claims.user_id.get(), 87_654_321);
    assert!(claims.is_admin);
    assert_eq!(
        (claims.issued_at, claims.expires_at),
        (1_594_204_245, 1_594_206_045)
    );
}

/// Rule J9.
#[test]
fn a_missing_administrator_claim_is_no_administrator() {
    for value in [None, Some(json!(false)), Some(Value::Null)] {
        let claims = with(widget_claims(), "is_admin", value);
        let token = token(&header("HS256"), &claims, "HS256");
        assert!(
            !widget_verifier()
                .verify(&token, WIDGET_NOW)
                .unwrap()
                .get()
                .is_admin
        );
    }
    assert_eq!(
        widget("is_admin", Some(json!("true"))),
        Err(Refusal::ClaimsMalformed)
    );
}

/// Rules J5, J6, J7 and J10.
#[test]
fn every_claim_is_looked_at() {
    let malformed = Err(Refusal::ClaimsMalformed);
    for name in [
        "iss",
        "exp",
        "iat",
        "jti",
        "account_id",
        "user_id",
        "client_uuid",
    ] {
        assert_eq!(widget(name, None), malformed, "{name} is missing");
        assert_eq!(
            widget(name, Some(json!({}))),
            malformed,
            "{name} is an object"
        );
    }
    assert_eq!(widget("jti", Some(json!(""))), malformed);
    assert_eq!(widget("account_id", Some(json!(0))), malformed);
    assert_eq!(widget("account_id", Some(json!("12345678"))), Ok(()));
    assert_eq!(widget("account_id", Some(json!("+5"))), malformed);
    assert_eq!(widget("exp", Some(json!(1e300))), malformed);
    assert_eq!(widget("exp", Some(json!(-1))), malformed);

    let client = Err(Refusal::OtherClient);
    assert_eq!(
        widget("client_uuid", Some(json!(CLIENT.replace('1', "2")))),
        client
    );
    assert_eq!(
        widget("client_uid", Some(json!("another"))),
        client,
        "two that differ"
    );
    assert_eq!(widget("client_uid", Some(json!(CLIENT))), Ok(()));

    let issuer = Err(Refusal::OtherIssuer);
    for text in [
        "http://subdomain.kommo.com",
        "https://subdomain.kommo.com/",
        "https://subdomain.kommo.com:443",
        "https://SUBDOMAIN.kommo.com",
        "https://subdomain.kommo.com@evil.example",
        "https://evil.example",
        "https://www.kommo.com",
        "subdomain.kommo.com",
        "",
    ] {
        assert_eq!(widget("iss", Some(json!(text))), issuer, "{text}");
    }

    let audience = Err(Refusal::OtherAudience);
    assert_eq!(widget("aud", None), audience);
    for text in [
        "http://external.integration.io",
        "https://evil.example",
        "external.integration.io",
        CLIENT,
    ] {
        assert_eq!(widget("aud", Some(json!(text))), audience, "{text}");
    }
}

/// Rule J8.
#[test]
fn the_audience_is_scheme_and_host_of_our_address_with_or_without_its_port() {
    let verify = |address: &str, aud: &str| {
        let keys = ring(JwsAlgorithm::Hs256, SECRET);
        let verifier: WidgetTokenVerifier = WidgetTokenVerifier::new(client_id(), address, keys);
        let claims = with(widget_claims(), "aud", Some(json!(aud)));
        verifier
            .verify(&token(&header("HS256"), &claims, "HS256"), WIDGET_NOW)
            .is_ok()
    };
    assert!(verify(
        "https://app.example:8443/cb?a=1",
        "https://app.example"
    ));
    assert!(verify(
        "https://app.example:8443/cb",
        "https://app.example:8443"
    ));
    assert!(verify("https://App.Example", "https://app.example"));
    assert!(!verify(
        "https://app.example:8443/cb",
        "https://app.example:9000"
    ));
    assert!(!verify(
        "https://app.example/cb",
        "https://app.example.evil.example"
    ));
    assert!(!verify("nonsense", "nonsense"));
}

/// Rule J6.
#[test]
fn times_have_a_minute_of_leeway_and_no_second_more() {
    let at = |now: u64| {
        let token = token(&header("HS256"), &widget_claims(), "HS256");
        widget_verifier().verify(&token, now).map(|_| ())
    };
    assert_eq!(at(1_594_204_245 - 60), Ok(()));
    assert_eq!(
        at(1_594_204_245 - 61),
        Err(Refusal::NotYetValid { in_seconds: 61 })
    );
    assert_eq!(at(1_594_206_045 + 59), Ok(()));
    assert_eq!(
        at(1_594_206_045 + 60),
        Err(Refusal::Expired { ago_seconds: 60 })
    );
    assert_eq!(
        widget("exp", Some(json!(1_594_204_245_u64 + 86_401))),
        Err(Refusal::Lifetime)
    );
    assert_eq!(
        widget("iat", Some(json!(u64::MAX))),
        Err(Refusal::NotYetValid {
            in_seconds: u64::MAX - WIDGET_NOW
        })
    );
    assert_eq!(
        bot("exp", Some(json!(1_700_000_099))),
        Ok(()),
        "ended a second ago"
    );
    assert_eq!(
        bot("exp", Some(json!(1_600_000_000))),
        Err(Refusal::Expired {
            ago_seconds: 100_000_100
        })
    );
}

#[test]
fn the_algorithm_is_that_of_the_verifier() {
    let claims = widget_claims();
    let verify = |header: &Value, hash: &str| {
        widget_verifier()
            .verify(&token(header, &claims, hash), WIDGET_NOW)
            .map(|_| ())
    };
    assert_eq!(verify(&header("HS256"), "HS256"), Ok(()));
    assert_eq!(verify(&header("HS512"), "HS512"), Err(Refusal::NotProven));
    // Rightly signed, and the header contradicts the verifier.
    for name in ["HS512", "none", "RS256", "hs256", ""] {
        assert_eq!(
            verify(&header(name), "HS256"),
            Err(Refusal::Algorithm),
            "{name}"
        );
    }
    let critical = json!({"alg": "HS256", "crit": ["exp"]});
    assert_eq!(verify(&critical, "HS256"), Err(Refusal::Algorithm));
    assert_eq!(
        verify(&json!({"typ": "JWT"}), "HS256"),
        Err(Refusal::TokenMalformed)
    );

    let hs256 = token(&header("HS256"), &bot_claims(), "HS256");
    assert_eq!(
        bot_verifier().verify(&hs256, BOT_NOW).unwrap_err(),
        Refusal::NotProven
    );
    let switched = bot_verifier().admit_hs256(ring(JwsAlgorithm::Hs256, SECRET));
    assert!(switched.verify(&hs256, BOT_NOW).is_ok());
    assert!(
        switched
            .verify(&token(&header("HS512"), &bot_claims(), "HS512"), BOT_NOW)
            .is_ok()
    );
}

#[test]
fn keys_of_another_algorithm_are_not_tried() {
    let keys = ring(JwsAlgorithm::Hs512, SECRET);
    let verifier: WidgetTokenVerifier = WidgetTokenVerifier::new(client_id(), REDIRECT_URI, keys);
    let token = token(&header("HS512"), &widget_claims(), "HS512");
    assert_eq!(
        verifier.verify(&token, WIDGET_NOW).unwrap_err(),
        Refusal::NotProven
    );
}

/// Rule J4.
#[test]
fn duplicated_claims_and_parts_that_do_not_decode_are_refused() {
    let encode = |text: &str| Base64UrlUnpadded::encode_string(text.as_bytes());
    let head = encode(r#"{"alg":"HS256"}"#);
    let claims = widget_claims().to_string();
    let doubled = format!(r#"{{"account_id":1,{}"#, &claims[1..]);
    let verify = |signed: &str| {
        widget_verifier()
            .verify(&sign(signed, "HS256"), WIDGET_NOW)
            .map(|_| ())
    };
    assert_eq!(verify(&format!("{head}.{}", encode(&claims))), Ok(()));
    assert_eq!(
        verify(&format!("{head}.{}", encode(&doubled))),
        Err(Refusal::ClaimsMalformed)
    );
    assert_eq!(
        verify(&format!("{head}.{}", encode("[]"))),
        Err(Refusal::ClaimsMalformed)
    );
    assert_eq!(verify(&format!("{head}.A")), Err(Refusal::TokenMalformed));
    assert_eq!(
        verify(&format!("{}.{}", encode("{}"), encode(&claims))),
        Err(Refusal::TokenMalformed)
    );
    let long = "a".repeat(TOKEN_MAX_BYTES + 1);
    let refusal = widget_verifier().verify(&long, WIDGET_NOW).unwrap_err();
    assert_eq!(
        refusal,
        Refusal::TokenTooLong {
            bytes: TOKEN_MAX_BYTES + 1
        }
    );
    assert_eq!(refusal.kind(), RefusalKind::TooLarge);
    for text in ["", "a.b", "a.b.c.d", "a b.c.d"] {
        assert_eq!(
            widget_verifier().verify(text, WIDGET_NOW).unwrap_err(),
            Refusal::TokenMalformed
        );
    }
}

/// Rule J10.
#[test]
fn the_claims_of_a_bot_are_read_in_every_form_that_was_seen() {
    let read = |name: &str, value: Value| {
        let token = token(
            &header("HS512"),
            &with(bot_claims(), name, Some(value)),
            "HS512",
        );
        bot_verifier()
            .verify(&token, BOT_NOW)
            .map(|proven| proven.into_inner())
    };
    let plain = read("subdomain", json!("subdomain")).unwrap();
    assert_eq!(plain.entity, Some((BotEntity::Lead, 4242)));
    assert_eq!(plain.bot_type, Some(BotType::Salesbot));
    assert_eq!(plain.expires_at, 1_700_001_800);
    for (value, entity) in [
        (json!(12), BotEntity::Customer),
        (json!("1"), BotEntity::Contact),
        (json!("lead"), BotEntity::Lead),
        (json!(77), BotEntity::Other(77)),
    ] {
        assert_eq!(
            read("entity_type", value).unwrap().entity,
            Some((entity, 4242))
        );
    }
    assert_eq!(
        read("entity_type", json!("planet")).unwrap_err(),
        Refusal::ClaimsMalformed
    );
    assert_eq!(
        read("bot_type", json!("chatbot")).unwrap_err(),
        Refusal::ClaimsMalformed
    );
    for name in ["entity_id", "entity_type", "bot_type", "aud", "iat", "nbf"] {
        assert_eq!(bot(name, None), Ok(()), "{name} may be missing");
    }
    let uid = with(
        with(bot_claims(), "client_uuid", None),
        "client_uid",
        Some(json!(CLIENT)),
    );
    assert!(
        bot_verifier()
            .verify(&token(&header("HS512"), &uid, "HS512"), BOT_NOW)
            .is_ok()
    );
    assert_eq!(bot("client_uuid", None), Err(Refusal::ClaimsMalformed));
    let named = bot_verifier().for_receiver("https://example.com/hook");
    let good = token(&header("HS512"), &bot_claims(), "HS512");
    assert!(named.verify(&good, BOT_NOW).is_ok());
    let other = bot_verifier().for_receiver("https://other.example/hook");
    assert_eq!(
        other.verify(&good, BOT_NOW).unwrap_err(),
        Refusal::OtherAudience
    );
}

/// Rule J9.
#[test]
fn a_one_time_token_is_taken_once() {
    let mut memory = ReplayMemory::new(2);
    let proven = |id: &str, account: u64| {
        let claims = with(widget_claims(), "jti", Some(json!(id)));
        let claims = with(claims, "account_id", Some(json!(account)));
        widget_verifier()
            .verify(&token(&header("HS256"), &claims, "HS256"), WIDGET_NOW)
            .unwrap()
    };
    assert_eq!(memory.take(&proven("a", 1), WIDGET_NOW), OneTimeUse::First);
    assert_eq!(
        memory.take(&proven("a", 1), WIDGET_NOW),
        OneTimeUse::Replayed
    );
    assert_eq!(
        memory.take(&proven("a", 2), WIDGET_NOW),
        OneTimeUse::First,
        "another account"
    );
    assert_eq!(memory.take(&proven("b", 1), WIDGET_NOW), OneTimeUse::Full);
    assert_eq!(
        memory.take(&proven("a", 1), 1_594_206_045 + 59),
        OneTimeUse::Replayed
    );
    assert_eq!(
        memory.take(&proven("b", 1), 1_594_206_045 + 60),
        OneTimeUse::First,
        "room again"
    );
}

#[test]
fn one_account_fills_its_own_part_of_the_memory_alone() {
    let mut memory = ReplayMemory::new(5).of_one_account(3);
    let proven = |id: u64, account: u64| {
        let claims = with(widget_claims(), "jti", Some(json!(format!("t-{id}"))));
        let claims = with(claims, "account_id", Some(json!(account)));
        widget_verifier()
            .verify(&token(&header("HS256"), &claims, "HS256"), WIDGET_NOW)
            .unwrap()
    };
    let mut take = |id, account, now| memory.take(&proven(id, account), now);
    for id in 0..3 {
        assert_eq!(take(id, 1, WIDGET_NOW), OneTimeUse::First);
    }
    assert_eq!(take(3, 1, WIDGET_NOW), OneTimeUse::Full);
    assert_eq!(take(0, 1, WIDGET_NOW), OneTimeUse::Replayed);
    assert_eq!(take(0, 2, WIDGET_NOW), OneTimeUse::First);
    assert_eq!(take(0, 3, WIDGET_NOW), OneTimeUse::First);
    assert_eq!(take(0, 4, WIDGET_NOW), OneTimeUse::Full, "all together");
    let ended = 1_594_206_045 + 60;
    assert_eq!(take(3, 1, ended), OneTimeUse::First, "room again");
    assert_eq!(take(0, 4, ended), OneTimeUse::First);
}

/// Rule J11.
#[test]
fn a_return_url_leads_to_the_account_of_the_token_alone() {
    let good = token(&header("HS512"), &bot_claims(), "HS512");
    let proven = bot_verifier().verify(&good, BOT_NOW).unwrap();
    let url = ReturnUrl::check(
        &proven,
        "https://subdomain.kommo.com/api/v4/salesbot/321/continue/123",
    )
    .unwrap();
    assert_eq!(url.host().as_str(), "subdomain.kommo.com");
    assert_eq!(url.path(), "/api/v4/salesbot/321/continue/123");
    assert_eq!(
        (url.bot_type(), url.bot_id(), url.continue_id()),
        (BotType::Salesbot, 321, 123)
    );
    for address in [
        "http://subdomain.kommo.com/api/v4/salesbot/321/continue/123",
        "https://evil.example/api/v4/salesbot/321/continue/123",
        "https://other.kommo.com/api/v4/salesbot/321/continue/123",
        "https://subdomain.kommo.com@evil.example/api/v4/salesbot/321/continue/123",
        "https://subdomain.kommo.com.evil.example/api/v4/salesbot/321/continue/123",
        "https://subdomain.kommo.com:8443/api/v4/salesbot/321/continue/123",
        "//subdomain.kommo.com/api/v4/salesbot/321/continue/123",
        "https://subdomain.kommo.com",
    ] {
        assert_eq!(
            ReturnUrl::check(&proven, address),
            Err(ReturnUrlError::OtherHost),
            "{address}"
        );
    }
    for path in [
        "/api/v4/salesbot/321/continue/123?a=1",
        "/api/v4/salesbot/321/continue/123#a",
        "/api/v4/salesbot/321/continue/123/",
        "/api/v4/salesbot/../leads/continue/123",
        "/api/v4/salesbot/+3/continue/123",
        "/api/v4/salesbot//continue/123",
        "/api/v4/chatbot/321/continue/123",
        "/api/v4/leads",
        "/",
    ] {
        let address = format!("https://subdomain.kommo.com{path}");
        assert_eq!(
            ReturnUrl::check(&proven, &address),
            Err(ReturnUrlError::Path),
            "{path}"
        );
    }
}

// Invariant I8.
#[test]
fn nothing_shown_holds_a_secret_or_the_id_of_a_token() {
    let good = token(&header("HS256"), &widget_claims(), "HS256");
    let verifier = widget_verifier();
    let proven = verifier.verify(&good, WIDGET_NOW).unwrap();
    let shown = format!("{verifier:?} {proven:?} {:?}", proven.get());
    for hidden in [SECRET, "7b1f0c2e", good.as_str()] {
        assert!(!shown.contains(hidden), "{hidden} is in {shown}");
    }
}
