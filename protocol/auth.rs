//! Signing in: over the WebSocket and over REST.

use serde::{Deserialize, Serialize};

use crate::nulls::left_out;

use crate::{AccountId, ErrorCode, SessionId, Text};

/// Signs a connection in, by token or by user name and password.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct AuthRequest {
    /// 3 to 50 characters for a new sign-in; may be empty when `session_token` is given.
    #[serde(default, skip_serializing_if = "left_out")]
    pub username: Option<Text<0, 50>>,
    /// May be empty when `session_token` is given.
    #[serde(default, skip_serializing_if = "left_out")]
    pub password: Option<Text<0, 128>>,
    /// A token from `POST /api/auth/login`.
    #[serde(default, skip_serializing_if = "left_out")]
    pub session_token: Option<Text<0, 128>>,
}

/// Whether signing in succeeded.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct AuthResponse {
    /// Whether the connection is signed in now.
    pub success: bool,
    /// The token of this session: the one that was sent, or a new one after a password.
    #[serde(default, skip_serializing_if = "left_out")]
    pub session_token: Option<String>,
    /// The account that signed in.
    #[serde(default, skip_serializing_if = "left_out")]
    pub player_id: Option<AccountId>,
    /// One sentence for a person.
    #[serde(default, skip_serializing_if = "left_out")]
    pub message: Option<String>,
    /// The server's wall clock, Unix seconds.
    pub server_time: f64,
    /// Why not, for programs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error_code: Option<ErrorCode>,
    /// When to try again after `RATE_LIMITED`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_after_ms: Option<u64>,
    /// v1: names this session.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session_id: Option<SessionId>,
    /// v1: opens a `resume` after a drop, for as long as the character stays in the world (60 s).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resume_token: Option<String>,
    /// v1: the `seq` of the last event before this connection.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_seq: Option<u64>,
}

/// `POST /api/auth/register` and `/login`.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Credentials {
    pub username: String,
    pub password: String,
}

impl std::fmt::Debug for Credentials {
    fn fmt(&self, out: &mut std::fmt::Formatter) -> std::fmt::Result {
        write!(out, "Credentials {{ username: {:?}, password: … }}", self.username)
    }
}

/// The answer to a successful `POST /api/auth/login`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct LoggedIn {
    pub success: bool,
    pub session_token: String,
    pub player_id: AccountId,
    pub username: String,
    pub message: String,
}

/// `POST /api/auth/logout`; the token may also come as a bearer token or a cookie.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Logout {
    #[serde(default, skip_serializing_if = "left_out")]
    pub session_token: Option<String>,
}

/// `POST /api/auth/password`: every other session of the account ends.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ChangePassword {
    pub old_password: String,
    pub new_password: String,
}

/// `DELETE /api/account`: says the password again, because it can't be undone.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct DeleteAccount {
    pub password: String,
}

/// One of one's own sessions, as `GET /api/auth/sessions` lists them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct SessionInfo {
    pub session_id: SessionId,
    /// Whether this is the session that asks.
    pub current: bool,
    /// ISO 8601, UTC.
    pub created_at: String,
    /// ISO 8601, UTC; exact to a minute.
    pub last_used_at: String,
    /// ISO 8601, UTC: when it ends whatever happens.
    pub expires_at: String,
}

/// What most REST commands answer with.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Success {
    pub success: bool,
    pub message: String,
}
