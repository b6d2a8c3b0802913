//! Bytes to message and back, for every dialect. The one place that knows the envelope.

mod json;
mod msgpack;
mod strict;
mod write;

pub use json::{depth, reason_of};
pub use strict::Strict;
pub use write::{SeqPrefix, begins_with_type, encode, numbered, with_seq};

use std::borrow::Cow;

use serde::{Deserialize, Deserializer};

use crate::codec::json::Json;
use crate::codec::msgpack::MsgPack;
use crate::ids::exact_if_any;
use crate::messages::Vocabulary;
use crate::{Dialect, ErrorCode, ErrorMessage, MessageId, ServerMessage, VERSION};

/// What nests deeper than this is refused before it is read (`http.json` and `ws` alike).
pub const DEPTH_MAX: usize = 32;

/// At most so much of what a sender wrote is told back in a reason.
const QUOTED_CHARS_MAX: usize = 200;

/// What the envelope of a written message says beside its type.
#[derive(Debug, Clone, Copy, Default)]
pub struct Stamp<'a> {
    /// Unix seconds.
    pub timestamp: f64,
    /// A client's name for its command, or the same on the answer.
    pub message_id: Option<&'a str>,
    /// v1, from a client: the highest `seq` it has.
    pub ack: Option<u64>,
}

/// A message as it came in, with what its envelope said.
#[derive(Debug, Clone, PartialEq)]
pub struct Incoming<M> {
    pub message: M,
    pub message_id: Option<MessageId>,
    /// Unix seconds, by the sender's clock.
    pub timestamp: Option<f64>,
    /// v1, from the server: the number of this event in its session.
    pub seq: Option<u64>,
    /// v1, from a client: everything up to here has arrived.
    pub ack: Option<u64>,
}

/// A message that can't be read: why, in the documented words, and where.
#[derive(Debug, Clone, PartialEq)]
pub struct Malformed {
    /// The documented text, for example "Invalid JSON: …".
    pub reason: String,
    /// The path of the field at fault, for example `position.x`.
    pub field: Option<String>,
    /// The command's own name, where that much could be read.
    pub message_id: Option<MessageId>,
}

impl Malformed {
    fn new(reason: String, field: Option<&str>) -> Self {
        Self { reason, field: field.map(str::to_owned), message_id: None }
    }

    /// The `error` that tells the sender.
    pub fn to_error(&self) -> ErrorMessage {
        let error = ErrorMessage::new(ErrorCode::ProtocolError, &self.reason);
        match &self.field {
            Some(field) => error.with("field", field.clone()),
            None => error,
        }
    }
}

/// A string that stays in the bytes it was read from, unless it has escapes; serde borrows no `Option<Cow>` itself.
#[derive(Deserialize)]
struct Word<'a>(#[serde(borrow)] Cow<'a, str>);

#[derive(Deserialize)]
struct Head<'a> {
    #[serde(borrow, rename = "type")]
    name: Option<Word<'a>>,
    #[serde(borrow)]
    version: Option<Word<'a>>,
    message_id: Option<MessageId>,
    timestamp: Option<f64>,
    #[serde(default, deserialize_with = "exact_if_any")]
    seq: Option<u64>,
    #[serde(default, deserialize_with = "exact_if_any")]
    ack: Option<u64>,
}

/// A way to write messages down, as the decoder sees it.
trait Notation<'de>: Sized {
    /// What people call it.
    const NAME: &'static str;
    type Error: std::error::Error;
    type Reader<'a>: Deserializer<'de, Error = Self::Error>
    where
        Self: 'a;

    fn over(bytes: &'de [u8]) -> Self;

    /// The same, passing over what can be written in this notation and not said in a message.
    fn forgiving(bytes: &'de [u8]) -> Self {
        Self::over(bytes)
    }

    fn reader(&mut self) -> Self::Reader<'_>;

    /// Whether all of it was read.
    fn end(&mut self) -> Result<(), Self::Error>;

    /// Well written, but not what the message has there.
    fn is_data(error: &Self::Error) -> bool;

    fn reason(error: &Self::Error) -> String;

    /// One cheap look before anything is read.
    fn check_outline(bytes: &'de [u8]) -> Result<(), Malformed>;

    fn read_all<T: Deserialize<'de>>(bytes: &'de [u8]) -> Result<T, Self::Error> {
        let mut source = Self::over(bytes);
        let read = T::deserialize(source.reader())?;
        source.end()?;
        Ok(read)
    }
}

/// Reads one message.
///
/// # Errors
/// [`Malformed`] with the documented reason, naming the field.
pub fn decode<M: Vocabulary>(dialect: Dialect, bytes: &[u8]) -> Result<Incoming<M>, Malformed> {
    if dialect.is_binary() { read::<MsgPack, M>(dialect, bytes) } else { read::<Json, M>(dialect, bytes) }
}

fn read<'de, N: Notation<'de>, M: Vocabulary>(
    dialect: Dialect,
    bytes: &'de [u8],
) -> Result<Incoming<M>, Malformed> {
    N::check_outline(bytes)?;
    let head: Head = match N::read_all(bytes) {
        Ok(head) => head,
        Err(error) if N::is_data(&error) => {
            return Err(Malformed { message_id: name_of::<N>(bytes), ..validation_failed::<N, Head>(bytes) });
        }
        Err(error) => return Err(Malformed::new(format!("Invalid {}: {error}", N::NAME), None)),
    };
    let message_id = head.message_id.clone();
    match read_body::<N, M>(dialect, &head, bytes) {
        Ok(message) => {
            Ok(Incoming { message, message_id, timestamp: head.timestamp, seq: head.seq, ack: head.ack })
        }
        Err(malformed) => Err(Malformed { message_id, ..malformed }),
    }
}

/// What the sender calls a command whose envelope is wrong elsewhere, so that the answer finds its way.
fn name_of<'de, N: Notation<'de>>(bytes: &'de [u8]) -> Option<MessageId> {
    #[derive(Deserialize)]
    struct Name {
        message_id: Option<MessageId>,
    }
    let mut source = N::forgiving(bytes);
    let name = Name::deserialize(source.reader()).ok()?;
    source.end().ok()?;
    name.message_id
}

fn read_body<'de, N: Notation<'de>, M: Vocabulary>(
    dialect: Dialect,
    head: &Head,
    bytes: &'de [u8],
) -> Result<M, Malformed> {
    let refused =
        |why: String, field| Malformed::new(format!("Failed to deserialize message: {why}"), Some(field));
    let version = head.version.as_ref().map(|version| &*version.0);
    if version != Some(VERSION) && !(dialect.is_v1() && version.is_none()) {
        let found = shortened(version.unwrap_or("unknown"));
        return Err(refused(
            format!("Unsupported protocol version: {found}. Supported: ['{VERSION}']"),
            "version",
        ));
    }
    let Some(name) = head.name.as_ref().map(|name| &*name.0) else {
        return Err(refused("Unknown message type: unknown".to_owned(), "type"));
    };
    match M::read(name, N::over(bytes).reader()) {
        Some(Ok(message)) => Ok(message),
        Some(Err(_)) => Err(explain::<N, M>(name, bytes)),
        None if ServerMessage::NAMES.contains(&name) => {
            Err(refused(format!("Message type {name} is sent by the server only"), "type"))
        }
        None => Err(refused(format!("Unknown message type: {}", shortened(name)), "type")),
    }
}

/// Reads again what could not be read, this time with the path: slower, and only for what is refused.
fn explain<'de, N: Notation<'de>, M: Vocabulary>(name: &str, bytes: &'de [u8]) -> Malformed {
    let mut track = serde_path_to_error::Track::new();
    let mut source = N::over(bytes);
    let traced = serde_path_to_error::Deserializer::new(source.reader(), &mut track);
    let Some(Err(error)) = M::read(name, traced) else {
        return Malformed::new("Message validation failed".to_owned(), None);
    };
    validation_message(&track.path().to_string(), &N::reason(&error))
}

fn validation_failed<'de, N: Notation<'de>, T: Deserialize<'de>>(bytes: &'de [u8]) -> Malformed {
    match serde_path_to_error::deserialize::<_, T>(N::over(bytes).reader()) {
        Ok(_) => Malformed::new("Message validation failed".to_owned(), None),
        Err(error) => validation_message(&error.path().to_string(), &N::reason(error.inner())),
    }
}

fn validation_message(path: &str, reason: &str) -> Malformed {
    let field = field_of(path, reason);
    let text = match &field {
        Some(field) => format!("Message validation failed: {field}: {reason}"),
        None => format!("Message validation failed: {reason}"),
    };
    Malformed::new(text, field.as_deref())
}

/// The reason says what was found; it is not there to send it all back.
fn shortened(text: &str) -> String {
    match text.char_indices().nth(QUOTED_CHARS_MAX) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

/// The field that `path` and `reason` speak of: a missing one is named by the reason only.
pub fn field_of(path: &str, reason: &str) -> Option<String> {
    let inner = (path != "." && path != "?").then(|| path.to_owned());
    let quoted = ["missing field `", "duplicate field `", "unknown field `"]
        .iter()
        .find_map(|start| reason.strip_prefix(start)?.split('`').next());
    match (inner, quoted) {
        (Some(path), Some(name)) if path != name && !path.ends_with(&format!(".{name}")) => {
            Some(format!("{path}.{name}"))
        }
        (Some(path), _) => Some(path),
        (None, name) => name.map(str::to_owned),
    }
}

#[cfg(test)]
mod tests {
    use super::{begins_with_type, decode, encode, with_seq};
    use crate::chat::{Channel, Chat};
    use crate::{CharacterId, ClientMessage, Dialect, Incoming, ServerMessage, Stamp};

    fn refused(text: &str) -> (String, Option<String>) {
        let malformed = decode::<ClientMessage>(Dialect::Classic, text.as_bytes()).unwrap_err();
        (malformed.reason, malformed.field)
    }

    #[test]
    fn what_is_written_can_be_read() {
        let chat = ServerMessage::Chat(Chat {
            sender_id: CharacterId(7),
            sender_name: "Mira".to_owned(),
            channel: Channel::Global,
            content: "hello".to_owned(),
            recipient_id: None,
            chat_id: 3,
        });
        for dialect in [Dialect::Classic, Dialect::V1Json, Dialect::V1MsgPack] {
            let stamp = Stamp { timestamp: 1.5, message_id: Some("m1"), ack: None };
            let text = encode(dialect, &chat, stamp);
            let read: Incoming<ServerMessage> = decode(dialect, &text).unwrap();
            assert_eq!(read.message, chat);
            assert_eq!(read.message_id.as_deref(), Some("m1"));
            let has_null = text.windows(4).any(|bytes| bytes == b"null");
            assert_eq!(has_null, !dialect.is_v1());
            assert!(begins_with_type(dialect, "chat", &text) && !begins_with_type(dialect, "cha", &text));
            let mut numbered = Vec::new();
            with_seq(dialect, 12, &text, &mut numbered);
            assert!(!begins_with_type(dialect, "chat", &numbered));
            let read: Incoming<ServerMessage> = decode(dialect, &numbered).unwrap();
            assert_eq!((read.seq, read.message), (Some(12), chat.clone()));
        }
    }

    #[test]
    fn refusals_are_in_the_documented_words() {
        let cases = [
            ("nope", "Invalid JSON: ", None),
            ("{\"type\":\"ping\"", "Invalid JSON: ", None),
            (
                "{\"type\":\"ping\"}",
                "Failed to deserialize message: Unsupported protocol version: unknown. Supported: ['1.0.0']",
                Some("version"),
            ),
            (
                "{\"type\":\"nope\",\"version\":\"1.0.0\"}",
                "Failed to deserialize message: Unknown message type: nope",
                Some("type"),
            ),
            (
                "{\"type\":\"combat_damage\",\"version\":\"1.0.0\"}",
                "Failed to deserialize message: Message type combat_damage is sent by the server only",
                Some("type"),
            ),
            (
                "{\"type\":\"chat\",\"version\":\"1.0.0\"}",
                "Message validation failed: content: missing field `content`",
                Some("content"),
            ),
            (
                "{\"type\":\"chat\",\"version\":\"1.0.0\",\"content\":\"\"}",
                "Message validation failed: content: expected 1 to 500 characters, found 0",
                Some("content"),
            ),
            (
                "{\"type\":\"move\",\"version\":\"1.0.0\",\"to_location_id\":0,\"position\":{\"x\":\"a\",\"y\":1}}",
                "Message validation failed: position.x: ",
                Some("position.x"),
            ),
            (
                "{\"type\":\"move\",\"version\":\"1.0.0\",\"to_location_id\":0,\"position\":{\"x\":1}}",
                "Message validation failed: position.y: missing field `y`",
                Some("position.y"),
            ),
            ("{\"type\":5,\"version\":\"1.0.0\"}", "Message validation failed: type: ", Some("type")),
            ("[]", "Failed to deserialize message: expected an object", None),
        ];
        for (text, reason, field) in cases {
            let (found, at) = refused(text);
            assert!(found.starts_with(reason), "{text}: {found}");
            assert_eq!(at.as_deref(), field, "{text}");
        }
    }

    #[test]
    fn too_deep_is_refused_without_being_read() {
        let text = format!("{{\"type\":\"ping\",\"x\":{}{}}}", "[".repeat(40), "]".repeat(40));
        assert_eq!(refused(&text).0, "Invalid JSON: nested deeper than 32");
    }
}
