//! Whether a host is this machine.

use core::net::IpAddr;

/// Whether a host of a URL, without its port, is this machine: `localhost` in any case, or a
/// loopback address. The brackets of an IPv6 address may be there or not. No name is looked up, so
/// every other name is another machine.
///
/// # Examples
///
/// ```
/// use kommo_account::is_loopback_host;
///
/// assert!(is_loopback_host("LocalHost") && is_loopback_host("127.0.0.2") && is_loopback_host("[::1]"));
/// assert!(!is_loopback_host("localhost.example") && !is_loopback_host("10.0.0.1"));
/// ```
#[must_use]
pub fn is_loopback_host(host: &str) -> bool {
    let inner = host
        .strip_prefix('[')
        .and_then(|host| host.strip_suffix(']'));
    let ip = inner.unwrap_or(host).parse::<IpAddr>();
    ip.map_or_else(
        |_| host.eq_ignore_ascii_case("localhost"),
        |ip| ip.is_loopback(),
    )
}
