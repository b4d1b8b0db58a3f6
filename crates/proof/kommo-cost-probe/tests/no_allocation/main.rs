//! Signing and verifying never allocate (invariant I11): every entry of `kommo-sign`, the verifiers
//! of hooks and the host parsers of `kommo-account`, on every vector, valid or not.
//!
//! What a case needs is loaded and its key schedule is done before counting starts, except where
//! the entry itself is the key schedule. Results are used after counting ends, so that the compiler
//! cannot drop the work.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]
#![allow(
    clippy::std_instead_of_alloc,
    clippy::std_instead_of_core,
    reason = "a program of std, which has no `extern crate alloc`"
)]
#![allow(unsafe_code, reason = "a counting allocator is unsafe by nature")]

mod counting;

use core::hint::black_box;
use core::num::NonZeroU64;
use std::sync::Barrier;

use base64ct::{Base64UrlUnpadded, Encoding};
use counting::allocations_of;
use kommo_account::{AccountHost, ClientId};
use kommo_hooks::{ChatHookVerifier, DisconnectVerifier, OpenApiVerifier, ReceivedSignature};
use kommo_sign::{
    AppSecret, CanonicalRequest, ChannelSecret, ChatHookKey, ChatsSigner, ClientSecret, CompactJws,
    ContentMd5, ContentMd5Stream, ContentType, DisconnectKey, DisconnectQuery, JwsAlgorithm,
    JwsKey, KeyId, KeyRing, OpenApiKey, RequestDate, RequestMethod, RequestPath, Signature,
    visitor_signature,
};
use kommo_sign_bulk::{
    BulkHookKey, BulkSigned, BulkSigner, HookVerdict, Level, ReceivedHook, RequestText,
};
use kommo_test_vectors::{
    ChatsRequestCase, account_hosts, chat_hooks, chats_requests, compact_jws, disconnects,
    open_api_bodies, visitors,
};

/// Runs `work` and fails if it allocated.
#[track_caller]
fn allocates_nothing<T>(case: &str, work: impl FnOnce() -> T) -> T {
    let (result, allocations) = allocations_of(|| black_box(work()));
    assert_eq!(allocations, 0, "case {case}");
    result
}

#[test]
fn the_counter_sees_an_allocation_a_growth_and_a_formatted_text() {
    let (_, none) = allocations_of(|| black_box(1 + 1));
    assert_eq!(none, 0);
    let (_, one) = allocations_of(|| black_box(Vec::<u8>::with_capacity(8)));
    assert_eq!(one, 1);
    let (_, zeroed) = allocations_of(|| black_box(vec![0_u8; 8]));
    assert_eq!(zeroed, 1);
    let mut grown = Vec::<u8>::with_capacity(1);
    let (_, growth) = allocations_of(|| black_box(&mut grown).extend_from_slice(&[0; 64]));
    assert_eq!(growth, 1);
    let (_, formatted) = allocations_of(|| black_box(format!("{}", black_box(7))));
    assert!(formatted > 0);
}

#[test]
fn another_thread_does_not_count() {
    let start = Barrier::new(2);
    let end = Barrier::new(2);
    std::thread::scope(|scope| {
        let other = scope.spawn(|| {
            start.wait();
            let (_, allocations) = allocations_of(|| black_box(vec![1_u8; 32]));
            end.wait();
            allocations
        });
        let (_, ours) = allocations_of(|| {
            start.wait();
            end.wait();
        });
        assert_eq!(ours, 0);
        assert_eq!(other.join().unwrap(), 1);
    });
}

#[test]
fn parsing_the_parts_of_a_request_allocates_nothing() {
    for case in chats_requests() {
        allocates_nothing(&case.name, || {
            let _ = black_box(RequestMethod::parse(&case.method));
            let _ = black_box(RequestPath::parse(&case.target));
            let _ = black_box(RequestPath::parse(&case.path));
            let _ = black_box(case.date.as_deref().map(RequestDate::parse));
            let _ = black_box(case.content_type.as_deref().map(ContentType::parse));
            let _ = black_box(case.content_md5.as_deref().map(ContentMd5::parse));
            let _ = black_box(case.received_signature.as_deref().map(Signature::parse));
            let _ = black_box(RequestDate::from_unix_seconds(case.at.unsigned_abs()));
            let _ = black_box(ChannelSecret::new(&case.secret));
        });
    }
}

/// The five parts as they came; none if one of them is not of this API.
fn canonical(case: &ChatsRequestCase) -> Option<CanonicalRequest<'_>> {
    let method = RequestMethod::parse(&case.method).ok()?;
    let mut request = CanonicalRequest::new(method, RequestPath::parse(&case.path).ok()?);
    if let Some(text) = &case.content_md5 {
        request = request.with_content_md5(ContentMd5::parse(text).ok()?);
    }
    if let Some(text) = &case.content_type {
        request = request.with_content_type(ContentType::parse(text).ok()?);
    }
    if let Some(text) = &case.date {
        request = request.with_date(RequestDate::parse(text).ok()?);
    }
    Some(request)
}

#[test]
fn signing_and_verifying_a_request_allocates_nothing() {
    let mut counted = 0;
    for case in chats_requests() {
        let Some(request) = canonical(&case) else {
            continue;
        };
        let secret = ChannelSecret::new(&case.secret).unwrap();
        let signer = allocates_nothing(&case.name, || ChatsSigner::new(&secret));
        let received = case
            .received_signature
            .as_deref()
            .and_then(|text| Signature::parse(text).ok());
        allocates_nothing(&case.name, || {
            let mut buffer = [0; 1024];
            let _ = black_box(request.write_to(&mut buffer));
            black_box(signer.sign_canonical(&request));
            if let Some(received) = &received {
                let _ = black_box(signer.verify_canonical(&request, received));
            }
        });
        let (Some(date), Some(content_type)) = (&case.date, &case.content_type) else {
            continue;
        };
        let signed = allocates_nothing(&case.name, || {
            let signed = signer.sign(
                RequestMethod::parse(&case.method).unwrap(),
                RequestPath::parse(&case.path).unwrap(),
                ContentType::parse(content_type).unwrap(),
                RequestDate::parse(date).unwrap(),
                &case.body,
            );
            black_box(signed.headers());
            signed
        });
        if !case.has_flag("md5-given") {
            assert_eq!(
                signed.content_md5().as_str(),
                case.body_md5,
                "{}",
                case.name
            );
        }
        allocates_nothing(&case.name, || {
            let mut stream = ContentMd5Stream::new();
            case.body.chunks(7).for_each(|bytes| stream.update(bytes));
            stream.finish()
        });
        counted += 1;
    }
    assert!(counted > 50, "only {counted} requests were counted");
}

#[test]
fn a_path_longer_than_the_staging_buffer_allocates_nothing() {
    let signer = ChatsSigner::new(&ChannelSecret::new("secret").unwrap());
    let long = format!("/{}", "a".repeat(4000));
    allocates_nothing("long path", || {
        let path = RequestPath::parse(&long).unwrap();
        signer.sign_canonical(&CanonicalRequest::new(RequestMethod::GET, path))
    });
}

#[test]
fn verifying_a_chat_hook_whole_or_streamed_allocates_nothing() {
    for case in chat_hooks() {
        let Ok(secret) = ChannelSecret::new(&case.secret) else {
            continue;
        };
        let key = ChatHookKey::new(&secret);
        let (whole, streamed) = allocates_nothing(&case.name, || {
            black_box(key.sign(&case.body));
            let whole = key.verify(&case.body, &case.signature);
            let mut stream = key.stream();
            case.body.chunks(3).for_each(|bytes| stream.update(bytes));
            (whole, stream.finish(&case.signature))
        });
        assert_eq!(whole.is_ok(), case.is_valid(), "{}", case.name);
        assert_eq!(streamed.is_ok(), case.is_valid(), "{}", case.name);
    }
}

#[test]
fn signing_and_verifying_an_open_api_body_allocates_nothing() {
    for case in open_api_bodies() {
        let Ok(secret) = AppSecret::new(&case.secret) else {
            continue;
        };
        let key = OpenApiKey::new(&secret);
        let (whole, streamed) = allocates_nothing(&case.name, || {
            black_box(key.sign(&case.body));
            let mut stream = key.stream();
            case.body.chunks(5).for_each(|bytes| stream.update(bytes));
            (
                key.verify(&case.body, &case.signature).is_ok(),
                stream.verify(&case.signature).is_ok(),
            )
        });
        assert_eq!(
            (whole, streamed),
            (case.is_valid(), case.is_valid()),
            "{}",
            case.name
        );
    }
}

#[test]
fn signing_a_visitor_allocates_nothing() {
    for case in visitors() {
        let secret = AppSecret::new(&case.secret).unwrap();
        let signature = allocates_nothing(&case.name, || {
            visitor_signature(&secret, &case.sbs, &case.ranstr)
        });
        assert_eq!(signature.as_str(), case.signature, "{}", case.name);
    }
}

#[test]
fn verifying_a_disconnect_hook_allocates_nothing() {
    for case in disconnects() {
        let Ok(secret) = ClientSecret::new(&case.secret) else {
            continue;
        };
        let key = DisconnectKey::new(&secret);
        allocates_nothing(&case.name, || {
            let _ = black_box(DisconnectQuery::parse(&case.query));
            let _ = black_box(key.verify_query(&case.client_id, &case.query));
            if let Some(account) = case.account_id.and_then(NonZeroU64::new) {
                black_box(key.sign(&case.client_id, account));
            }
        });
    }
}

#[test]
fn verifying_a_compact_jws_allocates_nothing() {
    for case in compact_jws() {
        let algorithm = match case.algorithm.as_str() {
            "HS256" => JwsAlgorithm::Hs256,
            "HS512" => JwsAlgorithm::Hs512,
            other => panic!("algorithm {other}"),
        };
        let Ok(secret) = ClientSecret::new(&case.secret) else {
            continue;
        };
        let key = JwsKey::new(algorithm, &secret);
        let received = Base64UrlUnpadded::decode_vec(&case.signature).unwrap_or_default();
        allocates_nothing(&case.name, || {
            let token = CompactJws::parse(&case.token);
            let _ = black_box(token.map(|token| key.verify(&token, &received)));
        });
    }
}

/// A ring with the right key behind another one.
fn ring<K>(first: K, second: K) -> KeyRing<K> {
    let mut keys = KeyRing::new();
    for (id, key) in [("new", first), ("old", second)] {
        keys.insert(KeyId::parse(id).unwrap(), key, None).unwrap();
    }
    keys
}

/// What reads no JSON promises it; a token and an addressed hook are read as JSON.
#[test]
fn the_verifier_of_a_hook_allocates_nothing() {
    for case in chat_hooks() {
        let other = ChatHookKey::new(&ChannelSecret::new("the-next-secret").unwrap());
        let Ok(secret) = ChannelSecret::new(&case.secret) else {
            continue;
        };
        let verifier: ChatHookVerifier =
            ChatHookVerifier::new(ring(other, ChatHookKey::new(&secret)));
        let verdict = allocates_nothing(&case.name, || {
            let received = ReceivedSignature::from_values([case.signature.as_bytes()]);
            verifier.verify(&case.body, received, 1_796_000_000)
        });
        assert_eq!(verdict.is_ok(), case.is_valid(), "{}", case.name);
    }
    for case in open_api_bodies() {
        let other = OpenApiKey::new(&AppSecret::new("the-next-secret").unwrap());
        let Ok(secret) = AppSecret::new(&case.secret) else {
            continue;
        };
        let verifier: OpenApiVerifier = OpenApiVerifier::new(ring(other, OpenApiKey::new(&secret)));
        let verdict = allocates_nothing(&case.name, || {
            let received = ReceivedSignature::from_values([case.signature.as_bytes()]);
            verifier.verify(&case.body, received, 1_796_000_000)
        });
        assert_eq!(verdict.is_ok(), case.is_valid(), "{}", case.name);
    }
    for case in disconnects() {
        let mut keys: KeyRing<DisconnectKey> = KeyRing::new();
        for (number, secret) in case.secrets.iter().enumerate() {
            let id = KeyId::parse(&number.to_string()).unwrap();
            let key = DisconnectKey::new(&ClientSecret::new(secret).unwrap());
            keys.insert(id, key, None).unwrap();
        }
        let Ok(client) = ClientId::parse(&case.client_id) else {
            continue;
        };
        let verifier: DisconnectVerifier = DisconnectVerifier::new(client, keys);
        let verdict = allocates_nothing(&case.name, || verifier.verify(&case.query, 1_796_000_000));
        assert_eq!(verdict.is_ok(), case.is_valid(), "{}", case.name);
    }
}

#[test]
fn a_key_ring_allocates_nothing() {
    let ids = [KeyId::parse("new").unwrap(), KeyId::parse("old").unwrap()];
    for case in chat_hooks() {
        let Ok(secret) = ChannelSecret::new(&case.secret) else {
            continue;
        };
        let keys = [
            ChatHookKey::new(&ChannelSecret::new("the-next-secret").unwrap()),
            ChatHookKey::new(&secret),
        ];
        let matched = allocates_nothing(&case.name, || {
            let mut ring: KeyRing<ChatHookKey> = KeyRing::new();
            for (id, key) in ids.into_iter().zip(keys) {
                ring.insert(id, key, Some(1000)).unwrap();
            }
            ring.retire(&ids[1], 500);
            let verdict = ring.verify(500, |key| {
                key.verify(&case.body, &case.signature).map(|_| ())
            });
            let matched = verdict.is_ok_and(|found| found.key_id == ids[1]);
            ring.revoke(&ids[1]);
            matched
        });
        assert_eq!(matched, case.is_valid(), "{}", case.name);
    }
}

#[test]
fn parsing_an_account_host_allocates_nothing() {
    for case in account_hosts() {
        let host = allocates_nothing(&case.name, || AccountHost::parse(&case.input));
        assert_eq!(
            host.ok().as_ref().map(AccountHost::as_str),
            case.host.as_deref(),
            "{}",
            case.name
        );
    }
}

#[test]
fn batches_on_every_level_allocate_nothing() {
    const BODY: &[u8] = &[b'b'; 3000];
    let secret = ChannelSecret::new("channel-secret").unwrap();
    let requests: [RequestText<'_>; 700] = core::array::from_fn(|number| RequestText {
        method: "POST",
        path: if number % 5 == 0 {
            "/v2/one"
        } else {
            "/v2/two"
        },
        content_type: "application/json",
        date: "Wed, 23 Nov 2022 19:25:21 +0000",
        body: &BODY[..number * 4],
    });
    let hooks = requests.map(|request| ReceivedHook {
        body: request.body,
        signature: "0123456789abcdef0123456789abcdef01234567",
    });
    for level in Level::all() {
        let mut results = [BulkSigned::UNWRITTEN; 700];
        let mut verdicts = [HookVerdict::Mismatch; 700];
        allocates_nothing(level.name(), || {
            let signer = BulkSigner::with_level(&secret, level);
            let signed = signer.sign_many_texts(&requests, &mut results);
            let key = BulkHookKey::with_level(&secret, level);
            let judged = key.verify_many(&hooks, &mut verdicts);
            assert!(signed.is_ok() && judged.is_ok());
        });
    }
}
