//! What one connection's messages look like on its socket.

use actix_http::ws::{CloseReason, OpCode, Parser};
use actix_web::HttpRequest;
use actix_web::http::header::SEC_WEBSOCKET_PROTOCOL;
use actors::outbox::Farewell;
use bytes::{BufMut, BytesMut};
use protocol::compression::{self, Unopened};
use protocol::{CloseCode, Dialect, ErrorCode, ErrorMessage, MessageId, ServerMessage, Stamp, codec};

use crate::ws::{Connection, Ctx, State};

const FIN: u8 = 0x80;
/// The longest head of an unmasked frame.
const HEAD_MAX: usize = 10;
/// The parameter of the URL that asks for compression.
const COMPRESSION: &str = "compression";

/// How a client wants to be spoken to: the first subprotocol it names that there is, and whether large messages are to be
/// compressed, which browsers can say in the URL only.
///
/// # Errors
/// A `compression` that there is not.
pub(super) fn dialect_of(request: &HttpRequest) -> Result<Dialect, ErrorMessage> {
    let dialect = request
        .headers()
        .get_all(SEC_WEBSOCKET_PROTOCOL)
        .filter_map(|names| names.to_str().ok())
        .flat_map(|names| names.split(','))
        .find_map(|name| Dialect::of_subprotocol(name.trim()))
        .unwrap_or_default();
    let refused = |reason: &str| ErrorMessage::new(ErrorCode::Invalid, reason).with("field", COMPRESSION);
    let mut parameters =
        request.query_string().split('&').map(|pair| pair.split_once('=').unwrap_or((pair, "")));
    parameters.try_fold(dialect, |dialect, parameter| match (parameter, dialect.deflate()) {
        ((COMPRESSION, "deflate"), Some(compressed)) => Ok(compressed),
        ((COMPRESSION, "deflate"), None) => {
            Err(refused("compression: only the v1 dialects have it; ask for a subprotocol"))
        }
        ((COMPRESSION, _), _) => Err(refused("compression: expected deflate")),
        _ => Ok(dialect),
    })
}

/// The close frame of a farewell.
pub(super) fn close_reason(farewell: &Farewell) -> CloseReason {
    CloseReason { code: farewell.code.number().into(), description: Some(farewell.reason.clone()) }
}

/// What the frame of an encoded message is.
pub(super) fn op_code(dialect: Dialect, encoded: &[u8]) -> OpCode {
    let binary = dialect.is_binary() || compression::is_compressed(encoded);
    if binary { OpCode::Binary } else { OpCode::Text }
}

/// Writes a frame whose payload comes in two parts: unmasked, whole, as servers do (RFC 6455, 5.2).
pub(super) fn write_frame(out: &mut BytesMut, op_code: OpCode, first: &[u8], rest: &[u8]) {
    let payload = first.len() + rest.len();
    out.reserve(payload + HEAD_MAX);
    out.put_u8(FIN | u8::from(op_code));
    match (u8::try_from(payload), u16::try_from(payload)) {
        (Ok(short @ ..=125), _) => out.put_u8(short),
        (_, Ok(middle)) => {
            out.put_u8(126);
            out.put_u16(middle);
        }
        _ => {
            out.put_u8(127);
            out.put_u64(payload as u64);
        }
    }
    out.put_slice(first);
    out.put_slice(rest);
}

impl Connection {
    /// A whole message came.
    pub(super) fn arrived(&mut self, message: &[u8], op_code: OpCode, ctx: &mut Ctx) {
        if self.dialect.is_deflate() && op_code == OpCode::Binary && compression::is_compressed(message) {
            return self.open(message, ctx);
        }
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
            _ => self.read(message, ctx),
        }
    }

    fn open(&mut self, message: &[u8], ctx: &mut Ctx) {
        match compression::open(message, self.edge.options.ws.max_message) {
            Ok((None, plain)) => self.read(&plain, ctx),
            Ok((Some(_), _)) => {
                let reason = "Invalid compression: only the server numbers; seq must be 0";
                self.unreadable(message.len(), reason, ctx);
            }
            Err(too_big @ Unopened::TooBig) => {
                self.close(&Farewell::new(CloseCode::TooBig, too_big.to_string()), ctx);
            }
            Err(unopened) => self.unreadable(message.len(), &unopened.to_string(), ctx),
        }
    }

    fn read(&mut self, message: &[u8], ctx: &mut Ctx) {
        match &self.state {
            State::Guest(_) => self.guest_text(message, ctx),
            State::SignedIn(_) => self.session_text(message, ctx),
            #[cfg(feature = "conformance")]
            State::Echo => {}
        }
    }

    pub(super) fn tell_error(&self, error: ErrorMessage, id: Option<&MessageId>, ctx: &mut Ctx) {
        self.tell(&ServerMessage::Error(error), id, ctx);
    }

    /// Past the outbox: for what belongs to the connection and not to the session. Never compressed: tokens are told here.
    pub(super) fn tell(&self, message: &ServerMessage, id: Option<&MessageId>, ctx: &mut Ctx) {
        #[cfg(feature = "conformance")]
        if matches!(self.state, State::Echo) {
            return;
        }
        let message_id = id.map(|id| &**id);
        let stamp = Stamp { timestamp: self.unix_seconds(), message_id, ack: None };
        let encoded = codec::encode(self.dialect, message, stamp);
        self.write(op_code(self.dialect, &encoded), &encoded, ctx);
    }

    /// After a goodbye nothing goes out any more.
    pub(super) fn write(&self, op_code: OpCode, payload: &[u8], ctx: &mut Ctx) {
        if !self.line.is_closing() {
            let mut frame = BytesMut::new();
            write_frame(&mut frame, op_code, &[], payload);
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
