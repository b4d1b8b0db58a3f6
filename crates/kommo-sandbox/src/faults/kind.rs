//! The kinds of faults: what can go wrong between a client and the platform.

use core::fmt;

use serde::{Deserialize, Serialize};

use crate::config::hook_kind::HookKind;
use crate::faults::surface::Surface;

/// A kind of fault. On the wire it is the name in kebab-case, for example `too-many-requests`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum FaultKind {
    /// The server's clock is wrong, and its `Date` headers with it.
    StaleClock,
    /// 403 with the text `403 Forbidden` (rule E3).
    ForbiddenText,
    /// 404 without a body (rule E2).
    NotFoundEmpty,
    /// 429 (rule E4).
    TooManyRequests,
    /// 500 with the platform's error body (rule E5).
    ServerError,
    /// The answer comes late, by real time.
    Slow,
    /// The connection is closed without an answer, or in the middle of one; nothing is changed.
    Cut,
    /// 200 with a page of HTML (rule E6).
    NonJson,
    /// The request is carried out, and the connection is closed without an answer.
    DropAfterCommit,
    /// The request waits until a caller releases it.
    Hold,
    /// 200 without a refresh token; the pair was issued.
    NoRefreshToken,
    /// A refusal of the token endpoint, whatever the request was worth.
    TokenError,
    /// A status of 4xx that no page describes.
    #[serde(rename = "unknown-4xx")]
    Unknown4xx,
    /// 401 with a problem.
    Unauthorized,
    /// 402 with a problem.
    PaymentRequired,
    /// 403 with a problem.
    ForbiddenJson,
    /// 403 with a page of HTML.
    ForbiddenHtml,
    /// 404 with a page of HTML.
    NotFoundHtml,
    /// 429 with a page of HTML.
    TooManyRequestsHtml,
    /// 502 with a page of HTML.
    BadGateway,
    /// 504 with a page of HTML.
    GatewayTimeout,
    /// 200 with a body that does not end for a long time.
    HugeBody,
    /// A head of 20 MiB.
    EndlessHeaders,
    /// A `next` link to a foreign host.
    ForeignNext,
    /// A hook is signed with another secret.
    WrongSignature,
    /// A hook has no signature.
    NoSignature,
    /// A hook is sent, and sent again, byte for byte.
    SentTwice,
    /// A hook is never sent; what it is about has happened.
    NeverSent,
}

impl FaultKind {
    /// Every kind.
    pub const ALL: [Self; 28] = [
        Self::StaleClock,
        Self::ForbiddenText,
        Self::NotFoundEmpty,
        Self::TooManyRequests,
        Self::ServerError,
        Self::Slow,
        Self::Cut,
        Self::NonJson,
        Self::DropAfterCommit,
        Self::Hold,
        Self::NoRefreshToken,
        Self::TokenError,
        Self::Unknown4xx,
        Self::Unauthorized,
        Self::PaymentRequired,
        Self::ForbiddenJson,
        Self::ForbiddenHtml,
        Self::NotFoundHtml,
        Self::TooManyRequestsHtml,
        Self::BadGateway,
        Self::GatewayTimeout,
        Self::HugeBody,
        Self::EndlessHeaders,
        Self::ForeignNext,
        Self::WrongSignature,
        Self::NoSignature,
        Self::SentTwice,
        Self::NeverSent,
    ];

    /// The name on the wire.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::StaleClock => "stale-clock",
            Self::ForbiddenText => "forbidden-text",
            Self::NotFoundEmpty => "not-found-empty",
            Self::TooManyRequests => "too-many-requests",
            Self::ServerError => "server-error",
            Self::Slow => "slow",
            Self::Cut => "cut",
            Self::NonJson => "non-json",
            Self::DropAfterCommit => "drop-after-commit",
            Self::Hold => "hold",
            Self::NoRefreshToken => "no-refresh-token",
            Self::TokenError => "token-error",
            Self::Unknown4xx => "unknown-4xx",
            Self::Unauthorized => "unauthorized",
            Self::PaymentRequired => "payment-required",
            Self::ForbiddenJson => "forbidden-json",
            Self::ForbiddenHtml => "forbidden-html",
            Self::NotFoundHtml => "not-found-html",
            Self::TooManyRequestsHtml => "too-many-requests-html",
            Self::BadGateway => "bad-gateway",
            Self::GatewayTimeout => "gateway-timeout",
            Self::HugeBody => "huge-body",
            Self::EndlessHeaders => "endless-headers",
            Self::ForeignNext => "foreign-next",
            Self::WrongSignature => "wrong-signature",
            Self::NoSignature => "no-signature",
            Self::SentTwice => "sent-twice",
            Self::NeverSent => "never-sent",
        }
    }

    /// What the fault does, in one sentence.
    #[must_use]
    pub const fn sentence(self) -> &'static str {
        match self {
            Self::StaleClock => {
                "What the server shows of its clock, such as its Date header, is off by `seconds` (default 3600); the Chats API refuses dates made by the right time."
            }
            Self::ForbiddenText => {
                "Answers 403 with the plain text `403 Forbidden`, as after too many requests."
            }
            Self::NotFoundEmpty => "Answers 404 without a body.",
            Self::TooManyRequests => {
                "Answers 429; `retry_after` is in seconds, and `retry_after_in` says where it stands: body (default), header, both or neither."
            }
            Self::ServerError => "Answers 500 with title, status, detail and trace_id.",
            Self::Slow => {
                "Answers after `delay_ms` real milliseconds (default 1000); the request is carried out at once."
            }
            Self::Cut => {
                "Closes the connection `at` before (default: without a byte of answer) or midway (half an answer); nothing is changed."
            }
            Self::NonJson => "Answers 200 with a page of HTML; nothing is changed.",
            Self::DropAfterCommit => {
                "Carries the request out, then closes the connection `at` before (default) or midway through the answer."
            }
            Self::Hold => {
                "The request waits until it is released, for at most `delay_ms` real milliseconds (default 60000); it is carried out `commit` before (default) or after the wait."
            }
            Self::NoRefreshToken => {
                "The request is carried out, and the answer of 200 has no `refresh_token`."
            }
            Self::TokenError => {
                "Answers the refusal named in `row`, without its hint if `hint` is false; nothing is changed."
            }
            Self::Unknown4xx => {
                "Answers `status` (default 418; 400 to 499) with a problem that no page describes; nothing is changed."
            }
            Self::Unauthorized => {
                "Answers 401 with a problem, as if the access token had ended; nothing is changed."
            }
            Self::PaymentRequired => {
                "Answers 402 with a problem: the paid period of the account has ended; nothing is changed."
            }
            Self::ForbiddenJson => {
                "Answers 403 with a problem: this call is not allowed; nothing is changed."
            }
            Self::ForbiddenHtml => {
                "Answers 403 with the HTML page of a gateway, as while an address is blocked; nothing is changed."
            }
            Self::NotFoundHtml => {
                "Answers 404 with a page of HTML, as a proxy in the way would; nothing is changed."
            }
            Self::TooManyRequestsHtml => {
                "Answers 429 with a page of HTML; `retry_after` goes into the header if it is given."
            }
            Self::BadGateway => "Answers 502 with a page of HTML; nothing is changed.",
            Self::GatewayTimeout => "Answers 504 with a page of HTML; nothing is changed.",
            Self::HugeBody => {
                "Answers 200 with JSON that continues for `body_bytes` (default 67108864); nothing is changed."
            }
            Self::EndlessHeaders => {
                "Answers 200 with 20000 header lines of 1024 bytes; nothing is changed."
            }
            Self::ForeignNext => {
                "The `next` link of a page leads to `host` (default `attacker.example`)."
            }
            Self::WrongSignature => {
                "The hook is signed with another secret; `hook` is a signed kind (default: any)."
            }
            Self::NoSignature => {
                "The hook has no signature; `hook` is a signed kind (default: any)."
            }
            Self::SentTwice => {
                "A replay: the hook is sent, and when it was answered it is sent again, byte for byte; `hook` is a kind (default: any)."
            }
            Self::NeverSent => {
                "The hook is never sent, and what it is about has happened all the same; `hook` is a kind (default: any)."
            }
        }
    }

    /// Whether a hook of this kind meets the fault.
    pub(crate) fn meets_hook(self, hook: HookKind) -> bool {
        match self {
            Self::WrongSignature | Self::NoSignature => hook.is_signed(),
            Self::SentTwice | Self::NeverSent => HookKind::ORDERED.contains(&hook),
            _ => false,
        }
    }

    /// The fields of `POST faults` that belong to this kind, besides `on`, `kind` and `times`.
    #[must_use]
    pub const fn fields(self) -> &'static [&'static str] {
        match self {
            Self::StaleClock => &["seconds"],
            Self::TooManyRequests => &["retry_after", "retry_after_in"],
            Self::Slow => &["delay_ms"],
            Self::Cut | Self::DropAfterCommit => &["at"],
            Self::Hold => &["delay_ms", "commit"],
            Self::TokenError => &["row", "hint"],
            Self::Unknown4xx => &["status"],
            Self::TooManyRequestsHtml => &["retry_after"],
            Self::HugeBody => &["body_bytes"],
            Self::ForeignNext => &["host"],
            Self::WrongSignature | Self::NoSignature | Self::SentTwice | Self::NeverSent => {
                &["hook"]
            }
            _ => &[],
        }
    }

    /// The surfaces that can have the fault; the first is the default.
    #[must_use]
    pub const fn surfaces(self) -> &'static [Surface] {
        match self {
            Self::ForbiddenText => &[Surface::Chats],
            Self::StaleClock
            | Self::NotFoundEmpty
            | Self::TooManyRequests
            | Self::ServerError
            | Self::Slow
            | Self::Cut
            | Self::NonJson
            | Self::DropAfterCommit => &[
                Surface::Chats,
                Surface::Token,
                Surface::Crm,
                Surface::OpenApi,
            ],
            Self::NoRefreshToken | Self::TokenError => &[Surface::Token],
            Self::Unauthorized | Self::ForeignNext => &[Surface::Crm],
            Self::WrongSignature | Self::NoSignature | Self::SentTwice | Self::NeverSent => {
                &[Surface::Hook]
            }
            Self::Hold | Self::BadGateway | Self::GatewayTimeout | Self::HugeBody => {
                &[Surface::Token, Surface::Crm, Surface::OpenApi]
            }
            Self::Unknown4xx
            | Self::PaymentRequired
            | Self::ForbiddenJson
            | Self::ForbiddenHtml
            | Self::NotFoundHtml
            | Self::TooManyRequestsHtml
            | Self::EndlessHeaders => &[Surface::Token, Surface::Crm],
        }
    }

    /// The rule of `docs/protocol.md` that a client of that surface meets with this fault.
    pub(crate) const fn rule(self, on: Surface) -> Option<&'static str> {
        match on {
            Surface::Chats => self.chats_rule(),
            Surface::Token => self.token_rule(),
            Surface::Crm => self.crm_rule(),
            Surface::OpenApi => self.open_api_rule(),
            Surface::Hook => None,
        }
    }

    const fn token_rule(self) -> Option<&'static str> {
        Some(match self {
            Self::StaleClock => "K4",
            Self::TokenError => "K6",
            Self::TooManyRequests | Self::TooManyRequestsHtml => "K9",
            Self::Unknown4xx
            | Self::PaymentRequired
            | Self::ForbiddenJson
            | Self::ForbiddenHtml
            | Self::NotFoundEmpty
            | Self::NotFoundHtml => "M4",
            _ => "K3",
        })
    }

    const fn crm_rule(self) -> Option<&'static str> {
        Some(match self {
            Self::Unauthorized => "M5",
            Self::PaymentRequired => "M4",
            Self::TooManyRequests | Self::TooManyRequestsHtml => "L5",
            Self::ForbiddenJson | Self::ForbiddenHtml => "L6",
            Self::GatewayTimeout => "L7",
            Self::ForeignNext => "L3",
            Self::ServerError => "E5",
            Self::NonJson => "E6",
            Self::Slow | Self::Hold | Self::Cut | Self::DropAfterCommit => "L10",
            _ => return None,
        })
    }

    /// The rule that the receiver of a hook of this kind meets with this fault.
    pub(crate) const fn hook_rule(self, hook: HookKind) -> Option<&'static str> {
        Some(match (self, hook) {
            (Self::WrongSignature | Self::NoSignature, HookKind::Disconnect) => "X1",
            (Self::WrongSignature, HookKind::Chat) => "H1",
            (Self::NoSignature, HookKind::Chat) => "H7",
            (Self::WrongSignature | Self::NoSignature, HookKind::OpenApi) => "O1",
            (Self::SentTwice, HookKind::Disconnect) => "X7",
            (Self::SentTwice, HookKind::Chat) => "H5",
            (Self::SentTwice, HookKind::OpenApi) => "O6",
            _ => return None,
        })
    }

    const fn open_api_rule(self) -> Option<&'static str> {
        Some(match self {
            Self::StaleClock => "O8",
            Self::TooManyRequests => "E4",
            Self::ServerError | Self::NonJson | Self::NotFoundEmpty | Self::BadGateway => "O9",
            Self::Slow
            | Self::Hold
            | Self::Cut
            | Self::DropAfterCommit
            | Self::GatewayTimeout
            | Self::HugeBody => "O10",
            _ => return None,
        })
    }

    const fn chats_rule(self) -> Option<&'static str> {
        Some(match self {
            Self::StaleClock => "T3",
            Self::ForbiddenText => "E3",
            Self::NotFoundEmpty => "E2",
            Self::TooManyRequests => "E4",
            Self::ServerError => "E5",
            Self::NonJson => "E6",
            Self::Slow | Self::Cut | Self::DropAfterCommit => "T2",
            _ => return None,
        })
    }
}

impl fmt::Display for FaultKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
