//! The control API of a running sandbox on this machine.

use alloc::sync::Arc;
use core::net::SocketAddr;
use core::pin::pin;
use core::time::Duration;
use std::io;
use std::path::{Path, PathBuf};

use axum::http::{Request, header};
use http_body_util::{BodyExt, Empty, Limited};
use hyper::body::Bytes;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use kommo_account::{Endpoints, Realm};
use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use serde_json::Value;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;

use crate::connection::sandbox_registry;
use crate::failure::error_code::ErrorCode;
use crate::failure::exit::Failure;
use crate::input::bounded;

/// Below it and its token is the control API.
const BELOW: &str = "/_sandbox/";

/// How long an answer may take.
const ANSWERED_WITHIN: Duration = Duration::from_secs(10);

/// The longest answer: a journal entry with a request of 1 MiB and its answer.
const ANSWER_BYTES: usize = 16 << 20;

/// The longest file with a certificate.
const CERTIFICATE_BYTES: usize = 1 << 20;

/// A running sandbox, known by its control address.
#[derive(Debug)]
pub(crate) struct SandboxControl {
    address: SocketAddr,
    /// Up to the token.
    path: String,
    base_url: String,
    is_https: bool,
    authority: Option<PathBuf>,
}

impl SandboxControl {
    /// The sandbox at this address: as `kommo sandbox` printed it (then the entry of this user's
    /// running sandboxes names the control address), or the address of its control API or its
    /// dashboard. It must be loopback: nothing is sent before this was checked.
    pub(crate) fn of(url: &str, authority: Option<PathBuf>) -> Result<Self, Failure> {
        let (origin, token) = match url.split_once(BELOW) {
            Some((origin, below)) => (origin, below.split('/').next()),
            None => (url, None),
        };
        let endpoints = Endpoints::loopback_url(origin).map_err(|error| {
            Failure::usage(error).hint("a sandbox is on this machine: http://127.0.0.1:PORT")
        })?;
        let Realm::Sandbox(address) = endpoints.realm() else {
            return Err(Failure::usage("this is not the address of a sandbox"));
        };
        let is_https = origin.starts_with("https://");
        let scheme = if is_https { "https" } else { "http" };
        let here = |path: String, authority| Self {
            address,
            path,
            base_url: format!("{scheme}://{address}"),
            is_https,
            authority,
        };
        if let Some(token) = token {
            return Ok(here(format!("{BELOW}{token}"), authority));
        }
        let found = sandbox_registry::find(address).ok_or_else(|| {
            let message = format!("no sandbox of this user is known at {address}");
            Failure::new(ErrorCode::NotFound, message).hint(
                "start `kommo sandbox` there; for one of another user or program give its \
                 control_url or dashboard_url instead",
            )
        })?;
        let path = found.control_url.split_once(BELOW);
        let path = path.map_or_else(String::new, |(_, token)| format!("{BELOW}{token}"));
        Ok(here(path, authority.or(found.ca_file)))
    }

    /// Where its platform is.
    pub(crate) fn base_url(&self) -> &str {
        &self.base_url
    }

    /// The certificate of a sandbox with TLS.
    pub(crate) fn authority(&self) -> Option<&Path> {
        self.authority.as_deref().filter(|_| self.is_https)
    }

    /// Asks for one thing. `None`: there is no such thing.
    pub(crate) async fn get(&self, call: &str) -> Result<Option<Value>, Failure> {
        let asked = timeout(ANSWERED_WITHIN, self.ask(call)).await;
        let failed = |what: String| {
            let message = format!("no answer of the sandbox at {}: {what}", self.base_url);
            Failure::new(ErrorCode::Unreachable, message).hint("is `kommo sandbox` running there?")
        };
        let (status, body) = asked
            .map_err(|_| failed(format!("none within {} s", ANSWERED_WITHIN.as_secs())))?
            .map_err(|error| failed(error.to_string()))?;
        match status {
            404 => Ok(None),
            200 => serde_json::from_slice(&body)
                .map(Some)
                .map_err(|_| self.foreign()),
            _ => Err(self.foreign()),
        }
    }

    /// Something else listens there, or another sandbox than the one that was meant.
    pub(crate) fn foreign(&self) -> Failure {
        let message = format!("what listens at {} is not that sandbox", self.base_url);
        Failure::new(ErrorCode::BadAnswer, message).hint(
            "a sandbox that was started anew has another control address: give the one that it \
             printed",
        )
    }

    async fn ask(&self, call: &str) -> io::Result<(u16, Bytes)> {
        let stream = TcpStream::connect(self.address).await?;
        if !self.is_https {
            return self.exchange(stream, call).await;
        }
        let connector = TlsConnector::from(Arc::new(self.tls()?));
        let name = ServerName::from(self.address.ip());
        let stream = connector.connect(name, stream).await?;
        self.exchange(stream, call).await
    }

    fn tls(&self) -> io::Result<ClientConfig> {
        let no_file = || io::Error::other("a sandbox with TLS needs its --sandbox-ca FILE");
        let file = self.authority.as_ref().ok_or_else(no_file)?;
        let pem = bounded::read_file(file, CERTIFICATE_BYTES)?;
        let mut roots = RootCertStore::empty();
        for certificate in CertificateDer::pem_slice_iter(&pem) {
            let certificate = certificate.map_err(io::Error::other)?;
            roots.add(certificate).map_err(io::Error::other)?;
        }
        let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(io::Error::other)?;
        Ok(config.with_root_certificates(roots).with_no_client_auth())
    }

    async fn exchange(
        &self,
        stream: impl AsyncRead + AsyncWrite + Unpin,
        call: &str,
    ) -> io::Result<(u16, Bytes)> {
        let handshake = http1::handshake(TokioIo::new(stream)).await;
        let (mut sender, connection) = handshake.map_err(io::Error::other)?;
        let request = Request::get(format!("{}/{call}", self.path))
            .header(header::HOST, self.address.to_string())
            .body(Empty::<Bytes>::new())
            .map_err(io::Error::other)?;
        let answered = async {
            let answer = sender
                .send_request(request)
                .await
                .map_err(io::Error::other)?;
            let status = answer.status().as_u16();
            let body = Limited::new(answer.into_body(), ANSWER_BYTES)
                .collect()
                .await;
            Ok((status, body.map_err(io::Error::other)?.to_bytes()))
        };
        let (mut connection, mut answered) = (pin!(connection), pin!(answered));
        tokio::select! {
            biased;
            answered = answered.as_mut() => answered,
            // The connection may end with the very bytes that complete the answer.
            _ = connection.as_mut() => answered.await,
        }
    }
}
