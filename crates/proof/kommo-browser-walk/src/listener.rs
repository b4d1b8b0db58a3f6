//! Serves a router on a free loopback port, with TLS or without, until the runtime ends.

use core::net::Ipv4Addr;

use axum::Router;
use hyper::server::conn::http1;
use hyper_util::rt::TokioIo;
use hyper_util::service::TowerToHyperService;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

/// A port that is ours before anything is served there: the sandbox and the application must know
/// each other's.
pub(crate) async fn bind() -> (TcpListener, u16) {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
        .await
        .expect("a free port");
    let port = listener.local_addr().expect("a bound socket").port();
    (listener, port)
}

/// Serves from now on. Handshakes run side by side: browsers open connections that they never use.
pub(crate) fn serve(listener: TcpListener, tls: Option<TlsAcceptor>, router: Router) {
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let (tls, router) = (tls.clone(), router.clone());
            tokio::spawn(async move {
                match tls {
                    None => serve_connection(stream, router).await,
                    Some(tls) => {
                        if let Ok(stream) = tls.accept(stream).await {
                            serve_connection(stream, router).await;
                        }
                    }
                }
            });
        }
    });
}

async fn serve_connection(stream: impl AsyncRead + AsyncWrite + Unpin, router: Router) {
    let service = TowerToHyperService::new(router);
    // A browser that hangs up in the middle is no failure of ours.
    let _ = http1::Builder::new()
        .serve_connection(TokioIo::new(stream), service)
        .await;
}
