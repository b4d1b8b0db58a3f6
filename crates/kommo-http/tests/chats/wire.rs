//! What stands on the wire, read by a bare TCP server.

use kommo_account::{ChatsHost, EndpointRole, Endpoints};
use kommo_http::{
    ChatsError, InvalidRequest, OutgoingRequest, RawRequest, RequestQuery, TransportBuilder,
    TransportError,
};
use kommo_sign::{
    CanonicalRequest, ChannelSecret, ChatsSigner, ContentMd5, ContentType, RequestDate,
    RequestMethod, RequestPath, Signature,
};

use crate::raw_server::{RawServer, Received, Reply};
use crate::scene::{CONNECTED, JSON, SECRET, connect, connect_request, raw_client, transport};
use crate::test_environment::START;

/// Checks a request by what was received alone.
#[track_caller]
pub(crate) fn assert_signed(received: &Received) {
    let date = RequestDate::parse(received.header("Date")).unwrap();
    let content_type = received.header("Content-Type").to_owned();
    let content_md5 = ContentMd5::of(&received.body);
    assert_eq!(received.header("Content-MD5"), content_md5.as_str());
    let method = received.request_line().split(' ').next().unwrap();
    let path = received.target().split('?').next().unwrap();
    let request = CanonicalRequest::new(
        RequestMethod::parse(method).unwrap(),
        RequestPath::parse(path).unwrap(),
    )
    .with_content_md5(content_md5)
    .with_content_type(ContentType::parse(&content_type).unwrap())
    .with_date(date);
    let signature = Signature::parse(received.header("X-Signature")).unwrap();
    let signer = ChatsSigner::new(&ChannelSecret::new(SECRET).unwrap());
    assert!(
        signer.verify_canonical(&request, &signature).is_ok(),
        "what was sent is not what was signed"
    );
}

// Rules S3, S6, S7, S9, D1, C1.
#[tokio::test]
async fn a_connect_is_sent_as_it_was_signed() {
    let server = RawServer::start([Reply::answer("200 OK", &[JSON], CONNECTED)]).await;
    let (client, _) = raw_client(server.address);
    connect(&client).await.unwrap();

    let received = server.only();
    assert_eq!(
        received.request_line(),
        "POST /v2/origin/custom/f90ba33d-c9d9-44da-b76c-c349b0ecbe41/connect HTTP/1.1",
    );
    assert_eq!(received.header("Date"), "Wed, 23 Nov 2022 19:25:21 +0000");
    assert_eq!(received.body, connect_request().to_body());
    assert_signed(&received);
}

// Rule S5.
#[tokio::test]
async fn every_header_stands_exactly_once_and_no_other_is_sent() {
    let server = RawServer::start([Reply::answer("200 OK", &[JSON], CONNECTED)]).await;
    let (client, _) = raw_client(server.address);
    connect(&client).await.unwrap();

    let received = server.only();
    let mut names: Vec<_> = received
        .head
        .lines()
        .skip(1)
        .map(|line| line.split(':').next().unwrap().to_ascii_lowercase())
        .collect();
    names.sort();
    let expected = [
        "accept",
        "accept-encoding",
        "content-length",
        "content-md5",
        "content-type",
        "date",
        "host",
        "user-agent",
        "x-signature",
    ];
    assert_eq!(names, expected);
    assert_eq!(received.header("Content-Type"), "application/json");
    assert_eq!(
        received.header("User-Agent"),
        concat!("kommo-http/", env!("CARGO_PKG_VERSION"))
    );
    // The sandbox plays the real host.
    assert_eq!(received.header("Host"), "amojo.kommo.com");
}

// Rules S4, S5, S6.
#[tokio::test]
async fn a_get_with_a_query_signs_the_path_alone_and_carries_a_content_type() {
    let server = RawServer::start([Reply::answer("204 No Content", &[], b"")]).await;
    let (client, _) = raw_client(server.address);
    let path = "/v2/origin/custom/scope/chats/chat/history";
    let request = RawRequest::new(RequestMethod::GET, RequestPath::parse(path).unwrap())
        .with_query(RequestQuery::parse("limit=50&offset=0").unwrap());
    assert_eq!(client.call(&request).await.unwrap().status(), 204);

    let received = server.only();
    assert_eq!(
        received.target(),
        "/v2/origin/custom/scope/chats/chat/history?limit=50&offset=0"
    );
    assert_eq!(
        received.header("Content-MD5"),
        "d41d8cd98f00b204e9800998ecf8427e"
    );
    assert_eq!(received.header("Content-Type"), "application/json");
    assert_eq!(received.header_values("Content-Length"), [] as [&str; 0]);
    assert_signed(&received);
}

// Rule C3.
#[tokio::test]
async fn a_delete_carries_its_body() {
    let server = RawServer::start([Reply::answer("200 OK", &[], b"")]).await;
    let (client, _) = raw_client(server.address);
    let request = kommo_chats::DisconnectRequest::new(*connect_request().account_id());
    client
        .disconnect(&crate::scene::channel(), &request)
        .await
        .unwrap();

    let received = server.only();
    assert!(received.request_line().starts_with("DELETE "));
    assert_eq!(received.body, request.to_body());
    assert_signed(&received);
}

// Rule T1.
#[tokio::test]
async fn a_redirect_is_not_followed() {
    let elsewhere = RawServer::start([Reply::answer("200 OK", &[JSON], CONNECTED)]).await;
    let location = format!("http://{}/v2/origin/custom/x/connect", elsewhere.address);
    for status in ["301 Moved", "302 Found", "307 Temporary", "308 Permanent"] {
        let date = httpdate_of(START + 7200);
        let headers = [("Location", location.as_str()), ("Date", date.as_str())];
        let server = RawServer::start([Reply::answer(status, &headers, b"")]).await;
        let (client, _) = raw_client(server.address);
        let error = connect(&client).await.unwrap_err();
        let number = status.split(' ').next().unwrap().parse().unwrap();
        assert_eq!(
            error,
            ChatsError::Redirected {
                status: number,
                attempts: 1
            }
        );
        assert_eq!(server.received().len(), 1);
        // Rule T3: and its clock is not believed.
        assert_eq!(client.clock_offset_seconds(), None);
    }
    assert_eq!(elsewhere.received().len(), 0);
}

fn httpdate_of(unix_seconds: u64) -> String {
    let date = RequestDate::from_unix_seconds(unix_seconds).unwrap();
    date.as_str().replace("+0000", "GMT")
}

// Rule S13.
#[tokio::test]
async fn what_cannot_be_sent_as_it_is_never_leaves() {
    let server = RawServer::start([Reply::cut()]).await;
    let (client, _) = raw_client(server.address);
    let path = RequestPath::parse("/v2/x").unwrap();
    for method in ["TRACE", "HEAD", "OPTIONS", "BREW"] {
        let request = RawRequest::new(RequestMethod::parse(method).unwrap(), path);
        let error = client.call(&request).await.unwrap_err();
        assert_eq!(error, ChatsError::InvalidRequest(InvalidRequest::Method));
        assert_eq!(error.attempts(), 0);
    }
    let long = format!("/{}", "x".repeat(70_000));
    let request = RawRequest::new(RequestMethod::GET, RequestPath::parse(&long).unwrap());
    let error = client.call(&request).await.unwrap_err();
    assert!(
        matches!(
            error,
            ChatsError::InvalidRequest(InvalidRequest::UrlTooLong { found: 70_001.. })
        ),
        "{error:?}"
    );
    assert_eq!(server.received().len(), 0);
}

#[tokio::test]
async fn the_transport_refuses_headers_that_are_not_the_callers() {
    let server = RawServer::start([Reply::cut()]).await;
    let target = Endpoints::loopback(server.address)
        .unwrap()
        .resolve(EndpointRole::Chats(ChatsHost::AmojoKommoCom));
    let request = || OutgoingRequest::new(RequestMethod::GET, RequestPath::parse("/x").unwrap());
    let refused = [
        request().with_header("Host", "evil.example"),
        request().with_header("Content-Length", "1"),
        request().with_header("Transfer-Encoding", "chunked"),
        request().with_header("X-A", "a\r\nX-B: b"),
        request().with_header("X A", "a"),
    ];
    for request in refused {
        let error = transport().send(&target, &request).await.unwrap_err();
        assert_eq!(
            error,
            TransportError::Invalid(InvalidRequest::Header { index: 0 })
        );
    }
    let twice = request().with_header("X-A", "a").with_header("x-a", "b");
    let error = transport().send(&target, &twice).await.unwrap_err();
    assert_eq!(
        error,
        TransportError::Invalid(InvalidRequest::Header { index: 1 })
    );
    assert_eq!(server.received().len(), 0);
}

#[tokio::test]
async fn a_transport_says_who_uses_it_on_a_line_of_its_own() {
    let server = RawServer::start([Reply::answer("200 OK", &[], b"")]).await;
    let target = Endpoints::loopback(server.address)
        .unwrap()
        .resolve(EndpointRole::Chats(ChatsHost::AmojoKommoCom));
    let transport = TransportBuilder::new()
        .user_agent_suffix("my-shop/1.4")
        .build()
        .unwrap();
    let request = OutgoingRequest::new(RequestMethod::GET, RequestPath::parse("/x").unwrap());
    transport.send(&target, &request).await.unwrap();
    let expected = concat!("kommo-http/", env!("CARGO_PKG_VERSION"), " my-shop/1.4");
    assert_eq!(server.only().header("User-Agent"), expected);

    for bad in ["a\nb".to_owned(), "é".to_owned(), "x".repeat(129)] {
        assert!(
            TransportBuilder::new()
                .user_agent_suffix(bad)
                .build()
                .is_err()
        );
    }
}

// Rule T1: no second request is hidden behind a pooled connection that went away.
#[tokio::test]
async fn a_kept_connection_that_was_closed_costs_no_second_request() {
    let kept = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n".to_vec();
    let server = RawServer::start([Reply::Bytes(kept)]).await;
    let (client, _) = raw_client(server.address);
    let request =
        RawRequest::new(RequestMethod::POST, RequestPath::parse("/v2/x").unwrap()).with_body(b"{}");
    // Each answer says the connection stays, and the server closes it. Whatever the client makes of
    // that, a call that counts one attempt has sent one request at most.
    let mut answered = 0;
    for _ in 0..20 {
        match client.call(&request).await {
            Ok(answer) => {
                assert_eq!(answer.attempts(), 1);
                answered += 1;
            }
            Err(ChatsError::Transport {
                error: TransportError::Cut(_),
                attempts: 1,
            }) => {}
            Err(error) => panic!("{error:?}"),
        }
    }
    assert!(answered > 0);
    assert_eq!(server.received().len(), answered);
}
