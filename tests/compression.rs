//! Large messages, compressed for who asked for it at the upgrade; and what comes compressed from outside.

use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::http::StatusCode;

use crate::harness::server::Server;
use crate::harness::socket::Socket;
use crate::harness::way::{JSON, MSGPACK, Way, compressed};

#[tokio::test]
async fn one_line_reaches_everybody_compressed_where_that_was_asked_for() {
    let server = Server::start();
    let (_, mut classic) = server.classic().await;
    let mut others = Vec::new();
    for way in Way::V1 {
        others.push(server.resumable_speaking(way).await);
    }
    let dragons = "\u{1f409}".repeat(500);
    for (id, content) in [("short", "short"), ("long", &*dragons)] {
        let own = classic.ask("chat", id, json!({"content": content})).await;
        assert_eq!(own["content"], content);
        for (_, socket, _) in &mut others {
            let line = socket.hear("chat").await;
            assert_eq!((&line["content"], &line["chat_id"]), (&own["content"], &own["chat_id"]));
            let large = socket.way().is_deflate() && content == dragons;
            assert_eq!(socket.compressed, u32::from(large), "{:?}", socket.way());
        }
    }
    // What was said before is told to who comes, in pages.
    for way in [Way::JsonDeflate, Way::MsgPackDeflate] {
        let (_, mut late, _) = server.resumable_speaking(way).await;
        late.hear("chat_history").await;
        assert!(late.compressed > 0, "{way:?}");
    }
    // And comes once more, with its number, after a drop.
    for (_, socket, ticket) in others {
        let mut ticket = ticket;
        ticket.seq = socket.seq - 1;
        drop(socket);
        let (mut socket, _) = ticket.resume(&server).await;
        assert_eq!(socket.hear("chat").await["content"], dragons);
        assert_eq!(socket.compressed, u32::from(ticket.way.is_deflate()));
    }
}

#[tokio::test]
async fn only_the_compression_that_there_is_may_be_asked_for() {
    let server = Server::start();
    for (path, subprotocol, status) in [
        ("/ws?compression=zstd", JSON, StatusCode::BAD_REQUEST),
        ("/ws?compression=", JSON, StatusCode::BAD_REQUEST),
        ("/ws?compression", MSGPACK, StatusCode::BAD_REQUEST),
        ("/ws?compression=deflate&compression=zstd", JSON, StatusCode::BAD_REQUEST),
        ("/ws?compression=deflate", "soap", StatusCode::BAD_REQUEST),
    ] {
        let refused = Socket::open_at(&server, path, &[("sec-websocket-protocol", subprotocol)]).await;
        assert_eq!(refused.err(), Some(status), "{path} {subprotocol}");
    }
    let refused = Socket::open_at(&server, "/ws?compression=deflate", &[]).await;
    assert_eq!(refused.err(), Some(StatusCode::BAD_REQUEST), "classic has none");
    let answer = server.get("/ws?compression=zstd", None).await;
    assert_eq!((answer.status, &answer.body["field"]), (400, &json!("compression")), "{answer:?}");
    assert!(
        Socket::open_at(&server, "/ws?map=1&compression=deflate", &[("sec-websocket-protocol", JSON)])
            .await
            .is_ok()
    );
}

fn ping(id: &str) -> Value {
    json!({"type": "ping", "message_id": id, "padding": "x".repeat(2000)})
}

#[tokio::test]
async fn what_comes_compressed_is_opened_within_the_limit_and_else_refused_by_name() {
    let mut server = Server::start();
    let limit = 65_536;
    for way in [Way::JsonDeflate, Way::MsgPackDeflate] {
        let (_, mut socket, _) = server.resumable_speaking(way).await;
        socket.send(Message::binary(compressed(&way.encode(&ping("p"))))).await;
        assert_eq!(socket.answer("p").await["type"], "pong");
        socket.send(way.write(&ping("plain"))).await;
        assert_eq!(socket.answer("plain").await["type"], "pong");
        let whole = compressed(&way.encode(&ping("w")));
        let mut numbered = whole.clone();
        numbered[8] = 1;
        let mut damaged = whole.clone();
        damaged[20] ^= 0xff;
        let refusals = [
            (whole[..whole.len() - 1].to_vec(), "Invalid compression: it ends before its zlib stream does"),
            (whole[..5].to_vec(), "Invalid compression: it ends before its zlib stream does"),
            ([&whole[..], b"xx"].concat(), "Invalid compression: 2 bytes behind the zlib stream"),
            (damaged, "Invalid compression: no zlib stream, or a damaged one"),
            (compressed(&whole), "Invalid compression: the message inside is compressed again"),
            (numbered, "Invalid compression: only the server numbers; seq must be 0"),
        ];
        for (frame, reason) in refusals {
            socket.send(Message::binary(frame)).await;
            let error = socket.hear("error").await;
            assert_eq!(
                (&error["error_code"], &error["error_message"]),
                (&json!("PROTOCOL_ERROR"), &json!(reason))
            );
        }
        // As many bytes as may be; and one more, which nobody inflates any further.
        let mut most = ping("most");
        let missing = limit - way.encode(&most).len();
        most["padding"] = json!("x".repeat(2000 + missing));
        let missing = way.encode(&most).len() - limit;
        most["padding"] = json!("x".repeat(most["padding"].as_str().unwrap().len() - missing));
        assert_eq!(way.encode(&most).len(), limit);
        socket.send(Message::binary(compressed(&way.encode(&most)))).await;
        assert_eq!(socket.answer("most").await["type"], "pong");
        let bomb = compressed(&vec![b' '; 10_000_000]);
        assert!(bomb.len() < 16_384, "it is one small frame");
        socket.send(Message::binary(bomb)).await;
        assert_eq!(socket.closed().await.code, Some(1009));
    }
    // Who did not ask for it has no such messages.
    let (_, mut socket, _) = server.resumable_speaking(Way::Json).await;
    socket.send(Message::binary(compressed(&Way::Json.encode(&ping("p"))))).await;
    let error = socket.hear("error").await;
    assert_eq!(error["error_message"], "Invalid JSON: this dialect is text; a binary message came");
    server.expect_well().await;
}
