//! One message on its way out: encoded once per dialect, whoever and however many get it.

use std::sync::{Arc, OnceLock};

use bytes::Bytes;
use protocol::encryption::Cipher;
use protocol::{Dialect, MessageId, ServerMessage, Stamp, area, codec, compression};

use crate::clock::unix_seconds;

/// A message that several recipients may share.
pub type SharedFrame = Arc<Frame>;

/// A message with its encodings, each made when somebody first needs it.
#[derive(Debug)]
pub struct Frame {
    message: ServerMessage,
    message_id: Option<MessageId>,
    wall_ms: i64,
    encoded: [OnceLock<Bytes>; Dialect::COUNT],
}

impl Frame {
    pub fn new(message: ServerMessage, wall_ms: i64) -> SharedFrame {
        Self::answering(None, message, wall_ms)
    }

    /// A frame that answers the command called `message_id`.
    pub fn answering(message_id: Option<MessageId>, message: ServerMessage, wall_ms: i64) -> SharedFrame {
        Arc::new(Self { message, message_id, wall_ms, encoded: Default::default() })
    }

    pub fn message(&self) -> &ServerMessage {
        &self.message
    }

    pub fn message_id(&self) -> Option<&MessageId> {
        self.message_id.as_ref()
    }

    /// When it was told, Unix milliseconds.
    pub fn wall_ms(&self) -> i64 {
        self.wall_ms
    }

    /// This frame in a dialect. `cipher` is this server's own, and needed for the sealed one.
    pub fn encoded(&self, dialect: Dialect, cipher: Option<&Cipher>) -> &[u8] {
        self.shared(dialect, cipher)
    }

    fn shared(&self, dialect: Dialect, cipher: Option<&Cipher>) -> &Bytes {
        self.encoded[dialect.slot()].get_or_init(|| self.encode(dialect, cipher))
    }

    /// Encodes it ahead of time. Returns for how many bytes it counts: compressed or not, for as many as it would have
    /// plain, because that is about what it holds.
    pub fn prepare(&self, dialect: Dialect, cipher: Option<&Cipher>) -> usize {
        self.encoded(dialect, cipher);
        self.encoded(dialect.plain(), cipher).len()
    }

    fn encode(&self, dialect: Dialect, cipher: Option<&Cipher>) -> Bytes {
        if dialect.is_deflate() {
            let plain = self.shared(dialect.plain(), cipher);
            return compression::compress(plain).map_or_else(|| plain.clone(), Bytes::from);
        }
        let stamp = Stamp {
            timestamp: unix_seconds(self.wall_ms),
            message_id: self.message_id.as_deref(),
            ack: None,
        };
        let text = match &self.message {
            ServerMessage::AreaUpdate(update) if dialect.is_v1() => area::encode(dialect, update, stamp),
            message => codec::encode(dialect, message, stamp),
        };
        match (dialect, cipher) {
            (Dialect::ClassicEncrypted, Some(cipher)) => cipher.seal(&text).into(),
            _ => text.into(),
        }
    }
}
