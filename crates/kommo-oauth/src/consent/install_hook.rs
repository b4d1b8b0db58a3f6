//! The install hook: a code that the platform itself delivers when an integration with a widget is
//! installed.
//!
//! It has no `state` and no signature, so it proves nothing about any browser. It has a type of its
//! own, which cannot become a browser's redirect: its grant belongs to the account that the
//! platform names after the exchange.
//!
//! Source: rule G9 of `docs/protocol.md`.

use core::{error, fmt};

use kommo_account::{AccountHost, ClientId, Platform};

use crate::consent::query::{KnownParameters, QueryError};
use crate::consent::redirect::{CallbackFieldError, PARAMETERS, check_client, read_code_fields};
use crate::token::AuthorizationCode;

/// Why an install hook is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum InstallHookError {
    /// The query cannot be read.
    Query(QueryError),
    /// No `from_widget`: a browser's redirect came to the hook's route.
    NotAnInstallHook,
    /// A `state`: a browser's redirect with a parameter added.
    HasState,
    /// An `error`: an install hook carries a code or is not sent.
    HasError,
    /// One of the other parameters.
    Field(CallbackFieldError),
}

impl fmt::Display for InstallHookError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Query(_) => "install hook has an unreadable query",
            Self::NotAnInstallHook => "install hook has no from_widget",
            Self::HasState => "install hook has a state, so it is a browser's redirect",
            Self::HasError => "install hook has an error",
            Self::Field(_) => "install hook has an unusable parameter",
        })
    }
}

impl error::Error for InstallHookError {
    fn source(&self) -> Option<&(dyn error::Error + 'static)> {
        match self {
            Self::Query(error) => Some(error),
            Self::Field(error) => Some(error),
            _ => None,
        }
    }
}

/// A code that came without a browser. The platform waits 3 seconds, ignores the answer, and does
/// not send it again: store the code first, exchange it later.
///
/// # Security
///
/// Anyone can send one. Never bind its grant to a logged-in user; take the account from the
/// exchanged token.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct InstallHook {
    /// To be exchanged within 20 minutes, once.
    pub code: AuthorizationCode,
    /// Where, by `referer`.
    pub host: AccountHost,
    /// The parameter `platform`, if it was there; it agrees with the host.
    pub platform: Option<Platform>,
}

impl InstallHook {
    /// Reads the query of an install hook, with or without its `?`. Never panics.
    ///
    /// Source: vendor pages "OAuth" and "Public integrations"; a capture for `platform` and
    /// `client_id`.
    ///
    /// # Errors
    ///
    /// - no `from_widget`, a `state`: [`InstallHookError::NotAnInstallHook`],
    ///   [`InstallHookError::HasState`].
    /// - a foreign `referer`, another client: [`InstallHookError::Field`].
    ///
    /// # Examples
    ///
    /// ```
    /// # use kommo_account::ClientId;
    /// # use kommo_oauth::consent::{InstallHook, InstallHookError};
    /// let client = ClientId::parse("11111111-2222-3333-4444-555555555555")?;
    /// let hook = InstallHook::parse("code=def502&referer=a.amocrm.ru&platform=1&from_widget=1", &client)?;
    /// assert_eq!(hook.host.as_str(), "a.amocrm.ru");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn parse(query: &str, client_id: &ClientId) -> Result<Self, InstallHookError> {
        let parameters = KnownParameters::read(query, &PARAMETERS);
        let parameters = parameters.map_err(InstallHookError::Query)?;
        InstallHookQuery::of(parameters).check(client_id)
    }
}

/// The query of an install hook, read and not checked yet.
pub struct InstallHookQuery(KnownParameters);

impl InstallHookQuery {
    pub(crate) const fn of(parameters: KnownParameters) -> Self {
        Self(parameters)
    }

    /// Checks it. Never panics.
    ///
    /// # Errors
    ///
    /// As [`InstallHook::parse`], which reads the query as well.
    pub fn check(&self, client_id: &ClientId) -> Result<InstallHook, InstallHookError> {
        let parameters = &self.0;
        if parameters.get("from_widget").is_none() {
            return Err(InstallHookError::NotAnInstallHook);
        }
        if parameters.get("state").is_some() {
            return Err(InstallHookError::HasState);
        }
        if parameters.get("error").is_some() {
            return Err(InstallHookError::HasError);
        }
        check_client(parameters, client_id).map_err(InstallHookError::Field)?;
        let fields = read_code_fields(parameters).map_err(InstallHookError::Field)?;
        Ok(InstallHook {
            code: fields.code,
            host: fields.host,
            platform: fields.platform,
        })
    }
}

/// Without the code.
impl fmt::Debug for InstallHookQuery {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("InstallHookQuery(..)")
    }
}
