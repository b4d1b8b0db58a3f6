//! Published and computed signatures, found again on the wire.

use std::sync::Arc;

use kommo_http::{ChatsError, RawRequest, RequestQuery};
use kommo_sandbox::{Platform, SandboxConfig};
use kommo_sign::{RequestDate, RequestMethod, RequestPath};
use kommo_test_vectors::{ChatsRequestCase, chats_requests};

use crate::raw_server::{RawServer, Reply};
use crate::scene::client_of;
use crate::test_environment::TestEnvironment;

/// Whether this client could have sent it: all headers, our content type, our way to write a date,
/// a body that is known.
fn could_be_ours(case: &ChatsRequestCase) -> bool {
    let is_ours = |text: &String| RequestDate::parse(text).is_ok_and(|date| is_as_written(&date));
    case.is_valid()
        && case.scheme.is_none()
        && !case.has_flag("md5-given")
        && case.content_md5.as_ref() == Some(&case.body_md5)
        && case.content_type.as_deref() == Some("application/json")
        && case.date.as_ref().is_some_and(is_ours)
}

fn is_as_written(date: &RequestDate) -> bool {
    let seconds = u64::try_from(date.unix_seconds()).unwrap();
    RequestDate::from_unix_seconds(seconds).unwrap().as_str() == date.as_str()
}

// Rules S1, S2, S4, S5, S6, D1.
#[tokio::test]
async fn every_vector_that_this_client_could_send_is_sent_with_its_signature() {
    let mut sent = 0;
    for case in chats_requests().into_iter().filter(could_be_ours) {
        let server = RawServer::start([Reply::answer("200 OK", &[], b"")]).await;
        let date = RequestDate::parse(case.date.as_deref().unwrap()).unwrap();
        let now = u64::try_from(date.unix_seconds()).unwrap();
        let config = SandboxConfig {
            now: Some(now),
            ..SandboxConfig::default()
        };
        let environment = Arc::new(TestEnvironment::of(&Platform::new(config).unwrap()));
        let client = client_of(server.address, &case.secret, &environment);

        let method = RequestMethod::parse(&case.method).unwrap();
        let mut request =
            RawRequest::new(method, RequestPath::parse(&case.path).unwrap()).with_body(&case.body);
        if let Some((_, query)) = case.target.split_once('?') {
            request = request.with_query(RequestQuery::parse(query).unwrap());
        }
        let result: Result<_, ChatsError> = client.call(&request).await;
        assert!(result.is_ok(), "{}: {result:?}", case.name);

        let received = server.only();
        assert_eq!(received.target(), case.target, "{}", case.name);
        assert_eq!(
            received.header("Content-MD5"),
            case.body_md5,
            "{}",
            case.name
        );
        assert_eq!(
            Some(received.header("X-Signature")),
            case.received_signature.as_deref(),
            "{}",
            case.name
        );
        assert_eq!(received.body, case.body, "{}", case.name);
        sent += 1;
    }
    assert!(sent >= 5, "{sent} vectors");
}
