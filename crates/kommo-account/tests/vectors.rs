//! The cases that all parts of the workspace share.

use kommo_account::{AccountHost, AccountId, AmojoId, ChannelId, ClientId};
use kommo_test_vectors::{account_hosts, chats_request, disconnects};

// Rules A1, A2, A3, A4.
#[test]
fn every_account_host_case_gets_its_verdict() {
    let cases = account_hosts();
    assert!(cases.iter().any(|case| case.is_valid()) && cases.iter().any(|case| !case.is_valid()));
    for case in cases {
        let parsed = AccountHost::parse(&case.input).ok();
        let host = parsed.as_ref().map(AccountHost::as_str);
        assert_eq!(host, case.host.as_deref(), "{}", case.name);
        assert_eq!(parsed.is_some(), case.is_valid(), "{}", case.name);
    }
}

// Rule N1.
#[test]
fn the_ids_of_a_published_request_are_read() {
    let case = chats_request("disconnect-published");
    let channel = case.path.split('/').nth(4).expect("a channel in the path");
    assert_eq!(ChannelId::parse(channel).expect(channel).as_str(), channel);
    let body = String::from_utf8(case.body).expect("utf-8");
    let account = body.split('"').nth(3).expect("an id in the body");
    assert_eq!(AmojoId::parse(account).expect(account).as_str(), account);
}

// Rules N3, X2.
#[test]
fn the_account_of_every_disconnect_case_is_read_or_refused() {
    let mut accounts_read = 0;
    for case in disconnects() {
        assert_eq!(
            ClientId::parse(&case.client_id).map(|id| id.to_string()),
            Ok(case.client_id)
        );
        let values: Vec<&str> = case
            .query
            .split('&')
            .filter_map(|pair| pair.strip_prefix("account_id="))
            .collect();
        let [value] = values[..] else {
            continue;
        };
        let account = AccountId::parse(value).ok().map(AccountId::get);
        assert_eq!(account, case.account_id, "{}", case.name);
        accounts_read += usize::from(account.is_some());
    }
    assert!(accounts_read > 0);
}
