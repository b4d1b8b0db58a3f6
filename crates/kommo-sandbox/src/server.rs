//! The socket: accepts connections and leaves nothing behind when it ends.
//!
//! Connections that `axum::serve` accepted outlive its task, and it writes dates of its own; so
//! this is a loop of its own. Every connection is a task of one set, and the set dies with the
//! loop.

use core::pin::pin;
use core::time::Duration;

use axum::Router;
use hyper::server::conn::http1;
use hyper_util::rt::TokioIo;
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

/// Serves until `stop` changes or its sender is gone; then lets answers under way finish, within
/// limits.
pub(crate) async fn serve(
    listener: TcpListener,
    tls: Option<TlsAcceptor>,
    router: Router,
    mut stop: watch::Receiver<()>,
) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            _ = stop.changed() => break,
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => {
                    connections.spawn(accept(stream, tls.clone(), router.clone(), stop.clone()));
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
    stop: watch::Receiver<()>,
) {
    // Answers are small and complete: waiting to join them with later bytes only slows a client
    // down.
    let _ = stream.set_nodelay(true);
    let Some(tls) = tls else {
        return serve_connection(stream, router, stop).await;
    };
    if let Ok(Ok(stream)) = tokio::time::timeout(HANDSHAKE_LIMIT, tls.accept(stream)).await {
        serve_connection(stream, router, stop).await;
    }
}

async fn serve_connection(
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    router: Router,
    mut stop: watch::Receiver<()>,
) {
    let connection = http1::Builder::new()
        // The only `Date` is the virtual clock's; it stands in every answer of the router.
        .auto_date_header(false)
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
