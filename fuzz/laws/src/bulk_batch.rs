//! Batches in lanes. Rules S1 to S7 and H1 to H3.

use kommo_sign::{ChannelSecret, ChatHookKey, ChatsSigner, VerifyError};
use kommo_sign_bulk::{
    BulkHookKey, BulkSigned, BulkSigner, HookVerdict, Level, ReceivedHook, RequestText,
    SignManyError,
};

use crate::fields::Fields;

/// The most entries of a batch: more than two registers of the widest lanes.
const ENTRIES: usize = 48;

/// Every level says of every entry what `kommo-sign` says of it alone.
///
/// Fields: secret, method, path, content type, date, then the bodies; each body is cut and repeated
/// to many lengths. Choice 0: the signatures of hooks are right; choice 1: each request has a path
/// of its own; choice 2: signatures in upper case.
///
/// # Panics
///
/// If a law is broken.
pub fn bulk_batch(data: &[u8]) {
    let mut fields = Fields::of(data);
    let Ok(secret) = ChannelSecret::new(&fields.text()) else {
        return;
    };
    let (method, path, content_type, date) =
        (fields.text(), fields.text(), fields.text(), fields.text());
    let bodies: Vec<Vec<u8>> = (0..ENTRIES)
        .map(|_| fields.bytes())
        .take_while(|body| !body.is_empty())
        .enumerate()
        .flat_map(|(number, body)| [body.to_vec(), body.repeat(1 + number % 9)])
        .collect();
    let paths: Vec<String> = (0..bodies.len())
        .map(|number| match fields.choice(1) {
            true => format!("{path}/{number}"),
            false => path.to_string(),
        })
        .collect();
    let requests: Vec<RequestText<'_>> = bodies
        .iter()
        .zip(&paths)
        .map(|(body, path)| RequestText {
            method: &method,
            path,
            content_type: &content_type,
            date: &date,
            body,
        })
        .collect();
    signed_as_alone(&secret, &requests);
    judged_as_alone(&secret, &bodies, &fields);
}

fn signed_as_alone(secret: &ChannelSecret, requests: &[RequestText<'_>]) {
    let one = ChatsSigner::new(secret);
    let refused = requests.iter().position(|request| request.parse().is_err());
    for level in Level::all() {
        let mut results = vec![BulkSigned::UNWRITTEN; requests.len()];
        let signer = BulkSigner::with_level(secret, level);
        let signed = signer.sign_many_texts(requests, &mut results);
        let found = signed.err().map(|error| match error {
            SignManyError::Request { index, .. } => index,
            other => panic!("{other:?}"),
        });
        assert_eq!(found, refused, "{level:?}");
        for (request, result) in requests.iter().zip(&results) {
            let Some(parsed) = request.parse().ok().filter(|_| refused.is_none()) else {
                assert_eq!(result.signature(), BulkSigned::UNWRITTEN.signature());
                continue;
            };
            let (date, body) = (parsed.date, parsed.body);
            let alone = one.sign(parsed.method, parsed.path, parsed.content_type, date, body);
            assert_eq!(
                result.content_md5(),
                alone.content_md5().as_str(),
                "{level:?}"
            );
            assert_eq!(result.signature(), alone.signature().as_str(), "{level:?}");
        }
    }
}

fn judged_as_alone(secret: &ChannelSecret, bodies: &[Vec<u8>], fields: &Fields<'_>) {
    let one = ChatHookKey::new(secret);
    let signatures: Vec<String> = bodies
        .iter()
        .map(|body| {
            let text = body.strip_suffix(b"\n").unwrap_or(body);
            let signed = if fields.choice(0) {
                text
            } else {
                body.as_slice()
            };
            let signature = one.sign(signed).as_str().to_owned();
            match fields.choice(2) {
                true => signature.to_uppercase(),
                false => signature,
            }
        })
        .collect();
    let hooks: Vec<ReceivedHook<'_>> = bodies
        .iter()
        .zip(
            signatures
                .iter()
                .cycle()
                .skip(usize::from(fields.choice(3))),
        )
        .map(|(body, signature)| ReceivedHook { body, signature })
        .collect();
    for level in Level::all() {
        let mut verdicts = vec![HookVerdict::Mismatch; hooks.len()];
        let key = BulkHookKey::with_level(secret, level);
        assert!(key.verify_many(&hooks, &mut verdicts).is_ok());
        for (hook, verdict) in hooks.iter().zip(verdicts) {
            let expected = match one.verify(hook.body, hook.signature) {
                Ok(proven) => {
                    assert_eq!(hook.proven(verdict), Some(proven.bytes()));
                    HookVerdict::Proven(proven.form())
                }
                Err(VerifyError::Malformed(reason)) => HookVerdict::Malformed(reason),
                Err(_) => HookVerdict::Mismatch,
            };
            assert_eq!(verdict, expected, "{level:?}");
        }
    }
}
