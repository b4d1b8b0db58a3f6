//! TLS under the platform's real names: for every host that a client asks for, a certificate of the
//! sandbox's own authority, if the host is one of the platform's.

use alloc::sync::Arc;
use core::fmt;
use core::net::IpAddr;
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::server::{ClientHello, ResolvesServerCert};
use tokio_rustls::rustls::sign::CertifiedKey;
use tokio_rustls::rustls::{self, ServerConfig};

use crate::error::StartError;
use crate::tls::authority::{Authority, CertificateFor, SUFFIXES};

/// How many certificates are kept; each further host gets a new one at every connection.
const CACHE_CAPACITY: usize = 1000;

/// What a listener with TLS needs.
#[derive(Clone)]
pub(crate) struct Tls {
    pub(crate) acceptor: TlsAcceptor,
    pub(crate) ca_pem: String,
}

impl Tls {
    /// A new authority, and an acceptor that serves with its certificates: TLS 1.2 and 1.3,
    /// HTTP/1.1. `own` is the address that is listened on.
    pub(crate) fn new(own: IpAddr) -> Result<Self, StartError> {
        let authority = Authority::new()?;
        let ca_pem = authority.pem().to_owned();
        let certificates = Certificates::new(authority, own)?;
        let mut config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(|_: rustls::Error| StartError::Authority)?
            .with_no_client_auth()
            .with_cert_resolver(Arc::new(certificates));
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(Self {
            acceptor: TlsAcceptor::from(Arc::new(config)),
            ca_pem,
        })
    }
}

/// The certificates made so far.
struct Certificates {
    authority: Authority,
    loopback: Arc<CertifiedKey>,
    by_host: Mutex<HashMap<String, Arc<CertifiedKey>>>,
}

impl Certificates {
    fn new(authority: Authority, own: IpAddr) -> Result<Self, StartError> {
        let loopback = authority.certify(&CertificateFor::Loopback(own))?;
        Ok(Self {
            authority,
            loopback: Arc::new(loopback),
            by_host: Mutex::default(),
        })
    }

    fn of_host(&self, host: &str) -> Option<Arc<CertifiedKey>> {
        let mut by_host = self.by_host.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = by_host.get(host) {
            return Some(Arc::clone(known));
        }
        let made = self.authority.certify(&CertificateFor::Host(host.into()));
        let made = Arc::new(made.ok()?);
        if by_host.len() < CACHE_CAPACITY {
            by_host.insert(host.into(), Arc::clone(&made));
        }
        Some(made)
    }
}

impl ResolvesServerCert for Certificates {
    /// A client that names no host called an address, and only loopback is listened on.
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        match hello.server_name().map(str::to_ascii_lowercase) {
            None => Some(Arc::clone(&self.loopback)),
            Some(name) if name == "localhost" => Some(Arc::clone(&self.loopback)),
            Some(name) if is_under_a_suffix(&name) => self.of_host(&name),
            Some(_) => None,
        }
    }
}

/// Shows no key; `rustls` asks for it.
impl fmt::Debug for Certificates {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Certificates").finish_non_exhaustive()
    }
}

fn is_under_a_suffix(host: &str) -> bool {
    SUFFIXES.iter().any(|suffix| {
        host.strip_suffix(suffix)
            .is_some_and(|front| front.ends_with('.') && front.len() > 1)
    })
}

#[cfg(test)]
mod tests {
    use super::is_under_a_suffix;

    #[test]
    fn only_hosts_of_the_platform_get_a_certificate() {
        for host in ["www.kommo.com", "myshop.amocrm.ru", "amojo.amocrm.com"] {
            assert!(is_under_a_suffix(host), "{host}");
        }
        for host in [
            "kommo.com",
            ".kommo.com",
            "evilkommo.com",
            "kommo.com.evil.example",
            "integration.example",
            "",
        ] {
            assert!(!is_under_a_suffix(host), "{host}");
        }
    }
}
