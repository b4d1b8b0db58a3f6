//! Bytes over a real socket: what a client sees when a connection is cut.

use std::io;

use kommo_sandbox::Sandbox;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::naive_client::Draft;

/// The bytes of a request, with `Connection: close`.
pub(crate) fn wire(draft: &Draft) -> Vec<u8> {
    let mut head = format!("{} {} HTTP/1.1\r\n", draft.method, draft.target);
    for (name, value) in &draft.headers {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    head.push_str(&format!(
        "content-length: {}\r\nconnection: close\r\n\r\n",
        draft.body.len()
    ));
    [head.into_bytes(), draft.body.clone()].concat()
}

/// Sends the draft and reads until the other side closes; all that came, as text.
pub(crate) async fn exchange(sandbox: &Sandbox, draft: &Draft) -> io::Result<String> {
    let mut stream = TcpStream::connect(sandbox.address()).await?;
    stream.write_all(&wire(draft)).await?;
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes).await?;
    Ok(String::from_utf8(bytes).unwrap())
}

/// A draft for the socket of this sandbox.
pub(crate) fn addressed(sandbox: &Sandbox, draft: Draft) -> Draft {
    draft.header("host", sandbox.address().to_string())
}
