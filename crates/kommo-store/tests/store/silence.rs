//! A way to a server that can fall silent: connections stay open, and nothing goes over them any more.

use std::path::PathBuf;

use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::{TcpListener, UnixStream};
use tokio::sync::watch;

pub(crate) struct Silence {
    pub(crate) port: u16,
    is_silent: watch::Sender<bool>,
    task: tokio::task::JoinHandle<()>,
}

impl Silence {
    /// Before the server at this socket.
    pub(crate) async fn before(socket: PathBuf) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let (is_silent, listening) = watch::channel(false);
        let task = tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let server = UnixStream::connect(&socket).await.unwrap();
                let (from_client, to_client) = client.into_split();
                let (from_server, to_server) = server.into_split();
                tokio::spawn(pass_on(from_client, to_server, listening.clone()));
                tokio::spawn(pass_on(from_server, to_client, listening.clone()));
            }
        });
        Self {
            port,
            is_silent,
            task,
        }
    }

    pub(crate) fn set(&self, is_silent: bool) {
        self.is_silent.send_replace(is_silent);
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
    mut is_silent: watch::Receiver<bool>,
) {
    let mut bytes = [0; 4_096];
    while let Ok(length) = from.read(&mut bytes).await {
        let is_heard = is_silent.wait_for(|is_silent| !is_silent).await.is_ok();
        if length == 0 || !is_heard || to.write_all(&bytes[..length]).await.is_err() {
            return;
        }
    }
}
