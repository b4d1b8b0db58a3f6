//! Connect: a channel begins to serve an account.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use kommo_account::{AmojoId, ChannelId, ScopeId};
use serde_json::Value;

use crate::error::{DecodeError, EmptyTitle};
use crate::hook_api_version::HookApiVersion;
use crate::peer_json::Fields;

/// The request that connects a channel to an account.
///
/// It is to be sent after each installation, and again whenever in doubt: repeating it is harmless
/// (rule C6). Source: rule C1 of `docs/protocol.md`.
///
/// There is no `Serialize`: the body is made once, by [`to_body`](Self::to_body), and these bytes
/// are signed and sent.
///
/// # Examples
///
/// ```
/// # use kommo_account::{AmojoId, ChannelId};
/// # use kommo_chats::ConnectRequest;
/// let account = AmojoId::parse("52e591f7-c98f-4255-8495-827210138c81")?;
/// let channel = ChannelId::parse("344a5002-f8ca-454d-af3d-396180102ac7")?;
/// let request = ConnectRequest::new(account, "ChatsIntegration")?;
/// assert_eq!(
///     request.to_body(),
///     br#"{"account_id":"52e591f7-c98f-4255-8495-827210138c81","title":"ChatsIntegration","hook_api_version":"v2"}"#,
/// );
/// assert_eq!(
///     ConnectRequest::path(&channel),
///     "/v2/origin/custom/344a5002-f8ca-454d-af3d-396180102ac7/connect",
/// );
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ConnectRequest {
    account_id: AmojoId,
    title: String,
    hook_api_version: HookApiVersion,
    is_time_window_disabled: Option<bool>,
}

impl ConnectRequest {
    /// The method.
    pub const METHOD: &'static str = "POST";

    /// A connection with hooks of version 2; the title is shown in the account.
    ///
    /// # Errors
    ///
    /// `""` and `" "`: [`EmptyTitle`].
    pub fn new(account_id: AmojoId, title: impl Into<String>) -> Result<Self, EmptyTitle> {
        let title = title.into();
        if title.trim().is_empty() {
            return Err(EmptyTitle);
        }
        Ok(Self {
            account_id,
            title,
            hook_api_version: HookApiVersion::V2,
            is_time_window_disabled: None,
        })
    }

    /// Switches the channel's time window off for this account: `"is_time_window_disabled":true`.
    #[must_use]
    pub fn without_time_window(mut self) -> Self {
        self.is_time_window_disabled = Some(true);
        self
    }

    /// Switches the channel's time window on for this account: `"is_time_window_disabled":false`.
    /// That is what the platform does when the field is left out, as [`new`](Self::new) does.
    #[must_use]
    pub fn with_time_window(mut self) -> Self {
        self.is_time_window_disabled = Some(false);
        self
    }

    /// The account.
    #[must_use]
    pub fn account_id(&self) -> &AmojoId {
        &self.account_id
    }

    /// The title.
    #[must_use]
    pub fn title(&self) -> &str {
        &self.title
    }

    /// The version of the hooks, always [`HookApiVersion::V2`].
    #[must_use]
    pub fn hook_api_version(&self) -> &HookApiVersion {
        &self.hook_api_version
    }

    /// Whether the time window is switched off, if that is said at all.
    #[must_use]
    pub fn is_time_window_disabled(&self) -> Option<bool> {
        self.is_time_window_disabled
    }

    /// The path on the Chats API host.
    #[must_use]
    pub fn path(channel: &ChannelId) -> String {
        format!("/v2/origin/custom/{channel}/connect")
    }

    /// The body: compact JSON, fields in the order of the published request. Never panics.
    ///
    /// # Security
    ///
    /// Call it once. What is signed must be the bytes that are sent (rule S9).
    #[must_use]
    pub fn to_body(&self) -> Vec<u8> {
        // A `Value` writes itself without an error path, which serialising a struct into bytes has.
        // Ids and versions that we send need no escaping, but the title does.
        let title = Value::from(self.title.as_str());
        let version = Value::from(self.hook_api_version.as_str());
        let mut body = format!(
            r#"{{"account_id":"{}","title":{title},"hook_api_version":{version}"#,
            self.account_id
        );
        if let Some(is_disabled) = self.is_time_window_disabled {
            body.push_str(if is_disabled {
                r#","is_time_window_disabled":true"#
            } else {
                r#","is_time_window_disabled":false"#
            });
        }
        body.push('}');
        body.into_bytes()
    }
}

/// The answer to a connect: the fields of the request and the scope.
///
/// Texts are kept as they came. Source: rule C2 of `docs/protocol.md`.
///
/// # Examples
///
/// ```
/// # use kommo_chats::{ConnectResponse, DecodeError};
/// let answer = ConnectResponse::from_body(br#"{
///     "account_id": "af9945ff-1490-4cad-807d-945c15d88bec",
///     "scope_id": "f90ba33d-c9d9-44da-b76c-c349b0ecbe41_af9945ff-1490-4cad-807d-945c15d88bec",
///     "title": "ScopeTitle",
///     "hook_api_version": "v2"
/// }"#)?;
/// assert_eq!(answer.scope_id().channel_id().as_str(), "f90ba33d-c9d9-44da-b76c-c349b0ecbe41");
/// assert_eq!(answer.is_time_window_disabled(), None);
/// # Ok::<(), DecodeError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ConnectResponse {
    account_id: AmojoId,
    scope_id: ScopeId,
    title: Option<String>,
    hook_api_version: Option<HookApiVersion>,
    is_time_window_disabled: Option<bool>,
}

impl ConnectResponse {
    /// Reads the body of a 200. Unknown fields do no harm; `account_id` and `scope_id` must be
    /// there. Never panics.
    ///
    /// # Errors
    ///
    /// - nothing: [`DecodeError::Empty`]; `<html>`: [`DecodeError::Syntax`]; `{"account_id"`:
    ///   [`DecodeError::Truncated`].
    /// - `[]`: [`DecodeError::NotAnObject`].
    /// - `{"account_id":1}`: [`DecodeError::WrongType`]; `{}`: [`DecodeError::Missing`].
    /// - `{"account_id":"x"}`: [`DecodeError::Uuid`]; a `scope_id` of another form:
    ///   [`DecodeError::ScopeId`].
    pub fn from_body(body: &[u8]) -> Result<Self, DecodeError> {
        let fields = Fields::parse(body)?;
        let account_id =
            AmojoId::parse(fields.text("account_id")?).map_err(|error| DecodeError::Uuid {
                field: "account_id",
                error,
            })?;
        let scope_id = ScopeId::parse(fields.text("scope_id")?).map_err(DecodeError::ScopeId)?;
        let version = fields.optional_text("hook_api_version")?;
        Ok(Self {
            account_id,
            scope_id,
            title: fields.optional_text("title")?.map(String::from),
            hook_api_version: version.map(HookApiVersion::from_text),
            is_time_window_disabled: fields.optional_bool("is_time_window_disabled")?,
        })
    }

    /// The account.
    #[must_use]
    pub fn account_id(&self) -> &AmojoId {
        &self.account_id
    }

    /// The connection, for all later paths.
    #[must_use]
    pub fn scope_id(&self) -> &ScopeId {
        &self.scope_id
    }

    /// The title.
    #[must_use]
    pub fn title(&self) -> Option<&str> {
        self.title.as_deref()
    }

    /// The version of the hooks that will come.
    #[must_use]
    pub fn hook_api_version(&self) -> Option<&HookApiVersion> {
        self.hook_api_version.as_ref()
    }

    /// Whether the time window is off; older answers do not say.
    #[must_use]
    pub fn is_time_window_disabled(&self) -> Option<bool> {
        self.is_time_window_disabled
    }

    /// Whether the answer is about this channel and this account. If not, the answer belongs to
    /// another request.
    #[must_use]
    pub fn is_for(&self, channel: &ChannelId, account: &AmojoId) -> bool {
        self.account_id == *account && self.scope_id == ScopeId::new(*channel, *account)
    }
}
