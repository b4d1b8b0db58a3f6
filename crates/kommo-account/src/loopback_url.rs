//! Reads the address of a sandbox as an operator types it: `http://127.0.0.1:8080`, or `https://`
//! if it speaks TLS.

use core::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use crate::error::ParseLoopbackUrlError;

/// How a sandbox is spoken to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum LoopbackScheme {
    Http,
    Https,
}

/// Splits and reads the URL. The address is checked to be loopback, so that no caller can forget
/// it.
pub(crate) fn parse(text: &str) -> Result<(LoopbackScheme, SocketAddr), ParseLoopbackUrlError> {
    if text.is_empty() {
        return Err(ParseLoopbackUrlError::Empty);
    }
    let (scheme, rest) = split_scheme(text)?;
    let start = text.len() - rest.len();
    let authority_length = rest.find(['/', '?', '#', '\\']).unwrap_or(rest.len());
    let (authority, after) = rest
        .split_at_checked(authority_length)
        .unwrap_or((rest, ""));
    if let Some(at) = authority.find('@') {
        return Err(ParseLoopbackUrlError::UserInfo { offset: start + at });
    }
    if !matches!(after, "" | "/") {
        return Err(ParseLoopbackUrlError::AfterAddress {
            offset: start + authority_length,
        });
    }
    let (host, port_text) = split_port(authority, start)?;
    let ip = parse_host(host, start)?;
    let port = parse_port(port_text).ok_or(ParseLoopbackUrlError::Port {
        offset: start + host.len() + 1,
    })?;
    Ok((scheme, SocketAddr::new(ip, port)))
}

fn split_scheme(text: &str) -> Result<(LoopbackScheme, &str), ParseLoopbackUrlError> {
    if let Some(rest) = text.strip_prefix("http://") {
        return Ok((LoopbackScheme::Http, rest));
    }
    match text.strip_prefix("https://") {
        Some(rest) => Ok((LoopbackScheme::Https, rest)),
        None => Err(ParseLoopbackUrlError::Scheme),
    }
}

/// Splits at the last colon that is not inside brackets.
fn split_port(authority: &str, start: usize) -> Result<(&str, &str), ParseLoopbackUrlError> {
    match authority.rsplit_once(':') {
        Some((host, port)) if !port.contains(']') => Ok((host, port)),
        _ => {
            parse_host(authority, start)?;
            Err(ParseLoopbackUrlError::NoPort)
        }
    }
}

/// The address that begins `at` bytes from the start.
fn parse_host(host: &str, at: usize) -> Result<IpAddr, ParseLoopbackUrlError> {
    if host.eq_ignore_ascii_case("localhost") {
        return Ok(IpAddr::V4(Ipv4Addr::LOCALHOST));
    }
    let bracketed = host
        .strip_prefix('[')
        .and_then(|host| host.strip_suffix(']'));
    let ip = match bracketed {
        Some(inner) => inner.parse::<Ipv6Addr>().map(IpAddr::V6),
        None => host.parse::<Ipv4Addr>().map(IpAddr::V4),
    };
    let ip = ip.map_err(|_| ParseLoopbackUrlError::Host { offset: at })?;
    if !ip.is_loopback() {
        return Err(ParseLoopbackUrlError::NotLoopback { offset: at });
    }
    Ok(ip)
}

/// One to five digits, from 1 to 65535. `u16::from_str` alone would take a sign.
fn parse_port(text: &str) -> Option<u16> {
    if text.len() > 5 || !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    text.parse().ok().filter(|port| *port != 0)
}
