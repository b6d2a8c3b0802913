//! The Rust SDK of Shardmesh: sign in, play a character, hear what happens.
//!
//! ```no_run
//! use shardmesh_client::{Client, ClientError, hear};
//!
//! # async fn play() -> Result<(), ClientError> {
//! let client = Client::connect("http://127.0.0.1:8888", "mira", "a good password").await?;
//! client.on::<hear::Chat>(|line| println!("[{}] {}: {}", line.channel, line.sender_name, line.content));
//! client.on::<hear::ShardCaptured>(|news| println!("{} now belongs to {}", news.shard_name, news.faction));
//!
//! let characters = client.characters().await?;
//! let mine = match characters.first() {
//!     Some(character) => client.select_character(character.id).await?,
//!     None => {
//!         let new = client.create_character("Mira", "Elf", "Ranger", "Aether Seekers").await?;
//!         client.select_character(new.id).await?
//!     }
//! };
//! client.send_chat(format!("Hello, world! I am {}.", mine.name)).await?;
//! println!("Current reality: {}", client.get_world_state().await?.current_reality);
//! client.ended().await;
//! # Ok(())
//! # }
//! ```
//!
//! - A command waits for its answer: what the server refuses is a [`ClientError::Refused`] with its code.
//! - Handlers run one after the other, in the order of the messages. One that awaits a command holds up the
//!   others meanwhile; `tokio::spawn` what takes long.
//! - Features: `tls` for `https` addresses, `encryption` for the documented encryption of frames.
//! - A lost connection comes back by itself. In v1 the session goes on where it was: what was missed follows, in
//!   order, each message once. Where it can't, the client signs in with the same token and takes up the same
//!   character. Commands without an answer are sent again under their old names, so that nothing has its effect
//!   twice. [`Notice`] tells of it.

mod address;
mod blocks;
mod commands;
pub mod compose;
mod dial;
mod error;
pub mod hear;
mod inbox;
mod inventory;
mod link;
mod nearby;
mod notice;
mod options;
mod party;
mod rest;
mod sequence;
mod shared;
mod socket;
pub mod terminal;
#[cfg(feature = "tls")]
mod tls;
mod trade;

use std::fmt;
use std::sync::Arc;

use protocol::{ClientMessage, Incoming, ServerMessage};
use tokio::sync::{mpsc, oneshot, watch};
use tokio::time::timeout;

pub use error::ClientError;
pub use inventory::Thing;
pub use nearby::NearbyPlayer;
pub use notice::{CUT, End, Notice};
pub use options::{Backoff, Options, Skip};
pub use protocol;
pub use rest::Rest;
pub use trade::Accepted;

use address::Address;
use hear::{Hear, Registration};
use link::Link;
use shared::{Request, Shared};
use socket::Socket;

/// So many commands may wait to be sent before the next caller waits too.
const REQUESTS_MAX: usize = 64;

/// A signed-in player. Clones are the same player; when the last one is dropped, the client leaves.
#[derive(Clone)]
pub struct Client {
    requests: mpsc::Sender<Request>,
    shared: Arc<Shared>,
    rest: Rest,
    options: Arc<Options>,
    token: Arc<str>,
    /// Closed when the last message was heard.
    done: watch::Receiver<()>,
}

impl fmt::Debug for Client {
    fn fmt(&self, out: &mut fmt::Formatter) -> fmt::Result {
        out.debug_struct("Client").field("options", &self.options).finish_non_exhaustive()
    }
}

impl Client {
    /// Makes an account; [`Self::connect`] then signs in.
    ///
    /// # Errors
    /// `NAME_TAKEN`, `INVALID` with `details.field`; or the server can't be reached.
    pub async fn register(url: &str, username: &str, password: &str) -> Result<(), ClientError> {
        Rest::new(url, &Options::default())?.register(username, password).await.map(drop)
    }

    /// Signs in over REST, then connects.
    ///
    /// # Errors
    /// `BAD_CREDENTIALS`, `RATE_LIMITED`; or the server can't be reached.
    pub async fn connect(url: &str, username: &str, password: &str) -> Result<Self, ClientError> {
        Self::connect_with(url, username, password, Options::default()).await
    }

    /// [`Self::connect`] with [`Options`].
    ///
    /// # Errors
    /// As [`Self::connect`].
    pub async fn connect_with(
        url: &str,
        username: &str,
        password: &str,
        options: Options,
    ) -> Result<Self, ClientError> {
        let signed_in = Rest::new(url, &options)?.login(username, password).await?;
        Self::connect_with_token(url, &signed_in.session_token, options).await
    }

    /// Connects with the token of a session that exists already.
    ///
    /// # Errors
    /// `UNAUTHORIZED` when the token is unknown or has ended; or the server can't be reached.
    pub async fn connect_with_token(url: &str, token: &str, options: Options) -> Result<Self, ClientError> {
        let address = Address::parse(url)?;
        let rest = Rest::at(address.clone(), &options, Some(token.to_owned()));
        let (socket, welcome) = Socket::open(&address, &options, token, None).await?;
        let (requests, asked) = mpsc::channel(REQUESTS_MAX);
        let (events, heard) = mpsc::channel(options.inbox_max.max(1));
        let (done_sender, done) = watch::channel(());
        let shared = Shared::new();
        let link = Link::new((address, options.clone(), token.to_owned()), shared.clone(), asked, events);
        tokio::spawn(link.run(socket, welcome));
        let listeners = shared.clone();
        tokio::spawn(async move {
            let _done = done_sender;
            hear::run_handlers(heard, &listeners.newcomers).await;
        });
        Ok(Self { requests, shared, rest, options: Arc::new(options), token: token.into(), done })
    }

    /// Calls `handler` for every message of one kind, in order: `client.on::<hear::Chat>(|line| …)`.
    /// Several handlers of a kind run in the order in which they were added. A handler that panics ends the
    /// client.
    pub fn on<H: Hear>(&self, handler: impl FnMut(&H::Body) + Send + 'static) {
        self.shared.newcomers.add(Registration::Named(H::NAME, hear::sync_handler::<H>(handler)));
    }

    /// The same with a handler that awaits something; the next message waits for it.
    pub fn on_async<H: Hear, F: Future<Output = ()> + Send + 'static>(
        &self,
        handler: impl FnMut(H::Body) -> F + Send + 'static,
    ) {
        self.shared.newcomers.add(Registration::Named(H::NAME, hear::async_handler::<H, F>(handler)));
    }

    /// Calls `handler` for every message that no other handler is for.
    pub fn on_rest(&self, mut handler: impl FnMut(&Incoming<ServerMessage>) + Send + 'static) {
        let handler = Box::new(move |incoming: &Incoming<ServerMessage>| {
            handler(incoming);
            None
        });
        self.shared.newcomers.add(Registration::Rest(handler));
    }

    /// [`Self::on_rest`] with a handler that awaits something.
    pub fn on_rest_async<F: Future<Output = ()> + Send + 'static>(
        &self,
        mut handler: impl FnMut(Incoming<ServerMessage>) -> F + Send + 'static,
    ) {
        self.shared
            .newcomers
            .add(Registration::Rest(Box::new(move |incoming| Some(Box::pin(handler(incoming.clone()))))));
    }

    /// Calls `handler` for news of the connection itself.
    pub fn on_notice(&self, handler: impl FnMut(&Notice) + Send + 'static) {
        self.shared.newcomers.add(Registration::Notices(Box::new(handler)));
    }

    /// Sends a command and waits for its answer.
    ///
    /// # Errors
    /// What the server refused, [`ClientError::NoAnswer`], [`ClientError::Ended`].
    pub async fn request(&self, message: ClientMessage) -> Result<ServerMessage, ClientError> {
        let command = commands::name_of(&message);
        let (reply, answer) = oneshot::channel();
        let asked = async {
            self.requests.send(Request::Ask(message, reply)).await.map_err(|_| self.end_error())?;
            answer.await.map_err(|_| self.end_error())?
        };
        let patience = self.options.patience;
        timeout(patience, asked).await.map_err(|_| ClientError::NoAnswer { command, after: patience })?
    }

    /// Sends a message without waiting for an answer: what is refused comes as `error` to the handlers. What is
    /// told while the connection is away may be left out: it is for what the next message replaces.
    ///
    /// # Errors
    /// [`ClientError::Ended`].
    pub async fn tell(&self, message: ClientMessage) -> Result<(), ClientError> {
        self.requests.send(Request::Tell(message)).await.map_err(|_| self.end_error())
    }

    /// The REST side, with this session's token.
    pub fn rest(&self) -> &Rest {
        &self.rest
    }

    /// The session's token, for [`Self::connect_with_token`]. A secret: whoever has it is this player.
    pub fn token(&self) -> &str {
        &self.token
    }

    /// Leaves, and waits until the handlers have heard everything. The session and its token live on. Not from
    /// within a handler, which would wait for itself: let that call [`Self::leave`].
    pub async fn disconnect(&self) {
        self.leave();
        self.ended().await;
    }

    /// Begins to leave.
    pub fn leave(&self) {
        self.shared.leave.notify_one();
    }

    /// Drops the connection without a goodbye, as a bad network would; the client comes back as from any drop. For
    /// tests of what a game does then.
    pub fn cut(&self) {
        self.shared.cut.notify_one();
    }

    /// Waits until the client has ended for good, whatever the reason, and its handlers have heard everything.
    pub async fn ended(&self) -> End {
        let mut done = self.done.clone();
        while done.changed().await.is_ok() {}
        self.shared.ended().unwrap_or(End::Lost { why: "a handler panicked".to_owned() })
    }

    fn end_error(&self) -> ClientError {
        let end = self.shared.ended().unwrap_or(End::Lost { why: "a handler panicked".to_owned() });
        ClientError::Ended(end.to_string())
    }
}
