//! The server's own certificate authority, in `DATA/pki`.

use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use jiff::Timestamp;
use nova_core::fs::{PRIVATE, PUBLIC, write_atomic};
use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose, SerialNumber, date_time_ymd,
};
use rustls_pki_types::{CertificateDer, PrivateKeyDer};

/// Certificates begin a day early, for clients whose clock is behind.
const EARLY: Duration = Duration::from_hours(24);
/// Years that the authority is valid.
const CA_YEARS: i16 = 10;
/// Years that the server's certificate is valid; each start makes a new one.
const SERVER_YEARS: i16 = 2;

/// Why there are no certificates.
#[derive(Debug, thiserror::Error)]
pub(crate) enum PkiError {
    /// A file cannot be read or written.
    #[error("{}: {source}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A certificate cannot be made.
    #[error("a certificate cannot be made: {0}")]
    Certificate(#[from] rcgen::Error),
}

/// The authority and what it vouches for.
pub(crate) struct Pki {
    /// Certificate of the authority.
    pub(crate) ca: CertificateDer<'static>,
    /// Certificate of this server.
    pub(crate) server: CertificateDer<'static>,
    /// Its key.
    pub(crate) key: PrivateKeyDer<'static>,
}

impl Pki {
    /// Reads the authority, or makes it, and issues a certificate for the addresses listened on.
    pub(crate) fn open(data: &Path, listen: &[SocketAddr]) -> Result<Self, PkiError> {
        let dir = data.join("pki");
        let at = |path: &Path| {
            let path = path.to_owned();
            move |source| PkiError::File { path, source }
        };
        nova_core::fs::create_private_dir(&dir).map_err(at(&dir))?;
        let (cert_file, key_file) = (dir.join("ca.crt"), dir.join("ca.key"));
        let key = match nova_core::fs::read_optional(&key_file) {
            Ok(Some(pem)) => KeyPair::from_pem(&pem)?,
            Ok(None) => {
                let key = KeyPair::generate()?;
                write_atomic(&key_file, key.serialize_pem().as_bytes(), PRIVATE)
                    .map_err(at(&key_file))?;
                key
            }
            Err(failure) => {
                return Err(at(&key_file)(io::Error::other(
                    failure.message().to_owned(),
                )));
            }
        };
        let params = ca_params();
        let certificate = match std::fs::read(&cert_file) {
            Ok(pem) => {
                parse_pem(&pem).ok_or_else(|| at(&cert_file)(io::ErrorKind::InvalidData.into()))?
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let made = params.self_signed(&key)?;
                write_atomic(&cert_file, made.pem().as_bytes(), PUBLIC).map_err(at(&cert_file))?;
                made.der().clone()
            }
            Err(error) => return Err(at(&cert_file)(error)),
        };
        let issuer = Issuer::new(params, key);
        let server_key = KeyPair::generate()?;
        let server = server_params(listen)?.signed_by(&server_key, &issuer)?;
        Ok(Self {
            ca: certificate,
            server: server.der().clone(),
            key: PrivateKeyDer::Pkcs8(server_key.serialize_der().into()),
        })
    }
}

fn parse_pem(pem: &[u8]) -> Option<CertificateDer<'static>> {
    use rustls_pki_types::pem::PemObject;
    CertificateDer::from_pem_slice(pem).ok()
}

/// The same at every start, so that what the key signs names the stored certificate as its issuer.
fn ca_params() -> CertificateParams {
    let mut params = CertificateParams::default();
    params
        .distinguished_name
        .push(DnType::CommonName, "nova-server CA");
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    validity(&mut params, CA_YEARS);
    params
}

fn server_params(listen: &[SocketAddr]) -> Result<CertificateParams, rcgen::Error> {
    let mut names = vec![
        "localhost".to_owned(),
        "127.0.0.1".to_owned(),
        "::1".to_owned(),
    ];
    names.extend(listen.iter().map(|address| address.ip().to_string()));
    names.push(
        rustix::system::uname()
            .nodename()
            .to_string_lossy()
            .into_owned(),
    );
    names.retain(|name| !name.is_empty());
    names.sort();
    names.dedup();
    let mut params = CertificateParams::new(names)?;
    params
        .distinguished_name
        .push(DnType::CommonName, "nova-server");
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.serial_number = Some(SerialNumber::from_slice(uuid::Uuid::new_v4().as_bytes()));
    params.use_authority_key_identifier_extension = true;
    validity(&mut params, SERVER_YEARS);
    Ok(params)
}

fn validity(params: &mut CertificateParams, years: i16) {
    let from = (Timestamp::now() - EARLY)
        .to_zoned(jiff::tz::TimeZone::UTC)
        .date();
    // 29 February does not come every year.
    let day = from.day().unsigned_abs().min(28);
    let month = from.month().unsigned_abs();
    params.not_before = date_time_ymd(i32::from(from.year()), month, day);
    params.not_after = date_time_ymd(i32::from(from.year() + years), month, day);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_authority_stays_and_its_key_is_private() {
        use std::os::unix::fs::PermissionsExt;
        let dir = tempfile::tempdir().unwrap();
        let first = Pki::open(dir.path(), &[]).unwrap();
        let second = Pki::open(dir.path(), &[]).unwrap();
        assert_eq!(first.ca, second.ca);
        assert_ne!(first.server, second.server);
        let key = std::fs::metadata(dir.path().join("pki/ca.key")).unwrap();
        assert_eq!(key.permissions().mode() & 0o777, 0o600);
    }
}
