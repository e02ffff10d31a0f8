//! The server's own certificate authority, in `DATA/pki`.

use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use jiff::Timestamp;
use jiff::civil::Date;
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

/// What the organisational unit of a user confined to namespaces begins with.
pub(crate) const NAMESPACES: &str = "nova:namespaces:";

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

/// The authority: it vouches for the server and for users.
pub(crate) struct Authority {
    /// Its certificate.
    pub(crate) certificate: CertificateDer<'static>,
    /// The same as PEM, for clients.
    pub(crate) pem: String,
    issuer: Issuer<'static, KeyPair>,
}

/// A certificate of the server with its key.
pub(crate) struct ServerCertificate {
    pub(crate) certificate: CertificateDer<'static>,
    pub(crate) key: PrivateKeyDer<'static>,
}

/// A certificate of a user with its key, as PEM.
pub(crate) struct UserCertificate {
    pub(crate) certificate: String,
    pub(crate) key: String,
    pub(crate) not_after: Timestamp,
}

impl Authority {
    /// Reads the authority of a data directory, or makes it.
    pub(crate) fn open(data: &Path) -> Result<Self, PkiError> {
        let dir = data.join("pki");
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
        let pem = match std::fs::read_to_string(&cert_file) {
            Ok(pem) => pem,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let pem = params.self_signed(&key)?.pem();
                write_atomic(&cert_file, pem.as_bytes(), PUBLIC).map_err(at(&cert_file))?;
                pem
            }
            Err(error) => return Err(at(&cert_file)(error)),
        };
        let certificate = parse_pem(pem.as_bytes())
            .ok_or_else(|| at(&cert_file)(io::ErrorKind::InvalidData.into()))?;
        Ok(Self {
            certificate,
            pem,
            issuer: Issuer::new(params, key),
        })
    }

    /// A certificate for the addresses listened on.
    pub(crate) fn server(&self, listen: &[SocketAddr]) -> Result<ServerCertificate, PkiError> {
        let key = KeyPair::generate()?;
        let made = server_params(listen)?.signed_by(&key, &self.issuer)?;
        Ok(ServerCertificate {
            certificate: made.der().clone(),
            key: PrivateKeyDer::Pkcs8(key.serialize_der().into()),
        })
    }

    /// A certificate for a user with a role, everywhere or in some namespaces, good for so many days.
    pub(crate) fn user(
        &self,
        user: &str,
        role: &str,
        namespaces: &[String],
        days: u16,
    ) -> Result<UserCertificate, PkiError> {
        let key = KeyPair::generate()?;
        let mut params = CertificateParams::default();
        let name = &mut params.distinguished_name;
        name.push(DnType::CommonName, user);
        name.push(DnType::OrganizationName, format!("nova:{role}"));
        if !namespaces.is_empty() {
            let text = format!("{NAMESPACES}{}", namespaces.join(","));
            name.push(DnType::OrganizationalUnitName, text);
        }
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.serial_number = Some(SerialNumber::from_slice(uuid::Uuid::new_v4().as_bytes()));
        params.use_authority_key_identifier_extension = true;
        let begin = today();
        // It began a day early.
        let end = begin.saturating_add(jiff::Span::new().days(i64::from(days) + 1));
        validity(&mut params, begin, end);
        let made = params.signed_by(&key, &self.issuer)?;
        let not_after = end.to_zoned(jiff::tz::TimeZone::UTC);
        Ok(UserCertificate {
            certificate: made.pem(),
            key: key.serialize_pem(),
            not_after: not_after.map_or(Timestamp::MAX, |end| end.timestamp()),
        })
    }
}

fn at(path: &Path) -> impl FnOnce(io::Error) -> PkiError {
    let path = path.to_owned();
    move |source| PkiError::File { path, source }
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
    validity(&mut params, today(), years_on(CA_YEARS));
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
    validity(&mut params, today(), years_on(SERVER_YEARS));
    Ok(params)
}

fn today() -> Date {
    (Timestamp::now() - EARLY)
        .to_zoned(jiff::tz::TimeZone::UTC)
        .date()
}

fn years_on(years: i16) -> Date {
    today().saturating_add(jiff::Span::new().years(years))
}

fn validity(params: &mut CertificateParams, from: Date, to: Date) {
    let at = |date: Date| {
        let (month, day) = (date.month().unsigned_abs(), date.day().unsigned_abs());
        date_time_ymd(i32::from(date.year()), month, day)
    };
    params.not_before = at(from);
    params.not_after = at(to);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_authority_stays_and_its_key_is_private() {
        use std::os::unix::fs::PermissionsExt;
        let dir = tempfile::tempdir().unwrap();
        let first = Authority::open(dir.path()).unwrap();
        let second = Authority::open(dir.path()).unwrap();
        assert_eq!(first.certificate, second.certificate);
        let made = |authority: &Authority| authority.server(&[]).unwrap().certificate;
        assert_ne!(made(&first), made(&second));
        let key = std::fs::metadata(dir.path().join("pki/ca.key")).unwrap();
        assert_eq!(key.permissions().mode() & 0o777, 0o600);
    }
}
