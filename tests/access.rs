//! Nobody touches what is somebody else's: every route there is, asked by everybody, about another's things.

use handlers::routes::{Access, Body, ROUTES};
use reqwest::Method;
use serde_json::{Value, json};

use crate::harness::people::{Player, text};
use crate::harness::server::{Answer, Server};
use crate::harness::socket::Socket;

/// What a signed-in user gets on a route that is asked about the things of another.
/// A new route has no line here: then the matrix fails, and whoever adds it thinks about this.
fn about_another(method: &str, path: &str, victim: &Player, session: &str) -> Option<(String, Value, u16)> {
    let same = || path.to_owned();
    let nothing = || Value::Null;
    Some(match (method, path) {
        ("POST", "/api/auth/register") => {
            (same(), json!({"username": victim.person.username, "password": "whatever"}), 409)
        }
        ("POST", "/api/auth/login") => {
            (same(), json!({"username": victim.person.username, "password": "whatever"}), 401)
        }
        ("POST", "/api/auth/logout") => (same(), json!({"session_token": session}), 200),
        ("POST", "/api/auth/password") => {
            (same(), json!({"old_password": "whatever", "new_password": "whatever"}), 401)
        }
        ("GET", "/api/auth/sessions" | "/api/characters") => (same(), nothing(), 200),
        ("DELETE", "/api/auth/sessions/{id}") => (path.replace("{id}", session), nothing(), 404),
        ("DELETE", "/api/account") => (same(), json!({"password": "whatever"}), 401),
        ("POST", "/api/characters") => {
            let body =
                json!({"name": victim.name, "race": "Elf", "class": "Rogue", "faction": "Golden Order"});
            (same(), body, 409)
        }
        ("POST", "/api/characters/select") => (same(), json!({"character_id": victim.character}), 404),
        ("DELETE", "/api/characters/{id}") => {
            (path.replace("{id}", &victim.character.to_string()), nothing(), 404)
        }
        // The other plays nobody: 401, as the documents have it.
        // Anybody may block anybody, and has nobody to unblock at first; lists are one's own.
        ("GET", "/api/blocks") => (same(), nothing(), 200),
        ("POST", "/api/blocks") => (same(), json!({"character_id": 999}), 404),
        ("DELETE", "/api/blocks/{id}") => {
            (path.replace("{id}", &victim.character.to_string()), nothing(), 404)
        }
        ("POST", "/api/party/invite") => (same(), json!({"invitee_id": victim.character}), 401),
        ("POST", "/api/party/kick") => (same(), json!({"character_id": victim.character}), 401),
        ("POST", _) if path.starts_with("/api/party/") => (same(), json!({}), 401),
        // The victim's.
        ("GET", "/api/party/{id}") => (path.replace("{id}", "1"), nothing(), 404),
        ("GET", "/api/world/state" | "/api/world/shards" | "/api/world/events") => (same(), nothing(), 200),
        ("GET", "/api/status" | "/healthz") => (same(), nothing(), 200),
        ("GET", "/api/admin/mesh" | "/api/admin/world" | "/api/admin/sessions") => (same(), nothing(), 200),
        ("GET", "/api/admin/sessions/{id}") => (path.replace("{id}", session), nothing(), 200),
        ("GET", "/api/world/shards/{id}/history") => (path.replace("{id}", "1"), nothing(), 200),
        ("POST", "/api/admin/announcements") => (same(), json!({"content": "hear, hear"}), 200),
        ("POST", "/api/admin/events") => {
            (same(), json!({"title": "An omen", "description": "Birds fly backwards."}), 200)
        }
        ("POST", "/api/admin/aetherfall") => (same(), nothing(), 200),
        ("POST" | "DELETE", "/api/admin/shards/{id}/seal") => (path.replace("{id}", "1"), nothing(), 200),
        _ => return None,
    })
}

async fn ask(server: &Server, method: &str, path: &str, token: Option<&str>, body: &Value) -> Answer {
    let method: Method = method.parse().expect("the table has HTTP methods");
    let mut request = server.request(method, path);
    if let Some(token) = token {
        request = request.bearer_auth(token);
    }
    if !body.is_null() {
        request = request.json(body);
    }
    Server::send(request).await
}

#[tokio::test]
async fn every_route_keeps_what_is_somebody_elses() {
    let mut server = Server::start();
    let (victim, mut victim_socket) = server.classic().await;
    let sessions = server.get("/api/auth/sessions", Some(&victim.person.token)).await.expect();
    let session = text(&sessions["sessions"][0]["session_id"]);
    let party = victim_socket.ask("party_create", "0", json!({})).await;
    assert_eq!(party["party_id"], 1, "{party}");
    let admin = server.admin().await;
    let other = server.person().await;
    let signed_out = server.person().await;
    server.post("/api/auth/logout", Some(&signed_out.token), &json!({})).await.expect();
    for route in ROUTES {
        let Some((path, body, expected)) =
            about_another(route.method.as_str(), route.path, &victim, &session)
        else {
            panic!("say in about_another what {} {} does about others' things", route.method, route.path);
        };
        assert_eq!(body.is_null(), route.body == Body::None, "{path}");
        for (who, token) in [
            ("anonymous", None),
            ("signed out", Some(&signed_out.token)),
            ("other", Some(&other.token)),
            ("admin", Some(&admin.token)),
        ] {
            let signed_in = ["other", "admin"].contains(&who);
            let status = match route.access {
                Access::Anonymous => expected,
                _ if !signed_in => 401,
                Access::Moderator | Access::Admin if who == "other" => 403,
                _ => expected,
            };
            let answer = ask(&server, route.method.as_str(), &path, token.map(String::as_str), &body).await;
            assert_eq!(answer.status, status, "{who} {} {path}: {answer:?}", route.method);
            let told = answer.body.to_string();
            assert!(!told.contains(&victim.person.token), "{told}");
            assert!(who == "admin" || !told.contains(&session), "{told}");
        }
    }
    // The victim noticed nothing of it.
    assert_eq!(victim_socket.ask("chat", "1", json!({"content": "all well"})).await["type"], "chat");
    let still = server.get("/api/characters", Some(&victim.person.token)).await.expect();
    assert_eq!(still["characters"][0]["id"], victim.character);
    server.expect_well().await;
}

#[tokio::test]
async fn no_message_touches_what_is_somebody_elses() {
    let server = Server::start();
    let (victim, mut victim_socket) = server.classic().await;
    let person = server.person().await;
    let mut socket = Socket::v1(&server).await;
    socket.sign_in(&person.token).await;
    let theirs = json!({"character_id": victim.character});
    for kind in ["character_select", "character_delete"] {
        let refused = socket.ask(kind, kind, theirs.clone()).await;
        assert_eq!(refused["error_code"], "NOT_FOUND", "{kind}: {refused}");
    }
    let own = server.create_character(&person, "Quiet One", "Golden Order").await;
    socket.ask("character_select", "mine", json!({"character_id": own})).await;
    let spoken = json!({"content": "I am them", "sender_id": victim.character, "sender_name": victim.name});
    assert_eq!(socket.ask("chat", "as them", spoken).await["sender_id"], own);
    let moved = json!({"character_id": victim.character, "to_location_id": 5});
    assert_eq!(socket.ask("move", "them", moved).await["character_id"], own);
    let update = victim_socket.ask("character_update", "1", json!({"character_id": own})).await;
    assert_eq!((&update["character_id"], &update["location_id"]), (&json!(victim.character), &json!(1)));
}

#[tokio::test]
async fn admins_see_the_mesh_and_who_is_where() {
    let server = Server::start();
    let (player, _socket) = server.classic().await;
    let admin = server.admin().await;
    let mesh = server.get("/api/admin/mesh", Some(&admin.token)).await.expect();
    let entities = mesh["entities"].as_array().unwrap();
    for kind in ["session", "room", "world_shard"] {
        assert!(entities.iter().any(|entity| entity["kind"] == kind), "{kind} in {mesh}");
    }
    let world = server.get("/api/admin/world", Some(&admin.token)).await.expect();
    let nexus = &world["locations"][0];
    assert_eq!(nexus["characters"][0]["character_id"], player.character, "{nexus}");
}

#[tokio::test]
async fn admins_see_how_sessions_keep_up() {
    let server = Server::start();
    let admin = server.admin().await;
    let mut players = Vec::new();
    for _ in 0..3 {
        players.push(server.v1().await);
    }
    let get = async |path: &str| server.get(&format!("/api/admin/sessions{path}"), Some(&admin.token)).await;
    let first = get("?limit=2&sort=backlog").await.expect();
    assert_eq!(
        (&first["running"], &first["connected"], &first["next_offset"]),
        (&json!(3), &json!(3), &json!(2))
    );
    let second = get("?limit=2&offset=2").await.expect();
    assert_eq!((second["sessions"].as_array().unwrap().len(), second.get("next_offset")), (1, None));
    let mut seen: Vec<i64> = [&first, &second]
        .iter()
        .flat_map(|page| page["sessions"].as_array().unwrap())
        .map(|session| session["character_id"].as_i64().unwrap())
        .collect();
    seen.sort_unstable();
    assert_eq!(seen, players.iter().map(|(player, _)| player.character).collect::<Vec<_>>());
    let id = first["sessions"][0]["session_id"].as_str().unwrap().to_owned();
    let one = get(&format!("/{id}")).await.expect();
    assert_eq!((&one["state"], &one["counts"]["connections"]), (&json!("connected"), &json!(1)), "{one}");
    assert_eq!(get("/00000000-0000-0000-0000-000000000000").await.status, 404);
    for (query, field) in [
        ("?sort=name", "sort"),
        ("?limit=0", "limit"),
        ("?limit=101", "limit"),
        ("?limit=x", "limit"),
        ("?offset=-1", "offset"),
        ("?limit=1&limit=2", "query"),
        ("/nobody", "id"),
    ] {
        let refused = get(query).await;
        assert_eq!((refused.status, &refused.body["field"]), (400, &json!(field)), "{query}: {refused:?}");
    }
}
