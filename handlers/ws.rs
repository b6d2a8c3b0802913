//! The WebSocket bridge, and the only file that names `actix_web_actors`: bytes in, frames out.
//!
//! A connection decodes and hands on; it knows no feature. What goes out is pulled from the session's outbox by
//! the response body, only when the socket can take it, many frames a write.

mod joining;
mod strays;
mod wire;

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use actix::fut::{ActorFutureExt, wrap_future};
use actix::{Actor, ActorContext, AsyncContext, StreamHandler};
use actix_http::ws::{Codec, Item, ProtocolError};
use actix_web::http::header::SEC_WEBSOCKET_PROTOCOL;
use actix_web::{HttpRequest, HttpResponse, web};
use actix_web_actors::ws::{Message, WebsocketContext, handshake};
use actors::clock::unix_seconds;
use actors::entity::{Door, Undelivered};
use actors::frame::Frame;
use actors::limits::Bucket;
use actors::outbox::{Farewell, LinkNumber, Outbox};
use actors::session::{Mail, Session};
use bytes::Bytes;
use protocol::{
    AccountId, ClientMessage, CloseCode, Dialect, ErrorCode, ErrorMessage, Incoming, MessageId,
    ServerMessage, SessionId, codec,
};
use storage::sessions::SessionRow;

use crate::answer::{Shape, refuse};
use crate::credentials;
use crate::edge::Edge;
use crate::envelope::Arrival;
use crate::fragments::{Assembled, Fragments};
use crate::pulled::{PulledBody, Slot, close_reason};
use crate::sign_in;
use crate::sign_in::Identity;

/// How soon a guest hears that the server stops.
const GUEST_LOOKS_EVERY: Duration = Duration::from_millis(250);

/// `GET /ws`: upgrades, or says why not.
pub async fn connect(request: HttpRequest, payload: web::Payload, edge: web::Data<Edge>) -> HttpResponse {
    let arrival = Arrival::of(&request);
    match upgrade(&request, payload, edge.as_ref().clone(), &arrival).await {
        Ok(response) => response,
        Err(error) => refuse(Shape::Problem, &error, &arrival.request_id),
    }
}

async fn upgrade(
    request: &HttpRequest,
    payload: web::Payload,
    edge: Edge,
    arrival: &Arrival,
) -> Result<HttpResponse, ErrorMessage> {
    if edge.world.is_draining() {
        let error = ErrorMessage::new(ErrorCode::Busy, "the server restarts: come back in a moment");
        return Err(error.with("retry_after_ms", 2_000));
    }
    if credentials::is_own_page(request, &edge.options) == Some(false) {
        let reason = "pages of this origin may not connect: list it in server.allowed_origins";
        return Err(ErrorMessage::new(ErrorCode::Forbidden, reason));
    }
    credentials::refuse_query_tokens(request)?;
    let presence = sign_in::presence_of(request, &edge).await?;
    let mut response = handshake(request).map_err(|error| {
        ErrorMessage::new(ErrorCode::Invalid, format!("this is no WebSocket upgrade: {error}"))
    })?;
    let (dialect, clock) = (wire::dialect_of(request), edge.world.clock());
    if let Some(subprotocol) = dialect.subprotocol() {
        response.insert_header((SEC_WEBSOCKET_PROTOCOL, subprotocol));
    }
    let slot = Rc::new(RefCell::new(None));
    let codec = Codec::new().max_size(edge.options.ws.max_frame);
    let connection = Connection::new(edge, arrival.clone(), dialect, presence, slot.clone());
    let socket = WebsocketContext::with_codec(connection, payload, codec);
    Ok(response.streaming(PulledBody::new(socket, slot, dialect, clock)))
}

/// One socket.
struct Connection {
    edge: Edge,
    arrival: Arrival,
    dialect: Dialect,
    state: State,
    fragments: Fragments,
    pings: Bucket,
    /// What a signed-in client sends that its session, which counts the rest, never sees.
    strays: Bucket,
    slot: Slot,
}

/// Signing in is a change of type: a guest has no session to send anything to.
enum State {
    Guest(Guest),
    SignedIn(SignedIn),
}

struct Guest {
    /// From the headers of the upgrade.
    presence: Option<SessionRow>,
    messages: u32,
    bytes: usize,
}

struct SignedIn {
    account: AccountId,
    session: SessionId,
    door: Door<Session>,
    link: LinkNumber,
    outbox: Arc<Outbox>,
}

type Ctx = WebsocketContext<Connection>;

impl Connection {
    fn new(edge: Edge, arrival: Arrival, dialect: Dialect, presence: Option<SessionRow>, slot: Slot) -> Self {
        let ws = &edge.options.ws;
        let fragments = Fragments::new(ws.max_message, ws.max_fragments);
        let pings = Bucket::new(ws.pings, edge.world.clock());
        let strays = Bucket::new(edge.world.options().rates.messages, edge.world.clock());
        let state = State::Guest(Guest { presence, messages: 0, bytes: 0 });
        Self { edge, arrival, dialect, state, fragments, pings, strays, slot }
    }

    fn guest_text(&mut self, text: &[u8], ctx: &mut Ctx) {
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

    fn session_text(&mut self, text: &[u8], ctx: &mut Ctx) {
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

    /// Sessions tell their connections when the server stops; nobody else tells a guest, who is gone in seconds anyway.
    fn watch_for_the_end(&self, ctx: &mut Ctx) {
        ctx.run_later(GUEST_LOOKS_EVERY, |connection, ctx| {
            if matches!(connection.state, State::SignedIn(_)) {
                return;
            }
            if connection.edge.world.is_draining() {
                let restart = Farewell::new(CloseCode::Restart, "the server restarts").retry_after(2_000);
                return connection.close(&restart, ctx);
            }
            connection.watch_for_the_end(ctx);
        });
    }

    fn close(&self, farewell: &Farewell, ctx: &mut Ctx) {
        self.tell(&farewell.disconnect(), None, ctx);
        ctx.close(Some(close_reason(farewell)));
        ctx.stop();
    }

    fn unix_seconds(&self) -> f64 {
        unix_seconds(self.edge.world.clock().now().wall_ms)
    }
}

/// What became of a frame that may be sealed.
enum Opened {
    Plain,
    Sealed(Vec<u8>),
    Locked,
}

impl Actor for Connection {
    type Context = Ctx;

    fn started(&mut self, ctx: &mut Ctx) {
        let presence = match &mut self.state {
            State::Guest(guest) => guest.presence.take(),
            State::SignedIn(_) => None,
        };
        if let Some(row) = presence {
            let (world, dialect) = (self.edge.world.clone(), self.dialect);
            let identity = Identity { account: row.account_id, session: row.session_id, token: None };
            let attached = async move { world.attach(row.session_id, dialect).await };
            ctx.wait(wrap_future(attached).map(move |attached, connection: &mut Self, ctx| match attached {
                Ok(attached) => connection.signed_in(identity, attached, None, ctx),
                Err(error) => connection.tell_not_signed_in(&error, None, ctx),
            }));
        }
        self.watch_for_the_end(ctx);
        ctx.run_later(self.edge.options.ws.preauth, |connection, ctx| {
            if matches!(connection.state, State::Guest(_)) {
                connection.close(&Farewell::new(CloseCode::NotSignedIn, "nobody signed in in time"), ctx);
            }
        });
    }

    fn stopped(&mut self, _: &mut Ctx) {
        if let State::SignedIn(signed_in) = &self.state {
            signed_in.outbox.detach(signed_in.link, self.edge.world.clock().mono_ms());
        }
    }
}

impl StreamHandler<Result<Message, ProtocolError>> for Connection {
    fn handle(&mut self, item: Result<Message, ProtocolError>, ctx: &mut Ctx) {
        match item {
            Ok(Message::Text(text)) => self.arrived(text.as_bytes(), false, ctx),
            Ok(Message::Binary(bytes)) => self.arrived(&bytes, true, ctx),
            Ok(Message::Continuation(item)) => self.fragment(item, ctx),
            Ok(Message::Ping(payload)) => self.pinged(&payload, ctx),
            Ok(Message::Pong(_)) => {
                if let State::SignedIn(signed_in) = &self.state {
                    signed_in.outbox.heard(signed_in.link, self.edge.world.clock().mono_ms());
                }
            }
            Ok(Message::Close(reason)) => {
                ctx.close(reason);
                ctx.stop();
            }
            Ok(Message::Nop) => {}
            Err(error) => self.violated(&error, ctx),
        }
    }
}

impl Connection {
    fn fragment(&mut self, item: Item, ctx: &mut Ctx) {
        match self.fragments.add(item) {
            Assembled::Partly => {}
            Assembled::Text(text) if std::str::from_utf8(&text).is_ok() => self.arrived(&text, false, ctx),
            Assembled::Text(_) => self.close(&Farewell::new(CloseCode::BadText, "text must be UTF-8"), ctx),
            Assembled::Binary(bytes) => self.arrived(&bytes, true, ctx),
            Assembled::TooBig => {
                self.close(&Farewell::new(CloseCode::TooBig, "the message is too large"), ctx)
            }
            Assembled::OutOfOrder => {
                self.close(&Farewell::new(CloseCode::ProtocolViolation, "fragments out of order"), ctx);
            }
        }
    }

    fn pinged(&mut self, payload: &Bytes, ctx: &mut Ctx) {
        if self.pings.take().is_err() {
            return self.close(&Farewell::new(CloseCode::Abuse, "too many pings"), ctx);
        }
        if let State::SignedIn(signed_in) = &self.state {
            signed_in.outbox.heard(signed_in.link, self.edge.world.clock().mono_ms());
        }
        ctx.pong(payload);
    }

    fn violated(&self, error: &ProtocolError, ctx: &mut Ctx) {
        let farewell = match error {
            ProtocolError::Overflow => Farewell::new(CloseCode::TooBig, "the frame is too large"),
            // Reserved bits, by their kind.
            ProtocolError::Io(broken) if broken.kind() == std::io::ErrorKind::InvalidData => {
                Farewell::new(CloseCode::ProtocolViolation, broken.to_string())
            }
            // Text that is no UTF-8 arrives as this; so does a socket that broke, which hears nothing any more.
            ProtocolError::Io(_) => Farewell::new(CloseCode::BadText, "text must be UTF-8"),
            other => Farewell::new(CloseCode::ProtocolViolation, other.to_string()),
        };
        self.close(&farewell, ctx);
    }
}
