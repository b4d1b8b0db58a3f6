//! Tokens that the platform makes for widgets and bots: JSON Web Tokens under the client secret.

mod claims;
mod jwt;

mod widget;
mod replay;
mod bot;
mod return_url;

pub use bot::{BotEntity, BotToken, BotTokenVerifier, BotType};
pub use jwt::{TOKEN_LEEWAY_SECONDS, TOKEN_MAX_BYTES};
pub use replay::{OneTimeUse, ReplayMemory};
pub use return_url::{ReturnUrl, ReturnUrlError};
pub use widget::{WIDGET_TOKEN_MAX_LIFETIME_SECONDS, WidgetToken, WidgetTokenVerifier};
