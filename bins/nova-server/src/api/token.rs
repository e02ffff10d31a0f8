//! Continue tokens: where a list goes on, signed so that nobody can make one up.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
use ring::hmac;
use serde::{Deserialize, Serialize};

use super::error::ApiError;

/// How long a token shows the snapshot of its first page.
const VALID_SECONDS: i64 = 300;
const TAG: usize = 32;

/// The place after the last object of a page.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Continue {
    /// Revision that all pages show; absent goes on with today's state.
    pub(crate) rv: Option<u64>,
    /// Last object of the page.
    pub(crate) namespace: String,
    pub(crate) name: String,
    /// Collection and selectors; they may not change between pages.
    pub(crate) scope: String,
    /// When the first page was read, seconds since the epoch.
    pub(crate) at: i64,
}

impl Continue {
    /// The token.
    pub(crate) fn sign(&self, key: &[u8]) -> String {
        let body = serde_json::to_vec(self).unwrap_or_default();
        let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), &body);
        BASE64.encode([tag.as_ref(), &body].concat())
    }

    /// Reads a token of this server.
    pub(crate) fn read(token: &str, key: &[u8]) -> Result<Self, ApiError> {
        let refuse = || ApiError::bad_request("continue key is not valid");
        let bytes = BASE64.decode(token).map_err(|_| refuse())?;
        let (tag, body) = bytes.split_at_checked(TAG).ok_or_else(refuse)?;
        hmac::verify(&hmac::Key::new(hmac::HMAC_SHA256, key), body, tag).map_err(|_| refuse())?;
        serde_json::from_slice(body).map_err(|_| refuse())
    }

    /// Whether the snapshot is no longer kept for it.
    pub(crate) fn is_old(&self, now: i64) -> bool {
        self.rv.is_some() && now - self.at > VALID_SECONDS
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_read_back_and_a_changed_one_is_refused() {
        let token = Continue {
            rv: Some(7),
            namespace: "default".into(),
            name: "a".into(),
            scope: "virtualmachines".into(),
            at: 100,
        };
        let text = token.sign(b"key");
        assert_eq!(Continue::read(&text, b"key").unwrap(), token);
        assert!(Continue::read(&text, b"other").is_err());
        assert!(Continue::read(&format!("A{}", &text[1..]), b"key").is_err());
        assert!(Continue::read("", b"key").is_err());
        assert!(!token.is_old(400) && token.is_old(401));
    }
}
