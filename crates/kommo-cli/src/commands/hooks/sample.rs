//! Samples of every kind of hook, from the pages, captures and test vectors that this project was
//! made from.

use core::time::Duration;

use clap::ValueEnum;
use serde_json::Value;

use crate::failure::error_code::ErrorCode;
use crate::failure::exit::Failure;
use crate::profile::content::SecretKind;

/// A kind of hook.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum SampleKind {
    /// Chats API: a manager's text
    ChatMessage,
    /// Chats API: a picture
    ChatPicture,
    /// Chats API: the answer to a comment
    ChatComment,
    /// Chats API: a manager is typing
    ChatTyping,
    /// Chats API: a reaction
    ChatReaction,
    /// The access was revoked
    Disconnect,
    /// Open API: visitors wait for an answer
    OpenApi,
    /// CRM: a lead changed its stage
    CrmLead,
    /// CRM: a message from a client
    CrmMessage,
    /// CRM: a message to a client
    CrmOutgoingMessage,
    /// Digital Pipeline: "send webhook"
    DigitalPipeline,
    /// Digital Pipeline: an action of a widget
    PipelineWidget,
    /// A step of a bot (`widget_request`)
    Bot,
    /// A call of a widget, with its one-time token
    Widget,
    /// The code of an installation
    Install,
}

/// A body, or the query of a hook that has none.
#[derive(Debug, Clone)]
pub(super) enum SampleBody {
    Json(Value),
    Form(Vec<(String, String)>),
    Query(Vec<(String, String)>),
}

impl SampleKind {
    /// The name on the command line.
    pub(super) fn name(self) -> String {
        let value = self.to_possible_value();
        value
            .map(|value| value.get_name().to_owned())
            .unwrap_or_default()
    }

    /// Which secret proves it.
    pub(super) const fn secret(self) -> Option<SecretKind> {
        match self {
            Self::ChatMessage
            | Self::ChatPicture
            | Self::ChatComment
            | Self::ChatTyping
            | Self::ChatReaction => Some(SecretKind::Channel),
            Self::Disconnect | Self::Bot | Self::Widget => Some(SecretKind::Client),
            Self::OpenApi => Some(SecretKind::App),
            Self::CrmLead
            | Self::CrmMessage
            | Self::CrmOutgoingMessage
            | Self::DigitalPipeline
            | Self::PipelineWidget
            | Self::Install => None,
        }
    }

    /// How long the platform waits for the answer; 3 seconds where no page says it.
    pub(super) const fn limit(self) -> Duration {
        Duration::from_secs(match self.secret() {
            Some(SecretKind::Channel | SecretKind::App) => 5,
            _ => match self {
                Self::Disconnect | Self::Install | Self::Widget => 3,
                _ => 2,
            },
        })
    }

    /// The sample as it was published, captured or computed.
    pub(super) fn body(self) -> Result<SampleBody, Failure> {
        let json = |text: &str| {
            let value = serde_json::from_str(text);
            value
                .map(SampleBody::Json)
                .map_err(|error| Failure::new(ErrorCode::Internal, error))
        };
        let form = |text: &str| Ok(SampleBody::Form(pairs(text)));
        let query = |text: &str| Ok(SampleBody::Query(pairs(text)));
        match self {
            Self::ChatMessage => json(include_str!("samples/chat-message.json")),
            Self::ChatPicture => json(include_str!("samples/chat-picture.json")),
            Self::ChatComment => json(include_str!("samples/chat-comment.json")),
            Self::ChatTyping => json(include_str!("samples/chat-typing.json")),
            Self::ChatReaction => json(include_str!("samples/chat-reaction.json")),
            Self::OpenApi => json(include_str!("samples/open-api.json")),
            Self::Widget => json(r#"{"lead_id":5029001}"#),
            Self::CrmLead => form(include_str!("samples/crm-lead.form")),
            Self::CrmMessage => form(include_str!("samples/crm-message.form")),
            Self::CrmOutgoingMessage => form(include_str!("samples/crm-outgoing-message.form")),
            Self::DigitalPipeline => form(include_str!("samples/digital-pipeline.form")),
            Self::PipelineWidget => form(include_str!("samples/pipeline-widget.form")),
            Self::Bot => form(include_str!("samples/bot.form")),
            Self::Disconnect => query("client_uuid=&account_id=32720107"),
            Self::Install => {
                query("code=def50200sample&referer=subdomain.kommo.com&from_widget=1&client_id=")
            }
        }
    }

    /// The claims of the token of a bot or a widget.
    pub(super) fn claims(self) -> Result<Value, Failure> {
        let text = match self {
            Self::Widget => include_str!("samples/widget-claims.json"),
            _ => include_str!("samples/bot-claims.json"),
        };
        serde_json::from_str(text).map_err(|error| Failure::new(ErrorCode::Internal, error))
    }
}

fn pairs(text: &str) -> Vec<(String, String)> {
    form_urlencoded::parse(text.trim_end().as_bytes())
        .into_owned()
        .collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use clap::ValueEnum;

    use super::{SampleBody, SampleKind};

    #[test]
    fn every_sample_can_be_read() {
        for kind in SampleKind::value_variants() {
            match kind.body().unwrap() {
                SampleBody::Json(body) => assert!(body.is_object(), "{kind:?}"),
                SampleBody::Form(pairs) | SampleBody::Query(pairs) => {
                    assert!(pairs.len() > 1, "{kind:?}");
                }
            }
            assert!(kind.claims().unwrap().is_object());
        }
    }

    /// What is signed is what was published.
    #[test]
    fn the_json_is_the_vector_byte_for_byte() {
        let text = include_str!("samples/chat-message.json");
        let SampleBody::Json(body) = SampleKind::ChatMessage.body().unwrap() else {
            panic!("no JSON");
        };
        assert_eq!(body.to_string(), text);
    }
}
