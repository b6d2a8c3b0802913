//! Characters over REST and over the WebSocket: the documented bodies, key by key.

use serde_json::{Value, json};

use crate::harness::people::new_name;
use crate::harness::server::Server;
use crate::harness::shapes::expect_keys;
use crate::harness::socket::Socket;

#[track_caller]
fn expect_documented(character: &Value) {
    expect_keys(
        character,
        &[
            "id",
            "name",
            "is_player",
            "race",
            "class",
            "faction",
            "stats",
            "resources",
            "progression",
            "location_id",
            "created_at",
            "updated_at",
        ],
    );
    expect_keys(
        &character["stats"],
        &["strength", "dexterity", "intelligence", "constitution", "wisdom", "charisma"],
    );
    expect_keys(
        &character["resources"],
        &["health", "max_health", "stamina", "max_stamina", "mana", "max_mana"],
    );
    expect_keys(&character["progression"], &["level", "experience", "souls"]);
    assert_eq!((&character["is_player"], &character["progression"]["level"]), (&json!(true), &json!(1)));
    let souls = character["progression"]["souls"].as_i64().unwrap();
    assert!((50..=150).contains(&souls), "{souls}");
    assert_eq!(character["location_id"], 1);
    for time in ["created_at", "updated_at"] {
        assert!(character[time].as_str().unwrap().contains('T'), "ISO 8601: {character}");
    }
}

#[tokio::test]
async fn rest_makes_lists_selects_and_deletes_them() {
    let server = Server::start();
    let person = server.person().await;
    let token = Some(person.token.as_str());
    let none = server.get("/api/characters", token).await.expect();
    assert_eq!(none, json!({"characters": []}));
    let body = json!({"name": "Mira Sol", "race": "Elf", "class": "Sorcerer", "faction": "Aether Seekers"});
    let made = server.post("/api/characters", token, &body).await.expect();
    expect_keys(&made, &["success", "character", "abilities"]);
    let character = &made["character"];
    expect_documented(character);
    for (field, value) in body.as_object().unwrap() {
        assert_eq!(&character[field], value);
    }
    let list = server.get("/api/characters", token).await.expect();
    assert_eq!(list, json!({"characters": [character]}));
    let id = character["id"].as_i64().unwrap();
    let selected = server.select(&person, id).await;
    expect_keys(&selected, &["success", "character", "abilities"]);
    expect_documented(&selected["character"]);
    let fireball = json!({
        "name": "Fireball", "health": 0, "stamina": 0, "mana": 30, "cooldown": 1, "targets": "one", "damage": 35,
        "healing": 0, "restores_mana": 0, "effect": "burn", "effect_turns": 3,
    });
    assert_eq!((&selected["abilities"][0], &selected["abilities"]), (&fireball, &made["abilities"]));
    let deleted = server.delete(&format!("/api/characters/{id}"), token).await.expect();
    assert_eq!(deleted, json!({"success": true, "message": "Character Mira Sol deleted"}));
    assert_eq!(server.get("/api/characters", token).await.expect(), json!({"characters": []}));
    assert_eq!(server.delete(&format!("/api/characters/{id}"), token).await.status, 404);
}

#[tokio::test]
async fn refusals_are_the_documented_ones() {
    let server = Server::start();
    let person = server.person().await;
    let token = Some(person.token.as_str());
    let anonymous = server.get("/api/characters", None).await;
    assert_eq!((anonymous.status, &anonymous.body["error"]), (401, &json!("Unauthorized")));
    for (body, status, error) in [
        (json!({}), 400, "character_id required"),
        (json!({"character_id": null}), 400, "character_id required"),
        (json!({"character_id": 4711}), 404, "Character not found"),
        (json!({"character_id": -1}), 404, "Character not found"),
    ] {
        let answer = server.post("/api/characters/select", token, &body).await;
        assert_eq!((answer.status, &answer.body["error"]), (status, &json!(error)), "{body}");
    }
    let good = json!({"name": "Mira", "race": "Elf", "class": "Sorcerer", "faction": "Aether Seekers"});
    for (field, value) in [
        ("name", json!("x")),
        ("name", json!("M1ra")),
        ("name", json!("a".repeat(51))),
        ("race", json!("Orc")),
        ("class", json!("Bard")),
        ("faction", json!("Seekers of Truth")),
        ("method", json!("wish")),
        ("stats", json!({"strength": 18})),
        (
            "stats",
            json!({"strength": 18, "dexterity": 3, "intelligence": 3, "constitution": 3, "wisdom": 3, "charisma": 3}),
        ),
    ] {
        let mut body = good.clone();
        body[field] = value.clone();
        let answer = server.post("/api/characters", token, &body).await;
        assert_eq!(answer.status, 400, "{field} {value}: {answer:?}");
        let named = answer.body["field"].as_str().unwrap_or_default();
        assert!(named.starts_with(field), "{field} {value}: {answer:?}");
    }
    server.post("/api/characters", token, &good).await.expect();
    let other = server.person().await;
    let mut taken = good;
    taken["name"] = json!("MIRA");
    let taken = server.post("/api/characters", Some(&other.token), &taken).await;
    assert_eq!((taken.status, &taken.body["code"]), (409, &json!("NAME_TAKEN")));
}

#[tokio::test]
async fn stats_come_about_in_four_ways() {
    let server = Server::start();
    let person = server.person().await;
    let token = Some(person.token.as_str());
    let bought = json!({"strength": 10, "dexterity": 10, "intelligence": 10, "constitution": 10, "wisdom": 10, "charisma": 10});
    for method in ["4d6_drop_lowest", "3d6", "heroic", "point_buy"] {
        let mut body = json!({"name": new_name(), "race": "Human", "class": "Warrior", "faction": "Golden Order", "method": method});
        if method == "point_buy" {
            body["stats"] = bought.clone();
        }
        let made = server.post("/api/characters", token, &body).await.expect();
        expect_documented(&made["character"]);
        if method == "point_buy" {
            let stats = made["character"]["stats"].as_object().unwrap();
            assert!(stats.values().all(|stat| stat == 11), "a Human has one more of each: {stats:?}");
        }
    }
}

#[tokio::test]
async fn the_socket_does_the_same() {
    let server = Server::start();
    let person = server.person().await;
    for (dialect, mut socket) in [("c", Socket::classic(&server).await), ("v", Socket::v1(&server).await)] {
        // Both are of one session, where a name is given once.
        let id_of = |nth: u32| format!("{dialect}{nth}");
        socket.sign_in(&person.token).await;
        let body =
            json!({"name": new_name(), "race": "Dwarf", "class": "Paladin", "faction": "Moonlit Circle"});
        let made = socket.ask("character_create", &id_of(1), body).await;
        assert_eq!((&made["type"], &made["success"]), (&json!("character_create"), &json!(true)), "{made}");
        expect_documented(&made["character"]);
        let id = &made["character"]["id"];
        let list = socket.ask("character_list", &id_of(2), json!({})).await;
        let listed = list["characters"].as_array().unwrap();
        assert!(listed.iter().any(|character| character["id"] == *id));
        listed.iter().for_each(expect_documented);
        let selected = socket.ask("character_select", &id_of(3), json!({"character_id": id})).await;
        assert_eq!((&selected["type"], &selected["character"]["id"]), (&json!("character_select"), id));
        socket.hear("location_update").await;
        let own = socket.ask("character_update", &id_of(4), json!({"health": 9999, "level": 25})).await;
        assert_eq!((&own["type"], &own["character_id"]), (&json!("character_update"), id));
        assert_eq!(own["level"], 1, "what a client says of itself is ignored");
        let deleted = socket.ask("character_delete", &id_of(5), json!({"character_id": id})).await;
        assert_eq!(
            (&deleted["type"], &deleted["character_id"]),
            (&json!("character_delete"), id),
            "{deleted}"
        );
        let gone = socket.ask("character_select", &id_of(6), json!({"character_id": id})).await;
        assert_eq!(gone["error_code"], "NOT_FOUND", "{gone}");
        let nobody = socket.ask("chat", &id_of(7), json!({"content": "from beyond"})).await;
        assert_eq!(nobody["error_code"], "NO_CHARACTER", "{nobody}");
    }
}

#[tokio::test]
async fn the_documented_world_is_there_for_anybody() {
    let server = Server::start();
    let (_, mut socket) = server.classic().await;
    let state = server.get("/api/world/state", None).await.expect();
    let fields = [
        "current_reality",
        "reality_stability",
        "faction_shard_counts",
        "dominant_faction",
        "active_players",
        "total_aetherfalls",
    ];
    let mut with_count = fields.to_vec();
    // Beyond the documents: how often the world ended, under its other name, and where there is a fight.
    with_count.extend(["aetherfall_count", "contested_shards"]);
    expect_keys(&state, &with_count);
    assert_eq!((&state["current_reality"], &state["reality_stability"]), (&json!("Neutral"), &json!(100.0)));
    assert_eq!(state["active_players"], 1);
    let heard = socket.ask("world_state", "1", json!({})).await;
    for field in fields {
        assert_eq!(heard[field], state[field], "{field}");
    }
    let shards = server.get("/api/world/shards", None).await.expect();
    let shards = shards["shards"].as_array().unwrap();
    assert_eq!(shards.len(), 12);
    for shard in shards {
        expect_keys(
            shard,
            &[
                "id",
                "shard_number",
                "name",
                "description",
                "element",
                "location_id",
                "is_captured",
                "owning_faction",
                "status",
                "guardian_name",
                "guardian_defeated",
                "power_level",
            ],
        );
    }
    assert_eq!(
        (&shards[0]["name"], &shards[0]["guardian_name"]),
        (&json!("Phoenix Flame"), &json!("Ignarok the Eternal"))
    );
    assert_eq!(server.get("/api/world/events", None).await.expect(), json!({"events": []}));
    let status = server.get("/api/status", None).await.expect();
    expect_keys(
        &status,
        &["status", "version", "active_players", "active_sessions", "websocket_connections", "uptime"],
    );
    assert_eq!((&status["status"], &status["version"]), (&json!("online"), &json!("1.0.0")));
    for field in ["active_players", "active_sessions", "websocket_connections"] {
        assert_eq!(status[field], 1, "{field}: {status}");
    }
}

#[tokio::test]
async fn who_is_in_a_trade_is_deleted_when_that_is_over() {
    let mut server = Server::start();
    let (ann, bob) = (server.player().await, server.player().await);
    let mut one = server.enter(&ann, Socket::v1(&server).await).await;
    let mut two = server.enter(&bob, Socket::v1(&server).await).await;
    let asked = one.ask("trade_request", "ask", json!({"recipient_id": bob.character})).await;
    let path = format!("/api/characters/{}", bob.character);
    let kept = server.delete(&path, Some(&bob.person.token)).await;
    assert_eq!((kept.status, &kept.body["code"]), (409, &json!("CONFLICT")), "{kept:?}");
    assert_eq!(server.delete(&path, Some(&ann.person.token)).await.status, 404);
    two.ask("trade_decline", "no", json!({"trade_id": asked["trade_id"]})).await;
    // The trade is over for him when he hears it.
    two.hear("trade_decline").await;
    server.delete(&path, Some(&bob.person.token)).await.expect();
    server.expect_well().await;
}
