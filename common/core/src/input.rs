//! What commands read beside their arguments: a file, or standard input for `-`.

use std::io::Read;
use std::path::Path;

use crate::{Context, Failure, Kind, Result};

/// A token is short; what is longer is something else.
const TOKEN_LIMIT: u64 = 64 << 10;

/// The bytes of a file, or of standard input for `-`.
pub fn bytes(source: &Path) -> Result<Vec<u8>> {
    if source != Path::new("-") {
        let doing = || format!("cannot read {}", source.display());
        return std::fs::read(source).context(Kind::Config, doing);
    }
    let mut bytes = Vec::new();
    let doing = || "cannot read standard input".to_owned();
    std::io::stdin()
        .lock()
        .read_to_end(&mut bytes)
        .context(Kind::Config, doing)?;
    Ok(bytes)
}

/// The same as text.
pub fn text(source: &Path) -> Result<String> {
    String::from_utf8(bytes(source)?).map_err(|_| {
        let what = if source == Path::new("-") {
            "standard input".to_owned()
        } else {
            source.display().to_string()
        };
        Failure::new(Kind::Config, format!("{what} is not UTF-8 text"))
    })
}

/// A token from a file, or else from standard input: one line of printable characters.
pub fn token(file: Option<&Path>) -> Result<String> {
    let text = file.map_or_else(piped_token, text)?;
    let token = text.trim();
    if token.is_empty() || !token.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(Failure::new(Kind::Config, "what was read is not a token")
            .with_hint("a token is one line of printable characters"));
    }
    Ok(token.to_owned())
}

fn piped_token() -> Result<String> {
    let mut text = String::new();
    let doing = || "cannot read the token from standard input".to_owned();
    std::io::stdin()
        .take(TOKEN_LIMIT)
        .read_to_string(&mut text)
        .context(Kind::Config, doing)?;
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_read_and_faults_name_them() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("in");
        crate::fs::write_atomic(&path, b" nova_abc\n", 0o600).unwrap();
        assert_eq!(text(&path).unwrap(), " nova_abc\n");
        assert_eq!(token(Some(&path)).unwrap(), "nova_abc");
        crate::fs::write_atomic(&path, b"two words", 0o600).unwrap();
        assert!(token(Some(&path)).is_err());
        crate::fs::write_atomic(&path, b"\xff", 0o600).unwrap();
        assert!(
            text(&path)
                .unwrap_err()
                .message()
                .ends_with("in is not UTF-8 text")
        );
        let missing = bytes(&dir.path().join("none")).unwrap_err();
        assert!(
            missing.message().starts_with("cannot read /"),
            "{}",
            missing.message()
        );
    }
}
