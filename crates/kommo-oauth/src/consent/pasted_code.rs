//! The simplified way: a person copies a code out of the integration's keys, or the whole address
//! that the browser was sent to, and pastes it.
//!
//! Source: rule G11 of `docs/protocol.md`.

use alloc::borrow::ToOwned;
use core::{error, fmt};

use kommo_account::{AccountHost, ClientId, Platform};

use crate::consent::query::{KnownParameters, QUERY_MAX_BYTES, QueryError};
use crate::consent::redirect::{CallbackFieldError, PARAMETERS, check_client, read_code_fields};
use crate::consent::state::ConsentState;
use crate::integration::RedirectUri;
use crate::token::{AuthorizationCode, TokenError};

/// The longest text that may be pasted, in bytes.
pub const PASTED_MAX_BYTES: usize = QUERY_MAX_BYTES;

/// Why a pasted text cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum PastedCodeError {
    /// Only white space.
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
    /// An address that is not the Redirect URI of the attempt, or a query without an address.
    OtherAddress,
    /// An address without a `state`: there is no proof that it answers the attempt.
    StateMissing,
    /// An address with an unexpected `state`: it belongs to another attempt.
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
            Self::OtherAddress => "pasted text is not an address at the redirect uri",
            Self::StateMissing => "pasted address has no state",
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

/// The consent attempt that a pasted address must answer.
#[derive(Clone, Copy, Debug)]
#[allow(
    clippy::exhaustive_structs,
    reason = "both are needed to recognise an address, and there is nothing else to compare"
)]
pub struct PastedFor<'a> {
    /// The attempt's `state`.
    pub state: &'a ConsentState,
    /// Where the platform sends the browser: the address must have its scheme, host, port and path.
    pub redirect_uri: &'a RedirectUri,
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

/// A code out of a pasted address. It is not a
/// [`ConsentRedirect`](crate::consent::ConsentRedirect): it has no browser session.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct PastedRedirect {
    /// To be exchanged within 20 minutes, once.
    pub code: AuthorizationCode,
    /// Where, by `referer`.
    pub host: AccountHost,
    /// The parameter `platform`, if it was there; it agrees with the host.
    pub platform: Option<Platform>,
}

impl PastedCode {
    /// Reads what was pasted; white space around it is dropped. Never panics.
    ///
    /// What has a `?` or `code=` in it is an address or its query, anything else a code. An address
    /// must answer `attempt`, if there is one: anyone can make up an address with a code of their
    /// own account, and persuade a person to paste it. Without an attempt neither its `state` nor
    /// its host and path are checked.
    ///
    /// # Errors
    ///
    /// - `""`, `"def502 0a"`: [`PastedCodeError::Empty`], [`PastedCodeError::Code`].
    /// - `"https://a.example/?error=access_denied"`: [`PastedCodeError::AccessDenied`].
    /// - an address with a foreign `referer`, or with none: [`PastedCodeError::Field`];
    /// - one that is not at the Redirect URI of the attempt, or without its `state`, or with
    ///   another: [`PastedCodeError::OtherAddress`], [`PastedCodeError::StateMissing`],
    ///   [`PastedCodeError::StateMismatch`].
    ///
    /// # Examples
    ///
    /// ```
    /// # use kommo_account::ClientId;
    /// # use kommo_oauth::consent::{ConsentState, PastedCode, PastedCodeError, PastedFor};
    /// # use kommo_oauth::integration::RedirectUri;
    /// let client = ClientId::parse("11111111-2222-3333-4444-555555555555")?;
    /// let state = ConsentState::from_random([7; 32]);
    /// let redirect_uri = RedirectUri::parse("https://app.example/callback")?;
    /// let attempt = PastedFor { state: &state, redirect_uri: &redirect_uri };
    ///
    /// let bare = PastedCode::parse(" def5020a\n", &client, Some(attempt))?;
    /// assert!(matches!(bare, PastedCode::Bare(_)));
    ///
    /// let text = "https://app.example/callback?code=def5020a&referer=myshop.kommo.com";
    /// let forged = PastedCode::parse(text, &client, Some(attempt));
    /// assert_eq!(forged, Err(PastedCodeError::StateMissing));
    /// let answer = format!("{text}&state={}", state.expose());
    /// assert!(matches!(PastedCode::parse(&answer, &client, Some(attempt))?, PastedCode::Redirected(_)));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn parse(
        text: &str,
        client_id: &ClientId,
        attempt: Option<PastedFor<'_>>,
    ) -> Result<Self, PastedCodeError> {
        let text = text.trim();
        if text.is_empty() {
            return Err(PastedCodeError::Empty);
        }
        if text.len() > PASTED_MAX_BYTES {
            return Err(PastedCodeError::TooLong { found: text.len() });
        }
        match query_of(text) {
            Some(query) => {
                if attempt.is_some_and(|attempt| !is_at(text, attempt.redirect_uri)) {
                    return Err(PastedCodeError::OtherAddress);
                }
                let state = attempt.map(|attempt| attempt.state);
                read_redirect(query, client_id, state).map(Self::Redirected)
            }
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

/// Whether an address has the scheme, host, port and path of the Redirect URI. A browser writes
/// scheme and host in lower case, leaves out the scheme's own port and adds a slash to an empty
/// path.
fn is_at(address: &str, redirect_uri: &RedirectUri) -> bool {
    let place = |text: &str| {
        let bare = text.split(['?', '#']).next().unwrap_or_default();
        let (scheme, rest) = bare.split_once("://")?;
        let (authority, path) = match rest.find('/') {
            Some(at) => rest.split_at(at),
            None => (rest, "/"),
        };
        let scheme = scheme.to_ascii_lowercase();
        let authority = authority.to_ascii_lowercase();
        let port = if scheme == "https" { ":443" } else { ":80" };
        let authority = authority
            .strip_suffix(port)
            .unwrap_or(&authority)
            .to_owned();
        Some((scheme, authority, path.to_owned()))
    };
    let wanted = place(redirect_uri.as_str());
    wanted.is_some() && place(address) == wanted
}

fn read_redirect(
    query: &str,
    client_id: &ClientId,
    expected_state: Option<&ConsentState>,
) -> Result<PastedRedirect, PastedCodeError> {
    let parameters = KnownParameters::read(query, &PARAMETERS).map_err(PastedCodeError::Query)?;
    match (expected_state, parameters.get("state")) {
        (None, _) => {}
        (Some(_), None) => return Err(PastedCodeError::StateMissing),
        (Some(expected), Some(state)) if expected.matches(state) => {}
        (Some(_), Some(_)) => return Err(PastedCodeError::StateMismatch),
    }
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
    })
}
