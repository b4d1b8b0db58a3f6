//! What an integration proves itself with: addresses kept byte for byte, secrets, and a rotation.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

use kommo_oauth::UnixSeconds;
use kommo_oauth::integration::{
    CLIENT_SECRET_MAX_BYTES, ClientSecret, ClientSecretError, ClientSecrets, PageUri, RedirectUri,
    WEB_URI_MAX_BYTES, WebUriError,
};

fn secret(text: &str) -> ClientSecret {
    ClientSecret::new(text).unwrap()
}

// Rule G12.
#[test]
fn an_address_is_kept_byte_for_byte() {
    for (text, origin) in [
        ("https://a.example", "https://a.example"),
        (
            "https://A.Example:443/X//y/../z/?q=%7E+1&b[]=2",
            "https://A.Example:443",
        ),
        ("https://a_b.example?x", "https://a_b.example"),
        ("https://192.0.2.1/", "https://192.0.2.1"),
        (
            "https://[2001:db8::1]:8443/cb",
            "https://[2001:db8::1]:8443",
        ),
        ("https://a.example/@user", "https://a.example"),
        ("http://localhost:3000/cb", "http://localhost:3000"),
        ("http://LOCALHOST/", "http://LOCALHOST"),
        ("http://127.0.0.1", "http://127.0.0.1"),
        ("http://127.9.9.9:1/", "http://127.9.9.9:1"),
        ("http://[::1]:65535/", "http://[::1]:65535"),
    ] {
        let uri = RedirectUri::parse(text).unwrap();
        assert_eq!((uri.as_str(), uri.origin()), (text, origin));
        assert_eq!(uri.to_string(), text);
        assert_eq!(PageUri::parse(text).unwrap().origin(), origin);
    }
}

#[test]
fn two_addresses_that_differ_in_a_slash_are_two() {
    let with = RedirectUri::parse("https://a.example/cb/").unwrap();
    let without = RedirectUri::parse("https://a.example/cb").unwrap();
    assert_ne!(with, without);
}

// Rule G12.
#[test]
fn an_address_that_the_platform_cannot_use_says_why() {
    for (text, error) in [
        ("", WebUriError::Empty),
        ("a.example/cb", WebUriError::Scheme),
        ("HTTPS://a.example", WebUriError::Scheme),
        ("ftp://a.example", WebUriError::Scheme),
        (" https://a.example", WebUriError::Scheme),
        ("http://a.example/", WebUriError::PlainHttp),
        ("http://localhost.evil.example/", WebUriError::PlainHttp),
        ("http://192.168.0.1/", WebUriError::PlainHttp),
        ("http://[2001:db8::1]/", WebUriError::PlainHttp),
        ("https://", WebUriError::NoHost),
        ("https:///cb", WebUriError::NoHost),
        ("https://:443/", WebUriError::NoHost),
        (
            "https://пример.example/",
            WebUriError::HostNotAscii { offset: 8 },
        ),
        (
            "https://a.münchen.example/",
            WebUriError::HostNotAscii { offset: 11 },
        ),
        (
            "https://xn--e1afmkfd.example/",
            WebUriError::Punycode { offset: 8 },
        ),
        ("https://a.XN--P1AI/", WebUriError::Punycode { offset: 10 }),
        ("https://u@a.example/", WebUriError::UserInfo { offset: 9 }),
        (
            "http://127.0.0.1@a.example/",
            WebUriError::UserInfo { offset: 16 },
        ),
        ("https://a..example/", WebUriError::Host { offset: 8 }),
        ("https://a.example./", WebUriError::Host { offset: 8 }),
        ("https://a%2eb.example/", WebUriError::Host { offset: 8 }),
        ("https://[::1/", WebUriError::Host { offset: 8 }),
        ("https://[a]/", WebUriError::Host { offset: 8 }),
        ("https://a:b:1/", WebUriError::Host { offset: 8 }),
        ("https://a b.example/", WebUriError::Host { offset: 8 }),
        ("https://a.example:/", WebUriError::Port { offset: 18 }),
        ("https://a.example:0/", WebUriError::Port { offset: 18 }),
        ("https://a.example:65536/", WebUriError::Port { offset: 18 }),
        ("https://a.example:+1/", WebUriError::Port { offset: 18 }),
        ("https://a.example/#x", WebUriError::Fragment { offset: 18 }),
        ("https://a.example#", WebUriError::Fragment { offset: 17 }),
        ("https://a.example/a b", WebUriError::Byte { offset: 19 }),
        ("https://a.example\\b", WebUriError::Byte { offset: 17 }),
        ("https://a.example/\r\nx", WebUriError::Byte { offset: 18 }),
        ("https://a.example/ё", WebUriError::Byte { offset: 18 }),
    ] {
        assert_eq!(RedirectUri::parse(text), Err(error), "{text}");
    }
    let label = "a".repeat(64);
    assert_eq!(
        RedirectUri::parse(format!("https://{label}.example/")),
        Err(WebUriError::Host { offset: 8 })
    );
}

// Rule G12.
#[test]
fn an_address_has_a_limit() {
    let base = "https://a.example/";
    let room = WEB_URI_MAX_BYTES - base.len();
    assert!(RedirectUri::parse(format!("{base}{}", "x".repeat(room))).is_ok());
    assert_eq!(
        RedirectUri::parse(format!("{base}{}", "x".repeat(room + 1))),
        Err(WebUriError::TooLong {
            found: WEB_URI_MAX_BYTES + 1
        })
    );
}

#[test]
fn a_secret_is_never_empty_blank_or_endless() {
    for (text, error) in [
        ("", ClientSecretError::Empty),
        (" \t\r\n", ClientSecretError::Blank),
        ("\u{feff}", ClientSecretError::Blank),
        ("\0", ClientSecretError::Blank),
    ] {
        assert_eq!(ClientSecret::new(text).unwrap_err(), error);
    }
    let longest = "s".repeat(CLIENT_SECRET_MAX_BYTES);
    assert_eq!(secret(&longest).expose_secret(), longest);
    assert_eq!(
        ClientSecret::new(longest + "s").unwrap_err(),
        ClientSecretError::TooLong {
            found: CLIENT_SECRET_MAX_BYTES + 1
        }
    );
}

#[test]
fn a_line_feed_behind_a_secret_is_kept_and_told() {
    assert_eq!(secret("abc\n").expose_secret(), "abc\n");
    for slip in ["abc\n", " abc", "\u{feff}abc", "abc\0"] {
        assert!(secret(slip).has_outer_blank());
    }
    assert!(!secret("a b").has_outer_blank());
}

#[test]
fn a_rotation_keeps_the_previous_secret_for_a_bounded_time() {
    let end = UnixSeconds::new(1_700_000_000);
    let texts = |secrets: &ClientSecrets, now: u64| -> Vec<String> {
        let now = UnixSeconds::new(now);
        let candidates = secrets.candidates(now);
        candidates
            .map(|secret| secret.expose_secret().to_owned())
            .collect()
    };
    let one = ClientSecrets::new(secret("one"));
    assert_eq!(texts(&one, 0), ["one"]);
    let two = one.rotated(secret("two"), end);
    assert_eq!(two.current().expose_secret(), "two");
    assert_eq!(texts(&two, end.get()), ["two", "one"]);
    assert_eq!(texts(&two, end.get() + 1), ["two"]);
    assert!(two.previous(UnixSeconds::new(end.get() + 1)).is_none());
    let three = two.clone().rotated(secret("three"), end);
    assert_eq!(texts(&three, 0), ["three", "two"]);
    assert_eq!(texts(&two.without_previous(), 0), ["two"]);
}
