//! What one connection's messages look like on its socket.

use actix_web::HttpRequest;
use actix_web::http::header::SEC_WEBSOCKET_PROTOCOL;
use protocol::{Dialect, ErrorMessage, MessageId, ServerMessage, Stamp, codec};

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
    pub(super) fn arrived(&mut self, text: &[u8], binary: bool, ctx: &mut Ctx) {
        match (self.dialect.is_binary(), binary) {
            (false, true) => {
                self.unreadable(text.len(), "Invalid JSON: this dialect is text; a binary message came", ctx);
            }
            (true, false) => {
                let reason = "Invalid MessagePack: this dialect is binary; a text message came";
                self.unreadable(text.len(), reason, ctx);
            }
            _ => match &self.state {
                State::Guest(_) => self.guest_text(text, ctx),
                State::SignedIn(_) => self.session_text(text, ctx),
            },
        }
    }

    pub(super) fn tell_error(&self, error: ErrorMessage, id: Option<&MessageId>, ctx: &mut Ctx) {
        self.tell(&ServerMessage::Error(error), id, ctx);
    }

    /// Past the outbox: for what belongs to the connection and not to the session.
    pub(super) fn tell(&self, message: &ServerMessage, id: Option<&MessageId>, ctx: &mut Ctx) {
        let message_id = id.map(|id| &**id);
        let stamp = Stamp { timestamp: self.unix_seconds(), message_id, ack: None };
        let encoded = codec::encode(self.dialect, message, stamp);
        if self.dialect.is_binary() {
            return ctx.binary(encoded);
        }
        match String::from_utf8(encoded) {
            Ok(text) => ctx.text(text),
            Err(error) => log::error!("a message of ours is no UTF-8: {error}"),
        }
    }
}
