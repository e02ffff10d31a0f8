//! TLS for the remote listener: our certificate, and client certificates of our authority.

use std::sync::Arc;

use jiff::Timestamp;
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig};
use rustls_pki_types::CertificateDer;
use x509_parser::prelude::{FromDer, X509Certificate};

use super::pki::{Authority, NAMESPACES, ServerCertificate};
use super::{Credential, Identity, Role, Transport};

/// TLS settings: TLS 1.2 and newer, HTTP/2 and HTTP/1.1, a client certificate where there is one.
pub(crate) fn server_config(
    authority: &Authority,
    server: ServerCertificate,
) -> Result<Arc<ServerConfig>, rustls::Error> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut roots = RootCertStore::empty();
    roots.add(authority.certificate.clone())?;
    let verifier =
        WebPkiClientVerifier::builder_with_provider(Arc::new(roots), Arc::clone(&provider))
            .allow_unauthenticated()
            .build()
            .map_err(|error| rustls::Error::General(error.to_string()))?;
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_client_cert_verifier(verifier)
        .with_single_cert(
            vec![server.certificate, authority.certificate.clone()],
            server.key,
        )?;
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(Arc::new(config))
}

/// The owner of a verified client certificate: common name, the role among its organisations, and
/// the namespaces among its units.
pub(crate) fn identity_of(certificate: &CertificateDer<'_>) -> Option<Identity> {
    let (_, parsed) = X509Certificate::from_der(certificate).ok()?;
    let subject = parsed.subject();
    let user = subject.iter_common_name().next()?.as_str().ok()?;
    let groups = subject
        .iter_organization()
        .filter_map(|group| group.as_str().ok());
    let role = groups
        .filter_map(|group| Role::parse(group.strip_prefix("nova:")?))
        .max()?;
    let units = subject
        .iter_organizational_unit()
        .filter_map(|unit| unit.as_str().ok()?.strip_prefix(NAMESPACES));
    let namespaces: Vec<String> = units
        .flat_map(|unit| unit.split(','))
        .map(str::to_owned)
        .collect();
    let mut identity = Identity::new(user, role, Transport::Https);
    identity.namespaces = Some(namespaces).filter(|namespaces| !namespaces.is_empty());
    identity.expires = Timestamp::from_second(parsed.validity().not_after.timestamp()).ok();
    identity.credential = Credential::Certificate;
    Some(identity)
}

#[cfg(test)]
mod tests {
    use rcgen::{CertificateParams, DnType, KeyPair};

    use super::*;

    fn certificate(user: &str, group: &str) -> CertificateDer<'static> {
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, user);
        params
            .distinguished_name
            .push(DnType::OrganizationName, group);
        params
            .self_signed(&KeyPair::generate().unwrap())
            .unwrap()
            .der()
            .clone()
    }

    #[test]
    fn a_certificate_names_its_owner_and_role() {
        let found = identity_of(&certificate("ana", "nova:editor")).unwrap();
        assert_eq!((found.user.as_str(), found.role), ("ana", Role::Editor));
        assert_eq!(identity_of(&certificate("eve", "friends")), None);
    }

    #[test]
    fn our_own_certificates_make_a_server() {
        let dir = tempfile::tempdir().unwrap();
        let authority = Authority::open(dir.path()).unwrap();
        server_config(&authority, authority.server(&[]).unwrap()).unwrap();
    }

    #[test]
    fn a_certificate_of_ours_confines_its_user() {
        use rustls_pki_types::pem::PemObject;
        let dir = tempfile::tempdir().unwrap();
        let authority = Authority::open(dir.path()).unwrap();
        let namespaces = ["prod".to_owned(), "test".to_owned()];
        let made = authority.user("ana", "editor", &namespaces, 30).unwrap();
        let certificate = CertificateDer::from_pem_slice(made.certificate.as_bytes()).unwrap();
        let found = identity_of(&certificate).unwrap();
        assert_eq!((found.user.as_str(), found.role), ("ana", Role::Editor));
        assert_eq!(found.namespaces.as_deref(), Some(&namespaces[..]));
        assert_eq!(found.expires, Some(made.not_after));
    }
}
