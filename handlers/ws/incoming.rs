//! What a client's messages are: a guest's go no further than the door, a player's go to the session.

use actors::entity::Undelivered;
use actors::frame::Frame;
use actors::outbox::{Farewell, LinkNumber, Outbox};
use actors::session::Mail;
use protocol::{
    ClientMessage, CloseCode, ErrorCode, ErrorMessage, Incoming, MessageId, ServerMessage, codec,
};

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
        let State::SignedIn(signed_in) = &self.state else { return };
        signed_in.outbox.heard(signed_in.link, self.edge.world.clock().mono_ms());
        let opened = self.open_sealed(text, &signed_in.outbox, signed_in.link);
        let text = match &opened {
            Opened::Plain => text,
            Opened::Sealed(text) => text,
            Opened::Locked => {
                let reason = "Invalid JSON: a sealed frame that this server's key does not open";
                return self.unreadable(text.len(), reason, ctx);
            }
        };
        match codec::decode::<ClientMessage>(self.dialect, text) {
            Ok(Incoming { message: ClientMessage::AuthRequest(request), message_id, .. }) => {
                if self.may_send(text.len(), ctx) {
                    self.sign_in_again(request, message_id, ctx);
                }
            }
            Ok(incoming) => {
                let (id, link) = (incoming.message_id.clone(), signed_in.link);
                let mail = Mail::Received { link, incoming: Box::new(incoming), bytes: text.len() };
                self.post(mail, id, ctx);
            }
            Err(malformed) => {
                let (error, message_id) = (malformed.to_error(), malformed.message_id);
                let mail = Mail::Malformed {
                    link: signed_in.link,
                    error,
                    message_id: message_id.clone(),
                    bytes: text.len(),
                };
                self.post(mail, message_id, ctx);
            }
        }
    }

    /// Opens what a peer has sealed. From then on, what it gets is sealed too.
    fn open_sealed(&self, text: &[u8], outbox: &Outbox, link: LinkNumber) -> Opened {
        let Some(cipher) = self.edge.world.cipher() else { return Opened::Plain };
        if self.dialect.is_v1() || !protocol::encryption::looks_sealed(text) {
            return Opened::Plain;
        }
        match cipher.open(text) {
            Some(text) => {
                outbox.seal(link);
                Opened::Sealed(text)
            }
            None => Opened::Locked,
        }
    }

    /// Hands mail to the session. Its mailbox is bounded: a client that fills it is told so.
    fn post(&mut self, mail: Mail, id: Option<MessageId>, ctx: &mut Ctx) {
        let State::SignedIn(signed_in) = &mut self.state else { return };
        match signed_in.door.post(mail) {
            Ok(()) => {}
            Err(Undelivered::Full) => {
                let busy = ErrorMessage::new(ErrorCode::Busy, "your session is overloaded: try again")
                    .with("retry_after_ms", 200);
                let wall_ms = self.edge.world.clock().now().wall_ms;
                signed_in.outbox.push(&Frame::answering(id, ServerMessage::Error(busy), wall_ms));
            }
            Err(Undelivered::Closed) => {
                let wall_ms = self.edge.world.clock().now().wall_ms;
                let busy = ErrorMessage::new(ErrorCode::Busy, "your session is restarting: try again")
                    .with("retry_after_ms", 200);
                signed_in.outbox.push(&Frame::answering(id, ServerMessage::Error(busy), wall_ms));
                match self.edge.world.session(signed_in.session) {
                    Ok(door) => signed_in.door = door,
                    Err(_) => {
                        self.close(&Farewell::new(CloseCode::Internal, "this session failed too often"), ctx)
                    }
                }
            }
        }
    }
}
