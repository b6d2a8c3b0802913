//! Whatever arrives, the answer names what is wrong with it, and the server goes on for everybody else.

use protocol::messages::Vocabulary;
use reqwest::Method;
use serde_json::{Map, Value, json};

use crate::harness::people::{PASSWORD, text};
use crate::harness::server::Server;
use crate::harness::socket::Socket;

/// What is put in the place of a value. Everything is wrong for most fields, and nothing may do harm in any.
fn bad_values() -> Vec<Value> {
    let mut deep = json!(1);
    for _ in 0..40 {
        deep = json!([deep]);
    }
    vec![
        Value::Null,
        json!(true),
        json!(-1),
        json!(0),
        json!(9_223_372_036_854_775_808_u64),
        json!(-9_007_199_254_740_993_i64),
        json!(1.5),
        json!(1e308),
        json!(""),
        json!("a".repeat(5000)),
        json!("\u{0}\u{202e}\u{fffd}'; DROP TABLE accounts; --"),
        json!([]),
        json!([1, "a", null]),
        json!({}),
        json!({"x": {}}),
        deep,
    ]
}

/// `good` with each field missing, and with each field made each kind of wrong.
fn made_wrong(good: &Map<String, Value>) -> Vec<(String, Map<String, Value>)> {
    let mut all = Vec::new();
    for field in good.keys() {
        let mut without = good.clone();
        without.remove(field);
        all.push((format!("{field} missing"), without));
        for value in bad_values() {
            let mut with = good.clone();
            with.insert(field.clone(), value.clone());
            let shown: String = value.to_string().chars().take(40).collect();
            all.push((format!("{field} = {shown}"), with));
        }
    }
    all
}

/// Texts that are no message and no body at all.
fn no_json() -> Vec<Vec<u8>> {
    let mut all: Vec<Vec<u8>> = [
        "",
        " ",
        "{",
        "}",
        "null",
        "1",
        "\"text\"",
        "[]",
        "[{}]",
        "{\"a\":1}}",
        "{\"a\":NaN}",
        "{\"a\":Infinity}",
        "{\"a\":1e999}",
        "{'a':1}",
        "{\"a\":\"\\ud800\"}",
        "{\"a\":01}",
        "{\"a\":1,}",
        "\u{feff}{}",
        "{\"a\":\"\n\"}",
    ]
    .iter()
    .map(|text| text.as_bytes().to_vec())
    .collect();
    all.push("[".repeat(10_000).into_bytes());
    all.push(format!("{}1{}", "{\"a\":".repeat(200), "}".repeat(200)).into_bytes());
    all
}

#[tokio::test]
async fn no_client_message_made_wrong_does_harm() {
    let mut server = Server::start();
    let (_, mut witness) = server.v1().await;
    for v1 in [false, true] {
        let (player, mut socket) = if v1 { server.v1().await } else { server.classic().await };
        let mut asked = 0;
        for message in protocol::examples::client() {
            let body = message.write(serde_json::value::Serializer).unwrap();
            if ["auth_request", "disconnect", "character_delete"].contains(&message.name()) {
                continue;
            }
            for (what, wrong) in made_wrong(body.as_object().unwrap()) {
                asked += 1;
                let answer = if what.contains("[[[[") {
                    // Not read at all, and so not by its name either.
                    socket.say(message.name(), Value::Object(wrong)).await;
                    socket.hear("error").await
                } else {
                    socket.ask(message.name(), &asked.to_string(), Value::Object(wrong)).await
                };
                let case = format!("{} with {what}: {answer}", message.name());
                assert!(
                    case.len() < 1000 || answer["type"] != "error",
                    "what was sent is not sent back: {case}"
                );
                assert_ne!(answer["error_code"], "INTERNAL", "{case}");
                if answer["error_code"] == "PROTOCOL_ERROR" || answer["error_code"] == "INVALID" {
                    let deep = text(&answer["error_message"]).contains("nested deeper");
                    assert!(deep || answer["details"]["field"].is_string(), "the field is named: {case}");
                }
            }
        }
        assert!(asked > 500, "{asked}");
        let select = json!({"character_id": player.character});
        assert_eq!(socket.ask("character_select", "back", select).await["type"], "character_select");
    }
    assert_eq!(witness.ask("ping", "w", json!({})).await["type"], "pong");
    server.expect_well().await;
}

#[tokio::test]
async fn what_is_no_message_is_told_the_documented_reason() {
    let mut server = Server::start();
    let (_, mut socket) = server.classic().await;
    for bytes in no_json() {
        let Ok(wrong) = String::from_utf8(bytes) else { continue };
        socket.say_text(&wrong).await;
        let error = socket.hear("error").await;
        assert_eq!(error["error_code"], "PROTOCOL_ERROR", "{wrong:.60}: {error}");
    }
    for (sent, reason) in [
        ("nope", "Invalid JSON: "),
        (
            "{\"type\":\"ping\"}",
            "Failed to deserialize message: Unsupported protocol version: unknown. Supported: ['1.0.0']",
        ),
        (
            "{\"type\":\"ping\",\"version\":\"2.0.0\"}",
            "Failed to deserialize message: Unsupported protocol version: 2.0.0. Supported: ['1.0.0']",
        ),
        (
            "{\"type\":\"nope\",\"version\":\"1.0.0\"}",
            "Failed to deserialize message: Unknown message type: nope",
        ),
        ("{\"version\":\"1.0.0\"}", "Failed to deserialize message: Unknown message type: unknown"),
        ("{\"type\":\"chat\",\"version\":\"1.0.0\"}", "Message validation failed: content: "),
    ] {
        socket.say_text(sent).await;
        let error = socket.hear("error").await;
        assert!(text(&error["error_message"]).starts_with(reason), "{sent}: {error}");
    }
    for message in protocol::examples::server() {
        if protocol::ClientMessage::NAMES.contains(&message.name()) {
            continue;
        }
        let body = message.write(serde_json::value::Serializer).unwrap();
        let refused = socket.ask(message.name(), message.name(), body).await;
        assert_eq!(refused["error_code"], "PROTOCOL_ERROR", "only the server says {}", message.name());
    }
    for id in [json!(""), json!("x".repeat(65)), json!(5), json!([])] {
        let mut message = json!({"type": "ping", "version": "1.0.0"});
        message["message_id"] = id;
        socket.say_text(&message.to_string()).await;
        assert_eq!(socket.hear("error").await["details"]["field"], "message_id");
    }
    server.expect_well().await;
}

/// What a body looks like that each route would take. A new route that reads one has no line here, and the test fails.
fn good_body(method: &str, path: &str) -> Value {
    match (method, path) {
        ("POST", "/api/auth/register" | "/api/auth/login") => {
            json!({"username": "somebody", "password": PASSWORD})
        }
        ("POST", "/api/auth/logout") => json!({"session_token": "none"}),
        ("POST", "/api/auth/password") => json!({"old_password": "not mine", "new_password": PASSWORD}),
        ("DELETE", "/api/account") => json!({"password": "not mine"}),
        ("POST", "/api/characters") => json!({
            "name": "Mira", "race": "Elf", "class": "Rogue", "faction": "Golden Order", "method": "point_buy",
            "stats": {"strength": 10, "dexterity": 10, "intelligence": 10, "constitution": 10, "wisdom": 10, "charisma": 10},
        }),
        ("POST", "/api/characters/select") => json!({"character_id": 1}),
        ("POST", "/api/blocks") => json!({"character_id": 1, "character_name": "Mira"}),
        ("POST", "/api/party/create") => json!({"party_name": "Us", "loot_sharing": "equal"}),
        ("POST", "/api/party/invite") => json!({"invitee_id": 1}),
        ("POST", "/api/party/accept" | "/api/party/decline") => json!({"party_id": 1}),
        ("POST", "/api/party/leave" | "/api/party/disband") => json!({}),
        ("POST", "/api/party/kick") => json!({"character_id": 1}),
        ("POST", "/api/admin/announcements") => json!({"content": "hello"}),
        ("POST", "/api/admin/events") => json!({"title": "A day", "description": "Nothing happens."}),
        _ => panic!("give {method} {path} a good body here, to be made wrong"),
    }
}

#[tokio::test]
async fn no_body_made_wrong_does_harm() {
    let mut server = Server::start();
    let person = server.person().await;
    for route in handlers::routes::ROUTES.iter().filter(|route| route.body != handlers::routes::Body::None) {
        let good = good_body(route.method.as_str(), route.path);
        let mut bodies: Vec<(String, Vec<u8>)> = made_wrong(good.as_object().unwrap())
            .into_iter()
            .map(|(what, body)| (what, Value::Object(body).to_string().into_bytes()))
            .collect();
        bodies.extend(no_json().into_iter().map(|bytes| ("no JSON".to_owned(), bytes)));
        bodies
            .push(("no UTF-8".to_owned(), b"{\"username\":\"\xff\xfe\",\"password\":\"\xc3\x28\"}".to_vec()));
        bodies.push(("huge".to_owned(), vec![b' '; 65_537]));
        bodies.push((
            "huge text".to_owned(),
            format!("{{\"username\":\"{}\"}}", "a".repeat(65_000)).into_bytes(),
        ));
        for (what, body) in bodies {
            let method: Method = route.method.as_str().parse().unwrap();
            let request = server.request(method, route.path).bearer_auth(&person.token);
            let answer = Server::send(request.header("content-type", "application/json").body(body)).await;
            let case = format!("{} {} with {what}: {answer:?}", route.method, route.path);
            assert!(answer.status < 500, "{case}");
            if answer.status == 400 && !what.starts_with("no ") && !what.contains("[[[[") {
                assert!(answer.body["field"].is_string(), "the field is named: {case}");
            }
        }
    }
    server.expect_well().await;
}

#[tokio::test]
async fn methods_paths_and_queries_made_wrong_are_4xx() {
    let mut server = Server::start();
    let person = server.person().await;
    for (method, path, status) in [
        ("PATCH", "/api/characters", 405),
        ("PUT", "/api/auth/login", 405),
        ("GET", "/api/auth/login", 405),
        ("TRACE", "/api/status", 405),
        ("BREW", "/api/status", 405),
        ("GET", "/api", 404),
        ("GET", "/../../etc/passwd", 404),
        ("GET", "/api/characters/1/2", 404),
        ("DELETE", "/api/characters/x", 400),
        ("DELETE", "/api/characters/99999999999999999999", 400),
        ("DELETE", "/api/characters/-1", 404),
        ("DELETE", "/api/auth/sessions/nope", 400),
        ("GET", "/api/world/events?limit=0", 400),
        ("GET", "/api/world/events?limit=-1", 400),
        ("GET", "/api/world/events?limit=x", 400),
        ("GET", "/api/world/events?limit=99999999999", 400),
        ("GET", "/api/world/events?limit=4294967295", 200),
        ("GET", "/api/status?session_token=abc", 400),
    ] {
        let request = server.request(method.parse().unwrap(), path).bearer_auth(&person.token);
        let answer = Server::send(request).await;
        assert_eq!(answer.status, status, "{method} {path}: {answer:?}");
        if status == 405 && method != "TRACE" && method != "BREW" {
            assert!(answer.header("allow").contains("OPTIONS"), "{method} {path}: {answer:?}");
        }
    }
    let form = server.request(Method::POST, "/api/auth/login").body("username=a&password=b");
    let form = Server::send(form.header("content-type", "application/x-www-form-urlencoded")).await;
    assert_eq!((form.status, &form.body["field"]), (400, &json!("content-type")));
    server.expect_well().await;
}

#[tokio::test]
async fn no_secret_reaches_the_log() {
    let server = Server::with(&[("logs.level", "trace"), ("p2p.encryption_key", "canary-encryption-key")]);
    let canary = "canary-password-1";
    let who = json!({"username": "ann", "password": canary});
    server.post("/api/auth/register", None, &who).await.expect();
    let token = text(&server.post("/api/auth/login", None, &who).await.expect()["session_token"]);
    let wrong = json!({"username": "ann", "password": "canary-password-2"});
    assert_eq!(server.post("/api/auth/login", None, &wrong).await.status, 401);
    let change = json!({"old_password": canary, "new_password": "canary-password-3"});
    server.post("/api/auth/password", Some(&token), &change).await.expect();
    let body = json!({"username": ["canary-password-4"], "password": {"canary-password-5": 1}});
    assert_eq!(server.post("/api/auth/login", None, &body).await.status, 400);
    server.get("/api/status?session_token=canary-token-6", None).await;
    server.get("/api/status", Some("canary-token-7")).await;
    let mut socket = Socket::classic(&server).await;
    socket.ask_in(&json!({"username": "ann", "password": "canary-password-8"})).await;
    socket.sign_in(&token).await;
    socket.say_text("{\"type\":\"auth_request\",\"password\":\"canary-password-9\"").await;
    socket.hear("error").await;
    let made = crate::harness::program::run(server.directory().path(), &["admin", "create", "chief"])
        .expect_success();
    let password = made.lines().next().unwrap().split_whitespace().last().unwrap().to_owned();
    let log = server.stop().await.log();
    assert!(log.contains("TRACE"), "it is all there");
    for secret in [token.as_str(), "canary", &password] {
        let at = log.find(secret).map(|at| &log[at.saturating_sub(200)..(at + 200).min(log.len())]);
        assert_eq!(at, None, "{secret}");
    }
}
