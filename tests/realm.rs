//! The world as a whole, from outside: shards that are taken, what that makes of reality, and what admins do to it.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::harness::disk::audit;
use crate::harness::people::Player;
use crate::harness::server::{Directory, Server};
use crate::harness::shapes::expect_keys;
use crate::harness::socket::Socket;

/// A copy of the default world whose guardians have so much health and are of the kind that is met first.
pub fn easy_world(directory: &Directory, health: u32) -> PathBuf {
    let content = directory.path().join("content");
    std::fs::create_dir(&content).expect("there is room");
    for file in std::fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("content")).unwrap() {
        let path = file.unwrap().path();
        let mut text = std::fs::read_to_string(&path).unwrap();
        if path.ends_with("crystal_shards.toml") {
            let easy = |line: &str| match line.split_once(", health = ") {
                Some((guardian, _)) => format!("{guardian}, health = {health}, kind = \"hollow_soldier\" }}"),
                None => line.to_owned(),
            };
            text = text.lines().map(easy).collect::<Vec<_>>().join("\n");
        }
        std::fs::write(content.join(path.file_name().unwrap()), text).unwrap();
    }
    content
}

/// A server where one alone can challenge a guardian.
fn easy_server() -> Server {
    let directory = Directory::new();
    // They fall to one of the first level.
    let content = easy_world(&directory, 5);
    let content = content.to_str().expect("temporary paths are text");
    let settings = [
        ("world.content", content),
        ("combat.guardian_party", "1"),
        ("combat.guardian_health_percent", "100"),
    ];
    Server::start_in(&directory, &settings)
}

/// Fights the guardian of this location until it is defeated.
async fn defeat_guardian(socket: &mut Socket, location: i64) {
    let there = socket.ask("move", &format!("to {location}"), json!({"to_location_id": location})).await;
    assert_eq!(there["type"], "location_update", "{there}");
    for nth in 0.. {
        let name = |what: &str| format!("{what} {nth} at {location}");
        let start = socket.ask("combat_start", &name("start"), json!({"enemy": "guardian"})).await;
        assert_eq!(start["type"], "combat_start", "{start}");
        let combat = &start["combat_id"];
        for turn in 0.. {
            let act = json!({"combat_id": combat, "action_type": "attack"});
            let struck = socket.ask("combat_action", &name(&format!("attack {turn}")), act).await;
            if struck["error_code"] == "NOT_ENOUGH" {
                let rest = json!({"combat_id": combat, "action_type": "defend", "ability_name": "rest"});
                socket.ask("combat_action", &name(&format!("rest {turn}")), rest).await;
            } else if struck["type"] == "error" {
                break;
            }
        }
        let end = socket.hear("combat_end").await;
        // Then what it left is in effect, and one is free.
        socket.hear("inventory_update").await;
        if end["outcome"] == "won" {
            break;
        }
    }
    let back = socket.ask("move", &format!("from {location}"), json!({"to_location_id": 1})).await;
    assert_eq!(back["type"], "location_update", "{back}");
}

async fn state_where(server: &Server, fits: impl Fn(&Value) -> bool) -> Value {
    // What everybody is told is cached for a quarter of a second.
    loop {
        let state = server.get("/api/world/state", None).await.expect();
        if fits(&state) {
            return state;
        }
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn whoever_takes_all_twelve_shards_ends_the_world() {
    let mut server = easy_server();
    let (_, mut watcher) = server.classic().await;
    let player: Player = server.player_of("Golden Order").await;
    let mut socket = server.enter(&player, Socket::v1(&server).await).await;
    let shards = server.get("/api/world/shards", None).await.expect();
    let places: Vec<i64> = shards["shards"]
        .as_array()
        .unwrap()
        .iter()
        .map(|shard| shard["location_id"].as_i64().expect("every shard has a place in the world"))
        .collect();
    assert_eq!(places.len(), 12);
    for (nth, location) in places.iter().enumerate() {
        defeat_guardian(&mut socket, *location).await;
        let captured = watcher.hear("shard_captured").await;
        assert_eq!((&captured["shard_id"], &captured["priority"]), (&json!(nth + 1), &json!(2)));
        assert_eq!(captured["captured_by_character_id"], player.character);
        assert_eq!(captured["previous_owner_faction"], Value::Null);
        if nth == 3 {
            let shift = watcher.hear("reality_shift").await;
            assert_eq!(
                (&shift["to_reality"], &shift["faction"]),
                (&json!("Radiant Era"), &json!("Golden Order"))
            );
            let left = shift["reality_stability"].as_f64().unwrap();
            assert!((85.0..=95.0).contains(&left), "{shift}");
            let state = state_where(&server, |state| state["current_reality"] == "Radiant Era").await;
            assert_eq!(
                (&state["dominant_faction"], &state["reality_stability"]),
                (&json!("Golden Order"), &json!(left))
            );
            assert_eq!(state["faction_shard_counts"]["Golden Order"], 4);
        }
    }
    let fall = watcher.hear("aetherfall").await;
    assert_eq!((&fall["total_aetherfalls"], &fall["winning_faction"]), (&json!(1), &json!("Golden Order")));
    let state = state_where(&server, |state| state["total_aetherfalls"] == 1).await;
    assert_eq!(
        (&state["faction_shard_counts"]["Golden Order"], &state["aetherfall_count"]),
        (&json!(0), &json!(1))
    );
    assert_eq!(
        (&state["reality_stability"], &state["current_reality"]),
        (&json!(100.0), &json!("Radiant Era"))
    );
    let shards = server.get("/api/world/shards", None).await.expect();
    assert!(
        shards["shards"].as_array().unwrap().iter().all(|shard| shard["is_captured"] == false),
        "{shards}"
    );
    let history = server.get("/api/world/shards/12/history", None).await.expect();
    let rows = history["history"].as_array().unwrap();
    let keys = [
        "faction",
        "previous_faction",
        "captured_by_character_id",
        "captured_by_character_name",
        "timestamp",
    ];
    expect_keys(&rows[0], &keys);
    assert_eq!((&rows[0]["faction"], &rows[0]["previous_faction"]), (&Value::Null, &json!("Golden Order")));
    assert_eq!(
        (&rows[1]["faction"], &rows[1]["captured_by_character_name"]),
        (&json!("Golden Order"), &json!(player.name))
    );
    let events = server.get("/api/world/events?limit=3", None).await.expect();
    let kinds: Vec<&str> = events["events"]
        .as_array()
        .unwrap()
        .iter()
        .map(|event| event["event_type"].as_str().unwrap())
        .collect();
    assert_eq!(kinds, ["aetherfall", "shard_capture", "shard_capture"]);
    server.expect_well().await;
    let directory = server.stop().await;
    assert_eq!(audit(&directory).problems, Vec::<String>::new());
}

#[tokio::test]
async fn admins_announce_trigger_events_seal_shards_and_end_the_world() {
    let server = easy_server();
    let (_, mut classic) = server.classic().await;
    let (player, mut socket) = server.v1().await;
    let admin = server.admin().await;
    let post = async |path: &str, body: Value| server.post(path, Some(&admin.token), &body).await;
    post("/api/admin/announcements", json!({"content": "hear, hear"})).await.expect();
    let heard = classic.hear("world_announcement").await;
    assert_eq!((&heard["content"], &heard["announced_by"]), (&json!("hear, hear"), &json!("overseer")));
    assert_eq!(socket.hear("world_announcement").await["content"], "hear, hear");
    let war = json!({
        "event_type": "faction_war", "title": "Old grudges", "description": "Banners are raised.",
        "faction": "Shadowborn", "location_id": 9,
    });
    post("/api/admin/events", war).await.expect();
    let trigger = classic.hear("event_trigger").await;
    assert_eq!((&trigger["event_type"], &trigger["location_id"]), (&json!("faction_war"), &json!(9)));
    assert!(trigger["event_id"].as_str().is_some_and(|id| !id.is_empty()), "{trigger}");
    for (body, status, field) in [
        (json!({"title": "", "description": "?"}), 400, "title"),
        (json!({"title": "?", "description": "?", "faction": "Nobody"}), 404, "faction"),
        (json!({"title": "?", "description": "?", "event_type": "aetherfall"}), 400, "event_type"),
    ] {
        let refused = post("/api/admin/events", body).await;
        assert_eq!(refused.status, status, "{refused:?}");
        assert!(refused.body.to_string().contains(field), "{refused:?}");
    }
    post("/api/admin/shards/1/seal", Value::Null).await.expect();
    for told in [classic.hear("shard_status").await, socket.hear("shard_status").await] {
        let shards = told["shards"].as_array().unwrap();
        assert_eq!((shards.len(), &shards[0]["id"], &shards[0]["status"]), (1, &json!(1), &json!("sealed")));
    }
    assert_eq!(socket.ask("move", "go", json!({"to_location_id": 2})).await["type"], "location_update");
    let sealed = socket.ask("combat_start", "sealed", json!({"enemy": "guardian"})).await;
    assert_eq!((&sealed["error_code"], &sealed["details"]["shard_id"]), (&json!("FORBIDDEN"), &json!(1)));
    server.delete("/api/admin/shards/1/seal", Some(&admin.token)).await.expect();
    assert_eq!(socket.ask("move", "back", json!({"to_location_id": 1})).await["type"], "location_update");
    assert_eq!(classic.hear("shard_status").await["shards"][0]["status"], "unclaimed");
    defeat_guardian(&mut socket, 2).await;
    assert_eq!(classic.hear("shard_status").await["shards"][0]["status"], "contested");
    assert_eq!(classic.hear("shard_captured").await["captured_by_character_id"], player.character);
    post("/api/admin/aetherfall", Value::Null).await.expect();
    let fall = classic.hear("aetherfall").await;
    assert_eq!((&fall["winning_faction"], &fall["new_reality"]), (&Value::Null, &json!("Neutral")));
    let events = server.get("/api/world/events", None).await.expect();
    let kinds: Vec<&str> = events["events"]
        .as_array()
        .unwrap()
        .iter()
        .map(|event| event["event_type"].as_str().unwrap())
        .collect();
    let sealed_and_not = ["announcement", "announcement"];
    assert_eq!(kinds[..2], ["aetherfall", "shard_capture"]);
    assert_eq!(kinds[2..], [&sealed_and_not[..], &["faction_war", "announcement"]].concat());
    // And all of it is there after a crash.
    let server = Server::start_in(&server.kill(), &[]);
    assert_eq!(server.get("/api/world/events", None).await.expect(), events);
    assert_eq!(server.get("/api/world/state", None).await.expect()["total_aetherfalls"], 1);
}
