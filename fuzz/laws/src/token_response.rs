//! Answers of the token endpoint.

use kommo_oauth::UnixSeconds;
use kommo_oauth::token::{
    RETRY_AFTER_MAX_SECONDS, TOKEN_MAX_BYTES, TokenAnswer, TokenPair, TokenRefusalKind,
    read_token_answer,
};

use crate::fields::Fields;
use crate::json_entries::Entries;

const NOW: UnixSeconds = UnixSeconds::new(1_700_000_000);
const PROOFS: [&str; 4] = [
    "token has been revoked",
    "token has expired",
    "cannot decrypt the refresh token",
    "token is not linked to client",
];

/// A pair is granted, and a proof of death is seen, exactly where the naive reader says so; the
/// status alone tells doubt from refusal; no text of the answer comes out.
///
/// Fields: status, `Content-Type`, `Retry-After`, body.
///
/// # Panics
///
/// If a law is broken.
pub fn token_response(data: &[u8]) {
    let mut fields = Fields::of(data);
    let status: u16 = fields.text().parse().unwrap_or(200);
    let content_type = fields.text();
    let retry_after: Option<u64> = fields.text().parse().ok();
    let body = fields.bytes();
    let answer = read_token_answer(status, Some(&content_type), retry_after, body, NOW);
    let entries = Entries::read(body);
    match &answer {
        TokenAnswer::Granted(pair) => {
            assert!((200..=204).contains(&status));
            granted(pair);
        }
        TokenAnswer::InDoubt(_) => assert!(matches!(status, 200..=299 | 408 | 500..=599)),
        TokenAnswer::Refused(refusal) => {
            assert!(!matches!(status, 200..=299 | 408 | 500..=599));
            assert_eq!(refusal.status, status);
            if let TokenRefusalKind::Throttled {
                retry_after_seconds: Some(seconds),
            } = refusal.kind
            {
                assert!(seconds <= RETRY_AFTER_MAX_SECONDS);
            }
        }
        _ => panic!("an answer of a new kind"),
    }
    if let Some(entries) = entries {
        judge(&answer, status, &entries);
        tells_nothing(&answer, &entries);
    }
}

fn granted(pair: &TokenPair) {
    for text in [pair.access_token.expose(), pair.refresh_token.expose()] {
        assert!(is_token(text));
    }
    assert_eq!(pair.obtained_at, NOW);
    assert!(pair.expires_at > NOW);
    assert!(pair.expires_at.get() <= NOW.get() + 10 * 366 * 86_400);
}

fn is_token(text: &str) -> bool {
    (1..=TOKEN_MAX_BYTES).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic())
}

fn judge(answer: &TokenAnswer, status: u16, entries: &Entries) {
    let is_once = |names: &[&str]| names.iter().all(|name| entries.count(name) <= 1);
    if (200..=204).contains(&status)
        && is_once(&["access_token", "refresh_token", "expires_in", "server_time"])
    {
        let texts = (entries.text("access_token"), entries.text("refresh_token"));
        let expected = match texts {
            (Some(access), Some(refresh)) if is_token(access) && is_token(refresh) => texts,
            _ => (None, None),
        };
        let found = match answer {
            TokenAnswer::Granted(pair) => (
                Some(pair.access_token.expose()),
                Some(pair.refresh_token.expose()),
            ),
            _ => (None, None),
        };
        assert_eq!(found, expected);
    }
    if let TokenAnswer::Refused(refusal) = answer {
        let names = ["hint", "title", "detail", "error", "retry_after"];
        let hint = entries.text("hint").filter(|_| is_once(&names));
        let hint = hint.map(|hint| hint.trim().strip_suffix('.').unwrap_or(hint.trim()));
        let is_proof =
            hint.is_some_and(|hint| PROOFS.contains(&hint.to_ascii_lowercase().as_str()));
        let expected = is_proof && matches!(status, 400 | 401);
        assert_eq!(refusal.is_proof_of_death(), expected, "{refusal:?}");
    }
}

/// I8.
fn tells_nothing(answer: &TokenAnswer, entries: &Entries) {
    let told = format!("{answer:?}");
    for name in ["access_token", "refresh_token"] {
        let text = entries.text(name).filter(|text| text.len() > 40);
        assert!(
            text.is_none_or(|text| !told.contains(text)),
            "a token is told"
        );
    }
}
