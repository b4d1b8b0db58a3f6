//! What arrives without any proof: webhooks of the CRM and of the Digital Pipeline, and the request
//! of a bot around its token.
//!
//! ```text
//! unguessable path ──> account check ──> hint: read the entity again through the API
//! ```
//!
//! Every type is named `Unsigned…`: anyone who knows the address can send such a hook with any
//! content.

mod form;

mod crm_message;
mod crm_event;
mod crm_hook;
mod pipeline_widget;
mod bot_request;
mod guard;

pub use bot_request::UnsignedBotRequest;
pub use crm_event::{CrmAction, CrmEntity, UnsignedCrmEvent};
pub use crm_hook::{CrmHookError, UnsignedCrmHook};
pub use crm_message::{CrmAttachment, CrmAuthor, UnsignedCrmMessage};
pub use form::{Form, FormError, FormLimits, FormValue};
pub use guard::{PATH_TOKEN_MIN_BYTES, PathToken, WeakPathToken};
pub use pipeline_widget::UnsignedPipelineWidgetHook;
