//! How a connection says who it is: by token, or by name and password.

use actix_web::HttpRequest;
use protocol::auth::{AuthRequest, AuthResponse};
use protocol::{AccountId, ErrorCode, ErrorMessage, SessionId};
use storage::sessions::SessionRow;

use crate::credentials;
use crate::edge::Edge;
use crate::envelope::Arrival;

/// Who somebody turned out to be.
pub struct Identity {
    pub account: AccountId,
    pub session: SessionId,
    pub token: Option<String>,
}

/// Who a token in the headers stands for. A stale cookie is nobody's fault: its owner may sign in by message.
///
/// # Errors
/// `UNAUTHORIZED` for a bearer token that is none of ours; `BUSY`, `STORAGE`.
pub async fn presence_of(request: &HttpRequest, edge: &Edge) -> Result<Option<SessionRow>, ErrorMessage> {
    let Some(credential) = credentials::of(request) else { return Ok(None) };
    match edge.world.authenticate(&credential.token).await {
        Ok(row) => Ok(Some(row)),
        Err(error) if error.error_code == ErrorCode::Unauthorized => {
            if credential.from_cookie {
                Ok(None)
            } else {
                Err(credentials::unauthorized(Some(&credential)))
            }
        }
        Err(error) => Err(error),
    }
}

/// Whose credentials these are, for a connection that is signed in already.
///
/// # Errors
/// As for signing in.
pub async fn account_of(
    edge: Edge,
    arrival: Arrival,
    request: AuthRequest,
) -> Result<AccountId, ErrorMessage> {
    match named_credentials(&request) {
        Named::Token(token) => edge.world.authenticate(&token).await.map(|row| row.account_id),
        Named::Password(username, password) => {
            edge.world.check_password(&username, &password, &arrival.ip.key().to_string()).await
        }
        Named::Nothing => Err(token_required()),
    }
}

/// The answer to somebody who is who he says.
pub fn welcome(account: AccountId, server_time: f64) -> AuthResponse {
    AuthResponse {
        success: true,
        session_token: None,
        player_id: Some(account),
        message: Some("WebSocket authenticated".to_owned()),
        server_time,
        error_code: None,
        retry_after_ms: None,
        session_id: None,
        resume_token: None,
        last_seq: None,
    }
}

/// The answer to somebody who is not.
pub fn unwelcome(error: &ErrorMessage, server_time: f64) -> AuthResponse {
    AuthResponse {
        success: false,
        session_token: None,
        player_id: None,
        message: Some(error.error_message.clone()),
        server_time,
        error_code: Some(error.error_code),
        retry_after_ms: error.details.get("retry_after_ms").and_then(serde_json::Value::as_u64),
        session_id: None,
        resume_token: None,
        last_seq: None,
    }
}

enum Named {
    Token(String),
    Password(String, String),
    Nothing,
}

fn named_credentials(request: &AuthRequest) -> Named {
    let text = |text: Option<&str>| text.unwrap_or_default().to_owned();
    let token = text(request.session_token.as_deref());
    let (username, password) = (text(request.username.as_deref()), text(request.password.as_deref()));
    match (token.is_empty(), username.is_empty() || password.is_empty()) {
        (false, _) => Named::Token(token),
        (true, false) => Named::Password(username, password),
        (true, true) => Named::Nothing,
    }
}

fn token_required() -> ErrorMessage {
    ErrorMessage::new(ErrorCode::Unauthorized, "Session token required").with("field", "session_token")
}

/// Signs somebody in.
///
/// # Errors
/// `UNAUTHORIZED`, `BAD_CREDENTIALS`, `RATE_LIMITED`, `BUSY`, `STORAGE`.
pub async fn identify(edge: Edge, arrival: Arrival, request: AuthRequest) -> Result<Identity, ErrorMessage> {
    match named_credentials(&request) {
        Named::Token(token) => {
            let row = edge.world.authenticate(&token).await?;
            Ok(Identity { account: row.account_id, session: row.session_id, token: Some(token) })
        }
        Named::Password(username, password) => {
            let signed_in = edge.world.sign_in(&username, &password, &arrival.ip.key().to_string()).await?;
            let token = Some(signed_in.token.as_str().to_owned());
            Ok(Identity { account: signed_in.account_id, session: signed_in.session_id, token })
        }
        Named::Nothing => Err(token_required()),
    }
}
