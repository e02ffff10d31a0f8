//! Whom the client trusts, over real TLS on loopback.

#![allow(clippy::unwrap_used, reason = "a test may panic anywhere")]

use std::sync::Arc;
use std::time::Duration;

use nova_http::{Client, ClientConfig, Endpoint, Error, RetryPolicy, TlsOptions};
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use rustls::pki_types::PrivateKeyDer;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

struct Authority {
    pem: String,
    issuer: Issuer<'static, KeyPair>,
}

impl Authority {
    fn new() -> Self {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let pem = params.self_signed(&key).unwrap().pem();
        Self {
            pem,
            issuer: Issuer::new(params, key),
        }
    }

    fn sign(&self, name: &str) -> (rcgen::Certificate, KeyPair) {
        let key = KeyPair::generate().unwrap();
        let params = CertificateParams::new(vec![name.to_owned()]).unwrap();
        (params.signed_by(&key, &self.issuer).unwrap(), key)
    }
}

/// Answers every connection with its client's certificate count; returns the endpoint.
async fn serve(authority: &Authority, ask_for_certificate: bool) -> Endpoint {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let (certificate, key) = authority.sign("127.0.0.1");
    let builder = rustls::ServerConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .unwrap();
    let builder = if ask_for_certificate {
        let mut roots = rustls::RootCertStore::empty();
        let der =
            rustls::pki_types::pem::PemObject::from_pem_slice(authority.pem.as_bytes()).unwrap();
        roots.add(der).unwrap();
        let verifier =
            rustls::server::WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider);
        builder.with_client_cert_verifier(verifier.build().unwrap())
    } else {
        builder.with_no_client_auth()
    };
    let key = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
    let config = builder
        .with_single_cert(vec![certificate.der().clone()], key)
        .unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            let Ok(mut tls) = acceptor.accept(stream).await else {
                continue;
            };
            let count = tls.get_ref().1.peer_certificates().map_or(0, <[_]>::len);
            let mut request = [0; 4096];
            // What was asked does not matter, every answer is the same.
            drop(tls.read(&mut request).await);
            let answer =
                format!("HTTP/1.1 200 OK\r\ncontent-length: 1\r\nconnection: close\r\n\r\n{count}");
            drop(tls.write_all(answer.as_bytes()).await);
            drop(tls.shutdown().await);
        }
    });
    format!("https://{address}").parse().unwrap()
}

async fn ask(endpoint: &Endpoint, tls: TlsOptions) -> Result<String, Error> {
    let mut config = ClientConfig::new(endpoint.clone());
    config.retry = RetryPolicy {
        times: 1,
        first: Duration::from_millis(1),
        longest: Duration::from_millis(1),
    };
    config.tls = tls;
    Ok(Client::new(config)?.get("/").send().await?.text())
}

#[tokio::test]
async fn only_a_known_authority_is_trusted() {
    let authority = Authority::new();
    let endpoint = serve(&authority, false).await;
    let own = TlsOptions {
        authorities: Some(authority.pem.clone().into()),
        ..TlsOptions::default()
    };
    assert_eq!(ask(&endpoint, own).await.unwrap(), "0");
    let other = TlsOptions {
        authorities: Some(Authority::new().pem.into()),
        ..TlsOptions::default()
    };
    let error = ask(&endpoint, other).await.unwrap_err();
    assert!(matches!(error, Error::Tls { .. }), "{error:?}");
    let error = ask(&endpoint, TlsOptions::default()).await.unwrap_err();
    assert!(matches!(error, Error::Tls { .. }), "{error:?}");
    let insecure = TlsOptions {
        insecure: true,
        ..TlsOptions::default()
    };
    assert_eq!(ask(&endpoint, insecure).await.unwrap(), "0");
}

#[tokio::test]
async fn a_client_certificate_is_shown() {
    let authority = Authority::new();
    let endpoint = serve(&authority, true).await;
    let (certificate, key) = authority.sign("ana");
    let identity = (
        certificate.pem().into_bytes(),
        key.serialize_pem().into_bytes(),
    );
    let authorities = Some(authority.pem.clone().into_bytes());
    let tls = TlsOptions {
        authorities: authorities.clone(),
        identity: Some(identity),
        insecure: false,
    };
    assert_eq!(ask(&endpoint, tls).await.unwrap(), "1");
    let anonymous = TlsOptions {
        authorities,
        ..TlsOptions::default()
    };
    assert!(ask(&endpoint, anonymous).await.is_err());
}

#[tokio::test]
async fn unusable_settings_are_told_without_their_content() {
    let endpoint: Endpoint = "https://127.0.0.1:1".parse().unwrap();
    for (authorities, identity) in [
        (Some(b"nonsense".to_vec()), None),
        (
            None,
            Some((
                b"x".to_vec(),
                b"-----BEGIN PRIVATE KEY-----\nc2VjcmV0\n".to_vec(),
            )),
        ),
    ] {
        let error = ask(
            &endpoint,
            TlsOptions {
                authorities,
                identity,
                insecure: false,
            },
        )
        .await
        .unwrap_err();
        assert!(matches!(error, Error::TlsSettings(_)), "{error:?}");
        assert!(!error.to_string().contains("c2VjcmV0"));
    }
}
