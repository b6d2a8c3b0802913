//! The edge through real sockets.

mod doors;
mod matrix;
mod panics;
mod rest;
#[cfg(feature = "tls")]
mod tls;

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use actors::clock::Clock;
use actors::hasher::Hasher;
use actors::options::{PasswordOptions, Rate};
use actors::tokens::Token;
use actors::{Parts, World};
use protocol::SessionId;
use serde_json::Value;
use storage::Store;
use storage::accounts::Role;
use storage::sessions::NewSession;

use crate::listener::{TcpOptions, bind};
use crate::options::EdgeLimits;
use crate::serve::{Tls, serve};
use crate::{Edge, Options};

const CHEAP_PASSWORDS: PasswordOptions = PasswordOptions {
    memory_kib: 8,
    iterations: 1,
    parallelism: 1,
    queue: 64,
    length_min: 6,
    refuse_common: false,
};

/// Runs `scenario` on a thread of its own against an edge on a free port, with a world of its own behind it.
pub fn at_an_edge(options: Options, scenario: impl FnOnce(SocketAddr) + Send + 'static) {
    at_a_world(options, |address, _| scenario(address));
}

/// The same, with the world at hand.
pub fn at_a_world(options: Options, scenario: impl FnOnce(SocketAddr, World) + Send + 'static) {
    with_tls(options, None, scenario);
}

/// The same over TLS.
pub fn with_tls(
    options: Options,
    tls: Option<Tls>,
    scenario: impl FnOnce(SocketAddr, World) + Send + 'static,
) {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("world.db");
    actix_rt::System::new().block_on(async {
        let world = World::start(Parts {
            options: actors::Options { arbiters: 1, limits_enabled: false, ..actors::Options::default() },
            content: rules::Content::builtin(),
            store: Store::open(storage::Options { readers: 1, ..storage::Options::new(path) }).unwrap(),
            hasher: Hasher::start(&CHEAP_PASSWORDS).unwrap(),
            clock: Clock::system(),
        });
        let tcp = TcpOptions {
            user_timeout: Duration::from_secs(8),
            notsent_lowat: 16384,
            sndbuf: 65536,
            backlog: 64,
        };
        let listener = bind("127.0.0.1:0".parse().unwrap(), &tcp).unwrap();
        let address = listener.local_addr().unwrap();
        let server = serve(Edge::new(world.clone(), options), listener, tls).unwrap();
        let handle = server.handle();
        let running = actix_rt::spawn(server);
        let seen = world.clone();
        let outcome = tokio::task::spawn_blocking(move || scenario(address, seen)).await;
        handle.stop(false).await;
        running.await.unwrap().unwrap();
        world.drain().await;
        outcome.unwrap();
    });
}

/// Sends text as it is and reads until the server closes.
pub fn say(address: SocketAddr, text: &str) -> String {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.write_all(text.as_bytes()).unwrap();
    let mut answer = String::new();
    let _ = stream.read_to_string(&mut answer);
    answer
}

pub fn ask(address: SocketAddr, method: &str, path: &str, headers: &str) -> String {
    say(
        address,
        &format!("{method} {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n{headers}\r\n"),
    )
}

pub fn limits(ip_burst: u32, connections_per_ip: usize) -> Options {
    let rate = |burst| Rate::new(burst, 3_600_000);
    Options {
        limits: Some(EdgeLimits {
            accept: rate(1000),
            connections_per_ip,
            session: rate(1000),
            ip: rate(ip_burst),
            register_day: rate(1000),
        }),
        ..Options::default()
    }
}

/// What came back: the status, the body as JSON (null when it is none), and all of it as text.
pub struct Reply {
    pub status: u16,
    pub json: Value,
    pub text: String,
}

/// A request with a body, by whoever holds `token`.
pub fn send(address: SocketAddr, method: &str, path: &str, token: Option<&str>, body: &str) -> Reply {
    let token = token.map(|token| format!("Authorization: Bearer {token}\r\n")).unwrap_or_default();
    let kind = if body.is_empty() { "" } else { "Content-Type: application/json\r\n" };
    let length = body.len();
    let text = say(
        address,
        &format!(
            "{method} {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n{token}{kind}Content-Length: {length}\r\n\r\n{body}"
        ),
    );
    let status = text.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or(0);
    let json = text.split_once("\r\n\r\n").and_then(|(_, body)| serde_json::from_str(body).ok());
    Reply { status, json: json.unwrap_or_default(), text }
}

/// The token of a new account of this name and role.
pub fn token_of(world: &World, name: &str, role: Role) -> String {
    let now = world.clock().now().wall_ms;
    let account = storage::accounts::create(name.to_owned(), name.to_owned(), None, role, now);
    let token = Token::random();
    let session = NewSession {
        session_id: SessionId(uuid::Uuid::new_v4()),
        account_id: world.store().write(account).wait().unwrap(),
        token_hash: token.hash(),
        password_hash: None,
        now,
        idle_ms: 3_600_000,
        absolute_ms: 3_600_000,
        keep: 5,
    };
    world.store().write(storage::sessions::create(session)).wait().unwrap();
    token.as_str().to_owned()
}
