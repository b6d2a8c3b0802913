//! What a client's messages are: a guest's go no further than the door, a player's go to the session.

use actors::outbox::Farewell;
use actors::session::Inlet;
use protocol::{ClientMessage, CloseCode, ErrorCode, ErrorMessage, Incoming, ServerMessage, codec};

use crate::ws::{Connection, Ctx, State};

/// What became of a frame that may be sealed.
enum Opened {
    Plain,
    Sealed(Vec<u8>),
    Locked,
}

impl Connection {
    pub(super) fn guest_text(&mut self, text: &[u8], ctx: &mut Ctx) {
        if !self.may_send(text.len(), ctx) {
            return;
        }
        let incoming = match codec::decode::<ClientMessage>(self.dialect, text) {
            Ok(incoming) => incoming,
            Err(malformed) => {
                return self.tell_error(malformed.to_error(), malformed.message_id.as_ref(), ctx);
            }
        };
        let id = incoming.message_id;
        match incoming.message {
            ClientMessage::AuthRequest(request) => self.sign_in(request, id, ctx),
            ClientMessage::Resume(request) => self.resume(request, id, ctx),
            ClientMessage::Ping(_) => {
                let pong = protocol::session::Pong { server_time: self.unix_seconds() };
                self.tell(&ServerMessage::Pong(pong), id.as_ref(), ctx);
            }
            ClientMessage::Pong(_) => {}
            ClientMessage::Disconnect(_) => self.close(&Farewell::new(CloseCode::Normal, "goodbye"), ctx),
            _ => {
                let error = ErrorMessage::new(ErrorCode::Unauthorized, "sign in first: send auth_request");
                self.tell_error(error, id.as_ref(), ctx);
            }
        }
    }

    pub(super) fn session_text(&mut self, text: &[u8], ctx: &mut Ctx) {
        let State::SignedIn(inlet) = &self.state else { return };
        let opened = self.open_sealed(text, inlet);
        let text = match &opened {
            Opened::Plain => text,
            Opened::Sealed(text) => text,
            Opened::Locked => {
                inlet.heard();
                let reason = "Invalid JSON: a sealed frame that this server's key does not open";
                return self.unreadable(text.len(), reason, ctx);
            }
        };
        let decoded = codec::decode::<ClientMessage>(self.dialect, text);
        let State::SignedIn(inlet) = &mut self.state else { return };
        // Whoever sent what could not be delivered was told.
        let _ = match decoded {
            Ok(Incoming { message: ClientMessage::AuthRequest(request), message_id, .. }) => {
                inlet.heard();
                if self.may_send(text.len(), ctx) {
                    self.sign_in_again(request, message_id, ctx);
                }
                Ok(())
            }
            Ok(incoming) => {
                self.line.heard(Inlet::answers(&incoming));
                inlet.receive(incoming, text.len())
            }
            Err(malformed) => inlet.malformed(malformed.to_error(), malformed.message_id, text.len()),
        };
    }

    /// Opens what a peer has sealed. From then on, what it gets is sealed too.
    fn open_sealed(&self, text: &[u8], inlet: &Inlet) -> Opened {
        let Some(cipher) = self.edge.world.cipher() else { return Opened::Plain };
        if self.dialect.is_v1() || !protocol::encryption::looks_sealed(text) {
            return Opened::Plain;
        }
        match cipher.open(text) {
            Some(text) => {
                inlet.outbox.seal(inlet.link);
                Opened::Sealed(text)
            }
            None => Opened::Locked,
        }
    }
}
