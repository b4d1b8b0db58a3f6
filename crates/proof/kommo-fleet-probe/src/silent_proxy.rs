//! A TCP proxy that can go silent: its connections stay open, and no byte passes until it forwards
//! again.

use core::net::{Ipv4Addr, SocketAddr};

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::{JoinHandle, JoinSet};

use crate::failure::{Result, failure};

/// Passes everything on until it is silent. Ends with this value.
pub(crate) struct SilentProxy {
    address: SocketAddr,
    silent: watch::Sender<bool>,
    serving: JoinHandle<()>,
}

impl SilentProxy {
    /// Listens on a free port of 127.0.0.1.
    pub(crate) async fn to(target: SocketAddr) -> Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = listener.local_addr()?;
        let (silent, is_silent) = watch::channel(false);
        let serving = tokio::spawn(serve(listener, target, is_silent));
        Ok(Self {
            address,
            silent,
            serving,
        })
    }

    /// The URL of the same database, by way of the proxy.
    pub(crate) fn url_through(&self, url: &str) -> Result<String> {
        let (front, rest) = url.split_once('@').ok_or_else(no_authority)?;
        let (_, database) = rest.split_once('/').ok_or_else(no_authority)?;
        Ok(format!("{front}@{}/{database}", self.address))
    }

    pub(crate) fn be_silent(&self, silent: bool) {
        self.silent.send_replace(silent);
    }
}

impl Drop for SilentProxy {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

/// Host and port of a database URL of this machine.
pub(crate) fn address_of(url: &str) -> Result<SocketAddr> {
    let (_, rest) = url.split_once('@').ok_or_else(no_authority)?;
    let (address, _) = rest.split_once('/').ok_or_else(no_authority)?;
    Ok(address.parse()?)
}

fn no_authority() -> crate::failure::Failure {
    failure("a database URL of a drive is postgres://USER@ADDRESS:PORT/NAME")
}

async fn serve(listener: TcpListener, target: SocketAddr, silent: watch::Receiver<bool>) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => {
                if let Ok((client, _)) = accepted {
                    connections.spawn(pass(client, target, silent.clone()));
                }
            }
            Some(_) = connections.join_next() => {}
        }
    }
}

async fn pass(client: TcpStream, target: SocketAddr, silent: watch::Receiver<bool>) {
    let Ok(server) = TcpStream::connect(target).await else {
        return;
    };
    let (from_client, to_client) = client.into_split();
    let (from_server, to_server) = server.into_split();
    tokio::join!(
        one_way(from_client, to_server, silent.clone()),
        one_way(from_server, to_client, silent),
    );
}

/// Until either side closes; then it closes the other side too.
async fn one_way(
    mut from: impl AsyncRead + Unpin,
    mut to: impl AsyncWrite + Unpin,
    mut silent: watch::Receiver<bool>,
) {
    let mut buffer = vec![0; 16 * 1024];
    while let Ok(length @ 1..) = from.read(&mut buffer).await {
        if silent.wait_for(|silent| !silent).await.is_err() {
            return;
        }
        let Some(bytes) = buffer.get(..length) else {
            return;
        };
        if to.write_all(bytes).await.is_err() {
            return;
        }
    }
    let _ = to.shutdown().await;
}
