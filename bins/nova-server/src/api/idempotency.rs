//! `Idempotency-Key`: a repeated request gets the answer of the first.

use sha2::{Digest, Sha256};

use super::error::ApiError;
use super::request::Call;
use crate::app::hex;
use crate::store::{Reply, Tx};

/// Longest key that is taken.
const MAX_KEY: usize = 255;

/// A request that may be a repetition.
#[derive(Debug, Clone)]
pub(crate) struct Attempt {
    id: String,
    fingerprint: String,
}

impl Attempt {
    /// Reads the header; nothing when there is none, or when nothing is to be stored.
    pub(crate) fn of(call: &Call, body: &[u8]) -> Result<Option<Self>, ApiError> {
        let Some(key) = call.header("idempotency-key") else {
            return Ok(None);
        };
        if key.is_empty() || key.len() > MAX_KEY {
            return Err(ApiError::bad_request(format!(
                "Idempotency-Key must have 1 to {MAX_KEY} characters"
            )));
        }
        if call.dry_run()? {
            return Ok(None);
        }
        let collection = call.kind.info.collection_path(call.namespace.as_deref());
        let digest = Sha256::new()
            .chain_update(&collection)
            .chain_update([0])
            .chain_update(body);
        let id = format!("{} {key}", call.identity.user);
        Ok(Some(Self {
            id,
            fingerprint: hex(&digest.finalize()),
        }))
    }

    /// The answer of the first request with this key.
    pub(crate) fn earlier(&self, tx: &Tx<'_>) -> Result<Option<Reply>, ApiError> {
        match tx.recall(&self.id) {
            Some(reply) if reply.fingerprint == self.fingerprint => Ok(Some((*reply).clone())),
            Some(_) => Err(ApiError::unprocessable(
                "this Idempotency-Key was used for another request",
            )),
            None => Ok(None),
        }
    }

    /// Keeps the answer together with what the request changed.
    pub(crate) fn keep(self, tx: &mut Tx<'_>, body: String, operation: Option<String>) {
        let reply = Reply::new(self.fingerprint, 201, body).with_operation(operation);
        tx.remember(self.id, reply);
    }
}
