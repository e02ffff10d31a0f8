//! Credentials: asking who one is, and giving out tokens and certificates.

use nova_http::Method;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::api::Api;
use super::error::ApiError;
use crate::types::{
    AccessAsk, AccessReview, CertificateAsk, Session, Token, UserCertificate, WhoAmI,
};

impl Api {
    /// Who the server takes this connection for.
    pub async fn whoami(&self) -> Result<WhoAmI, ApiError> {
        let path = "/apis/nova.dev/v1/whoami";
        // Credentials may have been revoked a moment ago.
        let answer = self.send(None, |http| {
            http.get(path).header("cache-control", "no-cache")
        });
        Ok(answer.await?.json()?)
    }

    /// Whether the caller may do something.
    pub async fn can_i(&self, ask: &AccessAsk) -> Result<AccessReview, ApiError> {
        self.post("/apis/nova.dev/v1/access-reviews", ask).await
    }

    /// Makes a token; its text is in `status.token` of the answer and nowhere else.
    pub async fn create_token(&self, token: &Token) -> Result<Token, ApiError> {
        self.post("/auth/tokens", token).await
    }

    /// Makes a client certificate with its key.
    pub async fn create_certificate(
        &self,
        ask: &CertificateAsk,
    ) -> Result<UserCertificate, ApiError> {
        self.post("/auth/certificates", ask).await
    }

    /// Where this server is found over TLS, for a user of its Unix socket.
    pub async fn session(&self) -> Result<Session, ApiError> {
        self.post("/auth/session", &serde_json::json!({})).await
    }

    /// Revokes the token of this connection.
    pub async fn logout(&self) -> Result<(), ApiError> {
        let body = serde_json::json!({});
        self.post::<serde_json::Value>("/auth/logout", &body)
            .await
            .map(drop)
    }

    async fn post<T: DeserializeOwned>(
        &self,
        path: &str,
        body: &impl Serialize,
    ) -> Result<T, ApiError> {
        let answer = self.send_body(None, |http| http.request(Method::POST, path).json(body));
        Ok(answer.await?.json()?)
    }
}
