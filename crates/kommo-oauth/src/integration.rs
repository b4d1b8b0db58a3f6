//! An integration: its settings and icon, the check of them, its credentials.

mod web_uri;
mod icon;
mod finding;
mod settings;
mod credentials;
mod new_integration;

pub use self::credentials::{
    CLIENT_SECRET_MAX_BYTES, ClientSecret, ClientSecretError, ClientSecrets, Credentials,
};
pub use self::finding::{Finding, Level};
pub use self::icon::{IconError, IconFormat, IconHeader};
pub use self::new_integration::{NewIntegration, NewIntegrationError, Scope};
pub use self::settings::{
    DESCRIPTION_MAX_CHARACTERS, ICON_HEIGHT, ICON_WIDTH, IntegrationKind, IntegrationSettings,
    NAME_MAX_CHARACTERS,
};
pub use self::web_uri::{
    LogoUri, PageUri, RedirectUri, SecretsUri, WEB_URI_MAX_BYTES, WebUriError,
};
