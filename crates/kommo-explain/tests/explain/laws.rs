//! Laws over random input.

use kommo_explain::{
    MACS_MAX, ReceivedRequest, explain_chat_hook, explain_chats_request, explain_disconnect,
    explain_open_api,
};
use proptest::prelude::*;

use crate::judged::codes;
use crate::naive::{AT, SECRET, Sender, hex, hmac_sha1, hmac_sha256, md5};

pub(crate) fn sample() -> impl Strategy<Value = Sender> {
    let method = prop::sample::select(vec!["POST", "GET", "DELETE"]);
    let path = "(/[a-z0-9_~.-]{1,12}){1,5}".prop_filter("dot segments", |path| {
        path.split('/')
            .all(|segment| segment != "." && segment != "..")
    });
    let body = prop::collection::vec(any::<u8>(), 0..300);
    (method, path, body).prop_map(|(method, path, body)| {
        let digest = hex(md5(&body));
        let mut sender = Sender::right()
            .sends(body)
            .header("content-md5", &digest)
            .line(0, method)
            .line(1, &digest)
            .line(4, &path);
        sender.method = method.into();
        sender.target = path;
        sender
    })
}

/// Text with the characters that matter to the parsers.
fn odd_text() -> impl Strategy<Value = String> {
    prop_oneof![
        any::<String>(),
        "[ -~]{0,60}",
        "[0-9a-fA-F]{40}|[0-9a-f]{64}|[A-Za-z0-9+/]{27}=",
        "(sha1=)?[0-9a-f]{30,70}[ \n]?",
        "[A-Z][a-z]{2}, [0-9]{1,2} [A-Z][a-z]{2} [0-9]{4} [0-9:]{7,8} (GMT|[+-][0-9]{4})",
        r#"[\[\]{}":,\\u0-9 \n\r/%+-]{0,60}"#,
        "(account_id|client_uuid|client_id|signature|x)=[0-9a-f%]{0,64}(&(account_id|client_uuid|signature)=[0-9a-f]{0,64}){0,3}",
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn a_right_request_is_always_accepted(sender in sample()) {
        let explanation = sender.explain();
        prop_assert!(explanation.accepted(), "{explanation:?}");
        prop_assert!(explanation.findings().is_empty());
    }

    #[test]
    fn a_wrong_secret_is_unknown(sender in sample(), key in prop::collection::vec(any::<u8>(), 1..80)) {
        prop_assume!(key != SECRET.as_bytes());
        prop_assert_eq!(codes(&sender.key(key).explain()), ["unknown"]);
    }

    #[test]
    fn a_wrong_secret_is_unknown_to_the_other_searches(body in prop::collection::vec(any::<u8>(), 0..300), key in "[a-z]{1,40}") {
        let hook = explain_chat_hook(&body, &hex(hmac_sha1(&key, &body)), SECRET).unwrap();
        prop_assert_eq!(codes(&hook), ["unknown"]);
        let open_api = explain_open_api(&body, &hex(hmac_sha256(&key, &body)), SECRET).unwrap();
        prop_assert_eq!(codes(&open_api), ["unknown"]);
        let signature = hex(hmac_sha256(&key, "client|7"));
        let query = format!("client_uuid=client&account_id=7&signature={signature}");
        let disconnect = explain_disconnect(&query, "client", SECRET).unwrap();
        prop_assert_eq!(codes(&disconnect), ["unknown"]);
    }

    #[test]
    fn no_input_makes_a_request_panic_or_cost_more(
        method in odd_text(),
        target in odd_text(),
        values in prop::array::uniform5(prop::option::of(odd_text())),
        body in prop_oneof![prop::collection::vec(any::<u8>(), 0..100), odd_text().prop_map(String::into_bytes)],
        secret in odd_text(),
        now in any::<Option<u64>>(),
    ) {
        let names = ["Date", "content-type", "Content-MD5", "X-Signature", "Host"];
        let headers: Vec<_> = names
            .into_iter()
            .zip(&values)
            .filter_map(|(name, value)| Some((name, value.as_deref()?)))
            .collect();
        let request = ReceivedRequest::new(&method, &target, &headers, &body);
        if let Ok(explanation) = explain_chats_request(&request, &secret, now) {
            prop_assert!(explanation.macs_tried() <= MACS_MAX);
            prop_assert!(explanation.accepted() || !explanation.findings().is_empty());
        }
    }

    #[test]
    fn no_input_makes_the_other_searches_panic_or_cost_more(
        text in odd_text(),
        signature in odd_text(),
        secret in odd_text(),
    ) {
        let explained = [
            explain_chat_hook(text.as_bytes(), &signature, &secret),
            explain_open_api(text.as_bytes(), &signature, &secret),
            explain_disconnect(&text, &signature, &secret),
        ];
        for explanation in explained.into_iter().flatten() {
            prop_assert!(explanation.macs_tried() <= MACS_MAX);
            prop_assert!(explanation.accepted() || !explanation.findings().is_empty());
        }
    }
}

#[test]
fn deep_and_wide_json_is_read_without_trouble() {
    for text in [
        "[".repeat(100_000),
        format!("{}1{}", "[".repeat(120), "]".repeat(120)),
        format!("{}1{}", "{\"a\":[".repeat(60), "]}".repeat(60)),
        format!("[{}]", vec!["{}"; 10_000].join(",")),
        "{\"a\":\"\\ud800\"}".into(),
        "{\"a\":1,\"a\":2}".into(),
    ] {
        let explanation = explain_open_api(text.as_bytes(), &"0".repeat(64), SECRET).unwrap();
        assert_eq!(codes(&explanation), ["unknown"]);
    }
}

#[test]
fn the_first_and_the_last_second_are_dates() {
    for (text, now) in [
        ("Thu, 01 Jan 1970 00:00:00 +0000", 0),
        ("Thu, 01 Jan 1970 00:00:00 +2359", 0),
        ("Fri, 31 Dec 9999 23:59:59 -2359", u64::MAX),
        ("Sat, 01 Jan 0000 00:00:00 GMT", AT),
    ] {
        let sender = Sender::right()
            .header("date", text)
            .line(3, text)
            .key("another");
        assert_eq!(codes(&sender.explain_at(None)), ["unknown"], "{text}");
        assert!(!sender.explain_at(Some(now)).accepted());
    }
}
