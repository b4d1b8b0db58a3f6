//! The socket: accepts connections and leaves nothing behind when it ends.
//!
//! Connections that `axum::serve` accepted outlive its task, and it writes dates of its own; so
//! this is a loop of its own. Every connection is a task of one set, and the set dies with the
//! loop.

use core::pin::pin;
use core::time::Duration;

use axum::Router;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;

/// How long a graceful stop waits for answers that are under way.
const GRACE: Duration = Duration::from_secs(5);

/// How long to wait when the system cannot give another connection, for example for want of file
/// descriptors.
const ACCEPT_PAUSE: Duration = Duration::from_millis(20);

/// How long a client may take to agree on TLS.
const HANDSHAKE_LIMIT: Duration = Duration::from_secs(10);

/// How long the head of a request may take, and how long a connection may be idle before it. A
/// choice: what common web servers allow, so that a client which keeps connections notices nothing.
pub(crate) const HEAD_LIMIT: Duration = Duration::from_secs(60);

/// Serves until `stop` changes or its sender is gone; then lets answers under way finish, within
/// limits.
pub(crate) async fn serve(
    listener: TcpListener,
    tls: Option<TlsAcceptor>,
    router: Router,
    head_limit: Duration,
    mut stop: watch::Receiver<()>,
) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            _ = stop.changed() => break,
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => {
                    let (tls, router) = (tls.clone(), router.clone());
                    connections.spawn(accept(stream, tls, router, head_limit, stop.clone()));
                }
                Err(_) => tokio::time::sleep(ACCEPT_PAUSE).await,
            },
            Some(_) = connections.join_next() => {}
        }
    }
    drop(listener);
    let all_ended = async { while connections.join_next().await.is_some() {} };
    // What does not end in time is aborted with the set.
    let _ = tokio::time::timeout(GRACE, all_ended).await;
}

/// A handshake that fails or takes too long is the peer's affair: it does not know the authority,
/// or wants a host that is not the platform's.
async fn accept(
    stream: TcpStream,
    tls: Option<TlsAcceptor>,
    router: Router,
    head_limit: Duration,
    stop: watch::Receiver<()>,
) {
    // Answers are small and complete: waiting to join them with later bytes only slows a client
    // down.
    let _ = stream.set_nodelay(true);
    let Some(tls) = tls else {
        return serve_connection(stream, router, head_limit, stop).await;
    };
    if let Ok(Ok(stream)) = tokio::time::timeout(HANDSHAKE_LIMIT, tls.accept(stream)).await {
        serve_connection(stream, router, head_limit, stop).await;
    }
}

async fn serve_connection(
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    router: Router,
    head_limit: Duration,
    mut stop: watch::Receiver<()>,
) {
    let connection = http1::Builder::new()
        // The only `Date` is the virtual clock's; it stands in every answer of the router.
        .auto_date_header(false)
        .timer(TokioTimer::new())
        .header_read_timeout(head_limit)
        .serve_connection(TokioIo::new(stream), TowerToHyperService::new(router));
    let mut connection = pin!(connection);
    // A connection that fails is the peer's affair, or a cut on order.
    tokio::select! {
        _ = connection.as_mut() => return,
        _ = stop.changed() => {}
    }
    connection.as_mut().graceful_shutdown();
    let _ = connection.await;
}

#[cfg(test)]
mod tests {
    use core::time::Duration;

    use axum::Router;
    use axum::routing::get;
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::net::{TcpListener, TcpStream};
    use tokio::sync::watch;

    use super::serve;

    #[tokio::test]
    async fn a_head_that_is_never_finished_ends_its_connection_alone() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let router = Router::new().route("/", get(|| async { "here" }));
        let (_stop, stopped) = watch::channel(());
        let limit = Duration::from_millis(50);
        tokio::spawn(serve(listener, None, router, limit, stopped));
        let mut half = TcpStream::connect(address).await.unwrap();
        half.write_all(b"GET / HTTP/1.1\r\nhost: x\r\n")
            .await
            .unwrap();
        // It ends, without a word of the half request.
        let mut answer = String::new();
        half.read_to_string(&mut answer).await.unwrap();
        assert!(!answer.contains("here"), "{answer}");
        let mut whole = TcpStream::connect(address).await.unwrap();
        let request = b"GET / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n";
        whole.write_all(request).await.unwrap();
        whole.read_to_string(&mut answer).await.unwrap();
        assert!(answer.ends_with("here"), "{answer}");
    }
}
