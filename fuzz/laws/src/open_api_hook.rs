//! Webhooks of the Open API. Rules O2 to O4 and O6.

use kommo_hooks::{FreshnessWindow, OpenApiVerifier, ReceivedSignature, Refusal};
use kommo_sign::{AppSecret, OpenApiKey};

use crate::fields::Fields;
use crate::hook_verifiers::ring;
use crate::json_entries::Entries;
use crate::naive_mac::hmac_sha256;

const SECRET: &str = "made-up-app-secret";
const NOW: u64 = 1_796_000_000;
const WINDOW: FreshnessWindow = FreshnessWindow::new(86_400, 600);

/// What the naive HMAC proves passes, and nothing else; of that, what is fresh or has no time.
///
/// Fields: body, a signature. Choice 0: the right signature instead; 1: a byte of the body is
/// changed after it was signed; 2: the header comes twice.
///
/// # Panics
///
/// If a law is broken.
pub fn open_api_hook(data: &[u8]) {
    let mut fields = Fields::of(data);
    let (is_right, is_changed) = (fields.choice(0), fields.choice(1));
    let is_twice = fields.choice(2);
    let mut body = fields.bytes().to_vec();
    let mut signature = fields.text().into_owned();
    let Ok(secret) = AppSecret::new(SECRET) else {
        return;
    };
    if is_right {
        signature = hmac_sha256(SECRET, &body);
    }
    if is_changed {
        let middle = body.len() / 2;
        match body.get_mut(middle) {
            Some(byte) => *byte ^= 1,
            None => body.push(b'\n'),
        }
    }
    let verifier: OpenApiVerifier = OpenApiVerifier::new(ring(OpenApiKey::new(&secret)));
    let values = [signature.as_bytes(); 2];
    let values = values.into_iter().take(1 + usize::from(is_twice));
    let received = ReceivedSignature::from_values(values);
    let verdict = verifier.verify(&body, received, NOW);
    if is_twice {
        assert_eq!(verdict.err(), Some(Refusal::SignatureRepeated));
        return;
    }
    assert_eq!(verdict.is_ok(), signature == hmac_sha256(SECRET, &body));
    assert!(!(is_right && is_changed && verdict.is_ok()));
    if let Ok(hook) = &verdict {
        assert_eq!(*hook.get(), body);
    }
    let fresh = verifier.verify_fresh(&body, received, WINDOW, NOW);
    match verdict {
        Ok(_) => check_time(&body, fresh.err()),
        Err(refusal) => assert_eq!(fresh.err(), Some(refusal)),
    }
}

fn check_time(body: &[u8], refusal: Option<Refusal>) {
    let is_marked = body.starts_with(b"\xef\xbb\xbf");
    let Some(entries) = Entries::read(body).filter(|_| !is_marked) else {
        return;
    };
    let names = ["account_id", "time", "created_at"];
    let expected = if names.iter().any(|name| entries.count(name) > 1) {
        Some(Refusal::BodyMalformed)
    } else {
        let time = entries
            .get("created_at")
            .and_then(serde_json::Value::as_u64);
        match time.map(|time| i128::from(time) - i128::from(NOW)) {
            Some(ahead @ 601..) => Some(Refusal::FromTheFuture {
                ahead_seconds: u64::try_from(ahead).unwrap_or(u64::MAX),
            }),
            Some(ahead) if ahead < -86_400 => Some(Refusal::Stale {
                age_seconds: u64::try_from(-ahead).unwrap_or(u64::MAX),
            }),
            _ => None,
        }
    };
    assert_eq!(refusal, expected);
}

#[cfg(feature = "seeds")]
pub(crate) fn seeds() -> Vec<(String, Vec<u8>)> {
    use crate::fields::join;

    let vectors = kommo_test_vectors::open_api_bodies()
        .into_iter()
        .flat_map(|case| {
            [0, 1, 3].map(|choices| {
                let fields = [case.body.as_slice(), case.signature.as_bytes()];
                (format!("{}-{choices}", case.name), join(choices, &fields))
            })
        });
    let times = [NOW, NOW - 86_400, NOW - 86_401, NOW + 600, NOW + 601, 0];
    let times = times.into_iter().flat_map(|time| {
        let texts = [
            format!(r#"{{"event":"e","created_at":{time},"data":{{}}}}"#),
            format!(r#"{{"created_at":{time},"created_at":{time}}}"#),
            format!(r#"{{"created_at":"{time}"}}"#),
        ];
        texts.map(move |body| (body.clone(), join(1, &[body.as_bytes()])))
    });
    let times = times.enumerate();
    vectors
        .chain(times.map(|(number, (_, input))| (format!("time-{number}"), input)))
        .collect()
}
