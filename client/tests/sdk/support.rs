//! A scripted peer: a WebSocket server on which a test plays the server's part by hand.

use futures_util::{SinkExt, StreamExt};
use protocol::auth::AuthResponse;
use protocol::characters::{Character, CharacterAnswer, Progression, Resources, Stats};
use protocol::codec::{decode, encode, with_seq};
use protocol::session::{Resume, Resumed, SeqRange};
use protocol::{
    AccountId, CharacterId, ClientMessage, Dialect, Incoming, LocationId, ServerMessage, SessionId, Stamp,
    compression,
};
use shardmesh_client::protocol;
use shardmesh_client::{Backoff, Client, ClientError, Options};
use tokio::net::{TcpListener, TcpStream};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::handshake::server::{ErrorResponse, Request, Response};
use tokio_tungstenite::tungstenite::http::HeaderValue;
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::{WebSocketStream, accept_hdr_async};

/// Where clients connect to.
pub struct Door {
    listener: TcpListener,
    pub url: String,
}

/// The server's end of one connection.
pub struct Peer {
    stream: WebSocketStream<TcpStream>,
    pub dialect: Dialect,
    pub seq: u64,
    /// How many compressed messages it read and wrote.
    pub compressed: (u32, u32),
}

impl Door {
    pub async fn open() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        Self { listener, url }
    }

    /// Lets the next client in.
    pub async fn accept(&self) -> Peer {
        let (stream, _) = self.listener.accept().await.unwrap();
        let mut dialect = Dialect::Classic;
        #[allow(clippy::result_large_err)]
        let choose = |request: &Request, mut answer: Response| -> Result<Response, ErrorResponse> {
            if let Some(wanted) = request.headers().get("sec-websocket-protocol") {
                dialect = Dialect::of_subprotocol(wanted.to_str().unwrap()).unwrap();
                if request.uri().query() == Some("compression=deflate") {
                    dialect = dialect.deflate().unwrap();
                }
                let chosen = HeaderValue::from_static(dialect.subprotocol().unwrap());
                answer.headers_mut().insert("sec-websocket-protocol", chosen);
            }
            Ok(answer)
        };
        let stream = accept_hdr_async(stream, choose).await.unwrap();
        Peer { stream, dialect, seq: 0, compressed: (0, 0) }
    }

    /// Lets the next client in and signs it in.
    pub async fn welcome(&self, session: u8, last_seq: u64) -> Peer {
        let mut peer = self.accept().await;
        peer.sign_in(welcome(session, last_seq)).await;
        peer
    }

    /// Lets the next client in, which wants to go on with its session.
    pub async fn claimed(&self) -> (Peer, Resume) {
        let mut peer = self.accept().await;
        let ClientMessage::Resume(claim) = peer.hear().await.message else { panic!("no resume") };
        (peer, claim)
    }

    /// A client and its peer, signed in.
    pub async fn pair(&self, options: Options) -> (Client, Peer) {
        let connecting = Client::connect_with_token(&self.url, "token", options);
        let (client, peer) = tokio::join!(connecting, self.welcome(1, 0));
        (client.unwrap(), peer)
    }

    /// The same, with a session that can be resumed with the token "first".
    pub async fn resumable(&self, options: Options) -> (Client, Peer) {
        let connecting = Client::connect_with_token(&self.url, "token", options);
        let let_in = async {
            let mut peer = self.accept().await;
            let resume_token = Some("first".to_owned());
            peer.sign_in(AuthResponse { resume_token, ..welcome(1, 0) }).await;
            peer
        };
        let (client, peer) = tokio::join!(connecting, let_in);
        (client.unwrap(), peer)
    }
}

impl Peer {
    /// Signs the client in, which asks for it now.
    pub async fn sign_in(&mut self, welcome: AuthResponse) {
        let ClientMessage::AuthRequest(request) = self.hear().await.message else {
            panic!("no auth_request")
        };
        assert_eq!(request.session_token.as_deref(), Some("token"));
        self.seq = welcome.last_seq.unwrap();
        self.say(&ServerMessage::AuthResponse(welcome), None).await;
    }

    /// Says that the session goes on with the events from one number to another.
    pub async fn resumed(&mut self, token: &str, (from_seq, to_seq): (u64, u64), gap: Option<(u64, u64)>) {
        let gap = gap.map(|(from_seq, to_seq)| SeqRange { from_seq, to_seq });
        let session_id = welcome(1, 0).session_id.unwrap();
        let resumed = Resumed { session_id, resume_token: token.to_owned(), from_seq, to_seq, gap };
        self.seq = from_seq - 1;
        self.say(&ServerMessage::Resumed(resumed), None).await;
    }

    /// The next message of the client; acknowledgements are read over.
    pub async fn hear(&mut self) -> Incoming<ClientMessage> {
        loop {
            let incoming = self.hear_all().await.expect("the client hung up");
            if !matches!(incoming.message, ClientMessage::Ack(_)) {
                return incoming;
            }
        }
    }

    /// The next message of the client; `None` when it has gone.
    pub async fn hear_all(&mut self) -> Option<Incoming<ClientMessage>> {
        loop {
            match self.stream.next().await?.ok()? {
                Message::Text(text) => return Some(self.read(false, text.as_bytes())),
                Message::Binary(bytes) => return Some(self.read(true, &bytes)),
                Message::Close(_) => return None,
                _ => {}
            }
        }
    }

    /// The next frame as it came.
    #[cfg(feature = "encryption")]
    pub async fn hear_raw(&mut self) -> String {
        loop {
            if let Message::Text(text) = self.stream.next().await.unwrap().unwrap() {
                return text.as_str().to_owned();
            }
        }
    }

    /// A message without a number.
    pub async fn say(&mut self, message: &ServerMessage, message_id: Option<&str>) {
        let text = encode(self.dialect, message, Stamp { message_id, ..Stamp::default() });
        self.send(text).await;
    }

    /// An event with the next number.
    pub async fn tell(&mut self, message: &ServerMessage, message_id: Option<&str>) {
        self.seq += 1;
        self.tell_as(self.seq, message, message_id).await;
    }

    /// An event with any number.
    pub async fn tell_as(&mut self, seq: u64, message: &ServerMessage, message_id: Option<&str>) {
        let mut text = encode(self.dialect, message, Stamp { message_id, ..Stamp::default() });
        if self.dialect.is_deflate() {
            text = compression::compress(&text).unwrap_or(text);
            self.compressed.1 += u32::from(compression::is_compressed(&text));
        }
        let mut numbered = Vec::new();
        with_seq(self.dialect, seq, &text, &mut numbered);
        self.send(numbered).await;
    }

    fn read(&mut self, binary: bool, bytes: &[u8]) -> Incoming<ClientMessage> {
        if binary && self.dialect.is_deflate() && compression::is_compressed(bytes) {
            let (seq, plain) = compression::open(bytes, 65_536).unwrap();
            assert_eq!(seq, None, "only the server numbers");
            self.compressed.0 += 1;
            return decode(self.dialect, &plain).unwrap();
        }
        assert_eq!(binary, self.dialect.is_binary(), "the frame is of the kind that the dialect has");
        decode(self.dialect, bytes).unwrap()
    }

    async fn send(&mut self, encoded: Vec<u8>) {
        if self.dialect.is_binary() || compression::is_compressed(&encoded) {
            self.stream.send(Message::binary(encoded)).await.unwrap();
        } else {
            self.say_raw(String::from_utf8(encoded).unwrap()).await;
        }
    }

    pub async fn say_raw(&mut self, text: String) {
        self.stream.send(Message::text(text)).await.unwrap();
    }

    pub async fn close(mut self, code: u16, reason: &'static str) {
        let frame = CloseFrame { code: code.into(), reason: reason.into() };
        self.stream.close(Some(frame)).await.unwrap();
        while let Some(Ok(_)) = self.stream.next().await {}
    }
}

pub fn welcome(session: u8, last_seq: u64) -> AuthResponse {
    let session: SessionId =
        serde_json::from_value(format!("00000000-0000-4000-8000-0000000000{session:02}").into()).unwrap();
    AuthResponse {
        success: true,
        session_token: Some("token".to_owned()),
        player_id: Some(AccountId(1)),
        message: None,
        server_time: 0.0,
        error_code: None,
        retry_after_ms: None,
        session_id: Some(session),
        resume_token: None,
        last_seq: Some(last_seq),
    }
}

pub fn character(id: i64, name: &str) -> ServerMessage {
    let character = Character {
        id: CharacterId(id),
        name: name.to_owned(),
        is_player: true,
        race: "Elf".to_owned(),
        class: "Ranger".to_owned(),
        faction: "Aether Seekers".to_owned(),
        stats: Stats::default(),
        resources: Resources::default(),
        progression: Progression::default(),
        location_id: LocationId(1),
        created_at: String::new(),
        updated_at: String::new(),
    };
    ServerMessage::CharacterSelect(CharacterAnswer { success: true, character, abilities: Vec::new() })
}

pub fn line(chat_id: u64, content: &str) -> ServerMessage {
    ServerMessage::Chat(protocol::chat::Chat {
        sender_id: CharacterId(7),
        sender_name: "Mira".to_owned(),
        channel: protocol::chat::Channel::Global,
        content: content.to_owned(),
        recipient_id: None,
        chat_id,
    })
}

/// Reconnects at once.
pub fn eager() -> Options {
    let at_once = std::time::Duration::from_millis(1);
    let backoff = Backoff { first: at_once, longest: at_once, attempts_max: 50 };
    Options { reconnect: Some(backoff), ..Options::default() }
}

pub fn is_refused(error: &ClientError) -> bool {
    matches!(error, ClientError::Refused { .. })
}
