//! How a request says who sends it: a bearer token, or the cookie that signing in set.

use actix_web::HttpRequest;
use actix_web::cookie::time::Duration;
use actix_web::cookie::{Cookie, SameSite};
use actix_web::http::header::{AUTHORIZATION, HOST, ORIGIN};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD};
use protocol::{ErrorCode, ErrorMessage};

use crate::Options;
use crate::origin;

/// The cookie that signing in sets and signing out clears.
pub const COOKIE: &str = "shardmesh_session";
/// Names under which tokens turn up in query strings, from where they leak into logs and histories.
const QUERY_NAMES: [&str; 4] = ["token", "session_token", "access_token", "auth_token"];

/// A token, and whether the browser sent it by itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Credential {
    pub token: String,
    /// A page of another origin could have caused the request: look at the `Origin`.
    pub from_cookie: bool,
}

/// What the request carries, if anything. A bearer token goes before the cookie.
pub fn of(request: &HttpRequest) -> Option<Credential> {
    let bearer =
        request.headers().get(AUTHORIZATION).and_then(|value| value.to_str().ok()).and_then(|value| {
            let (scheme, token) = value.split_once(' ')?;
            scheme.eq_ignore_ascii_case("bearer").then(|| token.trim().to_owned())
        });
    match bearer {
        Some(token) => Some(Credential { token, from_cookie: false }),
        None => request
            .cookie(COOKIE)
            .map(|cookie| Credential { token: cookie.value().to_owned(), from_cookie: true }),
    }
}

/// # Errors
/// A token in the query string, whatever it is worth.
pub fn refuse_query_tokens(request: &HttpRequest) -> Result<(), ErrorMessage> {
    let name_of = |pair: &str| pair.split('=').next().unwrap_or_default().to_ascii_lowercase();
    match request.query_string().split('&').map(name_of).find(|name| QUERY_NAMES.contains(&name.as_str())) {
        None => Ok(()),
        Some(name) => Err(ErrorMessage::new(
            ErrorCode::Invalid,
            format!("{name}: send the token as \"Authorization: Bearer …\"; in a URL it ends up in logs and histories"),
        )
        .with("field", name)),
    }
}

/// Whether the page that sent the request may act for its user. Without an `Origin` it is no page.
pub fn is_own_page(request: &HttpRequest, options: &Options) -> Option<bool> {
    let text = |name| request.headers().get(name).map(|value: &_| value.to_str().unwrap_or_default());
    text(ORIGIN).map(|found| {
        origin::is_allowed(found, text(HOST), options.public_url.as_deref(), &options.allowed_origins)
    })
}

/// # Errors
/// A request by cookie that changes something and does not come from a page that may.
pub fn check_page(
    request: &HttpRequest,
    credential: &Credential,
    options: &Options,
) -> Result<(), ErrorMessage> {
    let harmless = request.method().is_safe() || !credential.from_cookie;
    if harmless || is_own_page(request, options) == Some(true) {
        return Ok(());
    }
    Err(ErrorMessage::new(
        ErrorCode::Forbidden,
        "a request by cookie needs an Origin of this server; programs send \"Authorization: Bearer …\"",
    ))
}

/// What somebody is told whose token opens nothing.
pub fn unauthorized(credential: Option<&Credential>) -> ErrorMessage {
    let text = match credential {
        Some(credential) if is_titan_token(&credential.token) => {
            "Unauthorized: tokens made of base64(user_id:username) can be forged and are not accepted; \
             get one from POST /api/auth/login"
        }
        _ => "Unauthorized",
    };
    ErrorMessage::new(ErrorCode::Unauthorized, text).with("login", "/api/auth/login")
}

/// `base64(user_id:username)`, as the Titan-Net document builds them.
fn is_titan_token(token: &str) -> bool {
    let decoded = STANDARD.decode(token).or_else(|_| STANDARD_NO_PAD.decode(token));
    let Some(text) = decoded.ok().and_then(|bytes| String::from_utf8(bytes).ok()) else { return false };
    text.split_once(':').is_some_and(|(id, name)| {
        !id.is_empty() && !name.is_empty() && id.bytes().all(|byte| byte.is_ascii_digit())
    })
}

/// The cookie that keeps `token` in a browser, for this site alone and out of reach of scripts.
pub fn cookie(token: &str, options: &Options) -> Cookie<'static> {
    let age = i64::try_from(options.cookie_age.as_secs()).unwrap_or(i64::MAX);
    build(token.to_owned(), options, Duration::seconds(age))
}

/// Makes the browser forget.
pub fn no_cookie(options: &Options) -> Cookie<'static> {
    build(String::new(), options, Duration::ZERO)
}

fn build(value: String, options: &Options, age: Duration) -> Cookie<'static> {
    Cookie::build(COOKIE, value)
        .path("/")
        .http_only(true)
        .same_site(SameSite::Strict)
        .secure(options.secure_cookies)
        .max_age(age)
        .finish()
}

#[cfg(test)]
mod tests {
    use actix_web::cookie::Cookie;
    use actix_web::test::TestRequest;

    use super::{COOKIE, Credential, check_page, cookie, of, refuse_query_tokens, unauthorized};
    use crate::Options;

    #[test]
    fn a_bearer_token_goes_before_the_cookie() {
        let request = TestRequest::default().cookie(Cookie::new(COOKIE, "c"));
        assert_eq!(of(&request.to_http_request()), Some(Credential { token: "c".into(), from_cookie: true }));
        let request = TestRequest::default()
            .cookie(Cookie::new(COOKIE, "c"))
            .insert_header(("authorization", "bearer  b"))
            .to_http_request();
        assert_eq!(of(&request), Some(Credential { token: "b".into(), from_cookie: false }));
        let request = TestRequest::default().insert_header(("authorization", "Basic eA==")).to_http_request();
        assert_eq!(of(&request), None);
    }

    #[test]
    fn a_token_in_a_url_is_refused() {
        for (uri, allowed) in
            [("/x", true), ("/x?limit=5", true), ("/x?a=1&token=t", false), ("/x?Session_Token=t", false)]
        {
            let request = TestRequest::with_uri(uri).to_http_request();
            assert_eq!(refuse_query_tokens(&request).is_ok(), allowed, "{uri}");
        }
    }

    #[test]
    fn by_cookie_only_own_pages_change_anything() {
        let options = Options::default();
        let credential = |from_cookie| Credential { token: "t".into(), from_cookie };
        for (method, origin, from_cookie, allowed) in [
            ("GET", None, true, true),
            ("POST", None, true, false),
            ("POST", Some("http://localhost:8080"), true, true),
            ("POST", Some("http://evil.example"), true, false),
            ("DELETE", Some("null"), true, false),
            ("POST", Some("http://evil.example"), false, true),
        ] {
            let mut request = TestRequest::default()
                .method(method.parse().unwrap())
                .insert_header(("host", "localhost:8080"));
            if let Some(origin) = origin {
                request = request.insert_header(("origin", origin));
            }
            let found = check_page(&request.to_http_request(), &credential(from_cookie), &options);
            assert_eq!(found.is_ok(), allowed, "{method} {origin:?} {from_cookie}");
        }
    }

    #[test]
    fn the_old_kind_of_token_is_told_where_to_sign_in() {
        let told = |token: &str| {
            unauthorized(Some(&Credential { token: token.into(), from_cookie: false })).error_message
        };
        // base64 of "1:admin".
        assert!(told("MTphZG1pbg==").contains("POST /api/auth/login"));
        assert!(told("MTphZG1pbg").contains("POST /api/auth/login"));
        assert_eq!(told("something else"), "Unauthorized");
        assert_eq!(unauthorized(None).error_message, "Unauthorized");
    }

    #[test]
    fn the_cookie_is_out_of_reach_of_scripts_and_other_sites() {
        let mut options = Options::default();
        let text = cookie("t", &options).to_string();
        assert_eq!(text, "shardmesh_session=t; HttpOnly; SameSite=Strict; Path=/; Max-Age=3600");
        options.secure_cookies = true;
        assert!(cookie("t", &options).to_string().contains("; Secure"));
    }
}
