//! The kinds of faults: what can go wrong between a client and the Chats API.

use core::fmt;

use serde::{Deserialize, Serialize};

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
}

impl FaultKind {
    /// Every kind.
    pub const ALL: [Self; 9] = [
        Self::StaleClock,
        Self::ForbiddenText,
        Self::NotFoundEmpty,
        Self::TooManyRequests,
        Self::ServerError,
        Self::Slow,
        Self::Cut,
        Self::NonJson,
        Self::DropAfterCommit,
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
        }
    }

    /// What the fault does, in one sentence.
    #[must_use]
    pub const fn sentence(self) -> &'static str {
        match self {
            Self::StaleClock => {
                "The server's clock and its Date header are off by `seconds` (default 3600), so that dates made by the right time are refused."
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
                "Carries the request out, then closes the connection without an answer."
            }
        }
    }

    /// The fields of `POST faults` that belong to this kind, besides `on`, `kind` and `times`.
    #[must_use]
    pub const fn fields(self) -> &'static [&'static str] {
        match self {
            Self::StaleClock => &["seconds"],
            Self::TooManyRequests => &["retry_after", "retry_after_in"],
            Self::Slow => &["delay_ms"],
            Self::Cut => &["at"],
            _ => &[],
        }
    }

    /// The rule of `docs/protocol.md` that a client meets with this fault.
    pub(crate) const fn rule(self) -> &'static str {
        match self {
            Self::StaleClock => "T3",
            Self::ForbiddenText => "E3",
            Self::NotFoundEmpty => "E2",
            Self::TooManyRequests => "E4",
            Self::ServerError => "E5",
            Self::NonJson => "E6",
            Self::Slow | Self::Cut | Self::DropAfterCommit => "T2",
        }
    }
}

impl fmt::Display for FaultKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
