//! Records of hooks in a store, and files of a spool.

use kommo_hooks::inbox::{HookOrigin, HookRecord, SpoolGroup, StoredFormError, UnsignedKind};
use kommo_hooks::{HookKind, dangerous::recorded_proof};
use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::fields::Fields;

/// Whatever the bytes of a record: an error that tells nothing of them, or a record that a naive
/// reader finds too, and that is written and read again as the same one.
///
/// Fields: the kind beside it, the head, the bytes. Choice 0: the head is written by us, of the
/// kind and what follows as the key's id; choice 1: with another length before it.
///
/// # Panics
///
/// If a law is broken.
pub fn hook_record(data: &[u8]) {
    let mut fields = Fields::of(data);
    let (is_written, is_cut) = (fields.choice(0), fields.choice(1));
    let kind = fields.text();
    let head = fields.bytes();
    let bytes = fields.bytes();
    if is_written {
        return written_record(&kind, &String::from_utf8_lossy(head), bytes);
    }
    let length = u32::try_from(head.len()).unwrap_or_default();
    let length = if is_cut { length / 2 } else { length };
    let stored = [&length.to_be_bytes(), head, bytes].concat();
    match HookRecord::from_stored(&kind, &stored) {
        Ok(record) => {
            let begin = 4 + usize::try_from(length).unwrap_or_default();
            assert_eq!(Some(record.bytes), stored.get(begin..));
            assert_is_in_head(&record, stored.get(4..begin).unwrap_or_default());
            let again = record.to_stored();
            assert_eq!(HookRecord::from_stored(&kind, &again), Ok(record));
        }
        Err(error) => short(error),
    }
}

/// The head of a record that was read, read naively.
fn assert_is_in_head(record: &HookRecord<'_>, head: &[u8]) {
    let Ok(Value::Object(head)) = serde_json::from_slice::<Value>(head) else {
        panic!("a head that is not an object");
    };
    let known = ["v", "kind", "key", "at"];
    assert!(head.keys().all(|name| known.contains(&&**name)));
    assert_eq!(head.get("v"), Some(&Value::from(1)));
    assert_eq!(head.get("kind"), Some(&Value::from(record.origin.name())));
    let (key, at) = (head.get("key"), head.get("at"));
    match record.origin {
        HookOrigin::Proven(proof) | HookOrigin::TokenProven(proof) => {
            assert_eq!(key, Some(&Value::from(proof.key_id.as_str())));
            assert_eq!(at, Some(&Value::from(proof.verified_at)));
        }
        _ => assert!([key, at].iter().all(|it| it.is_none_or(Value::is_null))),
    }
}

/// What is written is read, of every kind.
fn written_record(kind: &str, key_id: &str, bytes: &[u8]) {
    let origin = match UnsignedKind::from_name(kind) {
        Some(kind) => Some(HookOrigin::Unsigned(kind)),
        None => recorded_proof(kind, key_id, bytes.len() as u64).map(|proof| match proof.kind {
            HookKind::BotToken | HookKind::WidgetToken => HookOrigin::TokenProven(proof),
            _ => HookOrigin::Proven(proof),
        }),
    };
    let Some(origin) = origin else {
        return;
    };
    let record = HookRecord::new(origin, bytes);
    let stored = record.to_stored();
    assert_eq!(HookRecord::from_stored(kind, &stored), Ok(record));
    let other = HookKind::OpenApi.name();
    if kind != other {
        let found = HookRecord::from_stored(other, &stored);
        assert_eq!(found, Err(StoredFormError::Damaged("kind")));
    }
}

/// Whatever the content of a file: an error, or a group that is written and read again as the same
/// one, and no byte of it is left over.
///
/// Fields: the head, the records. Choice 0: with the hash that belongs to it, else with the
/// beginning as its hash; choice 1: with another length before the head.
///
/// # Panics
///
/// If a law is broken.
pub fn spool_group(data: &[u8]) {
    let mut fields = Fields::of(data);
    let (is_hashed, is_cut) = (fields.choice(0), fields.choice(1));
    let head = fields.bytes();
    let records = fields.bytes();
    let length = u32::try_from(head.len()).unwrap_or_default();
    let length = if is_cut { length / 2 } else { length };
    let rest = [&length.to_be_bytes(), head, records].concat();
    let file = match is_hashed {
        true => [&Sha256::digest(&rest)[..], &rest].concat(),
        false => rest,
    };
    match SpoolGroup::from_file(&file) {
        Ok(group) => {
            assert!(is_hashed, "a hash that was guessed");
            let bytes: usize = group.hooks.iter().map(|hook| hook.record.len()).sum();
            let begin = 32 + 4 + usize::try_from(length).unwrap_or_default();
            assert_eq!(begin + bytes, file.len());
            let mut again = group.to_file();
            assert_eq!(SpoolGroup::from_file(&again).as_ref(), Ok(&group));
            // A disk that changes one byte is found.
            let place = begin.wrapping_mul(31) % again.len();
            if let Some(byte) = again.get_mut(place) {
                *byte ^= 1;
            }
            let damaged = SpoolGroup::from_file(&again);
            assert_eq!(damaged, Err(StoredFormError::Damaged("hash")));
        }
        Err(error) => short(error),
    }
}

fn short(error: StoredFormError) {
    assert!(error.to_string().len() < 80, "an error that tells too much");
}

#[cfg(feature = "seeds")]
pub(crate) fn record_seeds() -> Vec<(String, Vec<u8>)> {
    use crate::fields::join;

    let kinds = [
        "chat",
        "open-api",
        "disconnect",
        "unsigned-crm",
        "unsigned-pipeline-widget",
        "bot-token",
        "other",
    ];
    let heads = |kind: &str| {
        [
            format!(r#"{{"v":1,"kind":"{kind}","key":"2026-11","at":1796000000}}"#),
            format!(r#"{{"v":1,"kind":"{kind}","key":null,"at":null}}"#),
            format!(r#"{{"v":1,"kind":"{kind}"}}"#),
            format!(r#"{{"v":2,"kind":"{kind}","more":[1]}}"#),
            format!(r#"{{"v":1,"kind":"{kind}","key":"","at":-1}}"#),
        ]
    };
    let mut all = Vec::new();
    for kind in kinds {
        for (number, head) in heads(kind).iter().enumerate() {
            let fields = [kind.as_bytes(), head.as_bytes(), b"{\"time\":1}"];
            all.push((format!("head-{kind}-{number}"), join(0, &fields)));
        }
        let fields = [kind.as_bytes(), b"2026-11", b"body"];
        all.push((format!("written-{kind}"), join(1, &fields)));
        let head = &heads(kind)[0];
        all.push((
            format!("cut-{kind}"),
            join(2, &[kind.as_bytes(), head.as_bytes()]),
        ));
    }
    all
}

#[cfg(feature = "seeds")]
pub(crate) fn group_seeds() -> Vec<(String, Vec<u8>)> {
    use crate::fields::join;

    let entry = |number: usize, bytes: usize| {
        format!(
            r#"{{"key":"{number:032x}","kind":"chat","event":"message","account":"chats:x","conversation":null,"record_bytes":{bytes}}}"#
        )
    };
    let group = |version: u32, entries: &[String]| {
        let entries = entries.join(",");
        format!(r#"{{"v":{version},"realm":"real","inbox":"chats","hooks":[{entries}]}}"#)
    };
    let records = b"0123456789abcdefghijklmnopqrstuvwxyz";
    let mut all = Vec::new();
    for hooks in 0..8 {
        let entries: Vec<String> = (0..hooks).map(|number| entry(number, number)).collect();
        let bytes = hooks * hooks.saturating_sub(1) / 2;
        let head = group(1, &entries);
        for (name, choices, length) in [
            ("whole", 1, bytes),
            ("longer", 1, bytes + 1),
            ("unhashed", 0, bytes),
            ("cut", 3, bytes),
        ] {
            let fields = [head.as_bytes(), records.get(..length).unwrap_or(records)];
            all.push((format!("{name}-{hooks}"), join(choices, &fields)));
        }
    }
    let huge = group(1, &[entry(1, usize::MAX)]);
    all.push(("huge".to_owned(), join(1, &[huge.as_bytes(), records])));
    let newer = group(2, &[]);
    all.push(("newer".to_owned(), join(1, &[newer.as_bytes()])));
    all
}
