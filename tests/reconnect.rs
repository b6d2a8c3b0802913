//! Connections come and go; the session and its character stay.

use serde_json::json;

use crate::harness::server::Server;
use crate::harness::socket::Socket;

#[tokio::test]
async fn who_comes_back_in_time_has_missed_nothing() {
    let server = Server::start();
    let (_, mut talker) = server.classic().await;
    for v1 in [true, false] {
        let (player, mut socket) = if v1 { server.v1().await } else { server.classic().await };
        let here = json!({"to_location_id": 0, "position": {"x": 7.0, "y": 8.0, "z": 0.0}});
        assert_eq!(socket.ask("move", "m", here).await["type"], "ok");
        let before = socket.seq;
        drop(socket);
        for nth in 0..10 {
            let line = json!({"content": format!("while away {v1} {nth}")});
            talker.ask("chat", &format!("{v1}{nth}"), line).await;
        }
        let mut socket = if v1 { Socket::v1(&server).await } else { Socket::classic(&server).await };
        let answer = socket.sign_in(&player.person.token).await;
        assert!(!v1 || answer["last_seq"].as_u64() >= Some(before), "{answer}");
        for nth in 0..10 {
            assert_eq!(socket.hear("chat").await["content"], format!("while away {v1} {nth}"));
        }
        let here = socket.hear("location_update").await;
        assert_eq!(here["position"]["x"], 7.0, "the character never left");
        let left = talker.everything_so_far().await;
        assert!(left.iter().all(|message| message["type"] != "player_left_area"), "{left:?}");
        socket.say("disconnect", json!({"reason": "bye"})).await;
        assert_eq!(socket.closed().await.code, Some(1000));
    }
}

#[tokio::test]
async fn a_second_connection_of_a_session_replaces_the_first() {
    let server = Server::start();
    let (player, mut first) = server.classic().await;
    let mut second = Socket::v1(&server).await;
    second.sign_in(&player.person.token).await;
    let closed = first.closed().await;
    assert_eq!(closed.code, Some(4001), "{closed:?}");
    assert_eq!(second.ask("chat", "1", json!({"content": "it is me"})).await["sender_id"], player.character);
}

#[tokio::test]
async fn another_session_takes_the_character_over() {
    let server = Server::start();
    let (player, mut first) = server.classic().await;
    let elsewhere = server.login(&player.person.username).await;
    let mut second = Socket::v1(&server).await;
    second.sign_in(&elsewhere.token).await;
    let body = json!({"character_id": player.character});
    assert_eq!(second.ask("character_select", "1", body).await["type"], "character_select");
    let closed = first.closed().await;
    assert_eq!(closed.code, Some(4001), "{closed:?}");
    assert_eq!(first.heard("disconnect").len(), 1, "the older is told why");
    second.hear("location_update").await;
    assert_eq!(second.ask("chat", "2", json!({"content": "mine"})).await["sender_id"], player.character);
}

#[tokio::test]
async fn who_stays_away_leaves_the_world_and_the_session_stays() {
    let server = Server::with(&[("session.grace_secs", "2")]);
    let (_, mut witness) = server.classic().await;
    let (player, socket) = server.v1().await;
    let dropped_at = std::time::UNIX_EPOCH.elapsed().unwrap().as_secs_f64();
    drop(socket);
    // On a busy machine it may have been gone once already, before it connected.
    let left = witness.hear_where("the leaving", |message| {
        let about = (message["type"].as_str(), message["character_id"].as_i64());
        let later = message["timestamp"].as_f64().is_some_and(|at| at > dropped_at);
        about == (Some("player_left_area"), Some(player.character)) && later
    });
    let left = left.await;
    assert!(left["to_location_id"].is_null(), "{left}");
    let mut socket = Socket::v1(&server).await;
    socket.sign_in(&player.person.token).await;
    let refused = socket.ask("chat", "1", json!({"content": "x"})).await;
    assert_eq!(refused["error_code"], "NO_CHARACTER", "{refused}");
    let body = json!({"character_id": player.character});
    assert_eq!(socket.ask("character_select", "2", body).await["character"]["id"], player.character);
    assert_eq!(socket.hear("location_update").await["location_id"], 1);
}

#[tokio::test]
async fn without_a_character_only_what_needs_none_passes() {
    let server = Server::start();
    let person = server.person().await;
    let mut socket = Socket::v1(&server).await;
    socket.sign_in(&person.token).await;
    for kind in ["character_list", "world_state", "shard_status", "ping"] {
        assert_ne!(socket.ask(kind, kind, json!({})).await["type"], "error", "{kind}");
    }
    for (kind, body) in [
        ("chat", json!({"content": "x"})),
        ("faction_chat", json!({"content": "x"})),
        ("whisper", json!({"content": "x", "recipient_id": 1})),
        ("move", json!({"to_location_id": 0, "position": {"x": 0.0, "y": 0.0}})),
        ("move", json!({"to_location_id": 2})),
        ("character_update", json!({})),
    ] {
        // The answer carries the name, so one name for each.
        let refused = socket.ask(kind, &format!("{kind} {}", body.to_string().len()), body).await;
        assert_eq!(refused["error_code"], "NO_CHARACTER", "{kind}: {refused}");
    }
}

#[tokio::test]
async fn a_silent_client_is_pinged_and_let_go() {
    let server = Server::with(&[("ws.ping_secs", "1"), ("ws.pong_wait_secs", "1")]);
    let (_, mut alive) = server.v1().await;
    let player = server.player().await;
    let mut silent = crate::harness::wire::Wire::upgrade(&server, Some(&player.person.token)).await;
    // Who answers pings stays, though it says nothing: our client does while it waits.
    tokio::select! {
        closed = silent.closed_without_answering() => assert_eq!(closed, Some(1001)),
        closed = alive.closed() => panic!("it answered, and still was closed: {closed:?}"),
    }
    assert_eq!(alive.ask("ping", "p", json!({})).await["type"], "pong");
}
