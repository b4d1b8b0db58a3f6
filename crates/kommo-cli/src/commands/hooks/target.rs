//! Where a sample goes: an address, and one request to it. No redirect is followed.

use alloc::sync::Arc;
use core::fmt;
use core::pin::pin;
use core::str::FromStr;
use core::time::Duration;
use std::io;

use axum::http::uri::Scheme;
use axum::http::{Method, Request, Uri, header};
use http_body_util::Full;
use hyper::body::Bytes;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use kommo_account::is_loopback_host;
use rustls::crypto::ring;
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, RootCertStore};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use crate::failure::error_code::ErrorCode;
use crate::failure::exit::Failure;

/// An `http` or `https` address, without user and password.
#[derive(Debug, Clone)]
pub(super) struct Address(Uri);

impl FromStr for Address {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        const WRONG: &str = "not an address like http://127.0.0.1:4405/chat/:scope_id";
        let uri: Uri = text.parse().map_err(|_| WRONG)?;
        let authority = uri.authority().ok_or(WRONG)?;
        if authority.as_str().contains('@') {
            return Err("an address of a hook has neither user nor password");
        }
        match uri.scheme() {
            Some(scheme) if *scheme == Scheme::HTTP || *scheme == Scheme::HTTPS => Ok(Self(uri)),
            _ => Err(WRONG),
        }
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// What is sent.
#[derive(Debug)]
pub(super) struct Sending {
    pub(super) method: Method,
    /// Path and query.
    pub(super) target: String,
    pub(super) headers: Vec<(&'static str, String)>,
    pub(super) body: Vec<u8>,
    pub(super) limit: Duration,
}

impl Address {
    /// Refuses another machine unless it was asked for.
    pub(super) fn check(&self, allow_remote: bool) -> Result<(), Failure> {
        if allow_remote || is_loopback_host(self.host()) {
            return Ok(());
        }
        let host = self.host();
        Err(Failure::usage(format!("{host} is not this machine")).hint(
            "a sample goes to a loopback address; --allow-remote sends it to another machine",
        ))
    }

    fn host(&self) -> &str {
        self.0.host().unwrap_or_default()
    }

    /// Path and query.
    pub(super) fn target(&self) -> &str {
        self.0
            .path_and_query()
            .map_or("/", |target| target.as_str())
    }

    /// Scheme and host, without a port: what tokens call the receiver.
    pub(super) fn audience(&self) -> String {
        let scheme = self.0.scheme_str().unwrap_or_default();
        format!("{scheme}://{}", self.host())
    }

    /// Sends once; the status of the answer.
    pub(super) async fn send(&self, sending: Sending) -> Result<u16, Failure> {
        let limit = sending.limit;
        let sent = timeout(limit, self.send_once(sending)).await;
        let sent = sent.map_err(|_| {
            let seconds = limit.as_secs();
            let message = format!("no answer came within {seconds} s, the platform's own limit");
            Failure::new(ErrorCode::Unreachable, message)
        })?;
        sent.map_err(|error| {
            let message = format!("no answer from {}: {error}", self.place());
            let failure = Failure::new(ErrorCode::Unreachable, message);
            match error.kind() {
                io::ErrorKind::ConnectionRefused => {
                    failure.hint("nothing listens there: is `kommo hooks listen` running?")
                }
                _ => failure,
            }
        })
    }

    fn is_https(&self) -> bool {
        self.0.scheme() == Some(&Scheme::HTTPS)
    }

    fn port(&self) -> u16 {
        let own = if self.is_https() { 443 } else { 80 };
        self.0.port_u16().unwrap_or(own)
    }

    /// Host and port.
    fn place(&self) -> String {
        format!("{}:{}", self.host(), self.port())
    }

    async fn send_once(&self, sending: Sending) -> io::Result<u16> {
        // Names under `.localhost` are this machine, whatever a name server says.
        let host = match self.host().to_ascii_lowercase().ends_with(".localhost") {
            true => "localhost",
            false => self.host().trim_matches(['[', ']']),
        };
        let stream = TcpStream::connect((host, self.port())).await?;
        match self.is_https() {
            true => {
                let stream = encrypted(self.host().trim_matches(['[', ']']), stream).await?;
                self.exchange(stream, sending).await
            }
            false => self.exchange(stream, sending).await,
        }
    }

    async fn exchange(
        &self,
        stream: impl AsyncRead + AsyncWrite + Unpin,
        sending: Sending,
    ) -> io::Result<u16> {
        let (mut sender, connection) = http1::handshake(TokioIo::new(stream))
            .await
            .map_err(io::Error::other)?;
        let mut request = Request::builder()
            .method(sending.method)
            .uri(sending.target)
            .header(
                header::HOST,
                self.0.authority().map_or("", |host| host.as_str()),
            );
        for (name, value) in sending.headers {
            request = request.header(name, value);
        }
        let body = Full::new(Bytes::from(sending.body));
        let request = request.body(body).map_err(io::Error::other)?;
        let mut connection = pin!(connection);
        let mut answer = pin!(sender.send_request(request));
        let answer = tokio::select! {
            answer = answer.as_mut() => answer,
            // The connection may end with the very bytes that complete the answer.
            _ = connection.as_mut() => answer.await,
        };
        Ok(answer.map_err(io::Error::other)?.status().as_u16())
    }
}

/// TLS, with the roots of this machine (`SSL_CERT_FILE` is respected). Certificate and name are
/// checked.
async fn encrypted(host: &str, stream: TcpStream) -> io::Result<TlsStream<TcpStream>> {
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(io::Error::other)?
        .with_root_certificates(roots)
        .with_no_client_auth();
    let name = ServerName::try_from(host.to_owned()).map_err(io::Error::other)?;
    let connector = TlsConnector::from(Arc::new(config));
    connector.connect(name, stream).await
}
