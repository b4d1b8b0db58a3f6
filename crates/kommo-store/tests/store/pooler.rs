//! A pooler in transaction mode, as small as can be: it tells every client that it is connected,
//! and each transaction of each client goes over the one connection to the server. Only the simple
//! protocol; what comes before a refusal needs no more.

use std::path::PathBuf;

use alloc::sync::Arc;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream, UnixStream};
use tokio::sync::Mutex;

/// Bytes of a message's type and length.
const HEAD: usize = 5;
const READY: u8 = b'Z';
const TERMINATE: u8 = b'X';

pub(crate) struct Pooler {
    pub(crate) port: u16,
    task: tokio::task::JoinHandle<()>,
}

impl Pooler {
    /// Before the server at this socket, for one database.
    pub(crate) async fn start(socket: PathBuf, database: &str) -> Self {
        let mut server = UnixStream::connect(socket).await.unwrap();
        let greeting = greet(&mut server, database).await;
        let server = Arc::new(Mutex::new(server));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let task = tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                // A client that leaves is not a fault of the pooler.
                let serving = serve(client, Arc::clone(&server), greeting.clone());
                tokio::spawn(async move { serving.await.ok() });
            }
        });
        Self { port, task }
    }
}

impl Drop for Pooler {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Starts the session with the server. Returns the server's messages, which each client gets again.
async fn greet(server: &mut UnixStream, database: &str) -> Vec<u8> {
    let mut start = Vec::from(196_608_i32.to_be_bytes());
    for text in ["user", "kommo", "database", database, ""] {
        start.extend_from_slice(text.as_bytes());
        start.push(0);
    }
    let length = i32::try_from(start.len() + 4).unwrap();
    server.write_all(&length.to_be_bytes()).await.unwrap();
    server.write_all(&start).await.unwrap();
    until_ready(server).await.unwrap()
}

async fn read_message(from: &mut (impl tokio::io::AsyncRead + Unpin)) -> std::io::Result<Vec<u8>> {
    let mut message = vec![0; HEAD];
    from.read_exact(&mut message).await?;
    let length = u32::from_be_bytes(message[1..HEAD].try_into().unwrap());
    message.resize(1 + usize::try_from(length).unwrap(), 0);
    from.read_exact(&mut message[HEAD..]).await?;
    Ok(message)
}

async fn until_ready(server: &mut UnixStream) -> std::io::Result<Vec<u8>> {
    let mut all = Vec::new();
    loop {
        let message = read_message(server).await?;
        let is_ready = message[0] == READY;
        all.extend(message);
        if is_ready {
            return Ok(all);
        }
    }
}

async fn serve(
    mut client: TcpStream,
    server: Arc<Mutex<UnixStream>>,
    greeting: Vec<u8>,
) -> std::io::Result<()> {
    // The first message has no type. A question for TLS is answered with no.
    loop {
        let length = client.read_u32().await?;
        let mut start = vec![0; usize::try_from(length).unwrap() - 4];
        client.read_exact(&mut start).await?;
        if start.starts_with(&196_608_i32.to_be_bytes()) {
            break;
        }
        client.write_all(b"N").await?;
    }
    client.write_all(&greeting).await?;
    loop {
        let message = read_message(&mut client).await?;
        if message[0] == TERMINATE {
            return Ok(());
        }
        // One statement is one transaction here, so the server is free again after each.
        let mut server = server.lock().await;
        server.write_all(&message).await?;
        let answer = until_ready(&mut server).await?;
        client.write_all(&answer).await?;
    }
}
