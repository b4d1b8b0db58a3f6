//! Findings about an integration's settings.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

use kommo_oauth::integration::{
    Finding, IconError, IconFormat, IconHeader, IntegrationKind, IntegrationSettings, Level,
};

fn review(set: impl FnOnce(&mut IntegrationSettings<'_>)) -> Vec<Finding> {
    let mut settings = IntegrationSettings::default();
    set(&mut settings);
    settings.review()
}

/// Code and level of all findings but the one that is always there.
#[track_caller]
fn found(findings: &[Finding]) -> Vec<(&'static str, Level)> {
    for finding in findings {
        assert!(!finding.message.is_empty() && !finding.remedy.is_empty());
        let plain = |byte: u8| byte.is_ascii_lowercase() || byte == b'-';
        assert!(finding.code.bytes().all(plain));
    }
    let all = findings.iter().map(|finding| (finding.code, finding.level));
    let (common, others): (Vec<_>, Vec<_>) =
        all.partition(|(code, _)| *code == "administrator-installs");
    assert_eq!(common, [("administrator-installs", Level::Advice)]);
    others
}

#[track_caller]
fn uri(text: &str, accounts: Option<u32>) -> Vec<(&'static str, Level)> {
    let mut settings = IntegrationSettings::default();
    settings.redirect_uri = Some(text);
    settings.accounts = accounts;
    found(&settings.review())
}

const EXACT: (&str, Level) = ("redirect-uri-exact", Level::Advice);

#[test]
fn what_is_not_known_is_not_judged() {
    assert_eq!(found(&review(|_| {})), []);
}

// Rule G13.
#[test]
fn a_name_has_1_to_255_characters() {
    let (longest, too_long) = ("ё".repeat(255), "ё".repeat(256));
    for (name, expected) in [
        ("n", None),
        (longest.as_str(), None),
        (too_long.as_str(), Some(("name-too-long", Level::Error))),
        (" ", Some(("name-empty", Level::Error))),
    ] {
        let mut settings = IntegrationSettings::default();
        settings.name = Some(name);
        assert_eq!(found(&settings.review()), Vec::from_iter(expected));
    }
}

// Rule G13.
#[test]
fn a_description_has_at_most_65_000_characters_and_may_be_html() {
    let (longest, too_long) = ("ё".repeat(65_000), "ё".repeat(65_001));
    for (text, expected) in [
        ("<p>Hello <b>there</b></p>", None),
        (longest.as_str(), None),
        (
            too_long.as_str(),
            Some(("description-too-long", Level::Error)),
        ),
        ("", Some(("description-empty", Level::Warning))),
    ] {
        let mut settings = IntegrationSettings::default();
        settings.description = Some(text);
        assert_eq!(found(&settings.review()), Vec::from_iter(expected));
    }
}

#[test]
fn a_good_redirect_uri_leaves_the_advice_to_copy_it() {
    assert_eq!(uri("https://a.example/cb?tenant=1", None), [EXACT]);
}

// Rule G13.
#[test]
fn tls_is_needed_once_several_accounts_use_it() {
    let plain = "http://a.example/cb";
    let code = "redirect-uri-without-tls";
    assert_eq!(uri(plain, None), [(code, Level::Error)]);
    assert_eq!(uri(plain, Some(2)), [(code, Level::Error)]);
    assert_eq!(uri(plain, Some(1)), [(code, Level::Warning)]);
    let here = "http://localhost:8000/cb";
    let code = "redirect-uri-on-this-machine";
    assert_eq!(uri(here, Some(1)), [(code, Level::Warning), EXACT]);
    assert_eq!(uri(here, Some(2)), [(code, Level::Error), EXACT]);
}

// Rule G12.
#[test]
fn cyrillic_hosts_are_named_in_both_spellings() {
    for text in ["https://пример.example/", "https://xn--e1afmkfd.example/"] {
        assert_eq!(uri(text, None), [("redirect-uri-host", Level::Error)]);
    }
}

#[test]
fn another_fault_of_a_redirect_uri_is_invalid() {
    for text in [
        "",
        "a.example",
        "https://a.example/#x",
        "https://u@a.example/",
    ] {
        assert_eq!(uri(text, None), [("redirect-uri-invalid", Level::Error)]);
    }
}

#[test]
fn a_redirect_uri_keeps_clear_of_the_platforms_parameters() {
    let code = ("redirect-uri-reserved-parameter", Level::Error);
    for query in ["state=1", "x=1&code", "from_widget=", "x&referer=a&state=b"] {
        assert_eq!(
            uri(&format!("https://a.example/?{query}"), None),
            [code, EXACT]
        );
    }
    assert_eq!(uri("https://a.example/state?x=code", None), [EXACT]);
}

#[test]
fn a_disconnect_hook_is_advised_and_must_be_reachable() {
    for (text, expected) in [
        ("https://a.example/hook", None),
        ("", Some(("disconnect-hook-missing", Level::Advice))),
        (
            "http://127.0.0.1/hook",
            Some(("disconnect-hook-unreachable", Level::Error)),
        ),
        (
            "http://a.example/hook",
            Some(("disconnect-hook-invalid", Level::Error)),
        ),
        ("hook", Some(("disconnect-hook-invalid", Level::Error))),
    ] {
        let mut settings = IntegrationSettings::default();
        settings.disconnect_hook = Some(text);
        assert_eq!(
            found(&settings.review()),
            Vec::from_iter(expected),
            "{text}"
        );
    }
}

#[test]
fn a_private_integration_has_one_account_and_costs_its_support() {
    let waiver = ("support-waiver", Level::Warning);
    let several = ("private-integration-several-accounts", Level::Error);
    for (accounts, technical, expected) in [
        (None, None, vec![waiver]),
        (Some(1), Some(false), vec![waiver]),
        (Some(1), Some(true), vec![]),
        (Some(2), Some(true), vec![several]),
    ] {
        let findings = review(|settings| {
            settings.kind = Some(IntegrationKind::Private);
            settings.accounts = accounts;
            settings.technical_account = technical;
        });
        assert_eq!(found(&findings), expected);
    }
    let public = review(|settings| {
        settings.kind = Some(IntegrationKind::Public);
        settings.accounts = Some(1000);
        settings.technical_account = Some(false);
    });
    assert_eq!(found(&public), []);
}

fn png(width: u32, height: u32) -> Vec<u8> {
    let mut bytes = b"\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR".to_vec();
    bytes.extend(width.to_be_bytes());
    bytes.extend(height.to_be_bytes());
    bytes.extend(b"\x08\x06\0\0\0");
    bytes
}

fn gif(version: &[u8], width: u16, height: u16) -> Vec<u8> {
    let mut bytes = [b"GIF", version].concat();
    bytes.extend(width.to_le_bytes());
    bytes.extend(height.to_le_bytes());
    bytes
}

/// A start, an application segment of the given length, fill bytes, a frame header with the given
/// marker.
fn jpeg(padding: u16, frame: u8, width: u16, height: u16) -> Vec<u8> {
    let mut bytes = vec![0xff, 0xd8, 0xff, 0xe0];
    bytes.extend((padding + 2).to_be_bytes());
    bytes.extend(vec![0xff; padding.into()]);
    bytes.extend([0xff, 0xff, 0xff, 0x01, 0xff, frame, 0, 17, 8]);
    bytes.extend(height.to_be_bytes());
    bytes.extend(width.to_be_bytes());
    bytes
}

// Rule G13.
#[test]
fn an_icon_has_400_by_272_pixels_in_three_formats() {
    let not_frames = [0xc4, 0xc8, 0xcc];
    let frames = (0xc0..=0xcf).filter(|code| !not_frames.contains(code));
    let icons = frames.map(|frame| jpeg(60_000, frame, 400, 272));
    for icon in icons.chain([png(400, 272), gif(b"87a", 400, 272), gif(b"89a", 400, 272)]) {
        let mut settings = IntegrationSettings::default();
        settings.icon = Some(&icon);
        assert_eq!(found(&settings.review()), []);
    }
}

#[test]
fn an_icon_of_another_size_or_kind_is_named() {
    for (icon, code) in [
        (png(272, 400), "icon-size"),
        (png(400, 273), "icon-size"),
        (png(65_936, 272), "icon-size"),
        (gif(b"89a", 800, 544), "icon-size"),
        (jpeg(0, 0xc2, 272, 400), "icon-size"),
        (b"<svg/>".to_vec(), "icon-unreadable"),
        (Vec::new(), "icon-unreadable"),
    ] {
        let mut settings = IntegrationSettings::default();
        settings.icon = Some(&icon);
        assert_eq!(found(&settings.review()), [(code, Level::Error)]);
    }
}

#[test]
fn an_icon_that_is_cut_has_no_size() {
    for (icon, format) in [
        (png(400, 272)[..24].to_vec(), IconFormat::Png),
        (gif(b"87a", 400, 272), IconFormat::Gif),
        (jpeg(10, 0xc0, 400, 272), IconFormat::Jpeg),
    ] {
        assert_eq!(IconHeader::read(&icon).unwrap().format, format);
        let prefix = match format {
            IconFormat::Png => 8,
            IconFormat::Gif => 6,
            _ => 3,
        };
        for end in prefix..icon.len() {
            let broken = Err(IconError::Broken { format });
            assert_eq!(IconHeader::read(&icon[..end]), broken, "{end}");
        }
        for end in 0..prefix {
            assert_eq!(
                IconHeader::read(&icon[..end]),
                Err(IconError::UnknownFormat)
            );
        }
    }
    // The picture begins, or ends, before its size came.
    for code in [0xda, 0xd9, 0x00] {
        let broken = Err(IconError::Broken {
            format: IconFormat::Jpeg,
        });
        assert_eq!(
            IconHeader::read(&[0xff, 0xd8, 0xff, code, 0, 2, 0xff, 0xc0]),
            broken
        );
    }
}

#[test]
fn tables_of_a_jpeg_are_no_frame() {
    for code in [0xc4, 0xc8, 0xcc, 0xdb, 0xfe] {
        let table = [0xff, 0xd8, 0xff, code, 0, 9, 8, 0, 1, 0, 1, 0, 0];
        let icon = [&table[..], &jpeg(0, 0xc0, 400, 272)[2..]].concat();
        let header = IconHeader::read(&icon).unwrap();
        assert_eq!((header.width, header.height), (400, 272), "{code:x}");
    }
}
