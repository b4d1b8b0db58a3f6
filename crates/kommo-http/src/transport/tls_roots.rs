//! TLS: whom we believe, and that we always ask.

use alloc::sync::Arc;

use rustls::crypto::ring;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};

use crate::error::{BuildError, Cause};

/// TLS 1.2 and 1.3 with one provider and the roots below. Certificates and names are always checked
/// (rule T1): this is the only function that makes a configuration, and it offers no choice.
pub(crate) fn client_config(roots: RootCertStore) -> Result<ClientConfig, BuildError> {
    let builder = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|error| BuildError::Tls(Cause::of(&error)))?;
    Ok(builder.with_root_certificates(roots).with_no_client_auth())
}

/// The roots of this machine (`SSL_CERT_FILE` and `SSL_CERT_DIR` are respected), or those bundled
/// if it has none.
///
/// Roots of the machine that cannot be read are left out one by one; the bundled ones are never
/// mixed in, so that whoever takes a root away from the machine takes it away from us.
pub(crate) fn roots() -> RootCertStore {
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    if roots.is_empty() { bundled() } else { roots }
}

/// The certificates of a text in PEM, and no others.
pub(crate) fn of_pem(pem: &[u8]) -> Result<RootCertStore, BuildError> {
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(pem) {
        let certificate = certificate.map_err(|_| BuildError::SandboxAuthority)?;
        let added = roots.add(certificate);
        added.map_err(|_| BuildError::SandboxAuthority)?;
    }
    match roots.is_empty() {
        true => Err(BuildError::SandboxAuthority),
        false => Ok(roots),
    }
}

pub(crate) fn bundled() -> RootCertStore {
    webpki_roots::TLS_SERVER_ROOTS.iter().cloned().collect()
}
