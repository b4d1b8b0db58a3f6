//! Why an address or a path is not one that a request may go to.

use core::fmt;
use core::net::SocketAddr;

/// A number that names no platform: rule A6 of `docs/protocol.md` knows 1 and 2.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct UnknownPlatform {
    /// The number that came.
    pub number: u64,
}

impl fmt::Display for UnknownPlatform {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "platform {} is neither 1 nor 2", self.number)
    }
}

/// Why a sandbox cannot be at an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum NotLoopback {
    /// `0.0.0.0:8080`, `192.0.2.1:8080`, `[::ffff:127.0.0.1]:8080`: outside `127.0.0.0/8` and not
    /// `::1`.
    Address(SocketAddr),
    /// `127.0.0.1:0`: a listener cannot have port 0.
    PortZero,
}

impl fmt::Display for NotLoopback {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Address(address) => write!(f, "sandbox address {address} is not loopback"),
            Self::PortZero => f.write_str("sandbox address has the port 0"),
        }
    }
}

/// Why a text is not an address of a sandbox.
///
/// Offsets (`at`) are bytes from the start of the given text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ParseLoopbackUrlError {
    /// `""`: nothing is there.
    Empty,
    /// `"HTTP://127.0.0.1:8080"`, `"127.0.0.1:8080"`: it begins with neither `http://` nor
    /// `https://`.
    Scheme,
    /// `"http://me:pw@127.0.0.1:8080"`: a user or a password.
    UserInfo {
        /// Where the `@` is.
        offset: usize,
    },
    /// `"http://127.0.0.1:8080/v2"`, `"http://127.0.0.1:8080?a=1"`: more than one trailing slash
    /// follows.
    AfterAddress {
        /// Where the first byte that follows is.
        offset: usize,
    },
    /// `"http://127.0.0.1"`: the port is missing.
    NoPort,
    /// `"http://127.0.0.1:http"`, `"http://127.0.0.1:99999"`, `"http://127.0.0.1:0"`: no number
    /// from 1 to 65535.
    Port {
        /// Where the port begins.
        offset: usize,
    },
    /// `"http://sandbox.example:8080"`: neither `localhost` nor an IP address.
    Host {
        /// Where the host begins.
        offset: usize,
    },
    /// `"http://192.0.2.1:8080"`: an IP address, but not loopback.
    NotLoopback {
        /// Where the host begins.
        offset: usize,
    },
}

impl fmt::Display for ParseLoopbackUrlError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.write_str("sandbox url is empty"),
            Self::Scheme => f.write_str("sandbox url does not begin with http:// or https://"),
            Self::UserInfo { offset: at } => write!(f, "sandbox url names a user before byte {at}"),
            Self::AfterAddress { offset: at } => {
                write!(
                    f,
                    "sandbox url has more than an address and a slash, from byte {at}"
                )
            }
            Self::NoPort => f.write_str("sandbox url has no port"),
            Self::Port { offset: at } => {
                write!(
                    f,
                    "port at byte {at} of the sandbox url is not a number from 1 to 65535"
                )
            }
            Self::Host { offset: at } => {
                write!(
                    f,
                    "host at byte {at} of the sandbox url is not localhost or an ip address"
                )
            }
            Self::NotLoopback { offset: at } => {
                write!(f, "address at byte {at} of the sandbox url is not loopback")
            }
        }
    }
}

/// Why a URL was not written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum WriteUrlError {
    /// `"@evil.example/"`, `""`: the path does not begin with `/`, so it could change the host.
    NoLeadingSlash,
    /// `"/a b"`, `"/a#b"`: a space, a control character, a byte outside ASCII, `\` or `#`.
    PathByte {
        /// Where it is, in bytes from the start of the path.
        offset: usize,
    },
    /// The given writer failed.
    Writer,
}

impl fmt::Display for WriteUrlError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoLeadingSlash => f.write_str("path does not begin with a slash"),
            Self::PathByte { offset: at } => {
                write!(f, "byte {at} of the path is not allowed in a url")
            }
            Self::Writer => f.write_str("url could not be written"),
        }
    }
}

impl From<fmt::Error> for WriteUrlError {
    fn from(_: fmt::Error) -> Self {
        Self::Writer
    }
}

impl core::error::Error for UnknownPlatform {}
impl core::error::Error for NotLoopback {}
impl core::error::Error for ParseLoopbackUrlError {}
impl core::error::Error for WriteUrlError {}
