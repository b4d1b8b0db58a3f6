//! Starting, stopping, and what is left behind: nothing.

use core::error::Error;
use core::net::SocketAddr;
use core::time::Duration;

use kommo_sandbox::{
    Account, ConfigError, Fault, FaultKind, Platform, Sandbox, SandboxConfig, StartError,
};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use crate::naive_client::{Draft, NOW, config};
use crate::raw_socket::{addressed, exchange, wire};

#[tokio::test]
async fn a_sandbox_answers_over_its_socket() {
    let sandbox = Sandbox::builder().config(config()).start().await.unwrap();
    assert_eq!(sandbox.base_url(), format!("http://{}", sandbox.address()));
    assert!(
        sandbox
            .control_url()
            .starts_with(&format!("{}/_sandbox/", sandbox.base_url()))
    );
    assert_eq!(
        sandbox.dashboard_url(),
        format!("{}/dashboard", sandbox.control_url())
    );
    let connect = exchange(
        &sandbox,
        &addressed(&sandbox, Draft::connect().sign_at(NOW)),
    )
    .await
    .unwrap();
    assert!(connect.starts_with("HTTP/1.1 200 OK\r\n"), "{connect}");
    assert_eq!(
        connect
            .to_ascii_lowercase()
            .matches("\r\ndate: wed, 23 nov 2022 19:25:21 gmt\r\n")
            .count(),
        1
    );
    let disconnect = exchange(
        &sandbox,
        &addressed(&sandbox, Draft::disconnect().sign_at(NOW)),
    )
    .await
    .unwrap();
    assert!(
        disconnect.starts_with("HTTP/1.1 200 OK\r\n") && disconnect.ends_with("\r\n\r\n"),
        "{disconnect}"
    );
    assert_eq!(sandbox.counters().accepted, 2);
}

#[tokio::test]
async fn two_sandboxes_know_nothing_of_each_other() {
    let (one, two) = (
        Sandbox::start().await.unwrap(),
        Sandbox::start().await.unwrap(),
    );
    assert_ne!(one.address(), two.address());
    one.advance_seconds(60);
    one.inject(Fault::new(FaultKind::ServerError));
    exchange(&one, &addressed(&one, Draft::connect()))
        .await
        .unwrap();
    assert!(two.journal().is_empty() && two.faults().is_empty());
}

#[tokio::test]
async fn a_stopped_sandbox_frees_its_port() {
    let sandbox = Sandbox::start().await.unwrap();
    let address = sandbox.address();
    sandbox.stop().await;
    assert!(TcpStream::connect(address).await.is_err());
    let again = Sandbox::builder().listen(address).start().await.unwrap();
    assert_eq!(again.address(), address);
}

/// Less than the five seconds for which a gentle stop waits: who needs longer has waited for them.
const AT_ONCE: Duration = Duration::from_secs(4);

/// Gives the runtime turns until `done` says so; the limit only keeps a failing test from hanging.
async fn until<F: Future<Output = bool>>(mut done: impl FnMut() -> F) {
    let waiting = async {
        while !done().await {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(AT_ONCE, waiting).await.unwrap();
}

#[tokio::test]
async fn a_dropped_sandbox_frees_its_port_and_closes_its_connections() {
    let sandbox = Sandbox::builder().config(config()).start().await.unwrap();
    let address = sandbox.address();
    sandbox.inject(Fault::new(FaultKind::Slow).delay_ms(600_000));
    let mut waiting = TcpStream::connect(address).await.unwrap();
    waiting
        .write_all(&wire(&addressed(&sandbox, Draft::connect().sign_at(NOW))))
        .await
        .unwrap();
    until(|| async { sandbox.counters().requests == 1 }).await;
    let platform = sandbox.platform().clone();
    drop(sandbox);

    let mut rest = Vec::new();
    let closed = tokio::time::timeout(AT_ONCE, waiting.read_to_end(&mut rest))
        .await
        .unwrap();
    assert!(closed.is_err() || rest.is_empty());
    until(|| async { TcpListener::bind(address).await.is_ok() }).await;
    // The platform's clones are all that is left, and they still tell what was.
    assert_eq!(platform.counters().connects, 1);
}

#[tokio::test]
async fn stop_lets_an_answer_under_way_arrive() {
    let sandbox = Sandbox::builder().config(config()).start().await.unwrap();
    sandbox.inject(Fault::new(FaultKind::Slow).delay_ms(50).times(1));
    let draft = addressed(&sandbox, Draft::connect().sign_at(NOW));
    let mut stream = TcpStream::connect(sandbox.address()).await.unwrap();
    stream.write_all(&wire(&draft)).await.unwrap();
    until(|| async { sandbox.counters().requests == 1 }).await;
    sandbox.stop().await;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.unwrap();
    assert!(answer.starts_with(b"HTTP/1.1 200 OK\r\n"));
}

#[tokio::test]
async fn stop_does_not_wait_for_an_idle_connection() {
    let sandbox = Sandbox::start().await.unwrap();
    let mut idle = TcpStream::connect(sandbox.address()).await.unwrap();
    // One served request proves that the connection is in the server's hands.
    exchange(&sandbox, &addressed(&sandbox, Draft::new("GET", "/")))
        .await
        .unwrap();
    tokio::time::timeout(AT_ONCE, sandbox.stop()).await.unwrap();
    let mut nothing = Vec::new();
    let _ = idle.read_to_end(&mut nothing).await;
    assert!(nothing.is_empty());
}

#[tokio::test]
async fn an_address_that_others_could_reach_is_refused() {
    for address in ["0.0.0.0:0", "192.0.2.1:0", "[::]:0"] {
        let address: SocketAddr = address.parse().unwrap();
        let error = Sandbox::builder()
            .listen(address)
            .start()
            .await
            .unwrap_err();
        assert!(matches!(error, StartError::NotLoopback(refused) if refused == address));
        assert_eq!(
            error.to_string(),
            format!("a sandbox listens on loopback only, not on {address}")
        );
    }
}

#[tokio::test]
async fn a_port_that_is_taken_is_an_error_with_its_cause() {
    let taken = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = taken.local_addr().unwrap();
    let error = Sandbox::builder()
        .listen(address)
        .start()
        .await
        .unwrap_err();
    assert_eq!(error.to_string(), format!("cannot listen on {address}"));
    assert!(error.source().is_some());
}

#[tokio::test]
async fn a_body_over_the_limit_is_answered_over_the_socket() {
    let sandbox = Sandbox::builder().config(config()).start().await.unwrap();
    let draft = addressed(
        &sandbox,
        Draft::connect().body(vec![b' '; 3_000_000]).sign_at(NOW),
    );
    let answer = exchange(&sandbox, &draft).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 413 "), "{answer}");
}

#[tokio::test]
async fn garbage_on_the_socket_harms_nobody() {
    let sandbox = Sandbox::builder().config(config()).start().await.unwrap();
    for bytes in [
        &b"\0\0\0\0\r\n\r\n"[..],
        b"GET\r\n\r\n",
        b"GET / HTTP/1.1\r\nhost: a b\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01",
    ] {
        let mut stream = TcpStream::connect(sandbox.address()).await.unwrap();
        stream.write_all(bytes).await.unwrap();
        stream.shutdown().await.unwrap();
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer).await;
        let answer = String::from_utf8(answer).unwrap().to_ascii_lowercase();
        // What the HTTP library says on its own, it says without the wall clock's date.
        assert!(
            answer.is_empty() || answer.starts_with("http/1.1 4"),
            "{answer}"
        );
        let dates = answer.matches("date: ").count();
        assert_eq!(
            dates,
            answer.matches("date: wed, 23 nov 2022 ").count(),
            "{answer}"
        );
    }
    let answer = exchange(
        &sandbox,
        &addressed(&sandbox, Draft::connect().sign_at(NOW)),
    )
    .await
    .unwrap();
    assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
}

// Rules A1, N1, N3.
#[test]
fn a_wrong_configuration_is_named() {
    let uuid = "acc00000-0000-4000-8000-000000000003";
    let second = |account: Account| {
        vec![
            Account::new(1, "one.kommo.com", "acc00000-0000-4000-8000-000000000001"),
            account,
        ]
    };
    for (config, field) in [
        (
            SandboxConfig {
                channel_id: "my-channel".into(),
                ..config()
            },
            "channel_id is not a lower-case UUID",
        ),
        (
            SandboxConfig {
                client_id: uuid.to_uppercase(),
                ..config()
            },
            "client_id is not a lower-case UUID",
        ),
        (
            SandboxConfig {
                channel_secret: Some(String::new()),
                ..config()
            },
            "channel_secret is empty",
        ),
        (
            SandboxConfig {
                accounts: second(Account::new(0, "two.kommo.com", uuid)),
                ..config()
            },
            "accounts[1].id is zero",
        ),
        (
            SandboxConfig {
                accounts: second(Account::new(1, "two.kommo.com", uuid)),
                ..config()
            },
            "accounts[1].id repeats the value of another account",
        ),
        (
            SandboxConfig {
                accounts: second(Account::new(2, "one.kommo.com", uuid)),
                ..config()
            },
            "accounts[1].host repeats the value of another account",
        ),
        (
            SandboxConfig {
                accounts: second(Account::new(2, "two.example", uuid)),
                ..config()
            },
            "accounts[1].host is not one label under .kommo.com, .amocrm.ru or .amocrm.com",
        ),
        (
            SandboxConfig {
                accounts: second(Account::new(2, "two.kommo.com", "x")),
                ..config()
            },
            "accounts[1].amojo_id is not a lower-case UUID",
        ),
        (
            SandboxConfig {
                follow_wall_clock: true,
                ..config()
            },
            "now and follow_wall_clock exclude each other",
        ),
    ] {
        let Err(StartError::Config(error)) = Platform::new(config) else {
            panic!("{field}: accepted");
        };
        assert_eq!(error.to_string(), field);
    }
    assert_eq!(
        ConfigError::NowTooLate.to_string(),
        "now is after the year 9999"
    );
}

#[test]
fn a_configuration_file_is_read_and_its_unknown_fields_are_refused() {
    let config: SandboxConfig = serde_json::from_str(
        r#"{"channel_secret":"s","disconnect_answer":"no-content","private_channel":true,
            "accounts":[{"id":5,"host":"five.amocrm.com","amojo_id":"acc00000-0000-4000-8000-000000000005","listed":false,
            "users":[{"id":6,"name":"Manager"}]}]}"#,
    )
    .unwrap();
    assert_eq!(
        (
            config.accounts[0].id,
            config.accounts[0].users[0].amojo_id.as_deref()
        ),
        (5, None)
    );
    assert_eq!(config.future_limit_seconds, 900);
    for text in [
        r#"{"chanel_id":"x"}"#,
        r#"{"accounts":[{"id":1}]}"#,
        r#"{"disconnect_answer":"nothing"}"#,
    ] {
        assert!(
            serde_json::from_str::<SandboxConfig>(text).is_err(),
            "{text}"
        );
    }
}
