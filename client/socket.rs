//! One WebSocket, signed in: messages in and out, in the dialect that was agreed on.

use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use protocol::auth::{AuthRequest, AuthResponse};
use protocol::codec::{decode, encode};
use protocol::session::{Resume, Resumed};
use protocol::{
    ClientMessage, Dialect, ErrorCode, ErrorMessage, Incoming, Malformed, ServerMessage, Stamp, Text,
    compression,
};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::client::ClientRequestBuilder;
use tokio_tungstenite::tungstenite::http::Uri;
use tokio_tungstenite::tungstenite::protocol::{CloseFrame, WebSocketConfig};
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream};

use crate::address::Address;
use crate::dial::dial;
use crate::{ClientError, Options};

/// A longer message of the server is a defect of it: what it sends is paged at 8 KiB.
const MESSAGE_BYTES_MAX: usize = 1024 * 1024;

/// How long a close frame may take.
const CLOSE_PATIENCE: Duration = Duration::from_secs(1);

/// What a read brought.
pub(crate) enum Read {
    Message(Box<Incoming<ServerMessage>>),
    Unreadable(Malformed),
    /// A sign of life, or a frame that was skipped.
    Alive,
    /// The server said goodbye.
    Closed(Option<CloseFrame>),
    Lost(String),
}

/// What a connection began with.
pub(crate) enum Welcome {
    SignedIn(Incoming<AuthResponse>),
    Resumed(Resumed),
}

/// An open connection.
pub(crate) struct Socket {
    stream: WebSocketStream<MaybeTlsStream<TcpStream>>,
    options: Options,
    dialect: Dialect,
}

impl Socket {
    /// Connects, and goes on with a session or signs in.
    ///
    /// # Errors
    /// [`ClientError::Unreachable`], [`ClientError::NoAnswer`], or the refusal of the server.
    pub async fn open(
        address: &Address,
        options: &Options,
        token: &str,
        claim: Option<Resume>,
    ) -> Result<(Self, Welcome), ClientError> {
        let slow = |command| ClientError::NoAnswer { command, after: options.patience };
        let socket = timeout(options.patience, Self::connect(address, options));
        let mut socket = socket.await.map_err(|_| slow("the connection"))??;
        if let Some(claim) = claim {
            let resumed = timeout(options.patience, socket.resume(address, claim));
            match resumed.await.map_err(|_| slow("resume"))? {
                Ok(resumed) => return Ok((socket, Welcome::Resumed(resumed))),
                // There is nothing to go on with. The connection is as good as before.
                Err(error) if error.code().is_some() && !error.passes() => {}
                Err(error) => return Err(error),
            }
        }
        let answer = timeout(options.patience, socket.sign_in(address, token));
        let answer = answer.await.map_err(|_| slow("auth_request"))??;
        Ok((socket, Welcome::SignedIn(answer)))
    }

    async fn connect(address: &Address, options: &Options) -> Result<Self, ClientError> {
        let url = address.websocket();
        let unreachable = |why: String| ClientError::Unreachable { url: url.to_owned(), why };
        let dialect = options.spoken();
        let asked = if dialect.is_deflate() { "?compression=deflate" } else { "" };
        let uri: Uri = format!("{url}{asked}")
            .parse()
            .map_err(|error| ClientError::Address(format!("{url}: {error}")))?;
        let mut request = ClientRequestBuilder::new(uri.clone());
        if let Some(subprotocol) = dialect.subprotocol() {
            request = request.with_sub_protocol(subprotocol);
        }
        let config = WebSocketConfig::default()
            .read_buffer_size(options.read_buffer_bytes)
            .write_buffer_size(4 * 1024)
            .max_write_buffer_size(MESSAGE_BYTES_MAX)
            .max_message_size(Some(MESSAGE_BYTES_MAX))
            .max_frame_size(Some(MESSAGE_BYTES_MAX));
        let opened = dial(&uri, request, config, options).await?;
        let (stream, _) = opened.map_err(|error| match error {
            Error::Http(answer) => {
                unreachable(format!("the server answered with status {}", answer.status()))
            }
            error => unreachable(error.to_string()),
        })?;
        Ok(Self { stream, options: options.clone(), dialect })
    }

    async fn sign_in(
        &mut self,
        address: &Address,
        token: &str,
    ) -> Result<Incoming<AuthResponse>, ClientError> {
        let token = Text::new(token)?;
        let request = AuthRequest { session_token: Some(token), ..AuthRequest::default() };
        self.introduce(address, &ClientMessage::AuthRequest(request)).await?;
        loop {
            let Incoming { message, message_id, timestamp, seq, ack } = self.first(address).await?;
            match message {
                ServerMessage::AuthResponse(answer) if answer.success => {
                    return Ok(Incoming { message: answer, message_id, timestamp, seq, ack });
                }
                ServerMessage::AuthResponse(answer) => return Err(refused(answer)),
                _ => {}
            }
        }
    }

    async fn resume(&mut self, address: &Address, claim: Resume) -> Result<Resumed, ClientError> {
        self.introduce(address, &ClientMessage::Resume(claim)).await?;
        loop {
            if let ServerMessage::Resumed(resumed) = self.first(address).await?.message {
                return Ok(resumed);
            }
        }
    }

    /// Says who is there. Never sealed: the documents want this one readable. Never compressed: it is secret.
    async fn introduce(&mut self, address: &Address, message: &ClientMessage) -> Result<(), ClientError> {
        let text = encode(self.dialect, message, Stamp { timestamp: unix_seconds(), ..Stamp::default() });
        self.write(self.frame(text)).await.map_err(|why| lost(address, why))
    }

    /// What the server says before anybody is signed in.
    async fn first(&mut self, address: &Address) -> Result<Incoming<ServerMessage>, ClientError> {
        loop {
            let incoming = match self.read().await {
                Read::Message(incoming) => *incoming,
                Read::Alive => continue,
                Read::Unreadable(malformed) => return Err(ClientError::Malformed(malformed.reason)),
                Read::Closed(frame) => return Err(lost(address, farewell(frame.as_ref()))),
                Read::Lost(why) => return Err(lost(address, why)),
            };
            return match incoming.message {
                ServerMessage::Error(error) | ServerMessage::InvalidMessage(error) => Err(error.into()),
                ServerMessage::Disconnect(goodbye) => Err(lost(address, goodbye.reason)),
                _ => Ok(incoming),
            };
        }
    }

    /// The next frame. Cancel-safe: nothing is lost when this is dropped while it waits.
    pub async fn read(&mut self) -> Read {
        match self.stream.next().await {
            Some(Ok(Message::Text(text))) => self.understand(text.as_bytes()),
            Some(Ok(Message::Binary(bytes))) => self.understand(&bytes),
            Some(Ok(Message::Close(frame))) => Read::Closed(frame),
            Some(Ok(_)) => Read::Alive,
            Some(Err(error)) => Read::Lost(error.to_string()),
            None => Read::Lost("the connection was closed".to_owned()),
        }
    }

    fn understand(&self, wire: &[u8]) -> Read {
        if !self.dialect.is_deflate() || !compression::is_compressed(wire) {
            return self.understand_plain(wire, None);
        }
        match compression::open(wire, MESSAGE_BYTES_MAX) {
            Ok((seq, plain)) => self.understand_plain(&plain, seq),
            Err(why) => {
                Read::Unreadable(Malformed { reason: why.to_string(), field: None, message_id: None })
            }
        }
    }

    /// `seq` is what stood before a compressed message; the others carry it inside.
    fn understand_plain(&self, wire: &[u8], seq: Option<u64>) -> Read {
        if seq.is_none() && self.options.skip.as_ref().is_some_and(|skip| skip(wire)) {
            return Read::Alive;
        }
        let read = match self.unseal(wire) {
            Some(text) => decode(self.dialect, &text),
            None => decode(self.dialect, wire),
        };
        match read {
            Ok(incoming) => Read::Message(Box::new(Incoming { seq: seq.or(incoming.seq), ..incoming })),
            Err(malformed) => Read::Unreadable(malformed),
        }
    }

    #[cfg(feature = "encryption")]
    fn unseal(&self, wire: &[u8]) -> Option<Vec<u8>> {
        let cipher = self.options.cipher.as_ref()?;
        if protocol::encryption::looks_sealed(wire) { cipher.open(wire) } else { None }
    }

    #[cfg(not(feature = "encryption"))]
    fn unseal(&self, _wire: &[u8]) -> Option<Vec<u8>> {
        None
    }

    /// Sends one message.
    ///
    /// # Errors
    /// Why the connection is of no use any more.
    pub async fn send(
        &mut self,
        message: &ClientMessage,
        message_id: Option<&str>,
        ack: Option<u64>,
    ) -> Result<(), String> {
        let ack = ack.filter(|_| self.dialect.is_v1());
        let text = encode(self.dialect, message, Stamp { timestamp: unix_seconds(), message_id, ack });
        let wire = self.seal(text);
        let compressed = if self.dialect.is_deflate() { compression::compress(&wire) } else { None };
        self.write(compressed.map_or_else(|| self.frame(wire), Message::binary)).await
    }

    fn frame(&self, wire: Vec<u8>) -> Message {
        if self.dialect.is_binary() { Message::binary(wire) } else { Message::text(utf8(wire)) }
    }

    #[cfg(feature = "encryption")]
    fn seal(&self, text: Vec<u8>) -> Vec<u8> {
        match &self.options.cipher {
            Some(cipher) => cipher.seal(&text),
            None => text,
        }
    }

    #[cfg(not(feature = "encryption"))]
    fn seal(&self, text: Vec<u8>) -> Vec<u8> {
        text
    }

    /// Asks for a sign of life.
    pub async fn ping(&mut self) -> Result<(), String> {
        self.write(Message::Ping(Vec::new().into())).await
    }

    /// Closes, or answers the server's close; whether it is heard does not matter any more.
    pub async fn close(&mut self) {
        if timeout(CLOSE_PATIENCE, self.stream.close(None)).await.is_err() {
            log::debug!("the server did not take the close frame within {CLOSE_PATIENCE:?}");
        }
    }

    async fn write(&mut self, message: Message) -> Result<(), String> {
        match timeout(self.options.patience, self.stream.send(message)).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(error)) => Err(error.to_string()),
            Err(_) => Err(format!("the server did not read for {:?}", self.options.patience)),
        }
    }
}

/// What a close frame says, for people.
pub(crate) fn farewell(frame: Option<&CloseFrame>) -> String {
    match frame {
        Some(frame) if frame.reason.is_empty() => format!("closed by the server ({})", u16::from(frame.code)),
        Some(frame) => format!("{} ({})", frame.reason, u16::from(frame.code)),
        None => "closed by the server".to_owned(),
    }
}

fn lost(address: &Address, why: String) -> ClientError {
    ClientError::Unreachable { url: address.websocket().to_owned(), why }
}

fn refused(answer: AuthResponse) -> ClientError {
    let code = answer.error_code.unwrap_or(ErrorCode::Unauthorized);
    let text = answer.message.unwrap_or_else(|| "the server refused to sign in".to_owned());
    let error = ErrorMessage::new(code, text);
    match answer.retry_after_ms {
        Some(wait) => error.with("retry_after_ms", wait).into(),
        None => error.into(),
    }
}

fn utf8(text: Vec<u8>) -> String {
    String::from_utf8(text).expect("JSON and base64 are UTF-8")
}

fn unix_seconds() -> f64 {
    std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .map_or(0.0, |since| since.as_secs_f64())
}
