//! A fault on order: its kind, how often, and what belongs to the kind; and its JSON in the control
//! API.

use core::error::Error;
use core::fmt;
use core::time::Duration;

use serde::{Deserialize, Serialize};

use crate::config::hook_kind::HookKind;
use crate::config::token_error::TokenError;
use crate::faults::kind::FaultKind;
use crate::faults::surface::Surface;

/// Where a 429 says `retry_after` (rule E4).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum RetryAfterPlace {
    /// In the JSON body.
    #[default]
    Body,
    /// In the header `Retry-After`.
    Header,
    /// In both.
    Both,
    /// Nowhere.
    Neither,
}

/// Where a cut connection ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum CutPoint {
    /// Before the first byte of the answer.
    #[default]
    Before,
    /// After the headers and a part of the body.
    Midway,
}

/// When a held request is carried out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum CommitPoint {
    /// Before the wait: the answer is made, and comes late.
    #[default]
    Before,
    /// After the wait: the request itself comes late.
    After,
}

/// A fault on order. Setters that do not belong to the kind have no effect.
///
/// # Examples
///
/// ```
/// use kommo_sandbox::{Fault, FaultKind};
///
/// let fault = Fault::new(FaultKind::TooManyRequests).times(2).retry_after(3);
/// assert_eq!(fault.kind(), FaultKind::TooManyRequests);
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "FaultOrder", into = "FaultOrder")]
pub struct Fault {
    kind: FaultKind,
    on: Surface,
    pub(crate) times: Option<u32>,
    pub(crate) seconds: i64,
    pub(crate) delay_ms: u64,
    pub(crate) retry_after: Option<u64>,
    pub(crate) retry_after_in: RetryAfterPlace,
    pub(crate) at: CutPoint,
    pub(crate) commit: CommitPoint,
    pub(crate) row: TokenError,
    pub(crate) hint: bool,
    pub(crate) status: u16,
    pub(crate) body_bytes: u64,
    pub(crate) host: Option<String>,
    pub(crate) hook: Option<HookKind>,
}

/// Ten minutes: longer than any client waits.
const LONGEST_DELAY_MS: u64 = 600_000;

impl Fault {
    /// A fault that stays until it is cleared.
    #[must_use]
    pub const fn new(kind: FaultKind) -> Self {
        let on = match kind.surfaces() {
            [first, ..] => *first,
            [] => Surface::Chats,
        };
        let delay_ms = match kind {
            FaultKind::Hold => 60_000,
            _ => 1000,
        };
        Self {
            kind,
            on,
            times: None,
            seconds: 3600,
            delay_ms,
            retry_after: None,
            retry_after_in: RetryAfterPlace::Body,
            at: CutPoint::Before,
            commit: CommitPoint::Before,
            row: TokenError::RefreshTokenRevoked,
            hint: true,
            status: 418,
            body_bytes: 64 * 1024 * 1024,
            host: None,
            hook: None,
        }
    }

    /// The surface that has it. Default: the first of the kind's surfaces. On a surface that its
    /// kind cannot have, it has no effect.
    #[must_use]
    pub fn on(self, on: Surface) -> Self {
        Self { on, ..self }
    }

    /// The surface that has it.
    #[must_use]
    pub const fn surface(&self) -> Surface {
        self.on
    }

    /// What kind it is.
    #[must_use]
    pub const fn kind(&self) -> FaultKind {
        self.kind
    }

    /// Meets `times` requests and is gone; 0 meets none.
    #[must_use]
    pub fn times(self, times: u32) -> Self {
        Self {
            times: Some(times),
            ..self
        }
    }

    /// Stale clock: the server's clock is the virtual clock plus `seconds`; negative is behind.
    /// Default: 3600.
    #[must_use]
    pub fn seconds(self, seconds: i64) -> Self {
        Self { seconds, ..self }
    }

    /// Slow: real milliseconds until the answer, at most 600000. Default: 1000.
    #[must_use]
    pub fn delay_ms(self, delay_ms: u64) -> Self {
        Self {
            delay_ms: delay_ms.min(LONGEST_DELAY_MS),
            ..self
        }
    }

    /// Too many requests: the seconds that the answer asks to wait. Default: none.
    #[must_use]
    pub fn retry_after(self, seconds: u64) -> Self {
        Self {
            retry_after: Some(seconds),
            ..self
        }
    }

    /// Too many requests: where `retry_after` stands. Default: in the body.
    #[must_use]
    pub fn retry_after_in(self, place: RetryAfterPlace) -> Self {
        Self {
            retry_after_in: place,
            ..self
        }
    }

    /// Cut, drop after commit: where the connection ends. Default: before the answer.
    #[must_use]
    pub fn at(self, at: CutPoint) -> Self {
        Self { at, ..self }
    }

    /// Hold: when the request is carried out. Default: before the wait.
    #[must_use]
    pub fn commit(self, commit: CommitPoint) -> Self {
        Self { commit, ..self }
    }

    /// Token error: which refusal. Default: `refresh-token-revoked`.
    #[must_use]
    pub fn row(self, row: TokenError) -> Self {
        Self { row, ..self }
    }

    /// Token error: leaves the hint out.
    #[must_use]
    pub fn without_hint(self) -> Self {
        Self {
            hint: false,
            ..self
        }
    }

    /// Unknown 4xx: the status, brought between 400 and 499. Default: 418.
    #[must_use]
    pub fn status(self, status: u16) -> Self {
        Self {
            status: status.clamp(400, 499),
            ..self
        }
    }

    /// Huge body: its length. Default: 64 MiB.
    #[must_use]
    pub fn body_bytes(self, body_bytes: u64) -> Self {
        Self { body_bytes, ..self }
    }

    /// Foreign next: where the link leads. Default: `attacker.example`.
    #[must_use]
    pub fn host(self, host: impl Into<String>) -> Self {
        Self {
            host: Some(host.into()),
            ..self
        }
    }

    /// The faults of hooks: which kind of hook. Default: any that can meet it.
    #[must_use]
    pub fn hook(self, hook: HookKind) -> Self {
        Self {
            hook: Some(hook),
            ..self
        }
    }

    /// Whether a hook of this kind meets it.
    pub(crate) fn meets_hook(&self, hook: HookKind) -> bool {
        let is_wanted = self.hook.is_none_or(|wanted| wanted == hook);
        self.on == Surface::Hook && is_wanted && self.kind.meets_hook(hook)
    }

    pub(crate) fn lets_commit(&self) -> bool {
        !self.replaces_answer()
            || matches!(
                self.kind,
                FaultKind::DropAfterCommit | FaultKind::NoRefreshToken
            )
    }

    pub(crate) fn replaces_answer(&self) -> bool {
        !matches!(
            self.kind,
            FaultKind::StaleClock | FaultKind::Slow | FaultKind::Hold | FaultKind::ForeignNext
        )
    }

    pub(crate) fn cuts(&self) -> bool {
        matches!(self.kind, FaultKind::Cut | FaultKind::DropAfterCommit)
    }

    pub(crate) fn delay(&self) -> Option<Duration> {
        (self.kind == FaultKind::Slow).then(|| Duration::from_millis(self.delay_ms))
    }
}

/// What is wrong with the JSON of a fault.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum FaultError {
    /// The kind cannot be on that surface.
    On {
        /// The surface.
        on: Surface,
        /// The kind.
        kind: FaultKind,
    },
    /// `status` is not between 400 and 499.
    Status,
    /// `times` is 0.
    NoTimes,
    /// The field does not belong to the kind.
    Field {
        /// The field.
        field: &'static str,
        /// The kind.
        kind: FaultKind,
    },
    /// `delay_ms` is more than 600000.
    Delay,
    /// No hook of the kind in `hook` meets the fault.
    Hook,
}

impl fmt::Display for FaultError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::On { on, kind } => write!(f, "on: the fault {kind} cannot be on {on}"),
            Self::Status => f.write_str("status is not between 400 and 499"),
            Self::NoTimes => {
                f.write_str("times is 0; leave it out for a fault that stays until it is cleared")
            }
            Self::Field { field, kind } => write!(f, "{field} does not belong to the fault {kind}"),
            Self::Delay => write!(f, "delay_ms is more than {LONGEST_DELAY_MS}"),
            Self::Hook => f.write_str("this kind of hook does not have this fault"),
        }
    }
}

impl Error for FaultError {}

/// A fault as the control API spells it.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct FaultOrder {
    on: Surface,
    kind: FaultKind,
    #[serde(skip_serializing_if = "Option::is_none")]
    times: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    seconds: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    delay_ms: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    retry_after: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    retry_after_in: Option<RetryAfterPlace>,
    #[serde(skip_serializing_if = "Option::is_none")]
    at: Option<CutPoint>,
    #[serde(skip_serializing_if = "Option::is_none")]
    commit: Option<CommitPoint>,
    #[serde(skip_serializing_if = "Option::is_none")]
    row: Option<TokenError>,
    #[serde(skip_serializing_if = "Option::is_none")]
    hint: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<u16>,
    #[serde(skip_serializing_if = "Option::is_none")]
    body_bytes: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    host: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    hook: Option<HookKind>,
}

impl TryFrom<FaultOrder> for Fault {
    type Error = FaultError;

    fn try_from(order: FaultOrder) -> Result<Self, FaultError> {
        let (on, kind) = (order.on, order.kind);
        if !kind.surfaces().contains(&on) {
            return Err(FaultError::On { on, kind });
        }
        if order.times == Some(0) {
            return Err(FaultError::NoTimes);
        }
        order.check_fields()?;
        let plain = Self::new(kind).on(on);
        Ok(Self {
            times: order.times,
            seconds: order.seconds.unwrap_or(plain.seconds),
            delay_ms: order.delay_ms.unwrap_or(plain.delay_ms),
            retry_after: order.retry_after,
            retry_after_in: order.retry_after_in.unwrap_or_default(),
            at: order.at.unwrap_or_default(),
            commit: order.commit.unwrap_or_default(),
            row: order.row.unwrap_or(plain.row),
            hint: order.hint.unwrap_or(plain.hint),
            status: order.status.unwrap_or(plain.status),
            body_bytes: order.body_bytes.unwrap_or(plain.body_bytes),
            host: order.host,
            hook: order.hook,
            ..plain
        })
    }
}

impl FaultOrder {
    fn check_fields(&self) -> Result<(), FaultError> {
        let given = [
            ("seconds", self.seconds.is_some()),
            ("delay_ms", self.delay_ms.is_some()),
            ("retry_after", self.retry_after.is_some()),
            ("retry_after_in", self.retry_after_in.is_some()),
            ("at", self.at.is_some()),
            ("commit", self.commit.is_some()),
            ("row", self.row.is_some()),
            ("hint", self.hint.is_some()),
            ("status", self.status.is_some()),
            ("body_bytes", self.body_bytes.is_some()),
            ("host", self.host.is_some()),
            ("hook", self.hook.is_some()),
        ];
        let foreign = given
            .iter()
            .find(|(field, given)| *given && !self.kind.fields().contains(field));
        if let Some((field, _)) = foreign {
            return Err(FaultError::Field {
                field,
                kind: self.kind,
            });
        }
        if self
            .delay_ms
            .is_some_and(|delay_ms| delay_ms > LONGEST_DELAY_MS)
        {
            return Err(FaultError::Delay);
        }
        if self
            .status
            .is_some_and(|status| !(400..=499).contains(&status))
        {
            return Err(FaultError::Status);
        }
        if self.hook.is_some_and(|hook| !self.kind.meets_hook(hook)) {
            return Err(FaultError::Hook);
        }
        Ok(())
    }
}

impl From<Fault> for FaultOrder {
    fn from(fault: Fault) -> Self {
        let has = |field: &str| fault.kind.fields().contains(&field);
        Self {
            on: fault.on,
            kind: fault.kind,
            times: fault.times,
            seconds: has("seconds").then_some(fault.seconds),
            delay_ms: has("delay_ms").then_some(fault.delay_ms),
            retry_after: fault.retry_after.filter(|_| has("retry_after")),
            retry_after_in: has("retry_after_in").then_some(fault.retry_after_in),
            at: has("at").then_some(fault.at),
            commit: has("commit").then_some(fault.commit),
            row: has("row").then_some(fault.row),
            hint: has("hint").then_some(fault.hint),
            status: has("status").then_some(fault.status),
            body_bytes: has("body_bytes").then_some(fault.body_bytes),
            host: fault.host.filter(|_| fault.kind == FaultKind::ForeignNext),
            hook: fault.hook.filter(|_| has("hook")),
        }
    }
}
