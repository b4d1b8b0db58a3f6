//! Every vector of requests and chat hooks, in every lane position and beside every other length.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

use kommo_sign::{BodyForm, ChannelSecret};
use kommo_sign_bulk::{
    BulkHookKey, BulkSigned, BulkSigner, HookVerdict, Level, ReceivedHook, RequestText,
};
use kommo_test_vectors::{Covered, chat_hooks, chats_requests};

/// Two registers of sixteen lanes, and one more.
const POSITIONS: usize = 33;

/// A neighbour of each length from nothing to four blocks.
fn neighbour(position: usize, number: usize) -> Vec<u8> {
    vec![b'n'; (number * POSITIONS + position * 7) % 256]
}

// Rules S1, S2, S3, S4, S5, S6, S7.
#[test]
fn every_valid_request_is_signed_right_in_every_lane() {
    let mut judged = 0;
    let cases = chats_requests();
    for (number, case) in cases.iter().enumerate() {
        let (Some(content_type), Some(date), true) =
            (&case.content_type, &case.date, case.is_valid())
        else {
            continue;
        };
        if case.content_md5.is_none() || case.has_flag("md5-given") {
            continue;
        }
        judged += 1;
        let secret = ChannelSecret::new(&case.secret).unwrap();
        let request = RequestText {
            method: &case.method,
            path: &case.target,
            content_type,
            date,
            body: &case.body,
        };
        for own_tail in [false, true] {
            let neighbours: Vec<Vec<u8>> = (0..POSITIONS).map(|at| neighbour(at, number)).collect();
            for level in Level::all() {
                let signer = BulkSigner::with_level(&secret, level);
                // Miri is a thousand times slower: every eleventh position is enough for it.
                for position in (0..POSITIONS).step_by(if cfg!(miri) { 11 } else { 1 }) {
                    let mut batch: Vec<RequestText<'_>> = neighbours
                        .iter()
                        .map(|body| RequestText {
                            body,
                            path: if own_tail { "/v2/other" } else { request.path },
                            ..request
                        })
                        .collect();
                    batch[position] = request;
                    let mut results = [BulkSigned::UNWRITTEN; POSITIONS];
                    signer.sign_many_texts(&batch, &mut results).unwrap();
                    let found = (
                        results[position].content_md5(),
                        results[position].signature(),
                    );
                    let expected = (case.body_md5.as_str(), case.signature.as_str());
                    assert_eq!(found, expected, "{}, {level:?}, lane {position}", case.name);
                }
            }
        }
    }
    assert!(judged >= 10, "{judged}");
}

// Rules H1, H2, H3.
#[test]
fn every_chat_hook_is_judged_right_in_every_lane() {
    for (number, case) in chat_hooks().iter().enumerate() {
        let secret = ChannelSecret::new(&case.secret).unwrap();
        let neighbours: Vec<Vec<u8>> = (0..POSITIONS).map(|at| neighbour(at, number)).collect();
        for level in Level::all() {
            let key = BulkHookKey::with_level(&secret, level);
            for position in (0..POSITIONS).step_by(if cfg!(miri) { 11 } else { 1 }) {
                let mut batch: Vec<ReceivedHook<'_>> = neighbours
                    .iter()
                    .map(|body| ReceivedHook {
                        body,
                        signature: "0123456789abcdef0123456789abcdef01234567",
                    })
                    .collect();
                batch[position] = ReceivedHook {
                    body: &case.body,
                    signature: &case.signature,
                };
                let mut verdicts = [HookVerdict::Proven(BodyForm::Raw); POSITIONS];
                key.verify_many(&batch, &mut verdicts).unwrap();
                let verdict = verdicts[position];
                let name = &case.name;
                assert_eq!(
                    verdict.is_proven(),
                    case.is_valid(),
                    "{name}, {level:?}, lane {position}"
                );
                if case.is_valid() {
                    let form = match case.covered {
                        Some(Covered::WithoutLf) => BodyForm::WithoutLf,
                        Some(Covered::WithoutCrlf) => BodyForm::WithoutCrlf,
                        _ => BodyForm::Raw,
                    };
                    assert_eq!(verdict, HookVerdict::Proven(form), "{name}, {level:?}");
                    let proven = batch[position].proven(verdict);
                    assert_eq!(proven, Some(case.signed_body.as_slice()), "{name}");
                }
                let others = verdicts
                    .iter()
                    .filter(|verdict| verdict.is_proven())
                    .count();
                assert_eq!(
                    others,
                    usize::from(case.is_valid()),
                    "{name}: a neighbour is proven"
                );
            }
        }
    }
}
