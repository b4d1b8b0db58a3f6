//! Addresses that the platform calls or shows. They are compared with the integration's settings
//! byte for byte, so they are checked and kept as they are, never rewritten.

use alloc::string::String;
use core::net::{Ipv4Addr, Ipv6Addr};
use core::{error, fmt};

/// The longest address, in bytes.
pub const WEB_URI_MAX_BYTES: usize = 2048;

const HTTPS: &str = "https://";
const HTTP: &str = "http://";

/// Why a text is not an address that the platform can use. Offsets are bytes from the start of the
/// given text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum WebUriError {
    /// Empty.
    Empty,
    /// More than [`WEB_URI_MAX_BYTES`].
    TooLong {
        /// The length found, in bytes.
        found: usize,
    },
    /// `"ftp://a.example/"`, `"a.example"`, `"HTTPS://a.example"`: it begins with neither
    /// `https://` nor `http://`.
    Scheme,
    /// `"http://a.example/"`: without TLS, and not on this machine.
    PlainHttp,
    /// `"https:///callback"`.
    NoHost,
    /// `"https://пример.example/"`: the platform takes no Cyrillic hosts.
    HostNotAscii {
        /// Where the first such byte is.
        offset: usize,
    },
    /// `"https://xn--e1afmkfd.example/"`: nor their other spelling.
    Punycode {
        /// Where the label begins.
        offset: usize,
    },
    /// `"https://user@a.example/"`.
    UserInfo {
        /// Where the `@` is.
        offset: usize,
    },
    /// `"https://a..example/"`, `"https://a%2e.example/"`: no host name and no IP address.
    Host {
        /// Where the host begins.
        offset: usize,
    },
    /// `"https://a.example:/"`, `"https://a.example:0/"`.
    Port {
        /// Where the port should begin.
        offset: usize,
    },
    /// `"https://a.example/#x"`: what follows a `#` never reaches a server.
    Fragment {
        /// Where the `#` is.
        offset: usize,
    },
    /// A space, a backslash, a control character, or a byte outside ASCII after the host.
    Byte {
        /// Where.
        offset: usize,
    },
}

impl fmt::Display for WebUriError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.write_str("address is empty"),
            Self::TooLong { found } => {
                write!(
                    f,
                    "address has {found} bytes, more than {WEB_URI_MAX_BYTES}"
                )
            }
            Self::Scheme => f.write_str("address does not begin with https://"),
            Self::PlainHttp => {
                f.write_str("address has no tls, which only a loopback address may do without")
            }
            Self::NoHost => f.write_str("address has no host"),
            Self::HostNotAscii { offset } => {
                write!(
                    f,
                    "host of the address has a byte outside ascii at byte {offset}"
                )
            }
            Self::Punycode { offset } => {
                write!(f, "host of the address has an xn-- label at byte {offset}")
            }
            Self::UserInfo { offset } => write!(f, "address has a user name before byte {offset}"),
            Self::Host { offset } => write!(f, "address has no valid host at byte {offset}"),
            Self::Port { offset } => write!(f, "address has no valid port at byte {offset}"),
            Self::Fragment { offset } => write!(f, "address has a fragment at byte {offset}"),
            Self::Byte { offset } => {
                write!(
                    f,
                    "address has a byte at {offset} that is not allowed in it"
                )
            }
        }
    }
}

impl error::Error for WebUriError {}

macro_rules! web_uri {
    ($(#[$docs:meta])* $name:ident) => {
        $(#[$docs])*
        ///
        /// `https`, or `http` with a loopback host; at most [`WEB_URI_MAX_BYTES`] bytes of visible
        /// ASCII; no user, no fragment. Kept byte for byte: no letter changes case, no slash is
        /// added, no port is dropped.
        #[derive(Clone, PartialEq, Eq, Hash)]
        pub struct $name {
            text: String,
            origin_bytes: usize,
        }

        impl $name {
            /// Checks and keeps the text. Never panics.
            ///
            /// # Errors
            ///
            /// - `"http://a.example/"`: [`WebUriError::PlainHttp`]; `"http://127.0.0.1:8000/"` is
            ///   fine.
            /// - `"https://пример.example/"`, `"https://xn--e1afmkfd.example/"`:
            ///   [`WebUriError::HostNotAscii`], [`WebUriError::Punycode`].
            /// - `"https://a.example/#x"`, `"https://a.example/a b"`: [`WebUriError::Fragment`],
            ///   [`WebUriError::Byte`].
            /// - no scheme, a user, a bad host or port: the variant of that name.
            pub fn parse(text: impl Into<String>) -> Result<Self, WebUriError> {
                let text = text.into();
                let origin_bytes = check(&text)?;
                Ok(Self { text, origin_bytes })
            }

            /// The text, byte for byte as it was given.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.text
            }

            /// Scheme, host and port as they are written: `https://a.example:8443`.
            #[must_use]
            pub fn origin(&self) -> &str {
                self.text.get(..self.origin_bytes).unwrap_or_default()
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(&self.text)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.debug_tuple(stringify!($name)).field(&self.text).finish()
            }
        }
    };
}

web_uri! {
    /// The Redirect URI of an integration. The platform compares it exactly: a slash or a query
    /// more is another address.
    ///
    /// Source: vendor page "OAuth"; that other scripts than Cyrillic are refused too is our choice.
    ///
    /// # Examples
    ///
    /// ```
    /// # use kommo_oauth::integration::{RedirectUri, WebUriError};
    /// let uri = RedirectUri::parse("https://App.example/kommo/callback?tenant=1")?;
    /// assert_eq!(uri.as_str(), "https://App.example/kommo/callback?tenant=1");
    /// assert_eq!(uri.origin(), "https://App.example");
    /// # Ok::<(), WebUriError>(())
    /// ```
    RedirectUri
}

web_uri! {
    /// Where the platform sends the secrets of an integration that the button creates.
    SecretsUri
}

web_uri! {
    /// The address of a picture.
    LogoUri
}

web_uri! {
    /// The address of the page that opens the consent window.
    PageUri
}

/// Returns the length of scheme, host and port.
fn check(text: &str) -> Result<usize, WebUriError> {
    if text.is_empty() {
        return Err(WebUriError::Empty);
    }
    if text.len() > WEB_URI_MAX_BYTES {
        return Err(WebUriError::TooLong { found: text.len() });
    }
    let (scheme, rest) = [HTTPS, HTTP]
        .into_iter()
        .find_map(|scheme| Some((scheme, text.strip_prefix(scheme)?)))
        .ok_or(WebUriError::Scheme)?;
    let authority_bytes = rest.find(['/', '?', '#', '\\']).unwrap_or(rest.len());
    let (authority, _) = rest.split_at_checked(authority_bytes).unwrap_or((rest, ""));
    let loopback = check_authority(authority, scheme.len())?;
    if scheme == HTTP && !loopback {
        return Err(WebUriError::PlainHttp);
    }
    let origin_bytes = scheme.len() + authority_bytes;
    check_bytes(text)?;
    Ok(origin_bytes)
}

fn check_bytes(text: &str) -> Result<(), WebUriError> {
    for (offset, byte) in text.bytes().enumerate() {
        match byte {
            b'#' => return Err(WebUriError::Fragment { offset }),
            b'\\' => return Err(WebUriError::Byte { offset }),
            b'!'..=b'~' => {}
            _ => return Err(WebUriError::Byte { offset }),
        }
    }
    Ok(())
}

/// Whether the host is on this machine.
fn check_authority(authority: &str, at: usize) -> Result<bool, WebUriError> {
    if let Some(offset) = authority.bytes().position(|byte| !byte.is_ascii()) {
        return Err(WebUriError::HostNotAscii {
            offset: at + offset,
        });
    }
    if let Some(offset) = authority.find('@') {
        return Err(WebUriError::UserInfo {
            offset: at + offset,
        });
    }
    let (host, port) = match authority.rsplit_once(':') {
        Some((host, port)) if !port.contains(']') => (host, Some(port)),
        _ => (authority, None),
    };
    if host.is_empty() {
        return Err(WebUriError::NoHost);
    }
    if port.is_some_and(|port| !is_port(port)) {
        return Err(WebUriError::Port {
            offset: at + host.len() + 1,
        });
    }
    check_host(host, at)
}

fn check_host(host: &str, at: usize) -> Result<bool, WebUriError> {
    let not_a_host = WebUriError::Host { offset: at };
    if let Some(rest) = host.strip_prefix('[') {
        let inner = rest.strip_suffix(']').ok_or(not_a_host)?;
        let ip = inner.parse::<Ipv6Addr>().map_err(|_| not_a_host)?;
        return Ok(ip.is_loopback());
    }
    let mut offset = at;
    for label in host.split('.') {
        if !is_label(label) {
            return Err(not_a_host);
        }
        if label
            .get(..4)
            .is_some_and(|start| start.eq_ignore_ascii_case("xn--"))
        {
            return Err(WebUriError::Punycode { offset });
        }
        offset += label.len() + 1;
    }
    let named = host.eq_ignore_ascii_case("localhost");
    Ok(named || host.parse::<Ipv4Addr>().is_ok_and(|ip| ip.is_loopback()))
}

fn is_label(label: &str) -> bool {
    let letter = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    (1..=63).contains(&label.len()) && label.bytes().all(letter)
}

fn is_port(text: &str) -> bool {
    let digits = text.len() <= 5 && text.bytes().all(|byte| byte.is_ascii_digit());
    digits && text.parse::<u16>().is_ok_and(|port| port != 0)
}
