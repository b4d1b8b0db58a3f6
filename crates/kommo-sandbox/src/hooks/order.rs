//! An order to send a hook, and what is wrong with the hook on purpose.

use core::error::Error;
use core::fmt;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::config::hook_kind::HookKind;
use crate::config::token_algorithm::TokenAlgorithm;
use crate::state::grant_error::GrantError;

/// What is wrong with a hook on purpose.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum HookVariant {
    /// Nothing.
    #[default]
    Right,
    /// Its signature was made with another secret.
    WrongSignature,
    /// It has no signature.
    NoSignature,
    /// The latest hook of its kind is sent again, byte for byte.
    Replay,
}

/// Which parameter of a disconnect hook names the integration; the vendor's pages differ (rule X3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum ClientParameter {
    /// `client_uuid`, as in the sample request.
    #[default]
    ClientUuid,
    /// `client_id`, as in the list of settings.
    ClientId,
    /// Both.
    Both,
}

/// The line feed after the body of a chat hook (rule H2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum LineFeed {
    /// Sent, and outside of the signature, as captures show.
    #[default]
    Unsigned,
    /// Sent, and signed with the body, as the vendor's samples would have it.
    Signed,
    /// Not sent.
    Absent,
}

/// A hook to send. Fields that do not belong to its kind have no effect.
///
/// # Examples
///
/// ```
/// use kommo_sandbox::{HookKind, HookOrder, HookVariant};
///
/// let order = HookOrder {
///     variant: HookVariant::WrongSignature,
///     ..HookOrder::new(HookKind::Disconnect)
/// };
/// assert_eq!(order.to, None, "it goes where the integration's settings say");
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[allow(
    clippy::exhaustive_structs,
    reason = "it is made with the struct update syntax, which needs every field to be visible"
)]
pub struct HookOrder {
    /// What to send.
    #[serde(skip)]
    pub kind: HookKind,
    /// The target address, instead of the one in the settings. In the address of a chat hook
    /// `:scope_id` is replaced.
    pub to: Option<String>,
    /// Whose account. Default: the first one.
    pub account: Option<u64>,
    /// Install: who installed it. Default: the account's first administrator.
    pub user: Option<u64>,
    /// What is wrong with it.
    pub variant: HookVariant,
    /// Disconnect: how the integration is named.
    pub client_parameter: ClientParameter,
    /// Disconnect: whether the secret before the latest rotation signs. Default: false.
    pub previous_secret: bool,
    /// Chat, crm, digital-pipeline: what it reports, for example `typing`; the error of an unknown
    /// one lists all. Default: a text, a lead that moves on.
    pub event: Option<String>,
    /// All that have a body: the body, a text as it is or a JSON value. Default: a sample of the
    /// event.
    pub body: Option<Value>,
    /// What to change in the sample: a path of a JSON body, such as `message.message.text`, or the
    /// name of a form's field, and its value.
    pub set: Map<String, Value>,
    /// Bot, widget: claims of the token that are added or replaced; `null` takes one away.
    pub claims: Map<String, Value>,
    /// Bot, widget: what signs the token. Default: HS512, HS256.
    pub algorithm: Option<TokenAlgorithm>,
    /// Chat: the line feed after the body. Default: unsigned.
    pub line_feed: LineFeed,
    /// Crm, digital-pipeline, open-api: whether a bad answer is followed by the platform's repeats,
    /// on the virtual clock. Default: true.
    pub repeat: bool,
    /// How long the receiver may take, in real milliseconds, at most 600000. Default:
    /// [`HookKind::limit_ms`].
    pub limit_ms: Option<u64>,
    /// Whether the control API answers only when the hook was answered. Default: false.
    pub wait: bool,
}

impl HookOrder {
    /// A hook with nothing odd about it.
    #[must_use]
    pub fn new(kind: HookKind) -> Self {
        Self {
            kind,
            to: None,
            account: None,
            user: None,
            variant: HookVariant::Right,
            client_parameter: ClientParameter::ClientUuid,
            previous_secret: false,
            event: None,
            body: None,
            set: Map::new(),
            claims: Map::new(),
            algorithm: None,
            line_feed: LineFeed::Unsigned,
            repeat: true,
            limit_ms: None,
            wait: false,
        }
    }
}

impl Default for HookOrder {
    fn default() -> Self {
        Self::new(HookKind::Install)
    }
}

/// Why a hook was not sent.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum HookError {
    /// Neither the order nor the settings say where to.
    NoTarget,
    /// `to` is no `http` address, for example `"example.com/hook"` or `"https://127.0.0.1/hook"`.
    NotHttpAddress,
    /// `to` is on another machine, and the configuration does not let the sandbox send there.
    NotLoopback,
    /// No account has this id, or there are no accounts.
    UnknownAccount,
    /// The account has no user with this id, or no administrator.
    UnknownUser,
    /// No hook of this kind was sent yet.
    NothingToReplay,
    /// The secret was not rotated yet.
    NoPreviousSecret,
    /// A kind that cannot be ordered.
    NotOrdered,
    /// The kind has no such event; these are all.
    UnknownEvent(Vec<&'static str>),
    /// A path of `set` that leads nowhere in the sample.
    NoSuchPath(String),
    /// A manager writes into a conversation that is not there.
    UnknownConversation,
    /// Install: the integration cannot be granted there.
    NotGranted(GrantError),
    /// The operating system returned no random bytes.
    Random,
}

impl fmt::Display for HookError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::UnknownEvent(events) => {
                return write!(f, "event must be one of {}", events.join(", "));
            }
            Self::NoSuchPath(path) => return write!(f, "set: {path} does not exist in the body"),
            Self::UnknownConversation => "the account has no such conversation",
            Self::NoTarget => "`to` is missing, and the settings have no address for this hook",
            Self::NotHttpAddress => "`to` is not an http address",
            Self::NotLoopback => {
                "`to` is not a loopback address, and the sandbox may send to no other"
            }
            Self::UnknownAccount => "no account has this id",
            Self::UnknownUser => "the account has no such user",
            Self::NothingToReplay => "no hook of this kind was sent yet",
            Self::NoPreviousSecret => "the client secret was not rotated yet",
            Self::NotOrdered => "this kind of hook cannot be ordered",
            Self::NotGranted(_) => "the integration cannot be installed there",
            Self::Random => "the operating system returned no random bytes",
        })
    }
}

impl Error for HookError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::NotGranted(source) => Some(source),
            _ => None,
        }
    }
}
