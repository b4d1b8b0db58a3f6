//! Batches against one at a time: every level, every lane position, mixed lengths.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

use kommo_sign::{
    ChannelSecret, ChatHookKey, ChatsSigner, ContentType, RequestDate, RequestMethod, RequestPath,
    VerifyError,
};
use kommo_sign_bulk::{
    BulkHookKey, BulkRequest, BulkSigned, BulkSigner, HookVerdict, Level, ReceivedHook,
};
use proptest::prelude::*;

const DATE: &str = "Wed, 23 Nov 2022 19:25:21 +0000";

#[track_caller]
fn assert_signed_as_alone(secret: &ChannelSecret, requests: &[BulkRequest<'_>]) {
    let one = ChatsSigner::new(secret);
    for level in Level::all() {
        let mut results = vec![BulkSigned::UNWRITTEN; requests.len() + 1];
        let signer = BulkSigner::with_level(secret, level);
        signer.sign_many(requests, &mut results).unwrap();
        for (index, (request, result)) in requests.iter().zip(&results).enumerate() {
            let alone = one.sign(
                request.method,
                request.path,
                request.content_type,
                request.date,
                request.body,
            );
            let bytes = request.body.len();
            let expected = (alone.content_md5().as_str(), alone.signature().as_str());
            let found = (result.content_md5(), result.signature());
            assert_eq!(found, expected, "{level:?}, request {index}, {bytes} bytes");
        }
        let behind = results[requests.len()];
        assert_eq!(behind.signature(), BulkSigned::UNWRITTEN.signature());
    }
}

fn verdict_alone(key: &ChatHookKey, hook: &ReceivedHook<'_>) -> HookVerdict {
    match key.verify(hook.body, hook.signature) {
        Ok(proven) => {
            let verdict = HookVerdict::Proven(proven.form());
            assert_eq!(hook.proven(verdict), Some(proven.bytes()));
            verdict
        }
        Err(VerifyError::Malformed(reason)) => HookVerdict::Malformed(reason),
        Err(_) => HookVerdict::Mismatch,
    }
}

#[track_caller]
fn assert_judged_as_alone(secret: &ChannelSecret, hooks: &[ReceivedHook<'_>]) {
    let one = ChatHookKey::new(secret);
    let expected: Vec<HookVerdict> = hooks.iter().map(|hook| verdict_alone(&one, hook)).collect();
    for level in Level::all() {
        let mut verdicts = vec![HookVerdict::Mismatch; hooks.len()];
        let key = BulkHookKey::with_level(secret, level);
        key.verify_many(hooks, &mut verdicts).unwrap();
        assert_eq!(verdicts, expected, "{level:?}");
    }
}

fn request<'a>(path: &'a str, body: &'a [u8]) -> BulkRequest<'a> {
    BulkRequest {
        method: RequestMethod::POST,
        path: RequestPath::parse(path).unwrap(),
        content_type: ContentType::JSON,
        date: RequestDate::parse(DATE).unwrap(),
        body,
    }
}

fn bytes(length: usize, seed: usize) -> Vec<u8> {
    (0..length)
        .map(|at| ((at * 31 + seed * 17) % 251).try_into().unwrap())
        .collect()
}

#[test]
fn every_length_to_three_blocks_is_signed_as_alone() {
    let secret = ChannelSecret::new("channel-secret").unwrap();
    let bodies: Vec<Vec<u8>> = (0..200).map(|length| bytes(length, length)).collect();
    let requests: Vec<_> = bodies.iter().map(|body| request("/v2/x", body)).collect();
    assert_signed_as_alone(&secret, &requests);
    let reversed: Vec<_> = requests.iter().rev().copied().collect();
    assert_signed_as_alone(&secret, &reversed);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(if cfg!(miri) { 1 } else { 48 }))]

    #[test]
    fn mixed_batches_are_signed_as_alone(
        lengths in prop::collection::vec(0_usize..=5000, 0..=100),
        paths in prop::collection::vec(0_usize..4, 100),
        dates in prop::collection::vec(0_u64..3, 100),
        path_bytes in 1_usize..300,
        secret in "[ -~]{1,100}x",
    ) {
        let secret = ChannelSecret::new(&secret).unwrap();
        let bodies: Vec<Vec<u8>> = lengths.iter().map(|l| bytes(*l, lengths.len())).collect();
        let texts: Vec<String> = (0..4).map(|n| format!("/{}", "p".repeat(path_bytes + n * 20))).collect();
        let methods = [RequestMethod::POST, RequestMethod::GET, RequestMethod::DELETE, RequestMethod::PATCH];
        let requests: Vec<BulkRequest<'_>> = bodies.iter().enumerate().map(|(n, body)| BulkRequest {
            method: methods[paths[n]],
            date: RequestDate::from_unix_seconds(1_669_231_521 + dates[n]).unwrap(),
            ..request(&texts[paths[n]], body)
        }).collect();
        assert_signed_as_alone(&secret, &requests);
    }

    #[test]
    fn mixed_batches_are_judged_as_alone(
        cases in prop::collection::vec((0_usize..=5000, 0_usize..8, 0_usize..7), 0..=100),
    ) {
        let secret = ChannelSecret::new("channel-secret").unwrap();
        let key = ChatHookKey::new(&secret);
        let hooks: Vec<(Vec<u8>, String)> = cases.iter().map(|(length, end, wrong)| {
            let text = bytes(*length, *wrong);
            let (signed, sent): (&[u8], &[u8]) = [
                (&b""[..], &b""[..]), (b"", b"\n"), (b"", b"\r\n"), (b"\n", b"\n"), (b"\r\n", b"\r\n"),
                (b"\r", b"\r\n"), (b"", b"\n\n"), (b"\r", b"\r"),
            ][*end];
            let mut signature = key.sign(&[&text, signed].concat()).as_str().to_owned();
            match wrong {
                1 => signature = signature.to_uppercase(),
                2 => signature.replace_range(7..8, if &signature[7..8] == "0" { "1" } else { "0" }),
                3 => signature.truncate(39),
                4 => signature.replace_range(33..34, "g"),
                _ => {}
            }
            ([&text, sent].concat(), signature)
        }).collect();
        let hooks: Vec<_> = hooks.iter().map(|(body, signature)| ReceivedHook { body, signature }).collect();
        assert_judged_as_alone(&secret, &hooks);
    }
}
