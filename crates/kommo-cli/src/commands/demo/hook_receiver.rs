//! A receiver of hooks on a loopback port: hands the query of each to the scenario.

use core::net::{Ipv4Addr, SocketAddr};

use axum::Router;
use axum::http::{StatusCode, Uri};
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

/// Receives until it is dropped.
pub(super) struct HookReceiver {
    address: SocketAddr,
    queries: mpsc::Receiver<String>,
    server: JoinHandle<()>,
}

impl HookReceiver {
    pub(super) async fn start() -> std::io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = listener.local_addr()?;
        let (sender, queries) = mpsc::channel(8);
        let app = Router::new().fallback(async move |uri: Uri| {
            let query = uri.query().unwrap_or_default().to_owned();
            match sender.try_send(query) {
                Ok(()) => StatusCode::OK,
                Err(_) => StatusCode::SERVICE_UNAVAILABLE,
            }
        });
        let server = tokio::spawn(async move {
            // It ends with the receiver; an earlier end cannot be reported.
            let _ = axum::serve(listener, app).await;
        });
        Ok(Self {
            address,
            queries,
            server,
        })
    }

    pub(super) fn url(&self) -> String {
        format!("http://{}/kommo/disconnect", self.address)
    }

    /// The query of a hook that was answered already.
    pub(super) fn take(&mut self) -> Option<String> {
        self.queries.try_recv().ok()
    }
}

impl Drop for HookReceiver {
    fn drop(&mut self) {
        self.server.abort();
    }
}
