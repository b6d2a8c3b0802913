//! What comes in on a connection and never reaches a session is counted here, since no session counts it.

use actors::outbox::Farewell;
use protocol::{CloseCode, ErrorCode, ErrorMessage};

use crate::ws::{Connection, Ctx, State};

impl Connection {
    /// Counts what no session counts: all that a guest sends, and what of a signed-in client's stays here. False:
    /// it was too much, and the connection ends.
    pub(super) fn may_send(&mut self, bytes: usize, ctx: &mut Ctx) -> bool {
        let farewell = match &mut self.state {
            State::Guest(guest) => {
                guest.messages += 1;
                guest.bytes += bytes;
                let ws = &self.edge.options.ws;
                if guest.messages <= ws.preauth_messages && guest.bytes <= ws.preauth_bytes {
                    return true;
                }
                let reason = "too much before signing in: send auth_request first";
                Farewell::new(CloseCode::NotSignedIn, reason)
            }
            #[cfg(feature = "conformance")]
            State::Echo => return true,
            State::SignedIn(_) => {
                if !self.edge.world.options().limits_enabled || self.strays.take().is_ok() {
                    return true;
                }
                Farewell::new(CloseCode::Abuse, "limits were ignored again and again")
            }
        };
        self.close(&farewell, ctx);
        false
    }

    /// Answers what can't even be read as text, in plain text.
    pub(super) fn unreadable(&mut self, bytes: usize, reason: &str, ctx: &mut Ctx) {
        if self.may_send(bytes, ctx) {
            self.tell_error(ErrorMessage::new(ErrorCode::ProtocolError, reason), None, ctx);
        }
    }
}
