//! Reads the address of a sandbox as an operator types it: `http://127.0.0.1:8080`.

use core::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use crate::error::ParseLoopbackUrlError;

const HTTP: &str = "http://";

/// Splits and reads the URL. The address is checked to be loopback, so that no caller can forget it.
pub(crate) fn parse(text: &str) -> Result<SocketAddr, ParseLoopbackUrlError> {
    if text.is_empty() {
        return Err(ParseLoopbackUrlError::Empty);
    }
    let Some(rest) = text.strip_prefix(HTTP) else {
        return Err(ParseLoopbackUrlError::Scheme);
    };
    let authority_length = rest.find(['/', '?', '#', '\\']).unwrap_or(rest.len());
    let (authority, after) = rest
        .split_at_checked(authority_length)
        .unwrap_or((rest, ""));
    if let Some(at) = authority.find('@') {
        return Err(ParseLoopbackUrlError::UserInfo {
            offset: HTTP.len() + at,
        });
    }
    if !matches!(after, "" | "/") {
        return Err(ParseLoopbackUrlError::AfterAddress {
            offset: HTTP.len() + authority_length,
        });
    }
    let (host, port_text) = split_port(authority)?;
    let ip = parse_host(host)?;
    let port = parse_port(port_text).ok_or(ParseLoopbackUrlError::Port {
        offset: HTTP.len() + host.len() + 1,
    })?;
    Ok(SocketAddr::new(ip, port))
}

/// Splits at the last colon that is not inside brackets.
fn split_port(authority: &str) -> Result<(&str, &str), ParseLoopbackUrlError> {
    match authority.rsplit_once(':') {
        Some((host, port)) if !port.contains(']') => Ok((host, port)),
        _ => {
            parse_host(authority)?;
            Err(ParseLoopbackUrlError::NoPort)
        }
    }
}

fn parse_host(host: &str) -> Result<IpAddr, ParseLoopbackUrlError> {
    let at = HTTP.len();
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
