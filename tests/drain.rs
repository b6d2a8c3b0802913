//! An orderly end under load: everybody is told, nothing acknowledged is lost, and the world goes on where it was.

use std::collections::HashSet;

use serde_json::{Value, json};

use crate::harness::people::Player;
use crate::harness::server::Server;
use crate::harness::socket::{Closed, Socket};

/// Talks until the connection ends; gives back what was acknowledged, the `disconnect` and the close.
async fn talk(mut socket: Socket, name: String) -> (HashSet<String>, Option<Value>, Closed) {
    for nth in 0..100_000 {
        let id = format!("{nth}");
        socket.say("chat", json!({"content": format!("{name} {nth}"), "message_id": id})).await;
        if !socket.is_open_after(&id).await {
            break;
        }
    }
    let closed = socket.closed().await;
    let acknowledged = socket.acknowledged.iter().map(|line| line["content"].as_str().unwrap().to_owned());
    let acknowledged = acknowledged.collect();
    (acknowledged, socket.heard("disconnect").first().map(|told| (*told).clone()), closed)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_is_there_when_the_server_restarts_loses_nothing() {
    let mut server = Server::start();
    let mut talking = Vec::new();
    let mut players: Vec<Player> = Vec::new();
    for nth in 0..6 {
        let (player, mut socket) = if nth % 2 == 0 { server.v1().await } else { server.classic().await };
        let place = json!({"to_location_id": 0, "position": {"x": f64::from(nth), "y": 5.0, "z": 0.0}});
        assert_eq!(socket.ask("move", "place", place).await["type"], "ok");
        talking.push(tokio::spawn(talk(socket, player.name.clone())));
        players.push(player);
    }
    // Somebody travelled, and somebody's connection is gone already.
    let (traveller, mut socket) = server.v1().await;
    assert_eq!(socket.ask("move", "far", json!({"to_location_id": 9})).await["location_id"], 9);
    drop(socket);
    let (_, mut witness) = server.v1().await;
    for _ in 0..200 {
        witness.hear("chat").await;
    }
    server.terminate();
    let mut acknowledged = HashSet::new();
    for task in talking {
        let (lines, told, closed) = task.await.unwrap();
        let told = told.unwrap_or_else(|| panic!("closed with {closed:?} and not told why"));
        assert_eq!(told["code"], 1012, "{told}");
        assert!(told["retry_after_ms"].is_u64() && told["reason"].is_string(), "{told}");
        assert_eq!(closed.code, Some(1012), "{closed:?}");
        acknowledged.extend(lines);
    }
    assert!(acknowledged.len() > 20, "there was load");
    let status = server.wait().await;
    assert!(status.success(), "{status}");
    let directory = server.directory().clone();
    let lines = crate::harness::disk::global_lines(&directory);
    let on_disk: HashSet<&str> = lines.iter().map(|line| line.content.as_str()).collect();
    let lost: Vec<&String> = acknowledged.iter().filter(|line| !on_disk.contains(line.as_str())).collect();
    assert!(lost.is_empty(), "{lost:?}");
    assert_eq!(on_disk.len(), lines.len(), "nothing is there twice");

    let server = Server::start_in(&directory, &[]);
    for (nth, player) in players.iter().enumerate() {
        let mut socket = Socket::v1(&server).await;
        socket.sign_in(&player.person.token).await;
        let here = socket.hear("location_update").await;
        assert_eq!(here["position"], json!({"x": nth as f64, "y": 5.0, "z": 0.0}), "{}", player.name);
    }
    let mut socket = Socket::v1(&server).await;
    socket.sign_in(&traveller.person.token).await;
    assert_eq!(socket.hear("location_update").await["location_id"], 9);
}

#[tokio::test]
async fn a_second_signal_hurries_and_nothing_is_left_behind() {
    let mut server = Server::start();
    let (_, _socket) = server.classic().await;
    server.terminate();
    server.terminate();
    assert!(server.wait().await.success());
    assert!(Socket::try_connect(&server).await.is_err(), "nobody listens any more");
}

#[tokio::test]
async fn guests_are_told_of_a_stop_and_do_not_hold_it_up() {
    let mut server = Server::start();
    let mut guest = Socket::classic(&server).await;
    server.terminate();
    let told = guest.hear("disconnect").await;
    assert_eq!(told["code"], 1012);
    assert!(server.wait().await.success());
}
