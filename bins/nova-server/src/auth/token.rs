//! Bearer tokens. Only digests are kept in memory; the admin's token has one home, a 0600 file.

use std::io;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
use ring::rand::{SecureRandom, SystemRandom};
use sha2::{Digest, Sha256};

use super::{Identity, Role, Transport};
use crate::app::hex;

/// Tokens that the server accepts.
#[derive(Clone)]
pub(crate) struct Tokens {
    admin: [u8; 32],
}

impl std::fmt::Debug for Tokens {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Tokens")
    }
}

impl Tokens {
    /// Where the admin's token is.
    pub(crate) fn admin_file(data: &Path) -> PathBuf {
        data.join("admin.token")
    }

    /// Reads the admin's token, or makes one. Removing the file and starting again makes another.
    pub(crate) fn load(data: &Path) -> io::Result<Self> {
        let path = Self::admin_file(data);
        let token = match std::fs::read_to_string(&path) {
            Ok(text) if !text.trim().is_empty() => text.trim().to_owned(),
            Ok(_) => Self::make(&path)?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => Self::make(&path)?,
            Err(error) => return Err(error),
        };
        Ok(Self {
            admin: Sha256::digest(token.as_bytes()).into(),
        })
    }

    fn make(path: &Path) -> io::Result<String> {
        let token = generate().map_err(io::Error::other)?;
        nova_core::fs::write_atomic(
            path,
            format!("{token}\n").as_bytes(),
            nova_core::fs::PRIVATE,
        )?;
        Ok(token)
    }

    /// Who a token belongs to. Takes the same time for every wrong one.
    pub(crate) fn identify(&self, token: &str, transport: Transport) -> Option<Identity> {
        let given: [u8; 32] = Sha256::digest(token.as_bytes()).into();
        let difference = self
            .admin
            .iter()
            .zip(given)
            .fold(0, |all, (a, b)| all | (a ^ b));
        (difference == 0).then(|| Identity {
            user: "admin".into(),
            role: Role::Admin,
            transport,
        })
    }
}

/// `nova_`, 8 characters of id, 32 random bytes, 6 characters of checksum.
fn generate() -> Result<String, &'static str> {
    let mut random = [0u8; 38];
    SystemRandom::new()
        .fill(&mut random)
        .map_err(|_| "the system has no randomness")?;
    let (id, secret) = random.split_at(6);
    let body = format!("nova_{}{}", BASE64.encode(id), BASE64.encode(secret));
    let checksum = hex(&Sha256::digest(body.as_bytes())[..3]);
    Ok(format!("{body}{checksum}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_start_makes_a_token_that_later_starts_accept() {
        use std::os::unix::fs::PermissionsExt;
        let dir = tempfile::tempdir().unwrap();
        Tokens::load(dir.path()).unwrap();
        let file = Tokens::admin_file(dir.path());
        let text = std::fs::read_to_string(&file).unwrap();
        assert_eq!(
            std::fs::metadata(&file).unwrap().permissions().mode() & 0o777,
            0o600
        );
        let again = Tokens::load(dir.path()).unwrap();
        let found = again.identify(text.trim(), Transport::Https).unwrap();
        assert_eq!(found.role, Role::Admin);
        assert_eq!(again.identify("nova_wrong", Transport::Https), None);
        assert_eq!(again.identify("", Transport::Https), None);
        assert!(!format!("{again:?}").contains(text.trim()));
    }
}
