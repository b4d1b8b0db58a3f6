//! Laws: nothing panics, what is encoded is read again, and a proof of death is never invented.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

use kommo_account::{ClientId, Endpoints, Platform};
use kommo_oauth::UnixSeconds;
use kommo_oauth::consent::{
    ConsentMode, ConsentRedirect, ConsentState, ConsentUrl, InstallHook, PastedCode, PastedFor,
    RedirectOutcome,
};
use kommo_oauth::integration::{
    ClientSecret, Credentials, IconHeader, IntegrationSettings, NewIntegration, RedirectUri, Scope,
    SecretsUri,
};
use kommo_oauth::token::{
    AccessToken, AuthorizationCode, TokenAnswer, TokenRequest, UnverifiedClaims,
    read_subdomain_answer, read_token_answer,
};
use proptest::prelude::*;

fn client() -> ClientId {
    ClientId::parse("11111111-2222-3333-4444-555555555555").unwrap()
}

/// Texts near the border: pieces of queries and addresses in a random order.
fn near_queries() -> impl Strategy<Value = String> {
    let piece = prop::sample::select(vec![
        "code=",
        "state=",
        "referer=",
        "platform=",
        "client_id=",
        "from_widget=1",
        "error=",
        "access_denied",
        "a.kommo.com",
        "a.amocrm.ru",
        "1",
        "2",
        "&",
        "&",
        "&",
        "?",
        "#",
        "%",
        "%20",
        "%6f",
        "%zz",
        "%ff",
        "+",
        "=",
        "https://",
        "http://localhost",
        "xn--",
        "def5020a",
        "ё",
        "\0",
        "BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc",
    ]);
    prop::collection::vec(piece, 0..14).prop_map(|pieces| pieces.concat())
}

/// Bodies near the border: pieces of JSON in a random order.
fn near_bodies() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop::sample::select(vec![
        "{",
        "}",
        "[",
        "]",
        ",",
        ":",
        "\"",
        "\\",
        "\\u005f",
        "\"access_token\":",
        "\"refresh_token\":",
        "\"expires_in\":",
        "\"token_type\":",
        "\"hint\":",
        "\"title\":",
        "\"retry_after\":",
        "\"id\":",
        "\"domain\":",
        "\"a\"",
        "\"Bearer\"",
        "\"Token has been revoked\"",
        "86400",
        "-1",
        "1e999",
        "null",
        "true",
        "\u{feff}",
        "\u{fffd}",
        " ",
    ]);
    prop::collection::vec(piece, 0..16).prop_map(|pieces| pieces.concat().into_bytes())
}

fn bodies() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![near_bodies(), prop::collection::vec(any::<u8>(), 0..200)]
}

proptest! {
    #[test]
    fn reading_an_answer_never_panics(
        status in prop_oneof![Just(200), Just(400), Just(401), Just(403), Just(429), any::<u16>()],
        content_type in prop::option::of(".{0,20}"),
        retry_after in any::<Option<u64>>(),
        body in bodies(),
        now in any::<u64>(),
    ) {
        let now = UnixSeconds::new(now);
        let answer = read_token_answer(status, content_type.as_deref(), retry_after, &body, now);
        let _ = read_subdomain_answer(status, &body);
        match answer {
            TokenAnswer::Granted(pair) => {
                prop_assert!((200..=204).contains(&status));
                prop_assert!(pair.obtained_at == now && pair.expires_at >= now);
            }
            TokenAnswer::InDoubt(_) => {
                prop_assert!((200..=299).contains(&status) || status == 408 || (500..=599).contains(&status));
            }
            TokenAnswer::Refused(refusal) => {
                let proof = refusal.is_proof_of_death();
                prop_assert!(!proof || (matches!(status, 400 | 401) && refusal.hint.is_some()));
            }
            _ => prop_assert!(false),
        }
    }

    #[test]
    fn reading_what_comes_from_a_browser_never_panics(query in prop_oneof![near_queries(), ".{0,300}"]) {
        let state = ConsentState::from_random([7; 32]);
        let browser = ConsentRedirect::parse(&query, &state, &client());
        let hook = InstallHook::parse(&query, &client());
        // One query is never both.
        prop_assert!(browser.is_err() || hook.is_err());
        let redirect_uri = RedirectUri::parse("https://a.example/cb").unwrap();
        let attempt = PastedFor { state: &state, redirect_uri: &redirect_uri };
        let _ = PastedCode::parse(&query, &client(), Some(attempt));
        let _ = PastedCode::parse(&query, &client(), None);
        let _ = ConsentState::parse(&query);
    }

    #[test]
    fn no_other_state_passes(random in any::<[u8; 32]>(), other in any::<[u8; 32]>(), text in "[A-Za-z0-9_-]{43}") {
        let state = ConsentState::from_random(random);
        prop_assert_eq!(state.matches(ConsentState::from_random(other).expose()), random == other);
        prop_assert_eq!(state.matches(&text), state.expose() == text);
        if let Ok(parsed) = ConsentState::parse(&text) {
            prop_assert_eq!(parsed.expose(), text);
        }
    }

    #[test]
    fn a_code_survives_percent_encoding(code in "[!-~]{1,60}", upper in any::<bool>()) {
        let state = ConsentState::from_random([7; 32]);
        let encode = |byte: u8| if upper { format!("%{byte:02X}") } else { format!("%{byte:02x}") };
        let encoded: String = code.bytes().map(encode).collect();
        let query = format!("code={encoded}&referer=a.kommo.com&state={}", state.expose());
        match ConsentRedirect::parse(&query, &state, &client()) {
            Ok(RedirectOutcome::Code(redirect)) => prop_assert_eq!(redirect.code.expose(), code),
            other => prop_assert!(false, "{:?}", other),
        }
    }

    #[test]
    fn a_consent_url_says_what_it_was_given(name in "\\PC{1,40}", description in "\\PC{1,40}") {
        prop_assume!(!name.trim().is_empty() && !description.trim().is_empty());
        let state = ConsentState::from_random([7; 32]);
        let new = NewIntegration::new(
            name.as_str(),
            description.as_str(),
            RedirectUri::parse("https://a.example/").unwrap(),
            SecretsUri::parse("https://a.example/").unwrap(),
            &[Scope::Crm],
        ).unwrap();
        let url = ConsentUrl::new(Platform::Global, &new, &state, ConsentMode::Popup);
        let text = url.expose_text(&Endpoints::real());
        prop_assert!(text.bytes().all(|byte| byte.is_ascii_graphic()));
        let value = |name: &str| {
            let (_, rest) = text.split_once(&format!("&{name}=")).unwrap();
            naive_decode(rest.split('&').next().unwrap())
        };
        prop_assert_eq!(value("name"), name);
        prop_assert_eq!(value("description"), description);
    }

    #[test]
    fn a_token_request_is_json_that_says_what_it_was_given(secret in "\\PC{1,40}|.{1,40}", code in "[!-~]{1,60}") {
        let Ok(secret_value) = ClientSecret::new(secret.as_str()) else { return Ok(()) };
        let uri = RedirectUri::parse("https://a.example/").unwrap();
        let credentials = Credentials::new(client(), secret_value, uri);
        let host = "a.kommo.com".parse().unwrap();
        let code_value = AuthorizationCode::new(code.as_str()).unwrap();
        let request = TokenRequest::exchange(&credentials, &host, &code_value);
        let value: serde_json::Value = serde_json::from_slice(request.body()).unwrap();
        prop_assert_eq!(&value["client_secret"], &secret);
        prop_assert_eq!(&value["code"], &code);
    }

    #[test]
    fn claims_settings_and_icons_never_panic(text in ".{0,200}", bytes in prop::collection::vec(any::<u8>(), 0..200), near in near_queries()) {
        use base64ct::{Base64UrlUnpadded, Encoding};
        let payload = Base64UrlUnpadded::encode_string(&bytes);
        for token in [format!("a.{payload}.c"), text.clone()] {
            if let Ok(token) = AccessToken::new(token) {
                let _ = UnverifiedClaims::decode(&token);
            }
        }
        for start in [&b""[..], b"\x89PNG\r\n\x1a\n", b"GIF89a", b"\xff\xd8\xff"] {
            let _ = IconHeader::read(&[start, &bytes].concat());
        }
        for uri in [text.as_str(), near.as_str()] {
            let mut settings = IntegrationSettings::default();
            settings.redirect_uri = Some(uri);
            settings.disconnect_hook = Some(uri);
            settings.icon = Some(&bytes);
            prop_assert!(!settings.review().is_empty());
            if let Ok(kept) = RedirectUri::parse(uri) {
                prop_assert_eq!(kept.as_str(), uri);
                prop_assert!(uri.starts_with(kept.origin()));
            }
        }
    }
}

fn naive_decode(text: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = text;
    while !rest.is_empty() {
        if let Some(escaped) = rest.strip_prefix('%') {
            bytes.push(u8::from_str_radix(&escaped[..2], 16).unwrap());
            rest = &escaped[2..];
        } else {
            bytes.push(rest.as_bytes()[0]);
            rest = &rest[1..];
        }
    }
    String::from_utf8(bytes).unwrap()
}
