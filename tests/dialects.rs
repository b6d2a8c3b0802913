//! The ways to write messages: how one is agreed on, and that all of them say the same.

use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::frame::Frame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::{Data, OpCode};

use crate::harness::server::Server;
use crate::harness::shapes::whereabouts;
use crate::harness::socket::Socket;
use crate::harness::way::{JSON, MSGPACK, Way};

#[tokio::test]
async fn the_first_subprotocol_that_is_known_is_spoken() {
    let server = Server::start();
    let player = server.player().await;
    let offers = [
        (format!("{MSGPACK}, {JSON}"), Way::MsgPack),
        (format!("{JSON},{MSGPACK}"), Way::Json),
        (format!("soap, {MSGPACK}"), Way::MsgPack),
    ];
    for (offer, way) in offers {
        let mut socket = Socket::open(&server, &[("sec-websocket-protocol", &offer)]).await.unwrap();
        assert_eq!(socket.way(), way, "{offer}");
        assert_eq!(socket.sign_in(&player.person.token).await["success"], true);
    }
}

#[tokio::test]
async fn all_dialects_say_the_same() {
    let server = Server::start();
    let (_, mut classic) = server.classic().await;
    let (_, mut json, _) = server.resumable_speaking(Way::Json).await;
    let (packer, mut msgpack, _) = server.resumable_speaking(Way::MsgPack).await;
    let step = json!({"to_location_id": 0, "position": {"x": 1.5, "y": -2.25}, "velocity": {"x": 1, "y": 0}});
    assert_eq!(msgpack.ask("move", "m", step).await["type"], "ok");
    let seen = classic
        .hear_where("the step", |message| {
            message["type"] == "character_update"
                && message["character_id"] == packer.character
                && message["position"]["x"] == 1.5
        })
        .await;
    assert_eq!(seen["position"], json!({"x": 1.5, "y": -2.25, "z": 0.0}));
    for socket in [&mut json, &mut msgpack] {
        let batch = |message: &Value| whereabouts(message, packer.character) == Some([1.5, -2.25]);
        socket.hear_where("the step, in a batch", batch).await;
    }
    let text = "größer als 31 Zeichen, und mit \u{1f409} darin";
    let own = msgpack.ask("chat", "c", json!({"content": text})).await;
    assert_eq!((&own["content"], &own["message_id"]), (&json!(text), &json!("c")));
    for socket in [&mut classic, &mut json] {
        let line = socket.hear("chat").await;
        for field in ["content", "sender_id", "sender_name", "channel", "chat_id", "timestamp"] {
            assert_eq!(line[field], own[field], "{field}");
        }
    }
    json.ask("chat", "c", json!({"content": "back"})).await;
    assert_eq!(msgpack.hear("chat").await["content"], "back");
    let state = msgpack.ask("world_state", "w", json!({})).await;
    let same = classic.ask("world_state", "w", json!({})).await;
    assert_eq!(state["current_reality"], same["current_reality"]);
}

fn part(opcode: Data, bytes: &[u8], last: bool) -> Message {
    Message::Frame(Frame::message(bytes.to_vec(), OpCode::Data(opcode), last))
}

#[tokio::test]
async fn what_is_not_in_the_dialect_is_refused_in_the_dialect_and_parts_are_put_together() {
    let mut server = Server::with(&[("ws.preauth_messages", "10")]);
    let player = server.player().await;
    let mut socket = Socket::speaking(Way::MsgPack, &server).await;
    // As a guest, and signed in.
    for signed_in in [false, true] {
        if signed_in {
            socket.sign_in(&player.person.token).await;
        }
        let refusals = [
            (
                Message::text("{\"type\":\"ping\"}"),
                "Invalid MessagePack: this dialect is binary; a text message came",
            ),
            (
                Message::binary(b"{\"type\":\"ping\"}".to_vec()),
                "Failed to deserialize message: expected a map",
            ),
            (
                Message::binary(vec![0x81, 0xa4]),
                "Invalid MessagePack: it ends before all that it announces has come",
            ),
        ];
        for (frame, reason) in refusals {
            socket.send(frame).await;
            let error = socket.hear("error").await;
            assert_eq!(error["error_code"], "PROTOCOL_ERROR", "{error}");
            assert_eq!(error["error_message"], reason);
        }
        let not_finite =
            [&[0x82, 0xa4], &b"type"[..], &[0xa4], b"ping", &[0xa1, b'x', 0xca, 0x7f, 0x80, 0, 0]];
        socket.send(Message::binary(not_finite.concat())).await;
        assert_eq!(socket.hear("error").await["details"]["field"], "x");
    }
    let ping = Way::MsgPack.write(&json!({"type": "ping", "message_id": "in parts"})).into_data();
    socket.send(part(Data::Binary, &ping[..7], false)).await;
    socket.send(part(Data::Continue, &ping[7..9], false)).await;
    socket.send(part(Data::Continue, &ping[9..], true)).await;
    assert_eq!(socket.answer("in parts").await["type"], "pong");
    server.expect_well().await;
}

#[tokio::test]
async fn goodbyes_are_in_the_dialect_too() {
    let server = Server::with(&[("ws.preauth_secs", "1")]);
    let mut guest = Socket::speaking(Way::MsgPack, &server).await;
    assert_eq!(guest.closed().await.code, Some(4002));
    assert_eq!(guest.heard("disconnect")[0]["code"], 4002);
    let (_, mut player, _) = server.resumable_speaking(Way::MsgPack).await;
    server.terminate();
    assert_eq!(player.closed().await.code, Some(1012));
    assert_eq!(player.heard("disconnect")[0]["code"], 1012);
}
