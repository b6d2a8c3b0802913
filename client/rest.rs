//! What goes over HTTP: accounts, and the world as anybody may read it.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use protocol::auth::{Credentials, LoggedIn, Logout, Success};
use protocol::ids::{CrystalShardId, PartyId};
use protocol::party::PartyView;
use protocol::world::{
    CrystalShard, ServerStatus, ShardHistory, ShardOwnership, ShardStatus, WorldEvent, WorldEvents,
    WorldState,
};
use protocol::{ErrorCode, ErrorMessage};
use reqwest::{Method, RequestBuilder, Response};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use crate::address::Address;
use crate::{ClientError, Options};

/// A larger answer is not read.
const BODY_BYTES_MAX: usize = 1024 * 1024;

/// The REST side of a server.
#[derive(Debug, Clone)]
pub struct Rest {
    address: Address,
    patience: Duration,
    /// Made at its first use: who plays by WebSocket alone needs none.
    http: Arc<OnceLock<reqwest::Client>>,
    token: Option<String>,
}

impl Rest {
    /// # Errors
    /// [`ClientError::Address`] when `url` is no address.
    pub fn new(url: &str, options: &Options) -> Result<Self, ClientError> {
        Ok(Self::at(Address::parse(url)?, options, None))
    }

    pub(crate) fn at(address: Address, options: &Options, token: Option<String>) -> Self {
        Self { address, patience: options.patience, http: Arc::default(), token }
    }

    fn http(&self) -> Result<&reqwest::Client, ClientError> {
        if let Some(http) = self.http.get() {
            return Ok(http);
        }
        let builder =
            reqwest::Client::builder().timeout(self.patience).redirect(reqwest::redirect::Policy::none());
        // Also for http addresses: reqwest looks for a provider of its own otherwise, and finds none.
        #[cfg(feature = "tls")]
        let builder = builder.tls_backend_preconfigured((*crate::tls::config()?).clone());
        let http = builder.build().map_err(|error| ClientError::Address(error.to_string()))?;
        Ok(self.http.get_or_init(|| http))
    }

    /// Makes a new account.
    ///
    /// # Errors
    /// `NAME_TAKEN`, `INVALID` with `details.field`, `RATE_LIMITED`; or the server can't be reached.
    pub async fn register(&self, username: &str, password: &str) -> Result<Success, ClientError> {
        self.ask(Method::POST, "/api/auth/register", Some(&credentials(username, password))).await
    }

    /// Opens a session; its token signs connections in.
    ///
    /// # Errors
    /// `BAD_CREDENTIALS`, `RATE_LIMITED`; or the server can't be reached.
    pub async fn login(&self, username: &str, password: &str) -> Result<LoggedIn, ClientError> {
        self.ask(Method::POST, "/api/auth/login", Some(&credentials(username, password))).await
    }

    /// Ends the session: its token is of no more use, its connections are closed.
    ///
    /// # Errors
    /// When the server can't be reached.
    pub async fn logout(&self) -> Result<Success, ClientError> {
        self.ask(Method::POST, "/api/auth/logout", Some(&Logout { session_token: self.token.clone() })).await
    }

    /// # Errors
    /// When the server can't be reached.
    pub async fn world_state(&self) -> Result<WorldState, ClientError> {
        self.read("/api/world/state").await
    }

    /// The twelve crystal shards and who holds them.
    ///
    /// # Errors
    /// When the server can't be reached.
    pub async fn shards(&self) -> Result<Vec<CrystalShard>, ClientError> {
        Ok(self.read::<ShardStatus>("/api/world/shards").await?.shards)
    }

    /// Who held a crystal shard and when, the latest first.
    ///
    /// # Errors
    /// When the server can't be reached; `NOT_FOUND`.
    pub async fn shard_history(&self, shard: CrystalShardId) -> Result<Vec<ShardOwnership>, ClientError> {
        let path = format!("/api/world/shards/{shard}/history?limit=100");
        Ok(self.read::<ShardHistory>(&path).await?.history)
    }

    /// What happened lately, newest first.
    ///
    /// # Errors
    /// When the server can't be reached.
    pub async fn events(&self, limit: u32) -> Result<Vec<WorldEvent>, ClientError> {
        Ok(self.read::<WorldEvents>(&format!("/api/world/events?limit={limit}")).await?.events)
    }

    /// A party that one is in, or invited into.
    ///
    /// # Errors
    /// `NOT_FOUND` for everybody else; when the server can't be reached.
    pub async fn party(&self, id: PartyId) -> Result<PartyView, ClientError> {
        self.read(&format!("/api/party/{id}")).await
    }

    /// # Errors
    /// When the server can't be reached.
    pub async fn status(&self) -> Result<ServerStatus, ClientError> {
        self.read("/api/status").await
    }

    async fn read<T: DeserializeOwned>(&self, path: &str) -> Result<T, ClientError> {
        self.ask(Method::GET, path, None::<&()>).await
    }

    async fn ask<T: DeserializeOwned>(
        &self,
        method: Method,
        path: &str,
        body: Option<&impl Serialize>,
    ) -> Result<T, ClientError> {
        let url = self.address.route(path);
        let request = self.signed(self.http()?.request(method, &url));
        let request = match body {
            Some(body) => request.json(body),
            None => request,
        };
        let unreachable =
            |error: reqwest::Error| ClientError::Unreachable { url: url.clone(), why: causes_of(&error) };
        let answer = request.send().await.map_err(unreachable)?;
        let status = answer.status();
        let body = whole_body(answer).await.map_err(unreachable)?;
        if !status.is_success() {
            return Err(refusal(status.as_u16(), &body));
        }
        serde_json::from_slice(&body).map_err(|error| ClientError::Malformed(format!("{url}: {error}")))
    }

    fn signed(&self, request: RequestBuilder) -> RequestBuilder {
        match &self.token {
            Some(token) => request.bearer_auth(token),
            None => request,
        }
    }
}

fn credentials(username: &str, password: &str) -> Credentials {
    Credentials { username: username.to_owned(), password: password.to_owned() }
}

/// Reads a body up to its limit; what is beyond can't be read as JSON and says so.
async fn whole_body(mut answer: Response) -> Result<Vec<u8>, reqwest::Error> {
    let mut body = Vec::new();
    while let Some(chunk) = answer.chunk().await? {
        body.extend_from_slice(&chunk);
        if body.len() > BODY_BYTES_MAX {
            break;
        }
    }
    Ok(body)
}

/// The documents say `error` or `message`; problem+json says `title` and `detail`. The `code` is the same.
fn refusal(status: u16, body: &[u8]) -> ClientError {
    let mut details: Map<String, Value> = serde_json::from_slice(body).unwrap_or_default();
    let code = details.get("code").cloned().and_then(|code| serde_json::from_value(code).ok());
    let code = code.unwrap_or_else(|| {
        let same = |code: &&ErrorCode| code.http_status() == status;
        ErrorCode::ALL.iter().find(same).copied().unwrap_or(ErrorCode::Internal)
    });
    let text = ["error", "message", "detail", "title"].iter().find_map(|key| details.get(*key)?.as_str());
    let text = text.map_or_else(|| format!("the server answered with status {status}"), str::to_owned);
    for said in ["success", "code", "error", "message", "detail", "title", "type", "status"] {
        details.remove(said);
    }
    if let Some(Value::Object(inner)) = details.remove("details") {
        details.extend(inner);
    }
    ClientError::from(ErrorMessage { error_code: code, error_message: text, details })
}

/// An error with what caused it: reqwest's own text leaves that out.
fn causes_of(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use protocol::ErrorCode;
    use serde_json::json;

    use super::refusal;
    use crate::ClientError;

    #[test]
    fn refusals_keep_code_text_and_details() {
        let body =
            json!({"success": false, "message": "slower", "code": "RATE_LIMITED", "retry_after_ms": 70});
        let error = refusal(429, body.to_string().as_bytes());
        assert_eq!(error.code(), Some(ErrorCode::RateLimited));
        assert_eq!(error.retry_after().unwrap().as_millis(), 70);
        let ClientError::Refused { message, details, .. } = error else { panic!("{error:?}") };
        assert_eq!((message.as_str(), details.len()), ("slower", 1));
    }

    #[test]
    fn a_proxy_that_speaks_html_is_still_an_error_with_a_code() {
        let error = refusal(404, b"<html>");
        assert_eq!(error.code(), Some(ErrorCode::NotFound));
        assert_eq!(refusal(502, b"").code(), Some(ErrorCode::Internal));
    }
}
