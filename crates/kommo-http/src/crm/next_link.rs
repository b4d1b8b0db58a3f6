//! Where a page's link to the next one may lead.
//!
//! It is a URL that arrives in a body, and the next request carries the token. An absolute one must
//! have `https` and the host that answered (rule L3), or be at the sandbox's own address if a
//! sandbox answered; a relative one, as version 2 of the API has, is resolved against the request.
//! Only its query is taken out of it: its path must be that of the page, since paths are shown in
//! logs, and the peer may have put the token there.

use alloc::string::String;

use kommo_account::{AccountHost, EndpointRole, Endpoints, Realm};
use serde_json::Value;

use crate::crm::error::PagingError;
use crate::crm::request::{CrmMethod, CrmRequest};

/// The target of the page after one at `path`: that path, perhaps with a query; none if there is no
/// next page.
pub(crate) fn read(
    page: &Value,
    endpoints: Endpoints,
    host: &AccountHost,
    path: &str,
) -> Result<Option<String>, PagingError> {
    match page.pointer("/_links/next") {
        None | Some(Value::Null) => Ok(None),
        Some(next) => {
            let href = next.get("href").and_then(Value::as_str);
            let href = href.ok_or(PagingError::UnusableNext)?;
            target(href, endpoints, host, path).map(Some)
        }
    }
}

fn target(
    href: &str,
    endpoints: Endpoints,
    host: &AccountHost,
    path: &str,
) -> Result<String, PagingError> {
    let absolute = behind_authority(href, host).or_else(|| behind_sandbox(href, endpoints, host));
    let target = match absolute {
        Some(target) => String::from(target),
        None => relative(href, path)?,
    };
    // Refuses what a URL parser would read as another path, or rewrite: `//`, dot segments,
    // backslashes, line ends, `#`.
    let request =
        CrmRequest::new(CrmMethod::Get, &target).map_err(|_| PagingError::UnusableNext)?;
    if request.path() == path {
        Ok(request.target())
    } else {
        Err(PagingError::OtherPath)
    }
}

/// Path and query of a relative link, as RFC 3986 resolves it against the request.
fn relative(href: &str, path: &str) -> Result<String, PagingError> {
    // With a scheme, an authority, or what some parser could take for one, it leads elsewhere.
    let first = href.split(['/', '?', '#']).next().unwrap_or_default();
    if first.contains([':', '\\', '@']) || href.starts_with("//") || href.trim() != href {
        return Err(PagingError::ForeignNext);
    }
    match href.as_bytes().first() {
        None => Err(PagingError::UnusableNext),
        Some(b'/') => Ok(href.into()),
        Some(b'?') => Ok(alloc::format!("{path}{href}")),
        Some(_) => {
            let parent = path.rsplit_once('/').map_or("", |(parent, _)| parent);
            Ok(alloc::format!("{parent}/{href}"))
        }
    }
}

/// What follows `https://` and the host, byte for byte; letters of scheme and host may have either
/// case.
fn behind_authority<'a>(href: &'a str, host: &AccountHost) -> Option<&'a str> {
    let rest = strip_prefix_ignoring_case(href, "https://")?;
    let rest = strip_prefix_ignoring_case(rest, host.as_str())?;
    let rest = rest.strip_prefix(":443").unwrap_or(rest);
    // Anything else would continue the host: `.evil.example`, `@evil.example`, `:8443`, `\`.
    rest.starts_with('/').then_some(rest)
}

/// What follows the address of the sandbox that the endpoints name. Never in the realm of the
/// real platform.
fn behind_sandbox<'a>(href: &'a str, endpoints: Endpoints, host: &AccountHost) -> Option<&'a str> {
    if endpoints.realm() == Realm::Real {
        return None;
    }
    let mut base = String::new();
    let sandbox = endpoints.resolve(EndpointRole::Account(*host));
    sandbox.write_url("/", &mut base).ok()?;
    let rest = strip_prefix_ignoring_case(href, base.strip_suffix('/')?)?;
    rest.starts_with('/').then_some(rest)
}

fn strip_prefix_ignoring_case<'a>(text: &'a str, prefix: &str) -> Option<&'a str> {
    let start = text.get(..prefix.len())?;
    start
        .eq_ignore_ascii_case(prefix)
        .then(|| text.get(prefix.len()..))?
}

#[cfg(test)]
mod tests {
    use alloc::string::String;

    use kommo_account::{AccountHost, Endpoints};
    use serde_json::json;

    use super::read;
    use crate::crm::error::PagingError;

    fn next(href: &str) -> Result<Option<String>, PagingError> {
        next_in(Endpoints::real(), href)
    }

    fn next_in(endpoints: Endpoints, href: &str) -> Result<Option<String>, PagingError> {
        next_of(endpoints, href, "/a")
    }

    fn next_of(
        endpoints: Endpoints,
        href: &str,
        path: &str,
    ) -> Result<Option<String>, PagingError> {
        let host = AccountHost::parse("shop.kommo.com").unwrap();
        let page = json!({"_links": {"next": {"href": href}}});
        read(&page, endpoints, &host, path)
    }

    // Rule L3. Source: version 2 of the API links so.
    #[test]
    fn a_relative_link_is_resolved_against_the_request() {
        let path = "/api/v2/leads";
        for href in ["/api/v2/leads?page=2", "?page=2", "leads?page=2"] {
            let target = next_of(Endpoints::real(), href, path);
            assert_eq!(target, Ok(Some("/api/v2/leads?page=2".into())), "{href}");
        }
        for (href, error) in [
            ("/api/v2/contacts?page=2", PagingError::OtherPath),
            ("contacts?page=2", PagingError::OtherPath),
            ("../v2/leads?page=2", PagingError::UnusableNext),
            ("//evil.example/api/v2/leads", PagingError::ForeignNext),
            ("evil.example:443/api/v2/leads", PagingError::ForeignNext),
            ("me@evil.example/api/v2/leads", PagingError::ForeignNext),
            ("javascript:alert(1)", PagingError::ForeignNext),
            ("\\\\evil.example/a", PagingError::ForeignNext),
            ("/\\evil.example/a", PagingError::UnusableNext),
            ("", PagingError::UnusableNext),
        ] {
            assert_eq!(next_of(Endpoints::real(), href, path), Err(error), "{href}");
        }
    }

    #[test]
    fn a_link_to_the_sandbox_is_followed_in_its_own_realm_alone() {
        let sandbox = Endpoints::loopback_url("http://127.0.0.1:4000").unwrap();
        let own = "http://127.0.0.1:4000/a?page=2";
        assert_eq!(next_in(sandbox, own), Ok(Some("/a?page=2".into())));
        assert_eq!(next(own), Err(PagingError::ForeignNext));
        for href in [
            "http://127.0.0.1:40000/a",
            "http://127.0.0.1:4001/a",
            "http://127.0.0.1:4000@evil.example/a",
            "http://127.0.0.1:4000",
            "https://127.0.0.1:4000/a",
            "http://localhost:4000/a",
        ] {
            let read = next_in(sandbox, href);
            assert_eq!(read, Err(PagingError::ForeignNext), "{href}");
        }
        assert_eq!(
            next_in(sandbox, "http://127.0.0.1:4000/b"),
            Err(PagingError::OtherPath)
        );
        let with_tls = Endpoints::loopback_url("https://127.0.0.1:4000").unwrap();
        let own = "https://127.0.0.1:4000/a?page=2";
        assert_eq!(next_in(with_tls, own), Ok(Some("/a?page=2".into())));
    }

    #[test]
    fn a_link_to_the_same_host_gives_its_path_and_query() {
        for (href, target) in [
            (
                "https://shop.kommo.com/a?page=2&limit=250",
                "/a?page=2&limit=250",
            ),
            ("HTTPS://Shop.Kommo.COM/a", "/a"),
            ("https://shop.kommo.com:443/a", "/a"),
            ("https://shop.kommo.com/a?x[y]=1 2", "/a?x%5By%5D=1%202"),
        ] {
            assert_eq!(next(href), Ok(Some(String::from(target))));
        }
    }

    #[test]
    fn a_link_to_anywhere_else_is_refused() {
        for href in [
            "https://evil.example/api/v4/leads?page=2",
            "http://shop.kommo.com/a",
            "https://other.kommo.com/a",
            "https://shop.kommo.com.evil.example/a",
            "https://shop.kommo.com@evil.example/a",
            "https://shop.kommo.com:8443/a",
            "https://shop.kommo.com:443@evil.example/a",
            "https://me@shop.kommo.com/a",
            "https://shop.kommo.com\\@evil.example/a",
            "https://shop.kommo.com",
            "https://shop.kommo.com?a",
            "//evil.example/a",
            "ftp://shop.kommo.com/a",
            " https://shop.kommo.com/a",
        ] {
            assert_eq!(next(href), Err(PagingError::ForeignNext), "{href}");
        }
    }

    // Rule L3.
    #[test]
    fn a_link_to_another_path_is_refused() {
        for href in [
            "https://shop.kommo.com/b?page=2",
            "https://shop.kommo.com/a/?page=2",
            "https://shop.kommo.com/a/b",
            "https://shop.kommo.com/A",
            "https://shop.kommo.com/",
        ] {
            assert_eq!(next(href), Err(PagingError::OtherPath), "{href}");
        }
    }

    #[test]
    fn a_link_that_would_be_rewritten_is_refused() {
        for href in [
            "https://shop.kommo.com//evil.example/a",
            "https://shop.kommo.com/../a",
            "https://shop.kommo.com/a b",
            "https://shop.kommo.com/a#b",
            "https://shop.kommo.com/a\\b",
            "https://shop.kommo.com/a?b\nc",
        ] {
            assert_eq!(next(href), Err(PagingError::UnusableNext), "{href}");
        }
    }

    #[test]
    fn no_link_is_the_end_and_a_link_of_another_shape_is_refused() {
        let host = AccountHost::parse("shop.kommo.com").unwrap();
        for end in [
            json!({}),
            json!({"_links": {}}),
            json!({"_links": {"next": null}}),
            json!([]),
        ] {
            assert_eq!(read(&end, Endpoints::real(), &host, "/a"), Ok(None));
        }
        for odd in [
            json!({"_links": {"next": {}}}),
            json!({"_links": {"next": "https://shop.kommo.com/a"}}),
            json!({"_links": {"next": {"href": 1}}}),
        ] {
            assert_eq!(
                read(&odd, Endpoints::real(), &host, "/a"),
                Err(PagingError::UnusableNext)
            );
        }
    }
}
