//! Message to bytes: encoded once for all who get it, with each one's event number put in front.

use arrayvec::ArrayVec;
use rmp_serde::Serializer;
use serde::Serialize;

use crate::codec::Stamp;
use crate::messages::Vocabulary;
use crate::{Dialect, VERSION, compression, nulls};

/// What a MessagePack map begins with that has its length in two bytes.
const MAP16: u8 = 0xde;
const MAP16_HEAD: usize = 3;
const ROOM: usize = 256;
/// `{"seq":`, twenty digits and a comma.
const PREFIX_MAX: usize = 32;

/// Writes one message. Nothing of what comes out depends on who gets it; [`with_seq`] adds that. It is not compressed:
/// whoever shares it does that once ([`compression::compress`]).
pub fn encode<M: Vocabulary>(dialect: Dialect, message: &M, stamp: Stamp) -> Vec<u8> {
    if dialect.is_binary() { encode_msgpack(message, stamp) } else { encode_json(dialect, message, stamp) }
}

/// What stands in front of the shared part of a numbered message.
pub type SeqPrefix = ArrayVec<u8, PREFIX_MAX>;

/// Parts an encoded message that all recipients share for one of them: first comes his event number, then the rest of the
/// message, which is not copied.
pub fn numbered(dialect: Dialect, seq: u64, encoded: &[u8]) -> (SeqPrefix, &[u8]) {
    let mut prefix = SeqPrefix::new();
    let shared = if compression::is_compressed(encoded) {
        put(&mut prefix, &compression::head_of(seq));
        compression::HEAD
    } else if dialect.is_binary() {
        let fields = u16::from_be_bytes([encoded[1], encoded[2]]) + 1;
        put(&mut prefix, &[MAP16]);
        put(&mut prefix, &fields.to_be_bytes());
        put(&mut prefix, b"\xa3seq");
        rmp::encode::write_uint(&mut prefix, seq).expect("there is room for a number");
        MAP16_HEAD
    } else {
        put(&mut prefix, b"{\"seq\":");
        put(&mut prefix, itoa::Buffer::new().format(seq).as_bytes());
        put(&mut prefix, b",");
        1
    };
    (prefix, &encoded[shared..])
}

fn put(prefix: &mut SeqPrefix, bytes: &[u8]) {
    prefix.try_extend_from_slice(bytes).expect("there is room for a number and its name");
}

/// A copy of an encoded message with a session's event number in it; see [`numbered`].
pub fn with_seq(dialect: Dialect, seq: u64, encoded: &[u8], out: &mut Vec<u8>) {
    let (prefix, rest) = numbered(dialect, seq, encoded);
    out.extend_from_slice(&prefix);
    out.extend_from_slice(rest);
}

/// Whether an encoded message is of this type and has no number: one look at what [`encode`] writes first, for who
/// wants to leave some types unread.
pub fn begins_with_type(dialect: Dialect, name: &str, encoded: &[u8]) -> bool {
    let named = if dialect.is_binary() {
        let value = encoded.get(MAP16_HEAD..).and_then(|rest| rest.strip_prefix(b"\xa4type"));
        value.and_then(|value| rmp::decode::read_str_from_slice(value).ok()).map(|(name, _)| name.as_bytes())
    } else {
        let value = encoded.strip_prefix(b"{\"type\":\"");
        value.and_then(|value| value.split(|byte| *byte == b'"').next())
    };
    named == Some(name.as_bytes())
}

fn encode_json<M: Vocabulary>(dialect: Dialect, message: &M, stamp: Stamp) -> Vec<u8> {
    let mut text = Vec::with_capacity(ROOM);
    text.extend_from_slice(b"{\"type\":\"");
    text.extend_from_slice(message.name().as_bytes());
    text.extend_from_slice(b"\",\"timestamp\":");
    write_json(&mut text, &stamp.timestamp);
    if !dialect.is_v1() {
        text.extend_from_slice(b",\"version\":\"");
        text.extend_from_slice(VERSION.as_bytes());
        text.extend_from_slice(b"\",\"priority\":");
        write_json(&mut text, &message.priority());
    }
    if stamp.message_id.is_some() || !dialect.is_v1() {
        text.extend_from_slice(b",\"message_id\":");
        write_json(&mut text, &stamp.message_id);
    }
    if let Some(ack) = stamp.ack {
        text.extend_from_slice(b",\"ack\":");
        write_json(&mut text, &ack);
    }
    let body = text.len();
    let mut write = || {
        message
            .write(&mut serde_json::Serializer::new(&mut text))
            .expect("a message of ours always fits into JSON");
    };
    if dialect.is_v1() {
        nulls::leaving_out(write);
    } else {
        write();
    }
    if text[body..] == *b"{}" {
        text.remove(body);
    } else {
        text[body] = b',';
    }
    text
}

/// One map of the envelope's fields and the body's. Its length always takes two bytes, so that a field can be put in
/// front of it without moving the rest.
fn encode_msgpack<M: Vocabulary>(message: &M, stamp: Stamp) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(ROOM);
    write_map_head(&mut bytes, 0);
    let mut fields: u16 = 2;
    write_field(&mut bytes, "type", message.name());
    write_field(&mut bytes, "timestamp", &stamp.timestamp);
    if let Some(message_id) = stamp.message_id {
        write_field(&mut bytes, "message_id", message_id);
        fields += 1;
    }
    if let Some(ack) = stamp.ack {
        write_field(&mut bytes, "ack", &ack);
        fields += 1;
    }
    let body = bytes.len();
    nulls::leaving_out(|| {
        // Readable for people, so that both notations write the same values: ids of sessions are text in both.
        let mut to = Serializer::new(&mut bytes).with_struct_map().with_human_readable();
        message.write(&mut to).expect("a message of ours always fits into MessagePack");
    });
    let mut head = &bytes[body..];
    let of_body = rmp::decode::read_map_len(&mut head).expect("the body of a message is a map");
    let head_len = bytes.len() - body - head.len();
    bytes.drain(body..body + head_len);
    fields += u16::try_from(of_body).expect("a message of ours has few fields");
    bytes[1..MAP16_HEAD].copy_from_slice(&fields.to_be_bytes());
    bytes
}

fn write_map_head(out: &mut Vec<u8>, fields: u16) {
    out.push(MAP16);
    out.extend_from_slice(&fields.to_be_bytes());
}

fn write_field(out: &mut Vec<u8>, name: &str, value: &(impl Serialize + ?Sized)) {
    let mut to = Serializer::new(out);
    name.serialize(&mut to)
        .and_then(|()| value.serialize(&mut to))
        .expect("numbers and strings always fit into MessagePack");
}

fn write_json(out: &mut Vec<u8>, value: &impl serde::Serialize) {
    serde_json::to_writer(out, value).expect("numbers and strings always fit into JSON");
}
