//! A WebSocket by hand, for frames that no well-behaved client sends, and for clients that answer nothing.

use std::io::ErrorKind;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};
use tokio::time::timeout;

use crate::harness::PATIENCE;
use crate::harness::server::Server;
use crate::harness::way::Way;

/// Opcodes with the bit that says "last frame of its message".
pub const TEXT: u8 = 0x81;
pub const TEXT_TO_BE_CONTINUED: u8 = 0x01;
pub const CONTINUED: u8 = 0x00;
pub const CONTINUED_LAST: u8 = 0x80;
pub const BINARY: u8 = 0x82;
pub const PING: u8 = 0x89;
pub const PONG: u8 = 0x8a;
pub const CLOSE: u8 = 0x88;

/// A connection after the upgrade.
pub struct Wire {
    stream: TcpStream,
}

impl Wire {
    pub async fn upgrade(server: &Server, token: Option<&str>) -> Self {
        let stream = TcpStream::connect(&server.address).await.expect("the server listens");
        Self::upgrade_on(stream, server, token, Way::Classic).await
    }

    /// A connection that takes little at a time, and nothing while nobody reads.
    pub async fn upgrade_narrow(server: &Server, token: &str, way: Way) -> Self {
        let socket = TcpSocket::new_v4().expect("there are sockets");
        socket.set_recv_buffer_size(4096).expect("it may be small");
        let address = server.address.parse().expect("the server said an address");
        let stream = socket.connect(address).await.expect("the server listens");
        Self::upgrade_on(stream, server, Some(token), way).await
    }

    async fn upgrade_on(mut stream: TcpStream, server: &Server, token: Option<&str>, way: Way) -> Self {
        let bearer = token.map(|token| format!("Authorization: Bearer {token}\r\n")).unwrap_or_default();
        let offer = way.subprotocol().map(|name| format!("Sec-WebSocket-Protocol: {name}\r\n"));
        let request = format!(
            "GET {} HTTP/1.1\r\nHost: {}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n{bearer}{}\
             Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
            way.path(),
            server.address,
            offer.unwrap_or_default()
        );
        stream.write_all(request.as_bytes()).await.expect("the server reads");
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(stream.read_u8().await.expect("the server answers"));
        }
        let head = String::from_utf8(head).expect("heads are text");
        assert!(head.starts_with("HTTP/1.1 101"), "{head}");
        assert!(head.contains("s3pPLMBiTxaQ9kYGzzhZRbK+xOo="), "the key is answered: {head}");
        Self { stream }
    }

    /// Sends one frame, masked with zeros. Whether the connection still took it.
    pub async fn send(&mut self, first_byte: u8, payload: &[u8]) -> bool {
        let mut frame = vec![first_byte];
        match payload.len() {
            short @ 0..=125 => frame.push(0x80 | short as u8),
            middle @ 126..=65535 => {
                frame.push(0x80 | 126);
                frame.extend((middle as u16).to_be_bytes());
            }
            long => {
                frame.push(0x80 | 127);
                frame.extend((long as u64).to_be_bytes());
            }
        }
        frame.extend([0; 4]);
        frame.extend(payload);
        self.send_bytes(&frame).await
    }

    pub async fn send_bytes(&mut self, bytes: &[u8]) -> bool {
        timeout(PATIENCE, self.stream.write_all(bytes)).await.expect("the server reads or closes").is_ok()
    }

    /// The next frame: first byte and payload; `None` at the end.
    pub async fn frame(&mut self) -> Option<(u8, Vec<u8>)> {
        timeout(PATIENCE, self.read_frame()).await.expect("the server says something in time")
    }

    /// Everything up to the end.
    pub async fn rest(&mut self) -> Vec<(u8, Vec<u8>)> {
        let mut frames = Vec::new();
        while let Some(frame) = self.frame().await {
            frames.push(frame);
        }
        frames
    }

    async fn read_frame(&mut self) -> Option<(u8, Vec<u8>)> {
        let first = self.some(1).await?[0];
        let size = match self.some(1).await?[0] {
            126 => self.some(2).await?.iter().fold(0, |sum, byte| sum << 8 | usize::from(*byte)),
            127 => self.some(8).await?.iter().fold(0, |sum, byte| sum << 8 | usize::from(*byte)),
            short => usize::from(short),
        };
        Some((first, self.some(size).await?))
    }

    async fn some(&mut self, count: usize) -> Option<Vec<u8>> {
        let mut bytes = vec![0; count];
        match self.stream.read_exact(&mut bytes).await {
            Ok(_) => Some(bytes),
            Err(error) if matches!(error.kind(), ErrorKind::UnexpectedEof | ErrorKind::ConnectionReset) => {
                None
            }
            Err(error) => panic!("{error}"),
        }
    }

    /// Reads to the end without ever answering a ping: the code of the close frame, if one came.
    pub async fn closed_without_answering(&mut self) -> Option<u16> {
        while let Some((first, payload)) = self.frame().await {
            if first == CLOSE {
                return payload.first_chunk().map(|code| u16::from_be_bytes(*code));
            }
        }
        None
    }
}
