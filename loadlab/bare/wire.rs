//! Who is talked to and in which of its languages: what to say, and what is an answer.

use std::net::SocketAddr;

use clap::ValueEnum;
use protocol::auth::AuthRequest;
use protocol::characters::WhichCharacter;
use protocol::chat::{Channel, Say};
use protocol::movement::{Move, Position};
use protocol::session::{Ack, Bare, Resume};
use protocol::{
    CharacterId, ClientMessage, Dialect, Incoming, LocationId, ServerMessage, SessionId, Stamp, Text, codec,
};
use serde::Serialize;

use super::colyseus;
use super::engine::{Outgoing, Upgrade};
use super::inbox::Frame;
use super::peek::{self, Peeked};
use crate::LabError;

/// What listens at the other end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ValueEnum)]
#[serde(rename_all = "snake_case")]
pub enum Peer {
    /// This server
    Shardmesh,
    /// `loadlab floor`, in the mode of the same name
    Floor,
    /// loadlab/peers/ws
    Ws,
    /// loadlab/peers/colyseus
    Colyseus,
}

/// How messages to this server are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ValueEnum)]
pub enum Form {
    #[value(name = "v1.json")]
    #[serde(rename = "v1.json")]
    Json,
    #[value(name = "v1.msgpack")]
    #[serde(rename = "v1.msgpack")]
    Msgpack,
    #[value(name = "classic")]
    #[serde(rename = "classic")]
    Classic,
}

impl Form {
    pub fn dialect(self) -> Dialect {
        match self {
            Self::Json => Dialect::V1Json,
            Self::Msgpack => Dialect::V1MsgPack,
            Self::Classic => Dialect::Classic,
        }
    }
}

/// What a ping to Colyseus holds: as much as ours.
#[derive(Serialize)]
struct Timed {
    timestamp: f64,
}

/// Which messages are the deliveries that a scenario counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Counted {
    Pongs,
    Lines,
    Areas,
    Moves,
}

/// One peer, in one language, in one scenario.
#[derive(Debug, Clone, Copy)]
pub struct Wire {
    pub peer: Peer,
    pub form: Form,
    pub counted: Counted,
}

impl Wire {
    /// How one more connects; asks for a seat where that is needed.
    ///
    /// # Errors
    /// There is no seat.
    pub fn upgrade(&self, address: SocketAddr) -> Result<Upgrade, LabError> {
        let (path, subprotocol) = match self.peer {
            Peer::Shardmesh => ("/ws".to_owned(), self.form.dialect().subprotocol()),
            Peer::Floor | Peer::Ws => ("/".to_owned(), None),
            Peer::Colyseus => (colyseus::reserve(address, "bench").map_err(LabError::Bench)?, None),
        };
        Ok(Upgrade { address, path, subprotocol, receive_buffer: 0 })
    }

    /// Whether one signs in, and messages have names.
    pub fn is_ours(&self) -> bool {
        self.peer == Peer::Shardmesh
    }

    /// Whether contents can be read and judged.
    pub fn is_read(&self) -> bool {
        self.is_ours() || (self.peer == Peer::Colyseus && self.counted == Counted::Areas)
    }

    /// Whether events are numbered and to be acknowledged.
    pub fn is_numbered(&self) -> bool {
        self.is_ours() && self.form.dialect().is_v1()
    }

    /// What a frame of this server begins with.
    pub fn peek<'a>(&self, frame: &Frame<'a>) -> Option<Peeked<'a>> {
        match self.form {
            Form::Json | Form::Classic => peek::json(frame.shown),
            Form::Msgpack => peek::msgpack(frame.shown),
        }
    }

    /// Whether a frame of another server is a delivery.
    pub fn counts_foreign(&self, payload: &[u8]) -> bool {
        match (self.peer, self.counted) {
            (Peer::Colyseus, Counted::Pongs) => colyseus::is("pong", payload),
            (Peer::Colyseus, Counted::Lines) => colyseus::is("chat", payload),
            (Peer::Colyseus, Counted::Areas) => payload.first() == Some(&colyseus::STATE_PATCH),
            _ => true,
        }
    }

    pub fn counts(&self, name: &[u8]) -> bool {
        match self.counted {
            Counted::Pongs => name == b"pong",
            Counted::Lines => name == b"chat",
            Counted::Areas => name == b"area_update",
            Counted::Moves => name == b"combat_action",
        }
    }

    /// Reads a whole frame of this server.
    ///
    /// # Errors
    /// Why it can't be read.
    pub fn read(&self, frame: &Frame) -> Result<Incoming<ServerMessage>, String> {
        codec::decode(self.form.dialect(), frame.shown).map_err(|malformed| malformed.reason)
    }

    pub fn sign_in(&self, token: &str, out: &mut Outgoing) -> Result<(), String> {
        let session_token = Some(Text::new(token).map_err(|_| "a token is too long".to_owned())?);
        self.say(&ClientMessage::AuthRequest(AuthRequest { session_token, ..AuthRequest::default() }), out);
        Ok(())
    }

    pub fn select(&self, character_id: CharacterId, out: &mut Outgoing) {
        self.say(&ClientMessage::CharacterSelect(WhichCharacter { character_id }), out);
    }

    /// To another location, or (0) to another point of the same.
    pub fn go(&self, to: LocationId, position: Position, velocity: Option<Position>, out: &mut Outgoing) {
        let to = Move { from_location_id: None, to_location_id: to, position: Some(position), velocity };
        self.say(&ClientMessage::Move(to), out);
    }

    pub fn ack(&self, seq: u64, out: &mut Outgoing) {
        self.say(&ClientMessage::Ack(Ack { seq }), out);
    }

    pub fn resume(
        &self,
        session_id: SessionId,
        resume_token: &str,
        last_seq: u64,
        out: &mut Outgoing,
    ) -> Result<(), String> {
        let resume_token = Text::new(resume_token).map_err(|_| "a resume token is too long".to_owned())?;
        self.say(&ClientMessage::Resume(Resume { session_id, resume_token, last_seq }), out);
        Ok(())
    }

    /// What asks for a pong, of about as many bytes for everybody.
    pub fn ping(&self, out: &mut Outgoing) {
        match self.peer {
            Peer::Shardmesh | Peer::Floor | Peer::Ws => self.say(&ClientMessage::Ping(Bare {}), out),
            Peer::Colyseus => colyseus::say("ping", &Timed { timestamp: 0.0 }, out),
        }
    }

    /// A line for everybody.
    pub fn line(&self, content: &str, out: &mut Outgoing) -> Result<(), String> {
        match self.peer {
            Peer::Shardmesh | Peer::Ws => {
                let content = Text::new(content).map_err(|_| "a line is too long".to_owned())?;
                let said = Say { channel: Channel::Global, content, recipient_id: None };
                self.say(&ClientMessage::Chat(said), out);
            }
            Peer::Floor => out.text(content.as_bytes()),
            Peer::Colyseus => colyseus::say("chat", &content, out),
        }
        Ok(())
    }

    /// A command under a name, so that it has its effect once and one answer.
    pub fn command(&self, message: &ClientMessage, name: &str, out: &mut Outgoing) {
        self.write(message, Stamp { message_id: Some(name), ..Stamp::default() }, out);
    }

    fn say(&self, message: &ClientMessage, out: &mut Outgoing) {
        self.write(message, Stamp::default(), out);
    }

    fn write(&self, message: &ClientMessage, stamp: Stamp, out: &mut Outgoing) {
        let dialect = self.form.dialect();
        let encoded = codec::encode(dialect, message, stamp);
        if dialect.is_binary() { out.binary(&encoded) } else { out.text(&encoded) }
    }
}
