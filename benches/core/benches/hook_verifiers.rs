//! The verifiers of `kommo-hooks`, each beside the bare verdict of `kommo-sign`.
//!
//! ```text
//! cargo bench -p kommo-bench-core --bench hook_verifiers
//! ```
//!
//! The floor of hooks is the verdict with the same key over the same bytes. A chat hook that is
//! addressed and a fresh Open API hook are also read as JSON, which the verdict is not, so they
//! have no goal. Tokens are always read: their floor is the verdict, both parts decoded, and the
//! claims read once into the fields that somebody would write by hand; the bare verdict is shown
//! beside it. That hooks are judged without an allocation is a test of `kommo-cost-probe`.
//!
//! Prints a table and fails (status 1) if a goal is missed. With `--test` it runs a few rounds and
//! judges nothing.

#![allow(
    clippy::expect_used,
    reason = "a benchmark without its inputs must stop"
)]

use core::hint::black_box;
use core::num::NonZeroU64;
use std::env;
use std::process::ExitCode;

use base64ct::{Base64UrlUnpadded, Encoding};
use kommo_account::ClientId;
use kommo_bench_core::inputs;
use kommo_bench_core::turns::{ROUNDS, compare, contestant};
use kommo_hooks::{
    BotTokenVerifier, ChatHookVerifier, DisconnectVerifier, FreshnessWindow, OpenApiVerifier,
    ReceivedSignature, WidgetTokenVerifier,
};
use kommo_sign::{
    AppSecret, ChannelSecret, ChatHookKey, ClientSecret, CompactJws, DisconnectKey, JwsAlgorithm,
    JwsKey, KeyId, KeyRing, OpenApiKey,
};
use serde::Deserialize;

const GOAL: Option<f64> = Some(1.05);
const NOW: u64 = 1_796_000_000;
const CLIENT: &str = "01d01160-d7a0-4087-b4af-6a1bb83fcd1d";
const ACCOUNT: u64 = 32_720_107;
/// The account of `inputs::body`.
const SCOPE: &str = "f90ba33d-c9d9-44da-b76c-c349b0ecbe41_af9945ff-1490-4cad-807d-945c15d88bec";

fn ring<K>(key: K) -> KeyRing<K> {
    let mut keys = KeyRing::new();
    let id = KeyId::parse("current").expect("an id");
    keys.insert(id, key, None).expect("room");
    keys
}

fn client_id() -> ClientId {
    ClientId::parse(CLIENT).expect("an id")
}

fn client_secret() -> ClientSecret {
    ClientSecret::new(inputs::CHANNEL_SECRET).expect("a secret")
}

fn chat(bytes: usize, rounds: usize) -> bool {
    let key = ChatHookKey::new(&ChannelSecret::new(inputs::CHANNEL_SECRET).expect("a secret"));
    let verifier: ChatHookVerifier = ChatHookVerifier::new(ring(key.clone()));
    let text = inputs::body(bytes - 1);
    let signature = key.sign(&text).as_str().to_owned();
    // As the platform sends it: a line feed that is not signed.
    let body = [text.as_slice(), b"\n"].concat();
    let received = ReceivedSignature::from_text(&signature);
    assert!(
        verifier
            .verify_addressed(&body, received, SCOPE, NOW)
            .is_ok()
    );
    let contestants = [
        contestant("verdict", None, || {
            let _ = black_box(black_box(&key).verify(black_box(&body), black_box(&signature)));
        }),
        contestant("verifier", GOAL, || {
            let received = ReceivedSignature::from_text(black_box(&signature));
            let _ = black_box(black_box(&verifier).verify(black_box(&body), received, NOW));
        }),
        contestant("verifier-addressed", None, || {
            let received = ReceivedSignature::from_text(black_box(&signature));
            let body = black_box(&body);
            let _ = black_box(black_box(&verifier).verify_addressed(body, received, SCOPE, NOW));
        }),
    ];
    compare(&format!("chat-hook/{bytes}"), rounds, &contestants)
}

fn open_api(bytes: usize, rounds: usize) -> bool {
    let key = OpenApiKey::new(&AppSecret::new(inputs::APP_SECRET).expect("a secret"));
    let verifier: OpenApiVerifier = OpenApiVerifier::new(ring(key.clone()));
    let body = inputs::body(bytes);
    let signature = key.sign(&body).as_str().to_owned();
    let window = FreshnessWindow::GENEROUS;
    let received = ReceivedSignature::from_text(&signature);
    assert!(verifier.verify_fresh(&body, received, window, NOW).is_ok());
    let contestants = [
        contestant("verdict", None, || {
            let _ = black_box(black_box(&key).verify(black_box(&body), black_box(&signature)));
        }),
        contestant("verifier", GOAL, || {
            let received = ReceivedSignature::from_text(black_box(&signature));
            let _ = black_box(black_box(&verifier).verify(black_box(&body), received, NOW));
        }),
        contestant("verifier-fresh", None, || {
            let received = ReceivedSignature::from_text(black_box(&signature));
            let body = black_box(&body);
            let _ = black_box(black_box(&verifier).verify_fresh(body, received, window, NOW));
        }),
    ];
    compare(&format!("open-api-hook/{bytes}"), rounds, &contestants)
}

fn disconnect(rounds: usize) -> bool {
    let key = DisconnectKey::new(&client_secret());
    let verifier: DisconnectVerifier = DisconnectVerifier::new(client_id(), ring(key.clone()));
    let account = NonZeroU64::new(ACCOUNT).expect("a number");
    let signature = key.sign(CLIENT, account);
    let signature = signature.as_str();
    let query = format!("account_id={ACCOUNT}&client_uuid={CLIENT}&signature={signature}");
    assert!(verifier.verify(&query, NOW).is_ok());
    let contestants = [
        contestant("verdict", None, || {
            let _ = black_box(black_box(&key).verify_query(CLIENT, black_box(&query)));
        }),
        contestant("verifier", GOAL, || {
            let _ = black_box(black_box(&verifier).verify(black_box(&query), NOW));
        }),
    ];
    compare("disconnect-hook", rounds, &contestants)
}

/// What a reader by hand takes from a token.
#[derive(Deserialize)]
#[allow(
    dead_code,
    reason = "what is read is the work, not what is done with it"
)]
struct Claims {
    iss: String,
    aud: String,
    #[serde(default)]
    jti: Option<String>,
    iat: u64,
    nbf: u64,
    exp: u64,
    account_id: u64,
    #[serde(default)]
    user_id: Option<u64>,
    client_uuid: String,
    #[serde(default)]
    is_admin: Option<bool>,
    #[serde(default)]
    entity_id: Option<u64>,
    #[serde(default)]
    entity_type: Option<u64>,
    #[serde(default)]
    bot_type: Option<String>,
}

#[derive(Deserialize)]
struct Header {
    alg: String,
}

/// The verdict alone, with the decoding that it needs.
fn bare_verdict<'a>(key: &JwsKey, token: &'a str) -> Option<CompactJws<'a>> {
    let jws = CompactJws::parse(token).ok()?;
    let mut buffer = [0; 64];
    let received = Base64UrlUnpadded::decode(jws.signature(), &mut buffer).ok()?;
    key.verify(&jws, received).ok().map(|()| jws)
}

fn verdict_and_claims(key: &JwsKey, token: &str) -> Option<Claims> {
    let jws = bare_verdict(key, token)?;
    let header = Base64UrlUnpadded::decode_vec(jws.header()).ok()?;
    let header: Header = serde_json::from_slice(&header).ok()?;
    let claims = Base64UrlUnpadded::decode_vec(jws.payload()).ok()?;
    let claims: Claims = serde_json::from_slice(&claims).ok()?;
    let is_ours = header.alg == key.algorithm().name() && claims.client_uuid == CLIENT;
    (is_ours && claims.nbf <= NOW && NOW < claims.exp).then_some(claims)
}

fn token(key: &JwsKey, own: &str) -> String {
    let header = format!(r#"{{"typ":"JWT","alg":"{}"}}"#, key.algorithm().name());
    let claims = format!(
        r#"{{"iss":"https://myshop.kommo.com","aud":"https://app.example","iat":{NOW},"nbf":{NOW},"exp":{},"account_id":{ACCOUNT},"client_uuid":"{CLIENT}",{own}}}"#,
        NOW + 1800
    );
    let encode = |text: String| Base64UrlUnpadded::encode_string(text.as_bytes());
    let signed = format!("{}.{}", encode(header), encode(claims));
    let mut buffer = [0; 64];
    let signature = Base64UrlUnpadded::encode_string(key.sign(&signed, &mut buffer));
    format!("{signed}.{signature}")
}

fn of_token(
    id: &str,
    algorithm: JwsAlgorithm,
    own: &str,
    rounds: usize,
    verify: impl Fn(KeyRing<JwsKey>) -> Box<dyn Fn(&str) -> bool>,
) -> bool {
    let key = JwsKey::new(algorithm, &client_secret());
    let verify = verify(ring(JwsKey::new(algorithm, &client_secret())));
    let token = token(&key, own);
    assert!(verify(&token) && verdict_and_claims(&key, &token).is_some());
    let contestants = [
        contestant("verdict-and-claims", None, || {
            black_box(verdict_and_claims(black_box(&key), black_box(&token)));
        }),
        contestant("verdict", None, || {
            black_box(bare_verdict(black_box(&key), black_box(&token)));
        }),
        contestant("verifier", GOAL, || {
            black_box(verify(black_box(&token)));
        }),
    ];
    compare(id, rounds, &contestants)
}

fn widget_token(rounds: usize) -> bool {
    let own = r#""jti":"f3d2a6c8-2d8e-4c61-9b5a-f0f6d3b0f0aa","user_id":7654321,"is_admin":true"#;
    let id = "widget-token";
    of_token(id, JwsAlgorithm::Hs256, own, rounds, |keys| {
        let redirect_uri = "https://app.example/callback";
        let verifier = WidgetTokenVerifier::new(client_id(), redirect_uri, keys);
        Box::new(move |token| verifier.verify(token, NOW).is_ok())
    })
}

fn bot_token(rounds: usize) -> bool {
    let own = r#""entity_id":5029001,"entity_type":2,"bot_type":"salesbot""#;
    of_token("bot-token", JwsAlgorithm::Hs512, own, rounds, |keys| {
        let verifier = BotTokenVerifier::new(client_id(), keys);
        Box::new(move |token| verifier.verify(token, NOW).is_ok())
    })
}

fn main() -> ExitCode {
    let only_a_test = env::args().any(|argument| argument == "--test");
    let rounds = if only_a_test { 3 } else { ROUNDS };
    let met = [
        chat(350, rounds),
        chat(600, rounds),
        open_api(350, rounds),
        open_api(1024, rounds),
        disconnect(rounds),
        widget_token(rounds),
        bot_token(rounds),
    ];
    if only_a_test || met.iter().all(|met| *met) {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}
