//! Where a request goes: real hosts or loopback, nothing else.

#![allow(
    clippy::expect_used,
    reason = "a test may stop at once; clippy.toml covers test functions only"
)]

use core::fmt;
use core::net::SocketAddr;

use kommo_account::{
    AccountHost, ApiDomain, ChatsHost, EndpointRole, Endpoints, NotLoopback, OpenApiHost,
    ParseLoopbackUrlError, Platform, Realm, Target, WriteUrlError,
};
use proptest::prelude::*;

fn address(text: &str) -> SocketAddr {
    text.parse().expect(text)
}

fn roles() -> [(EndpointRole, &'static str); 6] {
    let account = AccountHost::parse("myshop.amocrm.ru").expect("a host");
    let api_domain = ApiDomain::parse("api-c.kommo.com").expect("an api domain");
    [
        (
            EndpointRole::Chats(ChatsHost::AmojoAmocrmCom),
            "amojo.amocrm.com",
        ),
        (EndpointRole::Account(account), "myshop.amocrm.ru"),
        (EndpointRole::ApiDomain(api_domain), "api-c.kommo.com"),
        (EndpointRole::Consent(Platform::Global), "www.kommo.com"),
        (EndpointRole::Consent(Platform::Russia), "www.amocrm.ru"),
        (
            EndpointRole::OpenApi(OpenApiHost::ApichatTwtCom),
            "apichat.twt.com",
        ),
    ]
}

#[track_caller]
fn url(target: &Target, path: &str) -> String {
    let mut url = String::new();
    target.write_url(path, &mut url).expect(path);
    url
}

#[test]
fn a_real_target_is_its_host_over_tls() {
    for (role, host) in roles() {
        let target = Endpoints::real().resolve(role);
        assert_eq!(
            (target.scheme(), target.host(), target.connect_to()),
            ("https", host, None)
        );
        assert_eq!((target.realm(), target.role()), (Realm::Real, role));
        assert_eq!(
            url(&target, "/v2/x?a=1"),
            format!("https://{host}/v2/x?a=1")
        );
    }
}

#[test]
fn a_sandbox_target_connects_to_loopback_and_names_the_real_host() {
    for text in ["127.0.0.1:8080", "127.9.9.9:1", "[::1]:65535"] {
        let endpoints = Endpoints::loopback(address(text)).expect(text);
        for (role, host) in roles() {
            let target = endpoints.resolve(role);
            assert_eq!((target.scheme(), target.host()), ("http", host));
            assert_eq!(target.connect_to(), Some(address(text)));
            assert_eq!(target.realm(), Realm::Sandbox(address(text)));
            assert_eq!(url(&target, "/v2/x?a=1"), format!("http://{text}/v2/x?a=1"));
        }
    }
}

#[test]
fn a_sandbox_with_tls_is_spoken_to_over_https_and_is_the_same_realm() {
    for (text, at) in [
        ("https://127.0.0.1:8443", "127.0.0.1:8443"),
        ("https://localhost:8443/", "127.0.0.1:8443"),
        ("https://[::1]:443", "[::1]:443"),
    ] {
        let endpoints = Endpoints::loopback_url(text).expect(text);
        let plain = Endpoints::loopback(address(at)).expect(at);
        assert_ne!(endpoints, plain);
        assert_eq!(endpoints.realm(), plain.realm());
        for (role, host) in roles() {
            let target = endpoints.resolve(role);
            assert_eq!((target.scheme(), target.host()), ("https", host));
            assert_eq!(target.connect_to(), Some(address(at)));
            assert_eq!(url(&target, "/v2/x?a=1"), format!("https://{at}/v2/x?a=1"));
        }
    }
}

#[test]
fn only_loopback_addresses_can_be_a_sandbox() {
    for text in [
        "0.0.0.0:8080",
        "192.0.2.1:8080",
        "10.0.0.1:8080",
        "169.254.169.254:80",
        "126.255.255.255:80",
        "128.0.0.1:80",
        "[::]:8080",
        "[::2]:8080",
        "[fe80::1]:8080",
        "[::ffff:127.0.0.1]:8080",
        "[::127.0.0.1]:8080",
    ] {
        assert_eq!(
            Endpoints::loopback(address(text)),
            Err(NotLoopback::Address(address(text)))
        );
    }
    assert_eq!(
        Endpoints::loopback(address("127.0.0.1:0")),
        Err(NotLoopback::PortZero)
    );
}

#[test]
fn realms_differ_between_the_real_platform_and_each_sandbox() {
    let realm = |text| Endpoints::loopback(address(text)).expect(text).realm();
    assert_ne!(Endpoints::real().realm(), realm("127.0.0.1:8080"));
    assert_ne!(realm("127.0.0.1:8080"), realm("127.0.0.1:8081"));
    assert_ne!(realm("127.0.0.1:8080"), realm("127.0.0.2:8080"));
    assert_eq!(realm("[::1]:8080"), {
        let scoped = core::net::SocketAddrV6::new(core::net::Ipv6Addr::LOCALHOST, 8080, 7, 9);
        Endpoints::loopback(SocketAddr::V6(scoped))
            .expect("loopback")
            .realm()
    });
}

#[test]
fn an_operator_may_write_a_sandbox_in_three_ways() {
    for (text, expected) in [
        ("http://127.0.0.1:8080", "127.0.0.1:8080"),
        ("http://127.0.0.1:8080/", "127.0.0.1:8080"),
        ("http://127.1.2.3:1", "127.1.2.3:1"),
        ("http://localhost:8080", "127.0.0.1:8080"),
        ("http://LocalHost:65535/", "127.0.0.1:65535"),
        ("http://[::1]:8080", "[::1]:8080"),
        ("http://[0:0:0:0:0:0:0:1]:8080/", "[::1]:8080"),
    ] {
        let realm = Endpoints::loopback_url(text).expect(text).realm();
        assert_eq!(realm, Realm::Sandbox(address(expected)));
    }
}

#[test]
fn any_other_sandbox_url_is_refused_with_its_place() {
    use ParseLoopbackUrlError as Error;
    for (text, error) in [
        ("", Error::Empty),
        ("HTTPS://127.0.0.1:8080", Error::Scheme),
        ("httpss://127.0.0.1:8080", Error::Scheme),
        ("https:/127.0.0.1:8080", Error::Scheme),
        ("ws://127.0.0.1:8080", Error::Scheme),
        ("HTTP://127.0.0.1:8080", Error::Scheme),
        ("127.0.0.1:8080", Error::Scheme),
        (" http://127.0.0.1:8080", Error::Scheme),
        (
            "http://me:pw@127.0.0.1:8080",
            Error::UserInfo { offset: 12 },
        ),
        (
            "http://127.0.0.1:8080@evil.example",
            Error::UserInfo { offset: 21 },
        ),
        (
            "http://127.0.0.1:8080/v2",
            Error::AfterAddress { offset: 21 },
        ),
        (
            "http://127.0.0.1:8080//",
            Error::AfterAddress { offset: 21 },
        ),
        (
            "http://127.0.0.1:8080?a=1",
            Error::AfterAddress { offset: 21 },
        ),
        (
            "http://127.0.0.1:8080#a",
            Error::AfterAddress { offset: 21 },
        ),
        (
            "http://127.0.0.1:8080\\@evil.example",
            Error::AfterAddress { offset: 21 },
        ),
        ("https://192.0.2.1:8443", Error::NotLoopback { offset: 8 }),
        ("https://sandbox.example:8443", Error::Host { offset: 8 }),
        ("https://127.0.0.1:0", Error::Port { offset: 18 }),
        ("https://127.0.0.1", Error::NoPort),
        (
            "https://me:pw@127.0.0.1:8443",
            Error::UserInfo { offset: 13 },
        ),
        (
            "https://127.0.0.1:8443/v2",
            Error::AfterAddress { offset: 22 },
        ),
        ("http://127.0.0.1", Error::NoPort),
        ("http://localhost/", Error::NoPort),
        ("http://[::1]", Error::NoPort),
        ("http://127.0.0.1:", Error::Port { offset: 17 }),
        ("http://127.0.0.1:http", Error::Port { offset: 17 }),
        ("http://127.0.0.1:+80", Error::Port { offset: 17 }),
        ("http://127.0.0.1:0", Error::Port { offset: 17 }),
        ("http://127.0.0.1:65536", Error::Port { offset: 17 }),
        ("http://127.0.0.1:000080", Error::Port { offset: 17 }),
        ("http://127.0.0.1:80 ", Error::Port { offset: 17 }),
        ("http://[::1]:x", Error::Port { offset: 13 }),
        ("http://sandbox.example:8080", Error::Host { offset: 7 }),
        (
            "http://localhost.evil.example:8080",
            Error::Host { offset: 7 },
        ),
        ("http://localhost.:8080", Error::Host { offset: 7 }),
        ("http://::1:8080", Error::Host { offset: 7 }),
        ("http://2130706433:8080", Error::Host { offset: 7 }),
        ("http://127.1:8080", Error::Host { offset: 7 }),
        ("http://0x7f.0.0.1:8080", Error::Host { offset: 7 }),
        ("http://:8080", Error::Host { offset: 7 }),
        ("http://", Error::Host { offset: 7 }),
        ("http://[::1%25lo]:8080", Error::Host { offset: 7 }),
        ("http://[127.0.0.1]:8080", Error::Host { offset: 7 }),
        ("http://192.0.2.1:8080", Error::NotLoopback { offset: 7 }),
        ("http://0.0.0.0:8080", Error::NotLoopback { offset: 7 }),
        ("http://[::]:8080", Error::NotLoopback { offset: 7 }),
        (
            "http://[::ffff:127.0.0.1]:8080",
            Error::NotLoopback { offset: 7 },
        ),
    ] {
        assert_eq!(Endpoints::loopback_url(text), Err(error), "{text}");
    }
}

#[test]
fn a_path_cannot_change_the_host() {
    for endpoints in [
        Endpoints::real(),
        Endpoints::loopback(address("127.0.0.1:8080")).expect("loopback"),
    ] {
        for (role, _) in roles() {
            for path in [
                "",
                "@evil.example/",
                ".evil.example/",
                ":8443/",
                "v2",
                " /",
                "\\/",
            ] {
                let mut url = String::new();
                let refusal = endpoints.resolve(role).write_url(path, &mut url);
                assert_eq!(refusal, Err(WriteUrlError::NoLeadingSlash));
                assert_eq!(url, "");
            }
        }
    }
}

#[test]
fn a_path_that_a_url_library_would_rewrite_or_cut_is_refused_with_its_offset() {
    let target = Endpoints::real().resolve(EndpointRole::Chats(ChatsHost::AmojoKommoCom));
    for (path, at) in [
        ("/a b", 2),
        ("/a#b", 2),
        ("/\\b", 1),
        ("/a\r\nX: 1", 2),
        ("/é", 1),
        ("/\0", 1),
    ] {
        let mut url = String::new();
        assert_eq!(
            target.write_url(path, &mut url),
            Err(WriteUrlError::PathByte { offset: at })
        );
        assert_eq!(url, "");
    }
}

#[test]
fn a_writer_that_fails_is_reported() {
    struct Full;
    impl fmt::Write for Full {
        fn write_str(&mut self, _: &str) -> fmt::Result {
            Err(fmt::Error)
        }
    }
    let target = Endpoints::real().resolve(EndpointRole::Chats(ChatsHost::AmojoKommoCom));
    assert_eq!(target.write_url("/", &mut Full), Err(WriteUrlError::Writer));
}

#[test]
fn no_refusal_repeats_the_url() {
    for text in [
        "plantedmarker",
        "http://plantedmarker:1",
        "https://plantedmarker:1",
        "http://u:plantedmarker@127.0.0.1:1",
        "http://127.0.0.1:plantedmarker",
        "http://127.0.0.1:1/plantedmarker",
    ] {
        let refusal = Endpoints::loopback_url(text).unwrap_err();
        let shown = format!("{refusal} {refusal:?}");
        assert!(!shown.contains("plantedmarker"), "{shown}");
    }
}

proptest! {
    #[test]
    fn a_sandbox_from_any_text_is_loopback(text in "(https?://)?(127|localhost|\\[::1\\]|[0-9.:\\[\\]@/a-f]){0,6}:?[0-9]{0,6}/?") {
        if let Ok(endpoints) = Endpoints::loopback_url(&text) {
            let Realm::Sandbox(address) = endpoints.realm() else {
                panic!("a sandbox url gave the real realm")
            };
            let plain = Endpoints::loopback(address);
            prop_assert_eq!(plain.map(|plain| plain.realm()), Ok(endpoints.realm()));
            prop_assert_eq!(plain == Ok(endpoints), text.starts_with("http://"));
        }
    }

    #[test]
    fn any_text_gives_a_verdict(text in any::<String>()) {
        prop_assert!(Endpoints::loopback_url(&text).is_err());
    }

    #[test]
    fn every_loopback_address_survives_its_own_url(last in any::<[u8; 3]>(), port in 1_u16..) {
        let address = SocketAddr::from(([127, last[0], last[1], last[2]], port));
        let endpoints = Endpoints::loopback(address).expect("loopback");
        prop_assert_eq!(Endpoints::loopback_url(&format!("http://{address}/")), Ok(endpoints));
    }
}
