//! The WebSocket bridge, and the only file that names `actix_web_actors`: bytes in, frames out.
//!
//! A connection decodes and hands on; it knows no feature. What goes out is pulled from the session's outbox by
//! the response body, only when the socket can take it, many frames a write.

use std::cell::RefCell;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};
use std::time::Duration;

use actix::fut::{ActorFutureExt, wrap_future};
use actix::{Actor, ActorContext, AsyncContext, StreamHandler};
use actix_http::ws::{CloseReason, Codec, Item, OpCode, Parser, ProtocolError};
use actix_web::{HttpRequest, HttpResponse, web};
use actix_web_actors::ws::{Message, WebsocketContext, handshake_with_protocols};
use actors::clock::unix_seconds;
use actors::entity::{Door, Undelivered};
use actors::frame::Frame;
use actors::limits::Bucket;
use actors::outbox::{Farewell, LinkNumber, Outbox, Payload, Pulled};
use actors::session::{Attached, Mail, Session};
use bytes::{Bytes, BytesMut};
use futures_util::Stream;
use protocol::auth::{AuthRequest, AuthResponse};
use protocol::{
    AccountId, ClientMessage, CloseCode, Dialect, ErrorCode, ErrorMessage, Incoming, MessageId,
    ServerMessage, SessionId, Stamp, codec,
};
use storage::sessions::SessionRow;

use crate::answer::{Shape, refuse};
use crate::credentials;
use crate::edge::Edge;
use crate::envelope::Arrival;
use crate::fragments::{Assembled, Fragments};

/// About how much one pull may take: a few writes' worth, so that one client's backlog does not hold up others.
const PULL_BYTES: usize = 32 * 1024;
/// How long a goodbye waits for the client's own close frame.
const GOODBYE_WAIT: Duration = Duration::from_secs(1);
const SUBPROTOCOLS: &[&str] = &[Dialect::V1_JSON];

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
    let presence = presence_of(request, &edge).await?;
    let mut response = handshake_with_protocols(request, SUBPROTOCOLS).map_err(|error| {
        ErrorMessage::new(ErrorCode::Invalid, format!("this is no WebSocket upgrade: {error}"))
    })?;
    let dialect = dialect_of(request);
    let slot = Rc::new(RefCell::new(None));
    let codec = Codec::new().max_size(edge.options.ws.max_frame);
    let connection = Connection::new(edge, arrival.clone(), dialect, presence, slot.clone());
    let socket = WebsocketContext::with_codec(connection, payload, codec);
    Ok(response.streaming(PulledBody::new(socket, slot)))
}

/// Who a token in the headers stands for. A stale cookie is nobody's fault: its owner may sign in by message.
async fn presence_of(request: &HttpRequest, edge: &Edge) -> Result<Option<SessionRow>, ErrorMessage> {
    let Some(credential) = credentials::of(request) else { return Ok(None) };
    match edge.world.authenticate(&credential.token).await {
        Ok(row) => Ok(Some(row)),
        Err(error) if error.error_code == ErrorCode::Unauthorized => {
            if credential.from_cookie {
                Ok(None)
            } else {
                Err(credentials::unauthorized(Some(&credential)))
            }
        }
        Err(error) => Err(error),
    }
}

fn dialect_of(request: &HttpRequest) -> Dialect {
    request
        .headers()
        .get_all("sec-websocket-protocol")
        .filter_map(|names| names.to_str().ok())
        .flat_map(|names| names.split(','))
        .find_map(|name| Dialect::of_subprotocol(name.trim()))
        .unwrap_or_default()
}

/// Where the body finds the outbox, once there is a session.
type Slot = Rc<RefCell<Option<(LinkNumber, std::sync::Arc<Outbox>)>>>;

/// One socket.
struct Connection {
    edge: Edge,
    arrival: Arrival,
    dialect: Dialect,
    state: State,
    fragments: Fragments,
    pings: Bucket,
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
    outbox: std::sync::Arc<Outbox>,
}

/// Who somebody turned out to be.
struct Identity {
    account: AccountId,
    session: SessionId,
    token: Option<String>,
}

type Ctx = WebsocketContext<Connection>;

impl Connection {
    fn new(edge: Edge, arrival: Arrival, dialect: Dialect, presence: Option<SessionRow>, slot: Slot) -> Self {
        let ws = &edge.options.ws;
        let fragments = Fragments::new(ws.max_message, ws.max_fragments);
        let pings = Bucket::new(ws.pings, edge.world.clock());
        let state = State::Guest(Guest { presence, messages: 0, bytes: 0 });
        Self { edge, arrival, dialect, state, fragments, pings, slot }
    }

    fn text(&mut self, text: &[u8], ctx: &mut Ctx) {
        match &self.state {
            State::Guest(_) => self.guest_text(text, ctx),
            State::SignedIn(_) => self.session_text(text, ctx),
        }
    }

    fn guest_text(&mut self, text: &[u8], ctx: &mut Ctx) {
        let State::Guest(guest) = &mut self.state else { return };
        guest.messages += 1;
        guest.bytes += text.len();
        let ws = &self.edge.options.ws;
        if guest.messages > ws.preauth_messages || guest.bytes > ws.preauth_bytes {
            let reason = "too much before signing in: send auth_request first";
            return self.close(&Farewell::new(CloseCode::NotSignedIn, reason), ctx);
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
                return self.tell_error(ErrorMessage::new(ErrorCode::ProtocolError, reason), None, ctx);
            }
        };
        match codec::decode::<ClientMessage>(self.dialect, text) {
            Ok(Incoming { message: ClientMessage::AuthRequest(request), message_id, .. }) => {
                self.sign_in_again(request, message_id, ctx);
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

    /// Later frames wait until it is known who this is.
    fn sign_in(&mut self, request: AuthRequest, id: Option<MessageId>, ctx: &mut Ctx) {
        let identified = identify(self.edge.clone(), self.arrival.clone(), request);
        let (edge, dialect) = (self.edge.clone(), self.dialect);
        let joined = async move {
            let identity = identified.await?;
            let attached = edge.world.attach(identity.session, dialect).await?;
            Ok((identity, attached))
        };
        ctx.wait(wrap_future(joined).map(move |joined, connection: &mut Self, ctx| match joined {
            Ok((identity, attached)) => connection.signed_in(identity, attached, id.as_ref(), ctx),
            Err(error) => connection.tell_not_signed_in(&error, id.as_ref(), ctx),
        }));
    }

    fn signed_in(&mut self, identity: Identity, attached: Attached, id: Option<&MessageId>, ctx: &mut Ctx) {
        let Attached { link, outbox, last_seq } = attached;
        let Ok(door) = self.edge.world.session(identity.session) else {
            return self.close(&Farewell::new(CloseCode::Internal, "this session failed too often"), ctx);
        };
        log::debug!("request={} is session {}", self.arrival.request_id, identity.session);
        let response = AuthResponse {
            success: true,
            session_token: identity.token,
            player_id: Some(identity.account),
            message: Some("WebSocket authenticated".to_owned()),
            server_time: self.unix_seconds(),
            error_code: None,
            retry_after_ms: None,
            session_id: self.dialect.is_v1().then_some(identity.session),
            last_seq: self.dialect.is_v1().then_some(last_seq),
        };
        // Before the outbox is there to be pulled from, so that it is the first thing the client gets.
        self.tell(&ServerMessage::AuthResponse(response), id, ctx);
        *self.slot.borrow_mut() = Some((link, outbox.clone()));
        let (account, session) = (identity.account, identity.session);
        self.state = State::SignedIn(SignedIn { account, session, door, link, outbox });
    }

    /// A client that is signed in already may say so again; it can't become somebody else.
    fn sign_in_again(&mut self, request: AuthRequest, id: Option<MessageId>, ctx: &mut Ctx) {
        let (world, address) = (self.edge.world.clone(), self.arrival.ip.key().to_string());
        let account = async move {
            match named_credentials(&request) {
                Named::Token(token) => world.authenticate(&token).await.map(|row| row.account_id),
                Named::Password(username, password) => {
                    world.check_password(&username, &password, &address).await
                }
                Named::Nothing => Err(token_required()),
            }
        };
        ctx.wait(wrap_future(account).map(move |account, connection: &mut Self, ctx| {
            let State::SignedIn(signed_in) = &connection.state else { return };
            match account {
                Ok(account) if account == signed_in.account => {
                    let response = AuthResponse {
                        success: true,
                        session_token: None,
                        player_id: Some(account),
                        message: Some("WebSocket authenticated".to_owned()),
                        server_time: connection.unix_seconds(),
                        error_code: None,
                        retry_after_ms: None,
                        session_id: connection.dialect.is_v1().then_some(signed_in.session),
                        last_seq: None,
                    };
                    connection.tell(&ServerMessage::AuthResponse(response), id.as_ref(), ctx);
                }
                Ok(_) => {
                    let reason = "this connection is signed in to another account: open a new one";
                    let error = ErrorMessage::new(ErrorCode::Forbidden, reason);
                    connection.tell_not_signed_in(&error, id.as_ref(), ctx);
                }
                Err(error) => connection.tell_not_signed_in(&error, id.as_ref(), ctx),
            }
        }));
    }

    fn tell_not_signed_in(&self, error: &ErrorMessage, id: Option<&MessageId>, ctx: &mut Ctx) {
        let response = AuthResponse {
            success: false,
            session_token: None,
            player_id: None,
            message: Some(error.error_message.clone()),
            server_time: self.unix_seconds(),
            error_code: Some(error.error_code),
            retry_after_ms: error.details.get("retry_after_ms").and_then(serde_json::Value::as_u64),
            session_id: None,
            last_seq: None,
        };
        self.tell(&ServerMessage::AuthResponse(response), id, ctx);
    }

    fn tell_error(&self, error: ErrorMessage, id: Option<&MessageId>, ctx: &mut Ctx) {
        self.tell(&ServerMessage::Error(error), id, ctx);
    }

    /// Past the outbox: for what belongs to the connection and not to the session.
    fn tell(&self, message: &ServerMessage, id: Option<&MessageId>, ctx: &mut Ctx) {
        let message_id = id.map(|id| &**id);
        let stamp = Stamp { timestamp: self.unix_seconds(), message_id, ack: None };
        match String::from_utf8(codec::encode(self.dialect, message, stamp)) {
            Ok(text) => ctx.text(text),
            Err(error) => log::error!("a message of ours is no UTF-8: {error}"),
        }
    }

    fn close(&self, farewell: &Farewell, ctx: &mut Ctx) {
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

enum Named {
    Token(String),
    Password(String, String),
    Nothing,
}

fn named_credentials(request: &AuthRequest) -> Named {
    let text = |text: Option<&str>| text.unwrap_or_default().to_owned();
    let token = text(request.session_token.as_deref());
    let (username, password) = (text(request.username.as_deref()), text(request.password.as_deref()));
    match (token.is_empty(), username.is_empty() || password.is_empty()) {
        (false, _) => Named::Token(token),
        (true, false) => Named::Password(username, password),
        (true, true) => Named::Nothing,
    }
}

fn token_required() -> ErrorMessage {
    ErrorMessage::new(ErrorCode::Unauthorized, "Session token required").with("field", "session_token")
}

async fn identify(edge: Edge, arrival: Arrival, request: AuthRequest) -> Result<Identity, ErrorMessage> {
    match named_credentials(&request) {
        Named::Token(token) => {
            let row = edge.world.authenticate(&token).await?;
            Ok(Identity { account: row.account_id, session: row.session_id, token: Some(token) })
        }
        Named::Password(username, password) => {
            let signed_in = edge.world.sign_in(&username, &password, &arrival.ip.key().to_string()).await?;
            let token = Some(signed_in.token.as_str().to_owned());
            Ok(Identity { account: signed_in.account_id, session: signed_in.session_id, token })
        }
        Named::Nothing => Err(token_required()),
    }
}

fn close_reason(farewell: &Farewell) -> CloseReason {
    CloseReason { code: farewell.code.number().into(), description: Some(farewell.reason.clone()) }
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
            Ok(Message::Text(text)) => self.text(text.as_bytes(), ctx),
            Ok(Message::Binary(_)) => {
                let reason = "Invalid JSON: this dialect is text; a binary frame came";
                self.tell_error(ErrorMessage::new(ErrorCode::ProtocolError, reason), None, ctx);
            }
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
            Assembled::Text(text) if std::str::from_utf8(&text).is_ok() => self.text(&text, ctx),
            Assembled::Text(_) => self.close(&Farewell::new(CloseCode::BadText, "text must be UTF-8"), ctx),
            Assembled::Binary => {
                let reason = "Invalid JSON: this dialect is text; binary frames came";
                self.tell_error(ErrorMessage::new(ErrorCode::ProtocolError, reason), None, ctx);
            }
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

/// The response body: the connection's own frames first, then what the outbox has.
struct PulledBody<S> {
    socket: Pin<Box<S>>,
    slot: Slot,
    batch: Vec<Payload>,
    numbered: Vec<u8>,
    goodbye: Option<Pin<Box<tokio::time::Sleep>>>,
}

impl<S> PulledBody<S> {
    fn new(socket: S, slot: Slot) -> Self {
        Self { socket: Box::pin(socket), slot, batch: Vec::new(), numbered: Vec::new(), goodbye: None }
    }

    fn encode(&mut self, ping: bool) -> Bytes {
        let size: usize = self.batch.iter().map(|payload| payload.text.len() + 40).sum();
        let mut out = BytesMut::with_capacity(size + 8);
        for payload in self.batch.drain(..) {
            match payload.seq {
                Some(seq) => {
                    self.numbered.clear();
                    codec::with_seq(seq, &payload.text, &mut self.numbered);
                    Parser::write_message(&mut out, &self.numbered, OpCode::Text, true, false);
                }
                None => Parser::write_message(&mut out, &payload.text, OpCode::Text, true, false),
            }
        }
        if ping {
            Parser::write_message(&mut out, b"", OpCode::Ping, true, false);
        }
        out.freeze()
    }
}

impl<S: Stream<Item = Result<Bytes, actix_web::Error>>> Stream for PulledBody<S> {
    type Item = Result<Bytes, actix_web::Error>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context) -> Poll<Option<Self::Item>> {
        let this = self.get_mut();
        if let Poll::Ready(item) = this.socket.as_mut().poll_next(cx) {
            return Poll::Ready(item);
        }
        if let Some(wait) = &mut this.goodbye {
            return wait.as_mut().poll(cx).map(|()| None);
        }
        let Some((link, outbox)) = this.slot.borrow().clone() else { return Poll::Pending };
        match outbox.pull(link, PULL_BYTES, &mut this.batch, cx.waker()) {
            Pulled::Some { ping } => Poll::Ready(Some(Ok(this.encode(ping)))),
            Pulled::Idle => Poll::Pending,
            Pulled::Ended(farewell) => {
                let mut out = BytesMut::new();
                Parser::write_close(&mut out, Some(close_reason(&farewell)), false);
                this.goodbye = Some(Box::pin(tokio::time::sleep(GOODBYE_WAIT)));
                Poll::Ready(Some(Ok(out.freeze())))
            }
        }
    }
}
