//! The WebSocket bridge, and the only file that names `actix_web_actors`: bytes in, frames out.
//!
//! A connection decodes and hands on; it knows no feature. What goes out is pulled from the session's outbox by the
//! worker's postman, only when the socket can take it, many frames a write.

#[cfg(feature = "conformance")]
pub mod echo;
mod incoming;
mod io;
mod joining;
mod line;
mod lull;
mod postman;
mod strays;
mod task;
mod wire;

pub use io::Io;
pub use postman::Postman;

use std::fmt::Display;
use std::rc::Rc;
use std::time::Duration;

use actix::fut::{ActorFutureExt, wrap_future};
use actix::{Actor, ActorContext, AsyncContext, StreamHandler};
use actix_http::ws::OpCode;
use actix_web::http::header::{SEC_WEBSOCKET_KEY, SEC_WEBSOCKET_PROTOCOL, SEC_WEBSOCKET_VERSION};
use actix_web::{HttpMessage, HttpRequest, HttpResponse, HttpResponseBuilder, web};
use actix_web_actors::HttpContext;
use actix_web_actors::ws::{HandshakeError, handshake};
use actors::clock::unix_seconds;
use actors::limits::Bucket;
use actors::outbox::Farewell;
use actors::session::Inlet;
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use bytes::Bytes;
use protocol::{CloseCode, Dialect, ErrorCode, ErrorMessage};
use storage::sessions::SessionRow;

use crate::answer::{Shape, refuse};
use crate::credentials;
use crate::edge::Edge;
use crate::envelope::Arrival;
use crate::frames::{Fault, Frames, Message};
use crate::sign_in;
use crate::sign_in::Identity;
use crate::upgrade::Upgradable;
use crate::ws::line::{Incoming, Line};
use crate::ws::task::ConnectionTask;
use crate::ws::wire::close_reason;

/// How soon a guest hears that the server stops.
const GUEST_LOOKS_EVERY: Duration = Duration::from_millis(250);
/// Of the protocol; drafts had others.
const VERSION: &str = "13";
const KEY_BYTES: usize = 16;
const BAD_KEY: &str = "sec-websocket-key must be 16 bytes in base64";

/// `GET /ws`: upgrades, or says why not.
pub async fn connect(request: HttpRequest, edge: web::Data<Edge>) -> HttpResponse {
    let arrival = Arrival::of(&request);
    match upgrade(&request, edge.as_ref().clone(), &arrival).await {
        Ok(response) => response,
        Err(error) => refuse(Shape::Problem, &error, &arrival.request_id),
    }
}

async fn upgrade(request: &HttpRequest, edge: Edge, arrival: &Arrival) -> Result<HttpResponse, ErrorMessage> {
    if edge.world.is_draining() {
        let error = ErrorMessage::new(ErrorCode::Busy, "the server restarts: come back in a moment");
        return Err(error.with("retry_after_ms", 2_000));
    }
    if credentials::is_own_page(request, &edge.options) == Some(false) {
        let reason = "pages of this origin may not connect: list it in server.allowed_origins";
        return Err(ErrorMessage::new(ErrorCode::Forbidden, reason));
    }
    credentials::refuse_query_tokens(request)?;
    let dialect = wire::dialect_of(request)?;
    let presence = sign_in::presence_of(request, &edge).await?;
    let mut response = begin(request)?;
    if let Some(subprotocol) = dialect.subprotocol() {
        response.insert_header((SEC_WEBSOCKET_PROTOCOL, subprotocol));
    }
    let state = State::Guest(Guest { presence, messages: 0, bytes: 0 });
    Ok(accept(response, Accepted { edge, arrival: arrival.clone(), dialect, state }))
}

/// The response that gets its request's socket for a connection.
fn accept(mut response: HttpResponseBuilder, accepted: Accepted) -> HttpResponse {
    let mut response = response.finish();
    response.extensions_mut().insert(accepted);
    response
}

/// A connection that may begin as soon as it has its socket.
pub struct Accepted {
    edge: Edge,
    arrival: Arrival,
    dialect: Dialect,
    state: State,
}

impl Accepted {
    /// Serves it until it ends. `first` was read from the socket already.
    pub fn serve(self, postman: &Rc<Postman>, io: Io, first: Bytes) -> impl Future<Output = ()> + use<> {
        let Self { edge, arrival, dialect, state } = self;
        let clock = edge.world.clock();
        let served = postman.serve(io, dialect, clock);
        let line = served.line().clone();
        let frames = Frames::new(Incoming::new(line.clone(), first), &edge.options.ws);
        let pings = Bucket::new(edge.options.ws.pings, clock);
        let strays = Bucket::new(edge.world.options().rates.messages, clock);
        let connection = Connection { edge, arrival, dialect, state, pings, strays, line, deaf: false };
        let own = HttpContext::with_factory(move |ctx| {
            ctx.add_stream(frames);
            connection
        });
        ConnectionTask::new(served, own).run()
    }
}

/// The head of the response to an upgrade.
fn begin(request: &HttpRequest) -> Result<HttpResponseBuilder, ErrorMessage> {
    let wrong = |code, reason: &dyn Display| {
        Err(ErrorMessage::new(code, format!("this is no WebSocket upgrade: {reason}")))
    };
    if !request.extensions().contains::<Upgradable>() {
        return wrong(
            ErrorCode::UpgradeRequired,
            &"it must be a GET with upgrade: websocket, and without a body",
        );
    }
    let response = match handshake(request) {
        Ok(response) => response,
        Err(HandshakeError::BadWebsocketKey) => return wrong(ErrorCode::Invalid, &BAD_KEY),
        Err(error) => return wrong(ErrorCode::UpgradeRequired, &error),
    };
    // It lets pass drafts of the protocol, and keys of any length.
    let headers = request.headers();
    if headers.get(SEC_WEBSOCKET_VERSION).is_none_or(|version| version != VERSION) {
        return wrong(ErrorCode::UpgradeRequired, &"only version 13 is served");
    }
    let key = headers.get(SEC_WEBSOCKET_KEY).and_then(|key| BASE64_STANDARD.decode(key.as_bytes()).ok());
    if key.is_none_or(|key| key.len() != KEY_BYTES) {
        return wrong(ErrorCode::Invalid, &BAD_KEY);
    }
    Ok(response)
}

/// One socket.
struct Connection {
    edge: Edge,
    arrival: Arrival,
    dialect: Dialect,
    state: State,
    pings: Bucket,
    /// What a signed-in client sends that its session, which counts the rest, never sees.
    strays: Bucket,
    line: Rc<Line>,
    /// What comes in does not matter any more, but for the client's close frame.
    deaf: bool,
}

/// Signing in is a change of type: a guest has no session to send anything to.
enum State {
    Guest(Guest),
    SignedIn(Inlet),
    /// Speaks no dialect.
    #[cfg(feature = "conformance")]
    Echo,
}

struct Guest {
    /// From the headers of the upgrade.
    presence: Option<SessionRow>,
    messages: u32,
    bytes: usize,
}

type Ctx = HttpContext<Connection>;

impl Connection {
    /// Sessions tell their connections when the server stops; nobody else tells a guest, who is gone in seconds anyway.
    fn watch_for_the_end(&mut self, ctx: &mut Ctx) {
        ctx.run_later(GUEST_LOOKS_EVERY, |connection, ctx| {
            if !matches!(connection.state, State::Guest(_)) {
                return;
            }
            if connection.edge.world.is_draining() {
                return connection.close_for_restart(ctx);
            }
            connection.watch_for_the_end(ctx);
        });
    }

    fn close_for_restart(&mut self, ctx: &mut Ctx) {
        self.close(&Farewell::new(CloseCode::Restart, "the server restarts").retry_after(2_000), ctx);
    }

    /// Ends the connection: as soon as the client has said goodbye too, or soon.
    fn close(&mut self, farewell: &Farewell, ctx: &mut Ctx) {
        self.deaf = true;
        self.tell(&farewell.disconnect(), None, ctx);
        self.write_close(Some(close_reason(farewell)), ctx);
    }

    /// What limits by address go by.
    fn address(&self) -> String {
        self.arrival.ip.key().to_string()
    }

    fn unix_seconds(&self) -> f64 {
        unix_seconds(self.edge.world.clock().now().wall_ms)
    }
}

impl Actor for Connection {
    type Context = Ctx;

    fn started(&mut self, ctx: &mut Ctx) {
        let presence = match &mut self.state {
            State::Guest(guest) => guest.presence.take(),
            _ => None,
        };
        if let Some(row) = presence {
            let (world, dialect, address) = (self.edge.world.clone(), self.dialect, self.address());
            let identity = Identity { account: row.account_id, session: row.session_id, token: None };
            let attached = async move { world.attach(row.session_id, dialect, &address).await };
            ctx.wait(wrap_future(attached).map(move |attached, connection: &mut Self, ctx| match attached {
                Ok(attached) => connection.signed_in(identity, attached, None, ctx),
                Err(error) => connection.not_signed_in(&error, None, ctx),
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
        if let State::SignedIn(inlet) = &self.state {
            inlet.detach();
        }
    }
}

impl StreamHandler<Result<Message, Fault>> for Connection {
    fn handle(&mut self, item: Result<Message, Fault>, ctx: &mut Ctx) {
        match item {
            Ok(Message::Close(reason)) => {
                self.write_close(reason, ctx);
                ctx.stop();
            }
            _ if self.deaf => {}
            Ok(Message::Text(text)) => self.arrived(&text, OpCode::Text, ctx),
            Ok(Message::Binary(bytes)) => self.arrived(&bytes, OpCode::Binary, ctx),
            Ok(Message::Ping(payload)) => self.pinged(&payload, ctx),
            Ok(Message::Pong) => self.heard(false),
            Err(fault) => self.close(&Farewell::new(fault.code, fault.reason), ctx),
        }
    }
}

impl Connection {
    fn pinged(&mut self, payload: &[u8], ctx: &mut Ctx) {
        if self.pings.take().is_err() {
            return self.close(&Farewell::new(CloseCode::Abuse, "too many pings"), ctx);
        }
        self.heard(true);
        self.write(OpCode::Pong, payload, ctx);
    }

    /// The client lives.
    fn heard(&self, is_awaited: bool) {
        self.line.heard(is_awaited);
        if let State::SignedIn(inlet) = &self.state {
            inlet.heard();
        }
    }
}
