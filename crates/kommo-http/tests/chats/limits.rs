//! Time and size: how long an answer may take, how long it may be.

use std::num::NonZeroU32;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use kommo_account::{ChatsHost, Endpoints};
use kommo_http::{
    ChatsClient, ChatsError, Pace, Pause, RawRequest, SigningClock, TransportBuilder,
    TransportError,
};
use kommo_sign::{ChannelSecret, RequestMethod, RequestPath};

use crate::raw_server::{RawServer, Reply};
use crate::scene::{SECRET, connect, impatient_client, raw_client};

/// A client whose answers may have ten bytes.
fn narrow_client(server: &RawServer) -> ChatsClient {
    let transport = TransportBuilder::new().max_body_bytes(10).build().unwrap();
    let endpoints = Endpoints::loopback(server.address).unwrap();
    ChatsClient::new(
        transport,
        endpoints,
        ChatsHost::AmojoKommoCom,
        &ChannelSecret::new(SECRET).unwrap(),
    )
}

fn request() -> RawRequest<'static> {
    RawRequest::new(RequestMethod::GET, RequestPath::parse("/v2/x").unwrap())
}

#[tokio::test]
async fn a_body_of_the_limit_is_read_and_one_byte_more_is_not() {
    let server = RawServer::start([Reply::answer("200 OK", &[], b"0123456789")]).await;
    assert_eq!(
        narrow_client(&server)
            .call(&request())
            .await
            .unwrap()
            .value()
            .body(),
        b"0123456789"
    );

    for status in [200, 500] {
        let server =
            RawServer::start([Reply::answer(&format!("{status} X"), &[], b"0123456789a")]).await;
        let error = narrow_client(&server).call(&request()).await.unwrap_err();
        let expected = TransportError::BodyTooLarge {
            status,
            limit_bytes: 10,
        };
        assert_eq!(
            error,
            ChatsError::Transport {
                error: expected,
                attempts: 1
            }
        );
        assert_eq!(error.status(), Some(status));
    }
}

#[tokio::test]
async fn a_body_without_a_length_is_cut_at_the_limit_too() {
    // 2 MiB in chunks, against the default of 1 MiB.
    let mut bytes = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n".to_vec();
    for _ in 0..32 {
        bytes.extend_from_slice(b"10000\r\n");
        bytes.resize(bytes.len() + 65_536, b'x');
        bytes.extend_from_slice(b"\r\n");
    }
    let server = RawServer::start([Reply::Bytes(bytes)]).await;
    let (client, _) = raw_client(server.address);
    let error = connect(&client).await.unwrap_err();
    let expected = TransportError::BodyTooLarge {
        status: 200,
        limit_bytes: 1_048_576,
    };
    assert_eq!(
        error,
        ChatsError::Transport {
            error: expected,
            attempts: 1
        }
    );
}

#[tokio::test]
async fn silence_is_a_timeout_before_and_within_an_answer() {
    let half = b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{";
    for said in [&b""[..], half] {
        let server = RawServer::start([Reply::Silence(said.to_vec())]).await;
        let (client, _) = impatient_client(server.address);
        let error = client.call(&request()).await.unwrap_err();
        assert!(
            matches!(
                error,
                ChatsError::Transport {
                    error: TransportError::Timeout(_),
                    attempts: 1
                }
            ),
            "{error:?}"
        );
        let text = error.to_string();
        assert_eq!(text, "no whole answer in time (attempts: 1)");
    }
}

#[tokio::test]
async fn half_an_answer_is_a_cut() {
    let half = b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{";
    let server = RawServer::start([Reply::Bytes(half.to_vec())]).await;
    let (client, _) = raw_client(server.address);
    let error = client.call(&request()).await.unwrap_err();
    assert!(
        matches!(
            error,
            ChatsError::Transport {
                error: TransportError::Cut(_),
                attempts: 1
            }
        ),
        "{error:?}"
    );
}

#[tokio::test]
async fn what_is_no_http_is_a_cut() {
    for bytes in [
        &b"SSH-2.0-OpenSSH_9.2\r\n"[..],
        b"HTTP/1.1 abc\r\n\r\n",
        b"\x00\x01\x02",
        b"HTTP/1.1 200 OK\r\nA: ",
    ] {
        let server = RawServer::start([Reply::Bytes(bytes.to_vec())]).await;
        let (client, _) = raw_client(server.address);
        let error = client.call(&request()).await.unwrap_err();
        assert!(
            matches!(
                error,
                ChatsError::Transport {
                    error: TransportError::Cut(_),
                    ..
                }
            ),
            "{error:?}"
        );
    }
}

#[tokio::test]
async fn the_total_limit_holds_for_each_attempt_alone() {
    let server = RawServer::start([Reply::silence()]).await;
    let (client, environment) = impatient_client(server.address);
    let error = connect(&client).await.unwrap_err();
    assert!(
        matches!(
            error,
            ChatsError::Transport {
                error: TransportError::Timeout(_),
                attempts: 3
            }
        ),
        "{error:?}"
    );
    assert_eq!(environment.pauses().len(), 2);
}

// Rule L4. The platform counts by address, so clients of two channels share a pace.
#[tokio::test]
async fn requests_are_spaced_and_clients_share_a_pace() {
    let server = RawServer::start([Reply::answer("200 OK", &[], b"{}")]).await;
    let clock = Arc::new(Spaced::default());
    let client = |pace: &Pace| {
        ChatsClient::new(
            TransportBuilder::new().build().unwrap(),
            Endpoints::loopback(server.address).unwrap(),
            ChatsHost::AmojoKommoCom,
            &ChannelSecret::new(SECRET).unwrap(),
        )
        .with_clock(Arc::<Spaced>::clone(&clock))
        .with_pace(pace.clone())
    };
    let four = Pace::per_second(NonZeroU32::new(4).unwrap());
    for client in [client(&four), client(&four), client(&Pace::unlimited())] {
        client.call(&request()).await.unwrap();
        client.call(&request()).await.unwrap();
    }
    let quarter = Duration::from_millis(250);
    assert_eq!(*clock.pauses.lock().unwrap(), [quarter; 3]);
}

/// Stands still, but for its pauses.
#[derive(Default)]
struct Spaced {
    pauses: Mutex<Vec<Duration>>,
}

impl SigningClock for Spaced {
    fn unix_seconds(&self) -> u64 {
        1_669_231_521
    }

    fn pause(&self, length: Duration) -> Pause<'_> {
        self.pauses.lock().unwrap().push(length);
        Box::pin(std::future::ready(()))
    }

    fn random_up_to(&self, longest: Duration) -> Duration {
        longest
    }

    fn monotonic(&self) -> Duration {
        self.pauses.lock().unwrap().iter().sum()
    }
}
