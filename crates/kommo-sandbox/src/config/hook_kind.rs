//! The kinds of hooks that the platform sends.

use serde::{Deserialize, Serialize};

/// What the platform sends by itself. On the wire it is the name in kebab-case.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum HookKind {
    /// The code of an installation, to the redirect URI: GET, unsigned, without `state`.
    Install,
    /// Access was taken away: GET, signed with HMAC-SHA256 of `client_id|account_id` (rule X1).
    Disconnect,
    /// What leaves the CRM through the channel: POST, JSON, signed with HMAC-SHA1 of the body (rule
    /// H1).
    Chat,
    /// An event of the CRM: POST, form, unsigned.
    Crm,
    /// A stage of the Digital Pipeline with "send webhook": POST, form, unsigned.
    DigitalPipeline,
    /// A stage of the Digital Pipeline with an action of the integration's widget: POST, form,
    /// unsigned.
    PipelineWidget,
    /// The `widget_request` of a bot: POST, form, with a token that the client secret signs.
    Bot,
    /// A call of the widget from a user's browser: POST, with a one-time token that the client
    /// secret signs in `X-Auth-Token`.
    Widget,
    /// A webhook of the Open API: POST, JSON, signed with HMAC-SHA256 of the body (rules O1, O4).
    OpenApi,
    /// The secrets of an integration made on the fly: POST, JSON, unsigned. Only the consent page
    /// sends it.
    Secrets,
}

impl HookKind {
    /// The kinds that can be ordered.
    pub const ORDERED: [Self; 9] = [
        Self::Install,
        Self::Disconnect,
        Self::Chat,
        Self::Crm,
        Self::DigitalPipeline,
        Self::PipelineWidget,
        Self::Bot,
        Self::Widget,
        Self::OpenApi,
    ];

    /// The name on the wire.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Install => "install",
            Self::Disconnect => "disconnect",
            Self::Chat => "chat",
            Self::Crm => "crm",
            Self::DigitalPipeline => "digital-pipeline",
            Self::PipelineWidget => "pipeline-widget",
            Self::Bot => "bot",
            Self::Widget => "widget",
            Self::OpenApi => "open-api",
            Self::Secrets => "secrets",
        }
    }

    /// The kind of this name, if it can be ordered.
    #[must_use]
    pub fn ordered(name: &str) -> Option<Self> {
        Self::ORDERED.into_iter().find(|kind| kind.name() == name)
    }

    /// How long the receiver may take, in milliseconds: 3 seconds for what concerns an
    /// installation, 5 for chats, the Open API and secrets, 2 for the CRM and bots. Those of
    /// disconnect, secrets, the Digital Pipeline and a widget's call are choices: no page names
    /// one.
    #[must_use]
    pub const fn limit_ms(self) -> u64 {
        match self {
            Self::Install | Self::Disconnect => 3000,
            Self::Chat | Self::OpenApi | Self::Secrets | Self::Widget => 5000,
            Self::Crm | Self::DigitalPipeline | Self::PipelineWidget | Self::Bot => 2000,
        }
    }

    /// Whether a hook of this kind proves where it comes from.
    #[must_use]
    pub const fn is_signed(self) -> bool {
        match self {
            Self::Disconnect | Self::Chat | Self::Bot | Self::Widget | Self::OpenApi => true,
            Self::Install
            | Self::Crm
            | Self::DigitalPipeline
            | Self::PipelineWidget
            | Self::Secrets => false,
        }
    }

    /// Whether this status is what the platform wants to see. The status of an install hook is not
    /// looked at; what a disconnect hook should be answered is not known, so any success will do.
    pub(crate) const fn is_content_with(self, status: u16) -> bool {
        match self {
            Self::Install => true,
            Self::Chat | Self::Secrets | Self::Bot | Self::OpenApi => status == 200,
            Self::Disconnect | Self::Widget => status >= 200 && status < 300,
            Self::Crm | Self::DigitalPipeline | Self::PipelineWidget => {
                status >= 100 && status < 300
            }
        }
    }
}
