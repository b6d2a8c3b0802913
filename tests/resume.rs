//! Resuming (v1): after a drop or a planned restart a client gets exactly what it missed, or is told that it can't.

use serde_json::{Value, json};

use crate::harness::server::{Directory, Server};
use crate::harness::socket::Socket;

/// What a client keeps of a connection, to go on with later.
struct Keys {
    session: Value,
    token: Value,
    seq: u64,
}

/// A player in the world and the keys of its connection.
async fn enter(server: &Server) -> (Socket, Keys) {
    let player = server.player().await;
    let mut socket = Socket::v1(server).await;
    let answer = socket.sign_in(&player.person.token).await;
    socket.hear("location_update").await;
    socket.everything_so_far().await;
    let keys = Keys {
        session: answer["session_id"].clone(),
        token: answer["resume_token"].clone(),
        seq: socket.seq,
    };
    (socket, keys)
}

async fn resume(server: &Server, keys: &Keys) -> (Socket, Value) {
    let mut socket = Socket::v1(server).await;
    let body = json!({"session_id": keys.session, "resume_token": keys.token, "last_seq": keys.seq});
    let answer = socket.ask("resume", "resume", body).await;
    (socket, answer)
}

async fn expect_expired(server: &Server, keys: &Keys) {
    let (_, refused) = resume(server, keys).await;
    assert_eq!(refused["error_code"], "RESUME_EXPIRED", "{refused}");
}

#[tokio::test]
async fn after_a_drop_exactly_what_was_missed_comes_in_order() {
    let server = Server::start();
    let (_, mut talker) = server.classic().await;
    let (mut socket, mut keys) = enter(&server).await;
    talker.ask("chat", "heard", json!({"content": "heard"})).await;
    socket.hear("chat").await;
    talker.ask("chat", "unheard", json!({"content": "arrived, not taken"})).await;
    socket.hear("chat").await;
    keys.seq = socket.seq - 1;
    drop(socket);
    for nth in 0..20 {
        talker.ask("chat", &format!("{nth}"), json!({"content": format!("missed {nth}")})).await;
    }
    let (mut socket, resumed) = resume(&server, &keys).await;
    assert_eq!(
        (&resumed["type"], &resumed["from_seq"]),
        (&json!("resumed"), &json!(keys.seq + 1)),
        "{resumed}"
    );
    assert!(resumed["gap"].is_null(), "{resumed}");
    assert_ne!(resumed["resume_token"], keys.token, "a token opens once");
    assert_eq!(socket.hear("chat").await["content"], "arrived, not taken");
    for nth in 0..20 {
        assert_eq!(socket.hear("chat").await["content"], format!("missed {nth}"));
    }
    assert_eq!(socket.ask("chat", "back", json!({"content": "back"})).await["type"], "chat");
    expect_expired(&server, &Keys { token: json!("A".repeat(43)), ..keys }).await;
}

#[tokio::test]
async fn a_gap_that_is_too_large_is_said_to_be_one() {
    let server = Server::with(&[("ws.out_queue_events", "16")]);
    let (_, mut talker) = server.classic().await;
    let (socket, keys) = enter(&server).await;
    drop(socket);
    for nth in 0..50 {
        talker.ask("chat", &format!("{nth}"), json!({"content": format!("missed {nth}")})).await;
    }
    let (mut socket, resumed) = resume(&server, &keys).await;
    assert_eq!(resumed["type"], "resumed", "{resumed}");
    assert_eq!(resumed["gap"]["from_seq"], keys.seq + 1, "{resumed}");
    let mut lines = Vec::new();
    while lines.last().is_none_or(|last| last != "missed 49") {
        lines.push(socket.hear("chat").await["content"].as_str().unwrap().to_owned());
    }
    let expected: Vec<String> = (50 - lines.len()..50).map(|nth| format!("missed {nth}")).collect();
    assert_eq!(lines, expected, "what is left is whole");
}

#[tokio::test]
async fn a_planned_restart_loses_nothing_and_a_crash_says_so() {
    let directory = Directory::new();
    let server = Server::start_in(&directory, &[]);
    let (_, mut talker) = server.classic().await;
    let (socket, keys) = enter(&server).await;
    drop(socket);
    for nth in 0..20 {
        talker.ask("chat", &format!("{nth}"), json!({"content": format!("missed {nth}")})).await;
    }
    server.stop().await;
    let server = Server::start_in(&directory, &[]);
    let (mut socket, resumed) = resume(&server, &keys).await;
    assert_eq!((&resumed["type"], &resumed["gap"]), (&json!("resumed"), &Value::Null), "{resumed}");
    for nth in 0..20 {
        assert_eq!(socket.hear("chat").await["content"], format!("missed {nth}"));
    }
    assert_eq!(socket.ask("chat", "back", json!({"content": "back"})).await["type"], "chat");
    let keys = Keys { token: resumed["resume_token"].clone(), seq: socket.seq, ..keys };
    server.kill();
    let server = Server::start_in(&directory, &[]);
    expect_expired(&server, &keys).await;
}
