//! Every parser says what is wrong and where.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::missing_panics_doc,
    reason = "a test fails by panicking"
)]

use kommo_sign::{
    AppSecret, BufferTooSmall, CanonicalRequest, ChannelSecret, ClientSecret, CompactJws,
    ContentMd5, ContentType, DisconnectKey, DisconnectParameter, DisconnectQuery, KeyId, KeyRing,
    KeyRingError, ParseContentMd5Error, ParseContentTypeError, ParseDateError,
    ParseDisconnectQueryError, ParseJwsError, ParseMethodError, ParsePathError,
    ParseSignatureError, RequestDate, RequestMethod, RequestPath, RingRefusal, SecretError,
    Signature,
};

#[track_caller]
fn path(text: &str, expected: Result<&str, ParsePathError>) {
    assert_eq!(
        RequestPath::parse(text).map(|path| path.as_str()),
        expected,
        "{text:?}"
    );
}

// Rules S6, S11, S13.
#[test]
fn a_path_is_kept_or_refused_with_its_place() {
    path("/v2/origin/custom/x", Ok("/v2/origin/custom/x"));
    path("/v2?limit=50&offset=0", Ok("/v2"));
    path("/v2#top", Ok("/v2"));
    path("https://amojo.kommo.com/v2/x?limit=50", Ok("/v2/x"));
    path("HTTP://127.0.0.1:8080/v2/x", Ok("/v2/x"));
    path("https://amojo.kommo.com", Ok("/"));
    path("https://amojo.kommo.com?x=/y", Ok("/"));
    path("/a//b", Ok("/a//b"));
    path("/...", Ok("/..."));
    path("/.well-known/x", Ok("/.well-known/x"));
    path("/caf%C3%A9/%20", Ok("/caf%C3%A9/%20"));
    path("/?next=https://h/../x", Ok("/"));

    path("", Err(ParsePathError::Empty));
    path("v2/x", Err(ParsePathError::NotAbsolute));
    path("?x=1", Err(ParsePathError::NotAbsolute));
    path("ftp://h/x", Err(ParsePathError::NotAbsolute));
    path("amojo.kommo.com/v2", Err(ParsePathError::NotAbsolute));
    path("https:///x", Err(ParsePathError::NoHost));
    path("https://", Err(ParsePathError::NoHost));
    path("//evil.example/x", Err(ParsePathError::DoubleSlash));
    path(
        "https://h//evil.example/x",
        Err(ParsePathError::DoubleSlash),
    );
    path("/.", Err(ParsePathError::DotSegment { offset: 1 }));
    path("/..", Err(ParsePathError::DotSegment { offset: 1 }));
    path("/a/../b", Err(ParsePathError::DotSegment { offset: 3 }));
    path("/a/./", Err(ParsePathError::DotSegment { offset: 3 }));
    path("/a/%2e", Err(ParsePathError::DotSegment { offset: 3 }));
    path("/a/.%2E/b", Err(ParsePathError::DotSegment { offset: 3 }));
    path(
        "https://h/a/..",
        Err(ParsePathError::DotSegment { offset: 12 }),
    );
    path("/a\\b", Err(ParsePathError::Character { offset: 2 }));
    path(
        "https:\\\\h/a",
        Err(ParsePathError::Character { offset: 6 }),
    );
    path("/a\tb", Err(ParsePathError::Character { offset: 2 }));
    path("/a b", Err(ParsePathError::Character { offset: 2 }));
    path("/a\nb", Err(ParsePathError::Character { offset: 2 }));
    path("/a?b\nc", Err(ParsePathError::Character { offset: 4 }));
    path("/a\u{7f}", Err(ParsePathError::Character { offset: 2 }));
    for refused in [
        '"', '\'', '<', '>', '`', '{', '}', '|', '^', '[', ']', 'é', '\u{2028}',
    ] {
        path(
            &format!("/a{refused}"),
            Err(ParsePathError::Character { offset: 2 }),
        );
    }
    path("/a%", Err(ParsePathError::Escape { offset: 2 }));
    path("/a%4", Err(ParsePathError::Escape { offset: 2 }));
    path("/a%zz", Err(ParsePathError::Escape { offset: 2 }));
    path("/a%é", Err(ParsePathError::Escape { offset: 2 }));
    path("/a%41", Err(ParsePathError::NeedlessEscape { offset: 2 }));
    path("/a%2eb", Err(ParsePathError::NeedlessEscape { offset: 2 }));
    path("/a%7E", Err(ParsePathError::NeedlessEscape { offset: 2 }));
    for bare in ["%40", "%3A", "%21", "%24", "%27", "%2C", "%3b"] {
        path(
            &format!("/a{bare}"),
            Err(ParsePathError::NeedlessEscape { offset: 2 }),
        );
    }
    path(
        "/caf%c3%A9",
        Err(ParsePathError::LowerCaseEscape { offset: 4 }),
    );
    path("/a%2fb", Err(ParsePathError::LowerCaseEscape { offset: 2 }));
    path("/a%2Fb%25", Ok("/a%2Fb%25"));
}

#[track_caller]
fn date(text: &str, expected: Result<i64, ParseDateError>) {
    assert_eq!(
        RequestDate::parse(text).map(|date| date.unix_seconds()),
        expected,
        "{text:?}"
    );
}

// Rules D1, D2, D5, D7.
#[test]
fn a_date_is_read_or_refused_with_its_place() {
    date("Wed, 23 Nov 2022 19:25:21 +0000", Ok(1_669_231_521));
    date("Wed, 23 Nov 2022 19:25:21 GMT", Ok(1_669_231_521));
    date("Wed, 23 Nov 2022 19:25:21 -0000", Ok(1_669_231_521));
    date("Wed, 23 Nov 2022 22:25:21 +0300", Ok(1_669_231_521));
    date("Wed, 23 Nov 2022 13:55:21 -0530", Ok(1_669_231_521));
    // A wrong weekday: the date alone names the day.
    date("Mon, 23 Nov 2022 19:25:21 +0000", Ok(1_669_231_521));
    date("Wed, 1 Jan 2020 00:00:00 +0000", Ok(1_577_836_800));
    date("Wed, 01 Jan 2020 00:00:00 +0000", Ok(1_577_836_800));
    date("Thu, 01 Jan 1970 00:00:00 +0000", Ok(0));
    date("Wed, 31 Dec 1969 23:59:59 +0000", Ok(-1));
    date("Sat, 01 Jan 0000 00:00:00 +0000", Ok(-62_167_219_200));
    date("Fri, 31 Dec 9999 23:59:59 +0000", Ok(253_402_300_799));
    date("Thu, 29 Feb 2024 00:00:00 +0000", Ok(1_709_164_800));
    date("Tue, 29 Feb 2000 00:00:00 +0000", Ok(951_782_400));

    date("", Err(ParseDateError::Weekday { offset: 0 }));
    date(
        "23 Nov 2022 19:25:21 +0000",
        Err(ParseDateError::Weekday { offset: 0 }),
    );
    date(
        "wed, 23 Nov 2022 19:25:21 +0000",
        Err(ParseDateError::Weekday { offset: 0 }),
    );
    date(
        "Wed 23 Nov 2022 19:25:21 +0000",
        Err(ParseDateError::Weekday { offset: 0 }),
    );
    date(
        "Wed, 31 Feb 2022 19:25:21 +0000",
        Err(ParseDateError::Day { offset: 5 }),
    );
    date(
        "Wed, 29 Feb 1900 19:25:21 +0000",
        Err(ParseDateError::Day { offset: 5 }),
    );
    date(
        "Wed, 31 Apr 2022 19:25:21 +0000",
        Err(ParseDateError::Day { offset: 5 }),
    );
    date(
        "Wed, 00 Nov 2022 19:25:21 +0000",
        Err(ParseDateError::Day { offset: 5 }),
    );
    date(
        "Wed,  3 Nov 2022 19:25:21 +0000",
        Err(ParseDateError::Day { offset: 5 }),
    );
    date(
        "Wed, 23 nov 2022 19:25:21 +0000",
        Err(ParseDateError::Month { offset: 8 }),
    );
    date(
        "Wed, 23 Nov 22 19:25:21 +0000",
        Err(ParseDateError::Year { offset: 12 }),
    );
    date(
        "Wed, 23 Nov 2022 9:25:21 +0000",
        Err(ParseDateError::Time { offset: 17 }),
    );
    date(
        "Wed, 23 Nov 2022 24:00:00 +0000",
        Err(ParseDateError::Time { offset: 17 }),
    );
    date(
        "Wed, 23 Nov 2022 19:60:21 +0000",
        Err(ParseDateError::Time { offset: 17 }),
    );
    date(
        "Wed, 23 Nov 2022 19:25:60 +0000",
        Err(ParseDateError::Time { offset: 17 }),
    );
    date(
        "Wed, 23 Nov 2022 19:25 +0000",
        Err(ParseDateError::Time { offset: 17 }),
    );
    date(
        "Wed, 23 Nov 2022 19:25:21 +00:00",
        Err(ParseDateError::Zone { offset: 26 }),
    );
    date(
        "Wed, 23 Nov 2022 19:25:21 UTC",
        Err(ParseDateError::Zone { offset: 26 }),
    );
    date(
        "Wed, 23 Nov 2022 19:25:21 +2400",
        Err(ParseDateError::Zone { offset: 26 }),
    );
    date(
        "Wed, 23 Nov 2022 19:25:21 +0060",
        Err(ParseDateError::Zone { offset: 26 }),
    );
    date(
        "Wed, 23 Nov 2022 19:25:21",
        Err(ParseDateError::Time { offset: 17 }),
    );
    date(
        "Wed, 23 Nov 2022 19:25:21 ",
        Err(ParseDateError::Zone { offset: 26 }),
    );
    date(
        "Wed, 23 Nov 2022 19:25:21 +0000\nx",
        Err(ParseDateError::Trailing { offset: 31 }),
    );
    date(
        "Wed, 23 Nov 2022 19:25:21 GMT ",
        Err(ParseDateError::Trailing { offset: 29 }),
    );
    date(
        "Wed, é3 Nov 2022 19:25:21 GMT",
        Err(ParseDateError::Day { offset: 5 }),
    );
}

#[test]
fn an_instant_after_the_year_9999_is_refused() {
    let last = RequestDate::from_unix_seconds(253_402_300_799).unwrap();
    assert_eq!(last.as_str(), "Fri, 31 Dec 9999 23:59:59 +0000");
    assert!(RequestDate::from_unix_seconds(253_402_300_800).is_err());
    assert!(RequestDate::from_unix_seconds(u64::MAX).is_err());
}

// Rules S3, S11, S14.
#[test]
fn a_method_is_upper_case_letters() {
    assert_eq!(
        RequestMethod::parse("").unwrap_err(),
        ParseMethodError::Empty
    );
    assert_eq!(
        RequestMethod::parse("post").unwrap_err(),
        ParseMethodError::NotUpperCase { offset: 0 }
    );
    assert_eq!(
        RequestMethod::parse("POST\n").unwrap_err(),
        ParseMethodError::NotUpperCase { offset: 4 }
    );
    assert_eq!(
        RequestMethod::parse("PO ST").unwrap_err(),
        ParseMethodError::NotUpperCase { offset: 2 }
    );
    assert_eq!(
        RequestMethod::parse("CONNECT").unwrap_err(),
        ParseMethodError::Connect
    );
    let long = "A".repeat(17);
    assert_eq!(
        RequestMethod::parse(&long).unwrap_err(),
        ParseMethodError::TooLong { found: 17 }
    );
    for known in [
        RequestMethod::POST,
        RequestMethod::GET,
        RequestMethod::DELETE,
        RequestMethod::PUT,
        RequestMethod::PATCH,
    ] {
        assert_eq!(RequestMethod::parse(known.as_str()), Ok(known));
    }
}

// Rules S5, S11.
#[test]
fn a_content_type_cannot_forge_a_line() {
    assert!(
        ContentType::parse("application/json")
            .unwrap()
            .is_supported()
    );
    assert!(
        !ContentType::parse("application/json; charset=utf-8")
            .unwrap()
            .is_supported()
    );
    assert_eq!(ContentType::parse(""), Err(ParseContentTypeError::Empty));
    let character = |offset| Err(ParseContentTypeError::Character { offset });
    assert_eq!(ContentType::parse("application/json\n"), character(16));
    assert_eq!(ContentType::parse("a\u{0}"), character(1));
    assert_eq!(ContentType::parse("é"), character(0));
    assert_eq!(
        ContentType::parse(" a"),
        Err(ParseContentTypeError::OuterSpace)
    );
    assert_eq!(
        ContentType::parse("a "),
        Err(ParseContentTypeError::OuterSpace)
    );
}

// Rules S4, S7.
#[test]
fn digests_and_signatures_are_lower_case_hex_of_their_length() {
    assert_eq!(
        ContentMd5::parse("ab"),
        Err(ParseContentMd5Error::Length { found: 2 })
    );
    let upper = "D41D8CD98F00B204E9800998ECF8427E";
    assert_eq!(
        ContentMd5::parse(upper),
        Err(ParseContentMd5Error::NotLowerHex { offset: 0 })
    );
    assert_eq!(
        ContentMd5::parse("1B2M2Y8AsgTpgAmY7PhCfg=="),
        Err(ParseContentMd5Error::Length { found: 24 })
    );

    let length = ParseSignatureError::Length {
        found: 4,
        expected: 40,
    };
    assert_eq!(Signature::parse("ab12").unwrap_err(), length);
    let text = "0123456789abcdef0123456789abcdef0123456g";
    assert_eq!(
        Signature::parse(text).unwrap_err(),
        ParseSignatureError::NotLowerHex { offset: 39 }
    );
    assert_eq!(
        Signature::parse_any_case(text).unwrap_err(),
        ParseSignatureError::NotHex { offset: 39 }
    );
    let upper = "A123456789abcdef0123456789abcdef01234567";
    assert_eq!(
        Signature::parse(upper).unwrap_err(),
        ParseSignatureError::NotLowerHex { offset: 0 }
    );
    assert_eq!(
        Signature::parse_any_case(upper).unwrap().as_str(),
        upper.to_lowercase()
    );
}

// Rules O5, S12, S14, and invariant I12.
#[test]
fn an_empty_or_endless_secret_cannot_be_made() {
    assert_eq!(ChannelSecret::new("").unwrap_err(), SecretError::Empty);
    assert_eq!(ClientSecret::new("").unwrap_err(), SecretError::Empty);
    assert_eq!(AppSecret::new("").unwrap_err(), SecretError::Empty);
    for blank in ["\n", " ", "\t\r\n", "\u{feff}", "\0", "\u{a0}"] {
        assert_eq!(
            ChannelSecret::new(blank).unwrap_err(),
            SecretError::Blank,
            "{blank:?}"
        );
    }
    for slip in ["abc\n", " abc", "\u{feff}abc", "abc\0"] {
        assert!(AppSecret::new(slip).unwrap().has_outer_blank(), "{slip:?}");
    }
    assert!(!AppSecret::new("a bc").unwrap().has_outer_blank());
    let long = "k".repeat(257);
    assert_eq!(
        ChannelSecret::new(&long).unwrap_err(),
        SecretError::TooLong { found: 257 }
    );
    assert_eq!(
        ChannelSecret::new(&long[1..]).unwrap().expose_bytes(),
        &long.as_bytes()[1..]
    );
}

// Rules X2, X3, X4, X5.
#[test]
fn a_disconnect_query_is_read_or_refused_with_what_and_where() {
    let signature = "ab".repeat(32);
    let parse = |query: &str| DisconnectQuery::parse(query).map(|it| it.account_id().get());
    let missing = |parameter| Err(ParseDisconnectQueryError::Missing { parameter });
    assert_eq!(
        parse(&format!("account_id=7&client_uuid=c&signature={signature}")),
        Ok(7)
    );
    assert_eq!(
        parse(&format!(
            "?t=1&account_id=007&client_id=c&signature={signature}&t=2&&="
        )),
        Ok(7)
    );
    assert_eq!(parse(""), missing(DisconnectParameter::ClientUuid));
    assert_eq!(
        parse("client_uuid=c"),
        missing(DisconnectParameter::AccountId)
    );
    assert_eq!(
        parse("client_uuid=c&account_id=1"),
        missing(DisconnectParameter::Signature)
    );
    let twice = format!("account_id=1&client_uuid=c&signature={signature}&account_id=1");
    let repeated = ParseDisconnectQueryError::Repeated {
        parameter: DisconnectParameter::AccountId,
        offset: 102,
    };
    assert_eq!(parse(&twice), Err(repeated));
    assert_eq!(&twice[102..], "account_id=1");
    for account in [
        "",
        "0",
        "00",
        "-1",
        "+1",
        "1x",
        " 1",
        "%31",
        "100000000000000000000",
        "18446744073709551616",
    ] {
        let query = format!("account_id={account}&client_uuid=c&signature={signature}");
        assert_eq!(
            parse(&query),
            Err(ParseDisconnectQueryError::AccountId { offset: 11 }),
            "{account}"
        );
    }
    assert_eq!(
        parse(&format!(
            "account_id=18446744073709551615&client_uuid=c&signature={signature}"
        )),
        Ok(u64::MAX)
    );
    let differ = format!("account_id=1&client_uuid=c&client_id=d&signature={signature}");
    assert_eq!(
        parse(&differ),
        Err(ParseDisconnectQueryError::ClientIdsDiffer { offset: 37 })
    );
    let short = parse("account_id=1&client_uuid=c&signature=ab");
    let length = ParseSignatureError::Length {
        found: 2,
        expected: 64,
    };
    assert_eq!(
        short,
        Err(ParseDisconnectQueryError::Signature {
            offset: 37,
            cause: length
        })
    );
}

// Rule X7.
#[test]
fn a_captured_disconnect_hook_is_proven_for_ever() {
    let case = kommo_test_vectors::disconnect("valid");
    let key = DisconnectKey::new(&ClientSecret::new(&case.secret).unwrap());
    let once = key.verify_query(&case.client_id, &case.query);
    assert!(once.is_ok());
    assert_eq!(key.verify_query(&case.client_id, &case.query), once);
}

// Rule J3.
#[test]
fn a_token_has_three_parts_of_base64url() {
    for text in ["", "a", "a.b", "a.b.c.d", "a.b.c."] {
        assert_eq!(
            CompactJws::parse(text).unwrap_err(),
            ParseJwsError::Parts,
            "{text}"
        );
    }
    assert_eq!(
        CompactJws::parse("a.b=.c").unwrap_err(),
        ParseJwsError::Character { offset: 3 }
    );
    assert_eq!(
        CompactJws::parse("a.b.c\n").unwrap_err(),
        ParseJwsError::Character { offset: 5 }
    );
    assert_eq!(CompactJws::parse("a.b.").unwrap().signature(), "");
}

// Rule S1.
#[test]
fn a_short_buffer_is_told_how_long_it_should_be() {
    let request = CanonicalRequest::new(RequestMethod::GET, RequestPath::parse("/v2").unwrap());
    for length in 0..10 {
        let mut buffer = vec![0; length];
        let written = request.write_to(&mut buffer).map(|text| text.as_str());
        let Err(BufferTooSmall { needed, .. }) = written else {
            panic!("{length} bytes were enough")
        };
        assert_eq!(needed, 10);
    }
    let mut buffer = [0; 10];
    assert_eq!(
        request.write_to(&mut buffer).unwrap().as_str(),
        "GET\n\n\n\n/v2"
    );
}

// Rule X6.
#[test]
fn a_key_ring_keeps_its_bounds_and_forgets_a_leaked_key_at_once() {
    assert!(KeyId::parse("").is_err());
    assert!(KeyId::parse(&"k".repeat(33)).is_err());
    assert!(KeyId::parse("a\nb").is_err());
    let id = |text| KeyId::parse(text).unwrap();
    let refuse_all = |_: &u8| Err::<(), ()>(());
    let accept_all = |key: &u8| Ok::<u8, ()>(*key);

    let mut ring: KeyRing<u8, 2> = KeyRing::new();
    assert_eq!(
        ring.verify(0, accept_all).unwrap_err(),
        RingRefusal::NoLiveKey
    );
    ring.insert(id("new"), 1, None).unwrap();
    ring.insert(id("old"), 2, Some(100)).unwrap();
    assert_eq!(
        ring.insert(id("old"), 3, None),
        Err(KeyRingError::DuplicateId)
    );
    assert_eq!(ring.insert(id("more"), 3, None), Err(KeyRingError::Full));
    assert_eq!(
        ring.verify(0, refuse_all).unwrap_err(),
        RingRefusal::Refused(())
    );
    assert_eq!(ring.verify(0, accept_all).unwrap().key_id, id("new"));

    assert!(ring.revoke(&id("new")));
    assert!(!ring.revoke(&id("new")));
    assert_eq!(ring.verify(100, accept_all).unwrap().key_id, id("old"));
    assert_eq!(
        ring.verify(101, accept_all).unwrap_err(),
        RingRefusal::NoLiveKey
    );
    ring.insert(id("newer"), 4, None).unwrap();
    assert_eq!(
        ring.live(0).map(|(_, key)| *key).collect::<Vec<_>>(),
        [2, 4]
    );
    assert!(ring.retire(&id("newer"), 50));
    assert!(!ring.retire(&id("new"), 50));
    assert!(
        ring.retire(&id("newer"), u64::MAX),
        "an end that is set is not put off"
    );
    assert_eq!(ring.live(51).map(|(_, key)| *key).collect::<Vec<_>>(), [2]);
}
