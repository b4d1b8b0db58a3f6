//! Disconnect, and answers without data.

use kommo_account::{AmojoId, ChannelId};
use kommo_chats::{BodyForm, DisconnectRequest, UnexpectedBody, expect_no_data};

// Rule C3.
#[test]
fn the_published_request_is_made_byte_for_byte() {
    let account = AmojoId::parse("52e591f7-c98f-4255-8495-827210138c81").expect("an amojo id");
    let channel = ChannelId::parse("344a5002-f8ca-454d-af3d-396180102ac7").expect("a channel id");
    let request = DisconnectRequest::new(account);
    assert_eq!(
        request.to_body(),
        br#"{"account_id":"52e591f7-c98f-4255-8495-827210138c81"}"#
    );
    assert_eq!(request.to_body().len(), 53);
    assert_eq!(request.account_id(), &account);
    assert_eq!(DisconnectRequest::METHOD, "DELETE");
    assert_eq!(
        DisconnectRequest::path(&channel),
        "/v2/origin/custom/344a5002-f8ca-454d-af3d-396180102ac7/disconnect"
    );
}

// Rule C4.
#[test]
fn nothing_an_empty_object_and_204_are_success() {
    for (status, body) in [
        (200, ""),
        (200, "\r\n"),
        (200, "{}"),
        (200, " { \t} \n"),
        (204, ""),
        (204, "{}"),
    ] {
        assert_eq!(
            expect_no_data(status, body.as_bytes()),
            Ok(()),
            "{status} {body:?}"
        );
    }
}

#[track_caller]
fn odd(status: u16, body: &[u8]) -> UnexpectedBody {
    let Err(odd) = expect_no_data(status, body) else {
        panic!("http {status} with {body:?} passed as success without data");
    };
    assert_eq!((odd.status(), odd.length_bytes()), (status, body.len()));
    odd
}

// Rule C4.
#[test]
fn data_under_a_2xx_is_reported_and_can_be_taken_for_success() {
    for (status, body, form) in [
        (200, r#"{"status":"ok"}"#, BodyForm::Json),
        (200, "[]", BodyForm::Json),
        (201, "", BodyForm::Empty),
        (202, "{}", BodyForm::Json),
    ] {
        let odd = odd(status, body.as_bytes());
        assert!(odd.is_success(), "{status} {body}");
        assert_eq!(odd.form(), form);
    }
}

// Rule C4.
#[test]
fn pages_texts_and_other_statuses_are_no_success() {
    for (status, body, form) in [
        (200, b"<html>".as_slice(), BodyForm::Html),
        (200, b"OK", BodyForm::Text),
        (200, b"null", BodyForm::Text),
        (200, b"{", BodyForm::Text),
        (200, b"{}{}", BodyForm::Text),
        (200, b"\x1f\x8b\x08", BodyForm::OtherBytes),
        (199, b"", BodyForm::Empty),
        (300, b"", BodyForm::Empty),
        (403, b"{}", BodyForm::Json),
        (404, b"", BodyForm::Empty),
        (500, b"", BodyForm::Empty),
        (0, b"", BodyForm::Empty),
    ] {
        let odd = odd(status, body);
        assert!(!odd.is_success(), "{status} {body:?}");
        assert_eq!(odd.form(), form, "{body:?}");
    }
}

#[test]
fn a_report_has_the_length_of_the_body_and_nothing_of_it() {
    let odd = odd(200, b"plantedmarker");
    assert_eq!(
        odd.to_string(),
        "http 200 with a text body of 13 bytes where no data is expected"
    );
    assert!(!format!("{odd:?}").contains("planted"));
}
