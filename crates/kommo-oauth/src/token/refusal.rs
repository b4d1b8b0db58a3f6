//! What a refusal of the token endpoint means. Decided by status and `hint`; `title` and `detail`
//! are translated, so they count in one case only.
//!
//! Source: rules K6, K8, K9 of `docs/protocol.md`.

use alloc::string::String;
use core::{error, fmt};

use kommo_peer::is_json;
use serde::Deserialize;

use crate::peer_json::{Number, PeerText, Text, parse_object};
use crate::token::known_hint::{KnownHint, plain};
use crate::token::refusal_kind::{RETRY_AFTER_MAX_SECONDS, TokenRefusalKind};

/// The longest body that is read.
const BODY_MAX_BYTES: usize = 1024 * 1024;

/// A refusal of the token endpoint: what it means, and what it was read from. It keeps no text of
/// the answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct TokenRefusal {
    /// What it means.
    pub kind: TokenRefusalKind,
    /// The status of the answer.
    pub status: u16,
    /// The hint, if it is a known one.
    pub hint: Option<KnownHint>,
}

impl TokenRefusal {
    /// As [`TokenRefusalKind::is_proof_of_death`].
    #[must_use]
    pub const fn is_proof_of_death(&self) -> bool {
        self.kind.is_proof_of_death()
    }
}

impl fmt::Display for TokenRefusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "token endpoint answered {}: {}", self.status, self.kind)?;
        match self.hint {
            Some(hint) => write!(f, " (hint: {})", hint.as_str()),
            None => Ok(()),
        }
    }
}

impl error::Error for TokenRefusal {}

/// The members of a problem body that are read. If one is repeated, the body is ignored.
#[derive(Deserialize, Default)]
struct Problem<'a> {
    #[serde(borrow, default)]
    hint: Text<'a>,
    #[serde(borrow, default)]
    title: Text<'a>,
    #[serde(borrow, default)]
    detail: Text<'a>,
    #[serde(borrow, default)]
    error: Text<'a>,
    #[serde(default)]
    retry_after: Number,
}

/// Reads a refusal. The caller knows that the status is neither a success nor a doubt.
pub(crate) fn read_refusal(
    status: u16,
    content_type: Option<&str>,
    retry_after_seconds: Option<u64>,
    body: &[u8],
) -> TokenRefusal {
    let body = if body.len() > BODY_MAX_BYTES {
        &[]
    } else {
        body
    };
    let text = PeerText::of(body);
    let problem: Problem<'_> = parse_object(&text).unwrap_or_default();
    let hint = problem.hint.get().and_then(KnownHint::find);
    let kind = match status {
        400 | 401 => kind_of_fault(status, hint, &problem),
        402 => TokenRefusalKind::PaymentRequired,
        403 if is_json(content_type, body) => TokenRefusalKind::Forbidden,
        403 => TokenRefusalKind::Blocked,
        404 => TokenRefusalKind::NotFound,
        429 => TokenRefusalKind::Throttled {
            retry_after_seconds: pause(problem.retry_after.0, retry_after_seconds),
        },
        _ => TokenRefusalKind::Unknown,
    };
    TokenRefusal { kind, status, hint }
}

fn pause(of_body: Option<u64>, of_header: Option<u64>) -> Option<u64> {
    let seconds = of_body.or(of_header)?;
    Some(seconds.min(RETRY_AFTER_MAX_SECONDS))
}

/// The hint first, whichever of the two statuses it came with: versions of the server package
/// differ there. Then RFC 6749's `error`, then the wording of the one refusal that has no hint.
fn kind_of_fault(status: u16, hint: Option<KnownHint>, problem: &Problem<'_>) -> TokenRefusalKind {
    if let Some(hint) = hint {
        return hint.kind();
    }
    match problem.error.get() {
        Some("invalid_client" | "unauthorized_client") => return TokenRefusalKind::ClientRejected,
        Some("invalid_grant") => return TokenRefusalKind::InvalidGrant,
        Some("unsupported_grant_type") => return TokenRefusalKind::UnknownGrantType,
        _ => {}
    }
    if status != 401 {
        return TokenRefusalKind::Unknown;
    }
    if problem.hint.get().is_none_or(|hint| hint.trim().is_empty()) && names_client(problem) {
        return TokenRefusalKind::ClientRejected;
    }
    TokenRefusalKind::Unauthorized
}

/// The Russian pair was captured. No English one was: these are the package's sentence and likely
/// translations.
const CLIENT_WORDINGS: [&str; 6] = [
    "некорректный клиент",
    "авторизация клиента не прошла",
    "client authentication failed",
    "client authorization failed",
    "invalid client",
    "incorrect client",
];

fn names_client(problem: &Problem<'_>) -> bool {
    [problem.title.get(), problem.detail.get()]
        .into_iter()
        .flatten()
        .any(|text| {
            let text: String = plain(text).chars().flat_map(char::to_lowercase).collect();
            CLIENT_WORDINGS.contains(&text.as_str())
        })
}
