//! Frames that no well-behaved client sends, connections that go nowhere: each ends with its close code.

use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::harness::PATIENCE;
use crate::harness::server::Server;
use crate::harness::wire::{
    BINARY, CLOSE, CONTINUED, CONTINUED_LAST, PING, PONG, TEXT, TEXT_TO_BE_CONTINUED, Wire,
};

#[tokio::test]
async fn frames_and_messages_beyond_the_limits_end_the_connection() {
    let mut server = Server::start();
    let player = server.player().await;
    let token = Some(player.person.token.as_str());
    let piece = vec![b'x'; 16_000];
    type Frames = Vec<(u8, Vec<u8>)>;
    let too_large: Frames = vec![(TEXT, vec![b'x'; 16_385])];
    let far_too_large: Frames = vec![(TEXT, vec![b'x'; 200_000])];
    let mut too_long: Frames = vec![(TEXT_TO_BE_CONTINUED, piece.clone())];
    too_long.extend((0..5).map(|_| (CONTINUED, piece.clone())));
    let mut too_many: Frames = vec![(TEXT_TO_BE_CONTINUED, b"x".to_vec())];
    too_many.extend((0..20).map(|_| (CONTINUED, b"x".to_vec())));
    let no_text: Frames = vec![(TEXT, b"{\"type\":\"\xff\"}".to_vec())];
    let no_text_in_parts: Frames =
        vec![(TEXT_TO_BE_CONTINUED, b"\xc3".to_vec()), (CONTINUED_LAST, b"\x28".to_vec())];
    let no_beginning: Frames = vec![(CONTINUED_LAST, b"x".to_vec())];
    let two_beginnings: Frames =
        vec![(TEXT_TO_BE_CONTINUED, b"x".to_vec()), (TEXT_TO_BE_CONTINUED, b"x".to_vec())];
    // No last fragment comes: what is there decides.
    let no_text_so_far: Frames = vec![(TEXT_TO_BE_CONTINUED, b"\xce\xba\xf4\x90".to_vec())];
    let reserved: Frames = vec![(0xf1, b"x".to_vec())];
    let unknown: Frames = vec![(0x83, b"x".to_vec())];
    let pings: Frames = (0..40).map(|_| (PING, Vec::new())).collect();
    for (what, frames, expected) in [
        ("too large a frame", too_large, 1009),
        ("far too large a frame", far_too_large, 1009),
        ("too long a message", too_long, 1009),
        ("too many fragments", too_many, 1009),
        ("no UTF-8", no_text, 1007),
        ("no UTF-8 in parts", no_text_in_parts, 1007),
        ("no UTF-8 in the first part", no_text_so_far, 1007),
        ("a continuation of nothing", no_beginning, 1002),
        ("two beginnings", two_beginnings, 1002),
        ("reserved bits", reserved, 1002),
        ("an unknown opcode", unknown, 1002),
        ("a flood of pings", pings, 1008),
    ] {
        let mut wire = Wire::upgrade(&server, token).await;
        for (first, payload) in frames {
            if !wire.send(first, &payload).await {
                break;
            }
        }
        assert_eq!(wire.closed_without_answering().await, Some(expected), "{what}");
    }
    server.expect_well().await;
}

#[tokio::test]
async fn what_is_here_of_a_frame_is_enough_to_refuse_it() {
    let mut server = Server::start();
    let player = server.player().await;
    let claims_a_tebibyte = [&[BINARY, 0xff][..], &(1_u64 << 40).to_be_bytes(), &[0; 4]].concat();
    let claims_more_than_there_is = [&[TEXT, 0xff][..], &u64::MAX.to_be_bytes(), &[0; 4]].concat();
    let begins_with_no_text = [&[TEXT, 0x80 | 100, 0, 0, 0, 0][..], b"ok \xff"].concat();
    for (what, bytes, expected) in [
        ("a tebibyte", claims_a_tebibyte, 1009),
        ("more than there is", claims_more_than_there_is, 1009),
        ("no text", begins_with_no_text, 1007),
        ("no mask", vec![TEXT, 1, b'x'], 1002),
    ] {
        let mut wire = Wire::upgrade(&server, Some(&player.person.token)).await;
        wire.send_bytes(&bytes).await;
        assert_eq!(wire.closed_without_answering().await, Some(expected), "{what}");
    }
    server.expect_well().await;
}

#[tokio::test]
async fn a_goodbye_is_returned_and_what_comes_after_it_is_not_heard() {
    let server = Server::start();
    let player = server.player().await;
    let chat = json!({"type": "chat", "version": "1.0.0", "content": "too late"}).to_string();
    for (what, goodbye, returned) in [
        ("no code", vec![], None),
        ("the usual code", b"\x03\xe8".to_vec(), Some(1000)),
        ("a code of one's own, with a reason", b"\x0f\xa0bye".to_vec(), Some(4000)),
        ("half a code", b"\x03".to_vec(), Some(1002)),
        ("a code that is never sent", 1006_u16.to_be_bytes().to_vec(), Some(1002)),
        ("a code of nobody", 999_u16.to_be_bytes().to_vec(), Some(1002)),
        ("a reason that is no text", b"\x03\xe8\xff".to_vec(), Some(1007)),
        ("too long a reason", [b"\x03\xe8".to_vec(), vec![b'x'; 124]].concat(), Some(1002)),
    ] {
        let mut wire = Wire::upgrade(&server, Some(&player.person.token)).await;
        wire.send(CLOSE, &goodbye).await;
        wire.send(TEXT, chat.as_bytes()).await;
        wire.send(PING, b"").await;
        let rest = wire.rest().await;
        let closes: Vec<_> = rest.iter().filter(|(first, _)| *first == CLOSE).collect();
        assert_eq!(closes.len(), 1, "{what}: {rest:?}");
        let code = closes[0].1.first_chunk().map(|code| u16::from_be_bytes(*code));
        assert_eq!(code, returned, "{what}");
        assert!(rest.last().is_some_and(|(first, _)| *first == CLOSE), "{what}: {rest:?}");
    }
    let said = server.get("/api/status", None).await.expect();
    assert_eq!(said["websocket_connections"], 0, "{said}");
}

/// In order of events, without a clock: ten goodbyes one after another take less time than one guest is given.
#[tokio::test]
async fn after_a_goodbye_the_server_hangs_up_first_and_at_once() {
    let server = Server::with(&[("ws.preauth_secs", "5")]);
    let player = server.player().await;
    let mut guest = Wire::upgrade(&server, None).await;
    for _ in 0..10 {
        let mut wire = Wire::upgrade(&server, Some(&player.person.token)).await;
        wire.send(CLOSE, b"\x03\xe8").await;
        assert!(wire.rest().await.iter().any(|(first, _)| *first == CLOSE));
    }
    guest.send(PING, b"still here").await;
    assert_eq!(guest.frame().await, Some((PONG, b"still here".to_vec())));
}

#[tokio::test]
async fn fragments_within_the_limits_are_one_message_and_binary_is_refused() {
    let server = Server::start();
    let player = server.player().await;
    let mut wire = Wire::upgrade(&server, Some(&player.person.token)).await;
    let message =
        json!({"type": "chat", "version": "1.0.0", "content": "in parts", "message_id": "p"}).to_string();
    let (first, rest) = message.as_bytes().split_at(20);
    wire.send(TEXT_TO_BE_CONTINUED, first).await;
    wire.send(PING, b"between").await;
    wire.send(CONTINUED_LAST, rest).await;
    wire.send(BINARY, b"{}").await;
    let (mut heard, mut ponged, mut refused) = (false, false, false);
    while !(heard && ponged && refused) {
        let (first, payload) = wire.frame().await.expect("it stays open");
        let text = String::from_utf8_lossy(&payload).into_owned();
        heard |= text.contains("in parts");
        ponged |= first == 0x8a && text == "between";
        refused |= text.contains("PROTOCOL_ERROR");
    }
}

#[tokio::test]
async fn an_upgrade_that_is_none_is_refused() {
    let server = Server::start();
    let plain = server.get("/ws", None).await;
    assert_eq!((plain.status, plain.header("sec-websocket-version")), (426, "13"), "{plain:?}");
    assert_eq!(plain.body["code"], "UPGRADE_REQUIRED", "{plain:?}");
    let key = "dGhlIHNhbXBsZSBub25jZQ==";
    for (version, key, expected) in
        [("8", key, "426"), ("13", "c2hvcnQ=", "400"), ("13", "not base64!", "400"), ("13", key, "101")]
    {
        let head = format!(
            "GET /ws HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
             Sec-WebSocket-Version: {version}\r\nSec-WebSocket-Key: {key}\r\n\r\n"
        );
        // Half a frame without a mask behind it, so that the one that succeeds ends too.
        let answer = exchange(&server, &format!("{head}\u{1}\u{1}")).await;
        assert_eq!(answer.split(' ').nth(1), Some(expected), "{version} {key}: {answer}");
    }
    // Where the client says that a body follows, there is no socket to be had.
    let with_body = "GET /ws HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
                     Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\
                     Transfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET / HTTP/1.1\r\nConnection: close\r\n\r\n";
    let answer = exchange(&server, with_body).await;
    assert_eq!(answer.split(' ').nth(1), Some("426"), "{answer}");
    // Whoever asks to upgrade what can't be upgraded gets the whole answer, and the end.
    for (method, expected) in [("GET", "200"), ("HEAD", "200"), ("CONNECT", "405")] {
        let head = format!("{method} /healthz HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\n\r\n and more");
        let answer = exchange(&server, &head).await;
        assert_eq!(answer.split(' ').nth(1), Some(expected), "{answer}");
        let (head, body) = answer.split_once("\r\n\r\n").expect("a whole head");
        assert!(head.to_lowercase().contains("connection: close"), "{head}");
        assert_eq!(body.is_empty(), method == "HEAD", "{answer}");
    }
    // The echo of the conformance suite is in no build that serves players.
    assert_eq!(server.get("/conformance/echo", None).await.status, 404);
    assert_eq!(server.post("/ws", None, &json!({})).await.status, 405);
}

/// What the server says to this, until it closes.
async fn exchange(server: &Server, text: &str) -> String {
    let mut stream = TcpStream::connect(&server.address).await.expect("the server listens");
    stream.write_all(text.as_bytes()).await.expect("the server reads");
    let mut answer = Vec::new();
    let read = timeout(PATIENCE, stream.read_to_end(&mut answer)).await;
    let _ = read.expect("the server does not wait for ever");
    String::from_utf8_lossy(&answer).into_owned()
}

#[tokio::test]
async fn slow_heads_and_slow_bodies_are_cut_off() {
    let mut server = Server::with(&[("http.head_timeout_secs", "1"), ("http.body_timeout_secs", "1")]);
    let head = exchange(&server, "GET /api/status HTTP/1.1\r\nHost: x\r\nX-Slow: ").await;
    assert!(head.is_empty() || head.starts_with("HTTP/1.1 408"), "{head}");
    let body = "POST /api/auth/login HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{";
    let body = exchange(&server, body).await;
    assert!(body.starts_with("HTTP/1.1 408"), "{body}");
    let idle = exchange(&server, "").await;
    assert!(idle.is_empty() || idle.starts_with("HTTP/1.1 408"), "{idle}");
    server.expect_well().await;
}

#[tokio::test]
async fn half_of_anything_harms_nobody() {
    let mut server = Server::with(&[("http.head_timeout_secs", "1")]);
    let player = server.player().await;
    for cut in 1..20 {
        let mut wire = Wire::upgrade(&server, Some(&player.person.token)).await;
        let frame: Vec<u8> = [0x81, 0xfe, 0x01, 0x00, 0, 0, 0, 0].iter().copied().chain([b'x'; 12]).collect();
        wire.send_bytes(&frame[..cut]).await;
    }
    for garbage in ["\r\n\r\n", "\u{0}\u{1}\u{2}", "GET /ws HTTP/1.1\r\n", "\u{16}\u{3}\u{1}"] {
        exchange(&server, garbage).await;
    }
    server.expect_well().await;
}
