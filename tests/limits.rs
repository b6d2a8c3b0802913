//! Rates and counts: what is too much is refused with the time to wait, and `[limits] enabled = false` lifts it.

use protocol::encryption::Cipher;
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::Message;

use crate::harness::server::Server;
use crate::harness::socket::Socket;

/// Limits on, with rates that refill so slowly that no test waits long enough to notice.
fn limited(also: &[(&'static str, &'static str)]) -> Server {
    let mut settings = vec![("limits.enabled", "true")];
    for generous in ["login_account_ip", "login_ip", "login_account", "register_ip", "register_ip_day"] {
        if !also.iter().any(|(name, _)| name.ends_with(generous)) {
            let name = match generous {
                "login_account_ip" => "limits.login_account_ip",
                "login_ip" => "limits.login_ip",
                "login_account" => "limits.login_account",
                "register_ip" => "limits.register_ip",
                _ => "limits.register_ip_day",
            };
            settings.push((name, "100/s burst 1000"));
        }
    }
    settings.extend(also);
    Server::with(&settings)
}

#[tokio::test]
async fn rest_that_is_too_fast_is_told_when_to_return() {
    for (setting, value, path, signed_in) in [
        ("limits.http_ip", "1/h burst 8", "/healthz", false),
        ("limits.world", "1/h burst 3", "/api/world/state", false),
        ("limits.list", "1/h burst 3", "/api/characters", true),
        ("limits.http_token", "1/h burst 3", "/api/auth/sessions", true),
    ] {
        let server = limited(&[(setting, value)]);
        let person = server.person().await;
        let token = signed_in.then_some(person.token.as_str());
        let mut refused = None;
        for _ in 0..9 {
            let answer = server.get(path, token).await;
            if answer.status != 200 {
                refused = Some(answer);
                break;
            }
        }
        let refused = refused.unwrap_or_else(|| panic!("{setting} is not held"));
        assert_eq!((refused.status, &refused.body["code"]), (429, &json!("RATE_LIMITED")), "{setting}");
        assert!(refused.header("retry-after").parse::<u64>().unwrap() > 0, "{refused:?}");
        assert!(refused.body["retry_after_ms"].as_u64().unwrap() > 0, "{refused:?}");
    }
}

#[tokio::test]
async fn registering_is_limited_by_address() {
    let server = limited(&[("limits.register_ip", "1/h burst 2")]);
    let register = |name: &'static str| {
        let server = &server;
        async move {
            let body = json!({"username": name, "password": "long enough"});
            server.post("/api/auth/register", None, &body).await.status
        }
    };
    assert_eq!((register("ann").await, register("bob").await, register("eve").await), (200, 200, 429));
}

#[tokio::test]
async fn messages_that_are_too_fast_are_told_when_to_return() {
    for (setting, kind, body) in [
        ("limits.chat", "chat", json!({"content": "x"})),
        ("limits.chat_wide", "faction_chat", json!({"content": "x"})),
        ("limits.world", "world_state", json!({})),
        ("limits.character_change", "character_select", json!({"character_id": 1})),
        ("limits.ws_messages", "ping", json!({})),
    ] {
        let server = limited(&[(setting, "1/h burst 3")]);
        let player = server.player().await;
        let mut socket = server.enter(&player, Socket::v1(&server).await).await;
        let mut refused = Value::Null;
        for nth in 0..4 {
            refused = socket.ask(kind, &nth.to_string(), body.clone()).await;
        }
        assert_eq!(refused["error_code"], "RATE_LIMITED", "{setting}: {refused}");
        assert!(refused["details"]["retry_after_ms"].as_u64().unwrap() > 0, "{refused}");
    }
}

#[tokio::test]
async fn too_many_moves_are_merged_without_an_error() {
    let server = limited(&[("limits.move", "100/s burst 2")]);
    let (_, mut socket) = server.v1().await;
    for step in 0..20 {
        let position = json!({"x": f64::from(step) / 100.0, "y": 0.0, "z": 0.0});
        socket.say("move", json!({"to_location_id": 0, "position": position})).await;
    }
    let heard = socket.everything_so_far().await;
    assert!(heard.iter().all(|message| message["type"] != "error"), "{heard:?}");
}

#[tokio::test]
async fn who_ignores_the_limits_again_and_again_is_closed() {
    let server = limited(&[
        ("limits.chat", "1/h burst 1"),
        ("limits.strikes", "5"),
        ("limits.ws_messages", "1000/s burst 1000"),
    ]);
    let (_, mut socket) = server.classic().await;
    for _ in 0..10 {
        socket.say("chat", json!({"content": "spam"})).await;
    }
    let closed = socket.closed().await;
    assert_eq!(closed.code, Some(1008), "{closed:?}");
}

#[tokio::test]
async fn what_never_reaches_the_session_is_limited_too() {
    let binary = || Message::binary(vec![0; 100]);
    let again = |token: &str| {
        let text = json!({"type": "auth_request", "version": "1.0.0", "session_token": token}).to_string();
        Message::text(text)
    };
    // What a peer seals, under a key that is not the server's.
    let sealed = || Message::text(String::from_utf8(Cipher::from_password("other", 1).seal(b"{}")).unwrap());
    let server = limited(&[("limits.ws_messages", "1/h burst 10")]);
    for nth in 0..3 {
        let player = server.player().await;
        let mut socket = Socket::classic(&server).await;
        socket.sign_in(&player.person.token).await;
        for _ in 0..11 {
            socket
                .send(if nth == 0 {
                    binary()
                } else if nth == 1 {
                    again(&player.person.token)
                } else {
                    sealed()
                })
                .await;
        }
        assert_eq!(socket.closed().await.code, Some(1008), "{nth}");
    }
    let mut guest = Socket::classic(&server).await;
    for _ in 0..4 {
        guest.send(binary()).await;
    }
    assert_eq!(guest.closed().await.code, Some(4002));
}

#[tokio::test]
async fn lists_of_an_account_are_counted_together_whichever_way_they_come() {
    let server = limited(&[("limits.list", "1/h burst 4")]);
    let person = server.person().await;
    let mut socket = Socket::v1(&server).await;
    socket.sign_in(&person.token).await;
    assert_eq!(socket.ask("character_list", "1", json!({})).await["type"], "character_list");
    for path in ["/api/characters", "/api/auth/sessions"] {
        assert_eq!(server.get(path, Some(&person.token)).await.status, 200);
    }
    assert_eq!(socket.ask("character_list", "2", json!({})).await["type"], "character_list");
    assert_eq!(socket.ask("character_list", "3", json!({})).await["error_code"], "RATE_LIMITED");
    let refused = server.get("/api/characters", Some(&person.token)).await;
    assert_eq!((refused.status, &refused.body["code"]), (429, &json!("RATE_LIMITED")));
    // Another account is not held up by it.
    let other = server.person().await;
    assert_eq!(server.get("/api/characters", Some(&other.token)).await.status, 200);
}

#[tokio::test]
async fn from_one_address_comes_only_so_much_that_is_dear() {
    let server = limited(&[("limits.dear_ip", "1/h burst 6")]);
    let mut sockets = Vec::new();
    for _ in 0..3 {
        let person = server.person().await;
        let mut socket = Socket::v1(&server).await;
        socket.sign_in(&person.token).await;
        assert_eq!(socket.ask("character_list", "1", json!({})).await["type"], "character_list");
        assert_eq!(server.get("/api/world/state", None).await.status, 200);
        sockets.push((socket, person));
    }
    for (mut socket, person) in sockets {
        assert_eq!(socket.ask("world_state", "2", json!({})).await["error_code"], "RATE_LIMITED");
        assert_eq!(server.get("/api/characters", Some(&person.token)).await.status, 429);
        assert_eq!(socket.ask("ping", "3", json!({})).await["type"], "pong");
    }
    assert_eq!(server.get("/api/world/state", None).await.status, 429);
}

#[tokio::test]
async fn who_comes_in_a_rush_is_told_to_come_back() {
    let server = limited(&[("limits.accept", "1/h burst 3")]);
    let mut held = Vec::new();
    for _ in 0..3 {
        held.push(Socket::classic(&server).await);
    }
    // The same again hears why; the next don't.
    for _ in 0..3 {
        let refused = server.get("/healthz", None).await;
        assert_eq!((refused.status, &refused.body["code"]), (503, &json!("BUSY")), "{refused:?}");
        assert!(refused.header("retry-after").parse::<u64>().unwrap() > 0, "{refused:?}");
        assert!(refused.body["retry_after_ms"].as_u64().unwrap() >= 500, "{refused:?}");
        assert_eq!(refused.header("connection"), "close", "{refused:?}");
    }
    let unheard = server.request(reqwest::Method::GET, "/healthz");
    assert!(Server::try_send(unheard).await.is_none());
    // Those who are in are not affected.
    for socket in &mut held {
        assert_eq!(socket.ask("ping", "1", json!({})).await["type"], "pong");
    }
}

#[tokio::test]
async fn one_address_has_so_many_connections() {
    let server = limited(&[("limits.connections_per_ip", "3")]);
    let mut held = Vec::new();
    for _ in 0..3 {
        held.push(Socket::classic(&server).await);
    }
    let refused = Socket::open(&server, &[]).await;
    assert_eq!(refused.err().map(|status| status.as_u16()), Some(429));
}

#[tokio::test]
async fn an_account_has_so_many_characters() {
    let server = limited(&[("limits.characters_per_account", "2")]);
    let person = server.person().await;
    for name in ["One", "Two"].map(|name| format!("Number {name}")) {
        server.create_character(&person, &name, "Golden Order").await;
    }
    let body = json!({"name": "Number Three", "race": "Elf", "class": "Rogue", "faction": "Golden Order"});
    let refused = server.post("/api/characters", Some(&person.token), &body).await;
    assert_eq!((refused.status, &refused.body["code"]), (409, &json!("TOO_MANY_CHARACTERS")));
}

#[tokio::test]
async fn limits_can_be_lifted_for_load_tests() {
    let tight = "1/h burst 1";
    let server = Server::with(&[
        ("limits.enabled", "false"),
        ("limits.http_ip", tight),
        ("limits.register_ip", tight),
        ("limits.login_ip", tight),
        ("limits.chat", tight),
        ("limits.ws_messages", tight),
        ("limits.connections_per_ip", "1"),
        ("limits.strikes", "1"),
    ]);
    let (_, mut first) = server.classic().await;
    let (_, mut second) = server.v1().await;
    for nth in 0..100 {
        for socket in [&mut first, &mut second] {
            let said = socket.ask("chat", &nth.to_string(), json!({"content": "x"})).await;
            assert_eq!(said["type"], "chat", "{said}");
        }
    }
    assert!(server.directory().log().contains("limits.enabled = false"), "the owner is warned");
}
