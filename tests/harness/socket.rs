//! A WebSocket client that is not our SDK. Every frame that arrives is checked for what its dialect promises.

use std::collections::VecDeque;

use futures_util::{SinkExt, StreamExt};
use protocol::encryption::Cipher;
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::http::{HeaderName, HeaderValue, StatusCode};
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

use crate::harness::PATIENCE;
use crate::harness::server::Server;
use crate::harness::shapes;
use crate::harness::way::Way;

/// One connection.
pub struct Socket {
    stream: WebSocketStream<MaybeTlsStream<TcpStream>>,
    way: Way,
    /// Seals what is said and opens what is heard, once set.
    pub cipher: Option<Cipher>,
    /// The last `seq` that arrived.
    pub seq: u64,
    /// How many compressed messages arrived.
    pub compressed: u32,
    /// Answers that [`Socket::is_open_after`] took.
    pub acknowledged: Vec<Value>,
    /// How the connection ended, once it has.
    ended: Option<Closed>,
    /// Arrived, and passed over by who waited for something else.
    passed: VecDeque<Value>,
    /// The texts of the last frames, for whoever has to find out why a test fails.
    recent: VecDeque<String>,
}

/// How a connection ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Closed {
    /// Of the close frame; `None` where none came.
    pub code: Option<u16>,
    pub reason: String,
}

enum Frame {
    Message(Value),
    Closed(Closed),
}

impl Socket {
    pub async fn classic(server: &Server) -> Self {
        Self::open(server, &[]).await.expect("the upgrade succeeds")
    }

    pub async fn v1(server: &Server) -> Self {
        Self::speaking(Way::Json, server).await
    }

    pub async fn speaking(way: Way, server: &Server) -> Self {
        let header = way.subprotocol().map(|name| ("sec-websocket-protocol", name));
        let socket =
            Self::open_at(server, way.path(), header.as_slice()).await.expect("the upgrade succeeds");
        assert_eq!(socket.way, way, "the server says which dialect it speaks");
        socket
    }

    /// Connects with headers of one's own; where the upgrade is refused: the status.
    pub async fn open(server: &Server, headers: &[(&str, &str)]) -> Result<Self, StatusCode> {
        Self::open_at(server, "/ws", headers).await
    }

    pub async fn open_at(server: &Server, path: &str, headers: &[(&str, &str)]) -> Result<Self, StatusCode> {
        let url = format!("ws://{}{path}", server.address);
        let mut request = url.into_client_request().expect("the address is one");
        for (name, value) in headers {
            let name: HeaderName = name.parse().expect("headers of tests have names");
            request.headers_mut().insert(name, HeaderValue::from_str(value).expect("and values"));
        }
        let (stream, response) = match timeout(PATIENCE, connect_async(request)).await.expect("in time") {
            Ok(opened) => opened,
            Err(Error::Http(response)) => return Err(response.status()),
            Err(error) => panic!("the upgrade failed: {error}"),
        };
        let spoken = response.headers().get("sec-websocket-protocol").map(|name| name.to_str().unwrap());
        Ok(Self {
            way: Way::of_answer(spoken, path.ends_with("?compression=deflate")),
            stream,
            cipher: None,
            seq: 0,
            compressed: 0,
            acknowledged: Vec::new(),
            ended: None,
            passed: VecDeque::new(),
            recent: VecDeque::new(),
        })
    }

    /// Whether anybody listens.
    pub async fn try_connect(server: &Server) -> std::io::Result<TcpStream> {
        TcpStream::connect(&server.address).await
    }

    /// Signs in by token.
    pub async fn sign_in(&mut self, token: &str) -> Value {
        let answer = self.ask_in(&json!({"session_token": token})).await;
        assert_eq!(answer["success"], true, "{answer}");
        answer
    }

    /// Sends `auth_request` and returns the answer, whatever it is. It is never sealed.
    pub async fn ask_in(&mut self, body: &Value) -> Value {
        let cipher = self.cipher.take();
        self.say("auth_request", body.clone()).await;
        self.cipher = cipher;
        self.hear("auth_response").await
    }

    /// Sends one message with the envelope of the dialect.
    pub async fn say(&mut self, kind: &str, body: Value) {
        let mut message = body;
        message["type"] = json!(kind);
        message["timestamp"] = json!(1_700_000_000.25);
        if !self.way.is_v1() {
            message["version"] = json!("1.0.0");
            message["priority"] = json!(1);
            if message.get("message_id").is_none() {
                message["message_id"] = Value::Null;
            }
        }
        if self.cipher.is_some() {
            return self.say_text(&message.to_string()).await;
        }
        self.send(self.way.write(&message)).await;
    }

    pub async fn say_text(&mut self, text: &str) {
        let text = match &self.cipher {
            Some(cipher) => String::from_utf8(cipher.seal(text.as_bytes())).expect("base64 is text"),
            None => text.to_owned(),
        };
        self.send(Message::text(text)).await;
    }

    /// Sends a frame. Into a connection that has ended already it is lost, as with anybody's client.
    pub async fn send(&mut self, frame: Message) {
        let _ = timeout(PATIENCE, self.stream.send(frame)).await.expect("the server reads");
    }

    /// Says something under a name and returns the one answer that carries it.
    pub async fn ask(&mut self, kind: &str, id: &str, mut body: Value) -> Value {
        body["message_id"] = json!(id);
        self.say(kind, body).await;
        self.answer(id).await
    }

    /// How it speaks.
    pub fn way(&self) -> Way {
        self.way
    }

    /// Whether its dialect numbers what arrives.
    pub fn is_v1(&self) -> bool {
        self.way.is_v1()
    }

    pub async fn answer(&mut self, id: &str) -> Value {
        self.hear_where(&format!("the answer to {id}"), |message| message["message_id"] == id).await
    }

    /// The next message of this type; others are kept for who asks for them later.
    pub async fn hear(&mut self, kind: &str) -> Value {
        self.hear_where(kind, |message| message["type"] == kind).await
    }

    pub async fn hear_where(&mut self, what: &str, fits: impl Fn(&Value) -> bool) -> Value {
        if let Some(at) = self.passed.iter().position(&fits) {
            return self.passed.remove(at).expect("it was found there");
        }
        loop {
            match self.receive(what).await {
                Frame::Message(message) if fits(&message) => return message,
                Frame::Message(message) => self.passed.push_back(message),
                Frame::Closed(closed) => panic!("closed with {closed:?} before {what}: {:#?}", self.recent),
            }
        }
    }

    /// Everything up to the answer to a `ping` sent now: nothing that was on its way is missing.
    pub async fn everything_so_far(&mut self) -> Vec<Value> {
        self.say("ping", json!({"message_id": "so far"})).await;
        let pong = self.answer("so far").await;
        assert_eq!(pong["type"], "pong");
        self.passed.drain(..).collect()
    }

    /// Waits for the answer to `id`, or the end of the connection; keeps an answer that is no refusal.
    pub async fn is_open_after(&mut self, id: &str) -> bool {
        loop {
            match self.receive(id).await {
                Frame::Message(message) if message["message_id"] == id => {
                    if message["type"] != "error" {
                        self.acknowledged.push(message);
                    }
                    return true;
                }
                Frame::Message(message) if message["type"] == "disconnect" => self.passed.push_back(message),
                Frame::Message(_) => {}
                Frame::Closed(closed) => {
                    self.ended = Some(closed);
                    return false;
                }
            }
        }
    }

    /// The texts of the last frames.
    pub fn recent(&self) -> &VecDeque<String> {
        &self.recent
    }

    /// The answer to `id`, whatever it is; none when the connection ends before it. Everything else is kept.
    pub async fn open_answer(&mut self, id: &str) -> Option<Value> {
        loop {
            match self.receive(id).await {
                Frame::Message(message) if message["message_id"] == id => return Some(message),
                Frame::Message(message) => self.passed.push_back(message),
                Frame::Closed(closed) => {
                    self.ended = Some(closed);
                    return None;
                }
            }
        }
    }

    /// Takes what was passed over: the messages of this type; the others are forgotten.
    pub fn take_heard(&mut self, kind: &str) -> Vec<Value> {
        self.passed.drain(..).filter(|message| message["type"] == kind).collect()
    }

    /// Reads on until the connection ends; what arrives before is kept.
    pub async fn closed(&mut self) -> Closed {
        if let Some(closed) = &self.ended {
            return closed.clone();
        }
        loop {
            match self.receive("the end").await {
                Frame::Message(message) => self.passed.push_back(message),
                Frame::Closed(closed) => return closed,
            }
        }
    }

    /// What was passed over of this type, for after the end.
    pub fn heard(&self, kind: &str) -> Vec<&Value> {
        self.passed.iter().filter(|message| message["type"] == kind).collect()
    }

    async fn receive(&mut self, what: &str) -> Frame {
        match timeout(PATIENCE, self.next_frame()).await {
            Ok(frame) => frame,
            Err(_) => panic!("waited too long for {what}; the last frames: {:#?}", self.recent),
        }
    }

    async fn next_frame(&mut self) -> Frame {
        loop {
            match self.stream.next().await {
                Some(Ok(frame @ (Message::Text(_) | Message::Binary(_)))) => {
                    return Frame::Message(self.read(frame));
                }
                Some(Ok(Message::Close(close))) => {
                    let code = close.as_ref().map(|close| close.code.into());
                    let reason = close.map_or(String::new(), |close| close.reason.to_string());
                    return Frame::Closed(Closed { code, reason });
                }
                Some(Ok(Message::Ping(_) | Message::Pong(_))) => {}
                Some(Ok(Message::Frame(_))) => unreachable!("only written, never read"),
                Some(Err(_)) | None => {
                    return Frame::Closed(Closed { code: None, reason: String::new() });
                }
            }
        }
    }

    fn read(&mut self, frame: Message) -> Value {
        let opened = match (&self.cipher, &frame) {
            (Some(cipher), Message::Text(text)) => cipher.open(text.as_bytes()),
            _ => None,
        };
        let sealed = opened.is_some();
        let frame = opened.map_or(frame, |text| Message::text(String::from_utf8(text).unwrap()));
        let (mut message, compressed) = self.way.read(&frame);
        self.compressed += u32::from(compressed);
        self.recent.push_back(message.to_string());
        if self.recent.len() > 12 {
            self.recent.pop_front();
        }
        if self.cipher.is_some() {
            // So that tests see how it came.
            message["sealed"] = json!(sealed);
        }
        if self.way.is_v1() {
            shapes::check_v1(&message);
            if message["type"] == "auth_response" && message["success"] == true {
                self.seq = message["last_seq"].as_u64().expect("v1 says where its numbers go on");
            }
            if message["type"] == "resumed" {
                self.go_on(&message);
            }
            if let Some(seq) = message["seq"].as_u64() {
                assert_eq!(seq, self.seq + 1, "no event is missing or doubled: {:#?}", self.recent);
                self.seq = seq;
            }
        } else {
            shapes::check_classic(&message);
        }
        message
    }

    /// Whoever resumes sets `seq` to what it has: what follows begins right behind it, or behind the gap that is named.
    fn go_on(&mut self, resumed: &Value) {
        let from_seq = resumed["from_seq"].as_u64().expect("it says where it goes on");
        let gap = &resumed["gap"];
        let missing = if gap.is_null() {
            self.seq
        } else {
            assert_eq!((&gap["from_seq"], &gap["to_seq"]), (&json!(self.seq + 1), &json!(from_seq - 1)));
            from_seq - 1
        };
        assert_eq!(from_seq, missing + 1, "{resumed}");
        self.seq = missing;
    }
}
