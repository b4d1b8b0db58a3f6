//! A way to a server that can fall silent: connections stay open, and nothing goes over them any
//! more.

use alloc::sync::Arc;
use core::sync::atomic::{AtomicU64, Ordering};
use std::path::PathBuf;

use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::{TcpListener, UnixStream};
use tokio::sync::watch;

pub(crate) struct Silence {
    pub(crate) port: u16,
    /// Connections with a lower number are silent.
    silent_below: watch::Sender<u64>,
    accepted: Arc<AtomicU64>,
    task: tokio::task::JoinHandle<()>,
}

impl Silence {
    /// Before the server at this socket.
    pub(crate) async fn before(socket: PathBuf) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let (silent_below, listening) = watch::channel(0);
        let accepted = Arc::new(AtomicU64::new(0));
        let counted = Arc::clone(&accepted);
        let task = tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let number = counted.fetch_add(1, Ordering::SeqCst);
                let server = UnixStream::connect(&socket).await.unwrap();
                let (from_client, to_client) = client.into_split();
                let (from_server, to_server) = server.into_split();
                tokio::spawn(pass_on(from_client, to_server, number, listening.clone()));
                tokio::spawn(pass_on(from_server, to_client, number, listening.clone()));
            }
        });
        Self {
            port,
            silent_below,
            accepted,
            task,
        }
    }

    /// All connections, those to come too.
    pub(crate) fn set(&self, is_silent: bool) {
        let below = if is_silent { u64::MAX } else { 0 };
        self.silent_below.send_replace(below);
    }

    /// The connections that are open now, and no others.
    pub(crate) fn silence_open_ones(&self) {
        let accepted = self.accepted.load(Ordering::SeqCst);
        self.silent_below.send_replace(accepted);
    }
}

impl Drop for Silence {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn pass_on(
    mut from: impl AsyncRead + Unpin,
    mut to: impl AsyncWrite + Unpin,
    number: u64,
    mut silent_below: watch::Receiver<u64>,
) {
    let mut bytes = [0; 4_096];
    while let Ok(length) = from.read(&mut bytes).await {
        let is_heard = silent_below
            .wait_for(|below| number >= *below)
            .await
            .is_ok();
        if length == 0 || !is_heard || to.write_all(&bytes[..length]).await.is_err() {
            return;
        }
    }
}
