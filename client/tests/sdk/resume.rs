//! Going on with a session after a drop (v1), against a scripted peer.

use shardmesh_client::protocol::session::Resume;
use shardmesh_client::protocol::{
    CharacterId, ClientMessage, Dialect, ErrorCode, ErrorMessage, ServerMessage, Text,
};
use shardmesh_client::{Client, End, Notice, Options, hear};
use tokio::sync::mpsc;

use crate::comeback::notices;
use crate::support::{Door, Peer, character, eager, line, welcome};

/// Plays character 7 in a session that can be resumed; one event has come.
async fn playing(door: &Door) -> (Client, Peer) {
    playing_in(Dialect::V1Json, door).await
}

async fn playing_in(dialect: Dialect, door: &Door) -> (Client, Peer) {
    let (client, mut peer) = door.resumable(Options { dialect, ..eager() }).await;
    assert_eq!(peer.dialect, dialect);
    let enter = async {
        let name = peer.hear().await.message_id;
        peer.tell(&character(7, "Mira"), name.as_deref()).await;
    };
    let (selected, ()) = tokio::join!(client.select_character(CharacterId(7)), enter);
    selected.unwrap();
    (client, peer)
}

fn lines(client: &Client) -> mpsc::Receiver<u64> {
    let (heard, lines) = mpsc::channel(64);
    client.on::<hear::Chat>(move |line| heard.try_send(line.chat_id).unwrap());
    lines
}

fn claim(resume_token: &str, last_seq: u64) -> Resume {
    let session_id = welcome(1, 0).session_id.unwrap();
    Resume { session_id, resume_token: Text::new(resume_token).unwrap(), last_seq }
}

async fn expire(peer: &mut Peer) {
    let error = ErrorMessage::new(ErrorCode::ResumeExpired, "this session can't be resumed: sign in again");
    peer.say(&ServerMessage::Error(error), None).await;
}

#[tokio::test]
async fn a_session_goes_on_with_what_was_missed_and_the_token_is_renewed() {
    let dialects = [Dialect::V1Json, Dialect::V1MsgPack, Dialect::V1JsonDeflate, Dialect::V1MsgPackDeflate];
    for dialect in dialects {
        a_session_goes_on_in(dialect).await;
    }
}

async fn a_session_goes_on_in(dialect: Dialect) {
    let door = Door::open().await;
    let (client, mut peer) = playing_in(dialect, &door).await;
    let (mut news, mut heard) = (notices(&client), lines(&client));
    peer.tell(&line(1, "before"), None).await;
    assert_eq!(heard.recv().await, Some(1));
    drop(peer);
    let (mut peer, claimed) = door.claimed().await;
    assert_eq!(claimed, claim("first", 2));
    peer.resumed("second", (3, 4), None).await;
    peer.tell(&line(2, "meanwhile"), None).await;
    peer.tell(&line(3, &"meanwhile".repeat(200)), None).await;
    assert_eq!((heard.recv().await, heard.recv().await), (Some(2), Some(3)));
    drop(peer);
    let (mut peer, claimed) = door.claimed().await;
    assert_eq!(claimed, claim("second", 4));
    peer.resumed("third", (5, 4), None).await;
    peer.tell(&line(4, "later"), None).await;
    assert_eq!(heard.recv().await, Some(4));
    for _ in 0..2 {
        assert!(matches!(news.recv().await, Some(Notice::Reconnecting { attempt: 1, .. })));
        assert_eq!(news.recv().await, Some(Notice::Resumed));
    }
    assert!(news.try_recv().is_err(), "nothing was missed or doubled");
    client.leave();
    let last = peer.hear().await;
    assert!(matches!(last.message, ClientMessage::Disconnect(_)), "no character was selected again");
    assert_eq!(last.ack, Some(5));
}

#[tokio::test]
async fn what_has_no_answer_among_the_missed_events_is_sent_again() {
    let door = Door::open().await;
    let (client, mut peer) = playing(&door).await;
    let mut heard = lines(&client);
    let script = async {
        let one = peer.hear().await;
        let two = peer.hear().await;
        drop(peer);
        let (mut peer, _) = door.claimed().await;
        peer.resumed("second", (2, 3), None).await;
        // The answer to the one was on its way when the connection dropped.
        peer.tell(&line(1, "one"), one.message_id.as_deref()).await;
        peer.tell(&line(2, "somebody else's"), None).await;
        let again = peer.hear().await;
        assert_eq!((&again.message, &again.message_id), (&two.message, &two.message_id));
        assert_eq!(again.ack, Some(3));
        // It was under way all the time, and the repetition is answered too.
        peer.tell(&line(3, "two"), two.message_id.as_deref()).await;
        peer.tell(&line(3, "two"), two.message_id.as_deref()).await;
        peer.tell(&line(4, "the last"), None).await;
        peer
    };
    let (one, two, _peer) = tokio::join!(client.send_chat("one"), client.send_chat("two"), script);
    assert_eq!((one.unwrap().chat_id, two.unwrap().chat_id), (1, 3));
    for expected in 1..=4 {
        assert_eq!(heard.recv().await, Some(expected));
    }
}

#[tokio::test]
async fn a_gap_is_told_with_its_range_and_what_is_left_follows() {
    let door = Door::open().await;
    let (client, peer) = playing(&door).await;
    let (mut news, mut heard) = (notices(&client), lines(&client));
    drop(peer);
    let (mut peer, _) = door.claimed().await;
    peer.resumed("second", (8, 8), Some((2, 7))).await;
    peer.tell(&line(7, "left"), None).await;
    assert_eq!(heard.recv().await, Some(7));
    assert!(matches!(news.recv().await, Some(Notice::Reconnecting { .. })));
    assert_eq!(news.recv().await, Some(Notice::Missed { from_seq: 2, to_seq: 7 }));
    assert_eq!(news.recv().await, Some(Notice::Resumed));
    assert!(news.try_recv().is_err());
    drop(peer);
    assert_eq!(door.claimed().await.1, claim("second", 8));
}

#[tokio::test]
async fn where_the_session_can_not_go_on_it_signs_in_on_the_same_connection() {
    let door = Door::open().await;
    let (client, peer) = playing(&door).await;
    let mut news = notices(&client);
    drop(peer);
    let (mut peer, _) = door.claimed().await;
    expire(&mut peer).await;
    let mut answer = welcome(1, 40);
    answer.resume_token = Some("anew".to_owned());
    peer.sign_in(answer).await;
    let again = peer.hear().await;
    let ClientMessage::CharacterSelect(which) = again.message else { panic!("{again:?}") };
    assert_eq!(which.character_id, CharacterId(7));
    peer.tell(&character(7, "Mira"), again.message_id.as_deref()).await;
    assert!(matches!(news.recv().await, Some(Notice::Reconnecting { .. })));
    assert_eq!(news.recv().await, Some(Notice::Missed { from_seq: 2, to_seq: 40 }));
    assert_eq!(news.recv().await, Some(Notice::Reconnected));
    let answer = async {
        let name = peer.hear().await.message_id;
        peer.tell(&line(1, "hello"), name.as_deref()).await;
    };
    let (said, ()) = tokio::join!(client.send_chat("hello"), answer);
    said.unwrap();
    drop(peer);
    assert_eq!(door.claimed().await.1, claim("anew", 42), "it counts from the last_seq it was told");
}

#[tokio::test]
async fn a_busy_server_is_asked_to_resume_again_later() {
    let door = Door::open().await;
    let (client, peer) = playing(&door).await;
    let mut news = notices(&client);
    drop(peer);
    let (mut peer, _) = door.claimed().await;
    let busy = ErrorMessage::new(ErrorCode::Busy, "the session does not answer: try again");
    peer.say(&ServerMessage::Error(busy.with("retry_after_ms", 30)), None).await;
    let (mut peer, claimed) = door.claimed().await;
    assert_eq!(claimed, claim("first", 1));
    peer.resumed("second", (2, 1), None).await;
    assert!(matches!(news.recv().await, Some(Notice::Reconnecting { attempt: 1, .. })));
    let Some(Notice::Reconnecting { attempt: 2, wait, .. }) = news.recv().await else { panic!("no notice") };
    assert!(wait.as_millis() >= 30, "{wait:?}");
    assert_eq!(news.recv().await, Some(Notice::Resumed));
}

#[tokio::test]
async fn an_answer_that_is_lost_is_asked_for_with_the_same_token() {
    let door = Door::open().await;
    let (_client, peer) = playing(&door).await;
    drop(peer);
    for _ in 0..3 {
        let (peer, claimed) = door.claimed().await;
        assert_eq!(claimed, claim("first", 1));
        drop(peer);
    }
}

#[tokio::test]
async fn nobody_resumes_what_was_taken_over_or_ended() {
    for code in [4001, 4003, 4004] {
        let door = Door::open().await;
        let (client, peer) = playing(&door).await;
        peer.close(code, "go").await;
        assert_eq!(
            client.ended().await,
            End::Closed { code, reason: "go (".to_owned() + &code.to_string() + ")" }
        );
    }
}

#[tokio::test]
async fn a_cut_connection_comes_back() {
    let door = Door::open().await;
    let (client, mut peer) = playing(&door).await;
    client.cut();
    assert!(peer.hear_all().await.is_none(), "it went without a word");
    let (mut peer, _) = door.claimed().await;
    peer.resumed("second", (2, 1), None).await;
    let answer = async {
        let name = peer.hear().await.message_id;
        peer.tell(&line(1, "hello"), name.as_deref()).await;
    };
    let (said, ()) = tokio::join!(client.send_chat("hello"), answer);
    assert_eq!(said.unwrap().chat_id, 1);
}
