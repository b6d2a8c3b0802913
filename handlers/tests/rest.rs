//! The documented REST interface, and what each person may see of it.

use std::net::SocketAddr;

use actors::World;
use serde_json::{Value, json};
use storage::accounts::Role;

use super::{Reply, ask, at_a_world, at_an_edge, send, token_of};
use crate::Options;

fn sign_up(address: SocketAddr, name: &str) -> String {
    let body = json!({"username": name, "password": "secret1"}).to_string();
    let registered = send(address, "POST", "/api/auth/register", None, &body);
    assert_eq!(
        registered.json,
        json!({"success": true, "message": "Registration successful. Please login."})
    );
    let login = send(address, "POST", "/api/auth/login", None, &body);
    assert_eq!(
        (login.json["success"].clone(), login.json["message"].clone()),
        (true.into(), "Login successful".into())
    );
    assert_eq!(login.json["username"], name);
    assert!(login.json["player_id"].is_i64(), "{}", login.text);
    assert!(login.text.contains("set-cookie: shardmesh_session="), "{}", login.text);
    login.json["session_token"].as_str().unwrap().to_owned()
}

fn character(address: SocketAddr, token: &str, name: &str) -> i64 {
    let body =
        json!({"name": name, "race": "Elf", "class": "Ranger", "faction": "Aether Seekers"}).to_string();
    let made = send(address, "POST", "/api/characters", Some(token), &body);
    assert_eq!(made.json["success"], true, "{}", made.text);
    made.json["character"]["id"].as_i64().unwrap()
}

/// Status, and the fields of the body that the documents promise.
fn says(reply: &Reply, status: u16, fields: Value) {
    assert_eq!(reply.status, status, "{}", reply.text);
    for (name, value) in fields.as_object().unwrap() {
        assert_eq!(&reply.json[name], value, "{name} in {}", reply.text);
    }
}

#[test]
fn one_registers_signs_in_plays_and_signs_out() {
    at_an_edge(Options::default(), |address| {
        let token = sign_up(address, "ann");
        let id = character(address, &token, "Anna");
        let token = Some(token.as_str());
        let list = send(address, "GET", "/api/characters", token, "");
        let c = &list.json["characters"][0];
        assert_eq!((&c["name"], &c["race"], &c["class"]), (&json!("Anna"), &json!("Elf"), &json!("Ranger")));
        assert_eq!((&c["progression"]["level"], &c["location_id"]), (&json!(1), &json!(1)));
        let body = json!({"character_id": id}).to_string();
        let selected = send(address, "POST", "/api/characters/select", token, &body);
        says(&selected, 200, json!({"success": true}));
        assert_eq!(selected.json["character"]["id"], id);
        let deleted = send(address, "DELETE", &format!("/api/characters/{id}"), token, "");
        assert_eq!(deleted.json, json!({"success": true, "message": "Character Anna deleted"}));
        let out =
            send(address, "POST", "/api/auth/logout", None, &json!({"session_token": token}).to_string());
        assert_eq!(out.json, json!({"success": true, "message": "Logged out"}));
        says(&send(address, "GET", "/api/characters", token, ""), 401, json!({"error": "Unauthorized"}));
        // Signing out twice is signed out.
        says(&send(address, "POST", "/api/auth/logout", token, ""), 200, json!({"message": "Logged out"}));
    });
}

#[test]
fn refusals_have_the_documented_shape_and_name_the_field() {
    at_an_edge(Options::default(), |address| {
        let token = sign_up(address, "ann");
        let token = Some(token.as_str());
        for (method, path, body, status, expected) in [
            (
                "POST",
                "/api/auth/login",
                r#"{"username":"ann"}"#,
                400,
                json!({"success": false, "message": "Username and password required", "field": "password"}),
            ),
            (
                "POST",
                "/api/auth/login",
                r#"{"username":"ann","password":"wrong"}"#,
                401,
                json!({"success": false, "code": "BAD_CREDENTIALS"}),
            ),
            (
                "POST",
                "/api/auth/login",
                r#"{"username":"nobody.here","password":"wrong"}"#,
                401,
                json!({"success": false, "message": "unknown user name or wrong password"}),
            ),
            (
                "POST",
                "/api/auth/register",
                r#"{"username":"ANN","password":"secret1"}"#,
                409,
                json!({"success": false, "code": "NAME_TAKEN", "field": "username"}),
            ),
            (
                "POST",
                "/api/auth/register",
                r#"{"username":"bob","password":"short"}"#,
                400,
                json!({"success": false, "code": "INVALID", "field": "password"}),
            ),
            (
                "POST",
                "/api/characters",
                r#"{"name":"B0b","race":"Elf","class":"Ranger","faction":"Aether Seekers"}"#,
                400,
                json!({"code": "INVALID", "field": "name"}),
            ),
            (
                "POST",
                "/api/characters",
                r#"{"name":"Bob","race":"Gnome","class":"Ranger","faction":"Aether Seekers"}"#,
                400,
                json!({"code": "INVALID", "field": "race"}),
            ),
            (
                "POST",
                "/api/characters",
                r#"{"name":"Bob"}"#,
                400,
                json!({"code": "PROTOCOL_ERROR", "field": "race"}),
            ),
            (
                "POST",
                "/api/characters/select",
                "{}",
                400,
                json!({"error": "character_id required", "field": "character_id"}),
            ),
            (
                "POST",
                "/api/characters/select",
                r#"{"character_id":77}"#,
                404,
                json!({"error": "Character not found"}),
            ),
            ("DELETE", "/api/characters/77", "", 404, json!({"error": "Character not found"})),
            ("DELETE", "/api/characters/x", "", 400, json!({"field": "id"})),
            ("DELETE", "/api/auth/sessions/x", "", 400, json!({"success": false, "field": "id"})),
            ("GET", "/api/world/events?limit=-1", "", 400, json!({"field": "limit"})),
            ("GET", "/api/world/events?limit=x", "", 400, json!({"field": "limit"})),
        ] {
            says(&send(address, method, path, token, body), status, expected);
        }
        let old = send(address, "GET", "/api/characters", Some("MTphbm4="), "");
        assert!(old.json["error"].as_str().unwrap().contains("POST /api/auth/login"), "{}", old.text);
    });
}

#[test]
fn what_is_somebody_elses_does_not_exist() {
    at_an_edge(Options::default(), |address| {
        let (ann, bob) = (sign_up(address, "ann"), sign_up(address, "bob"));
        let id = character(address, &ann, "Anna");
        let select = json!({"character_id": id}).to_string();
        says(
            &send(address, "POST", "/api/characters/select", Some(&bob), &select),
            404,
            json!({"error": "Character not found"}),
        );
        let path = format!("/api/characters/{id}");
        says(&send(address, "DELETE", &path, Some(&bob), ""), 404, json!({"error": "Character not found"}));
        let sessions = send(address, "GET", "/api/auth/sessions", Some(&ann), "");
        let session = sessions.json["sessions"][0]["session_id"].as_str().unwrap().to_owned();
        let path = format!("/api/auth/sessions/{session}");
        says(&send(address, "DELETE", &path, Some(&bob), ""), 404, json!({"code": "NOT_FOUND"}));
        assert_eq!(send(address, "GET", "/api/characters", Some(&ann), "").json["characters"][0]["id"], id);
        says(&send(address, "DELETE", &path, Some(&ann), ""), 200, json!({"success": true}));
        says(&send(address, "GET", "/api/characters", Some(&ann), ""), 401, json!({}));
    });
}

#[test]
fn a_new_password_ends_the_other_sessions_and_a_deleted_account_all() {
    at_an_edge(Options::default(), |address| {
        let first = sign_up(address, "ann");
        let login = |password: &str| {
            let body = json!({"username": "ann", "password": password}).to_string();
            send(address, "POST", "/api/auth/login", None, &body)
        };
        let second = login("secret1").json["session_token"].as_str().unwrap().to_owned();
        let change = |old: &str| {
            let body = json!({"old_password": old, "new_password": "secret2"}).to_string();
            send(address, "POST", "/api/auth/password", Some(&second), &body)
        };
        says(&change("wrong"), 401, json!({"success": false, "code": "BAD_CREDENTIALS"}));
        says(&change("secret1"), 200, json!({"success": true}));
        assert_eq!(send(address, "GET", "/api/characters", Some(&first), "").status, 401);
        assert_eq!(send(address, "GET", "/api/characters", Some(&second), "").status, 200);
        assert_eq!((login("secret1").status, login("secret2").status), (401, 200));
        let delete = |password: &str| {
            let body = json!({"password": password}).to_string();
            send(address, "DELETE", "/api/account", Some(&second), &body)
        };
        says(&delete("secret1"), 401, json!({"success": false}));
        says(&delete("secret2"), 200, json!({"success": true}));
        assert_eq!(login("secret2").status, 401);
    });
}

#[test]
fn a_browser_is_signed_in_by_its_cookie_and_only_from_its_own_page() {
    at_an_edge(Options::default(), |address| {
        let token = sign_up(address, "ann");
        let cookie = format!("Cookie: shardmesh_session={token}\r\n");
        assert!(ask(address, "GET", "/api/characters", &cookie).starts_with("HTTP/1.1 200"));
        let logout = |origin: &str| ask(address, "POST", "/api/auth/logout", &format!("{cookie}{origin}"));
        assert!(logout("").starts_with("HTTP/1.1 403"));
        assert!(logout("Origin: https://evil.example\r\n").starts_with("HTTP/1.1 403"));
        let out = logout(&format!("Origin: http://{address}\r\n"));
        assert!(out.starts_with("HTTP/1.1 200") && out.contains("shardmesh_session=; "), "{out}");
        assert!(ask(address, "GET", "/api/characters", &cookie).starts_with("HTTP/1.1 401"));
    });
}

#[test]
fn the_world_is_open_to_everybody() {
    at_an_edge(Options::default(), |address| {
        let get = |path: &str| send(address, "GET", path, None, "");
        let state = get("/api/world/state");
        says(
            &state,
            200,
            json!({"current_reality": "Neutral", "dominant_faction": null, "aetherfall_count": 0}),
        );
        let shards = get("/api/world/shards");
        assert_eq!(shards.json["shards"].as_array().unwrap().len(), 12);
        assert_eq!(shards.json["shards"][0]["owning_faction"], Value::Null);
        assert_eq!(get("/api/world/events?limit=5000").json, json!({"events": []}));
        says(&get("/api/status"), 200, json!({"status": "online", "version": "1.0.0", "active_players": 0}));
    });
}

#[test]
fn admins_see_who_is_where_and_what_runs() {
    at_a_world(Options::default(), |address, world: World| {
        let token = sign_up(address, "ann");
        let id = character(address, &token, "Anna");
        let select = json!({"character_id": id}).to_string();
        says(&send(address, "POST", "/api/characters/select", Some(&token), &select), 200, json!({}));
        let admin = token_of(&world, "boss", Role::Admin);
        let seen = send(address, "GET", "/api/admin/world", Some(&admin), "");
        assert_eq!(seen.json["locations"][0]["characters"][0]["character_name"], "Anna", "{}", seen.text);
        let mesh = send(address, "GET", "/api/admin/mesh", Some(&admin), "");
        let kinds: Vec<&str> = mesh.json["entities"]
            .as_array()
            .unwrap()
            .iter()
            .filter_map(|entity| entity["kind"].as_str())
            .collect();
        assert!(kinds.contains(&"session") && kinds.contains(&"room"), "{kinds:?}");
        assert_eq!(send(address, "GET", "/api/status", None, "").json["active_players"], 1);
    });
}

#[test]
fn a_broken_disk_is_seen_from_outside() {
    at_a_world(Options::default(), |address, world| {
        world.store().fail_next_commit();
        let body = json!({"username": "ann", "password": "secret1"}).to_string();
        let refused = send(address, "POST", "/api/auth/register", None, &body);
        says(&refused, 503, json!({"success": false, "code": "STORAGE"}));
        says(&send(address, "GET", "/healthz", None, ""), 503, json!({"status": "degraded"}));
    });
}
