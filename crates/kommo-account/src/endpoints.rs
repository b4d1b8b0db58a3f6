//! Where a request goes: to the real host over TLS, or to a sandbox on this machine that plays all
//! hosts, with TLS or without.

use core::fmt;
use core::net::{IpAddr, SocketAddr};

use crate::account_host::AccountHost;
use crate::api_domain::ApiDomain;
use crate::chats_host::ChatsHost;
use crate::error::{NotLoopback, ParseLoopbackUrlError, WriteUrlError};
use crate::loopback_url::{self, LoopbackScheme};
use crate::open_api_host::OpenApiHost;
use crate::platform::Platform;

/// The platform or the sandbox that a request, and every grant made with it, belongs to.
///
/// What was given out in one realm is never sent to another (invariant I3 of the design).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Realm {
    /// The real platform.
    Real,
    /// One sandbox, known by its loopback address.
    Sandbox(SocketAddr),
}

/// What a request is for, and thereby which host it must reach.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum EndpointRole {
    /// The Chats API.
    Chats(ChatsHost),
    /// An account: token endpoint and CRM API.
    Account(AccountHost),
    /// The shared API host, for the subdomain look-up.
    ApiDomain(ApiDomain),
    /// The consent page of a platform.
    Consent(Platform),
    /// The chat Open API.
    OpenApi(OpenApiHost),
}

/// The map from a role to a destination.
///
/// Nothing but the real hosts and a loopback address can be expressed, so a signed body, a code or
/// a token cannot be addressed to anybody else. `Copy`; never allocates.
///
/// # Examples
///
/// ```
/// # use kommo_account::{ChatsHost, EndpointRole, Endpoints};
/// let chats = EndpointRole::Chats(ChatsHost::AmojoKommoCom);
/// let mut url = String::new();
/// Endpoints::real().resolve(chats).write_url("/v2/origin", &mut url)?;
/// assert_eq!(url, "https://amojo.kommo.com/v2/origin");
///
/// let sandbox = Endpoints::loopback_url("http://localhost:8080/")?.resolve(chats);
/// url.clear();
/// sandbox.write_url("/v2/origin", &mut url)?;
/// assert_eq!(url, "http://127.0.0.1:8080/v2/origin");
/// assert_eq!(sandbox.host(), "amojo.kommo.com"); // goes into the header `Host`
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Endpoints {
    realm: Realm,
    sandbox_scheme: LoopbackScheme,
}

impl Endpoints {
    /// The real hosts, over TLS.
    #[must_use]
    pub const fn real() -> Self {
        Self {
            realm: Realm::Real,
            // Nobody asks for it in this realm.
            sandbox_scheme: LoopbackScheme::Https,
        }
    }

    /// A sandbox on this machine, without TLS.
    ///
    /// Flow label and scope of an IPv6 address are dropped, so that one sandbox is one realm.
    ///
    /// # Errors
    ///
    /// - `0.0.0.0:8080`, `192.0.2.1:8080`, `[::ffff:127.0.0.1]:8080`: [`NotLoopback::Address`]. The
    ///   last one is refused because the same sandbox would have two names; write it `127.0.0.1`.
    /// - `127.0.0.1:0`: [`NotLoopback::PortZero`].
    pub fn loopback(address: SocketAddr) -> Result<Self, NotLoopback> {
        let is_loopback = match address.ip() {
            IpAddr::V4(ip) => ip.is_loopback(),
            IpAddr::V6(ip) => ip.is_loopback(),
        };
        if !is_loopback {
            return Err(NotLoopback::Address(address));
        }
        if address.port() == 0 {
            return Err(NotLoopback::PortZero);
        }
        let address = SocketAddr::new(address.ip(), address.port());
        Ok(Self {
            realm: Realm::Sandbox(address),
            sandbox_scheme: LoopbackScheme::Http,
        })
    }

    /// A sandbox on this machine, as an operator types it: `http://127.0.0.1:PORT`,
    /// `http://[::1]:PORT` or `http://localhost:PORT` with at most one trailing slash, or the same
    /// with `https://` for a sandbox that speaks TLS. `localhost` means `127.0.0.1`; no name is
    /// looked up. The realm is the address alone: no other listener can be there. Never panics.
    ///
    /// # Errors
    ///
    /// - `"HTTP://127.0.0.1:8080"`, `"127.0.0.1:8080"`: [`ParseLoopbackUrlError::Scheme`].
    /// - `"http://127.0.0.1"`: [`ParseLoopbackUrlError::NoPort`].
    /// - `"http://192.0.2.1:8080"`: [`ParseLoopbackUrlError::NotLoopback`];
    ///   `"http://sandbox.example:8080"`: [`ParseLoopbackUrlError::Host`].
    /// - a user, a path, a query, a port out of range: the variant of that name, with its offset.
    pub fn loopback_url(text: &str) -> Result<Self, ParseLoopbackUrlError> {
        let (sandbox_scheme, address) = loopback_url::parse(text)?;
        Ok(Self {
            realm: Realm::Sandbox(address),
            sandbox_scheme,
        })
    }

    /// The realm.
    #[must_use]
    pub const fn realm(&self) -> Realm {
        self.realm
    }

    /// The destination for a role.
    #[must_use]
    pub const fn resolve(&self, role: EndpointRole) -> Target {
        Target {
            realm: self.realm,
            sandbox_scheme: self.sandbox_scheme,
            role,
        }
    }
}

/// Where a request goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Target {
    realm: Realm,
    sandbox_scheme: LoopbackScheme,
    role: EndpointRole,
}

impl Target {
    /// `https` for the real hosts; for a sandbox as its URL says.
    #[must_use]
    pub const fn scheme(&self) -> &'static str {
        match (self.realm, self.sandbox_scheme) {
            (Realm::Real, _) | (_, LoopbackScheme::Https) => "https",
            (Realm::Sandbox(_), LoopbackScheme::Http) => "http",
        }
    }

    /// The address to connect to if no name is to be looked up: that of the sandbox.
    #[must_use]
    pub const fn connect_to(&self) -> Option<SocketAddr> {
        match self.realm {
            Realm::Real => None,
            Realm::Sandbox(address) => Some(address),
        }
    }

    /// The real host name. It belongs into the header `Host`, in a sandbox too.
    #[must_use]
    pub fn host(&self) -> &str {
        match &self.role {
            EndpointRole::Chats(host) => host.as_str(),
            EndpointRole::Account(host) => host.as_str(),
            EndpointRole::ApiDomain(host) => host.as_str(),
            EndpointRole::Consent(platform) => platform.consent_host(),
            EndpointRole::OpenApi(host) => host.as_str(),
        }
    }

    /// The realm.
    #[must_use]
    pub const fn realm(&self) -> Realm {
        self.realm
    }

    /// What the request is for.
    #[must_use]
    pub const fn role(&self) -> EndpointRole {
        self.role
    }

    /// Writes the URL of a path, which may have a query: `https://{host}{path}`, or for a sandbox
    /// `{scheme}://{address}{path}`.
    ///
    /// The path is written as given. Never panics; nothing is written if the path is refused.
    ///
    /// # Errors
    ///
    /// - `"@evil.example/"`, `""`: [`WriteUrlError::NoLeadingSlash`].
    /// - `"/a b"`, `"/a#b"`, `"/a\\b"`: [`WriteUrlError::PathByte`], with its offset.
    /// - the writer fails: [`WriteUrlError::Writer`].
    ///
    /// # Security
    ///
    /// Without the leading slash a path would continue the host name: `https://myshop.kommo.com` +
    /// `@evil.example/`.
    pub fn write_url(&self, path: &str, writer: &mut dyn fmt::Write) -> Result<(), WriteUrlError> {
        check_path(path)?;
        match self.realm {
            Realm::Real => write!(writer, "https://{}{path}", self.host())?,
            Realm::Sandbox(address) => write!(writer, "{}://{address}{path}", self.scheme())?,
        }
        Ok(())
    }
}

fn check_path(path: &str) -> Result<(), WriteUrlError> {
    if !path.starts_with('/') {
        return Err(WriteUrlError::NoLeadingSlash);
    }
    let allowed = |byte: u8| byte.is_ascii_graphic() && !matches!(byte, b'\\' | b'#');
    match path.bytes().position(|byte| !allowed(byte)) {
        Some(at) => Err(WriteUrlError::PathByte { offset: at }),
        None => Ok(()),
    }
}
