//! What is compared before a request leaves (invariant I1).

use alloc::string::String;

use kommo_account::{ChatsHost, EndpointRole, Endpoints, Target};
use kommo_sign::{RequestMethod, RequestPath};
use reqwest::Url;

use super::{is_as_given, prepare};
use crate::transport::outgoing_request::OutgoingRequest;
use crate::transport::request_query::RequestQuery;

fn target(endpoints: Endpoints) -> Target {
    endpoints.resolve(EndpointRole::Chats(ChatsHost::AmojoKommoCom))
}

fn sandbox(address: &str) -> Target {
    target(Endpoints::loopback(address.parse().unwrap()).unwrap())
}

fn request() -> OutgoingRequest<'static> {
    let path = RequestPath::parse("/v2/x%2Fy").unwrap();
    let query = RequestQuery::parse("a=1").unwrap();
    OutgoingRequest::new(RequestMethod::GET, path).with_query(Some(query))
}

/// The URL that would be sent.
fn url_for(target: &Target) -> String {
    prepare(target, &request()).unwrap().url().as_str().into()
}

// Rule S13.
#[test]
fn a_url_that_differs_in_anything_is_not_as_given() {
    let real = target(Endpoints::real());
    let is_fine = |text: &str| is_as_given(&Url::parse(text).unwrap(), &real, &request());
    assert!(is_fine("https://amojo.kommo.com/v2/x%2Fy?a=1"));
    let others = [
        "http://amojo.kommo.com/v2/x%2Fy?a=1",
        "https://amojo.kommo.com:8443/v2/x%2Fy?a=1",
        "https://amojo.amocrm.ru/v2/x%2Fy?a=1",
        "https://amojo.kommo.com.evil.example/v2/x%2Fy?a=1",
        "https://me@amojo.kommo.com/v2/x%2Fy?a=1",
        "https://:pw@amojo.kommo.com/v2/x%2Fy?a=1",
        "https://amojo.kommo.com/v2/x%2fy?a=1",
        "https://amojo.kommo.com/v2/x/y?a=1",
        "https://amojo.kommo.com/v2/x%2Fy/?a=1",
        "https://amojo.kommo.com/v2/x%2Fy?a=2",
        "https://amojo.kommo.com/v2/x%2Fy?",
        "https://amojo.kommo.com/v2/x%2Fy",
        "https://amojo.kommo.com/v2/x%2Fy?a=1#b",
    ];
    for other in others {
        assert!(!is_fine(other), "{other}");
    }
}

#[test]
fn a_sandbox_is_reached_at_its_address_alone() {
    let sandbox = sandbox("127.0.0.1:8080");
    let is_fine = |text: &str| is_as_given(&Url::parse(text).unwrap(), &sandbox, &request());
    assert!(is_fine("http://127.0.0.1:8080/v2/x%2Fy?a=1"));
    assert!(!is_fine("http://127.0.0.1:8081/v2/x%2Fy?a=1"));
    assert!(!is_fine("http://127.0.0.2:8080/v2/x%2Fy?a=1"));
    assert!(!is_fine("http://127.0.0.1/v2/x%2Fy?a=1"));
    assert!(!is_fine("https://127.0.0.1:8080/v2/x%2Fy?a=1"));
}

#[test]
fn every_kind_of_place_gives_the_url_that_was_meant() {
    assert_eq!(
        url_for(&target(Endpoints::real())),
        "https://amojo.kommo.com/v2/x%2Fy?a=1"
    );
    assert_eq!(
        url_for(&sandbox("127.0.0.1:8080")),
        "http://127.0.0.1:8080/v2/x%2Fy?a=1"
    );
    assert_eq!(
        url_for(&sandbox("[::1]:8080")),
        "http://[::1]:8080/v2/x%2Fy?a=1"
    );
    // The URL leaves out the port that its scheme implies; the host is the same.
    assert_eq!(
        url_for(&sandbox("127.0.0.1:80")),
        "http://127.0.0.1/v2/x%2Fy?a=1"
    );
}
