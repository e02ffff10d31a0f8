//! The text of tokens. Only digests of it are stored.
//!
//! ```text
//! nova_ xxxxxxxx yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy zzzzzz
//!       public id     32 random bytes, base64url              checksum, so that a typing error is told from a wrong token
//! ```

use std::io;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
use nova_core::fs::{PRIVATE, write_atomic};
use ring::rand::{SecureRandom, SystemRandom};
use sha2::{Digest as _, Sha256};

use crate::app::hex;

const PREFIX: &str = "nova_";
const ID: usize = 8;
const CHECKSUM: usize = 6;
/// Letters of ids: easy to read aloud.
const LETTERS: &[u8; 32] = b"abcdefghijkmnpqrstuvwxyz23456789";

/// What is kept of a token.
pub(crate) type Digest = [u8; 32];

/// A new token: its public id and its text.
pub(crate) fn generate() -> io::Result<(String, String)> {
    let mut random = [0u8; ID + 32];
    SystemRandom::new()
        .fill(&mut random)
        .map_err(|_| io::Error::other("the system has no randomness"))?;
    let (id, secret) = random.split_at(ID);
    let letter = |byte: &u8| char::from(LETTERS[usize::from(*byte) % LETTERS.len()]);
    let id: String = id.iter().map(letter).collect();
    let body = format!("{PREFIX}{id}{}", BASE64.encode(secret));
    let checksum = checksum(&body);
    Ok((id, format!("{body}{checksum}")))
}

fn checksum(body: &str) -> String {
    hex(&Sha256::digest(body.as_bytes())[..CHECKSUM / 2])
}

/// The public id of a token that is written as ours are.
pub(crate) fn id_of(token: &str) -> Option<&str> {
    let rest = token.strip_prefix(PREFIX)?;
    let body = token.len().checked_sub(CHECKSUM)?;
    let (body, sum) = token.split_at_checked(body)?;
    (checksum(body) == sum).then_some(())?;
    rest.get(..ID)
}

/// What is stored in a token's place.
pub(crate) fn digest(token: &str) -> Digest {
    Sha256::digest(token.as_bytes()).into()
}

/// Takes the same time wherever the difference is.
pub(crate) fn same(a: &Digest, b: &Digest) -> bool {
    let differs = a.iter().zip(b).fold(0, |all, (a, b)| all | (a ^ b));
    differs == 0
}

/// Where the admin's token is.
pub(crate) fn admin_file(data: &Path) -> PathBuf {
    data.join("admin.token")
}

/// Reads the admin's token, or makes one. Removing the file and starting again makes another.
pub(crate) fn admin(data: &Path) -> io::Result<Digest> {
    let path = admin_file(data);
    match std::fs::read_to_string(&path) {
        Ok(text) if !text.trim().is_empty() => return Ok(digest(text.trim())),
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let (_, token) = generate()?;
    write_atomic(&path, format!("{token}\n").as_bytes(), PRIVATE)?;
    Ok(digest(&token))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_names_itself_and_a_typing_error_is_found() {
        let (id, token) = generate().unwrap();
        assert_eq!(token.len(), 62);
        assert_eq!(id_of(&token), Some(id.as_str()));
        let wrong = token.replacen(&id, "aaaaaaaa", 1);
        assert_eq!(id_of(&wrong), None);
        for bad in ["", "nova_", "nova_ä", "bearer", "nova_12345678"] {
            assert_eq!(id_of(bad), None, "{bad}");
        }
    }

    #[test]
    fn the_first_start_makes_a_token_that_later_starts_accept() {
        use std::os::unix::fs::PermissionsExt;
        let dir = tempfile::tempdir().unwrap();
        let first = admin(dir.path()).unwrap();
        let file = admin_file(dir.path());
        let text = std::fs::read_to_string(&file).unwrap();
        let mode = std::fs::metadata(&file).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        assert!(same(&first, &admin(dir.path()).unwrap()));
        assert!(same(&first, &digest(text.trim())));
        assert!(!same(&first, &digest("nova_wrong")));
    }
}
