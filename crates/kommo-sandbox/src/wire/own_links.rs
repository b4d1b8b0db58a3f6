//! The addresses that the sandbox writes into its answers. They lead to itself, and never to the
//! real platform: a client follows them with its token.

use core::net::SocketAddr;

use crate::wire::host::{is_own_host, port_of, without_port};
use crate::wire::platform_host::PlatformHost;

/// The socket that the sandbox answers at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Served {
    pub(crate) address: SocketAddr,
    pub(crate) tls: bool,
}

/// Scheme and authority of the links in the answer to a request that named `host`.
///
/// A client that found the sandbox under a name finds it there again. A real name in `Host` without
/// TLS was put there by hand: its client is given the address of the socket, which every language
/// resolves.
pub(crate) fn link_base(served: Option<Served>, host: &str, account_host: &str) -> String {
    let Some(Served { address, tls }) = served else {
        return format!("https://{account_host}");
    };
    let scheme = if tls { "https" } else { "http" };
    if is_own_host(host, Some(address)) || is_name_on_this_machine(host, address) {
        return format!("{scheme}://{host}");
    }
    match (tls, port_of(host)) {
        (false, _) => format!("{scheme}://{address}"),
        (true, None | Some(443)) => format!("{scheme}://{account_host}"),
        (true, Some(port)) => format!("{scheme}://{account_host}:{port}"),
    }
}

/// The claim `api_domain`: under TLS the real name, whose certificate the client trusts; else the
/// same name on this machine.
pub(crate) fn api_domain(served: Option<Served>, base_domain: &str) -> String {
    match served {
        Some(Served {
            address,
            tls: false,
        }) => format!("api-c.{base_domain}.localhost:{}", address.port()),
        _ => format!("api-c.{base_domain}"),
    }
}

/// `myshop.kommo.localhost` with the port of the socket.
fn is_name_on_this_machine(host: &str, address: SocketAddr) -> bool {
    without_port(host).ends_with(".localhost")
        && port_of(host) == Some(address.port())
        && PlatformHost::parse(host).is_some()
}

#[cfg(test)]
mod tests {
    use super::{Served, api_domain, link_base};

    fn served(tls: bool) -> Option<Served> {
        let address = ([127, 0, 0, 1], 4242).into();
        Some(Served { address, tls })
    }

    #[test]
    fn links_lead_to_where_the_client_found_the_sandbox() {
        for (tls, host, base) in [
            (false, "127.0.0.1:4242", "http://127.0.0.1:4242"),
            (false, "localhost:4242", "http://localhost:4242"),
            (
                false,
                "shop.kommo.localhost:4242",
                "http://shop.kommo.localhost:4242",
            ),
            (true, "127.0.0.1:4242", "https://127.0.0.1:4242"),
            (true, "shop.kommo.com", "https://shop.kommo.com"),
            (true, "shop.kommo.com:443", "https://shop.kommo.com"),
            (true, "shop.kommo.com:4242", "https://shop.kommo.com:4242"),
            (true, "api-c.kommo.com:4242", "https://shop.kommo.com:4242"),
        ] {
            assert_eq!(
                link_base(served(tls), host, "shop.kommo.com"),
                base,
                "{host}"
            );
        }
    }

    #[test]
    fn without_tls_no_link_leads_to_a_real_host() {
        for host in [
            "shop.kommo.com",
            "shop.kommo.com:4242",
            "api-c.kommo.com",
            "shop.kommo.localhost",
            "shop.kommo.localhost:4243",
            "evil.example.localhost:4242",
            "",
        ] {
            let base = link_base(served(false), host, "shop.kommo.com");
            assert_eq!(base, "http://127.0.0.1:4242", "{host}");
        }
        assert_eq!(
            api_domain(served(false), "kommo.com"),
            "api-c.kommo.com.localhost:4242"
        );
        assert_eq!(api_domain(served(true), "kommo.com"), "api-c.kommo.com");
    }
}
