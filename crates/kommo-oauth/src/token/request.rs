//! The two requests of the token endpoint, as values: what is to be sent, and only where.
//!
//! Source: rules K1, K2 of `docs/protocol.md`.

use alloc::vec::Vec;
use core::fmt;

use kommo_account::{AccountHost, EndpointRole};
use zeroize::Zeroizing;

use crate::integration::Credentials;
use crate::token::tokens::{AuthorizationCode, RefreshToken};

/// The path of the token endpoint, on an account's host.
pub const TOKEN_PATH: &str = "/oauth2/access_token";

const HEADERS: [(&str, &str); 2] = [
    ("content-type", "application/json"),
    ("accept", "application/json"),
];

/// What a token request brings.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum GrantType {
    /// A code: the exchange.
    AuthorizationCode,
    /// A refresh token.
    RefreshToken,
}

impl GrantType {
    /// The word of the platform.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::AuthorizationCode => "authorization_code",
            Self::RefreshToken => "refresh_token",
        }
    }
}

/// On whose word a token request is made. It decides what a refusal is evidence of: what a stranger
/// or a single tenant chose says nothing about the address that we send from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum RequestOrigin {
    /// A refresh of a grant whose account issued a pair, or answered a call, recently.
    KnownAccount,
    /// A refresh of a grant that has not worked for a while, or never did here, such as one that
    /// was imported.
    OtherGrant,
    /// The exchange of a code that a user of the application brought back from a consent which we
    /// began, or that an operator typed. The account's host is what the browser said.
    Consent,
    /// The exchange of a code from a consent that is bound to no session of the application: any
    /// program may have begun it, and chosen code and host.
    UnboundConsent,
    /// The exchange of a code from an install hook, which is unsigned: a stranger may have chosen
    /// code and host.
    InstallHook,
}

impl RequestOrigin {
    /// Whether an answer to it can be evidence about our address.
    #[must_use]
    pub const fn is_evidence(self) -> bool {
        matches!(self, Self::KnownAccount)
    }

    /// Whether anyone may have ordered it, as often as they like.
    #[must_use]
    pub const fn is_strangers(self) -> bool {
        matches!(self, Self::UnboundConsent | Self::InstallHook)
    }
}

/// A request to the token endpoint. Not `Clone`: it is sent once. Its body is wiped on drop and not
/// shown by `Debug`.
///
/// Source: vendor pages "OAuth" and "Kommo token reference". JSON is what both of them show, and
/// the id and secret go into the body.
///
/// # Security
///
/// The body holds the client secret and a code or refresh token. Send it once, to
/// [`host`](Self::host) alone, without following redirects.
///
/// # Examples
///
/// ```
/// # use kommo_account::{AccountHost, ClientId};
/// # use kommo_oauth::integration::{ClientSecret, Credentials, RedirectUri};
/// # use kommo_oauth::token::{AuthorizationCode, TokenRequest};
/// let credentials = Credentials::new(
///     ClientId::parse("11111111-2222-3333-4444-555555555555")?,
///     ClientSecret::new("secret")?,
///     RedirectUri::parse("https://app.example/callback")?,
/// );
/// let host = AccountHost::parse("myshop.kommo.com")?;
/// let request = TokenRequest::exchange(&credentials, &host, &AuthorizationCode::new("def5020a")?);
/// assert_eq!((request.method(), request.path()), ("POST", "/oauth2/access_token"));
/// assert_eq!(
///     request.body(),
///     br#"{"client_id":"11111111-2222-3333-4444-555555555555","client_secret":"secret","grant_type":"authorization_code","code":"def5020a","redirect_uri":"https://app.example/callback"}"#,
/// );
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct TokenRequest {
    host: AccountHost,
    grant_type: GrantType,
    origin: RequestOrigin,
    body: Zeroizing<Vec<u8>>,
}

impl TokenRequest {
    /// Exchanges a code. Repeat it only if the request certainly did not leave: a code works once.
    ///
    /// Its origin is [`RequestOrigin::InstallHook`], the least trusted one, until
    /// [`with_origin`](Self::with_origin) names another.
    #[must_use]
    pub fn exchange(
        credentials: &Credentials,
        host: &AccountHost,
        code: &AuthorizationCode,
    ) -> Self {
        let grant_type = GrantType::AuthorizationCode;
        Self {
            host: *host,
            grant_type,
            origin: RequestOrigin::InstallHook,
            body: write_body(credentials, grant_type, ("code", code.expose())),
        }
    }

    /// Refreshes a pair. Its origin is [`RequestOrigin::OtherGrant`] until
    /// [`with_origin`](Self::with_origin) names another.
    #[must_use]
    pub fn refresh(credentials: &Credentials, host: &AccountHost, token: &RefreshToken) -> Self {
        let grant_type = GrantType::RefreshToken;
        Self {
            host: *host,
            grant_type,
            origin: RequestOrigin::OtherGrant,
            body: write_body(credentials, grant_type, ("refresh_token", token.expose())),
        }
    }

    /// Says on whose word it is made. The bytes that are sent stay the same.
    #[must_use]
    pub fn with_origin(mut self, origin: RequestOrigin) -> Self {
        self.origin = origin;
        self
    }

    /// On whose word it is made.
    #[must_use]
    pub const fn origin(&self) -> RequestOrigin {
        self.origin
    }

    /// `POST`.
    #[must_use]
    pub const fn method(&self) -> &'static str {
        "POST"
    }

    /// The one host that it may go to.
    #[must_use]
    pub const fn host(&self) -> &AccountHost {
        &self.host
    }

    /// The host as a role that [`Endpoints`](kommo_account::Endpoints) resolves.
    #[must_use]
    pub const fn role(&self) -> EndpointRole {
        EndpointRole::Account(self.host)
    }

    /// The path.
    #[must_use]
    pub const fn path(&self) -> &'static str {
        TOKEN_PATH
    }

    /// What it brings.
    #[must_use]
    pub const fn grant_type(&self) -> GrantType {
        self.grant_type
    }

    /// The headers, names in lower case. None of them is secret.
    #[must_use]
    pub const fn headers(&self) -> &'static [(&'static str, &'static str)] {
        &HEADERS
    }

    /// The bytes to send, as they are.
    #[must_use]
    pub fn body(&self) -> &[u8] {
        &self.body
    }
}

impl fmt::Debug for TokenRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TokenRequest")
            .field("host", &self.host)
            .field("grant_type", &self.grant_type)
            .field("origin", &self.origin)
            .field("body_bytes", &self.body.len())
            .finish()
    }
}

fn write_body(
    credentials: &Credentials,
    grant_type: GrantType,
    brought: (&'static str, &str),
) -> Zeroizing<Vec<u8>> {
    let fields = [
        ("client_id", credentials.client_id.as_str()),
        ("client_secret", credentials.client_secret.expose_secret()),
        ("grant_type", grant_type.as_str()),
        brought,
        ("redirect_uri", credentials.redirect_uri.as_str()),
    ];
    // INVARIANT: the body never grows beyond this, so no copy of a secret is left behind by a
    // reallocation.
    let room: usize = fields.iter().map(room_for).sum();
    let mut body = Zeroizing::new(Vec::with_capacity(room + 2));
    for (number, (name, value)) in fields.into_iter().enumerate() {
        body.push(if number == 0 { b'{' } else { b',' });
        push_text(&mut body, name);
        body.push(b':');
        push_text(&mut body, value);
    }
    body.push(b'}');
    body
}

/// Two pairs of quotes, a colon, a comma; at worst every byte of the value becomes `\u00xx`.
fn room_for((name, value): &(&str, &str)) -> usize {
    name.len() + 6 + 6 * value.len()
}

fn push_text(body: &mut Vec<u8>, text: &str) {
    body.push(b'"');
    for byte in text.bytes() {
        match byte {
            b'"' | b'\\' => body.extend([b'\\', byte]),
            0..=0x1f => {
                let digit = |nibble: u8| b"0123456789abcdef".get(usize::from(nibble)).copied();
                body.extend(b"\\u00");
                body.extend(digit(byte >> 4));
                body.extend(digit(byte & 15));
            }
            _ => body.push(byte),
        }
    }
    body.push(b'"');
}
