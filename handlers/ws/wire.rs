//! What one connection's messages look like on its socket.

use actix_http::ws::{CloseReason, OpCode, Parser};
use actix_web::HttpRequest;
use actix_web::http::header::SEC_WEBSOCKET_PROTOCOL;
use bytes::BytesMut;
use protocol::{Dialect, ErrorMessage, MessageId, ServerMessage, Stamp, codec};

use crate::pulled::op_code;
use crate::ws::{Connection, Ctx, State};

/// The first that the client names and that there is.
pub(super) fn dialect_of(request: &HttpRequest) -> Dialect {
    request
        .headers()
        .get_all(SEC_WEBSOCKET_PROTOCOL)
        .filter_map(|names| names.to_str().ok())
        .flat_map(|names| names.split(','))
        .find_map(|name| Dialect::of_subprotocol(name.trim()))
        .unwrap_or_default()
}

impl Connection {
    /// A whole message came.
    pub(super) fn arrived(&mut self, message: &[u8], op_code: OpCode, ctx: &mut Ctx) {
        match (&self.state, op_code == OpCode::Binary, self.dialect.is_binary()) {
            #[cfg(feature = "conformance")]
            (State::Echo, _, _) => self.write(op_code, message, ctx),
            (_, true, false) => {
                let reason = "Invalid JSON: this dialect is text; a binary message came";
                self.unreadable(message.len(), reason, ctx);
            }
            (_, false, true) => {
                let reason = "Invalid MessagePack: this dialect is binary; a text message came";
                self.unreadable(message.len(), reason, ctx);
            }
            (State::Guest(_), ..) => self.guest_text(message, ctx),
            (State::SignedIn(_), ..) => self.session_text(message, ctx),
        }
    }

    pub(super) fn tell_error(&self, error: ErrorMessage, id: Option<&MessageId>, ctx: &mut Ctx) {
        self.tell(&ServerMessage::Error(error), id, ctx);
    }

    /// Past the outbox: for what belongs to the connection and not to the session.
    pub(super) fn tell(&self, message: &ServerMessage, id: Option<&MessageId>, ctx: &mut Ctx) {
        #[cfg(feature = "conformance")]
        if matches!(self.state, State::Echo) {
            return;
        }
        let message_id = id.map(|id| &**id);
        let stamp = Stamp { timestamp: self.unix_seconds(), message_id, ack: None };
        self.write(op_code(self.dialect), &codec::encode(self.dialect, message, stamp), ctx);
    }

    /// After a goodbye nothing goes out any more.
    pub(super) fn write(&self, op_code: OpCode, payload: &[u8], ctx: &mut Ctx) {
        if !self.line.is_closing() {
            let mut frame = BytesMut::with_capacity(payload.len() + 10);
            Parser::write_message(&mut frame, payload, op_code, true, false);
            ctx.write(frame.freeze());
        }
    }

    pub(super) fn write_close(&self, reason: Option<CloseReason>, ctx: &mut Ctx) {
        if !self.line.is_closing() {
            let mut frame = BytesMut::new();
            Parser::write_close(&mut frame, reason, false);
            ctx.write(frame.freeze());
            self.line.close();
        }
    }
}
