//! Reads an answer of the token endpoint.
//!
//! ```text
//! status ── 200..=204 ── both tokens ──────────> Granted
//!    │           └────── anything else ────────> InDoubt   the platform may have spent the code or the refresh token
//!    ├── other 2xx, 408, 5xx ──────────────────> InDoubt
//!    └── the rest ── status and hint ──────────> Refused
//! ```
//!
//! Source: rules K3 to K5 of `docs/protocol.md`.

use core::time::Duration;
use core::{error, fmt};

use serde::Deserialize;

use crate::peer_json::{NotReadable, Number, PeerText, Text, parse_object};
use crate::token::refusal::{TokenRefusal, read_refusal};
use crate::token::refusal_kind::RETRY_AFTER_MAX_SECONDS;
use crate::token::tokens::{AccessToken, RefreshToken, TokenError, TokenPair};
use crate::unix_time::UnixSeconds;

/// The longest body of a success that is read, in bytes.
pub const TOKEN_ANSWER_MAX_BYTES: usize = 1024 * 1024;

/// How long an access token is good for: 24 hours. Taken when `expires_in` is missing or makes no
/// sense.
///
/// Source: vendor page "OAuth".
pub const ACCESS_TOKEN_LIFETIME: Duration = Duration::from_secs(86_400);

/// Ten years. A longer life is nonsense.
const EXPIRES_IN_MAX_SECONDS: u64 = 10 * 366 * 86_400;

/// What an answer of the token endpoint means.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum TokenAnswer {
    /// A new pair.
    Granted(TokenPair),
    /// The platform may or may not have acted: what was sent may be spent.
    InDoubt(DoubtCause),
    /// The platform refused.
    Refused(TokenRefusal),
}

/// Which of the two tokens of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum AnswerToken {
    /// `access_token`.
    Access,
    /// `refresh_token`.
    Refresh,
}

impl fmt::Display for AnswerToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Access => "access_token",
            Self::Refresh => "refresh_token",
        })
    }
}

/// Why an answer leaves in doubt what happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum DoubtCause {
    /// 408 or 5xx: a proxy gave up, or the platform failed half-way.
    Status {
        /// The status.
        status: u16,
        /// The pause that the header asks for; at most [`RETRY_AFTER_MAX_SECONDS`].
        retry_after_seconds: Option<u64>,
    },
    /// A 2xx other than 200 to 204.
    OtherSuccess {
        /// The status.
        status: u16,
    },
    /// A success with more than [`TOKEN_ANSWER_MAX_BYTES`].
    TooLarge {
        /// The length found, in bytes.
        found: usize,
    },
    /// A success with an empty body.
    Empty,
    /// A success whose body is not a JSON object, or is cut.
    NotJson,
    /// A success in which a field is repeated.
    DuplicateField,
    /// A success without one of the tokens, or with something that is not text in its place.
    Missing {
        /// Which.
        token: AnswerToken,
    },
    /// A success with a text that cannot be a token.
    BadToken {
        /// Which.
        token: AnswerToken,
        /// Why.
        error: TokenError,
    },
}

impl fmt::Display for DoubtCause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Status { status, .. } => write!(f, "token endpoint answered {status}"),
            Self::OtherSuccess { status } => {
                write!(f, "token endpoint answered {status}, no known success")
            }
            Self::TooLarge { found } => write!(
                f,
                "token answer has {found} bytes, more than {TOKEN_ANSWER_MAX_BYTES}"
            ),
            Self::Empty => f.write_str("token answer is empty"),
            Self::NotJson => f.write_str("token answer is not a complete json object"),
            Self::DuplicateField => f.write_str("token answer has a field twice"),
            Self::Missing { token } => write!(f, "token answer has no {token}"),
            Self::BadToken { token, .. } => write!(f, "token answer has an unusable {token}"),
        }
    }
}

impl error::Error for DoubtCause {
    fn source(&self) -> Option<&(dyn error::Error + 'static)> {
        match self {
            Self::BadToken { error, .. } => Some(error),
            _ => None,
        }
    }
}

/// Reads an answer of the token endpoint, to an exchange or a refresh. Never panics; keeps no text
/// of the answer but the tokens.
///
/// `retry_after_seconds` is the header `Retry-After`, if it was there and a number. `received_at`
/// is the local time of the answer: the pair's expiry is that and `expires_in`, and the server's
/// clock does not enter it.
///
/// - 200 to 204 with both tokens: [`TokenAnswer::Granted`], whatever `content_type` says.
///   `expires_in` may be a text; one that is missing, 0, or beyond ten years counts as
///   [`ACCESS_TOKEN_LIFETIME`], since a pair that has arrived is not thrown away for it, and a 401
///   corrects it.
/// - 200 to 204 with anything else, another 2xx, 408, 5xx: [`TokenAnswer::InDoubt`].
/// - everything else: [`TokenAnswer::Refused`]. Without a known hint, 400 is
///   [`Unknown`](crate::token::TokenRefusalKind::Unknown) and 401 is
///   [`Unauthorized`](crate::token::TokenRefusalKind::Unauthorized). A body over 1 MiB, cut, or
///   with a repeated field has no hint.
///
/// Source: vendor pages "OAuth" and "Kommo token reference" for the success; captures for the
/// refusals.
///
/// # Examples
///
/// ```
/// # use kommo_oauth::token::{TokenAnswer, read_token_answer};
/// # use kommo_oauth::UnixSeconds;
/// let body = br#"{"token_type":"Bearer","expires_in":86400,"access_token":"eyJ0.a.b","refresh_token":"def502"}"#;
/// let now = UnixSeconds::new(1_700_000_000);
/// let TokenAnswer::Granted(pair) = read_token_answer(200, None, None, body, now) else { panic!() };
/// assert_eq!(pair.expires_at, UnixSeconds::new(1_700_086_400));
///
/// let body = br#"{"hint":"Token has been revoked","status":401}"#;
/// let TokenAnswer::Refused(refusal) = read_token_answer(401, None, None, body, now) else { panic!() };
/// assert!(refusal.is_proof_of_death());
/// ```
#[must_use]
pub fn read_token_answer(
    status: u16,
    content_type: Option<&str>,
    retry_after_seconds: Option<u64>,
    body: &[u8],
    received_at: UnixSeconds,
) -> TokenAnswer {
    match status {
        200..=204 => match read_pair(body, received_at) {
            Ok(pair) => TokenAnswer::Granted(pair),
            Err(cause) => TokenAnswer::InDoubt(cause),
        },
        205..=299 => TokenAnswer::InDoubt(DoubtCause::OtherSuccess { status }),
        408 | 500..=599 => TokenAnswer::InDoubt(DoubtCause::Status {
            status,
            retry_after_seconds: retry_after_seconds
                .map(|seconds| seconds.min(RETRY_AFTER_MAX_SECONDS)),
        }),
        _ => TokenAnswer::Refused(read_refusal(
            status,
            content_type,
            retry_after_seconds,
            body,
        )),
    }
}

#[derive(Deserialize)]
struct Success<'a> {
    #[serde(default)]
    expires_in: Number,
    #[serde(default)]
    server_time: Number,
    #[serde(borrow, default)]
    access_token: Text<'a>,
    #[serde(borrow, default)]
    refresh_token: Text<'a>,
}

fn read_pair(body: &[u8], received_at: UnixSeconds) -> Result<TokenPair, DoubtCause> {
    if body.len() > TOKEN_ANSWER_MAX_BYTES {
        return Err(DoubtCause::TooLarge { found: body.len() });
    }
    let text = PeerText::of(body);
    let success: Success<'_> = parse_object(&text).map_err(doubt_of)?;
    let access = token_text(&success.access_token, AnswerToken::Access)?;
    let refresh = token_text(&success.refresh_token, AnswerToken::Refresh)?;
    let access_token = AccessToken::new(access).map_err(bad(AnswerToken::Access))?;
    let refresh_token = RefreshToken::new(refresh).map_err(bad(AnswerToken::Refresh))?;
    let expires_at = received_at.plus(lifetime(success.expires_in));
    let mut pair = TokenPair::new(access_token, refresh_token, received_at, expires_at);
    pair.server_time = success.server_time.0.map(UnixSeconds::new);
    Ok(pair)
}

fn doubt_of(reason: NotReadable) -> DoubtCause {
    match reason {
        NotReadable::Empty => DoubtCause::Empty,
        NotReadable::NotJson => DoubtCause::NotJson,
        NotReadable::Fields => DoubtCause::DuplicateField,
    }
}

fn token_text<'a>(text: &'a Text<'_>, token: AnswerToken) -> Result<&'a str, DoubtCause> {
    text.get().ok_or(DoubtCause::Missing { token })
}

fn bad(token: AnswerToken) -> impl Fn(TokenError) -> DoubtCause {
    move |error| DoubtCause::BadToken { token, error }
}

fn lifetime(expires_in: Number) -> Duration {
    match expires_in.0 {
        Some(seconds @ 1..=EXPIRES_IN_MAX_SECONDS) => Duration::from_secs(seconds),
        _ => ACCESS_TOKEN_LIFETIME,
    }
}
