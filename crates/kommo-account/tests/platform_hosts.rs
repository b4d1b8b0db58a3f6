//! Hosts of the platform itself, and which platform an account belongs to.

#![allow(
    clippy::expect_used,
    reason = "a test may stop at once; clippy.toml covers test functions only"
)]

use kommo_account::{
    AccountHost, ApiDomain, ChatsHost, HostShapeError, HostSuffix, OpenApiHost,
    ParseApiDomainError, ParseChatsHostError, Platform,
};

fn account(text: &str) -> AccountHost {
    AccountHost::parse(text).expect(text)
}

// Rule A5.
#[test]
fn the_chats_host_follows_the_suffix_of_the_account() {
    for (text, chats_host) in [
        ("myshop.amocrm.ru", "amojo.amocrm.ru"),
        ("myshop.kommo.com", "amojo.kommo.com"),
        ("myshop.amocrm.com", "amojo.amocrm.com"),
    ] {
        assert_eq!(account(text).chats_host().as_str(), chats_host);
        assert_eq!(
            ChatsHost::for_account(&account(text)).to_string(),
            chats_host
        );
        assert_eq!(ChatsHost::parse(chats_host), Ok(account(text).chats_host()));
    }
}

// Rule A5.
#[test]
fn the_chats_host_can_be_given_instead_but_only_as_one_of_the_three() {
    assert_eq!(
        "https://AMOJO.kommo.com:443/".parse(),
        Ok(ChatsHost::AmojoKommoCom)
    );
    assert!(matches!(
        ChatsHost::parse("https://myshop.kommo.com"),
        Err(ParseChatsHostError::Label { offset: 8, .. })
    ));
    for (text, error) in [
        ("amojo.evil.example", HostShapeError::Suffix),
        ("amojo.kommo.com.evil.example", HostShapeError::Suffix),
        ("http://amojo.kommo.com", HostShapeError::PlainHttp),
        ("amojo.kommo.com:8080", HostShapeError::Port { offset: 15 }),
        (
            "x.amojo.kommo.com",
            HostShapeError::SeveralLabels { offset: 1 },
        ),
    ] {
        assert_eq!(
            ChatsHost::parse(text),
            Err(ParseChatsHostError::Shape(error))
        );
    }
}

// Rule A6.
#[test]
fn the_platform_number_agrees_with_its_suffixes_only() {
    for (suffix, number) in [
        (HostSuffix::AmocrmRu, 1),
        (HostSuffix::KommoCom, 2),
        (HostSuffix::AmocrmCom, 2),
    ] {
        for given in [1, 2] {
            let platform = Platform::from_number(given).expect("a known number");
            assert_eq!(platform.agrees_with(suffix), given == number);
            assert_eq!(platform.number(), given);
        }
        assert_eq!(suffix.platform().number(), number);
        assert_eq!(
            account(&format!("myshop.{suffix}")).platform(),
            suffix.platform()
        );
    }
}

// Rule A6.
#[test]
fn other_platform_numbers_are_refused() {
    for number in [0, 3, u64::MAX] {
        let refusal = Platform::from_number(number).unwrap_err();
        assert_eq!(refusal.number, number);
    }
}

// Rule A7.
#[test]
fn an_api_domain_is_api_with_one_letter_under_the_same_suffixes() {
    for (text, host) in [
        ("api-c.kommo.com", "api-c.kommo.com"),
        ("api-a.amocrm.ru", "api-a.amocrm.ru"),
        ("https://API-G.Amocrm.com:443/", "api-g.amocrm.com"),
    ] {
        let domain = ApiDomain::parse(text).expect(text);
        assert_eq!(domain.as_str(), host);
        assert_eq!(ApiDomain::parse(domain.as_str()), Ok(domain));
        assert!(host.ends_with(domain.suffix().as_str()));
        assert!(AccountHost::parse(text).is_err());
    }
}

// Rule A7.
#[test]
fn other_labels_and_suffixes_are_no_api_domain() {
    for text in [
        "myshop.kommo.com",
        "api.kommo.com",
        "api-ab.kommo.com",
        "api-1.kommo.com",
        "drive-a.kommo.com",
        "www.kommo.com",
    ] {
        assert!(
            matches!(
                ApiDomain::parse(text),
                Err(ParseApiDomainError::Label { offset: 0, .. })
            ),
            "{text}"
        );
    }
    for (text, error) in [
        ("api-c.evil.example", HostShapeError::Suffix),
        ("api-.kommo.com", HostShapeError::LabelHyphen { offset: 3 }),
        ("http://api-c.kommo.com", HostShapeError::PlainHttp),
        (
            "api-c.kommo.com@evil.example",
            HostShapeError::ForbiddenByte { offset: 15 },
        ),
    ] {
        assert_eq!(
            ApiDomain::parse(text),
            Err(ParseApiDomainError::Shape(error))
        );
    }
}

// Rule O7.
#[test]
fn the_open_api_has_one_host_and_nothing_that_looks_like_it() {
    for text in [
        "apichat.twt.com",
        "APICHAT.twt.com",
        "https://apichat.twt.com/",
        "https://apichat.twt.com:443",
    ] {
        assert_eq!(text.parse(), Ok(OpenApiHost::ApichatTwtCom), "{text}");
    }
    for text in [
        "",
        "twt.com",
        "apichat.twt.com.",
        "apichat.twt.com.evil.example",
        "evil.example/apichat.twt.com",
        "me@apichat.twt.com",
        "apichat.twt.com:8443",
        "apichat.twt.com//",
        "http://apichat.twt.com",
        "https://https://apichat.twt.com",
        "visitorchat.twt.com",
        "amojo.kommo.com",
    ] {
        assert!(OpenApiHost::parse(text).is_err(), "{text}");
    }
}
