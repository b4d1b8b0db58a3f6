//! The bodies that we make are those that were signed and published.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a test may stop at once; clippy.toml covers test functions only"
)]

use kommo_account::{AmojoId, ChannelId};
use kommo_chats::{ConnectRequest, DisconnectRequest};
use kommo_test_vectors::{ChatsRequestCase, chats_request};
use serde_json::Value;

fn text_of(case: &ChatsRequestCase, field: &str) -> String {
    let body: Value = serde_json::from_slice(&case.body).expect(&case.name);
    body[field].as_str().expect(field).to_owned()
}

fn account_of(case: &ChatsRequestCase) -> AmojoId {
    AmojoId::parse(&text_of(case, "account_id")).expect(&case.name)
}

fn channel_of(case: &ChatsRequestCase) -> ChannelId {
    let channel = case.path.split('/').nth(4).expect("a channel in the path");
    ChannelId::parse(channel).expect(&case.name)
}

// Rules C1, S9.
#[test]
fn a_connect_request_is_equal_to_the_published_one() {
    let case = chats_request("connect-published");
    let request = ConnectRequest::new(account_of(&case), text_of(&case, "title")).expect("a title");
    assert_eq!(request.to_body(), case.body);
    assert_eq!(ConnectRequest::METHOD, case.method);
    assert_eq!(ConnectRequest::path(&channel_of(&case)), case.path);
}

// Rules C3, S9.
#[test]
fn a_disconnect_request_is_equal_to_the_published_one() {
    let case = chats_request("disconnect-published");
    let request = DisconnectRequest::new(account_of(&case));
    assert_eq!(request.to_body(), case.body);
    assert_eq!(DisconnectRequest::METHOD, case.method);
    assert_eq!(DisconnectRequest::path(&channel_of(&case)), case.path);
}
