//! A signed body for a server of the user's: nothing of the platform's goes there, and nothing but
//! a status is read from it.

mod webhook_url;
mod webhook_answer;
mod webhook_sender;

pub use self::webhook_answer::WebhookAnswer;
pub use self::webhook_sender::{WebhookSender, WebhookSettings};
pub use self::webhook_url::{WebhookUrl, WebhookUrlError};
