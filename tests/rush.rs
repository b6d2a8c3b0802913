//! Many at once, and much at once: races that have one winner, clients that wait for nothing.

use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::harness::people::{PASSWORD, Person};
use crate::harness::server::Server;
use crate::harness::socket::Socket;

#[tokio::test]
async fn a_name_has_one_owner_however_many_want_it() {
    let server = Server::start();
    let body = json!({"username": "wanted", "password": PASSWORD});
    let answers = join_all((0..10).map(|_| server.post("/api/auth/register", None, &body))).await;
    let statuses: Vec<u16> = answers.iter().map(|answer| answer.status).collect();
    assert_eq!(statuses.iter().filter(|status| **status == 200).count(), 1, "{statuses:?}");
    assert_eq!(statuses.iter().filter(|status| **status == 409).count(), 9, "{statuses:?}");
    let mut people: Vec<Person> = Vec::new();
    for _ in 0..6 {
        people.push(server.person().await);
    }
    let body = json!({"name": "Wanted", "race": "Elf", "class": "Rogue", "faction": "Golden Order"});
    let made =
        join_all(people.iter().map(|who| server.post("/api/characters", Some(&who.token), &body))).await;
    assert_eq!(made.iter().filter(|answer| answer.status == 200).count(), 1, "{made:?}");
}

#[tokio::test]
async fn a_character_has_one_player_however_many_take_it() {
    let mut server = Server::start();
    let player = server.player().await;
    let mut sockets = Vec::new();
    for _ in 0..5 {
        let person = server.login(&player.person.username).await;
        let mut socket = Socket::v1(&server).await;
        socket.sign_in(&person.token).await;
        sockets.push(socket);
    }
    for socket in &mut sockets {
        socket.say("character_select", json!({"character_id": player.character, "message_id": "mine"})).await;
    }
    let mut kept = 0;
    for socket in &mut sockets {
        socket.say("ping", json!({"message_id": "there?"})).await;
    }
    // All but the last to take it are told so and closed; nobody is left between.
    let mut speakers = Vec::new();
    for mut socket in sockets {
        if socket.is_open_after("there?").await {
            kept += 1;
            speakers.push(socket);
        }
    }
    let (mut heard, mut answers) = (0, Vec::new());
    for mut socket in speakers {
        socket.say("chat", json!({"content": "I am the one", "message_id": "speak"})).await;
        if socket.is_open_after("speak").await {
            heard += socket.acknowledged.iter().filter(|answer| answer["type"] == "chat").count();
            answers.append(&mut socket.acknowledged);
        }
    }
    assert!(kept >= 1 && heard == 1, "{kept} stayed, {heard} could speak: {answers:#?}");
    let status = server.get("/api/status", None).await.expect();
    assert_eq!(status["active_players"], 1);
    server.expect_well().await;
}

#[tokio::test]
async fn who_waits_for_no_answer_gets_all_of_them_in_order() {
    let server = Server::start();
    let person = server.person().await;
    let character = server.create_character(&person, "Hasty One", "Golden Order").await;
    for mut socket in [Socket::classic(&server).await, Socket::v1(&server).await] {
        let prefix = if socket.is_v1() { "v" } else { "c" };
        let id_of = |nth: usize| format!("{prefix}{nth}");
        let hurry: Vec<(&str, Value)> = vec![
            ("auth_request", json!({"session_token": person.token})),
            ("character_select", json!({"character_id": character})),
            ("chat", json!({"content": "already here"})),
            ("move", json!({"to_location_id": 0, "position": {"x": 1.0, "y": 0.0}})),
            ("world_state", json!({})),
            ("chat", json!({"content": "still here"})),
        ];
        for (nth, (kind, mut body)) in hurry.into_iter().enumerate() {
            body["message_id"] = json!(id_of(nth));
            socket.say(kind, body).await;
        }
        for (nth, kind) in
            ["auth_response", "character_select", "chat", "ok", "world_state", "chat"].iter().enumerate()
        {
            let answer = socket.answer(&id_of(nth)).await;
            assert_eq!(answer["type"], *kind, "{answer}");
        }
        socket.say("disconnect", json!({})).await;
        assert_eq!(socket.closed().await.code, Some(1000));
    }
}

#[tokio::test]
async fn changing_the_character_leaves_with_one_and_comes_with_the_other() {
    let server = Server::start();
    let (_, mut witness) = server.v1().await;
    let (player, mut socket) = server.classic().await;
    let other = server.create_character(&player.person, "Second Self", "Golden Order").await;
    let of = |kind: &'static str, who: i64| {
        move |message: &Value| message["type"] == kind && message["character_id"] == who
    };
    socket.ask("character_select", "other", json!({"character_id": other})).await;
    witness.hear_where("the leaving", of("player_left_area", player.character)).await;
    witness.hear_where("the coming", of("player_joined_area", other)).await;
    assert_eq!(socket.ask("chat", "1", json!({"content": "me too"})).await["sender_id"], other);
    // Deleted under way, over REST: gone for everybody.
    let path = format!("/api/characters/{other}");
    server.delete(&path, Some(&player.person.token)).await.expect();
    witness.hear_where("the end", of("player_left_area", other)).await;
    assert_eq!(socket.ask("chat", "2", json!({"content": "x"})).await["error_code"], "NO_CHARACTER");
}

#[tokio::test]
async fn who_runs_to_and_fro_is_in_one_place() {
    let mut server = Server::start();
    let (player, mut socket) = server.v1().await;
    for nth in 0..60 {
        let to = [2, 1, 5, 1, 11, 1][nth % 6];
        socket.say("move", json!({"to_location_id": to, "message_id": format!("{nth}")})).await;
    }
    for nth in 0..60 {
        let answer = socket.answer(&format!("{nth}")).await;
        assert!(["location_update", "error", "ok"].contains(&answer["type"].as_str().unwrap()), "{answer}");
    }
    let own = socket.ask("character_update", "where", json!({})).await;
    let admin = server.admin().await;
    let world = server.get("/api/admin/world", Some(&admin.token)).await.expect();
    let places: Vec<&Value> = world["locations"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|place| {
            place["characters"].as_array().unwrap().iter().any(|one| one["character_id"] == player.character)
        })
        .collect();
    assert_eq!(places.len(), 1, "{places:?}");
    assert_eq!(places[0]["location_id"], own["location_id"]);
    server.expect_well().await;
}
