//! The ways a client can speak, written down from the documents and with other libraries than the server's.

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
}

impl Way {
    pub const V1: [Self; 2] = [Self::Json, Self::MsgPack];

    /// What the server said it speaks.
    pub fn of_subprotocol(name: Option<&str>) -> Self {
        match name {
            None => Self::Classic,
            Some(JSON) => Self::Json,
            Some(MSGPACK) => Self::MsgPack,
            Some(other) => panic!("nobody documents {other}"),
        }
    }

    pub fn subprotocol(self) -> Option<&'static str> {
        match self {
            Self::Classic => None,
            Self::Json => Some(JSON),
            Self::MsgPack => Some(MSGPACK),
        }
    }

    pub fn is_v1(self) -> bool {
        self != Self::Classic
    }

    /// The frame of a message.
    pub fn write(self, message: &Value) -> Message {
        match self {
            Self::MsgPack => Message::binary(rmp_serde::to_vec_named(message).expect("JSON fits into it")),
            Self::Classic | Self::Json => Message::text(message.to_string()),
        }
    }

    /// The message of a frame, which must be of the kind that the dialect has.
    pub fn read(self, frame: &Message) -> Value {
        match (self, frame) {
            (Self::MsgPack, Message::Binary(bytes)) => {
                rmp_serde::from_slice(bytes).unwrap_or_else(|error| panic!("{error} in {:02x?}", &bytes[..]))
            }
            (Self::Classic | Self::Json, Message::Text(text)) => {
                serde_json::from_str(text).unwrap_or_else(|error| panic!("{error} in {text}"))
            }
            _ => panic!("{self:?} has no such frame: {frame:?}"),
        }
    }
}
