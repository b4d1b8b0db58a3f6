//! One verdict of each kind, on a signature that differs from the right one at a given place.
//!
//! Everything is prepared first; then one function whose name begins with `measured_` gives the
//! verdict, and callgrind counts that function with all it calls. These functions are never
//! inlined. The right signature was computed before with the same key, so what is set up at first
//! use (the detection of processor features) is not in the count.

use core::hint::black_box;
use core::num::NonZeroU64;

use kommo_sign::{
    AppSecret, CanonicalRequest, ChannelSecret, ChatHookKey, ChatsSigner, ClientSecret, CompactJws,
    ContentMd5, ContentType, DisconnectKey, JwsAlgorithm, JwsError, JwsKey, OpenApiKey,
    RequestDate, RequestMethod, RequestPath, Signature,
};
use kommo_sign_bulk::{BulkHookKey, HookVerdict, ReceivedHook};

use crate::difference::Difference;

const SECRET: &str = "5a44c5dff55f3c15a4cce8d7c4cc27e207c7e189";
const CLIENT_ID: &str = "01d01160-d7a0-4087-b4af-6a1bb83fcd1d";
const ACCOUNT_ID: NonZeroU64 = NonZeroU64::new(32_720_107).expect("not zero");
const BODY: &[u8] = br#"{"account_id":"af9945ff-1490-4cad-807d-945c15d88bec","time":1669231521}"#;
const BODY_AND_LF: &[u8] =
    b"{\"account_id\":\"af9945ff-1490-4cad-807d-945c15d88bec\",\"time\":1669231521}\n";

/// The hooks of a batch.
const MANY: usize = 21;

/// A function of `kommo-sign` or `kommo-sign-bulk`, or the control.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Scenario {
    Request,
    ChatHook,
    ChatHookLf,
    ChatHookLfSigned,
    ChatHookStreamed,
    ChatHooksMany,
    ChatHooksManyLf,
    ChatHooksManyLfSigned,
    OpenApi,
    Disconnect,
    JwsHs256,
    JwsHs512,
    EarlyExitControl,
}

impl Scenario {
    pub(crate) const ALL: [Self; 13] = [
        Self::Request,
        Self::ChatHook,
        Self::ChatHookLf,
        Self::ChatHookLfSigned,
        Self::ChatHookStreamed,
        Self::ChatHooksMany,
        Self::ChatHooksManyLf,
        Self::ChatHooksManyLfSigned,
        Self::OpenApi,
        Self::Disconnect,
        Self::JwsHs256,
        Self::JwsHs512,
        Self::EarlyExitControl,
    ];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Request => "request",
            Self::ChatHook => "chat-hook",
            Self::ChatHookLf => "chat-hook-lf",
            Self::ChatHookLfSigned => "chat-hook-lf-signed",
            Self::ChatHookStreamed => "chat-hook-streamed",
            Self::ChatHooksMany => "chat-hooks-many",
            Self::ChatHooksManyLf => "chat-hooks-many-lf",
            Self::ChatHooksManyLfSigned => "chat-hooks-many-signed",
            Self::OpenApi => "open-api",
            Self::Disconnect => "disconnect",
            Self::JwsHs256 => "jws-hs256",
            Self::JwsHs512 => "jws-hs512",
            Self::EarlyExitControl => "early-exit-control",
        }
    }

    pub(crate) fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|known| known.name() == name)
    }

    /// Whether this one is expected to betray the place.
    pub(crate) const fn is_control(self) -> bool {
        matches!(self, Self::EarlyExitControl)
    }

    /// Prepares, and gives one measured verdict: whether the signature was accepted.
    pub(crate) fn verdict(self, difference: Difference) -> bool {
        match self {
            Self::Request => request(difference),
            Self::ChatHook => chat_hook(BODY, BODY, difference),
            Self::ChatHookLf => chat_hook(BODY_AND_LF, BODY, difference),
            Self::ChatHookLfSigned => chat_hook(BODY_AND_LF, BODY_AND_LF, difference),
            Self::ChatHookStreamed => chat_hook_streamed(difference),
            Self::ChatHooksMany => chat_hooks_many(BODY, BODY, difference),
            Self::ChatHooksManyLf => chat_hooks_many(BODY_AND_LF, BODY, difference),
            Self::ChatHooksManyLfSigned => chat_hooks_many(BODY_AND_LF, BODY_AND_LF, difference),
            Self::OpenApi => open_api(difference),
            Self::Disconnect => disconnect(difference),
            Self::JwsHs256 => jws(JwsAlgorithm::Hs256, difference),
            Self::JwsHs512 => jws(JwsAlgorithm::Hs512, difference),
            Self::EarlyExitControl => early_exit(difference),
        }
    }
}

/// The text of a signature, changed at the place.
fn received(right: &str, difference: Difference) -> String {
    let digit = |digit: &u8| char::from(*digit).to_digit(16).unwrap_or_default();
    let mut bytes: Vec<u8> = right
        .as_bytes()
        .chunks(2)
        .map(|pair| pair.iter().fold(0, |byte, d| byte << 4 | digit(d)))
        .filter_map(|byte| u8::try_from(byte).ok())
        .collect();
    difference.apply(&mut bytes);
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[expect(
    clippy::expect_used,
    reason = "constants of this file, which a test runs"
)]
fn request(difference: Difference) -> bool {
    let signer = ChatsSigner::new(&ChannelSecret::new(SECRET).expect("a secret"));
    let path = RequestPath::parse("/v2/origin/custom/f90ba33d-c9d9-44da-b76c-c349b0ecbe41/connect");
    let date = RequestDate::parse("Wed, 23 Nov 2022 19:25:21 +0000");
    let request = CanonicalRequest::new(RequestMethod::POST, path.expect("a path"))
        .with_content_md5(ContentMd5::of(BODY))
        .with_content_type(ContentType::JSON)
        .with_date(date.expect("a date"));
    let text = received(signer.sign_canonical(&request).as_str(), difference);
    let received = Signature::parse(&text).expect("a signature");
    measured_request(
        black_box(&signer),
        black_box(&request),
        black_box(&received),
    )
}

#[inline(never)]
fn measured_request(
    signer: &ChatsSigner,
    request: &CanonicalRequest<'_>,
    received: &Signature,
) -> bool {
    signer.verify_canonical(request, received).is_ok()
}

#[expect(
    clippy::expect_used,
    reason = "constants of this file, which a test runs"
)]
fn chat_hook_key() -> ChatHookKey {
    ChatHookKey::new(&ChannelSecret::new(SECRET).expect("a secret"))
}

fn chat_hook(body: &[u8], signed: &[u8], difference: Difference) -> bool {
    let key = chat_hook_key();
    let received = received(key.sign(signed).as_str(), difference);
    measured_chat_hook(black_box(&key), black_box(body), black_box(&received))
}

#[inline(never)]
fn measured_chat_hook(key: &ChatHookKey, body: &[u8], received: &str) -> bool {
    key.verify(body, received).is_ok()
}

/// A batch that fills more than one register, with one hook in question in the middle of genuine
/// ones.
#[expect(
    clippy::expect_used,
    reason = "constants of this file, which a test runs"
)]
fn chat_hooks_many(body: &[u8], signed: &[u8], difference: Difference) -> bool {
    let key = chat_hook_key();
    let many = BulkHookKey::new(&ChannelSecret::new(SECRET).expect("a secret"));
    let right = key.sign(signed);
    let received = received(right.as_str(), difference);
    let mut hooks = [ReceivedHook {
        body,
        signature: right.as_str(),
    }; MANY];
    let mut verdicts = [HookVerdict::Mismatch; MANY];
    // The processor is asked what it has before anything is counted.
    let _ = many.verify_many(&hooks, &mut verdicts);
    hooks[MANY / 2].signature = &received;
    measured_chat_hooks_many(
        black_box(&many),
        black_box(&hooks),
        black_box(&mut verdicts),
    );
    let others = verdicts.iter().filter(|it| it.is_proven()).count();
    let accepted = verdicts[MANY / 2].is_proven();
    assert_eq!(others, MANY - 1 + usize::from(accepted));
    accepted
}

#[inline(never)]
fn measured_chat_hooks_many(
    key: &BulkHookKey,
    hooks: &[ReceivedHook<'_>; MANY],
    verdicts: &mut [HookVerdict; MANY],
) {
    let _ = key.verify_many(hooks, verdicts);
}

fn chat_hook_streamed(difference: Difference) -> bool {
    let key = chat_hook_key();
    let received = received(key.sign(BODY).as_str(), difference);
    measured_chat_hook_streamed(
        black_box(&key),
        black_box(BODY_AND_LF),
        black_box(&received),
    )
}

#[inline(never)]
fn measured_chat_hook_streamed(key: &ChatHookKey, body: &[u8], received: &str) -> bool {
    let mut stream = key.stream();
    for piece in body.chunks(10) {
        stream.update(piece);
    }
    stream.finish(received).is_ok()
}

#[expect(
    clippy::expect_used,
    reason = "constants of this file, which a test runs"
)]
fn open_api(difference: Difference) -> bool {
    let key = OpenApiKey::new(&AppSecret::new(SECRET).expect("a secret"));
    let received = received(key.sign(BODY).as_str(), difference);
    measured_open_api(black_box(&key), black_box(BODY), black_box(&received))
}

#[inline(never)]
fn measured_open_api(key: &OpenApiKey, body: &[u8], received: &str) -> bool {
    key.verify(body, received).is_ok()
}

#[expect(
    clippy::expect_used,
    reason = "constants of this file, which a test runs"
)]
fn disconnect(difference: Difference) -> bool {
    let key = DisconnectKey::new(&ClientSecret::new(SECRET).expect("a secret"));
    let received = received(key.sign(CLIENT_ID, ACCOUNT_ID).as_str(), difference);
    let query = format!("account_id={ACCOUNT_ID}&client_uuid={CLIENT_ID}&signature={received}");
    measured_disconnect(black_box(&key), black_box(CLIENT_ID), black_box(&query))
}

#[inline(never)]
fn measured_disconnect(key: &DisconnectKey, client_id: &str, query: &str) -> bool {
    key.verify_query(client_id, query).is_ok()
}

#[expect(
    clippy::expect_used,
    reason = "constants of this file, which a test runs"
)]
fn jws(algorithm: JwsAlgorithm, difference: Difference) -> bool {
    let key = JwsKey::new(algorithm, &ClientSecret::new(SECRET).expect("a secret"));
    let mut received = jws_signature(algorithm).to_vec();
    difference.apply(&mut received);
    let token = format!("{SIGNED_PART}.");
    let token = CompactJws::parse(&token).expect("a token");
    measured_jws(black_box(&key), black_box(&token), black_box(&received)).is_ok()
}

#[inline(never)]
fn measured_jws(key: &JwsKey, token: &CompactJws<'_>, received: &[u8]) -> Result<(), JwsError> {
    key.verify(token, received)
}

fn early_exit(difference: Difference) -> bool {
    let right = *b"0123456789abcdefghij";
    let mut received = right;
    difference.apply(&mut received);
    measured_early_exit(black_box(&right), black_box(&received))
}

/// What must never stand in a verdict: the loop ends at the first difference.
#[inline(never)]
fn measured_early_exit(right: &[u8], received: &[u8]) -> bool {
    for (one, other) in right.iter().zip(received) {
        if black_box(one) != other {
            return false;
        }
    }
    right.len() == received.len()
}

/// Header and payload of a token.
const SIGNED_PART: &str = "eyJhbGciOiJIUzI1NiJ9.eyJpc3MiOiJodHRwczovL215c2hvcC5rb21tby5jb20ifQ";

/// The right signatures of [`SIGNED_PART`] by [`SECRET`], which `kommo-sign` does not make:
/// computed with Python's `hmac`.
const fn jws_signature(algorithm: JwsAlgorithm) -> &'static [u8] {
    match algorithm {
        JwsAlgorithm::Hs512 => &[
            0xd4, 0x45, 0x30, 0x59, 0x26, 0xf4, 0xfa, 0x38, 0xe5, 0xed, 0x6a, 0x5b, 0xe2, 0x33,
            0xea, 0xf2, 0x4f, 0xa9, 0x13, 0xb4, 0x8b, 0xcd, 0xe7, 0xc4, 0x16, 0x48, 0x37, 0xb9,
            0xf1, 0x54, 0x26, 0xae, 0xaf, 0xee, 0xff, 0xd1, 0x71, 0xea, 0x4b, 0x6a, 0xb8, 0xc0,
            0x3e, 0x5e, 0x7e, 0xe8, 0x7b, 0xa5, 0x59, 0xd5, 0x5f, 0x15, 0xbb, 0xa1, 0x89, 0xab,
            0x9e, 0xff, 0x72, 0x15, 0x20, 0xd8, 0xf1, 0xa4,
        ],
        _ => &[
            0xfc, 0x70, 0x1e, 0x98, 0x17, 0x97, 0x42, 0xa1, 0xa9, 0x86, 0x5f, 0x33, 0x33, 0x2d,
            0x21, 0xba, 0x3a, 0x30, 0xf3, 0x20, 0x2e, 0xb7, 0xad, 0xd4, 0xbf, 0xb0, 0x6e, 0x2d,
            0x79, 0xee, 0x8e, 0x9d,
        ],
    }
}

#[cfg(test)]
mod tests {
    use super::Scenario;
    use crate::difference::Difference;

    // Rules H3, J3.
    #[test]
    fn every_scenario_accepts_the_right_signature_and_refuses_each_wrong_one() {
        for scenario in Scenario::ALL {
            for difference in Difference::ALL {
                let expected = difference == Difference::Nowhere;
                let name = scenario.name();
                assert_eq!(
                    scenario.verdict(difference),
                    expected,
                    "{name} {difference:?}"
                );
            }
        }
    }
}
