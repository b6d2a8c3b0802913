//! Losing a connection and coming back, against a scripted peer.

use crate::support::{Door, Peer, character, eager, line, welcome};
use shardmesh_client::protocol::session::{Disconnect, Done};
use shardmesh_client::protocol::{CharacterId, ClientMessage, ErrorCode, ErrorMessage, ServerMessage};
use shardmesh_client::{Client, ClientError, End, Notice, Options};
use tokio::sync::mpsc;

/// Selects character 7 on a fresh pair.
async fn playing(door: &Door, options: Options) -> (Client, Peer) {
    let (client, mut peer) = door.pair(options).await;
    let enter = async {
        let name = peer.hear().await.message_id;
        peer.tell(&character(7, "Mira"), name.as_deref()).await;
    };
    let (selected, ()) = tokio::join!(client.select_character(CharacterId(7)), enter);
    selected.unwrap();
    (client, peer)
}

pub fn notices(client: &Client) -> mpsc::Receiver<Notice> {
    let (heard, news) = mpsc::channel(64);
    client.on_notice(move |notice| heard.try_send(notice.clone()).unwrap());
    news
}

#[tokio::test]
async fn after_a_drop_it_plays_the_same_character_and_repeats_what_had_no_answer() {
    let door = Door::open().await;
    let (client, mut peer) = playing(&door, eager()).await;
    let mut news = notices(&client);
    let script = async {
        let before = peer.hear().await;
        assert!(matches!(before.message, ClientMessage::Chat(_)));
        drop(peer);
        let mut peer = door.welcome(1, 1).await;
        let again = peer.hear().await;
        let ClientMessage::CharacterSelect(which) = again.message else { panic!("{again:?}") };
        assert_eq!(which.character_id, CharacterId(7));
        peer.tell(&character(7, "Mira"), again.message_id.as_deref()).await;
        let repeated = peer.hear().await;
        assert_eq!(repeated.message, before.message);
        assert_eq!(repeated.message_id, before.message_id);
        peer.tell(&line(1, "hello"), repeated.message_id.as_deref()).await;
        peer
    };
    let (said, _peer) = tokio::join!(client.send_chat("hello"), script);
    assert_eq!(said.unwrap().chat_id, 1);
    assert!(matches!(news.recv().await, Some(Notice::Reconnecting { attempt: 1, .. })));
    assert_eq!(news.recv().await, Some(Notice::Reconnected));
}

#[tokio::test]
async fn what_was_lost_in_between_is_told() {
    let door = Door::open().await;
    let (client, peer) = playing(&door, eager()).await;
    let mut news = notices(&client);
    peer.close(1012, "restart").await;
    let mut peer = door.welcome(1, 4).await;
    let name = peer.hear().await.message_id;
    peer.tell(&character(7, "Mira"), name.as_deref()).await;
    assert!(matches!(news.recv().await, Some(Notice::Reconnecting { .. })));
    assert_eq!(news.recv().await, Some(Notice::Missed { from_seq: 2, to_seq: 4 }));
    assert_eq!(news.recv().await, Some(Notice::Reconnected));
}

#[tokio::test]
async fn a_restarted_server_that_counts_from_one_again_is_understood() {
    let door = Door::open().await;
    let (client, peer) = playing(&door, eager()).await;
    drop(peer);
    let mut peer = door.welcome(1, 0).await;
    let again = peer.hear().await;
    assert!(matches!(again.message, ClientMessage::CharacterSelect(_)));
    peer.tell(&character(7, "Mira"), again.message_id.as_deref()).await;
    let answer = async {
        let name = peer.hear().await.message_id;
        peer.tell(&line(1, "hello"), name.as_deref()).await;
    };
    let (said, ()) = tokio::join!(client.send_chat("hello"), answer);
    assert_eq!(said.unwrap().chat_id, 1);
}

#[tokio::test]
async fn it_waits_as_long_as_the_server_asks() {
    let door = Door::open().await;
    let (client, mut peer) = playing(&door, eager()).await;
    let mut news = notices(&client);
    let goodbye = Disconnect { reason: "restart".to_owned(), code: 1012, retry_after_ms: Some(60) };
    peer.tell(&ServerMessage::Disconnect(goodbye), None).await;
    peer.close(1012, "restart").await;
    let Some(Notice::Reconnecting { wait, why, .. }) = news.recv().await else { panic!("no notice") };
    assert!(wait.as_millis() >= 60, "{wait:?}");
    assert_eq!(why, "restart");
    door.welcome(1, 2).await;
}

#[tokio::test]
async fn who_was_replaced_or_kicked_stays_away() {
    for code in [4001, 4003] {
        let door = Door::open().await;
        let (client, peer) = playing(&door, eager()).await;
        let mut news = notices(&client);
        peer.close(code, "go").await;
        let End::Closed { code: found, .. } = client.ended().await else { panic!("not closed") };
        assert_eq!(found, code);
        assert!(matches!(news.recv().await, Some(Notice::Ended(End::Closed { .. }))));
        assert!(matches!(client.send_chat("hello").await, Err(ClientError::Ended(_))));
    }
}

#[tokio::test]
async fn a_token_that_ended_meanwhile_is_the_end() {
    let door = Door::open().await;
    let (client, peer) = playing(&door, eager()).await;
    drop(peer);
    let mut peer = door.accept().await;
    peer.hear().await;
    let mut no = welcome(1, 0);
    no.success = false;
    peer.say(&ServerMessage::AuthResponse(no), None).await;
    assert!(matches!(client.ended().await, End::Lost { .. }));
}

#[tokio::test]
async fn a_character_that_is_gone_is_told_and_the_connection_stays() {
    let door = Door::open().await;
    let (client, peer) = playing(&door, eager()).await;
    let mut news = notices(&client);
    drop(peer);
    let mut peer = door.welcome(1, 1).await;
    let name = peer.hear().await.message_id;
    let error = ErrorMessage::new(ErrorCode::NotFound, "no such character");
    peer.tell(&ServerMessage::Error(error), name.as_deref()).await;
    assert!(matches!(news.recv().await, Some(Notice::Reconnecting { .. })));
    assert_eq!(news.recv().await, Some(Notice::Reconnected));
    assert_eq!(news.recv().await, Some(Notice::CharacterLost { why: "no such character".to_owned() }));
    let answer = async {
        let name = peer.hear().await.message_id;
        peer.tell(&ServerMessage::Ok(Done {}), name.as_deref()).await;
    };
    let (done, ()) = tokio::join!(client.request(shardmesh_client::compose::ping()), answer);
    done.unwrap();
}

#[tokio::test]
async fn without_reconnect_a_lost_connection_is_the_end() {
    let door = Door::open().await;
    let (client, peer) = playing(&door, Options { reconnect: None, ..Options::default() }).await;
    drop(peer);
    assert!(matches!(client.ended().await, End::Lost { .. }));
}

#[tokio::test]
async fn leaving_is_said_to_the_server() {
    let door = Door::open().await;
    let (client, mut peer) = playing(&door, eager()).await;
    let listen = async {
        assert!(matches!(peer.hear().await.message, ClientMessage::Disconnect(_)));
        assert!(peer.hear_all().await.is_none());
    };
    tokio::join!(client.disconnect(), listen);
    assert_eq!(client.ended().await, End::Asked);
}

#[tokio::test]
async fn dropping_the_last_client_leaves() {
    let door = Door::open().await;
    let (client, mut peer) = playing(&door, eager()).await;
    drop(client);
    assert!(matches!(peer.hear().await.message, ClientMessage::Disconnect(_)));
}
