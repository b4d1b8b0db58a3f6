//! Laws of account hosts, against a naive judge that shares no code with the parser.

#![allow(
    clippy::indexing_slicing,
    reason = "a test may stop at once; clippy.toml covers test functions only"
)]

use kommo_account::{AccountHost, ApiDomain};
use proptest::prelude::*;

/// `^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.(kommo\.com|amocrm\.ru|amocrm\.com)$`, and no label of
/// the platform.
fn naive_judge(host: &str) -> bool {
    let parts: Vec<&str> = host.split('.').collect();
    let [label, name, top] = parts[..] else {
        return false;
    };
    let known =
        ["kommo.com", "amocrm.ru", "amocrm.com"].contains(&format!("{name}.{top}").as_str());
    let letters: Vec<char> = label.chars().collect();
    let plain = |c: &char| "abcdefghijklmnopqrstuvwxyz0123456789".contains(*c);
    let shaped = (1..=63).contains(&letters.len())
        && letters.iter().all(|c| plain(c) || *c == '-')
        && plain(&letters[0])
        && plain(&letters[letters.len() - 1]);
    known
        && shaped
        && !label.starts_with("xn--")
        && !infrastructure_labels().contains(&label.into())
}

fn infrastructure_labels() -> Vec<String> {
    let lettered = ('a'..='z').flat_map(|c| [format!("api-{c}"), format!("drive-{c}")]);
    lettered.chain(["www".into(), "amojo".into()]).collect()
}

/// Steps 1 to 5 in their order, with the naive judge for the shape: what a host must come out as,
/// if at all.
fn naive_parse(text: &str) -> Option<String> {
    let bad = |c: char| c.is_control() || " \\@%#?".contains(c) || !c.is_ascii();
    if text.is_empty() || text.len() > 255 || text.contains(bad) {
        return None;
    }
    let text = text.strip_prefix("https://").unwrap_or(text);
    let text = text.strip_suffix('/').unwrap_or(text);
    let text = text.strip_suffix(":443").unwrap_or(text);
    let host = text.to_lowercase();
    naive_judge(&host).then_some(host)
}

/// Texts near the border: pieces of hosts in a random order.
fn near_hosts() -> impl Strategy<Value = String> {
    let piece = prop::sample::select(vec![
        "https://",
        "http://",
        "HTTPS://",
        "kommo.com",
        "amocrm.ru",
        "amocrm.com",
        "Kommo.Com",
        ".",
        ".",
        ":443",
        ":80",
        "/",
        "-",
        "a",
        "Z",
        "0",
        "www",
        "amojo",
        "api-",
        "drive-",
        "xn--",
        "@",
        "%",
        " ",
        "\n",
        "é",
        "myshop",
        "myshop.kommo.com",
        "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
    ]);
    prop::collection::vec(piece, 0..8).prop_map(|pieces| pieces.concat())
}

/// Labels of every length up to and over the limit, under a suffix.
fn shaped_hosts() -> impl Strategy<Value = String> {
    (
        "[a-zA-Z0-9-]{1,66}",
        prop::sample::select(vec!["kommo.com", "amocrm.ru", "amocrm.com"]),
    )
        .prop_map(|(label, suffix)| format!("{label}.{suffix}"))
}

proptest! {
    #[test]
    fn the_parser_and_the_naive_judge_agree_near_the_border(text in near_hosts()) {
        let parsed = AccountHost::parse(&text).ok().map(|host| host.as_str().to_owned());
        prop_assert_eq!(parsed, naive_parse(&text));
    }

    #[test]
    fn the_parser_and_the_naive_judge_agree_on_labels(text in shaped_hosts()) {
        let parsed = AccountHost::parse(&text).ok().map(|host| host.as_str().to_owned());
        prop_assert_eq!(parsed, naive_parse(&text));
    }

    #[test]
    fn what_was_parsed_parses_to_itself(text in shaped_hosts()) {
        if let Ok(host) = AccountHost::parse(&text) {
            prop_assert_eq!(AccountHost::parse(host.as_str()), Ok(host));
            prop_assert_eq!(format!("{}.{}", host.subdomain(), host.suffix()), host.as_str());
        }
    }

    #[test]
    fn whatever_is_accepted_has_the_shape_and_is_not_of_the_platform(text in near_hosts()) {
        if let Ok(host) = AccountHost::parse(&text) {
            prop_assert!(naive_judge(host.as_str()));
            prop_assert!(!infrastructure_labels().contains(&host.subdomain().to_owned()));
        }
    }

    #[test]
    fn any_bytes_give_a_verdict(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        if let Ok(host) = AccountHost::parse_bytes(&bytes) {
            prop_assert!(naive_judge(host.as_str()));
        }
    }

    #[test]
    fn no_text_is_both_an_account_and_an_api_domain(text in near_hosts()) {
        prop_assert!(AccountHost::parse(&text).is_err() || ApiDomain::parse(&text).is_err());
    }

    #[test]
    fn order_and_equality_are_those_of_the_text(left in shaped_hosts(), right in shaped_hosts()) {
        if let (Ok(left), Ok(right)) = (AccountHost::parse(&left), AccountHost::parse(&right)) {
            prop_assert_eq!(left.cmp(&right), left.as_str().cmp(right.as_str()));
            prop_assert_eq!(left == right, left.as_str() == right.as_str());
        }
    }
}
