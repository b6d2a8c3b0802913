//! `/api/auth/*` and `/api/account`: registering, signing in and out, one's own sessions.

use actix_web::HttpResponse;
use protocol::auth::{ChangePassword, DeleteAccount, LoggedIn, Logout, Success};
use protocol::{ErrorCode, ErrorMessage, SessionId};
use serde::Deserialize;
use serde_json::json;

use crate::call::{Answer, Call, ok, text};
use crate::credentials::{self, Credential};

/// As the documents have it: what is missing is said in one sentence, not by the type.
#[derive(Deserialize)]
struct Asked {
    username: Option<String>,
    password: Option<String>,
}

impl Asked {
    fn both(self) -> Result<(String, String), ErrorMessage> {
        let missing = |field: &str| {
            ErrorMessage::new(ErrorCode::Invalid, "Username and password required").with("field", field)
        };
        let given = |text: Option<String>| text.filter(|text| !text.is_empty());
        let username = given(self.username).ok_or_else(|| missing("username"))?;
        let password = given(self.password).ok_or_else(|| missing("password"))?;
        Ok((username, password))
    }
}

fn success(message: &str) -> Success {
    Success { success: true, message: message.to_owned() }
}

/// `POST /api/auth/register`.
pub async fn register(call: Call) -> Answer {
    let (username, password) = call.json::<Asked>()?.both()?;
    call.edge.world.register(&username, &password, &call.address()).await?;
    ok(&success("Registration successful. Please login."))
}

/// `POST /api/auth/login`.
pub async fn login(call: Call) -> Answer {
    let (username, password) = call.json::<Asked>()?.both()?;
    let signed_in = call.edge.world.sign_in(&username, &password, &call.address()).await?;
    let (request, address) = (&call.arrival.request_id, call.arrival.ip);
    log::info!("session {}: signed in from {address}, request={request}", signed_in.session_id);
    let token = signed_in.token.as_str();
    Ok(HttpResponse::Ok().cookie(credentials::cookie(token, &call.edge.options)).json(LoggedIn {
        success: true,
        session_token: token.to_owned(),
        player_id: signed_in.account_id,
        username: signed_in.username,
        message: "Login successful".to_owned(),
    }))
}

/// `POST /api/auth/logout`. A token that has ended already is as signed out as one can be.
pub async fn logout(call: Call) -> Answer {
    let named = if call.body.is_empty() { None } else { call.json::<Logout>()?.session_token };
    let credential = match named {
        Some(token) => Credential { token, from_cookie: false },
        None => credentials::of(&call.request).ok_or_else(|| credentials::unauthorized(None))?,
    };
    credentials::check_page(&call.request, &credential, &call.edge.options)?;
    match call.edge.world.authenticate(&credential.token).await {
        Ok(who) => call.edge.world.sign_out(who.account_id, who.session_id).await?,
        Err(error) if error.error_code == ErrorCode::Unauthorized => {}
        Err(error) => return Err(error),
    }
    Ok(forgetting(&call, "Logged out"))
}

/// Answers success, and makes the browser forget its cookie.
fn forgetting(call: &Call, message: &str) -> HttpResponse {
    HttpResponse::Ok().cookie(credentials::no_cookie(&call.edge.options)).json(success(message))
}

/// `POST /api/auth/password`.
pub async fn change_password(call: Call) -> Answer {
    let asked: ChangePassword = call.json()?;
    let (world, address) = (&call.edge.world, call.address());
    let answer = success("Password changed. Your other sessions have ended.");
    let kept = text(&answer);
    let keep = call.keep(move |_| kept);
    world.change_password(call.who()?, &asked.old_password, &asked.new_password, &address, keep).await?;
    ok(&answer)
}

/// `GET /api/auth/sessions`.
pub async fn sessions(call: Call) -> Answer {
    let who = call.who()?;
    let sessions = call.edge.world.sessions_of(who.account_id, who.session_id).await?;
    ok(&json!({"sessions": sessions}))
}

/// `DELETE /api/auth/sessions/{id}`.
pub async fn end_session(call: Call) -> Answer {
    let who = call.who()?;
    let session = uuid::Uuid::parse_str(call.part("id")).map(SessionId).map_err(|_| {
        ErrorMessage::new(ErrorCode::Invalid, "id: expected a session_id of GET /api/auth/sessions")
            .with("field", "id")
    })?;
    call.edge.world.sign_out(who.account_id, session).await?;
    if session == who.session_id {
        return Ok(forgetting(&call, "Session ended"));
    }
    ok(&success("Session ended"))
}

/// `DELETE /api/account`.
pub async fn delete_account(call: Call) -> Answer {
    let asked: DeleteAccount = call.json()?;
    call.edge.world.delete_account(call.who()?, &asked.password, &call.address()).await?;
    Ok(forgetting(&call, "Account deleted"))
}
