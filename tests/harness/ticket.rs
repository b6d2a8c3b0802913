//! What a client keeps to go on with its session after a drop (v1).

use serde_json::{Value, json};

use crate::harness::people::{Player, text};
use crate::harness::server::Server;
use crate::harness::socket::Socket;
use crate::harness::way::Way;

/// Who one is, the latest token, and the last event one has.
#[derive(Debug, Clone)]
pub struct Ticket {
    /// How the next connection is to speak.
    pub way: Way,
    pub session: String,
    pub token: String,
    pub seq: u64,
}

impl Ticket {
    /// From a successful `auth_response`.
    pub fn of(way: Way, welcome: &Value) -> Self {
        Self {
            way,
            session: text(&welcome["session_id"]),
            token: text(&welcome["resume_token"]),
            seq: welcome["last_seq"].as_u64().expect("v1 says where its numbers go on"),
        }
    }

    /// Drops the connection without a word.
    pub fn drop_out(&mut self, socket: Socket) {
        self.seq = socket.seq;
        drop(socket);
    }

    /// Claims the session on a new connection. Returns the answer, whatever it is.
    pub async fn claim(&self, server: &Server) -> (Socket, Value) {
        let mut socket = Socket::speaking(self.way, server).await;
        socket.seq = self.seq;
        let claim = json!({"session_id": self.session, "resume_token": self.token, "last_seq": self.seq});
        let answer = socket.ask("resume", "resume", claim).await;
        (socket, answer)
    }

    /// Goes on with the session, which must be possible.
    pub async fn resume(&mut self, server: &Server) -> (Socket, Value) {
        let (socket, answer) = self.claim(server).await;
        assert_eq!(answer["type"], "resumed", "{answer}");
        assert_eq!(answer["session_id"], *self.session);
        self.token = text(&answer["resume_token"]);
        (socket, answer)
    }

    /// Must be told that there is nothing to go on with. The connection may still sign in.
    pub async fn expect_expired(&self, server: &Server) -> Socket {
        let (socket, answer) = self.claim(server).await;
        assert_eq!(answer["error_code"], "RESUME_EXPIRED", "{self:?}: {answer}");
        socket
    }
}

impl Server {
    /// A player with a signed-in v1 socket, in the world, and what opens its session again.
    pub async fn resumable(&self) -> (Player, Socket, Ticket) {
        self.resumable_speaking(Way::Json).await
    }

    pub async fn resumable_speaking(&self, way: Way) -> (Player, Socket, Ticket) {
        let player = self.player().await;
        let mut socket = Socket::speaking(way, self).await;
        let ticket = Ticket::of(way, &socket.sign_in(&player.person.token).await);
        socket.hear("location_update").await;
        (player, socket, ticket)
    }
}
