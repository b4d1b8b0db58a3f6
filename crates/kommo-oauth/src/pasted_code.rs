//! The simplified way: a person copies a code out of the integration's keys, or the whole address that the browser was
//! sent to, and pastes it.

use core::{error, fmt};

use kommo_account::{AccountHost, ClientId, Platform};

use crate::consent_state::ConsentState;
use crate::query::{KnownParameters, QUERY_MAX_BYTES, QueryError};
use crate::redirect::{CallbackFieldError, PARAMETERS, check_client, read_code_fields};
use crate::tokens::{AuthorizationCode, TokenError};

/// The longest text that may be pasted, in bytes.
pub const PASTED_MAX_BYTES: usize = QUERY_MAX_BYTES;

/// Why a pasted text is no use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum PastedCodeError {
    /// Nothing but white space.
    Empty,
    /// More than [`PASTED_MAX_BYTES`].
    TooLong {
        /// The length found, in bytes, without white space around.
        found: usize,
    },
    /// A bare code that cannot be one.
    Code(TokenError),
    /// An address whose query cannot be read.
    Query(QueryError),
    /// An address with another `state` than the expected one: of another attempt.
    StateMismatch,
    /// An address with `error=access_denied`: the user refused.
    AccessDenied,
    /// An address with another `error`.
    UnknownError,
    /// An address with an unusable parameter, or without one that is needed.
    Field(CallbackFieldError),
}

impl fmt::Display for PastedCodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Empty => "nothing was pasted",
            Self::TooLong { found } => {
                return write!(
                    f,
                    "pasted text has {found} bytes, more than {PASTED_MAX_BYTES}"
                );
            }
            Self::Code(_) => "pasted text is neither a code nor an address",
            Self::Query(_) => "pasted address has an unreadable query",
            Self::StateMismatch => "pasted address has another state",
            Self::AccessDenied => "pasted address says that the user refused",
            Self::UnknownError => "pasted address has an error other than access_denied",
            Self::Field(_) => "pasted address has an unusable parameter",
        })
    }
}

impl error::Error for PastedCodeError {
    fn source(&self) -> Option<&(dyn error::Error + 'static)> {
        match self {
            Self::Code(error) => Some(error),
            Self::Query(error) => Some(error),
            Self::Field(error) => Some(error),
            _ => None,
        }
    }
}

/// What is known of the `state` of a pasted address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum StateCheck {
    /// It is the expected one.
    Matched,
    /// One was expected and the address has none.
    Missing,
    /// None was expected, so none was looked at.
    NotChecked,
}

/// What a person pasted.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum PastedCode {
    /// A code alone. The account's host must be asked for.
    Bare(AuthorizationCode),
    /// The address that the browser was sent to.
    Redirected(PastedRedirect),
}

/// A code out of a pasted address. It is no [`ConsentRedirect`](crate::ConsentRedirect): no browser session is behind it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct PastedRedirect {
    /// To be exchanged within 20 minutes, once.
    pub code: AuthorizationCode,
    /// Where, by `referer`.
    pub host: AccountHost,
    /// The parameter `platform`, if it was there; it agrees with the host.
    pub platform: Option<Platform>,
    /// Whether the address belongs to an attempt of ours.
    pub state: StateCheck,
}

impl PastedCode {
    /// Reads what was pasted; white space around it is dropped. Never panics.
    ///
    /// What has a `?` or `code=` in it is an address or its query, anything else a code. Where the address leads is not judged.
    ///
    /// # Errors
    ///
    /// - `""`, `"def502 0a"`: [`PastedCodeError::Empty`], [`PastedCodeError::Code`].
    /// - `"https://a.example/?error=access_denied"`: [`PastedCodeError::AccessDenied`].
    /// - an address with a foreign `referer`, with none, or with another state than `expected_state`:
    ///   [`PastedCodeError::Field`], [`PastedCodeError::StateMismatch`].
    ///
    /// # Examples
    ///
    /// ```
    /// # use kommo_account::ClientId;
    /// # use kommo_oauth::{PastedCode, StateCheck};
    /// let client = ClientId::parse("11111111-2222-3333-4444-555555555555")?;
    /// let bare = PastedCode::parse(" def5020a\n", &client, None)?;
    /// assert!(matches!(bare, PastedCode::Bare(_)));
    ///
    /// let text = "https://app.example/callback?code=def5020a&referer=myshop.kommo.com";
    /// let PastedCode::Redirected(redirect) = PastedCode::parse(text, &client, None)? else { panic!() };
    /// assert_eq!(redirect.state, StateCheck::NotChecked);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn parse(
        text: &str,
        client_id: &ClientId,
        expected_state: Option<&ConsentState>,
    ) -> Result<Self, PastedCodeError> {
        let text = text.trim();
        if text.is_empty() {
            return Err(PastedCodeError::Empty);
        }
        if text.len() > PASTED_MAX_BYTES {
            return Err(PastedCodeError::TooLong { found: text.len() });
        }
        match query_of(text) {
            Some(query) => read_redirect(query, client_id, expected_state).map(Self::Redirected),
            None => AuthorizationCode::new(text)
                .map(Self::Bare)
                .map_err(PastedCodeError::Code),
        }
    }
}

fn query_of(text: &str) -> Option<&str> {
    let before_fragment = text.split('#').next().unwrap_or_default();
    match before_fragment.split_once('?') {
        Some((_, query)) => Some(query),
        None if text.contains("code=") => Some(before_fragment),
        None => None,
    }
}

fn read_redirect(
    query: &str,
    client_id: &ClientId,
    expected_state: Option<&ConsentState>,
) -> Result<PastedRedirect, PastedCodeError> {
    let parameters = KnownParameters::read(query, &PARAMETERS).map_err(PastedCodeError::Query)?;
    let state = match (expected_state, parameters.get("state")) {
        (None, _) => StateCheck::NotChecked,
        (Some(_), None) => StateCheck::Missing,
        (Some(expected), Some(state)) if expected.matches(state) => StateCheck::Matched,
        (Some(_), Some(_)) => return Err(PastedCodeError::StateMismatch),
    };
    check_client(&parameters, client_id).map_err(PastedCodeError::Field)?;
    match parameters.get("error") {
        Some("access_denied") => return Err(PastedCodeError::AccessDenied),
        Some(_) => return Err(PastedCodeError::UnknownError),
        None => {}
    }
    let fields = read_code_fields(&parameters).map_err(PastedCodeError::Field)?;
    Ok(PastedRedirect {
        code: fields.code,
        host: fields.host,
        platform: fields.platform,
        state,
    })
}
