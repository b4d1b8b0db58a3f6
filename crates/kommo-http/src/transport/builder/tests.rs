//! Certificates, against a TLS server on loopback that plays `amojo.kommo.com`.

use alloc::string::String;
use alloc::sync::Arc;
use core::net::SocketAddr;
use std::sync::Mutex;

use kommo_account::{ChatsHost, EndpointRole, Endpoints};
use kommo_sign::{RequestMethod, RequestPath};
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair, date_time_ymd};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{RootCertStore, ServerConfig};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

use super::TransportBuilder;
use crate::error::{BuildError, TransportError};
use crate::transport::client::Transport;
use crate::transport::outgoing_request::OutgoingRequest;
use crate::transport::raw_response::RawResponse;
use crate::transport::tls_roots;

/// A made-up authority.
struct Authority {
    issuer: Issuer<'static, KeyPair>,
    certificate: CertificateDer<'static>,
    pem: String,
}

impl Authority {
    fn new() -> Self {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new([]).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let certificate = params.self_signed(&key).unwrap();
        Self {
            issuer: Issuer::new(params, key),
            certificate: certificate.der().clone(),
            pem: certificate.pem(),
        }
    }

    fn roots(&self) -> RootCertStore {
        let mut roots = RootCertStore::empty();
        roots.add(self.certificate.clone()).unwrap();
        roots
    }

    /// A server with a certificate for that name, valid up to the given year.
    async fn serve(&self, name: &str, last_year: i32) -> TlsServer {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new([name.into()]).unwrap();
        params.not_after = date_time_ymd(last_year, 1, 1);
        let certificate = params.signed_by(&key, &self.issuer).unwrap().der().clone();
        TlsServer::start(
            certificate,
            PrivateKeyDer::try_from(key.serialize_der()).unwrap(),
        )
        .await
    }
}

/// Answers 200 and keeps what it was sent.
struct TlsServer {
    address: SocketAddr,
    received: Arc<Mutex<String>>,
}

impl TlsServer {
    async fn start(certificate: CertificateDer<'static>, key: PrivateKeyDer<'static>) -> Self {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert([certificate].into(), key)
            .unwrap();
        let acceptor = TlsAcceptor::from(Arc::new(config));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let received = Arc::new(Mutex::new(String::new()));
        let book = Arc::clone(&received);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                // A client that does not trust us ends the handshake.
                let Ok(mut stream) = acceptor.accept(stream).await else {
                    continue;
                };
                let mut bytes = [0; 1024];
                while !book.lock().unwrap().ends_with("\r\n\r\n") {
                    let length = stream.read(&mut bytes).await.unwrap_or(0);
                    book.lock()
                        .unwrap()
                        .push_str(core::str::from_utf8(&bytes[..length]).unwrap());
                    if length == 0 {
                        break;
                    }
                }
                let _ = stream
                    .write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
                    .await;
            }
        });
        Self { address, received }
    }

    fn received(&self) -> String {
        self.received.lock().unwrap().clone()
    }

    /// Sends to the real host, whose name leads here.
    async fn send(&self, roots: RootCertStore) -> Result<RawResponse, TransportError> {
        let tls = tls_roots::client_config(roots).unwrap();
        let outside = TransportBuilder::new()
            .settings("test", tls)
            .https_only(true)
            .no_proxy()
            .resolve("amojo.kommo.com", self.address)
            .build()
            .unwrap();
        ask(
            &Transport::new(outside.clone(), outside, 100),
            Endpoints::real(),
        )
        .await
    }

    /// Sends to a sandbox with TLS that is here.
    async fn send_as_sandbox(
        &self,
        builder: TransportBuilder,
    ) -> Result<RawResponse, TransportError> {
        let endpoints = Endpoints::loopback_url(&alloc::format!("https://{}", self.address));
        ask(&builder.build().unwrap(), endpoints.unwrap()).await
    }

    #[track_caller]
    fn assert_refused(&self, result: Result<RawResponse, TransportError>) {
        assert!(matches!(result, Err(TransportError::Tls(_))), "{result:?}");
        assert_eq!(
            self.received(),
            "",
            "a request left before the certificate was checked"
        );
    }
}

async fn ask(transport: &Transport, endpoints: Endpoints) -> Result<RawResponse, TransportError> {
    let target = endpoints.resolve(EndpointRole::Chats(ChatsHost::AmojoKommoCom));
    let path = RequestPath::parse("/v2/x").unwrap();
    transport
        .send(&target, &OutgoingRequest::new(RequestMethod::GET, path))
        .await
}

fn believing(authority: &Authority) -> TransportBuilder {
    TransportBuilder::new().sandbox_authority(authority.pem.as_str())
}

// Rule T1.
#[tokio::test]
async fn a_sandbox_with_tls_is_judged_by_its_own_authority() {
    let authority = Authority::new();
    let server = authority.serve("127.0.0.1", 4096).await;
    let answer = server.send_as_sandbox(believing(&authority)).await;
    assert_eq!(answer.unwrap().body(), b"ok");
    let received = server.received().to_ascii_lowercase();
    assert_eq!(
        received.matches("\r\nhost: amojo.kommo.com\r\n").count(),
        1,
        "{received}"
    );
}

// Rule T1.
#[tokio::test]
async fn a_sandbox_of_another_authority_or_another_name_or_another_time_is_refused() {
    let authority = Authority::new();
    let server = authority.serve("127.0.0.1", 4096).await;
    server.assert_refused(server.send_as_sandbox(TransportBuilder::new()).await);
    let other = believing(&Authority::new());
    server.assert_refused(server.send_as_sandbox(other).await);
    for (name, last_year) in [
        ("amojo.kommo.com", 4096),
        ("127.0.0.2", 4096),
        ("127.0.0.1", 2001),
    ] {
        let server = authority.serve(name, last_year).await;
        server.assert_refused(server.send_as_sandbox(believing(&authority)).await);
    }
}

// Invariant I3.
#[tokio::test]
async fn a_real_host_is_never_judged_by_the_authority_of_a_sandbox() {
    let authority = Authority::new();
    let server = authority.serve("amojo.kommo.com", 4096).await;
    let (outside, _) = believing(&authority).clients().unwrap();
    let outside = outside
        .no_proxy()
        .resolve("amojo.kommo.com", server.address)
        .build()
        .unwrap();
    let transport = Transport::new(outside.clone(), outside, 100);
    server.assert_refused(ask(&transport, Endpoints::real()).await);
}

#[test]
fn an_authority_is_a_certificate_in_pem() {
    let authority = Authority::new();
    let key = KeyPair::generate().unwrap().serialize_pem();
    for pem in [
        "",
        "no certificate",
        key.as_str(),
        "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
        "-----BEGIN CERTIFICATE-----\nAAAA\n",
    ] {
        let built = TransportBuilder::new().sandbox_authority(pem).build();
        assert_eq!(built.unwrap_err(), BuildError::SandboxAuthority, "{pem}");
    }
    assert!(believing(&authority).build().is_ok());
}

// Rule T1.
#[tokio::test]
async fn a_certificate_of_a_trusted_authority_is_taken() {
    let authority = Authority::new();
    let server = authority.serve("amojo.kommo.com", 4096).await;
    assert_eq!(server.send(authority.roots()).await.unwrap().body(), b"ok");
    let received = server.received().to_ascii_lowercase();
    assert!(received.starts_with("get /v2/x http/1.1\r\n"), "{received}");
    assert_eq!(
        received.matches("\r\nhost: amojo.kommo.com\r\n").count(),
        1,
        "{received}"
    );
}

// Rule T1.
#[tokio::test]
async fn a_certificate_of_an_unknown_authority_is_refused() {
    let server = Authority::new().serve("amojo.kommo.com", 4096).await;
    server.assert_refused(server.send(tls_roots::roots()).await);
    server.assert_refused(server.send(Authority::new().roots()).await);
}

// Rule T1.
#[tokio::test]
async fn a_certificate_for_another_name_is_refused() {
    let authority = Authority::new();
    for name in [
        "amojo.amocrm.ru",
        "kommo.com",
        "x.amojo.kommo.com",
        "127.0.0.1",
    ] {
        let server = authority.serve(name, 4096).await;
        server.assert_refused(server.send(authority.roots()).await);
    }
}

// Rule T1.
#[tokio::test]
async fn an_expired_certificate_is_refused() {
    let authority = Authority::new();
    let server = authority.serve("amojo.kommo.com", 2001).await;
    server.assert_refused(server.send(authority.roots()).await);
}

#[test]
fn a_machine_without_roots_has_the_bundled_ones() {
    // Whatever this machine has, there is somebody to believe.
    assert!(!tls_roots::roots().is_empty());
    assert!(tls_roots::bundled().len() > 50);
}
