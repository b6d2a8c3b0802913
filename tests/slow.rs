//! Clients that don't read, don't speak or don't leave: they hold up nobody else.

use std::time::Duration;

use serde_json::json;
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::harness::PATIENCE;
use crate::harness::server::Server;
use crate::harness::socket::Socket;
use crate::harness::wire::Wire;

#[tokio::test]
async fn who_does_not_read_is_let_go_and_holds_nobody_up() {
    let mut server = Server::with(&[("tcp.user_timeout_secs", "1")]);
    let (_, mut talker) = server.v1().await;
    let (_, mut listener) = server.classic().await;
    let slow = server.player().await;
    let jammed = Wire::upgrade_narrow(&server, &slow.person.token).await;
    // The other connections have to see it come, so that the flood is for it too.
    talker.hear_where("the third", |message| message["character_id"] == slow.character).await;
    let line = "x".repeat(500);
    for nth in 0..1500 {
        let said = talker.ask("chat", &format!("{nth}"), json!({"content": line})).await;
        assert_eq!(said["type"], "chat", "{said}");
        listener.hear("chat").await;
    }
    // The kernel gives it up some time after the last byte that was taken.
    let gone = async {
        let mut rounds = tokio::time::interval(Duration::from_millis(50));
        while server.get("/api/status", None).await.expect()["websocket_connections"] != 2 {
            rounds.tick().await;
        }
    };
    timeout(PATIENCE, gone).await.expect("its outbox is full and its connection over");
    // The session is still there, and may come back on a better line.
    let mut back = Socket::v1(&server).await;
    back.sign_in(&slow.person.token).await;
    back.hear("location_update").await;
    assert_eq!(back.ask("ping", "p", json!({})).await["type"], "pong");
    drop(jammed);
    server.expect_well().await;
}

#[tokio::test]
async fn nobody_can_hold_up_the_end() {
    let mut server = Server::start();
    let (_, mut talker) = server.v1().await;
    let slow = server.player().await;
    let _jammed = Wire::upgrade_narrow(&server, &slow.person.token).await;
    let _guest = Wire::upgrade(&server, None).await;
    let mut _silent = Vec::new();
    for _ in 0..5 {
        _silent.push(TcpStream::connect(&server.address).await.expect("the server listens"));
    }
    for nth in 0..400 {
        talker.ask("chat", &format!("{nth}"), json!({"content": "x".repeat(500)})).await;
    }
    server.terminate();
    assert_eq!(talker.closed().await.code, Some(1012));
    assert!(server.wait().await.success());
}
