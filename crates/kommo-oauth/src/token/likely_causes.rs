//! The likely causes of a refused exchange whose answer gives no reason, in words for a person.

use core::fmt;

use crate::integration::RedirectUri;
use crate::token::refusal_kind::TokenRefusalKind;

/// The most common causes of a refused exchange whose answer names no cause, the most common first.
/// `Display` is one line without secrets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct LikelyCauses<'a> {
    /// The redirect URI that was sent with the code.
    pub redirect_uri: &'a RedirectUri,
}

impl TokenRefusalKind {
    /// The likely causes, if this refusal of an exchange leaves them open: a generic 400, or an
    /// `invalid_grant`, which every one of them gives. `None` for a refusal that names its cause.
    ///
    /// # Examples
    ///
    /// ```
    /// # use kommo_oauth::integration::RedirectUri;
    /// # use kommo_oauth::token::TokenRefusalKind;
    /// let sent = RedirectUri::parse("https://app.example/callback/")?;
    /// let causes = TokenRefusalKind::Unknown.likely_causes(&sent).map(|causes| causes.to_string());
    /// assert!(causes.is_some_and(|text| text.starts_with("the redirect URI that was sent, https://app.example/callback/, ")));
    /// assert_eq!(TokenRefusalKind::CodeExpired.likely_causes(&sent), None);
    /// # Ok::<(), kommo_oauth::integration::WebUriError>(())
    /// ```
    #[must_use]
    pub const fn likely_causes(self, redirect_uri: &RedirectUri) -> Option<LikelyCauses<'_>> {
        match self {
            Self::Unknown | Self::InvalidGrant | Self::RedirectUriMismatch => {
                Some(LikelyCauses { redirect_uri })
            }
            _ => None,
        }
    }
}

impl fmt::Display for LikelyCauses<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "the redirect URI that was sent, {}, is not byte for byte the one in the settings of the integration (a final slash, \
             http or https, and the port count); or the code was used before, is older than 20 minutes, or is of another integration \
             or account; or the client secret was replaced",
            self.redirect_uri.as_str()
        )
    }
}
