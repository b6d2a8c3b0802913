//! Signing in: every way that is documented, what is said to those who can't, and what nobody may before.

use std::time::Duration;

use protocol::messages::Vocabulary;
use reqwest::Method;
use serde_json::{Value, json};

use crate::harness::people::{PASSWORD, text};
use crate::harness::server::Server;
use crate::harness::shapes::expect_keys;
use crate::harness::socket::Socket;

#[tokio::test]
async fn registering_and_signing_in_answer_as_documented() {
    let server = Server::start();
    let who = json!({"username": "ann", "password": PASSWORD});
    let registered = server.post("/api/auth/register", None, &who).await.expect();
    assert_eq!(registered, json!({"success": true, "message": "Registration successful. Please login."}));
    let signed_in = server.post("/api/auth/login", None, &who).await.expect();
    expect_keys(&signed_in, &["success", "session_token", "player_id", "username", "message"]);
    assert_eq!(signed_in["message"], "Login successful");
    assert_eq!(signed_in["username"], "ann");
    assert_eq!(text(&signed_in["session_token"]).len(), 43);
    let out = json!({"session_token": signed_in["session_token"]});
    let out = server.post("/api/auth/logout", None, &out).await.expect();
    assert_eq!(out, json!({"success": true, "message": "Logged out"}));
}

#[tokio::test]
async fn what_is_missing_or_wrong_is_said_in_the_documented_words() {
    let server = Server::start();
    server.register("ann").await;
    for (path, body, status, message) in [
        ("login", json!({"username": "ann"}), 400, "Username and password required"),
        ("login", json!({"password": "x"}), 400, "Username and password required"),
        ("login", json!({}), 400, "Username and password required"),
        ("register", json!({"username": "", "password": ""}), 400, "Username and password required"),
        (
            "login",
            json!({"username": "ann", "password": "wrong one"}),
            401,
            "unknown user name or wrong password",
        ),
        (
            "login",
            json!({"username": "bob", "password": "wrong one"}),
            401,
            "unknown user name or wrong password",
        ),
    ] {
        let answer = server.post(&format!("/api/auth/{path}"), None, &body).await;
        assert_eq!(answer.status, status, "{answer:?}");
        assert_eq!(answer.body["success"], false);
        assert_eq!(answer.body["message"], message);
    }
    let taken = json!({"username": "ANN", "password": PASSWORD});
    let taken = server.post("/api/auth/register", None, &taken).await;
    assert_eq!((taken.status, &taken.body["code"]), (409, &json!("NAME_TAKEN")));
    let short = json!({"username": "bob", "password": "12345"});
    let short = server.post("/api/auth/register", None, &short).await;
    assert_eq!((short.status, &short.body["field"]), (400, &json!("password")));
    let bad = server.request(Method::POST, "/api/auth/login").header("content-type", "application/json");
    let bad = Server::send(bad.body("{nope")).await;
    assert_eq!(bad.status, 400);
    assert!(text(&bad.body["message"]).contains("Invalid JSON"), "{bad:?}");
}

#[tokio::test]
async fn a_socket_signs_in_by_token_or_by_password() {
    let server = Server::start();
    let person = server.person().await;
    let by_token = json!({"username": "", "password": "", "session_token": person.token});
    let by_name = json!({"username": person.username, "password": PASSWORD});
    let nulls = json!({"username": null, "password": null, "session_token": person.token});
    for body in [by_token, by_name, nulls] {
        let answer = Socket::classic(&server).await.ask_in(&body).await;
        assert_eq!(answer["success"], true, "{answer}");
        assert_eq!(answer["message"], "WebSocket authenticated");
        assert_eq!(answer["player_id"], person.player_id);
        let token = text(&answer["session_token"]);
        let again = server.get("/api/characters", Some(&token)).await;
        assert_eq!(again.status, 200, "the token that came back is good over REST");
        let v1 = Socket::v1(&server).await.ask_in(&body).await;
        assert_eq!(v1["success"], true, "{v1}");
        assert!(v1["session_id"].is_string() && v1["last_seq"].is_u64(), "{v1}");
    }
}

#[tokio::test]
async fn a_socket_that_can_not_sign_in_is_told_why_and_may_try_again() {
    let server = Server::start();
    let person = server.person().await;
    let wrong = "A".repeat(43);
    let mut socket = Socket::classic(&server).await;
    for (body, message) in [
        (json!({"session_token": wrong}), "Invalid session token"),
        (json!({"username": "", "password": ""}), "Session token required"),
    ] {
        let answer = socket.ask_in(&body).await;
        assert_eq!((&answer["success"], &answer["message"]), (&json!(false), &json!(message)));
        assert_eq!(answer["session_token"], Value::Null);
    }
    socket.sign_in(&person.token).await;
    let mut socket = Socket::classic(&server).await;
    let wrong = json!({"username": person.username, "password": "wrong one"});
    assert_eq!(socket.ask_in(&wrong).await["error_code"], "BAD_CREDENTIALS");
    let forged = json!({"session_token": "MTphZG1pbg=="});
    assert_eq!(socket.ask_in(&forged).await["message"], "Invalid session token");
}

#[tokio::test]
async fn headers_of_the_upgrade_sign_in_too() {
    let server = Server::start();
    let player = server.player().await;
    let bearer = format!("Bearer {}", player.person.token);
    let mut socket = Socket::open(&server, &[("authorization", &bearer)]).await.unwrap();
    assert_eq!(socket.hear("auth_response").await["player_id"], player.person.player_id);
    socket.hear("location_update").await;
    let wrong = Socket::open(&server, &[("authorization", "Bearer nonsense")]).await;
    assert_eq!(wrong.err().map(|status| status.as_u16()), Some(401));
    let in_url = server.get(&format!("/ws?token={}", player.person.token), None).await;
    assert_eq!((in_url.status, &in_url.body["field"]), (400, &json!("token")));
}

#[tokio::test]
async fn a_cookie_kept_from_signing_in_signs_in() {
    let server = Server::start();
    let person = server.person().await;
    let body = json!({"username": person.username, "password": PASSWORD});
    let answer = server.post("/api/auth/login", None, &body).await;
    let cookie = answer.header("set-cookie").to_owned();
    for part in ["HttpOnly", "SameSite=Strict", "Path=/"] {
        assert!(cookie.contains(part), "{cookie}");
    }
    let cookie = cookie.split(';').next().unwrap();
    let own = format!("http://{}", server.address);
    for headers in [&[("cookie", cookie)][..], &[("cookie", cookie), ("origin", own.as_str())]] {
        let mut socket = Socket::open(&server, headers).await.unwrap();
        assert_eq!(socket.hear("auth_response").await["success"], true);
    }
    // Reading is fine; changing something needs a page of ours.
    let list = server.request(Method::GET, "/api/characters").header("cookie", cookie);
    assert_eq!(Server::send(list).await.status, 200);
    let create = |origin: Option<&str>| {
        let request = server.request(Method::POST, "/api/characters/select").header("cookie", cookie);
        let request = request.json(&json!({"character_id": 1}));
        match origin {
            Some(origin) => request.header("origin", origin),
            None => request,
        }
    };
    assert_eq!(Server::send(create(None)).await.status, 403);
    assert_eq!(Server::send(create(Some("http://evil.example"))).await.status, 403);
    assert_eq!(Server::send(create(Some(&own))).await.status, 404);
    let out = server.request(Method::POST, "/api/auth/logout").header("cookie", cookie);
    let out = Server::send(out.header("origin", &own)).await;
    assert_eq!(out.status, 200);
    assert!(out.header("set-cookie").contains("Max-Age=0"), "{out:?}");
    let mut guest = Socket::open(&server, &[("cookie", cookie)]).await.unwrap();
    assert_eq!(
        guest.ask_in(&json!({})).await["message"],
        "Session token required",
        "a stale cookie is nobody"
    );
}

#[tokio::test]
async fn pages_of_other_origins_may_not_connect() {
    let server = Server::with(&[("server.allowed_origins", "https://game.example")]);
    let own = format!("http://{}", server.address);
    for (origin, allowed) in [
        (own.as_str(), true),
        ("https://game.example", true),
        ("http://game.example", false),
        ("https://evil.example", false),
        ("null", false),
    ] {
        let opened = Socket::open(&server, &[("origin", origin)]).await;
        assert_eq!(opened.err().map(|status| status.as_u16()), (!allowed).then_some(403), "{origin}");
    }
}

#[tokio::test]
async fn nothing_but_auth_and_ping_passes_before_signing_in() {
    let server = Server::start();
    let passes = ["auth_request", "resume", "ping", "pong", "disconnect"];
    for message in protocol::examples::client() {
        if passes.contains(&message.name()) {
            continue;
        }
        let body = message.write(serde_json::value::Serializer).unwrap();
        for mut socket in [Socket::classic(&server).await, Socket::v1(&server).await] {
            let answer = socket.ask(message.name(), "early", body.clone()).await;
            assert_eq!(answer["type"], "error", "{answer}");
            assert_eq!(answer["error_code"], "UNAUTHORIZED", "{}: {answer}", message.name());
            assert_eq!(socket.ask("ping", "p", json!({})).await["type"], "pong");
        }
    }
}

#[tokio::test]
async fn guests_may_say_three_things_and_four_kibibytes() {
    let server = Server::start();
    let mut socket = Socket::classic(&server).await;
    for id in ["1", "2", "3"] {
        assert_eq!(socket.ask("ping", id, json!({})).await["type"], "pong");
    }
    socket.say("ping", json!({})).await;
    assert_eq!(socket.closed().await.code, Some(4002));
    let mut socket = Socket::classic(&server).await;
    socket.say_text(&"x".repeat(4097)).await;
    assert_eq!(socket.closed().await.code, Some(4002));
}

#[tokio::test]
async fn who_does_not_sign_in_in_time_is_closed() {
    let server = Server::with(&[("ws.preauth_secs", "1")]);
    let closed = Socket::classic(&server).await.closed().await;
    assert_eq!(closed.code, Some(4002), "{closed:?}");
}

#[tokio::test]
async fn signing_in_again_is_fine_and_becoming_somebody_else_is_not() {
    let server = Server::start();
    let (player, mut socket) = server.classic().await;
    let other = server.person().await;
    let again = json!({"username": player.person.username, "password": PASSWORD});
    assert_eq!(socket.ask_in(&again).await["success"], true);
    assert_eq!(socket.sign_in(&player.person.token).await["player_id"], player.person.player_id);
    let answer = socket.ask_in(&json!({"session_token": other.token})).await;
    assert_eq!((&answer["success"], &answer["error_code"]), (&json!(false), &json!("FORBIDDEN")));
    assert_eq!(socket.ask("chat", "c", json!({"content": "still me"})).await["sender_id"], player.character);
}

#[tokio::test]
async fn sessions_can_be_listed_and_ended_and_take_their_sockets_with_them() {
    let server = Server::start();
    let (player, mut socket) = server.classic().await;
    let other = server.login(&player.person.username).await;
    let list = server.get("/api/auth/sessions", Some(&other.token)).await.expect();
    let sessions = list["sessions"].as_array().unwrap();
    assert_eq!(sessions.len(), 2);
    for session in sessions {
        expect_keys(session, &["session_id", "current", "created_at", "last_used_at", "expires_at"]);
    }
    let first = sessions.iter().find(|session| session["current"] == false).unwrap();
    let path = format!("/api/auth/sessions/{}", text(&first["session_id"]));
    server.delete(&path, Some(&other.token)).await.expect();
    assert_eq!(socket.closed().await.code, Some(4004));
    assert_eq!(server.get("/api/characters", Some(&player.person.token)).await.status, 401);
    assert_eq!(server.delete(&path, Some(&other.token)).await.status, 404);
}

#[tokio::test]
async fn a_new_password_ends_other_sessions_and_only_the_new_one_works() {
    let server = Server::start();
    let (player, mut socket) = server.classic().await;
    let other = server.login(&player.person.username).await;
    let wrong = json!({"old_password": "wrong one", "new_password": "another horse"});
    assert_eq!(server.post("/api/auth/password", Some(&other.token), &wrong).await.status, 401);
    let change = json!({"old_password": PASSWORD, "new_password": "another horse"});
    server.post("/api/auth/password", Some(&other.token), &change).await.expect();
    assert_eq!(socket.closed().await.code, Some(4004));
    assert_eq!(server.get("/api/characters", Some(&player.person.token)).await.status, 401);
    assert_eq!(server.get("/api/characters", Some(&other.token)).await.status, 200);
    for (password, status) in [(PASSWORD, 401), ("another horse", 200)] {
        let body = json!({"username": player.person.username, "password": password});
        assert_eq!(server.post("/api/auth/login", None, &body).await.status, status);
    }
}

#[tokio::test]
async fn a_deleted_account_is_gone_with_its_characters() {
    let server = Server::start();
    let (player, mut socket) = server.classic().await;
    let request = |password: &str| {
        let request = server.request(Method::DELETE, "/api/account").bearer_auth(&player.person.token);
        request.json(&json!({"password": password}))
    };
    assert_eq!(Server::send(request("wrong one")).await.status, 401);
    Server::send(request(PASSWORD)).await.expect();
    assert_eq!(socket.closed().await.code, Some(4004));
    let body = json!({"username": player.person.username, "password": PASSWORD});
    assert_eq!(server.post("/api/auth/login", None, &body).await.status, 401);
    assert_eq!(server.get("/api/characters", Some(&player.person.token)).await.status, 401);
}

#[tokio::test]
async fn an_account_has_so_many_sessions_and_the_oldest_gives_way() {
    let server = Server::with(&[
        ("limits.enabled", "true"),
        ("limits.login_account_ip", "100/s burst 100"),
        ("session.per_account", "2"),
    ]);
    let person = server.person().await;
    let mut socket = Socket::classic(&server).await;
    socket.sign_in(&person.token).await;
    server.login(&person.username).await;
    server.login(&person.username).await;
    let closed = socket.closed().await;
    assert_eq!(closed.code, Some(4001), "{closed:?}");
    let told = socket.heard("disconnect");
    assert_eq!(told.len(), 1, "the older is told why");
    assert_eq!(told[0]["code"], 4001);
    assert_eq!(server.get("/api/characters", Some(&person.token)).await.status, 401);
}

#[tokio::test]
async fn guessing_passwords_is_slowed_down_and_does_not_lock_the_owner_out() {
    let server = Server::with(&[("limits.enabled", "true"), ("limits.login_account_ip", "1/h burst 3")]);
    server.register("ann").await;
    let guess = json!({"username": "ann", "password": "wrong one"});
    for _ in 0..3 {
        assert_eq!(server.post("/api/auth/login", None, &guess).await.status, 401);
    }
    let limited = server.post("/api/auth/login", None, &guess).await;
    assert_eq!((limited.status, &limited.body["code"]), (429, &json!("RATE_LIMITED")));
    let wait: u64 = limited.header("retry-after").parse().unwrap();
    assert!(Duration::from_secs(wait) <= Duration::from_secs(3600) && wait > 0);
    assert!(limited.body["retry_after_ms"].as_u64().unwrap() > 0);
    let socket = Socket::classic(&server).await.ask_in(&guess).await;
    assert_eq!(socket["error_code"], "RATE_LIMITED");
    assert!(socket["retry_after_ms"].as_u64().unwrap() > 0);
    // Another account from the same address is not held up.
    server.register("bob").await;
    server.login("bob").await;
}

#[tokio::test]
async fn strangers_everywhere_can_not_keep_the_owner_out_even_over_a_restart() {
    // One machine plays everybody: the proxy it trusts is itself.
    let settings =
        [("limits.enabled", "true"), ("proxy.trusted", "127.0.0.1"), ("limits.login_account", "3/h burst 3")];
    let from = async |server: &Server, address: &str, path: &str, password: &str| {
        let who = json!({"username": "ann", "password": password});
        let request = server.request(Method::POST, path).header("x-forwarded-for", address).json(&who);
        Server::send(request).await.status
    };
    let server = Server::with(&settings);
    assert_eq!(from(&server, "1.1.1.1", "/api/auth/register", PASSWORD).await, 200);
    let directory = server.stop().await;
    let server = Server::start_in(&directory, &settings);
    let mut refused = 0;
    for stranger in 1..=6 {
        let status = from(&server, &format!("2.2.{stranger}.2"), "/api/auth/login", "a wrong one").await;
        refused += usize::from(status == 429);
    }
    assert_eq!(refused, 3, "strangers wait once so many have failed");
    assert_eq!(
        from(&server, "3.3.3.3", "/api/auth/login", PASSWORD).await,
        429,
        "and so does she, from elsewhere"
    );
    assert_eq!(
        from(&server, "1.1.1.1", "/api/auth/login", PASSWORD).await,
        200,
        "but not where she was before"
    );
}
