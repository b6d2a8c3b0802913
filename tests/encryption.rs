//! Plain, v1 and encrypted peers on one server.

use protocol::encryption::{Cipher, ITERATIONS};
use serde_json::json;

use crate::harness::server::Server;
use crate::harness::socket::Socket;

const KEY: (&str, &str) = ("p2p.encryption_key", "a key that both have");
const DOCUMENTED: (&str, &str) = ("p2p.iterations", "100000");

#[tokio::test]
async fn plain_and_encrypted_peers_hear_each_other() {
    let server = Server::with(&[KEY, DOCUMENTED]);
    let (_, mut plain) = server.classic().await;
    let (_, mut v1) = server.v1().await;
    let (player, mut sealed) = server.classic().await;
    sealed.cipher = Some(Cipher::from_password(KEY.1, ITERATIONS));
    let own = sealed.ask("chat", "1", json!({"content": "in secret"})).await;
    assert_eq!((&own["sealed"], &own["sender_id"]), (&json!(true), &json!(player.character)));
    for other in [&mut plain, &mut v1] {
        assert_eq!(other.hear("chat").await["content"], "in secret");
    }
    plain.ask("chat", "2", json!({"content": "in the open"})).await;
    let heard = sealed.hear_where("it", |message| message["content"] == "in the open").await;
    assert_eq!(heard["sealed"], true, "who seals is answered sealed");
    assert_eq!(heard["priority"], 1, "and with all that classic messages carry");
    let refused = sealed.ask("nope", "3", json!({})).await;
    assert_eq!((&refused["type"], &refused["sealed"]), (&json!("error"), &json!(true)));
    // A new connection of the session starts in plain text, as signing in does.
    let mut again = server.enter(&player, Socket::classic(&server).await).await;
    assert_eq!(again.ask("ping", "4", json!({})).await["type"], "pong");
}

#[tokio::test]
async fn what_the_key_does_not_open_is_refused_in_plain_text() {
    let server = Server::with(&[KEY, DOCUMENTED]);
    let (_, mut socket) = server.classic().await;
    socket.cipher = Some(Cipher::from_password("another key", ITERATIONS));
    socket.say("chat", json!({"content": "nobody reads this"})).await;
    let refused = socket.hear("error").await;
    assert_eq!((&refused["error_code"], &refused["sealed"]), (&json!("PROTOCOL_ERROR"), &json!(false)));
    socket.cipher = None;
    assert_eq!(socket.ask("chat", "1", json!({"content": "plain again"})).await["type"], "chat");
}

#[tokio::test]
async fn a_server_that_does_not_encrypt_says_so() {
    let server = Server::with(&[KEY, DOCUMENTED, ("p2p.encryption", "false")]);
    let (_, mut socket) = server.classic().await;
    socket.cipher = Some(Cipher::from_password(KEY.1, ITERATIONS));
    socket.say("chat", json!({"content": "nobody reads this"})).await;
    let refused = socket.hear("error").await;
    assert_eq!(refused["error_code"], "PROTOCOL_ERROR");
    assert!(refused["error_message"].as_str().unwrap().starts_with("Invalid JSON"), "{refused}");
}
