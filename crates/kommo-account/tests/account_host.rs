//! The accept/reject table of account hosts, as literal cases.

#![allow(
    clippy::expect_used,
    clippy::unwrap_used,
    reason = "a test may stop at once; clippy.toml covers test functions only"
)]

use kommo_account::HostShapeError as Shape;
use kommo_account::{AccountHost, HostSuffix, ParseAccountHostError};

#[track_caller]
fn accepts(text: &str, host: &str) {
    let parsed = AccountHost::parse(text).expect(text);
    assert_eq!(parsed.as_str(), host);
    assert_eq!(parsed.to_string(), host);
    assert_eq!(text.parse(), Ok(parsed));
}

#[track_caller]
fn refuses(text: &str, error: Shape) {
    assert_eq!(
        AccountHost::parse(text),
        Err(ParseAccountHostError::Shape(error)),
        "{text}"
    );
}

#[track_caller]
fn refuses_as_platform(text: &str, at: usize) {
    let refusal = AccountHost::parse(text).unwrap_err();
    assert!(
        matches!(refusal, ParseAccountHostError::PlatformLabel { offset: found, .. } if found == at),
        "{text}: {refusal:?}"
    );
}

// Rule A1.
#[test]
fn one_label_under_each_of_the_three_suffixes_is_accepted() {
    for (text, label, suffix) in [
        ("myshop.kommo.com", "myshop", HostSuffix::KommoCom),
        ("a.amocrm.ru", "a", HostSuffix::AmocrmRu),
        ("a-1.amocrm.com", "a-1", HostSuffix::AmocrmCom),
    ] {
        accepts(text, text);
        let host = AccountHost::parse(text).expect(text);
        assert_eq!((host.subdomain(), host.suffix()), (label, suffix));
    }
}

// Rule A1.
#[test]
fn other_suffixes_and_look_alikes_are_refused() {
    for text in [
        "kommo.com.evil.example",
        "evilkommo.com",
        "myshop-kommo.com",
        "myshop.amocrm.com.ua",
        "myshop.kommo.ru",
        "myshop.amocrm",
        "127.0.0.1",
        "169.254.169.254",
        "localhost",
        "com",
        ".",
    ] {
        if text == "." {
            refuses(text, Shape::TrailingDot { offset: 0 });
        } else {
            refuses(text, Shape::Suffix);
        }
    }
    refuses("[::1]", Shape::Port { offset: 1 });
    refuses("[::ffff:127.0.0.1]", Shape::Port { offset: 1 });
}

// Rule A1.
#[test]
fn no_label_and_several_labels_are_refused() {
    refuses("kommo.com", Shape::NoLabel);
    refuses(".kommo.com", Shape::NoLabel);
    refuses("https://amocrm.ru/", Shape::NoLabel);
    refuses("a.b.kommo.com", Shape::SeveralLabels { offset: 1 });
    refuses(
        "https://myshop..kommo.com",
        Shape::SeveralLabels { offset: 14 },
    );
    refuses("..kommo.com", Shape::SeveralLabels { offset: 0 });
    refuses(
        "myshop.kommo.com.kommo.com",
        Shape::SeveralLabels { offset: 6 },
    );
}

// Rule A2.
#[test]
fn scheme_slash_port_443_and_upper_case_are_normalised() {
    accepts("MyShop.Kommo.com", "myshop.kommo.com");
    accepts("https://myshop.kommo.com/", "myshop.kommo.com");
    accepts("https://myshop.kommo.com", "myshop.kommo.com");
    accepts("myshop.kommo.com/", "myshop.kommo.com");
    accepts("myshop.kommo.com:443", "myshop.kommo.com");
    accepts("https://MYSHOP.AMOCRM.RU:443/", "myshop.amocrm.ru");
}

// Rule A2.
#[test]
fn anything_else_around_the_host_is_refused_with_its_offset() {
    refuses("", Shape::Empty);
    refuses("https://", Shape::Empty);
    refuses("/", Shape::Empty);
    refuses(":443", Shape::Empty);
    refuses(
        "myshop.kommo.com@evil.example",
        Shape::ForbiddenByte { offset: 16 },
    );
    refuses(
        "evil.example#.kommo.com",
        Shape::ForbiddenByte { offset: 12 },
    );
    refuses(
        "evil.example?.kommo.com",
        Shape::ForbiddenByte { offset: 12 },
    );
    refuses(
        "evil.example\\.kommo.com",
        Shape::ForbiddenByte { offset: 12 },
    );
    refuses(
        "myshop.kommo.com%0d%0aX:1",
        Shape::ForbiddenByte { offset: 16 },
    );
    refuses(
        "myshop.kommo.com\r\nX: 1",
        Shape::ForbiddenByte { offset: 16 },
    );
    refuses(" myshop.kommo.com", Shape::ForbiddenByte { offset: 0 });
    refuses("myshop.kommo.com\0", Shape::ForbiddenByte { offset: 16 });
    refuses("my\u{7f}shop.kommo.com", Shape::ForbiddenByte { offset: 2 });
    refuses("evil.example/.kommo.com", Shape::AfterHost { offset: 12 });
    refuses(
        "https://myshop.kommo.com/leads",
        Shape::AfterHost { offset: 24 },
    );
    refuses("myshop.kommo.com//", Shape::AfterHost { offset: 16 });
    refuses("myshop.kommo.com/:443", Shape::AfterHost { offset: 16 });
    refuses("//myshop.kommo.com", Shape::AfterHost { offset: 0 });
    refuses("https:/myshop.kommo.com", Shape::AfterHost { offset: 6 });
    refuses("myshop.kommo.com.", Shape::TrailingDot { offset: 16 });
    refuses(
        "https://myshop.kommo.com.:443/",
        Shape::TrailingDot { offset: 24 },
    );
}

// Rule A2.
#[test]
fn other_schemes_and_ports_are_refused_with_their_offset() {
    refuses("http://myshop.kommo.com", Shape::PlainHttp);
    refuses("HTTP://myshop.kommo.com", Shape::PlainHttp);
    refuses("ftp://myshop.kommo.com", Shape::Scheme { offset: 3 });
    refuses(
        "https://https://myshop.kommo.com",
        Shape::Scheme { offset: 13 },
    );
    refuses(
        "https://http://myshop.kommo.com",
        Shape::Scheme { offset: 12 },
    );
    // Letters are lowered after the scheme was taken off.
    refuses("HTTPS://myshop.kommo.com", Shape::Scheme { offset: 5 });
    refuses("myshop.kommo.com:8443", Shape::Port { offset: 16 });
    refuses("myshop.kommo.com:80", Shape::Port { offset: 16 });
    refuses("myshop.kommo.com:", Shape::Port { offset: 16 });
    refuses("myshop.kommo.com:0443", Shape::Port { offset: 16 });
    refuses("myshop.kommo.com:443:443", Shape::Port { offset: 16 });
    refuses("https://myshop.kommo.com:4430/", Shape::Port { offset: 24 });
}

// Rule A2.
#[test]
fn a_text_of_255_bytes_is_looked_at_and_one_of_256_is_not() {
    let text = |length: usize| format!("{}.kommo.com", "a".repeat(length - ".kommo.com".len()));
    refuses(&text(255), Shape::LabelTooLong { found: 245 });
    refuses(&text(256), Shape::TooLong { found: 256 });
}

// Rule A3.
#[test]
fn a_label_has_letters_digits_and_inner_hyphens() {
    let longest = format!("{}.amocrm.com", "a".repeat(63));
    accepts(&longest, &longest);
    accepts("12345.kommo.com", "12345.kommo.com");
    accepts("my--shop.kommo.com", "my--shop.kommo.com");
    refuses(
        &format!("{}.amocrm.com", "a".repeat(64)),
        Shape::LabelTooLong { found: 64 },
    );
    refuses("-a.kommo.com", Shape::LabelHyphen { offset: 0 });
    refuses("https://-.kommo.com", Shape::LabelHyphen { offset: 8 });
    refuses("a-.kommo.com", Shape::LabelHyphen { offset: 1 });
    refuses("my_shop.kommo.com", Shape::LabelCharacter { offset: 2 });
    refuses("*.kommo.com", Shape::LabelCharacter { offset: 0 });
}

// Rule A3.
#[test]
fn punycode_and_everything_outside_ascii_are_refused() {
    refuses("xn--80ak6aa92e.kommo.com", Shape::Punycode { offset: 0 });
    refuses(
        "https://XN--80ak6aa92e.kommo.com",
        Shape::Punycode { offset: 8 },
    );
    accepts("xnshop.kommo.com", "xnshop.kommo.com");
    refuses("m\u{fd}shop.kommo.com", Shape::NotAscii { offset: 1 });
    // Lowering of the Kelvin sign by Unicode rules would give `k`.
    refuses("myshop.\u{212a}ommo.com", Shape::NotAscii { offset: 7 });
    assert!(AccountHost::parse_bytes(b"\xff\xfe.kommo.com").is_err());
}

// Rule A4.
#[test]
fn hosts_of_the_platform_are_no_accounts() {
    for suffix in ["kommo.com", "amocrm.ru", "amocrm.com"] {
        for label in [
            "www", "amojo", "api-a", "api-z", "drive-a", "drive-z", "WWW", "API-C",
        ] {
            refuses_as_platform(&format!("{label}.{suffix}"), 0);
            refuses_as_platform(&format!("https://{label}.{suffix}/"), 8);
        }
    }
}

// Rule A4.
#[test]
fn names_that_only_begin_like_those_of_the_platform_are_accounts() {
    for label in [
        "shard151",
        "www2",
        "wwwshop",
        "amojoshop",
        "api",
        "api-1",
        "api-ab",
        "drive",
        "drive-1",
        "drive-ab",
    ] {
        let host = format!("{label}.kommo.com");
        accepts(&host, &host);
    }
}

#[test]
fn no_refusal_repeats_the_text() {
    for text in [
        "plantedmarker",
        "plantedmarker@x",
        "plantedmarker.x.kommo.com",
        "http://plantedmarker.kommo.com",
        "plantedmarker.kommo.com:1",
        "plantedmarker-.kommo.com",
        "plantedmarker.kommo.com/plantedmarker",
    ] {
        let refusal = AccountHost::parse(text).unwrap_err();
        let shown = format!("{refusal} {refusal:?}");
        assert!(!shown.contains("plantedmarker"), "{shown}");
    }
}

#[test]
fn a_host_can_be_looked_up_by_its_text() {
    let host = AccountHost::parse("MyShop.kommo.com").expect("a host");
    let hosts = std::collections::HashMap::from([(host, 1)]);
    assert_eq!(hosts.get("myshop.kommo.com"), Some(&1));
    assert_eq!(format!("{host:?}"), r#"AccountHost("myshop.kommo.com")"#);
}
