//! Which platform's consent page a request is for, by its host and path.
//!
//! A bare loopback address, which a browser can call without any set-up, is the consent page of
//! every platform at once.

use crate::wire::host::is_loopback_host;
use crate::wire::platform_host::PlatformHost;

/// Whose accounts a consent page knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Site {
    /// `www.kommo.com`, and `www.amocrm.com`: accounts under `.kommo.com` and `.amocrm.com`.
    Kommo,
    /// `www.amocrm.ru`: accounts under `.amocrm.ru`.
    Amocrm,
    /// A loopback address: every account.
    Every,
}

/// What is asked for there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ConsentRoute {
    /// The consent page; the locale in its path changes nothing but the path.
    Consent,
    /// The script that draws the button.
    Button,
    /// The icon that browsers ask for by themselves. There is none, and the journal leaves the
    /// request out.
    Icon,
}

/// The consent page or the button's script, if it is one of them that is asked for.
pub(crate) fn consent_route(host: &str, path: &str) -> Option<(Site, ConsentRoute)> {
    let route = match path.trim_start_matches('/').trim_end_matches('/') {
        "oauth" | "es/oauth" | "br/oauth" | "id/oauth" => ConsentRoute::Consent,
        "auth/button.js" | "auth/button.min.js" => ConsentRoute::Button,
        "favicon.ico" => ConsentRoute::Icon,
        _ => return None,
    };
    site_of(host).map(|site| (site, route))
}

fn site_of(host: &str) -> Option<Site> {
    if is_loopback_host(host) {
        return Some(Site::Every);
    }
    match PlatformHost::parse(host)? {
        PlatformHost::Www("amocrm.ru") => Some(Site::Amocrm),
        PlatformHost::Www(_) => Some(Site::Kommo),
        PlatformHost::Api(_) | PlatformHost::Account(_) | PlatformHost::Loopback => None,
    }
}

impl Site {
    /// Whether accounts under this suffix belong here.
    pub(crate) fn serves(self, base_domain: &str) -> bool {
        match self {
            Self::Kommo => base_domain != "amocrm.ru",
            Self::Amocrm => base_domain == "amocrm.ru",
            Self::Every => true,
        }
    }

    /// What people call it.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Kommo => "Kommo",
            Self::Amocrm => "amoCRM",
            Self::Every => "the sandbox",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{ConsentRoute, Site, consent_route};

    #[test]
    fn hosts_and_paths_of_the_consent_page_are_known() {
        for (host, site) in [
            ("www.kommo.com", Site::Kommo),
            ("www.kommo.com:4242", Site::Kommo),
            ("www.amocrm.com", Site::Kommo),
            ("www.kommo.localhost:4242", Site::Kommo),
            ("www.kommo.com.localhost:4242", Site::Kommo),
            ("www.amocrm.ru", Site::Amocrm),
            ("www.amocrm.localhost", Site::Amocrm),
            ("127.0.0.1:4242", Site::Every),
            ("localhost:4242", Site::Every),
        ] {
            for path in ["/oauth", "/oauth/", "/es/oauth/", "/br/oauth", "/id/oauth/"] {
                assert_eq!(
                    consent_route(host, path),
                    Some((site, ConsentRoute::Consent)),
                    "{host}{path}"
                );
            }
            for path in ["/auth/button.js", "/auth/button.min.js"] {
                assert_eq!(
                    consent_route(host, path),
                    Some((site, ConsentRoute::Button)),
                    "{host}{path}"
                );
            }
        }
    }

    #[test]
    fn other_hosts_and_paths_have_no_consent_page() {
        for host in [
            "myshop.kommo.com",
            "amojo.kommo.com",
            "www.kommo",
            "www.kommo.com.evil.example",
            "kommo.com",
            "",
        ] {
            assert_eq!(consent_route(host, "/oauth"), None, "{host}");
        }
        for path in [
            "/",
            "/oauth2/access_token",
            "/fr/oauth",
            "/oauth/x",
            "/auth/button",
        ] {
            assert_eq!(consent_route("www.kommo.com", path), None, "{path}");
        }
    }
}
