//! Frames in one piece, byte by byte, and against the rules.

use std::convert::Infallible;

use actix_http::ws::{CloseCode as Code, CloseReason};
use bytes::Bytes;
use futures_util::{StreamExt, stream};
use protocol::CloseCode;

use crate::frames::{Fault, Frames, Message};
use crate::options::{Options, WsOptions};

const MASK: [u8; 4] = [0x1f, 0x00, 0xa5, 0x77];

fn options() -> WsOptions {
    WsOptions { max_frame: 300, max_message: 500, max_fragments: 3, ..Options::default().ws }
}

/// A frame as a client sends it; `claimed` is the length its head names.
fn head(first: u8, claimed: u64) -> Vec<u8> {
    let mut bytes = vec![first];
    match claimed {
        0..=125 => bytes.push(0x80 | claimed as u8),
        126..=65535 => {
            bytes.push(0x80 | 126);
            bytes.extend((claimed as u16).to_be_bytes());
        }
        _ => {
            bytes.push(0x80 | 127);
            bytes.extend(claimed.to_be_bytes());
        }
    }
    bytes.extend(MASK);
    bytes
}

fn frame(first: u8, payload: &[u8]) -> Vec<u8> {
    let mut bytes = head(first, payload.len() as u64);
    bytes.extend(payload.iter().enumerate().map(|(at, byte)| byte ^ MASK[at % 4]));
    bytes
}

/// Everything that is read of `bytes` in pieces of so many bytes, and how many pieces had come with each of it.
fn read(bytes: &[u8], size: usize) -> Vec<(usize, Result<Message, Fault>)> {
    let come = std::cell::Cell::new(0);
    let pieces = bytes.chunks(size).map(|piece| {
        come.set(come.get() + 1);
        Ok::<_, Infallible>(Bytes::copy_from_slice(piece))
    });
    let frames = Frames::new(stream::iter(pieces), &options());
    let read = frames.map(|item| (come.get(), item)).collect::<Vec<_>>();
    futures_util::FutureExt::now_or_never(read).expect("its bytes are all there")
}

fn messages(bytes: &[u8], size: usize) -> Vec<Result<Message, Fault>> {
    read(bytes, size).into_iter().map(|(_, item)| item).collect()
}

fn text(text: &'static str) -> Result<Message, Fault> {
    Ok(Message::Text(Bytes::from_static(text.as_bytes())))
}

#[test]
fn messages_are_the_same_in_pieces_of_any_size() {
    let long = "ä".repeat(100);
    let bytes = [
        frame(0x81, "κόσμε".as_bytes()),
        frame(0x82, &[0xff; 130]),
        frame(0x01, "in t".as_bytes()),
        frame(0x89, b"between"),
        frame(0x00, "wo 🦀".as_bytes().split_at(5).0),
        frame(0x8a, b""),
        frame(0x80, "wo 🦀".as_bytes().split_at(5).1),
        frame(0x81, b""),
        frame(0x81, long.as_bytes()),
        frame(0x88, b"\x0f\xa0bye"),
        frame(0x81, b"too late"),
    ]
    .concat();
    let bye = CloseReason { code: Code::Other(4000), description: Some("bye".to_owned()) };
    let expected = [
        text("κόσμε"),
        Ok(Message::Binary(Bytes::from(vec![0xff; 130]))),
        Ok(Message::Ping(Bytes::from_static(b"between"))),
        Ok(Message::Pong),
        text("in two 🦀"),
        text(""),
        Ok(Message::Text(Bytes::from(long))),
        Ok(Message::Close(Some(bye))),
    ];
    for size in 1..bytes.len() {
        assert_eq!(messages(&bytes, size), expected, "in pieces of {size}");
    }
}

#[test]
fn every_breach_has_its_code_and_ends_the_reading() {
    let (violation, no_text, too_big) = (CloseCode::ProtocolViolation, CloseCode::BadText, CloseCode::TooBig);
    let unmasked = vec![0x81, 0x01, b'x'];
    let fragments = |count: usize| -> Vec<u8> {
        let rest = (1..count).flat_map(|_| frame(0x00, b"y"));
        frame(0x01, b"x").into_iter().chain(rest).collect()
    };
    for (what, bytes, code) in [
        ("a reserved bit", frame(0xc1, b"x"), violation),
        ("reserved opcodes", frame(0x83, b""), violation),
        ("reserved control opcodes", frame(0x8b, b""), violation),
        ("no mask", unmasked, violation),
        ("a fragmented ping", frame(0x09, b""), violation),
        ("a long ping", frame(0x89, &[b'x'; 126]), violation),
        ("nothing to continue", frame(0x80, b"x"), violation),
        ("a message within a message", [frame(0x01, b"x"), frame(0x81, b"y")].concat(), violation),
        ("half a close code", frame(0x88, b"\x03"), violation),
        ("a close code of nobody", frame(0x88, &999_u16.to_be_bytes()), violation),
        ("the close code of no frame", frame(0x88, &1006_u16.to_be_bytes()), violation),
        ("a reason that is no text", frame(0x88, b"\x03\xe8\xff"), no_text),
        ("no text", frame(0x81, b"\xff"), no_text),
        ("half a character", frame(0x81, b"\xc3"), no_text),
        ("half a character in parts", [frame(0x01, b"\xc3"), frame(0x80, b"")].concat(), no_text),
        ("too long a frame", frame(0x82, &[0; 301]), too_big),
        ("too long a message", [frame(0x02, &[0; 300]), frame(0x80, &[0; 201])].concat(), too_big),
        ("too many fragments", fragments(4), too_big),
    ] {
        let bytes = [frame(0x81, b"before"), bytes, frame(0x81, b"after"), frame(0x88, b"")].concat();
        for size in [1, 7, bytes.len()] {
            let read = messages(&bytes, size);
            assert_eq!(read[0], text("before"), "{what} in pieces of {size}");
            assert_eq!(read[1].as_ref().unwrap_err().code, code, "{what} in pieces of {size}");
            // Nothing more is read but that the client said goodbye; a broken close frame was that already.
            let goodbyes = read[2..].iter().filter(|item| **item == Ok(Message::Close(None))).count();
            assert_eq!(goodbyes, read.len() - 2, "{what}: {read:?}");
        }
    }
    assert_eq!(messages(&fragments(3), 1), []);
}

#[test]
fn a_head_that_claims_too_much_is_enough() {
    for claimed in [301, 1 << 40, u64::MAX] {
        let (_, item) = read(&head(0x82, claimed), 1).remove(0);
        assert_eq!(item.unwrap_err().code, CloseCode::TooBig, "{claimed}");
    }
}

#[test]
fn text_is_refused_at_the_byte_that_makes_it_none() {
    let (good, bad) = ("κόσμε".as_bytes(), b"\xf4\x90\x80\x80");
    let whole = frame(0x81, &[good, bad].concat());
    let (come, item) = read(&whole, 1).remove(0);
    assert_eq!((come, item.unwrap_err().code), (6 + good.len() + 2, CloseCode::BadText));
    let parts = [frame(0x01, good), frame(0x00, bad), frame(0x80, b"more")].concat();
    let (come, item) = read(&parts, 1).remove(0);
    assert_eq!((come, item.unwrap_err().code), (6 + good.len() + 6 + 2, CloseCode::BadText));
}

#[test]
fn the_end_of_the_bytes_is_the_end() {
    assert_eq!(messages(&frame(0x81, b"cut off")[..8], 3), []);
    assert_eq!(messages(&frame(0x88, b""), 1), [Ok(Message::Close(None))]);
}
