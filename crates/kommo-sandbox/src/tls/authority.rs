//! The sandbox's own certificate authority: made at the start, kept in memory, worth nothing
//! outside the platform's names.
//!
//! A person lets a program or a whole machine trust this authority. So its key is never written
//! down, it ends after seven days, it may sign for servers only, and its name constraints (RFC
//! 5280, 4.2.1.10, critical) end at the three suffixes of the platform and at loopback itself,
//! which the control API is called by.

use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use core::time::Duration;

use rcgen::{
    BasicConstraints, CertificateParams, CidrSubnet, DnType, ExtendedKeyUsagePurpose,
    GeneralSubtree, IsCa, Issuer, KeyPair, KeyUsagePurpose, NameConstraints, SanType,
    date_time_ymd,
};
use tokio_rustls::rustls::crypto::ring::sign::any_supported_type;
use tokio_rustls::rustls::pki_types::PrivateKeyDer;
use tokio_rustls::rustls::sign::CertifiedKey;

use crate::clock::wall_unix;
use crate::error::StartError;

/// The suffixes that the authority is for, without a leading dot.
pub(crate) const SUFFIXES: [&str; 3] = ["kommo.com", "amocrm.ru", "amocrm.com"];

/// The lifetime of the authority and its certificates.
const LIFETIME: Duration = Duration::from_secs(7 * 24 * 60 * 60);

/// How far they reach into the past, for machines whose clocks are behind.
const CLOCK_TOLERANCE: Duration = Duration::from_secs(60 * 60);

/// An authority and the key that all its server certificates share. It has no `Debug`.
pub(crate) struct Authority {
    issuer: Issuer<'static, KeyPair>,
    pem: String,
    server_key: KeyPair,
    validity: Validity,
}

/// Seconds since 1970. Certificates are judged by clients' wall clocks, so the virtual clock has no
/// say here.
#[derive(Clone, Copy)]
struct Validity {
    from: Duration,
    to: Duration,
}

/// What a server certificate is for.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum CertificateFor {
    /// A host under one of the [`SUFFIXES`], in lower case.
    Host(String),
    /// `127.0.0.1`, `::1`, `localhost`, and the loopback address that is listened on, which may be
    /// another.
    Loopback(IpAddr),
}

impl Authority {
    /// A new authority with a new key.
    pub(crate) fn new() -> Result<Self, StartError> {
        let now = Duration::from_secs(wall_unix());
        let validity = Validity {
            from: now.saturating_sub(CLOCK_TOLERANCE),
            to: now.saturating_add(LIFETIME),
        };
        let key = KeyPair::generate()?;
        let params = authority_params(validity);
        let pem = params.self_signed(&key)?.pem();
        Ok(Self {
            issuer: Issuer::new(params, key),
            pem,
            server_key: KeyPair::generate()?,
            validity,
        })
    }

    /// The authority's certificate, for clients to trust; it holds no key.
    pub(crate) fn pem(&self) -> &str {
        &self.pem
    }

    /// A certificate with its key, ready to serve with.
    pub(crate) fn certify(&self, whom: &CertificateFor) -> Result<CertifiedKey, StartError> {
        let certificate = server_params(whom, self.validity)?
            .signed_by(&self.server_key, &self.issuer)?
            .der()
            .clone();
        let key = PrivateKeyDer::try_from(self.server_key.serialize_der())
            .map_err(|_| StartError::Authority)?;
        let key = any_supported_type(&key).map_err(|_| StartError::Authority)?;
        Ok(CertifiedKey::new(vec![certificate], key))
    }
}

fn authority_params(validity: Validity) -> CertificateParams {
    let mut params = CertificateParams::default();
    params
        .distinguished_name
        .push(DnType::CommonName, "Kommo sandbox, this start only");
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    params.name_constraints = Some(NameConstraints {
        permitted_subtrees: permitted_names(),
        excluded_subtrees: Vec::new(),
    });
    validity.put_into(&mut params);
    params
}

/// A kind of name without a constraint of its own would be free (RFC 5280), hence the addresses.
fn permitted_names() -> Vec<GeneralSubtree> {
    let mut names: Vec<_> = SUFFIXES
        .iter()
        .chain(&["localhost"])
        .map(|name| GeneralSubtree::DnsName((*name).into()))
        .collect();
    names.push(GeneralSubtree::IpAddress(CidrSubnet::V4(
        [127, 0, 0, 0],
        [255, 0, 0, 0],
    )));
    names.push(GeneralSubtree::IpAddress(CidrSubnet::V6(
        Ipv6Addr::LOCALHOST.octets(),
        [255; 16],
    )));
    names
}

fn server_params(
    whom: &CertificateFor,
    validity: Validity,
) -> Result<CertificateParams, StartError> {
    let mut params = CertificateParams::default();
    params.subject_alt_names = match whom {
        CertificateFor::Host(host) => vec![dns_name(host)?],
        CertificateFor::Loopback(own) => {
            let usual = [
                IpAddr::V4(Ipv4Addr::LOCALHOST),
                IpAddr::V6(Ipv6Addr::LOCALHOST),
            ];
            let own = (!usual.contains(own)).then_some(*own);
            let mut names: Vec<_> = usual
                .into_iter()
                .chain(own)
                .map(SanType::IpAddress)
                .collect();
            names.push(dns_name("localhost")?);
            names
        }
    };
    // Every client in use goes by the alternative names; the common name is for people who look.
    params
        .distinguished_name
        .push(DnType::OrganizationName, "Kommo sandbox");
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    params.use_authority_key_identifier_extension = true;
    validity.put_into(&mut params);
    Ok(params)
}

fn dns_name(name: &str) -> Result<SanType, StartError> {
    let name = name.try_into().map_err(|_| StartError::Authority)?;
    Ok(SanType::DnsName(name))
}

impl Validity {
    fn put_into(self, params: &mut CertificateParams) {
        let epoch = date_time_ymd(1970, 1, 1);
        params.not_before = epoch + self.from;
        params.not_after = epoch + self.to;
    }
}

/// The cause is left out: it is an oddity of the machine, for example no random bytes.
impl From<rcgen::Error> for StartError {
    fn from(_: rcgen::Error) -> Self {
        Self::Authority
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use alloc::sync::Arc;
    use core::time::Duration;

    use tokio_rustls::rustls::client::WebPkiServerVerifier;
    use tokio_rustls::rustls::client::danger::ServerCertVerifier;
    use tokio_rustls::rustls::crypto::ring;
    use tokio_rustls::rustls::pki_types::pem::PemObject;
    use tokio_rustls::rustls::pki_types::{CertificateDer, UnixTime};
    use tokio_rustls::rustls::{self, RootCertStore};

    use super::{Authority, CertificateFor, LIFETIME};
    use crate::clock::wall_unix;

    /// What a client says that trusts this authority alone, `later` than now.
    fn verdict(whom: &CertificateFor, name: &str, later: Duration) -> Result<(), rustls::Error> {
        let authority = Authority::new().unwrap();
        let mut roots = RootCertStore::empty();
        let root = CertificateDer::from_pem_slice(authority.pem().as_bytes()).unwrap();
        roots.add(root).unwrap();
        let provider = Arc::new(ring::default_provider());
        let verifier = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider)
            .build()
            .unwrap();
        let certified = authority.certify(whom).unwrap();
        let now = UnixTime::since_unix_epoch(Duration::from_secs(wall_unix()) + later);
        let name = name.to_owned().try_into().unwrap();
        verifier
            .verify_server_cert(certified.end_entity_cert()?, &[], &name, &[], now)
            .map(|_| ())
    }

    fn loopback(own: &str) -> CertificateFor {
        CertificateFor::Loopback(own.parse().unwrap())
    }

    fn host(name: &str) -> CertificateFor {
        CertificateFor::Host(name.into())
    }

    #[test]
    fn certificates_for_the_platform_and_for_loopback_are_good() {
        for name in ["www.kommo.com", "myshop.amocrm.ru", "amojo.amocrm.com"] {
            verdict(&host(name), name, Duration::ZERO).unwrap();
        }
        for name in ["127.0.0.1", "::1", "localhost"] {
            verdict(&loopback("127.0.0.1"), name, Duration::ZERO).unwrap();
        }
        for name in ["127.0.0.1", "127.0.0.2", "localhost"] {
            verdict(&loopback("127.0.0.2"), name, Duration::ZERO).unwrap();
        }
    }

    /// Whoever stole the key could sign for no other name: clients refuse by the authority's own
    /// constraints.
    #[test]
    fn a_certificate_for_another_host_is_worthless_even_if_the_authority_signs_it() {
        for name in [
            "integration.example",
            "evilkommo.com",
            "kommo.com.evil.example",
        ] {
            let error = verdict(&host(name), name, Duration::ZERO).unwrap_err();
            assert!(
                error.to_string().contains("NameConstraint"),
                "{name}: {error}"
            );
        }
    }

    #[test]
    fn a_certificate_is_for_its_own_host_alone() {
        assert!(verdict(&host("www.kommo.com"), "myshop.kommo.com", Duration::ZERO).is_err());
        assert!(verdict(&loopback("127.0.0.1"), "127.0.0.2", Duration::ZERO).is_err());
    }

    #[test]
    fn after_seven_days_nothing_of_it_is_trusted() {
        verdict(
            &host("www.kommo.com"),
            "www.kommo.com",
            LIFETIME - Duration::from_secs(60),
        )
        .unwrap();
        let late = LIFETIME + Duration::from_secs(60);
        assert!(verdict(&host("www.kommo.com"), "www.kommo.com", late).is_err());
    }
}
