//! A key and a certificate of its own for a site that speaks TLS; the browser is told to trust
//! exactly this key.

use std::sync::Arc;

use base64ct::{Base64, Encoding};
use rcgen::{CertificateParams, KeyPair, PublicKeyData};
use sha2::{Digest, Sha256};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};

/// What a listener with TLS needs.
#[derive(Clone)]
pub(crate) struct TlsIdentity {
    pub(crate) acceptor: TlsAcceptor,
    /// What browsers know the key by: base64 of the SHA-256 of its public part.
    pub(crate) public_key_digest: String,
}

impl TlsIdentity {
    pub(crate) fn new(host: &str) -> Self {
        let key = KeyPair::generate().expect("a key");
        let public_key = key.subject_public_key_info();
        let certificate = CertificateParams::new([host.to_owned()])
            .and_then(|parameters| parameters.self_signed(&key))
            .expect("a certificate");
        let private_key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(key.serialize_der()));
        let mut config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .expect("versions of TLS")
            .with_no_client_auth()
            .with_single_cert(vec![certificate.der().clone()], private_key)
            .expect("a key that fits");
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Self {
            acceptor: TlsAcceptor::from(Arc::new(config)),
            public_key_digest: Base64::encode_string(&Sha256::digest(public_key)),
        }
    }
}
