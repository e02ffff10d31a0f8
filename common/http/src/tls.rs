//! Whom to trust, and who we are.

use std::sync::Arc;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::{ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme};
use rustls_platform_verifier::Verifier;

use crate::error::Error;

/// TLS settings of a client.
#[derive(Clone, Default)]
pub struct TlsOptions {
    /// PEM of the authorities to trust instead of the system's.
    pub authorities: Option<Vec<u8>>,
    /// PEM of the client certificate chain and of its key.
    pub identity: Option<(Vec<u8>, Vec<u8>)>,
    /// Accept any certificate; for trials only.
    pub insecure: bool,
}

impl std::fmt::Debug for TlsOptions {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TlsOptions")
            .field("own_authorities", &self.authorities.is_some())
            .field("client_certificate", &self.identity.is_some())
            .field("insecure", &self.insecure)
            .finish()
    }
}

/// Settings after the options.
pub(crate) fn client_config(options: &TlsOptions) -> Result<ClientConfig, Error> {
    let settings = |error: rustls::Error| Error::TlsSettings(error.to_string());
    let builder = ClientConfig::builder_with_provider(provider())
        .with_safe_default_protocol_versions()
        .map_err(settings)?;
    let builder = match &options.authorities {
        _ if options.insecure => builder
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(TrustAnything(provider()))),
        Some(pem) => builder.with_root_certificates(Arc::new(authorities(pem)?)),
        None => {
            let verifier = Verifier::new(provider()).map_err(settings)?;
            builder
                .dangerous()
                .with_custom_certificate_verifier(Arc::new(verifier))
        }
    };
    let Some((chain, key)) = &options.identity else {
        return Ok(builder.with_no_client_auth());
    };
    builder
        .with_client_auth_cert(certificates(chain)?, private_key(key)?)
        .map_err(settings)
}

/// The ring provider; also installed for the process, so that nothing falls back to another one.
fn provider() -> Arc<CryptoProvider> {
    if let Some(installed) = CryptoProvider::get_default() {
        return Arc::clone(installed);
    }
    // Losing a race against another thread that installs the same one is fine.
    drop(rustls::crypto::ring::default_provider().install_default());
    Arc::new(rustls::crypto::ring::default_provider())
}

fn authorities(pem: &[u8]) -> Result<RootCertStore, Error> {
    let mut roots = RootCertStore::empty();
    for certificate in certificates(pem)? {
        roots
            .add(certificate)
            .map_err(|error| Error::TlsSettings(format!("certificate authority: {error}")))?;
    }
    Ok(roots)
}

fn certificates(pem: &[u8]) -> Result<Vec<CertificateDer<'static>>, Error> {
    let found = CertificateDer::pem_slice_iter(pem).collect::<Result<Vec<_>, _>>();
    match found {
        Ok(found) if !found.is_empty() => Ok(found),
        Ok(_) => Err(Error::TlsSettings(
            "the file holds no PEM certificate".to_owned(),
        )),
        Err(error) => Err(Error::TlsSettings(format!(
            "the certificate file is not PEM: {error}"
        ))),
    }
}

fn private_key(pem: &[u8]) -> Result<PrivateKeyDer<'static>, Error> {
    // The parser's message could quote the key, so it is not repeated.
    PrivateKeyDer::from_pem_slice(pem)
        .map_err(|_| Error::TlsSettings("the key file holds no PEM private key".to_owned()))
}

/// Checks that the peer holds the key of its certificate, and nothing else.
#[derive(Debug)]
struct TrustAnything(Arc<CryptoProvider>);

impl ServerCertVerifier for TrustAnything {
    fn verify_server_cert(
        &self,
        _end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls12_signature(
            message,
            cert,
            dss,
            &self.0.signature_verification_algorithms,
        )
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls13_signature(
            message,
            cert,
            dss,
            &self.0.signature_verification_algorithms,
        )
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}
