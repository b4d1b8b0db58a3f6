//! Asks the shared API host for the current host of an account: needed when an account was renamed.
//!
//! Source: rule K12 of `docs/protocol.md`.

use core::{error, fmt};

use kommo_account::{AccountHost, AccountId, ApiDomain, EndpointRole, ParseAccountHostError};
use serde::Deserialize;

use crate::peer_json::{NotReadable, Number, PeerText, Text, parse_object};
use crate::token::tokens::RefreshToken;

/// The path of the look-up.
pub const SUBDOMAIN_PATH: &str = "/oauth2/account/current/subdomain";

/// The longest answer that is read, in bytes.
const ANSWER_MAX_BYTES: usize = 64 * 1024;

/// The look-up of an account's current host, as a value. `Debug` does not show the token.
///
/// It does not spend the refresh token: the vendor library refreshes with the same one right after
/// it.
///
/// Source: vendor library.
///
/// # Security
///
/// The refresh token goes to the host that a claim named. [`ApiDomain`] is the proof that it is one
/// of the platform's.
///
/// # Examples
///
/// ```
/// # use kommo_account::ApiDomain;
/// # use kommo_oauth::token::{RefreshToken, SubdomainLookup};
/// let token = RefreshToken::new("def5020a")?;
/// let lookup = SubdomainLookup::new(&ApiDomain::parse("api-c.kommo.com")?, &token);
/// assert_eq!(lookup.path(), "/oauth2/account/current/subdomain");
/// assert_eq!(lookup.expose_headers()[1], ("x-refresh-token", "def5020a"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct SubdomainLookup<'a> {
    domain: ApiDomain,
    refresh_token: &'a RefreshToken,
}

impl<'a> SubdomainLookup<'a> {
    /// Looks up the account that a refresh token belongs to.
    #[must_use]
    pub const fn new(domain: &ApiDomain, refresh_token: &'a RefreshToken) -> Self {
        Self {
            domain: *domain,
            refresh_token,
        }
    }

    /// `GET`.
    #[must_use]
    pub const fn method(&self) -> &'static str {
        "GET"
    }

    /// The one host that it may go to.
    #[must_use]
    pub const fn domain(&self) -> &ApiDomain {
        &self.domain
    }

    /// The host as a role that [`Endpoints`](kommo_account::Endpoints) resolves.
    #[must_use]
    pub const fn role(&self) -> EndpointRole {
        EndpointRole::ApiDomain(self.domain)
    }

    /// The path.
    #[must_use]
    pub const fn path(&self) -> &'static str {
        SUBDOMAIN_PATH
    }

    /// The headers, names in lower case. The last one is the refresh token.
    #[must_use]
    pub fn expose_headers(&self) -> [(&'static str, &str); 2] {
        [
            ("accept", "application/json"),
            ("x-refresh-token", self.refresh_token.expose()),
        ]
    }
}

/// The result of the look-up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SubdomainAnswer {
    /// An account and its host now. Whether the account is the expected one is for the caller to
    /// compare.
    Found {
        /// The account.
        account_id: AccountId,
        /// Its host.
        host: AccountHost,
    },
    /// The look-up failed. This proves nothing about the grant.
    Refused {
        /// The status.
        status: u16,
    },
    /// A success that cannot be used.
    Unusable(SubdomainError),
}

/// Why a success of the look-up cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SubdomainError {
    /// More than 64 KiB.
    TooLarge {
        /// The length found, in bytes.
        found: usize,
    },
    /// No JSON object.
    NotJson,
    /// A field is repeated.
    DuplicateField,
    /// No `id`, or none of an account.
    AccountId,
    /// No `domain`.
    DomainMissing,
    /// `domain` is not an account host.
    Domain(ParseAccountHostError),
    /// `subdomain` or `top_level_domain` is present and contradicts `domain`.
    Contradiction,
}

impl fmt::Display for SubdomainError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooLarge { found } => write!(
                f,
                "subdomain answer has {found} bytes, more than {ANSWER_MAX_BYTES}"
            ),
            Self::NotJson => f.write_str("subdomain answer is not a json object"),
            Self::DuplicateField => f.write_str("subdomain answer has a field twice"),
            Self::AccountId => f.write_str("subdomain answer has no account id"),
            Self::DomainMissing => f.write_str("subdomain answer has no domain"),
            Self::Domain(_) => {
                f.write_str("subdomain answer has a domain that is not an account host")
            }
            Self::Contradiction => f.write_str("subdomain answer contradicts itself"),
        }
    }
}

impl error::Error for SubdomainError {
    fn source(&self) -> Option<&(dyn error::Error + 'static)> {
        match self {
            Self::Domain(error) => Some(error),
            _ => None,
        }
    }
}

#[derive(Deserialize)]
struct Answer<'a> {
    #[serde(default)]
    id: Number,
    #[serde(borrow, default)]
    subdomain: Text<'a>,
    #[serde(borrow, default)]
    domain: Text<'a>,
    #[serde(borrow, default)]
    top_level_domain: Text<'a>,
}

/// Reads the answer of a [`SubdomainLookup`]. Never panics.
///
/// - 200 with `id` and `domain`: [`SubdomainAnswer::Found`].
/// - 200 with `domain` `evil.example`, or without one: [`SubdomainAnswer::Unusable`].
/// - any other status: [`SubdomainAnswer::Refused`].
///
/// Source: vendor library.
#[must_use]
pub fn read_subdomain_answer(status: u16, body: &[u8]) -> SubdomainAnswer {
    if status != 200 {
        return SubdomainAnswer::Refused { status };
    }
    match read_success(body) {
        Ok((account_id, host)) => SubdomainAnswer::Found { account_id, host },
        Err(error) => SubdomainAnswer::Unusable(error),
    }
}

fn read_success(body: &[u8]) -> Result<(AccountId, AccountHost), SubdomainError> {
    if body.len() > ANSWER_MAX_BYTES {
        return Err(SubdomainError::TooLarge { found: body.len() });
    }
    let text = PeerText::of(body);
    let answer: Answer<'_> = parse_object(&text).map_err(|reason| match reason {
        NotReadable::Empty | NotReadable::NotJson => SubdomainError::NotJson,
        NotReadable::Fields => SubdomainError::DuplicateField,
    })?;
    let account_id = (answer.id.0)
        .and_then(|id| AccountId::from_number(id).ok())
        .ok_or(SubdomainError::AccountId)?;
    let domain = answer.domain.get().ok_or(SubdomainError::DomainMissing)?;
    let host = AccountHost::parse(domain).map_err(SubdomainError::Domain)?;
    if contradicts(&answer, &host) {
        return Err(SubdomainError::Contradiction);
    }
    Ok((account_id, host))
}

fn contradicts(answer: &Answer<'_>, host: &AccountHost) -> bool {
    let other_label = |label: &str| !label.eq_ignore_ascii_case(host.subdomain());
    let top_level = host.as_str().rsplit('.').next();
    let other_top = |top: &str| top_level != Some(top.trim_start_matches('.'));
    answer.subdomain.get().is_some_and(other_label)
        || answer.top_level_domain.get().is_some_and(other_top)
}
