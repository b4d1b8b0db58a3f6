//! How a browser came to a route, in its own words: the headers `Sec-Fetch-*` and `Sec-Purpose`,
//! which no page can set or leave out.
//!
//! Browsers send them over TLS and to loopback hosts. Where they are absent, the client is an old
//! browser or a program; the check is skipped then.
//!
//! Source: W3C, "Fetch Metadata Request Headers"; WHATWG, "Fetch", section `Sec-Purpose`.

use axum::http::header::{HeaderMap, REFERER};

/// From where a consent may be begun.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum StartFrom {
    /// From pages of the same site, from the address bar and bookmarks, and from the page that
    /// `opened_by` names, if the browser says that it comes from there (`Referer`). Another site's
    /// link leads to a page that asks the user to begin here.
    #[default]
    OwnSite,
    /// From any site's link too. Still only as a top-level page: no frame, picture or script begins
    /// a consent.
    AnySite,
}

/// Why a request does not begin a consent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NotFromHere {
    /// A frame, a picture, a script: not a page that the user sees.
    NoPage,
    /// A link, form or redirect of another site.
    OtherSite,
}

/// Whether a consent may be begun. `opener` is the origin of the page that opens the consent
/// window.
pub(crate) fn check_start(
    headers: &HeaderMap,
    from: StartFrom,
    opener: &str,
) -> Result<(), NotFromHere> {
    let is_page = said(headers, "sec-fetch-mode").is_none_or(|mode| mode == "navigate")
        && said(headers, "sec-fetch-dest").is_none_or(|dest| dest == "document");
    if !is_page {
        return Err(NotFromHere::NoPage);
    }
    let is_own = |site: &str| matches!(site, "same-origin" | "same-site" | "none");
    let is_allowed = from == StartFrom::AnySite
        || said(headers, "sec-fetch-site").is_none_or(is_own)
        || comes_from(headers, opener);
    match is_allowed {
        true => Ok(()),
        false => Err(NotFromHere::OtherSite),
    }
}

/// Whether the browser only fetches ahead what its user may never ask for.
pub(crate) fn is_prefetch(headers: &HeaderMap) -> bool {
    ["sec-purpose", "purpose", "x-moz"].iter().any(|name| {
        let values = headers.get_all(*name).iter();
        values
            .filter_map(|value| value.to_str().ok())
            .any(|value| value.to_ascii_lowercase().contains("prefetch"))
    })
}

/// The value of a header; a repeated or unreadable one is not a value that a browser sends.
fn said<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let mut values = headers.get_all(name).iter();
    let first = values.next()?;
    match values.next() {
        None => Some(first.to_str().unwrap_or("?")),
        Some(_) => Some("?"),
    }
}

/// A page can hide where it is, and cannot pretend to be another.
fn comes_from(headers: &HeaderMap, origin: &str) -> bool {
    let Some(page) = said(headers, REFERER.as_str()) else {
        return false;
    };
    let rest = page.strip_prefix(origin);
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

#[cfg(test)]
mod tests {
    use axum::http::header::{HeaderMap, HeaderName, HeaderValue};

    use super::{NotFromHere, StartFrom, check_start, is_prefetch};

    fn headers(list: &[(&'static str, &'static str)]) -> HeaderMap {
        let header = |&(name, value)| {
            let name = HeaderName::from_static(name);
            (name, HeaderValue::from_static(value))
        };
        list.iter().map(header).collect()
    }

    fn start(from: StartFrom, list: &[(&'static str, &'static str)]) -> Result<(), NotFromHere> {
        check_start(&headers(list), from, "https://panel.example")
    }

    #[test]
    fn every_combination_of_site_mode_and_destination_is_judged() {
        for site in ["same-origin", "same-site", "none", "cross-site", "", "x"] {
            for mode in ["navigate", "cors", "no-cors", "websocket", ""] {
                for dest in ["document", "iframe", "image", "empty", "object", ""] {
                    let list = [
                        ("sec-fetch-site", site),
                        ("sec-fetch-mode", mode),
                        ("sec-fetch-dest", dest),
                    ];
                    let is_page = mode == "navigate" && dest == "document";
                    let is_own = ["same-origin", "same-site", "none"].contains(&site);
                    let own = match (is_page, is_own) {
                        (false, _) => Err(NotFromHere::NoPage),
                        (true, false) => Err(NotFromHere::OtherSite),
                        (true, true) => Ok(()),
                    };
                    assert_eq!(start(StartFrom::OwnSite, &list), own, "{list:?}");
                    let any = if is_page { Ok(()) } else { own };
                    assert_eq!(start(StartFrom::AnySite, &list), any, "{list:?}");
                }
            }
        }
    }

    #[test]
    fn what_is_not_said_is_not_held_against_a_browser() {
        assert_eq!(start(StartFrom::OwnSite, &[]), Ok(()));
        for (list, expected) in [
            ([("sec-fetch-site", "cross-site")], NotFromHere::OtherSite),
            ([("sec-fetch-mode", "cors")], NotFromHere::NoPage),
            ([("sec-fetch-dest", "iframe")], NotFromHere::NoPage),
        ] {
            assert_eq!(start(StartFrom::OwnSite, &list), Err(expected), "{list:?}");
        }
        let twice = [
            ("sec-fetch-site", "none"),
            ("sec-fetch-site", "same-origin"),
        ];
        let mut both = HeaderMap::new();
        for (name, value) in twice {
            both.append(name, HeaderValue::from_static(value));
        }
        let judged = check_start(&both, StartFrom::OwnSite, "https://panel.example");
        assert_eq!(judged, Err(NotFromHere::OtherSite));
    }

    #[test]
    fn the_page_that_opens_the_window_may_be_on_another_site() {
        for (referer, is_allowed) in [
            ("https://panel.example/settings?x=1", true),
            ("https://panel.example", true),
            ("https://panel.example.evil.example/", false),
            ("https://panel.example@evil.example/", false),
            ("https://panel.example:8443/", false),
            ("http://panel.example/", false),
            ("https://evil.example/?https://panel.example/", false),
            ("", false),
        ] {
            let list = [("sec-fetch-site", "cross-site"), ("referer", referer)];
            let judged = start(StartFrom::OwnSite, &list);
            assert_eq!(judged.is_ok(), is_allowed, "{referer}");
        }
    }

    #[test]
    fn what_is_fetched_ahead_is_told_by_its_headers() {
        for (name, value) in [
            ("sec-purpose", "prefetch"),
            ("sec-purpose", "prefetch;prerender"),
            ("purpose", "prefetch"),
            ("x-moz", "prefetch"),
        ] {
            assert!(is_prefetch(&headers(&[(name, value)])), "{name}: {value}");
        }
        assert!(!is_prefetch(&headers(&[("purpose", "preview")])));
        assert!(!is_prefetch(&HeaderMap::new()));
    }
}
