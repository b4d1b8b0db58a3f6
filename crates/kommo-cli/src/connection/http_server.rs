//! Serves HTTP until it is asked to end, and leaves nothing behind then.
//!
//! Connections that `axum::serve` accepted outlive it, and wait for the head of a request for ever.
//! Here each connection is a task of one set, which ends with the server, and a head has a limit.

use core::pin::pin;
use core::time::Duration;

use axum::Router;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;

/// How long the head of a request may take, and how long a connection may be idle before it.
const HEAD_WITHIN: Duration = Duration::from_secs(5);

/// How long to wait when the system has no other connection, such as for want of file descriptors.
const ACCEPT_PAUSE: Duration = Duration::from_millis(20);

/// Serves until `stop` ends. Then no connection is taken, and answers that are under way have this
/// long to end. Dropping the future ends every connection.
pub(crate) async fn serve(
    listener: TcpListener,
    router: Router,
    stop: impl Future<Output = ()>,
    drained_within: Duration,
) {
    let (end, ended) = watch::channel(());
    let mut connections = JoinSet::new();
    let mut stop = pin!(stop);
    loop {
        tokio::select! {
            () = &mut stop => break,
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => {
                    connections.spawn(serve_connection(stream, router.clone(), ended.clone()));
                }
                Err(_) => tokio::time::sleep(ACCEPT_PAUSE).await,
            },
            Some(_) = connections.join_next() => {}
        }
    }
    drop((listener, end));
    let all_ended = async { while connections.join_next().await.is_some() {} };
    // What does not end in time is aborted with the set.
    let _ = tokio::time::timeout(drained_within, all_ended).await;
}

async fn serve_connection(stream: TcpStream, router: Router, mut ended: watch::Receiver<()>) {
    let _ = stream.set_nodelay(true);
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_WITHIN)
        .serve_connection(TokioIo::new(stream), TowerToHyperService::new(router));
    let mut connection = pin!(connection);
    // A connection that fails is the peer's affair.
    tokio::select! {
        _ = connection.as_mut() => return,
        _ = ended.changed() => {}
    }
    connection.as_mut().graceful_shutdown();
    let _ = connection.await;
}
