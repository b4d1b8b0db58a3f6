//! Whom a request was meant for: `Host` and `Origin`.
//!
//! A web page can make a browser send requests to a loopback port. It cannot choose the `Host` that
//! the browser sends (a name that was rebound to 127.0.0.1 stays that name) and cannot hide its
//! `Origin`.

use core::net::{IpAddr, SocketAddr};

use axum::http::header::{HOST, ORIGIN};
use axum::http::{HeaderMap, Uri};

/// The one host that a request names, in lower case; `None` if it names none, two, or two different
/// ones.
pub(crate) fn host_of(uri: &Uri, headers: &HeaderMap) -> Option<String> {
    let mut hosts = headers.get_all(HOST).iter();
    let in_header = match (hosts.next(), hosts.next()) {
        (None, _) => None,
        (Some(host), None) => Some(host.to_str().ok()?.to_ascii_lowercase()),
        (Some(_), Some(_)) => return None,
    };
    let in_target = uri
        .authority()
        .map(|authority| authority.as_str().to_ascii_lowercase());
    match (in_target, in_header) {
        (Some(target), Some(header)) if target != header => None,
        (target, header) => target.or(header),
    }
}

/// Whether `host` is the sandbox's own socket, by its number or as `localhost`. Without a socket
/// every loopback host is.
pub(crate) fn is_own_host(host: &str, address: Option<SocketAddr>) -> bool {
    let Some(address) = address else {
        return is_loopback_host(host);
    };
    let (name, port) = split_port(host);
    // Clients leave out the port that belongs to the scheme.
    let right_port = match port {
        Some(port) => port == address.port(),
        None => matches!(address.port(), 80 | 443),
    };
    right_port && (name == "localhost" || ip(name) == Some(address.ip()))
}

/// Whether `host` is a loopback address or `localhost`, with any port.
pub(crate) fn is_loopback_host(host: &str) -> bool {
    let (name, _) = split_port(host);
    name == "localhost" || ip(name).is_some_and(|ip| ip.is_loopback())
}

/// `host` without its port.
pub(crate) fn without_port(host: &str) -> &str {
    split_port(host).0
}

/// The port that `host` names.
pub(crate) fn port_of(host: &str) -> Option<u16> {
    split_port(host).1
}

/// Whether `host` is a Chats API host of the platform (rule A5), with any port.
pub(crate) fn is_chats_host(host: &str) -> bool {
    matches!(
        split_port(host).0,
        "amojo.kommo.com" | "amojo.amocrm.ru" | "amojo.amocrm.com"
    )
}

/// Whether `host` is the host of the Open API (rule O7), with any port.
pub(crate) fn is_open_api_host(host: &str) -> bool {
    split_port(host).0 == "apichat.twt.com"
}

/// Whether a request comes from no web page, or from our own.
pub(crate) fn is_own_origin(headers: &HeaderMap, address: Option<SocketAddr>) -> bool {
    headers.get_all(ORIGIN).iter().all(|origin| {
        let host = origin.to_str().ok().and_then(|origin| {
            let plain = origin.strip_prefix("http://");
            plain.or_else(|| origin.strip_prefix("https://"))
        });
        host.is_some_and(|host| is_own_host(&host.to_ascii_lowercase(), address))
    })
}

/// `name`, `name:port`; if the port is not a number, the whole text is the name, and no host has
/// it.
fn split_port(host: &str) -> (&str, Option<u16>) {
    match host.rsplit_once(':') {
        Some((name, port))
            if !name.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit()) =>
        {
            port.parse().map_or((host, None), |port| (name, Some(port)))
        }
        _ => (host, None),
    }
}

/// `127.0.0.1`, `[::1]`.
fn ip(name: &str) -> Option<IpAddr> {
    match name
        .strip_prefix('[')
        .and_then(|name| name.strip_suffix(']'))
    {
        Some(v6) => v6.parse().ok().map(IpAddr::V6),
        None => name.parse().ok().map(IpAddr::V4),
    }
}

#[cfg(test)]
mod tests {
    use super::{is_chats_host, is_loopback_host, is_own_host};

    #[test]
    fn only_the_socket_itself_is_our_own_host() {
        let address = Some(([127, 0, 0, 1], 4242).into());
        for host in ["127.0.0.1:4242", "localhost:4242"] {
            assert!(is_own_host(host, address), "{host}");
        }
        for host in [
            "",
            ":4242",
            "127.0.0.1",
            "127.0.0.1:4243",
            "127.0.0.2:4242",
            "localhost",
            "localhost:04243",
            "attacker.example:4242",
            "127.0.0.1.attacker.example:4242",
            "localhost.:4242",
            "[::1]:4242",
            "127.0.0.1:4242:4242",
            "127.0.0.1:",
            "127.0.0.1:99999",
            "user@127.0.0.1:4242",
        ] {
            assert!(!is_own_host(host, address), "{host}");
        }
    }

    #[test]
    fn loopback_hosts_are_known_by_number_or_as_localhost() {
        for host in [
            "localhost",
            "localhost:1",
            "127.0.0.1",
            "127.9.9.9:80",
            "[::1]",
            "[::1]:4242",
        ] {
            assert!(is_loopback_host(host), "{host}");
        }
        for host in [
            "",
            "localhost.example",
            "10.0.0.1",
            "::1",
            "0.0.0.0",
            "2130706433",
            "[::2]",
        ] {
            assert!(!is_loopback_host(host), "{host}");
        }
    }

    // Rule A5.
    #[test]
    fn the_three_chats_hosts_are_known() {
        for host in [
            "amojo.kommo.com",
            "amojo.amocrm.ru",
            "amojo.amocrm.com",
            "amojo.kommo.com:443",
        ] {
            assert!(is_chats_host(host), "{host}");
        }
        for host in [
            "kommo.com",
            "amojo.kommo.com.example",
            "xamojo.kommo.com",
            "amojo.kommo.com.",
        ] {
            assert!(!is_chats_host(host), "{host}");
        }
    }
}
