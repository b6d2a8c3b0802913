//! The ways a client can speak, written down from the documents and with other libraries than the server's.

use std::io::{Read, Write};

use flate2::Compression;
use flate2::read::ZlibDecoder;
use flate2::write::ZlibEncoder;
use serde_json::Value;
use tokio_tungstenite::tungstenite::Message;

pub const JSON: &str = "shardmesh.v1.json";
pub const MSGPACK: &str = "shardmesh.v1.msgpack";

/// How a connection's messages are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    Classic,
    Json,
    MsgPack,
    JsonDeflate,
    MsgPackDeflate,
}

impl Way {
    pub const V1: [Self; 4] = [Self::Json, Self::MsgPack, Self::JsonDeflate, Self::MsgPackDeflate];

    /// What the server said it speaks, after it was asked for compression or not.
    pub fn of_answer(subprotocol: Option<&str>, deflate: bool) -> Self {
        match (subprotocol, deflate) {
            (None, false) => Self::Classic,
            (Some(JSON), false) => Self::Json,
            (Some(MSGPACK), false) => Self::MsgPack,
            (Some(JSON), true) => Self::JsonDeflate,
            (Some(MSGPACK), true) => Self::MsgPackDeflate,
            other => panic!("nobody documents {other:?}"),
        }
    }

    /// Where it connects to.
    pub fn path(self) -> &'static str {
        if self.is_deflate() { "/ws?compression=deflate" } else { "/ws" }
    }

    pub fn is_deflate(self) -> bool {
        matches!(self, Self::JsonDeflate | Self::MsgPackDeflate)
    }

    fn is_packed(self) -> bool {
        matches!(self, Self::MsgPack | Self::MsgPackDeflate)
    }

    pub fn subprotocol(self) -> Option<&'static str> {
        match self {
            Self::Classic => None,
            Self::Json | Self::JsonDeflate => Some(JSON),
            Self::MsgPack | Self::MsgPackDeflate => Some(MSGPACK),
        }
    }

    pub fn is_v1(self) -> bool {
        self != Self::Classic
    }

    /// The bytes of a message.
    pub fn encode(self, message: &Value) -> Vec<u8> {
        if self.is_packed() {
            rmp_serde::to_vec_named(message).expect("JSON fits into it")
        } else {
            message.to_string().into_bytes()
        }
    }

    /// The frame of a message; compressed only by [`compressed`].
    pub fn write(self, message: &Value) -> Message {
        if self.is_packed() {
            Message::binary(self.encode(message))
        } else {
            Message::text(message.to_string())
        }
    }

    /// The message of a frame, which must be of the kind that the dialect has; and whether it was compressed.
    pub fn read(self, frame: &Message) -> (Value, bool) {
        match frame {
            Message::Binary(bytes) if self.is_deflate() && bytes.first() == Some(&0xc1) => {
                let (seq, stream) = bytes[1..].split_first_chunk().expect("a number comes before the stream");
                let mut plain = Vec::new();
                let mut stream = ZlibDecoder::new(stream);
                stream.read_to_end(&mut plain).expect("it is a zlib stream");
                assert!(plain.len() > 1024 && plain.len() > bytes.len(), "worth it: {frame:?}");
                let mut message = self.decode(&plain);
                assert!(message.get("seq").is_none(), "it stands in front: {message}");
                match u64::from_be_bytes(*seq) {
                    0 => {}
                    seq => message["seq"] = Value::from(seq),
                }
                (message, true)
            }
            Message::Binary(bytes) if self.is_packed() => (self.decode(bytes), false),
            Message::Text(text) if !self.is_packed() => (self.decode(text.as_bytes()), false),
            _ => panic!("{self:?} has no such frame: {frame:?}"),
        }
    }

    fn decode(self, bytes: &[u8]) -> Value {
        let why = if self.is_packed() {
            rmp_serde::from_slice(bytes).map_err(|error| error.to_string())
        } else {
            serde_json::from_slice(bytes).map_err(|error| error.to_string())
        };
        why.unwrap_or_else(|why| panic!("{why} in {}", String::from_utf8_lossy(bytes)))
    }
}

/// A compressed message of a client.
pub fn compressed(plain: &[u8]) -> Vec<u8> {
    let mut frame = vec![0xc1, 0, 0, 0, 0, 0, 0, 0, 0];
    let mut stream = ZlibEncoder::new(&mut frame, Compression::default());
    stream.write_all(plain).and_then(|()| stream.finish().map(drop)).expect("there is room");
    frame
}
