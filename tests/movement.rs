//! Walking and travelling: who sees it, what is refused, and where one is afterwards.

use serde_json::{Value, json};

use crate::harness::server::Server;
use crate::harness::shapes::{expect_keys, whereabouts};
use crate::harness::socket::Socket;

fn at(x: f64, y: f64) -> Value {
    json!({"x": x, "y": y, "z": 0.0})
}

#[tokio::test]
async fn entering_the_world_says_where_one_is_and_who_else() {
    let server = Server::start();
    let (ann, mut ann_socket) = server.classic().await;
    let bob = server.player().await;
    let joined = ann_socket.hear("player_joined_area").await;
    expect_keys(
        &joined,
        &[
            "type",
            "timestamp",
            "version",
            "message_id",
            "priority",
            "character_id",
            "character_name",
            "location_id",
            "level",
            "faction",
            "position",
        ],
    );
    assert_eq!((&joined["character_id"], &joined["location_id"]), (&json!(bob.character), &json!(1)));
    let mut bob_socket = Socket::v1(&server).await;
    bob_socket.sign_in(&bob.person.token).await;
    let here = bob_socket.hear("location_update").await;
    assert_eq!((&here["location_id"], &here["location_name"]), (&json!(1), &json!("The Nexus")));
    assert_eq!(here["exits"], json!((2..=20).collect::<Vec<i64>>()));
    assert_eq!(here["occupants"][0]["character_id"], ann.character);
    assert_eq!(here["occupant_count"], 1);
    assert_eq!((&here["safe"], &here["enemies"]), (&json!(true), &json!([])));
    assert!(here["sells"].as_array().unwrap().contains(&json!("health_potion")), "{here}");
}

#[tokio::test]
async fn steps_are_seen_by_those_near() {
    let server = Server::start();
    let (ann, mut ann_socket) = server.classic().await;
    let ((_, mut near), (_, mut v1)) = (server.classic().await, server.v1().await);
    let body = json!({
        "character_id": ann.character, "from_location_id": 1, "to_location_id": 0,
        "position": at(3.0, 4.0), "velocity": {"x": 1.0, "y": 0.0, "z": 0.5},
    });
    assert_eq!(ann_socket.ask("move", "1", body).await["type"], "ok");
    let seen = near.hear_where("the step", |message| {
        message["type"] == "character_update"
            && message["character_id"] == ann.character
            && message["position"]["x"] == 3.0
    });
    let seen = seen.await;
    assert_eq!((&seen["position"], &seen["character_name"]), (&at(3.0, 4.0), &json!(ann.name)));
    assert_eq!(seen["location_id"], 1);
    // Whoever sees the world in batches may have come before the step or after it.
    v1.hear_where("the step, in a batch", |message| whereabouts(message, ann.character) == Some([3.0, 4.0]))
        .await;
}

#[tokio::test]
async fn an_impossible_step_is_refused_and_one_is_told_where_one_is() {
    let server = Server::start();
    let (player, mut socket) = server.classic().await;
    // The first position after entering may be anywhere; from then on, the way counts.
    assert_eq!(
        socket.ask("move", "first", json!({"to_location_id": 0, "position": at(0.0, 0.0)})).await["type"],
        "ok"
    );
    for (id, position, velocity, field) in [
        ("far", at(900.0, 0.0), Value::Null, "position"),
        ("out", at(5000.0, 0.0), Value::Null, "position"),
        ("fast", at(1.0, 0.0), at(1000.0, 0.0), "velocity"),
    ] {
        let body = json!({"to_location_id": 0, "position": position, "velocity": velocity});
        let refused = socket.ask("move", id, body).await;
        assert_eq!(refused["error_code"], "MOVE_REJECTED", "{id}: {refused}");
        assert_eq!(refused["details"]["field"], field, "{id}: {refused}");
        let own = socket.hear_where("one's own place", |message| {
            message["type"] == "character_update" && message["character_id"] == player.character
        });
        assert_eq!(own.await["position"]["x"], 0.0, "{id}");
    }
}

#[tokio::test]
async fn without_a_name_only_a_rejection_is_told() {
    let server = Server::start();
    let (player, mut socket) = server.classic().await;
    socket.say("move", json!({"to_location_id": 0, "position": at(1.0, 1.0)})).await;
    socket.say("move", json!({"to_location_id": 0, "position": at(5000.0, 1.0)})).await;
    let refused = socket.hear("error").await;
    assert_eq!(refused["error_code"], "MOVE_REJECTED");
    let own = socket.hear("character_update").await;
    assert_eq!((&own["character_id"], &own["position"]), (&json!(player.character), &at(1.0, 1.0)));
}

#[tokio::test]
async fn travelling_follows_the_ways_and_is_seen_on_both_ends() {
    let server = Server::start();
    let (ann, mut ann_socket) = server.classic().await;
    let (_, mut stays) = server.classic().await;
    let (_, mut ahead) = server.v1().await;
    // To another world shard, and within one of them.
    let gone = ahead.ask("move", "go", json!({"to_location_id": 5})).await;
    assert_eq!((&gone["type"], &gone["location_id"]), (&json!("location_update"), &json!(5)), "{gone}");
    assert_eq!(gone["from_location_id"], 1);
    let arrived = ann_socket.ask("move", "1", json!({"from_location_id": 1, "to_location_id": 5})).await;
    assert_eq!((&arrived["location_id"], &arrived["occupant_count"]), (&json!(5), &json!(1)));
    let left = stays.hear_where("the leaving", |message| {
        message["type"] == "player_left_area" && message["character_id"] == ann.character
    });
    assert_eq!(left.await["to_location_id"], 5);
    let joined = ahead.hear("player_joined_area").await;
    assert_eq!((&joined["character_id"], &joined["location_id"]), (&json!(ann.character), &json!(5)));
    let no_way = ann_socket.ask("move", "2", json!({"to_location_id": 6})).await;
    assert_eq!(no_way["error_code"], "MOVE_REJECTED");
    assert_eq!(
        (&no_way["details"]["field"], &no_way["details"]["exits"]),
        (&json!("to_location_id"), &json!([1]))
    );
    let nowhere = ann_socket.ask("move", "3", json!({"to_location_id": 999})).await;
    assert_eq!(nowhere["error_code"], "MOVE_REJECTED");
    // What is said there is heard there, and not where one came from.
    ann_socket.ask("chat", "4", json!({"content": "here", "channel": "say"})).await;
    assert_eq!(ahead.hear("chat").await["content"], "here");
    assert!(stays.everything_so_far().await.iter().all(|message| message["type"] != "chat"));
    let list = server.get("/api/characters", Some(&ann.person.token)).await.expect();
    assert_eq!(list["characters"][0]["location_id"], 5);
}

#[tokio::test]
async fn a_full_location_takes_nobody_else_in() {
    let server = Server::start();
    let mut inside = Vec::new();
    for nth in 0..20 {
        let (_, mut socket) = server.v1().await;
        let arrived = socket.ask("move", "in", json!({"to_location_id": 2})).await;
        assert_eq!(arrived["location_id"], 2, "{nth}: {arrived}");
        inside.push(socket);
    }
    let (player, mut late) = server.classic().await;
    let refused = late.ask("move", "in", json!({"to_location_id": 2})).await;
    assert_eq!(refused["error_code"], "AREA_FULL", "{refused}");
    assert_eq!(
        late.ask("move", "still", json!({"to_location_id": 0, "position": at(1.0, 0.0)})).await["type"],
        "ok"
    );
    let list = server.get("/api/characters", Some(&player.person.token)).await.expect();
    assert_eq!(list["characters"][0]["location_id"], 1);
    assert_eq!(inside[0].ask("move", "out", json!({"to_location_id": 1})).await["location_id"], 1);
    // Who left is let go of by the shard it left a moment after the other took it in.
    for nth in 0.. {
        let answer = late.ask("move", &format!("again {nth}"), json!({"to_location_id": 2})).await;
        if answer["error_code"] != "AREA_FULL" {
            assert_eq!(answer["location_id"], 2, "{answer}");
            break;
        }
        assert!(nth < 1000, "there is room for one");
    }
}

#[tokio::test]
async fn nobody_sees_more_than_twenty() {
    let server = Server::start();
    let mut crowd = Vec::new();
    for _ in 0..24 {
        crowd.push(server.v1().await);
    }
    let (_, mut socket) = server.v1().await;
    let here = socket.ask("move", "look", json!({"to_location_id": 5})).await;
    assert_eq!(here["occupant_count"], 0);
    let back = socket.ask("move", "back", json!({"to_location_id": 1})).await;
    assert_eq!(back["occupants"].as_array().unwrap().len(), 20);
    assert_eq!(back["occupant_count"], 24);
}
