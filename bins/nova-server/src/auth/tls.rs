//! TLS for the remote listener: our certificate, and client certificates of our authority.

use std::sync::Arc;

use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig};
use rustls_pki_types::CertificateDer;
use x509_parser::prelude::{FromDer, X509Certificate};

use super::{Identity, Pki, Role, Transport};

/// TLS settings: TLS 1.2 and newer, HTTP/2 and HTTP/1.1, a client certificate where there is one.
pub(crate) fn server_config(pki: Pki) -> Result<Arc<ServerConfig>, rustls::Error> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut roots = RootCertStore::empty();
    roots.add(pki.ca.clone())?;
    let verifier =
        WebPkiClientVerifier::builder_with_provider(Arc::new(roots), Arc::clone(&provider))
            .allow_unauthenticated()
            .build()
            .map_err(|error| rustls::Error::General(error.to_string()))?;
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_client_cert_verifier(verifier)
        .with_single_cert(vec![pki.server, pki.ca], pki.key)?;
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(Arc::new(config))
}

/// The owner of a verified client certificate: common name, and the role among its organisations.
pub(crate) fn identity_of(certificate: &CertificateDer<'_>) -> Option<Identity> {
    let (_, parsed) = X509Certificate::from_der(certificate).ok()?;
    let subject = parsed.subject();
    let user = subject.iter_common_name().next()?.as_str().ok()?.to_owned();
    let groups = subject
        .iter_organization()
        .filter_map(|group| group.as_str().ok());
    let role = groups.filter_map(role_of).max()?;
    Some(Identity {
        user,
        role,
        transport: Transport::Https,
    })
}

fn role_of(group: &str) -> Option<Role> {
    match group {
        "nova:admin" => Some(Role::Admin),
        "nova:editor" => Some(Role::Editor),
        "nova:operator" => Some(Role::Operator),
        "nova:viewer" => Some(Role::Viewer),
        _ => None,
    }
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
        server_config(Pki::open(dir.path(), &[]).unwrap()).unwrap();
    }
}
