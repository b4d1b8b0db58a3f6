//! The hints of the token endpoint: the one part of a refusal that is never translated.
//!
//! Source: rule K6 of `docs/protocol.md`.

use crate::token::refusal_kind::TokenRefusalKind;

macro_rules! hints {
    ($($(#[$docs:meta])* $name:ident = $text:literal => $kind:ident,)*) => {
        /// A `hint` of the token endpoint that we know. They are in English on both platforms.
        ///
        /// Source: captures of live refusals; the hints that were never captured are from the
        /// server package that the captured ones belong to.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum KnownHint { $($(#[$docs])* $name,)* }

        impl KnownHint {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$name,)*];

            /// The text as the platform writes it.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$name => $text,)* }
            }

            /// What it means in an answer with status 400 or 401.
            #[must_use]
            pub const fn kind(self) -> TokenRefusalKind {
                match self { $(Self::$name => TokenRefusalKind::$kind,)* }
            }
        }
    };
}

hints! {
    /// The code is garbage, or from another server.
    CodeUndecryptable = "Cannot decrypt the authorization code" => CodeUndecryptable,
    /// The code is older than 20 minutes.
    CodeExpired = "Authorization code has expired" => CodeExpired,
    /// The code was used before.
    CodeRevoked = "Authorization code has been revoked" => CodeRevoked,
    /// The code belongs to another integration.
    CodeOfAnotherClient = "Authorization code was not issued to this client" => CodeOfAnotherClient,
    /// No `code`.
    CodeMissing = "Check the `code` parameter" => CodeMissing,
    /// `client_id` is missing or malformed.
    ClientIdInvalid = "Check the `client_id` parameter" => ClientIdInvalid,
    /// `client_secret` is missing or malformed.
    ClientSecretInvalid = "Check the `client_secret` parameter" => ClientSecretInvalid,
    /// The redirect URI differs from the setting.
    RedirectUriNotAssociated = "Redirect URI is not associated with client" => RedirectUriMismatch,
    /// The same in other words of the package.
    RedirectUriInvalid = "Invalid redirect URI" => RedirectUriMismatch,
    /// The request went to the host of another account.
    InvalidAccount = "Invalid account" => InvalidAccount,
    /// The refresh token was used or revoked.
    RefreshTokenRevoked = "Token has been revoked" => RefreshTokenRevoked,
    /// The refresh token is past its three months.
    RefreshTokenExpired = "Token has expired" => RefreshTokenExpired,
    /// The refresh token is garbage.
    RefreshTokenUndecryptable = "Cannot decrypt the refresh token" => RefreshTokenUndecryptable,
    /// The refresh token belongs to another integration.
    RefreshTokenOfAnotherClient = "Token is not linked to client" => RefreshTokenOfAnotherClient,
    /// No `refresh_token`.
    RefreshTokenMissing = "Check the `refresh_token` parameter" => RefreshTokenMissing,
    /// An unknown `grant_type`.
    UnknownGrantType = "Check that all required parameters have been provided" => UnknownGrantType,
}

impl KnownHint {
    /// Finds the hint of a text; white space around it, a full stop at its end and the case of
    /// ASCII letters are ignored.
    #[must_use]
    pub fn find(text: &str) -> Option<Self> {
        let text = plain(text);
        let mut all = Self::ALL.iter().copied();
        all.find(|hint| hint.as_str().eq_ignore_ascii_case(text))
    }
}

/// Without white space around it and one full stop at its end.
pub(crate) fn plain(text: &str) -> &str {
    let text = text.trim();
    text.strip_suffix('.').unwrap_or(text)
}
