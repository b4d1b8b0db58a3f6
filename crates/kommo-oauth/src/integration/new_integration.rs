//! An integration that the consent page makes on the fly in the customer's account, and whose
//! secrets it sends us.
//!
//! Source: rules G4, G14 of `docs/protocol.md`.

use alloc::string::String;
use alloc::vec::Vec;
use core::{error, fmt};

use crate::integration::settings::{DESCRIPTION_MAX_CHARACTERS, NAME_MAX_CHARACTERS};
use crate::integration::web_uri::{LogoUri, RedirectUri, SecretsUri};

/// What an integration may do.
///
/// Source: vendor page "Button" for the first two; the others were seen in issued tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Scope {
    /// Account data.
    Crm,
    /// The notification centre.
    Notifications,
    /// Files.
    Files,
    /// Deleting files.
    FilesDelete,
    /// Push notifications.
    PushNotifications,
}

impl Scope {
    /// The word of the platform.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Crm => "crm",
            Self::Notifications => "notifications",
            Self::Files => "files",
            Self::FilesDelete => "files_delete",
            Self::PushNotifications => "push_notifications",
        }
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Why an integration cannot be made on the fly.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum NewIntegrationError {
    /// No name.
    NameEmpty,
    /// More than [`NAME_MAX_CHARACTERS`].
    NameTooLong {
        /// The length found, in characters.
        found: usize,
    },
    /// No description.
    DescriptionEmpty,
    /// More than [`DESCRIPTION_MAX_CHARACTERS`].
    DescriptionTooLong {
        /// The length found, in characters.
        found: usize,
    },
    /// No scope.
    NoScope,
}

impl fmt::Display for NewIntegrationError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NameEmpty => f.write_str("name of the integration is empty"),
            Self::NameTooLong { found } => write!(
                f,
                "name of the integration has {found} characters, more than {NAME_MAX_CHARACTERS}"
            ),
            Self::DescriptionEmpty => f.write_str("description of the integration is empty"),
            Self::DescriptionTooLong { found } => write!(
                f,
                "description of the integration has {found} characters, more than {DESCRIPTION_MAX_CHARACTERS}"
            ),
            Self::NoScope => f.write_str("integration has no scope"),
        }
    }
}

impl error::Error for NewIntegrationError {}

/// What the consent page needs in order to make an integration: all of it, or none.
///
/// Source: vendor page "Button". What it says of the description's length is about the settings;
/// all of it travels in a URL, so a short one is wise.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewIntegration {
    name: String,
    description: String,
    redirect_uri: RedirectUri,
    secrets_uri: SecretsUri,
    scopes: Vec<Scope>,
    logo: Option<LogoUri>,
}

impl NewIntegration {
    /// An integration without a logo. A scope that is named twice counts once.
    ///
    /// # Errors
    ///
    /// - a blank name or description, 256 characters of name, 65,001 of description: the variant of
    ///   that name.
    /// - `&[]` as scopes: [`NewIntegrationError::NoScope`].
    pub fn new(
        name: impl Into<String>,
        description: impl Into<String>,
        redirect_uri: RedirectUri,
        secrets_uri: SecretsUri,
        scopes: &[Scope],
    ) -> Result<Self, NewIntegrationError> {
        let (name, description) = (name.into(), description.into());
        check_texts(&name, &description)?;
        let mut kept = Vec::with_capacity(scopes.len());
        for scope in scopes {
            if !kept.contains(scope) {
                kept.push(*scope);
            }
        }
        if kept.is_empty() {
            return Err(NewIntegrationError::NoScope);
        }
        Ok(Self {
            name,
            description,
            redirect_uri,
            secrets_uri,
            scopes: kept,
            logo: None,
        })
    }

    /// With a logo.
    #[must_use]
    pub fn with_logo(mut self, logo: LogoUri) -> Self {
        self.logo = Some(logo);
        self
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its description.
    #[must_use]
    pub fn description(&self) -> &str {
        &self.description
    }

    /// Its Redirect URI.
    #[must_use]
    pub const fn redirect_uri(&self) -> &RedirectUri {
        &self.redirect_uri
    }

    /// Where its id and secret will be sent, once, with the `state`. Nothing there is signed.
    #[must_use]
    pub const fn secrets_uri(&self) -> &SecretsUri {
        &self.secrets_uri
    }

    /// What it may do; never empty.
    #[must_use]
    pub fn scopes(&self) -> &[Scope] {
        &self.scopes
    }

    /// Its logo.
    #[must_use]
    pub const fn logo(&self) -> Option<&LogoUri> {
        self.logo.as_ref()
    }
}

fn check_texts(name: &str, description: &str) -> Result<(), NewIntegrationError> {
    let (name_length, description_length) = (name.chars().count(), description.chars().count());
    if name.trim().is_empty() {
        return Err(NewIntegrationError::NameEmpty);
    }
    if name_length > NAME_MAX_CHARACTERS {
        return Err(NewIntegrationError::NameTooLong { found: name_length });
    }
    if description.trim().is_empty() {
        return Err(NewIntegrationError::DescriptionEmpty);
    }
    if description_length > DESCRIPTION_MAX_CHARACTERS {
        return Err(NewIntegrationError::DescriptionTooLong {
            found: description_length,
        });
    }
    Ok(())
}
